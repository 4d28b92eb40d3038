"""What would remove bytes that a rule finds: its fix, the rewriter, or people who read its page."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping

from imgtool.findings import Applicability
from imgtool.inspect.analysis import Analysis
from imgtool.lint.registry import Rule, find, load
from imgtool.report.style import printable
from imgtool.values import NamedTuple

#: A Dockerfile without a name, as commands take it.
STDIN = "-"
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


def removals(analysis: Analysis) -> Iterator[Removal]:
    """One for each code that kinds and waste name; most bytes first."""
    for code, size in sorted(code_sizes(analysis).items(), key=lambda item: (-item[1], item[0])):
        rule = load(find(code))
        yield Removal(code, rule.meta.name, size, _how(rule, analysis))


def _how(rule: Rule, analysis: Analysis) -> str:
    """A command that does or tells something for certain: what lint makes of a Dockerfile is seen by linting it."""
    code = rule.meta.code
    file = printable(shlex.quote(analysis.file or STDIN))
    if code in _SPLIT:
        rewriting = f"imgtool rewrite {file}" if analysis.facts else "imgtool rewrite"
        return f"{rewriting}, or imgtool explain {code}"
    if analysis.facts is None:
        return f"imgtool explain {code}"
    from imgtool.lint.runner import lint  # noqa: PLC0415 - without a Dockerfile nothing is linted

    result = lint(b"", file, [rule], knowledge=analysis.facts)
    found = [one for one in result.findings if one.code == code]
    if not found:
        return f"imgtool explain {code}"
    fixes = {one.fix.applicability for one in found if one.fix}
    if Applicability.SAFE in fixes:
        return f"imgtool lint --select {code} --fix {file}"
    unsafe = "--fix --unsafe-fixes " if Applicability.UNSAFE in fixes else ""
    return f"imgtool lint --select {code} {unsafe}{file}"
