"""Edits of whole instructions: their builder flags, and taking them out."""

from __future__ import annotations

from imgtool.edits import Edit
from imgtool.syntax.nodes import Document, Instruction
from imgtool.transforms.merge import PRAGMA


def set_flag(instruction: Instruction, name: str, value: str) -> Edit:
    """Give a builder flag a value: in the place of the last flag of that name, else behind the keyword.

    ``value`` holds no blanks or quotes.
    """
    old = instruction.flag(name)
    if old is not None:
        return Edit(old.span.start, old.span.end, f"--{name}={value}")
    end = instruction.word.span.end
    return Edit(end, end, f" --{name}={value}")


def remove_instruction(document: Document, instruction: Instruction) -> Edit:
    """Take an instruction out, its lines whole, with the comment lines that touch it from above.

    A comment that speaks to a tool stays, and so does what stands above it. Of empty lines on both sides one goes, too.
    """
    source = document.source
    first = instruction.start_line
    for comment in reversed(instruction.comments):
        if comment.line != first - 1 or PRAGMA.match(comment.text):
            break
        first = comment.line
    lines = [*source.line_starts, len(document.data)]
    start, end = lines[first - 1], lines[instruction.end_line]
    below = lines[min(instruction.end_line + 1, len(lines) - 1)]
    if not document.data[lines[max(first - 2, 0)] : start].strip() and not document.data[end:below].strip():
        end = below
    return Edit(start, end, "")
