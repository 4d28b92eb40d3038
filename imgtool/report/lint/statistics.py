"""How often each rule found something, and what all of it would save."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from imgtool.findings import Applicability, Finding
from imgtool.lint.result import LintResult
from imgtool.report.style import Style, size

_COLUMNS = ("code", "name", "count", "fixable", "unsafe", "saves")


@dataclass(frozen=True, slots=True)
class Row:
    """One rule, or all. ``safe`` and ``unsafe`` count its findings with such a fix, ``saves_bytes`` are unpacked."""

    code: str
    name: str
    count: int
    safe: int
    unsafe: int
    saves_bytes: int


def rows(results: Sequence[LintResult]) -> tuple[Row, ...]:
    """A row a rule that found something, the most frequent first.

    Findings of one file whose places overlap tell of one saving, however many rules see it: the largest counts,
    for its rule. So the rows add up.
    """
    found = [finding for result in results for finding in result.findings]
    saved = {id(finding) for result in results for finding in _savers(result)}
    names = {finding.code: finding.name for finding in found}
    made = [_row(code, name, [f for f in found if f.code == code], saved) for code, name in names.items()]
    return tuple(sorted(made, key=lambda row: (-row.count, row.code)))


def _row(code: str, name: str, found: Sequence[Finding], saved: set[int]) -> Row:
    offers = [finding.fix.applicability for finding in found if finding.fix]
    bytes_ = sum(finding.saves_bytes or 0 for finding in found if id(finding) in saved)
    safe, unsafe = offers.count(Applicability.SAFE), offers.count(Applicability.UNSAFE)
    return Row(code, name, len(found), safe, unsafe, bytes_)


def _savers(result: LintResult) -> Iterator[Finding]:
    """The findings whose savings are counted: where places overlap, the one that saves most."""
    taken: list[Finding] = []
    savers = [finding for finding in result.findings if finding.saves_bytes]
    for finding in sorted(savers, key=lambda f: -(f.saves_bytes or 0)):
        if not any(a.overlaps(b) for other in taken for a in finding.places for b in other.places):
            taken.append(finding)
            yield finding


def total(made: Sequence[Row]) -> Row:
    """The sum of all rows."""
    sums = (sum(getattr(row, name) for row in made) for name in ("count", "safe", "unsafe", "saves_bytes"))
    return Row("total", "", *sums)


def text(results: Sequence[LintResult], style: Style) -> str:
    """A table with a total; nothing where nothing was found."""
    made = rows(results)
    if not made:
        return ""
    lines = [_COLUMNS, *(_cells(row) for row in (*made, total(made)))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_COLUMNS))]
    head, *body = [_line(line, widths) for line in lines]
    return "".join(f"{line}\n" for line in (style.paint(head, "bold"), *body))


def _cells(row: Row) -> tuple[str, ...]:
    saves = size(row.saves_bytes) if row.saves_bytes else ""
    return row.code, row.name, str(row.count), str(row.safe), str(row.unsafe), saves


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.ljust(width) if column < 2 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()


def as_json(results: Sequence[LintResult]) -> str:
    """``{"version": 1, "files": …, "rules": [row, …], "total": row}``."""
    made = rows(results)
    everything = {key: value for key, value in asdict(total(made)).items() if key not in ("code", "name")}
    table = {
        "version": 1,
        "files": len(results),
        "rules": [asdict(row) for row in made],
        "total": everything,
    }
    return json.dumps(table, indent=2) + "\n"
