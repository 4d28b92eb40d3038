"""ARG and ENV scope, and the effective SHELL, USER and WORKDIR, before every instruction of a stage.

Source: ``../`` of BuildKit's ``dockerfile2llb/convert.go`` and ``instructions``; tables 4.6 and 4.7 of its tests.
A value of None means: declared, value not known here (an ARG without default, a build platform, the
environment of a base image that is not known).
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from imgtool.syntax import words
from imgtool.syntax.nodes import Instruction

Values = Mapping[str, str | None]

_NOTHING: Values = MappingProxyType({})

# usable in FROM without a declaration; a stage must declare them (BuildKit's global platform arguments)
PLATFORM_ARGS = tuple(
    f"{side}{part}"
    for side in ("BUILD", "TARGET")
    for part in ("PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT")
) + ("TARGETSTAGE",)

# declared by BuildKit itself; not in the environment unless asked for
_PREDEFINED = frozenset(PLATFORM_ARGS)


@dataclass(frozen=True, slots=True)
class State:
    """What an instruction sees.

    ``values`` is every variable that expands, ``env`` those of them that stay in the image. ``closed`` tells
    that no other variable exists: False on a base image whose environment is not known. ``shell`` is None
    where the base image may have set one; ``user`` None where it is not known, ``workdir`` likewise.
    """

    values: Values = field(default_factory=dict)
    env: Values = field(default_factory=dict)
    closed: bool = False
    shell: tuple[str, ...] | None = None
    shell_set: bool = False
    user: str | None = None
    workdir: str | None = None

    def expand(self, text: str, escape: str = "\\") -> str | None:
        """A word with variables replaced and quotes removed; None where it depends on a value not known here."""
        names = self.values
        if not self.closed and "$" in text:
            # a variable that nothing here sets may come from the base image
            missing = [v.name for v in words.variables(text, escape) if v.name not in names]
            names = {**names, **dict.fromkeys(missing)} if missing else names
        try:
            return words.expand(text, names, escape).text
        except words.WordError:
            return None


def global_state(meta: Sequence[Instruction], build_args: Mapping[str, str], escape: str) -> State:
    """What FROM lines see: ARGs before the first FROM and the platform arguments."""
    state = State(values=dict.fromkeys(PLATFORM_ARGS), closed=True)
    for instruction in meta:
        if instruction.keyword == "ARG":
            state = _arg(state, instruction, build_args, _NOTHING, escape)
    return state


def states(
    start: State, body: Sequence[Instruction], build_args: Mapping[str, str], outer: State, escape: str
) -> list[State]:
    """The state before each instruction of ``body``, and one more: after the last."""
    found = [start]
    for instruction in body:
        found.append(_after(found[-1], instruction, build_args, outer, escape))
    return found


def _after(
    state: State, instruction: Instruction, build_args: Mapping[str, str], outer: State, escape: str
) -> State:
    if instruction.problem:
        return state
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
    for word in instruction.args:
        name, given, default = word.partition("=")
        name = state.expand(name, escape) or name
        if name in build_args:
            value: str | None = build_args[name]
        elif given:
            value = state.expand(default, escape)
        elif name in outer:
            value = outer[name]
        else:
            value = state.values.get(name)
        state = replace(state, values={**state.values, name: value})
    return state


def _env(state: State, instruction: Instruction, escape: str) -> State:
    # every value of one ENV sees what stood before the instruction
    new: dict[str, str | None] = {}
    for key, value in zip(instruction.args[::3], instruction.args[1::3], strict=False):
        new[state.expand(key, escape) or key] = state.expand(value, escape)
    return replace(state, values={**state.values, **new}, env={**state.env, **new})


def _workdir(state: State, text: str, escape: str) -> str | None:
    path = state.expand(text, escape)
    if path is None or path.startswith("/"):
        return path and posixpath.normpath(path)
    return None if state.workdir is None else posixpath.normpath(posixpath.join(state.workdir, path))
