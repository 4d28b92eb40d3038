"""Edits of whole instructions: their builder flags, their form, and taking them out."""

from __future__ import annotations

import json

from imgtool.edits import Edit, cut
from imgtool.regex import regex
from imgtool.syntax.nodes import Document, Flag, Instruction
from imgtool.transforms.merge import PRAGMA

_PLAIN = regex(r"[A-Za-z0-9_@%+:,./=-]+")
# what only a shell knows; a first word with = is an assignment
_SHELL_WORDS = frozenset(
    ". : alias bg break case cd command continue do done elif else esac eval exec exit export fg fi for function getopts"
    " hash if in jobs read readonly return set shift source then time times trap type ulimit umask unalias unset until"
    " wait while".split()
)


def set_flag(instruction: Instruction, name: str, value: str) -> Edit:
    """Give a builder flag a value: in the place of the last flag of that name, else behind the keyword.

    ``value`` holds no blanks or quotes.
    """
    old = instruction.flag(name)
    if old is not None:
        return Edit(old.span.start, old.span.end, f"--{name}={value}")
    end = instruction.word.span.end
    return Edit(end, end, f" --{name}={value}")


def remove_flag(document: Document, flag: Flag) -> Edit:
    """Take a builder flag out, with the blanks after it."""
    end = flag.span.end
    while document.data[end : end + 1] in (b" ", b"\t"):
        end += 1
    return Edit(flag.span.start, end, "")


def json_form(instruction: Instruction) -> Edit | None:
    """The command of a CMD, ENTRYPOINT or HEALTHCHECK as a JSON array, without a shell.

    None unless it is one program with plain words, in one line: comments and line breaks between them would be lost.
    """
    if not instruction.words or len(instruction.rest.starts) > 1:
        return None
    command = instruction.words[-1]
    words = command.text.split()
    plain = bool(words) and all(_PLAIN.fullmatch(word) for word in words)
    if not plain or words[0] in _SHELL_WORDS or "=" in words[0]:
        return None
    return Edit(command.span.start, command.span.end, json.dumps(words))


def author_label(document: Document, instruction: Instruction) -> Edit | None:
    """A MAINTAINER as the label ``org.opencontainers.image.authors``; None where it is in several lines."""
    # comments between the lines would be lost
    if instruction.problem or len(instruction.rest.starts) > 1:
        return None
    place = instruction.rest.span(0, len(instruction.rest.data))
    name = cut(document.data, place)
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1]
    quoted = "".join(document.escape + char if char in ('"', "$", document.escape) else char for char in name)
    keyword = "LABEL" if instruction.word.text.isupper() else "label"
    text = f'{keyword} org.opencontainers.image.authors="{quoted}"'
    return Edit(instruction.span.start, place.end, text)


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
