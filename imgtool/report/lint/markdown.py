"""A table for a job's summary page or a comment on a change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from imgtool.findings import Applicability
from imgtool.lint.fingerprint import relative
from imgtool.lint.result import LintResult
from imgtool.regex import regex
from imgtool.report.lint.common import link, pairs
from imgtool.report.style import counted, printable, size

_HEAD = "| place | severity | rule | finding | saves | fix |\n|---|---|---|---|---:|---|\n"
_FIXES = {Applicability.SAFE: "`--fix`", Applicability.UNSAFE: "`--fix --unsafe-fixes`"}

_MARKUP = regex(r"([\\`*_{}\[\]<>()#+!|~&$])")
# forges turn these into notes to people and links to other changes
_MENTION = regex(r"@(?=\w)")


def as_markdown(results: Sequence[LintResult], root: Path) -> str:
    """All findings in one table; paths are relative to ``root``."""
    files = sum(bool(result.findings) for result in results)
    rows = "".join(_rows(results, root))
    if not rows:
        return f"**imgtool**: no findings in {counted(len(results), 'file')}\n"
    found = counted(sum(len(result.findings) for result in results), "finding")
    return f"**imgtool**: {found} in {counted(files, 'file')}\n\n{_HEAD}{rows}"


def _rows(results: Sequence[LintResult], root: Path) -> Iterator[str]:
    for result, finding in pairs(results):
        place = result.source.place(finding.span.start)
        cells = (
            f"{plain(relative(result.path, root))}:{place.line}",
            str(finding.severity),
            link(finding.code),
            plain(result.mask.message(finding.message)),
            size(finding.saves_bytes) if finding.saves_bytes else "",
            _FIXES.get(finding.fix.applicability, "") if finding.fix else "",
        )
        yield f"| {' | '.join(cells)} |\n"


def plain(text: str) -> str:
    """A text that no renderer takes for markup."""
    return _MENTION.sub("@<!-- -->", _MARKUP.sub(r"\\\1", printable(text)))
