"""What a configuration file says about linting."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from imgtool import cachedir
from imgtool.config import ConfigFile, Section, dotted, for_file
from imgtool.facts.given import Policy
from imgtool.findings import Severity
from imgtool.gitignore import Patterns
from imgtool.lint.hadolint_config import load, nearest
from imgtool.lint.registry import PROFILES, RuleError, add_packs, check_selectors, find
from imgtool.values import dataclass, field

_TOP = (
    "build-args",
    "cache",
    "context",
    "exclude",
    "force-exclude",
    "gate",
    "lint",
    "plugins",
    "respect-gitignore",
    "rules",
)
_LINT = (
    "baseline",
    "extend-select",
    "fail-on",
    "ignore",
    "label-schema",
    "per-file-ignores",
    "preview",
    "profile",
    "select",
    "severity",
    "shellcheck",
    "strict-labels",
    "suppressions",
    "trusted-registries",
)

LABEL_TYPES = ("text", "url", "semver", "hash", "rfc3339", "spdx", "email")
"""What the value of a label in ``label-schema`` may have to be; ``text`` is anything."""


@dataclass(frozen=True, slots=True)
class LintSettings:
    """The settings for the files under one configuration file; defaults where it says nothing.

    ``select`` is None for the profile's rules, ``shellcheck`` for: where it is installed. ``fail_on`` is the mildest
    severity that makes the exit code 1; None: none does.
    ``suppressions``: comments in a file silence findings.
    ``cache`` is the folder for what linting gives, or whether there is one.
    ``rules`` holds each rule's own table by its code, read when the rule is loaded (:meth:`Section.build`).
    ``plugins`` are rule packs; their rules are in the index.
    """

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[Patterns, tuple[str, ...]], ...] = ()
    build_args: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    context: Path | None = None
    exclude: tuple[Patterns, ...] = ()
    force_exclude: bool = False
    respect_gitignore: bool = True
    baseline: Path | None = None
    fail_on: Severity | None = Severity.STYLE
    suppressions: bool = True
    preview: bool = False
    shellcheck: bool | None = None
    profile: str = "default"
    severities: Mapping[str, Severity] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)
    plugins: tuple[str, ...] = ()
    rules: Mapping[str, Section] = field(default_factory=lambda: MappingProxyType({}))
    cache: Path | bool | None = None

    def ignored_in(self, file: Path) -> tuple[str, ...]:
        """What is ignored in one file: ``ignore``, and ``per-file-ignores`` whose pattern covers it."""
        real = file.parent.resolve() / file.name
        extra = (code for patterns, codes in self.per_file_ignores if patterns.covers(real) for code in codes)
        return (*self.ignore, *extra)


@dataclass(frozen=True, slots=True)
class SettingsFinder:
    """The settings of each file: those of ``config`` where the user names one, else of the nearest file above it.

    Where there is none, the nearest ``.hadolint.yaml`` counts, or the current folder's, where hadolint reads it.

    ``isolated`` leaves every file aside.
    """

    config: ConfigFile | None = None
    isolated: bool = False
    _folders: dict[Path, ConfigFile | None] = field(default_factory=dict, init=False, repr=False)
    _hadolint: dict[Path, Path | None] = field(default_factory=dict, init=False, repr=False)

    def of(self, file: Path) -> LintSettings:
        """The settings for a Dockerfile, or for the name that standard input stands for.

        Raises:
            ConfigError: its configuration cannot be read or used.
        """
        if self.isolated:
            return settings(None)
        return settings(self.config or for_file(file, self._folders) or self._of_hadolint(file))

    def _of_hadolint(self, file: Path) -> ConfigFile | None:
        folders = (file.parent.resolve(), Path.cwd())
        found = next(filter(None, (nearest(folder, self._hadolint) for folder in folders)), None)
        return load(found) if found else None

    def exclusions(self, path: Path) -> tuple[Patterns, ...]:
        """What is excluded, in the form that :func:`imgtool.discover.discover` asks for."""
        return self.of(path).exclude


def top_level(file: ConfigFile, others: Mapping[str, Iterable[str]] = MappingProxyType({})) -> Section:
    """The table that holds all others; ``others`` are tables with their keys, which a misplaced one may be meant for.

    Raises:
        ConfigError: a key is unknown.
    """
    top = file.section()
    if "tool" in top.table and not file.prefix:
        raise top.error("tool", "this file is ours alone: write its keys without tool.imgtool")
    tables = {"lint": _LINT, **others}
    top.only(_TOP, {key: dotted((*file.prefix, name, key)) for name, keys in tables.items() for key in keys})
    return top


@lru_cache(maxsize=64)
def settings(file: ConfigFile | None) -> LintSettings:
    """The settings in a file; the defaults without one.

    Raises:
        ConfigError: a key is unknown, or its value cannot be used.
    """
    if file is None:
        return LintSettings()
    top, lint = top_level(file), file.section("lint")
    lint.only(_LINT, {key: f"{key}, outside of lint" for key in _TOP})
    # first, as everything else may name their rules
    plugins = _plugins(top)
    profile = lint.string("profile", tuple(PROFILES))
    fail_on = lint.string("fail-on", (*Severity, "never"))
    return LintSettings(
        select=_codes(lint, "select"),
        ignore=_codes(lint, "ignore") or (),
        extend_select=_codes(lint, "extend-select") or (),
        per_file_ignores=tuple(_per_file(lint.table_of("per-file-ignores"))),
        build_args=MappingProxyType(_build_args(top.table_of("build-args"))),
        context=_context(top),
        exclude=(Patterns.of(file.folder.resolve(), top.strings("exclude") or ()),),
        force_exclude=top.boolean("force-exclude") or False,
        respect_gitignore=top.boolean("respect-gitignore") is not False,
        baseline=lint.path("baseline"),
        fail_on=None if fail_on == "never" else Severity(fail_on or Severity.STYLE),
        suppressions=lint.boolean("suppressions") is not False,
        preview=lint.boolean("preview") or False,
        shellcheck=lint.boolean("shellcheck"),
        profile=profile or "default",
        severities=dict(_severities(lint.table_of("severity"))),
        policy=Policy(
            _label_schema(lint.table_of("label-schema")),
            lint.boolean("strict-labels") or False,
            lint.strings("trusted-registries") or (),
        ),
        plugins=plugins,
        rules=MappingProxyType(dict(_rules(top.table_of("rules")))),
        cache=_cache(top),
    )


def _plugins(section: Section) -> tuple[str, ...]:
    names = section.strings("plugins") or ()
    try:
        add_packs(names)
    except RuleError as error:
        raise section.error("plugins", str(error)) from None
    return names


def _codes(section: Section, key: str) -> tuple[str, ...] | None:
    codes = section.strings(key)
    try:
        check_selectors(codes or ())
    except RuleError as error:
        raise section.error(key, str(error)) from None
    return codes


def _severities(section: Section) -> Iterator[tuple[str, Severity]]:
    for code in section.table:
        try:
            check_selectors([code])
        except RuleError as error:
            raise section.error(code, str(error)) from None
        yield code.upper(), Severity(section.string(code, tuple(Severity)) or Severity.INFO)


def _label_schema(section: Section) -> dict[str, str]:
    return {name: section.string(name, LABEL_TYPES) or "text" for name in section.table}


def _per_file(section: Section) -> Iterator[tuple[Patterns, tuple[str, ...]]]:
    base = section.file.folder.resolve()
    for pattern in section.table:
        yield Patterns.of(base, [pattern]), _codes(section, pattern) or ()


def _build_args(section: Section) -> dict[str, str]:
    return {name: section.string(name) or "" for name in section.table}


def _context(section: Section) -> Path | None:
    path = section.path("context")
    if path is not None and not path.is_dir():
        raise section.error("context", f"{path} is no folder")
    return path


def _cache(section: Section) -> Path | bool | None:
    given = section.table.get("cache")
    if given is not None and not isinstance(given, bool | str):
        raise section.error("cache", "must be a path, true or false")
    if isinstance(given, bool):
        return given
    if given is not None and not given.strip():
        raise section.error("cache", "names no folder; false keeps nothing")
    # Path.expanduser raises where there is no such user
    path = given and section.file.folder / os.path.expanduser(given)  # noqa: PTH111
    # what it holds would be hidden from git, and count for something at each run
    if path and not cachedir.is_free(path):
        held = "holds other files" if path.is_dir() else "is no folder"
        raise section.error("cache", f"{given} {held}: it takes a folder of its own")
    return path or None


def _rules(section: Section) -> Iterator[tuple[str, Section]]:
    for name in section.table:
        try:
            yield find(name).code, section.table_of(name)
        except RuleError as error:
            raise section.error(name, str(error)) from None
