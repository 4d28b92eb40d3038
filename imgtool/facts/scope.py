"""ARG and ENV scope, and the effective SHELL, USER and WORKDIR, before every instruction of a stage.

Source: BuildKit's ``dockerfile2llb/convert.go``. A value of None means: set, but not to a value known here (an
ARG without default, a build platform, a value longer than :data:`MAX_VALUE`).
"""

from __future__ import annotations

import posixpath
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter
from types import MappingProxyType
from typing import Any, TypeVar, overload

from imgtool.syntax import words
from imgtool.syntax.nodes import PLATFORM_ARGS, Instruction
from imgtool.values import dataclass, field, replace

T = TypeVar("T")
Values = Mapping[str, str | None]

_NOTHING: Values = MappingProxyType({})

# characters; a file could otherwise hold one long value under very many names
MAX_VALUE = 4096

# BuildKit reads these and keeps them out of the environment
_NOT_ENVIRONMENT = frozenset({"BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"})


class _History:
    """Assignments by name, each with its moment, oldest first; the moments of one line of stages share it."""

    __slots__ = ("assigned", "last")

    def __init__(self) -> None:
        self.assigned: dict[str, list[tuple[int, str | None]]] = {}
        self.last = 0


class Variables(Mapping[str, str | None]):
    """Variables at one moment of a build, in the order of their first assignment.

    Later moments share what they have in common with earlier ones, so n assignments cost O(n), not O(n²).
    """

    __slots__ = ("history", "moment", "outer")

    def __init__(
        self, outer: Variables | None = None, history: _History | None = None, moment: int = 0
    ) -> None:
        self.outer = outer
        self.history = history or _History()
        self.moment = moment

    def assign(self, new: Values) -> Variables:
        """The variables a moment later."""
        outer: Variables | None = self.outer
        history = self.history
        if not self.moment or history.last != self.moment:
            # nothing to share, or another line of stages has gone on from here
            outer, history = self, _History()
        history.last += 1
        for name, value in new.items():
            known = value if value is None or len(value) <= MAX_VALUE else None
            history.assigned.setdefault(name, []).append((history.last, known))
        return Variables(outer, history, history.last)

    def _layers(self) -> Iterator[Variables]:
        scope: Variables | None = self
        while scope is not None:
            yield scope
            scope = scope.outer

    def _entry(self, name: str) -> tuple[int, str | None] | None:
        """The last assignment of a name."""
        layer: Variables | None = self
        while layer is not None:
            entries = layer.history.assigned.get(name)
            if entries:
                # nearly always nobody has assigned it later
                if entries[-1][0] <= layer.moment:
                    return entries[-1]
                at = bisect_right(entries, layer.moment, key=_moment)
                if at:
                    return entries[at - 1]
            layer = layer.outer
        return None

    def __getitem__(self, name: str) -> str | None:
        entry = self._entry(name)
        if entry is None:
            raise KeyError(name)
        return entry[1]

    # those of Mapping make and catch an error for each name that is not there

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._entry(name) is not None

    @overload
    def get(self, name: str, /) -> str | None: ...
    @overload
    def get(self, name: str, /, default: str | T | None) -> str | T | None: ...

    def get(self, name: str, default: Any = None) -> Any:
        entry = self._entry(name)
        return default if entry is None else entry[1]

    def may_hold(self, names: frozenset[str]) -> bool:
        """Whether one of some names may be there: a fast look."""
        layer: Variables | None = self
        while layer is not None:
            if not names.isdisjoint(layer.history.assigned):
                return True
            layer = layer.outer
        return False

    def __iter__(self) -> Iterator[str]:
        layers = reversed(list(self._layers()))
        # a later moment of the same history may hold names that are not there yet
        found = (n for v in layers for n, h in v.history.assigned.items() if h[0][0] <= v.moment)
        return iter(dict.fromkeys(found))

    def __len__(self) -> int:
        return sum(1 for _ in self)


_moment = itemgetter(0)


