"""Which commands name a file, after an instruction has put it there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from imgtool.rule import (
    Arg,
    Command,
    Content,
    Facts,
    NamedTuple,
    Run,
    per_file,
    regex,
)

# what of a word is not its last component
_PARTS = regex(r"[/?\[]")
# more patterns than this are not compared with every name
_PATTERNS = 64


class Use(NamedTuple):
    """A word of a command of the image that ships."""

    run: Run
    command: Command
    word: Arg


class _Uses(NamedTuple):
    named: Mapping[str, tuple[Use, ...]]
    patterns: tuple[tuple[str, Use], ...]


@per_file
def _uses(facts: Facts) -> _Uses:
    """All words by their last path component, and those that are patterns there, in order."""
    named: dict[str, list[Use]] = {}
    patterns: list[tuple[str, Use]] = []
    for stage in reversed(facts.shipped):
        for run in facts.runs(stage):
            for command in run.script.commands if not run.onbuild else ():
                for word in command.argv:
                    text = word.text
                    name = last(text) if _PARTS.search(text) else text
                    use = Use(run, command, word)
                    named.setdefault(name, []).append(use)
                    if "*" in name or "?" in name or "[" in name:
                        patterns.append((name, use))
    return _Uses({name: tuple(found) for name, found in named.items()}, tuple(patterns[:_PATTERNS]))


def last(text: str) -> str:
    """The last component of a path or URL."""
    return text.rstrip("/").rpartition("/")[2].partition("?")[0].partition("[")[0] or text


def used(facts: Facts, content: Content) -> Iterator[Use]:
    """The words behind the one that put a file there that name it, a pattern among them."""
    maker = content.command.span.end if content.command else content.instruction.span.end
    name = last(content.path)
    found = _uses(facts)
    for use in found.named.get(name, ()):
        if use.command.span.start >= maker:
            yield use
    for pattern, use in found.patterns:
        if use.command.span.start >= maker and pattern != name and fnmatchcase(name, pattern):
            yield use


# a name of fewer characters says nothing
_TELLING = 3


def named_later(facts: Facts, folder: str, position: int) -> bool:
    """Whether anything behind a place of the file may name a folder."""
    name = last(folder).encode()
    return len(name) < _TELLING or facts.document.data.find(name, position) >= 0
