"""What a configuration file says about the gate: the table ``gate``."""

from __future__ import annotations

import enum
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import TypeVar

from imgtool.config import ConfigFile, Section, nearest
from imgtool.facts.globs import compile_match
from imgtool.images import budget as budgets
from imgtool.images.budget import Budget
from imgtool.images.compare import Measure
from imgtool.images.platforms import normal_platform
from imgtool.lint.fingerprint import relative
from imgtool.lint.settings import top_level
from imgtool.values import dataclass, field, replace

FORBIDDING = ("forbid-paths", "forbid-packages")
"""What can be bounded by patterns."""

BUDGETS = (*budgets.KINDS, *FORBIDDING)
POLICY = ("measure", "missing-baseline", "noise-floor", "require", *BUDGETS)
GATE = (*POLICY, "images", "platform", "ratchet", "waivers")
IMAGE = (*POLICY, "baseline", "image", "name", "platform", "target")
WAIVER = ("budget", "image", "reason", "until")

MANAGERS = ("apk", "conda", "dpkg", "pip", "rpm")
"""Whose packages :mod:`imgtool.images.packages` reads."""

T = TypeVar("T")


class Missing(enum.StrEnum):
    """What growth of an image without a baseline is: not judged, or a failure."""

    NEUTRAL = "neutral"
    FAIL = "fail"


class Require(enum.StrEnum):
    """Whether all budgets of growth have to hold, or one is enough."""

    ALL = "all"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Policy:
    """What an image is held to.

    ``noise_floor`` are bytes: growth up to them is none. ``paths`` and ``packages`` are patterns of what must not be
    in it, paths as ``.gitignore`` has them, packages as globs of ``dpkg:name`` or of a name alone.
    """

    measure: Measure = Measure.UNPACKED
    noise_floor: int = 0
    missing: Missing = Missing.NEUTRAL
    require: Require = Require.ALL
    budgets: tuple[Budget, ...] = ()
    paths: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()

    def of(self, kind: str) -> tuple[Budget, ...]:
        """The budgets of one kind."""
        return tuple(budget for budget in self.budgets if budget.kind == kind)

    def with_budgets(self, given: Iterable[Budget]) -> Policy:
        """With these budgets instead of those of their kinds."""
        new = tuple(dict.fromkeys(given))
        kinds = {budget.kind for budget in new}
        return replace(self, budgets=(*(old for old in self.budgets if old.kind not in kinds), *new))

    @property
    def bounds(self) -> bool:
        """Whether it asks for anything."""
        return bool(self.budgets or self.paths or self.packages)


@dataclass(frozen=True, slots=True)
class Target:
    """One image that is gated. ``image`` and ``baseline`` are None where the command line names them.

    ``stage`` is what is built of a Dockerfile for it. ``shared``: the baseline is a file about several images.
    ``required``: without its baseline nothing is established, whatever the policy.
    """

    name: str
    policy: Policy
    image: str | None = None
    baseline: str | None = None
    stage: str | None = None
    platform: str | None = None
    shared: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class Waiver:
    """A budget that one image may exceed up to and with a day, for a reason."""

    image: str
    budget: str
    reason: str
    until: date


