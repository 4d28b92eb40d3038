"""Files of the build context behind paths of the image: requirement files, scripts, sources.

Read only where the context is known, never outside it, never through a symbolic link, bounded in size.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from imgtool.facts.facts import Facts, local_sources
from imgtool.facts.stages import Stage, mounts_of
from imgtool.regex import regex
from imgtool.syntax.nodes import Instruction

MAX_BYTES = 1_000_000
MAX_FILES = 5_000
_ELF = b"\x7fELF"
# what <<- leaves out
_TABS = regex(rb"^\t+", re.MULTILINE)


def read(facts: Facts, stage: Stage, before: Instruction, path: str) -> bytes | None:
    """What the context file behind ``path`` (relative to WORKDIR there) holds; None where that is not known.

    A bind mount of the instruction, else the last COPY before it that can have brought it decides. A file that a
    command may have written is not known.
    """
    workdir = facts.state(before).workdir
    if workdir is None and not path.startswith("/"):
        return None
    wanted = posixpath.normpath(posixpath.join(workdir or "/", path))
    if _is_changed(facts, stage, before, posixpath.basename(wanted)):
        return None
    found: str | bytes | None = None
    for link in reversed(list(stage.lineage())):
        for instruction in link.instructions:
            if instruction.span.start < before.span.start:
                written = _from_heredoc(facts, instruction, wanted)
                found = _from_copy(facts, instruction, wanted) or found if written is None else written
    found = _from_mount(before, workdir, wanted) or found
    return _content(facts, found) if isinstance(found, str) else found


# write a file that one of their words names
_EDITORS = frozenset("sed perl tee mv cp patch truncate".split())


def _is_changed(facts: Facts, stage: Stage, before: Instruction, name: str) -> bool:
    """Whether a command up to there may have written a file of that name."""
    runs = (run for link in stage.lineage() for run in facts.runs(link))
    for run in runs:
        for command in run.script.commands if run.instruction.span.start <= before.span.start else ():
            written = [r.target for r in command.redirects if r.operator.startswith((">", "&>")) and r.target]
            words = [*written, *(command.args if command.name in _EDITORS else ())]
            if any(posixpath.basename(word.text) == name for word in words):
                return True
    return False


def _from_mount(instruction: Instruction, workdir: str | None, wanted: str) -> str | None:
    """The context path that a bind mount of a RUN shows at ``wanted``."""
    for mount in mounts_of(instruction):
        place = posixpath.normpath(posixpath.join(workdir or "/", mount.target or mount.source))
        if mount.type == "bind" and not mount.from_ and (wanted + "/").startswith(place.rstrip("/") + "/"):
            inside = posixpath.relpath(wanted, place)
            return posixpath.normpath(posixpath.join(mount.source.strip("/"), inside))
    return None


def all_read(facts: Facts) -> bool:
    """Whether the limits let every source of the context be read."""
    context = facts.context
    if context is None:
        return False
    listing = context.files()
    large = any(f.size > MAX_BYTES and f.path.endswith(".py") for f in listing.files)
    return listing.complete and len(listing.files) <= MAX_FILES and not large


def sources(facts: Facts, suffixes: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Path and content of every file with such an end of its name that reaches the builder.

    Those of the context, and those that stand in the Dockerfile as here-documents of COPY and ADD.
    """
    for instruction in facts.document.instructions:
        for heredoc in instruction.heredocs if instruction.keyword in ("COPY", "ADD") else ():
            name = (
                heredoc.name
                if instruction.args[-1].endswith("/")
                else posixpath.basename(instruction.args[-1])
            )
            if name.endswith(suffixes):
                yield name, heredoc.content
    context = facts.context
    if context is None:
        return
    for file in context.files().files[:MAX_FILES]:
        if file.path.endswith(suffixes) and file.size <= MAX_BYTES:
            content = _content(facts, file.path)
            if content is not None:
                yield file.path, content


def programs(facts: Facts) -> Iterator[tuple[str, bytes | None]]:
    """Path and content of every ELF file of the context; no content for one that is larger than is read."""
    context = facts.context
    if context is None:
        return
    for file in context.files().files[:MAX_FILES]:
        if file.size > len(_ELF) and context.head(file.path, len(_ELF)) == _ELF:
            yield file.path, _content(facts, file.path) if file.size <= MAX_BYTES else None


def _from_heredoc(facts: Facts, instruction: Instruction, wanted: str) -> bytes | None:
    """What a here-document of a COPY or ADD puts at ``wanted``, variables as they are written."""
    if instruction.keyword not in ("COPY", "ADD") or not instruction.heredocs or not instruction.args:
        return None
    place = _place(facts, instruction)
    if place is None:
        return None
    for heredoc in instruction.heredocs:
        if wanted in (place, posixpath.join(place, heredoc.name)):
            return _TABS.sub(b"", heredoc.content) if heredoc.chomp else heredoc.content
    return None


def _place(facts: Facts, instruction: Instruction) -> str | None:
    """The absolute path of what a COPY or ADD writes to; None where it is not known."""
    state = facts.state(instruction)
    target = state.expand(instruction.args[-1], facts.document.escape)
    if target is None or (state.workdir is None and not target.startswith("/")):
        return None
    return posixpath.normpath(posixpath.join(state.workdir or "/", target))


def _from_copy(facts: Facts, instruction: Instruction, wanted: str) -> str | None:
    """The context path that a COPY puts at ``wanted``, if it does."""
    operands = local_sources(instruction)
    if not operands or instruction.heredocs:
        return None
    place = _place(facts, instruction)
    if place is None:
        return None
    for operand in operands:
        source = operand.strip("/") or "."
        source = posixpath.normpath(source)
        if _is_folder(facts, source):
            inside = posixpath.relpath(wanted, place)
            if not inside.startswith(".."):
                return posixpath.normpath(posixpath.join(source, inside))
        elif "*" in source and posixpath.dirname(wanted) == place:
            if fnmatchcase(posixpath.basename(wanted), posixpath.basename(source)):
                return posixpath.join(posixpath.dirname(source), posixpath.basename(wanted))
        elif wanted in (place, posixpath.join(place, posixpath.basename(source))):
            # whether the target is a folder shows only in the image
            return source
    return None


def _is_folder(facts: Facts, source: str) -> bool:
    path = _inside(facts, source)
    return path is not None and path.is_dir()


def _inside(facts: Facts, source: str) -> Path | None:
    """The path of a context file; None where it leads out of the context or through a link."""
    context = facts.context
    if context is None or source.startswith(".."):
        return None
    path = context.root
    for part in Path(source).parts:
        path = path / part
        if path.is_symlink():
            return None
    return path


def _content(facts: Facts, source: str) -> bytes | None:
    if source in facts.options.overlay:
        return facts.options.overlay[source]
    path = _inside(facts, source)
    context = facts.context
    if path is None or context is None or not context.reaches(source):
        return None
    try:
        size = path.stat().st_size
    except OSError:
        return None
    content = context.head(source, MAX_BYTES) if size <= MAX_BYTES else b""
    return content if len(content) == size else None
