"""Instructions of which a stage uses the last one alone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from imgtool.rule import Finding, RuleMeta, Stage


def repeated(meta: RuleMeta, stage: Stage, keyword: str) -> Iterator[Finding]:
    """A finding at each but the first of the stage's instructions of that kind."""
    found = [i for i in stage.instructions if i.keyword == keyword and not i.problem]
    for earlier, later in pairwise(found):
        message = (
            f"this {keyword} replaces that of line {earlier.start_line}, which is never used; remove one"
        )
        yield meta.finding(later.word.span, message, related=(earlier.word.span,))