@dataclass(frozen=True, slots=True)
class GateSettings:
    """The table ``gate``. ``ratchet`` is the file of sizes that lies with the project."""

    policy: Policy = field(default_factory=Policy)
    platform: str | None = None
    images: tuple[Target, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    ratchet: Path | None = None


def settings(file: ConfigFile | None) -> GateSettings:
    """What a file says; defaults without one.

    Raises:
        ConfigError: a key is unknown, or its value cannot be used.
    """
    if file is None:
        return GateSettings()
    gate = top_level(file, {"gate": GATE}).table_of("gate")
    gate.only(GATE)
    policy, platform = _policy(gate, Policy()), _platform(gate, None)
    images = tuple(_images(gate, policy, platform))
    return GateSettings(policy, platform, images, tuple(_waivers(gate, images)), _ratchet(gate))


def below(path: str, folder: Path) -> str:
    """A path of a configuration in this folder, from the current one, as reports may show it; an absolute one as it is."""
    return path if os.path.isabs(path) else relative(str(folder / path), Path.cwd())  # noqa: PTH117 - it is text


def _ratchet(gate: Section) -> Path | None:
    text = gate.string("ratchet")
    return None if text is None else Path(below(text, gate.file.folder))


def _images(gate: Section, policy: Policy, platform: str | None) -> Iterator[Target]:
    names = set[str]()
    for section in gate.tables("images"):
        section.only(IMAGE)
        name = _said(section, "name")
        if name in names:
            raise section.error("name", f"another image is called {name!r} too")
        names.add(name)
        yield Target(
            name,
            _policy(section, policy),
            image=section.string("image"),
            baseline=section.string("baseline"),
            stage=section.string("target"),
            platform=_platform(section, platform),
        )


def _policy(section: Section, default: Policy) -> Policy:
    """What a table says, over what holds for all images."""
    floor = section.string("noise-floor")
    policy = Policy(
        measure=Measure(section.string("measure", tuple(Measure)) or default.measure),
        noise_floor=default.noise_floor
        if floor is None
        else _read(section, "noise-floor", budgets.size, floor),
        missing=Missing(section.string("missing-baseline", tuple(Missing)) or default.missing),
        require=Require(section.string("require", tuple(Require)) or default.require),
        budgets=default.budgets,
        paths=_patterns(section, "forbid-paths", default.paths),
        packages=_patterns(section, "forbid-packages", default.packages),
    )
    for pattern in policy.packages:
        _read(section, "forbid-packages", check_package, pattern)
    return policy.with_budgets(_budgets(section))


def check_package(pattern: str) -> None:
    """Refuse a pattern of packages that can match none.

    Raises:
        ValueError: it is no glob, or of a manager whose packages are not read.
    """
    compile_match(pattern)
    manager, colon, _ = pattern.partition(":")
    if colon and not any(map(compile_match(manager), MANAGERS)):
        near = nearest(manager, MANAGERS)
        raise ValueError(f"{pattern!r}: no manager is called {manager!r}{near}: {', '.join(MANAGERS)}")


def _budgets(section: Section) -> Iterator[Budget]:
    for key, parse in (
        ("max-size", budgets.max_size),
        ("max-growth", budgets.max_growth),
        ("max-waste", budgets.max_waste),
    ):
        yield from (_read(section, key, parse, text) for text in _texts(section, key))
    layers = section.integer("max-layers")
    if layers is not None:
        yield _read(section, "max-layers", budgets.max_layers, layers)


def _texts(section: Section, key: str) -> tuple[str, ...]:
    """One string or a list of them."""
    if isinstance(section.table.get(key), list):
        return section.strings(key) or ()
    text = section.string(key)
    return () if text is None else (text,)


def _patterns(section: Section, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    given = section.strings(key)
    return default if given is None else given


def _read(section: Section, key: str, parse: Callable[..., T], value: str | int) -> T:
    try:
        return parse(value)
    except ValueError as error:
        raise section.error(key, str(error)) from None


def _platform(section: Section, default: str | None) -> str | None:
    text = section.string("platform")
    return default if text is None else _read(section, "platform", normal_platform, text)


def _said(section: Section, key: str) -> str:
    text = section.string(key)
    if not text or not text.strip():
        raise section.error(key, "is missing" if text is None else "must not be empty")
    return text


def _waivers(gate: Section, images: Iterable[Target]) -> Iterator[Waiver]:
    names = [image.name for image in images]
    for section in gate.tables("waivers"):
        section.only(WAIVER)
        for key in ("image", "budget"):
            _said(section, key)
        until = section.date("until")
        if until is None:
            raise section.error("until", "is missing: a waiver ends")
        yield Waiver(
            section.string("image", names) or "",
            section.string("budget", BUDGETS) or "",
            _said(section, "reason"),
            until,
        )
