"""Whether an image is still supported, at the day of the data."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from imgtool.families.images import (
    BaseImage,
    Release,
    identify,
    image_of,
    listed,
    reference_of,
    release_of,
    releases_of,
)
from imgtool.families.model import Evidence, Order, collected, order
from imgtool.values import dataclass

Status = Literal["supported", "superseded", "withdrawn", "unknown"]


@dataclass(frozen=True, slots=True)
class Life:
    """Support of an image at the data's date.

    ``superseded``: a newer point release is the supported one; ``move_to`` is the reference to it, where the
    data lists that tag. ``withdrawn``: the vendor supports it no longer, or removed the tag; it may still be
    pullable. ``unknown``: newer than the data, or nothing is known.
    """

    status: Status
    why: str = ""
    move_to: str | None = None
    source: tuple[str, ...] = ()
    evidence: Evidence = "V"


UNKNOWN = Life("unknown")


@lru_cache(maxsize=1024)
def life(base: BaseImage) -> Life:
    """Whether the image is supported, and where to move to."""
    image = image_of(base)
    tag = base.ref.tag or ("latest" if base.ref.digest is None else None)
    gone = image.withdrawn or (image.removed.get(tag) if tag else None)
    if gone:
        return Life("withdrawn", gone, None, image.source, image.evidence)
    release = release_of(base)
    if release is not None and release.ends is not None:
        return _dated(base, release)
    if image.policy is None or order(base.version) is None:
        return UNKNOWN
    return _by_policy(base, release, image.policy)


def _dated(base: BaseImage, release: Release) -> Life:
    if release.ends is not None and release.ends < collected():
        why = f"{base.family} {release.version} reached end of life on {release.ends}"
        return Life("withdrawn", why, None, release.source, release.evidence)
    return Life("supported", "", None, release.source, release.evidence)


def _by_policy(base: BaseImage, release: Release | None, policy: str) -> Life:
    """Only the newest point release of an X.Y is supported; what is older than every listed one is not."""
    newer = _newest_supported(base)
    if newer is not None and newer.version != base.version:
        move = reference_of(base, newer.version) if listed(base, newer.version) else None
        why = f"{newer.version} replaced {base.version}, as {policy}"
        return Life("superseded", why, move, newer.source, newer.evidence)
    if release is not None:
        return _stated(base, release, policy)
    if _left_behind(base):
        image = image_of(base)
        why = f"no list names {base.version} any more, as {policy}"
        return Life("withdrawn", why, None, image.source, image.evidence)
    return UNKNOWN


def _left_behind(base: BaseImage) -> bool:
    """Whether no list names the version, and everything listed (of its X.Y, where there is any) is newer."""
    version = order(base.version)
    every = releases_of(base)
    known = [
        order(r.version) for r in [r for r in every if _line(r.version) == _line(base.version or "")] or every
    ]
    return version is not None and all(other is not None and version < other for other in known)


@lru_cache(maxsize=1024)
def system_life(base: BaseImage) -> Life:
    """Whether the distribution under an image is still supported; unknown where the image is the distribution."""
    system = identify(f"{base.os}:{base.os_version}") if base.os and base.os_version else None
    return life(system) if system is not None and system.family != base.family else UNKNOWN


@lru_cache(maxsize=1024)
def successor(base: BaseImage) -> str | None:
    """A supported image that is newer, to move to where :func:`life` names none.

    The same tag with the newest supported version of the same major. For a distribution its next release that is
    supported: the smallest step, since packages change names and versions with each.
    """
    newer = _newer(base)
    if image_of(base).distribution:
        alive = [(known, r.version) for known, r in newer if r.ends is not None and r.ends >= collected()]
        return f"{base.family}:{min(alive)[1]}" if alive else None
    major = _line(base.version or "")[:1]
    for _, release in newer:
        if (
            release.status == "supported"
            and _line(release.version)[:1] == major
            and listed(base, release.version)
        ):
            return reference_of(base, release.version)
    return None


def _newer(base: BaseImage) -> list[tuple[Order, Release]]:
    """The releases after the image's own, as the data lists them.

    What came before an interim release may be supported for longer than it, but leads back.
    """
    version = order(base.version)
    known = [(order(release.version), release) for release in releases_of(base)]
    return [(other, release) for other, release in known if other and version and other > version]


def _stated(base: BaseImage, release: Release, policy: str) -> Life:
    if release.status == "unsupported":
        why = f"{base.version} is listed as unsupported, as {policy}"
        return Life("withdrawn", why, None, release.source, release.evidence)
    if release.status == "supported" and listed(base) is not False:
        return Life("supported", "", None, release.source, release.evidence)
    return UNKNOWN


def _newest_supported(base: BaseImage) -> Release | None:
    """The supported release of the same X.Y, where it is not older."""
    line, version = _line(base.version or ""), order(base.version)
    for release in releases_of(base):
        known = order(release.version)
        if release.status == "supported" and _line(release.version) == line and known and version:
            return release if known >= version else None
    return None


def _line(version: str) -> list[str]:
    return version.split(".")[:2]
