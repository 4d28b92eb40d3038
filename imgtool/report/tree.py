"""A parsed Dockerfile as a tree for people and as a JSON object. Pure: values in, text out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from imgtool.facts.masks import masked
from imgtool.report.style import Style, printable
from imgtool.syntax import parse
from imgtool.syntax.conversion import refusal
from imgtool.syntax.nodes import Document, Heredoc, Instruction, SyntaxProblem

MAX_TEXT = 100
_ORDINARY = "├─ ", "│  "
_LAST = "└─ ", "   "


def as_jsonl(file: str, document: Document) -> str:
    """One line of JSON: the instructions as BuildKit's parser holds them.

    ``attr``, ``flags``, ``args`` and ``heredocs`` are left out where empty, ``len`` is the body's length in bytes.
    ``error`` and ``line`` say what BuildKit refuses the file for; without them it accepts it.
    """
    return json.dumps(_record(file, document)) + "\n"


def _record(file: str, document: Document) -> dict[str, Any]:
    bases = [i.args[0] for i in document.instructions if i.keyword == "FROM" and i.args]
    record: dict[str, Any] = {
        "file": file,
        "stages": len(bases),
        "bases": bases,
        "escape": document.escape,
        "nodes": [_node(instruction) for instruction in document.instructions],
    }
    refused = refusal(document)
    if refused:
        record |= {"error": refused.message, "line": refused.line}
    return record


def _node(instruction: Instruction) -> dict[str, Any]:
    node: dict[str, Any] = {
        "kw": instruction.word.text,
        "start": instruction.start_line,
        "end": instruction.end_line,
        "flags": [flag.raw for flag in instruction.flags],
        "args": list(instruction.args),
        "attr": {"json": True} if instruction.json else {},
        "heredocs": [_heredoc(heredoc) for heredoc in instruction.heredocs],
    }
    return {key: value for key, value in node.items() if value or key in ("start", "end", "kw")}


def _heredoc(heredoc: Heredoc) -> dict[str, Any]:
    return {
        "name": heredoc.name,
        "fd": heredoc.fd,
        "expand": heredoc.expand,
        "chomp": heredoc.chomp,
        "len": len(heredoc.content),
    }


def text(file: str, document: Document, style: Style) -> str:
    """Stages and their instructions with line numbers, flags, operands and here-documents, and what is refused.

    Secrets are ``*``; :func:`as_jsonl` has the file as it is.
    """
    document = parse(*masked(document.data))
    width = len(str(len(document.source.line_starts))) * 2 + 1
    lines = [style.paint(printable(file), "bold")]
    lines += (
        f"{directive.line:>{width}}  {style.paint(printable(f'# {directive.name}={directive.value}'), 'dim')}"
        for directive in document.directives
    )
    for stage in _stages(document):
        for index, instruction in enumerate(stage):
            marks = ("", "") if instruction is stage[0] else _LAST if index == len(stage) - 1 else _ORDINARY
            lines += _instruction(instruction, marks, width, style)
    lines += (_problem(problem, width, style) for problem in document.problems)
    return "".join(f"{line}\n" for line in lines)


def _stages(document: Document) -> list[list[Instruction]]:
    """The instructions by stage; those before the first FROM stand alone."""
    stages: list[list[Instruction]] = []
    inside = False
    for instruction in document.instructions:
        inside = inside or instruction.keyword == "FROM"
        if instruction.keyword == "FROM" or not inside:
            stages.append([])
        stages[-1].append(instruction)
    return stages


def _instruction(instruction: Instruction, marks: tuple[str, str], width: int, style: Style) -> Iterator[str]:
    lines = str(instruction.start_line)
    if instruction.end_line > instruction.start_line:
        lines += f"-{instruction.end_line}"
    head = style.paint(printable(instruction.word.text), "cyan")
    operands = "" if instruction.inner else _operands(instruction)
    yield f"{style.paint(lines.rjust(width), 'dim')}  {marks[0]}{head}{operands}"
    margin = f"{' ' * width}  {marks[1]}   "
    trigger = instruction.inner
    if trigger:
        yield margin + style.paint(printable(trigger.word.text), "cyan") + _operands(trigger)
    for flag in (*instruction.flags, *(trigger.flags if trigger else ())):
        yield margin + style.paint(_clipped(flag.raw), "yellow")
    for heredoc in instruction.heredocs:
        how = "expanded" if heredoc.expand else "as written"
        tabs = ", leading tabs dropped" if heredoc.chomp else ""
        note = f"<<{heredoc.name}: {len(heredoc.content)} bytes, {how}{tabs}"
        yield margin + style.paint(_clipped(note), "dim")


def _operands(instruction: Instruction) -> str:
    if instruction.json:
        return f" {_clipped(json.dumps(list(instruction.args), ensure_ascii=False))}"
    if instruction.keyword in ("ENV", "LABEL"):
        args = instruction.args
        pairs = zip(args[::3], args[1::3], args[2::3], strict=False)
        return "".join(f" {_clipped(name + (equals or ' ') + value)}" for name, value, equals in pairs)
    return "".join(f" {_clipped(arg)}" for arg in instruction.args if arg)


def _clipped(operand: str) -> str:
    shown = operand if len(operand) <= MAX_TEXT else operand[: MAX_TEXT - 1] + "…"
    return printable(shown.replace("\t", " "))


def _problem(problem: SyntaxProblem, width: int, style: Style) -> str:
    return f"{problem.line:>{width}}  {style.paint('refused:', 'red')} {_clipped(problem.message)}"
