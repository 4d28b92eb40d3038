"""ShellCheck's remarks as findings of a Dockerfile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from imgtool.edits import Edit
from imgtool.findings import Finding, Fix, Severity
from imgtool.lint.shellcheck.run import Place, Remark, Remarks, Replacement
from imgtool.lint.shellcheck.script import PRELUDE_LINES, Lines, Snippet

NAME = "shellcheck"
"""What every one of its findings is called, beside its code."""


def findings(scripts: Iterable[Snippet], remarks: Remarks) -> Iterator[Finding]:
    """The findings in the scripts of a file, by what ShellCheck says of each; what it says of our own lines is dropped."""
    for script in scripts:
        said = remarks.get(script.data, ())
        lines = Lines(script.source.data) if said else None
        for remark in said:
            if lines and remark.place.line > PRELUDE_LINES:
                yield _finding(script, lines, remark)


def _finding(script: Snippet, lines: Lines, remark: Remark) -> Finding:
    return Finding(
        remark.code,
        NAME,
        Severity(remark.level),
        script.source.span(*_range(lines, remark.place)),
        remark.message,
        fix=_fix(script, lines, remark),
    )


def _range(lines: Lines, place: Place) -> tuple[int, int]:
    start = lines.index(place.line, place.column)
    return start, max(start, lines.index(place.end_line, place.end_column))


def _fix(script: Snippet, lines: Lines, remark: Remark) -> Fix | None:
    """ShellCheck's own change, where it can be made in the file without touching continuations or comments."""
    if not remark.replacements or not script.exact or _splits(script, lines, remark):
        return None
    edits = [_edit(script, lines, change) for change in remark.replacements]
    made = tuple(edit for edit in edits if edit)
    if len(made) < len(edits) or _clash(sorted(made)):
        return None
    return Fix("Apply what ShellCheck proposes (unsafe: the command may get other words)", made)


def _clash(edits: Sequence[Edit]) -> bool:
    """Whether sorted edits overlap, or which of two comes first is not clear."""
    return any(a.start == b.start or a.span.overlaps(b.span) for a, b in pairwise(edits))


def _splits(script: Snippet, lines: Lines, remark: Remark) -> bool:
    """Whether quotes would keep together what is known to be several words."""
    if remark.code != "SC2086":
        return False
    start, end = _range(lines, remark.place)
    name = script.source.data[start:end].decode("ascii", "replace").strip("${}")
    return name in script.split


def _edit(script: Snippet, lines: Lines, change: Replacement) -> Edit | None:
    start, end = _range(lines, change.place)
    if "\n" in change.text:
        return None
    if start == end:
        at = _insertion(script, start, after=change.after)
        return Edit(at, at, change.text)
    span = script.source.span(start, end)
    # more bytes than characters of the script: a continuation or a comment lies between
    return Edit(*span, change.text) if span.end - span.start == end - start else None


def _insertion(script: Snippet, index: int, *, after: bool) -> int:
    """Where to insert: ``after`` what stands before, even if a continuation follows that."""
    if after and index:
        return script.source.span(index - 1, index).end
    return script.source.span(index, index).start
