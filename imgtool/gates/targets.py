"""Which images are gated, and on what: the command line over the configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from imgtool.config import nearest
from imgtool.gates.settings import GateSettings, Missing, Policy, Require, Target, below, check_package
from imgtool.images import reference as references
from imgtool.images.budget import Budget, max_growth
from imgtool.images.compare import Measure
from imgtool.regex import regex
from imgtool.values import dataclass, replace

_NAME = regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
#: Kinds of places that are files or folders.
_FILES = ("docker-archive:", "oci:", "oci-archive:")
#: BASE and HEAD.
_PAIR = 2


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says. ``images`` are ``[NAME=]IMAGE``, ``baselines`` ``[NAME=]IMAGE`` or files.

    None and empty: what the configuration says. ``builds``: images come from a Dockerfile, of ``stage`` if there is
    one, and ``against``: so do baselines.
    """

    images: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ()
    measure: Measure | None = None
    noise_floor: int | None = None
    missing: Missing | None = None
    require: Require | None = None
    budgets: tuple[Budget, ...] = ()
    paths: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    platform: str | None = None
    builds: bool = False
    against: bool = False
    stage: str | None = None


def targets(asked: Asked, settings: GateSettings, folder: Path) -> tuple[Target, ...]:
    """What is gated; paths of the configuration are relative to ``folder``.

    Raises:
        ValueError: nothing is named, two are called the same, one has the name of none of the configuration, or it is
            not told which baseline is whose.
    """
    if _are_base_and_head(asked, {target.name for target in settings.images}):
        base, head = asked.images
        pair = Target(head, settings.policy, head, base, platform=settings.platform, required=True)
        return (_told(pair, asked, settings),)
    chosen = tuple(_chosen(asked, settings, folder))
    _refuse_twice("images", [target.name for target in chosen])
    chosen = _with_baselines(chosen, asked)
    return tuple(_told(target, asked, settings) for target in chosen)


def _chosen(asked: Asked, settings: GateSettings, folder: Path) -> Iterator[Target]:
    known = {target.name: _located(target, folder) for target in settings.images}
    if asked.images:
        yield from (_named(text, known, settings) for text in asked.images)
    elif asked.builds:
        staged = [target for target in known.values() if target.stage and not asked.stage]
        yield from staged or [Target("image", settings.policy, stage=asked.stage, platform=settings.platform)]
    elif known:
        yield from known.values()
    else:
        raise ValueError("no image is named, on the command line or in [tool.imgtool.gate]")


def _named(text: str, known: Mapping[str, Target], settings: GateSettings) -> Target:
    name, image = _split(text, known)
    for target in known.values():
        if target.name == name or (name is None and image in {target.image, target.name}):
            return replace(target, image=image if image != target.name else target.image)
    if name and known:
        # a slip would let go of the image's own budgets
        raise ValueError(
            f"no image of the configuration is called {name!r}{nearest(name, known)}: "
            f"they are {', '.join(known)}; without NAME= it is held to what holds for all"
        )
    return Target(name or text, settings.policy, image, platform=settings.platform)


def _split(text: str, known: Iterable[str] = ()) -> tuple[str | None, str]:
    """``NAME=IMAGE``; a file whose name looks so is a file."""
    name, found, image = text.partition("=")
    if (
        found
        and image
        and (name in known or _NAME.fullmatch(name))
        and references.why_no_file(text) == references.ABSENT
    ):
        return name, image
    return None, text


def _are_base_and_head(asked: Asked, known: set[str]) -> bool:
    """Two images, unless one is ``NAME=IMAGE`` or both are called so in the configuration."""
    if len(asked.images) != _PAIR or asked.baselines or known.issuperset(asked.images):
        return False
    return all(_split(text, known)[0] is None for text in asked.images)


def _refuse_twice(what: str, names: Sequence[str]) -> None:
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(
            f"{len(twice)} {what} are called {twice[0]!r}: name each once, or apart with NAME=IMAGE"
        )


