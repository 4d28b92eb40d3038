"""From the name of an image and of its baseline to a judgement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from imgtool.gates import ratchet
from imgtool.gates.judge import judge
from imgtool.gates.model import Judged, Weighed
from imgtool.gates.settings import Policy, Target, Waiver
from imgtool.images.baseline import MAX_FILE, NoBaselineError, decoded, read
from imgtool.images.compare import Measure, compare
from imgtool.images.errors import ImageError, NoImageError
from imgtool.images.measure import Measures
from imgtool.syntax.source import open_regular
from imgtool.values import dataclass, field, replace

_KINDS = {"docker-archive", "docker-daemon", "oci", "oci-archive", "registry"}


class Reader(Protocol):
    """Reads an image. ``layers``: what is in it, else only what its manifest says.

    Raises:
        ImageError: it cannot be read; NoImageError: there is none.
    """

    def __call__(self, reference: str, platform: str | None, *, layers: bool) -> Weighed: ...


@dataclass(frozen=True, slots=True)
class Given:
    """What all images of a run share.

    ``ratchet`` holds what they weighed when it was moved last, and ``kept`` is its file, where there is to be one;
    ``update``: it is moved, to what they weigh now.
    """

    read: Reader
    today: date
    waivers: Sequence[Waiver] = ()
    ratchet: Mapping[str, Measures] = field(default_factory=dict, repr=False)
    update: bool = False
    kept: Path | None = None


def run(target: Target, given: Given) -> Judged:
    """Read an image and its baseline and judge it; what cannot be read is the judgement's error."""
    try:
        return _run(target, given)
    except ImageError as error:
        return Judged(target.name, target.policy.measure, error=error.reason)


def _run(target: Target, given: Given) -> Judged:
    image, layers = target.image or target.name, _needs_layers(target.policy)
    head = _read(given, image, target.platform, layers=layers)
    try:
        base = _baseline(target, head.measures, given, layers=layers)
        if base and not layers and not _comparable(base, head, target.policy):
            # what manifests say is not enough
            head = _read(given, image, target.platform, layers=True)
            base = _baseline(target, head.measures, given, layers=True)
    except ImageError as error:
        if isinstance(error, NoImageError) and not target.required:
            return judge(target, head, None, missing=error.reason, waivers=given.waivers, today=given.today)
        judged = judge(target, head, None, waivers=given.waivers, today=given.today)
        kept = tuple(held for held in judged.held if held.kind != "max-growth")
        return replace(judged, held=kept, error=error.reason)
    missing = "" if base else _missing(target, given)
    return judge(target, head, base, missing=missing, waivers=given.waivers, today=given.today)


def _needs_layers(policy: Policy) -> bool:
    asked = policy.paths or policy.packages or policy.of("max-waste")
    return bool(asked) or policy.measure is not Measure.TRANSFER


def _comparable(base: Weighed, head: Weighed, policy: Policy) -> bool:
    try:
        compare(base.measures, head.measures, policy.measure)
    except ImageError:
        return False
    return True


def _read(given: Given, reference: str, platform: str | None, *, layers: bool) -> Weighed:
    try:
        return given.read(reference, platform, layers=layers)
    except ImageError as error:
        raise type(error)(f"{reference} cannot be measured: {error.reason}") from None


def _missing(target: Target, given: Given) -> str:
    """Why nothing is named to compare with."""
    if given.kept is None:
        return "none is given"
    what = f"holds no {target.name!r}" if given.kept.exists() else "does not exist"
    return f"the ratchet {given.kept} {what} yet: imgtool gate --update writes what the image weighs"


# -- baselines --------------------------------------------------------------------------------------------


def _baseline(target: Target, head: Measures, given: Given, *, layers: bool) -> Weighed | None:
    """What a target is compared with; None where nothing is named.

    Raises:
        NoImageError: what is named does not exist.
        ImageError: it cannot be read.
    """
    named = target.baseline
    if named is None:
        known = head if given.update else given.ratchet.get(target.name)
        return Weighed(known) if known else None
    if named.endswith(".json"):
        return Weighed(_of_file(named, target, head))
    try:
        return _read(given, named, target.platform or head.image.platform, layers=layers)
    except NoImageError:
        raise
    except ImageError:
        if target.platform:
            raise
        # so that the comparison can say which two platforms there are
        return _read(given, named, None, layers=layers)


def _of_file(path: str, target: Target, head: Measures) -> Measures:
    try:
        value = load(Path(path))
        if isinstance(value, dict):
            found = ratchet.parse(value, path).get(target.name)
        else:
            found = _chosen(read(value), target, head)
    except NoBaselineError as error:
        raise ImageError(f"{path} is no baseline: {error}") from None
    if found is None:
        raise NoImageError(f"{path} holds no such image")
    return found


def _chosen(rows: Sequence[Measures], target: Target, head: Measures) -> Measures | None:
    """The row of the same name, and among those of the same platform; the only one, where it is for this image alone."""
    named = [row for row in rows if _bare(row.image.reference) in _names(target, head)]
    if not named and not target.shared and len(rows) == 1:
        named = list(rows)
    same = [row for row in named if row.image.platform == head.image.platform]
    return next(iter(same or named), None)


def _names(target: Target, head: Measures) -> set[str]:
    return {_bare(name) for name in (target.name, target.image, head.image.reference) if name}


def _bare(reference: str) -> str:
    """A reference without its kind, which may be left out."""
    kind, colon, rest = reference.partition(":")
    return rest if colon and kind in _KINDS else reference


def load(path: Path) -> Any:
    """The value in a JSON file.

    Raises:
        NoImageError: there is no such file.
        ImageError: it cannot be read.
        NoBaselineError: it is not JSON.
    """
    try:
        with open_regular(path) as file:
            data = file.read(MAX_FILE + 1)
    except FileNotFoundError:
        raise NoImageError(f"{path} does not exist") from None
    except OSError as error:
        raise ImageError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > MAX_FILE:
        raise NoBaselineError(f"it is larger than {MAX_FILE:,} bytes")
    return decoded(data)


def recorded(path: Path) -> dict[str, Measures]:
    """The images of a ratchet; none where there is no such file yet.

    Raises:
        ImageError: it cannot be read, or is none.
    """
    try:
        return ratchet.parse(load(path), str(path))
    except NoImageError:
        return {}
    except NoBaselineError as error:
        raise ImageError(f"{path} is no ratchet: {error}") from None


def moved(old: Mapping[str, Measures], judged: Iterable[Judged], *, whole: bool) -> dict[str, Measures]:
    """The images of a ratchet as of now; ``whole``: those that were not judged are gone."""
    heads = {one.name: one.head for one in judged}
    kept = {name: size for name, size in old.items() if name in heads or not whole}
    return {**kept, **{name: head for name, head in heads.items() if head}}
