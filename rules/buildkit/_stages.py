"""The names of stages, as they stand in FROM."""

from __future__ import annotations

from imgtool.rule import Stage, Word


def alias(stage: Stage) -> Word | None:
    """The name that FROM gives a stage, as written."""
    words = stage.from_.words
    return words[2] if len(words) == 3 else None


def keyword_as(stage: Stage) -> Word | None:
    """The ``AS`` of a FROM, as written."""
    words = stage.from_.words
    return words[1] if len(words) == 3 and words[1].text.lower() == "as" else None
