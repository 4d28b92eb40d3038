"""What ``imgtool lint`` prints: in which format, and where."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from imgtool.cli.lint_call import LintFormat
from imgtool.cli.output import root
from imgtool.edits import write_atomic
from imgtool.lint.result import LintResult
from imgtool.report import findings
from imgtool.report.style import Style, style_for

Renderer = Callable[[Sequence[LintResult], Path], str]


def show(result: LintResult, style: Style, out: TextIO) -> None:
    """Print one file's findings for people."""
    out.write(findings.text([result], style))


def write(results: Sequence[LintResult], output: LintFormat, file: Path | None, out: TextIO) -> Iterator[str]:
    """Write all findings to ``file``, or to ``out``; yields why that is not possible."""
    yield from _put(renderer(output)(results, root()), file, out)


def write_statistics(
    results: Sequence[LintResult], output: LintFormat, file: Path | None, out: TextIO
) -> Iterator[str]:
    """Write the table of :mod:`imgtool.report.lint.statistics`; yields why that is not possible."""
    from imgtool.report.lint import statistics

    if output is LintFormat.TEXT or file:
        out.write(statistics.text(results, style_for(out)))
    if output is LintFormat.JSON:
        yield from _put(statistics.as_json(results), file, out)
    elif file:
        yield from _put(statistics.text(results, Style()), file, out)


def _put(text: str, file: Path | None, out: TextIO) -> Iterator[str]:
    # programs read UTF-8, whatever the encoding of the terminal
    data = text.encode("utf-8", "backslashreplace")
    if file is None:
        out.flush()
        out.buffer.write(data)
        out.buffer.flush()
        return
    try:
        write_atomic(file, data)
    except OSError as error:
        yield f"{file}: cannot be written: {error.strerror}"


def renderer(output: LintFormat) -> Renderer:
    """What writes a format; only that one is imported."""
    if output is LintFormat.TEXT:
        return lambda results, _root: findings.text(results, Style())
    name = "rows" if output in (LintFormat.JSON, LintFormat.JSONL) else output
    module = importlib.import_module(f"imgtool.report.lint.{name}")
    return getattr(module, f"as_{output}")  # type: ignore[no-any-return]
