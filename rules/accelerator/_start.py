"""What starts in the image that ships."""

from __future__ import annotations

from imgtool.rule import Facts, Instruction

SHELLS = frozenset("sh bash dash ash zsh ksh fish source .".split())
# keep a container alive for somebody to work in it
_WAITS = frozenset({"tail", "sleep"})


def start(facts: Facts) -> list[str]:
    """The words of ENTRYPOINT and CMD; ``sh`` stands for a line that only a shell can take apart."""
    return [word for keyword in ("ENTRYPOINT", "CMD") for word in _words(_last(facts, keyword))]


def starts_a_program(facts: Facts) -> bool:
    """Whether the Dockerfile says what runs: more than a shell to work in, or nothing."""
    words = start(facts)
    name = words[0].rpartition("/")[2] if words else ""
    return bool(words) and name not in _WAITS and (name not in SHELLS or len(words) > 1)


def _last(facts: Facts, keyword: str) -> Instruction | None:
    """The instruction that is in effect in what ships."""
    found = (i for stage in facts.shipped for i in reversed(stage.instructions) if i.keyword == keyword)
    return next(found, None)


def _words(instruction: Instruction | None) -> list[str]:
    if instruction is None:
        return []
    if instruction.json:
        return list(instruction.args)
    text = str(instruction.rest)
    return ["sh", "-c"] if set(text) & set("&|;<>`$(){}*\"'\\") else text.split()