class _Open(Mapping[str, str | None]):
    """Variables, and every other name set to something unknown."""

    def __init__(self, known: Values) -> None:
        self._known = known

    def __getitem__(self, name: str) -> str | None:
        return self._known.get(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


@dataclass(frozen=True, slots=True)
class State:
    """What an instruction sees.

    ``values`` is every variable that expands, ``env`` those of them that stay in the image. ``closed`` tells
    that no other variable exists: False on a base image whose environment is not known. ``shell`` is None
    where the base image may have set one; ``user`` None where it is not known, ``workdir`` likewise.
    """

    values: Variables = field(default_factory=Variables)
    env: Variables = field(default_factory=Variables)
    closed: bool = False
    shell: tuple[str, ...] | None = None
    shell_set: bool = False
    user: str | None = None
    workdir: str | None = None

    def expand(self, text: str, escape: str = "\\") -> str | None:
        """A word with variables replaced and quotes removed; None where it depends on a value not known here."""
        if words.is_plain(text):
            return text
        # a variable that nothing here sets may come from the base image
        names = self.values if self.closed else _Open(self.values)
        try:
            return words.expand_special(text, names, escape).text
        except words.WordError:
            return None


def global_state(meta: Iterable[Instruction], build_args: Mapping[str, str], escape: str) -> State:
    """What FROM lines see: ARGs before the first FROM and the platform arguments."""
    given = {name: build_args[name] for name in PLATFORM_ARGS if name in build_args} if build_args else None
    # on top of it, never in it: all files share it
    values = Variables(_platform())
    state = State(values=values.assign(given) if given else values, closed=True)
    for instruction in meta:
        if instruction.keyword == "ARG" and not instruction.problem:
            state = _arg(state, instruction, build_args, _NOTHING, escape)
    return state


@cache
def _platform() -> Variables:
    return Variables().assign(dict.fromkeys(PLATFORM_ARGS))


# instructions that change what those after them see
_CHANGES = frozenset({"ARG", "ENV", "SHELL", "USER", "WORKDIR"})


def states(
    start: State, body: Sequence[Instruction], build_args: Mapping[str, str], outer: State, escape: str
) -> list[State]:
    """The state before each instruction of ``body``, and one more: after the last."""
    state, found = start, [start]
    for instruction in body:
        if instruction.keyword in _CHANGES and not instruction.problem:
            state = _after(state, instruction, build_args, outer, escape)
        found.append(state)
    return found


def _after(
    state: State, instruction: Instruction, build_args: Mapping[str, str], outer: State, escape: str
) -> State:
    match instruction.keyword:
        case "ARG":
            return _arg(state, instruction, build_args, outer.values, escape)
        case "ENV":
            return _env(state, instruction, escape)
        case "SHELL" if instruction.json:
            return replace(state, shell=instruction.args, shell_set=True)
        case "USER" if instruction.args:
            return replace(state, user=state.expand(instruction.args[0], escape))
        case "WORKDIR" if instruction.args:
            return replace(state, workdir=_workdir(state, instruction.args[0], escape))
    return state


def _arg(
    state: State, instruction: Instruction, build_args: Mapping[str, str], outer: Values, escape: str
) -> State:
    # unlike those of every other instruction, one word sees what the words before it set
    values = state.values
    for word in instruction.args:
        name, given, default = word.partition("=")
        if name in build_args:
            value: str | None = build_args[name]
        elif given:
            value = state.expand(default, escape)
        elif name in outer:
            value = outer[name]
        else:
            value = values.get(name)
        if name not in _NOT_ENVIRONMENT:
            values = values.assign({name: value})
            state = _with(state, values, state.env)
    return state


def _with(state: State, values: Variables, env: Variables) -> State:
    # what `replace` gives, which asks each field for its name
    return State(values, env, state.closed, state.shell, state.shell_set, state.user, state.workdir)


def _env(state: State, instruction: Instruction, escape: str) -> State:
    # every value of one ENV sees what stood before the instruction
    new: dict[str, str | None] = {}
    expand = state.expand
    for key, value in zip(instruction.args[::3], instruction.args[1::3], strict=False):
        new[expand(key, escape) or key] = expand(value, escape)
    return _with(state, state.values.assign(new), state.env.assign(new))


def _workdir(state: State, text: str, escape: str) -> str | None:
    path = state.expand(text, escape)
    if path is None or path.startswith("/"):
        return path and normal(path)
    return None if state.workdir is None else below(state.workdir, path)


def normal(path: str) -> str:
    """What :func:`posixpath.normpath` gives, at once for an absolute path that is normal, as nearly all are."""
    # to cut a letter off is faster than to ask for it
    if path[:1] == "/" and "/." not in path and "//" not in path:
        return path[:-1] if path[-1] == "/" and path != "/" else path
    return posixpath.normpath(path)


def below(folder: str, text: str) -> str:
    """The path that a text names in a folder, without ``..`` and doubled slashes."""
    return normal(text if text[:1] == "/" else under(folder, text))


def under(folder: str, name: str) -> str:
    """A relative path behind a folder's."""
    return f"{folder}{name}" if folder[-1:] == "/" else f"{folder}/{name}"
