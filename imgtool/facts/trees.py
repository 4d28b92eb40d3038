"""Folders of sources that COPY and ADD take from the build context."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from imgtool.edits import Span
from imgtool.facts.facts import Facts, local_sources
from imgtool.facts.placed import copied
from imgtool.regex import regex
from imgtool.syntax.nodes import Instruction
from imgtool.values import NamedTuple

# folders that hold what an installation reads, and little else
_MANIFEST_FOLDERS = regex(
    r"(?:^|[-_./])(?:req(?:uirement)?s?|deps?|dependenc\w+|scripts?|docker\w*|conf(?:ig)?s?|common|build|ci|tools?|install\w*|setup"
    r"|env(?:ironment)?s?|packages?|patch(?:es)?|wheels?|dist)(?:$|[-_.])",
    re.IGNORECASE,
)


class Tree(NamedTuple):
    """A copied folder: where it is, by which word of which instruction."""

    path: str
    source: str
    instruction: Instruction
    span: Span
    whole: bool


def trees(facts: Facts, instruction: Instruction) -> Iterator[Tree]:
    """The folders of sources that an instruction copies."""
    if not local_sources(instruction):
        return
    single = len(instruction.args) == 2
    for content in copied(facts, instruction):
        if not content.tree:
            continue
        name = posixpath.normpath(content.source.strip("/") or ".")
        whole = name in (".", "*")
        if whole or (single and not _MANIFEST_FOLDERS.search(posixpath.basename(name))):
            word = next(w for w in instruction.words if w.text == content.source)
            yield Tree(content.path, content.source, instruction, word.span, whole)
