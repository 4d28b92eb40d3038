"""Which commands name a file, after an instruction has put it there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from imgtool.rule import Arg, Command, Content, Facts, NamedTuple, Run, fits, per_file, regex

# what of a word is not its last component
_PARTS = regex(r"[/?\[]")
# more patterns than this are not compared with every name
_PATTERNS = 64


class Use(NamedTuple):
    """A word of a command of the image that ships."""

    run: Run
    command: Command
    word: Arg


# what a Use is made of, where it is asked for
_Place = tuple[Run, Command, Arg]


class _Uses(NamedTuple):
    named: Mapping[str, list[_Place]]
    patterns: list[tuple[str, _Place]]


@per_file
def _uses(facts: Facts) -> _Uses:
    """All words by their last path component, and those that are patterns there, in order."""
    named: dict[str, list[_Place]] = {}
    patterns: list[tuple[str, _Place]] = []
    for stage in reversed(facts.shipped):
        for run in facts.runs(stage):
            for command in run.script.commands if not run.onbuild else ():
                for word in command.argv:
                    text = word.text
                    name = last(text) if _PARTS.search(text) else text
                    place = (run, command, word)
                    if name in named:
                        named[name].append(place)
                    else:
                        named[name] = [place]
                    if "*" in name or "?" in name or "[" in name:
                        patterns.append((name, place))
    return _Uses(named, patterns[:_PATTERNS])


def last(text: str) -> str:
    """The last component of a path or URL."""
    return text.rstrip("/").rpartition("/")[2].partition("?")[0].partition("[")[0] or text


def used(facts: Facts, content: Content) -> Iterator[Use]:
    """The words behind the one that put a file there that name it, a pattern among them."""
    maker = content.command.span.end if content.command else content.instruction.span.end
    name = last(content.path)
    found = _uses(facts)
    for place in found.named.get(name, ()):
        if place[1].span.start >= maker:
            yield Use(*place)
    for pattern, place in found.patterns:
        if place[1].span.start >= maker and pattern != name and fits(name, pattern):
            yield Use(*place)


# a name of fewer characters says nothing
_TELLING = 3


def named_later(facts: Facts, folder: str, position: int) -> bool:
    """Whether anything behind a place of the file may name a folder."""
    name = last(folder).encode()
    return len(name) < _TELLING or facts.document.data.find(name, position) >= 0
