"""Command lines against tables of options, so that no option's value is read as an operand."""

from __future__ import annotations

from collections.abc import Sequence

from imgtool.facts.commands import Arg
from imgtool.values import NamedTuple, maker


class Table(NamedTuple):
    """The options of a program.

    ``names`` leads from every spelling to the option's first one. Options in ``valued`` take a value, in the
    same word or the next; those in ``optional`` only in the same word. ``permute``: options may follow
    operands. ``abbreviate``: a long option may be cut short as long as it is not ambiguous. ``go``: long
    options have one dash, so letters do not bundle.
    """

    names: dict[str, str]
    valued: frozenset[str]
    optional: frozenset[str]
    permute: bool = True
    abbreviate: bool = False
    go: bool = False

    def resolve(self, name: str) -> str | None:
        """The option's first spelling; None where the table does not know it."""
        if name in self.names:
            return self.names[name]
        if self.abbreviate and name.startswith("--"):
            # `in` takes a quarter of the time, and tells of most that they do not begin so
            longer = [long for long in self.names if name in long and long.startswith(name)]
            found = {self.names[long] for long in longer}
            return found.pop() if len(found) == 1 else None
        return None


def table(text: str, *, permute: bool = True, abbreviate: bool = False, go: bool = False) -> Table:
    """A table from one option a line: its spellings, then ``=`` where it takes a value, ``=?`` where it may.

    A line of flags alone may hold many, separated by commas.
    """
    names: dict[str, str] = {}
    valued: set[str] = set()
    optional: set[str] = set()
    for entry in text.replace("\n", ",").split(","):
        words = entry.split()
        if not words:
            continue
        kind = words.pop() if words[-1] in ("=", "=?") else ""
        names |= dict.fromkeys(words, words[0])
        if kind:
            (valued if kind == "=" else optional).add(words[0])
    return Table(names, frozenset(valued), frozenset(optional), permute, abbreviate, go)


class Option(NamedTuple):
    """An option as given: its first spelling, its value if it has one, the word that names it."""

    name: str
    value: Arg | None
    arg: Arg


_new_option = maker(Option)


class Parsed(NamedTuple):
    """A command line taken apart. ``next`` is the index of the first word not read, with ``permute`` the end.

    ``unknown`` are options that the table does not hold: the word after one may be its value. ``dashes``:
    ``--`` ended the options.
    """

    options: tuple[Option, ...]
    operands: tuple[Arg, ...]
    next: int
    unknown: tuple[Arg, ...]
    dashes: bool = False

    def has(self, *names: str) -> bool:
        """Whether one of the options is given."""
        # a loop: a generator takes longer than most command lines do
        for option in self.options:  # noqa: SIM110
            if option.name in names:
                return True
        return False

    def values(self, *names: str) -> tuple[Arg, ...]:
        """The values of the options of these names, in order."""
        return tuple([o.value for o in self.options if o.name in names and o.value is not None])

    def value(self, *names: str) -> Arg | None:
        """The last value of the options of these names."""
        found = self.values(*names)
        return found[-1] if found else None


_new_parsed = maker(Parsed)


def parse(words: Sequence[Arg], options: Table, start: int = 0) -> Parsed:
    """Read options and operands from ``words[start:]``."""
    found: list[Option] = []
    operands: list[Arg] = []
    unknown: list[Arg] = []
    names, permute, valued = options.names, options.permute, options.valued
    index, size = start, len(words)
    while index < size:
        arg = words[index]
        text = arg.text
        if not text or text[0] != "-" or text == "-":
            if not permute:
                break
            operands.append(arg)
            index += 1
            continue
        if text == "--":
            if permute:
                operands += words[index + 1 :]
                index = size - 1
            return Parsed(tuple(found), tuple(operands), index + 1, tuple(unknown), dashes=True)
        index += 1
        following = words[index] if index < size else None
        known = names.get(text)
        if known is not None:
            took = known in valued and following is not None
            found.append(_new_option((known, following if took else None, arg)))
        else:
            read, took = _options(arg, following, options)
            for option in read:
                (found if option.name else unknown).append(option if option.name else option.arg)  # type: ignore[arg-type]
        index += took
    return _new_parsed((tuple(found), tuple(operands), index, tuple(unknown), False))


def _options(arg: Arg, following: Arg | None, options: Table) -> tuple[list[Option], bool]:
    """The options in one word, an unknown one without a name, and whether the next word is its value."""
    name, equals, _ = arg.text.partition("=")
    known = options.resolve(name)
    if known is None and not name.startswith("--") and not options.go:
        return _letters(arg, following, options)
    if known is None:
        return [Option("", None, arg)], False
    if equals:
        return [Option(known, _tail(arg, len(name) + 1), arg)], False
    if known in options.valued:
        return [Option(known, following, arg)], following is not None
    return [Option(known, None, arg)], False


def _letters(arg: Arg, following: Arg | None, options: Table) -> tuple[list[Option], bool]:
    found: list[Option] = []
    text = arg.text
    for at in range(1, len(text)):
        known = options.names.get("-" + text[at])
        if known is None:
            return [*found, Option("", None, arg)], False
        attached = text[at + 1 :]
        if known in options.valued:
            if attached:
                return [*found, Option(known, _tail(arg, at + 1), arg)], False
            return [*found, Option(known, following, arg)], following is not None
        if known in options.optional and attached and attached[0] != text[at]:
            return [*found, Option(known, _tail(arg, at + 1), arg)], False
        found.append(Option(known, None, arg))
    return found, False


def _tail(arg: Arg, at: int) -> Arg:
    """What follows the first ``at`` characters of a word, as a word. Its span is the whole word where it is quoted."""
    text = arg.text[at:]
    size = len(text.encode())
    length = arg.end - arg.start
    if arg.raw != arg.text or length != size + len(arg.text[:at].encode()):
        return arg._replace(text=text)
    return arg._replace(text=text, raw=text, start=arg.end - size)


def basename(arg: Arg) -> str:
    """The program that a word names, ``""`` where a variable or a pattern hides it.

    ``$VENV/bin/pip`` and ``~/bin/pip`` are pip, wherever they are.
    """
    text = arg.text
    if arg.literal:
        return text.rpartition("/")[2] if "/" in text else text
    head, slash, tail = text.rpartition("/")
    return tail if slash and head and not _SPECIAL & set(tail) else ""


_SPECIAL = frozenset("$`*?[]{}()\"'\\ ")
