"""Code actions: fixes, all safe fixes at once, and a comment that silences a finding."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path

from lsprotocol import types

from imgtool.edits import Edit, Span
from imgtool.findings import Applicability, Finding, Fix
from imgtool.lint.fixer import accepted
from imgtool.lsp import diagnostics
from imgtool.lsp.analysis import Analysis, fixed
from imgtool.lsp.texts import Text, difference
from imgtool.syntax.nodes import Document, Instruction
from imgtool.values import dataclass

FIX_ALL = "source.fixAll.imgtool"
KINDS = (types.CodeActionKind.QuickFix.value, FIX_ALL)


@dataclass(frozen=True, slots=True)
class Client:
    """What the client takes: ``versioned`` edits of documents, with files that they create."""

    versioned: bool = False
    creates: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A document as it is open."""

    uri: str
    version: int | None
    text: Text


def actions(
    analysis: Analysis, place: Place, params: types.CodeActionParams, client: Client
) -> list[types.CodeAction]:
    """What can be done about the findings in a range: a safe fix first, then unsafe ones, then silencing."""
    where = place.text.span(diagnostics.from_range(params.range))
    wanted = params.context.only
    found: list[types.CodeAction] = []
    if _asked(KINDS[0], wanted):
        here = analysis.at(where)
        for applicability in (Applicability.SAFE, Applicability.UNSAFE):
            for finding in here:
                if finding.fix and finding.fix.applicability is applicability:
                    found += _quickfix(finding, finding.fix, analysis, place, client)
        for finding in here:
            found += _suppress(finding, analysis, place, client)
        _attach(found, params.context.diagnostics)
    if _asked(FIX_ALL, wanted):
        found += _fix_all(analysis, place, client)
    return found


def _asked(kind: str, wanted: Sequence[types.CodeActionKind | str] | None) -> bool:
    names = None if wanted is None else [getattr(w, "value", w) for w in wanted]
    return names is None or any(not name or f"{kind}.".startswith(f"{name}.") for name in names)


def _attach(found: list[types.CodeAction], shown: Sequence[types.Diagnostic]) -> None:
    """Give the client back its own diagnostics, which it compares with."""
    for action in found:
        (own,) = action.diagnostics or ()
        same = [d for d in shown if d.code == own.code and d.range == own.range]
        action.diagnostics = same[:1] or [own]


def _quickfix(
    finding: Finding, fix: Fix, analysis: Analysis, place: Place, client: Client
) -> Iterator[types.CodeAction]:
    safe = fix.applicability is Applicability.SAFE
    if not accepted(analysis.data, [(finding, fix)]) or (fix.creates and not client.creates):
        return
    yield types.CodeAction(
        title=analysis.mask.message(f"{finding.code}: {fix.message}{'' if safe else ' (unsafe)'}"),
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[diagnostics.diagnostic(finding, analysis, place.text, place.uri)],
        is_preferred=safe or None,
        edit=_edit(fix.edits, place, client, fix.creates),
    )


def _fix_all(analysis: Analysis, place: Place, client: Client) -> Iterator[types.CodeAction]:
    safe = any(f.fix and f.fix.applicability is Applicability.SAFE for f in analysis.findings)
    outcome = fixed(analysis) if safe else None
    if outcome is None or outcome.changed is None:
        return
    edit = difference(analysis.data, outcome.changed)
    yield types.CodeAction(
        title="Apply all safe fixes of imgtool", kind=FIX_ALL, edit=_edit((edit,), place, client)
    )


def _suppress(
    finding: Finding, analysis: Analysis, place: Place, client: Client
) -> Iterator[types.CodeAction]:
    document = analysis.facts.document
    instruction = _holding(document, finding.span)
    if instruction is None:
        return
    yield types.CodeAction(
        title=f"Silence {finding.code} for this {instruction.keyword}",
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[diagnostics.diagnostic(finding, analysis, place.text, place.uri)],
        edit=_edit((silencing(document, instruction, finding.code),), place, client),
    )


def _holding(document: Document, span: Span) -> Instruction | None:
    after = bisect_right(document.instructions, span.start, key=lambda i: i.span.start)
    found = document.instructions[after - 1] if after else None
    return found if found and span.start <= found.span.end else None


def silencing(document: Document, instruction: Instruction, code: str) -> Edit:
    """The edit that adds ``# imgtool ignore=CODE`` above an instruction, with its indentation.

    It never lands inside the instruction, where BuildKit would still skip it but people would not look for it; nor
    between ``# hadolint ignore=`` and the line that this is for.
    """
    source = document.source
    line = source.line_of(instruction.span.start)
    first = source.line_span(line).start
    indent = source.text(Span(first, instruction.span.start))
    for comment in reversed(instruction.comments):
        if comment.line != line - 1 or not comment.text.lower().startswith("hadolint"):
            break
        line = comment.line
    at = source.line_span(line).start
    return Edit(at, at, f"{indent}# imgtool ignore={code}{source.newline}")


def _edit(
    edits: Sequence[Edit], place: Place, client: Client, creates: Sequence[tuple[str, str]] = ()
) -> types.WorkspaceEdit:
    changes = [
        types.TextEdit(diagnostics.to_range(place.text.range(edit.span)), edit.text)
        for edit in dict.fromkeys(edits)
    ]
    if not client.versioned:
        return types.WorkspaceEdit(changes={place.uri: changes})
    here = types.OptionalVersionedTextDocumentIdentifier(uri=place.uri, version=place.version)
    new = [part for path, text in creates for part in _created(path, text)]
    return types.WorkspaceEdit(
        document_changes=[*([types.TextDocumentEdit(here, [*changes])] if changes else []), *new]
    )


def _created(path: str, text: str) -> tuple[types.CreateFile, types.TextDocumentEdit]:
    uri = Path(path).resolve().as_uri()
    there = types.OptionalVersionedTextDocumentIdentifier(uri=uri, version=None)
    begin = types.Range(types.Position(0, 0), types.Position(0, 0))
    made = types.CreateFile(uri, options=types.CreateFileOptions(overwrite=False, ignore_if_exists=False))
    return made, types.TextDocumentEdit(there, [types.TextEdit(begin, text)])
