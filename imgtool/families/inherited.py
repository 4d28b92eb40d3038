"""What an image hands down to a Dockerfile that stands on it: environment, shell, user, and its distribution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import TypeVar

from imgtool.families.images import BaseImage, applies, fill, image_of, newest_of, releases_of, table
from imgtool.families.model import NOTHING, Evidence, Libc, ShellName, load, order, rows, within
from imgtool.regex import regex
from imgtool.values import NamedTuple, dataclass, field

Value = TypeVar("Value")

_VARIABLE = regex(r"\$\{(\w+)\}")
_DOTTED = regex(r"\d+(?:\.\d+){0,2}")


class ConfigRow(NamedTuple):
    """Config of the images that the row applies to.

    ``sets`` names variables whose value is not recorded, ``entries`` folders known to be in a list variable.
    ``complete`` says that no other variable is set.
    """

    image: tuple[str, ...]
    source: tuple[str, ...]
    evidence: Evidence
    flavour: tuple[str, ...] = ()
    addon: str | None = None
    os: tuple[str, ...] = ()
    since: str | None = None
    before: str | None = None
    env: Mapping[str, str] = NOTHING
    sets: tuple[str, ...] = ()
    entries: Mapping[str, tuple[str, ...]] = NOTHING
    complete: bool = False
    shell: tuple[str, ...] | None = None
    user: str | None = None
    workdir: str | None = None
    entrypoint: tuple[str, ...] | None = None
    note: str | None = None


class System(NamedTuple):
    """A distribution: the program that /bin/sh is, package managers (the usual one first), the C library."""

    id: str
    sh: ShellName
    managers: tuple[str, ...]
    libc: Libc
    source: tuple[str, ...]
    evidence: Evidence
    since: str | None = None
    before: str | None = None


class PipApart(NamedTuple):
    """A distribution whose python3-pip has parts of pip elsewhere, up to a release."""

    id: str
    source: tuple[str, ...]
    evidence: Evidence
    before: str | None = None


class Default(NamedTuple):
    """What holds where an image says nothing."""

    path: str
    source: tuple[str, ...]
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class InheritedConfig:
    """Effective config of a base image; None where it is not known.

    A value of None in ``env``: set, value not recorded. ``env_complete``: nothing else is set.
    ``entries`` are folders known to be in a list variable whose value is not recorded, first ones first.
    ``user`` is ``0`` and ``workdir`` ``/`` where the image sets none; ``entrypoint`` is then empty.
    """

    env: Mapping[str, str | None] = field(default_factory=dict, hash=False)
    env_complete: bool = False
    entries: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    shell: tuple[str, ...] | None = None
    user: str | None = None
    workdir: str | None = None
    entrypoint: tuple[str, ...] | None = None

    def paths(self, name: str) -> tuple[str, ...]:
        """The folders known to be in a list variable like LD_LIBRARY_PATH."""
        value = self.env.get(name)
        if value is None:
            return self.entries.get(name, ())
        return tuple(part for part in value.split(":") if part)


def system(base: BaseImage) -> System | None:
    """The distribution under an image; None where the reference does not tell it."""
    found = _system(base.os, base.os_version) if base.os else None
    managers = image_of(base).managers
    return found if found is None or managers is None else found._replace(managers=managers)


@cache
def _system(name: str, version: str | None) -> System | None:
    known = (row for row in rows("systems", "system", System) if row.id == name)
    return next((row for row in known if within(version, row.since, row.before)), None)


def pip_is_whole(base: BaseImage) -> bool:
    """Whether the folder of the distribution's pip holds all of it; False where the release is not told."""
    known = [row for row in rows("systems", "pip_apart", PipApart) if row.id == base.os]
    return not known or (
        base.os_version is not None and not any(within(base.os_version, None, r.before) for r in known)
    )


@lru_cache(maxsize=1024)
def config(base: BaseImage) -> InheritedConfig:
    """The config that an image hands down, as far as the data covers this very tag."""
    found = [row for row in table(base, "config", ConfigRow) if applies(row, base)]
    if not found or beyond(base):
        return InheritedConfig()
    env, entries = _environment(found, base)
    return InheritedConfig(
        env=MappingProxyType(env),
        env_complete=any(row.complete for row in found),
        entries=MappingProxyType(entries),
        shell=_last(row.shell for row in found),
        user=_last(row.user for row in found),
        workdir=_last(row.workdir for row in found),
        entrypoint=_filled(_last(row.entrypoint for row in found), base),
    )


@cache
def inherited_names() -> frozenset[str]:
    """Every variable that some image of the data hands down, whichever the image."""
    files = load("index")["files"]
    known = (row for file in files for row in rows(file, "config", ConfigRow))
    return frozenset(name for row in known for name in (*row.env, *row.sets, *row.entries))


def _environment(
    found: list[ConfigRow], base: BaseImage
) -> tuple[dict[str, str | None], dict[str, tuple[str, ...]]]:
    env: dict[str, str | None] = {"PATH": rows("systems", "default", Default)[0].path}
    entries: dict[str, tuple[str, ...]] = {}
    for row in found:
        env |= dict.fromkeys(row.sets)
        env |= {name: _expand(fill(value, base), env) for name, value in row.env.items()}
        for name, folders in row.entries.items():
            entries[name] = (*entries.get(name, ()), *(_filled(folders, base) or ()))
    return env, entries


def _last(values: Iterable[Value | None]) -> Value | None:
    last = None
    for value in values:
        last = last if value is None else value
    return last


def _filled(templates: tuple[str, ...] | None, base: BaseImage) -> tuple[str, ...] | None:
    if templates is None:
        return None
    texts = [fill(template, base) for template in templates]
    return None if None in texts else tuple(text for text in texts if text is not None)


def _expand(value: str | None, env: Mapping[str, str | None]) -> str | None:
    """ENV's ``${NAME}``; None where a value is not known."""
    if value is None or "$" not in value:
        return value
    if any(env.get(name, "") is None for name in _VARIABLE.findall(value)):
        return None
    return _VARIABLE.sub(lambda found: env.get(found[1]) or "", value)


@lru_cache(maxsize=1024)
def beyond(base: BaseImage) -> bool:
    """Whether the family's versions are listed and this one is newer than all of them, or not told.

    Distributions keep their config from release to release.
    """
    if not releases_of(base) or image_of(base).distribution:
        return False
    version = order(base.version)
    if version is None:
        return True
    newest = newest_of(base)
    return newest is not None and newest < version


def cuda_of(base: BaseImage) -> str | None:
    """The version of CUDA that an image holds, by its tag; None where the tag does not tell."""
    said = base.fields.get("cuda") or config(base).env.get("CUDA_VERSION") or ""
    return said if _DOTTED.fullmatch(said) else None
