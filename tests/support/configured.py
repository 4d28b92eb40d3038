"""The configuration that an image gets from its Dockerfile, as far as the file and the data about its base tell."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field

from effective import Step, steps

from imgtool.facts.facts import FactOptions, Facts
from imgtool.facts.stages import Stage
from imgtool.families.inherited import config
from imgtool.syntax import parse

Command = tuple[object, ...]
"""The shell that a command is given to (empty in exec form), then its words."""


@dataclass
class Configuration:
    """What ``docker inspect`` would show. None: not set here and not known of the base image.

    ``env`` holds what the file sets and what is known of the base, which is of ``family``; ``own`` are the names that
    the file sets, ``starts`` tells that it sets the entrypoint.
    """

    family: str | None = None
    env: dict[str, str | None] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    starts: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    ports: set[str] = field(default_factory=set)
    volumes: set[str] = field(default_factory=set)
    user: str | None = None
    folder: str | None = None
    shell: tuple[str, ...] | None = None
    entrypoint: Command | None = None
    command: Command | None = None
    health: Command | None = None
    signal: str | None = None


def configuration(data: bytes, options: FactOptions | None = None) -> Configuration:
    """The configuration of the stage that ships."""
    facts = Facts(parse(data), options)
    assert facts.target is not None
    found = _base(facts, facts.target)
    read = dict(zip(facts.document.instructions, steps(data), strict=True))
    for stage in reversed(list(facts.target.lineage())):
        given: set[str] = set()
        for instruction, state in zip(stage.instructions, facts.states(stage), strict=False):
            if not instruction.problem:
                _apply(found, read[instruction], state.shell, given)
                given.add(instruction.keyword)
    return found


def differences(before: Configuration, after: Configuration) -> Iterator[str]:
    """Where the second is not the first, other than by what images of one family set themselves."""
    for name in ("labels", "ports", "volumes", "user", "folder", "shell", "command", "health", "signal"):
        if getattr(before, name) != getattr(after, name):
            yield f"{name}: {getattr(before, name)} became {getattr(after, name)}"
    moved = before.family != after.family
    if before.entrypoint != after.entrypoint and (moved or before.starts or after.starts):
        yield f"entrypoint: {before.entrypoint} became {after.entrypoint}"
    for name in sorted(before.own | after.own | (set(before.env) if moved else set())):
        if before.env.get(name) != after.env.get(name):
            yield f"{name}: {before.env.get(name)} became {after.env.get(name)}"


def _base(facts: Facts, stage: Stage) -> Configuration:
    base = facts.base(stage)
    known = config(base) if base else None
    if base is None or known is None:
        return Configuration()
    return Configuration(
        family=base.family,
        env=dict(known.env),
        user=known.user,
        folder=known.workdir,
        shell=known.shell,
        entrypoint=known.entrypoint and ((), *known.entrypoint),
    )


def _apply(found: Configuration, step: Step, shell: tuple[str, ...] | None, given: set[str]) -> None:
    match step.keyword:
        case "ENV":
            pairs = dict(_pairs(step))
            found.env |= pairs
            found.own |= pairs.keys()
        case "LABEL":
            found.labels |= dict(_pairs(step))
        case "EXPOSE":
            found.ports |= set(map(str, step.operands))
        case "VOLUME":
            found.volumes |= set(map(str, step.operands[1:]))
        case "USER":
            found.user = str(step.operands[-1])
        case "WORKDIR":
            found.folder = posixpath.join(found.folder or "/", str(step.operands[0]))
        case "SHELL":
            found.shell = tuple(map(str, step.operands[1:]))
        case "CMD" | "ENTRYPOINT" | "HEALTHCHECK" | "STOPSIGNAL":
            _start(found, step, shell, given)


def _start(found: Configuration, step: Step, shell: tuple[str, ...] | None, given: set[str]) -> None:
    form, *words = step.operands
    said: Command = (() if form else shell, *words, *step.flags)
    match step.keyword:
        case "CMD":
            found.command = said
        case "ENTRYPOINT":
            found.entrypoint = said
            found.starts = True
            if "CMD" not in given:
                found.command = None
        case "HEALTHCHECK":
            found.health = said
        case "STOPSIGNAL":
            found.signal = str(words[0])


def _pairs(step: Step) -> Iterator[tuple[str, str]]:
    for pair in step.operands:
        assert isinstance(pair, tuple)
        yield str(pair[0]), str(pair[1])
