"""What would remove bytes that a rule finds: its fix, the rewriter, or people who read its page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from imgtool.findings import FixAvailability
from imgtool.inspect.analysis import Analysis
from imgtool.lint.registry import find, load
from imgtool.values import NamedTuple

#: What the split into builder and final stage leaves behind.
_SPLIT = frozenset({"IMG101", "IMG106", "IMG123"})


class Removal(NamedTuple):
    """A rule by code and name, the bytes that it is about, and the command that does something about them."""

    code: str
    name: str
    size: int
    how: str


def code_sizes(analysis: Analysis) -> Mapping[str, int]:
    """The bytes that each rule is about, of those that kinds and waste name."""
    sums: Counter[str] = Counter()
    for row in (*analysis.kinds, *analysis.wasted_by):
        if row.code and row.size:
            sums[row.code] += row.size
    return sums


def removals(sizes: Mapping[str, int]) -> Iterator[Removal]:
    """One for each code in ``sizes``, which gives bytes; most bytes first."""
    for code, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        meta = load(find(code)).meta
        yield Removal(code, meta.name, size, _how(code, fixes=meta.fix is not FixAvailability.NONE))


def _how(code: str, *, fixes: bool) -> str:
    if code in _SPLIT:
        return f"imgtool rewrite, or imgtool explain {code}"
    return f"imgtool lint --select {code} --fix" if fixes else f"imgtool explain {code}"