def _with_baselines(chosen: tuple[Target, ...], asked: Asked) -> tuple[Target, ...]:
    """Each with its baseline: the one under its name, or else the one that is named for all."""
    names = {target.name for target in chosen}
    pairs = [_split(text, names) for text in asked.baselines]
    own = {name: image for name, image in pairs if name is not None}
    if strange := sorted(own.keys() - names):
        near = nearest(strange[0], sorted(names))
        raise ValueError(
            f"--baseline {strange[0]}=...: no image that is gated is called {strange[0]!r}{near}"
        )
    _refuse_twice("baselines", [name for name, _ in pairs if name is not None])
    if asked.missing is None:
        _refuse_absent(image for _, image in pairs)
    for_all = [image for name, image in pairs if name is None]
    open_ones = [target for target in chosen if target.name not in own]
    if len(for_all) > 1 or (for_all and len(open_ones) > 1 and not for_all[0].endswith(".json")):
        raise ValueError("say which baseline is whose: --baseline NAME=IMAGE")
    several = len(open_ones) > 1
    return tuple(
        replace(target, baseline=own[target.name], shared=False)
        if target.name in own
        else replace(target, baseline=for_all[0], shared=several)
        if for_all
        else target
        for target in chosen
    )


def _refuse_absent(baselines: Iterable[str]) -> None:
    """Refuse files that are not there: who names one here has it, and a slip would let all growth pass."""
    for text in baselines:
        path = text if text.endswith(".json") else _path(text)
        if path and references.why_no_file(path) == references.ABSENT:
            raise ValueError(
                f"--baseline {text}: {path} does not exist; where it may be absent, say what that means: "
                f"--missing-baseline {' or '.join(Missing)}"
            )


def _path(text: str) -> str | None:
    parsed = references.parse(text)
    return parsed.place if parsed.source in references.NAMED_WITHIN else None


def _told(target: Target, asked: Asked, settings: GateSettings) -> Target:
    """With what the command line says, and with what a ratchet means where nobody says anything about growth."""
    policy = _policy(target.policy, asked)
    for pattern in policy.packages:
        check_package(pattern)
    compared = target.baseline is not None or asked.against
    if settings.ratchet and not compared and not policy.of("max-growth"):
        policy = policy.with_budgets([max_growth("0")])
    if not policy.bounds:
        raise ValueError(f"{target.name}: a gate needs a budget, as --max-growth or --max-size")
    if any(one.kind == "max-growth" for one in asked.budgets) and not compared and not settings.ratchet:
        other = " or --against-dockerfile" if asked.builds else ""
        raise ValueError(f"{target.name}: growth over what? Name a --baseline{other}")
    if target.image is None and not asked.builds:
        raise ValueError(f"it is not told which image {target.name!r} is: {target.name}=IMAGE")
    return replace(target, policy=policy, platform=asked.platform or target.platform)


def _policy(policy: Policy, asked: Asked) -> Policy:
    return replace(
        policy.with_budgets(asked.budgets),
        measure=asked.measure or policy.measure,
        noise_floor=policy.noise_floor if asked.noise_floor is None else asked.noise_floor,
        missing=asked.missing or policy.missing,
        require=asked.require or policy.require,
        paths=asked.paths or policy.paths,
        packages=asked.packages or policy.packages,
    )


def _located(target: Target, folder: Path) -> Target:
    return replace(
        target, image=_below(target.image, folder) or None, baseline=_below(target.baseline, folder) or None
    )


def _below(text: str | None, folder: Path) -> str:
    """A reference of a configuration with its path from here; a name in an engine or a registry as it is."""
    if text is None:
        return ""
    kind = next((kind for kind in _FILES if text.startswith(kind)), "")
    path = below(text[len(kind) :], folder)
    return f"{kind}{path}" if kind or text.endswith(".json") or Path(path).is_file() else text
