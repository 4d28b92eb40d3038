"""What a finding is known by from one run to the next: never its line.

A fingerprint is the SHA-256 of the finding's code, the file's path, its stage (name, or number), the instruction
without layout and comments, and how many findings with all of these in common stand before it. Secrets are hidden
first, so nobody can try guesses against it, and a secret that is changed keeps its findings' fingerprints.
"""

from __future__ import annotations

import hashlib
import os
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from imgtool.discover import STDIN
from imgtool.edits import Span
from imgtool.facts.facts import Facts
from imgtool.facts.stages import Stage
from imgtool.lint.result import LintResult
from imgtool.regex import regex
from imgtool.syntax import parse
from imgtool.syntax.nodes import Document, Instruction, Text
from imgtool.syntax.source import decode
from imgtool.values import NamedTuple

_STARS = regex(r"\*+")


class Mark(NamedTuple):
    """What one finding is known by; ``text`` is the instruction as it was hashed, without secrets."""

    fingerprint: str
    text: str


def marks(result: LintResult, path: str) -> tuple[Mark, ...]:
    """The marks of a result's findings, in their order. ``path``: what the file is called in them (:func:`relative`)."""
    if not result.findings:
        return ()
    document = parse(result.source.data)
    stages = Facts(document).stages
    shown = result.mask.file(document.data)
    texts: dict[int, str] = {}
    before: Counter[tuple[str, ...]] = Counter()
    found = []
    for finding in result.findings:
        instruction = _instruction(document, finding.span.start)
        place = instruction.span.start if instruction else -result.source.line_of(finding.span.start)
        if place not in texts:
            raw = _instruction_text(instruction, shown) if instruction else _line(result, finding.span, shown)
            texts[place] = _normal(raw, result)
        key = (finding.code, path, _stage(stages, finding.span.start), texts[place])
        found.append(Mark(_hash(*key, str(before[key])), texts[place]))
        before[key] += 1
    return tuple(found)


def relative(path: str, root: Path) -> str:
    """A path as other machines know it: from ``root`` on, with slashes. Standard input stays ``-``."""
    if path == str(STDIN):
        return path
    folder, name = os.path.split(path)
    try:
        found = os.path.relpath(os.path.realpath(folder), os.path.realpath(root))
    except ValueError:  # another drive
        found = folder
    return Path(found, name).as_posix()


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _instruction(document: Document, offset: int) -> Instruction | None:
    """The instruction that holds a byte, or ends at it."""
    after = bisect_right(document.instructions, offset, key=lambda i: i.span.start)
    found = document.instructions[after - 1] if after else None
    return found if found and offset <= found.span.end else None


def _stage(stages: Sequence[Stage], offset: int) -> str:
    after = bisect_right(stages, offset, key=lambda stage: stage.from_.span.start)
    return stages[after - 1].title if after else ""


def _instruction_text(instruction: Instruction, shown: bytes) -> bytes:
    """Keyword, flags, operands and heredocs in the bytes of ``shown``, the file without secrets."""
    flags = (shown[flag.span.start : flag.span.end] for flag in instruction.flags)
    bodies = (shown[heredoc.body.start : heredoc.body.end] for heredoc in instruction.heredocs)
    return b" ".join([instruction.keyword.encode(), *flags, _in(shown, instruction.rest), *bodies])


def _in(shown: bytes, text: Text) -> bytes:
    """The text with its bytes taken from ``shown``."""
    ends = (*text.starts[1:], len(text.data))
    pieces = zip(text.starts, ends, text.origins, strict=True)
    return b"".join(shown[origin : origin + end - start] for start, end, origin in pieces)


def _line(result: LintResult, span: Span, shown: bytes) -> bytes:
    line = result.source.line_span(result.source.line_of(span.start))
    return shown[line.start : line.end]


def _normal(raw: bytes, result: LintResult) -> str:
    # a secret's length is nobody's business either
    return _STARS.sub("*", result.mask.text(_STARS.sub("*", " ".join(decode(raw).split()))))
