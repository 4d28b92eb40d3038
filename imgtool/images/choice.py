"""Which image of several is meant."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from imgtool.images import platforms
from imgtool.images.descriptors import Descriptor
from imgtool.images.errors import ImageError, NoImageError
from imgtool.values import NamedTuple, dataclass, field, replace


class Stored(NamedTuple):
    """A layer by its name in a store; docker's own list has no descriptor for it."""

    name: str
    descriptor: Descriptor | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A manifest that an index lists; ``document`` is there where it had to be read to know that it is one."""

    names: tuple[str, ...]
    descriptor: Descriptor
    document: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def platform(self) -> str | None:
        return self.descriptor.platform


@dataclass(frozen=True, slots=True)
class Candidate:
    """One image of one platform. ``digest`` is that of its manifest, None where docker's own list names it."""

    names: tuple[str, ...]
    platform: str
    digest: str | None
    config: Mapping[str, Any] = field(repr=False)
    config_digest: str
    config_size: int
    layers: tuple[Stored, ...]

    def is_called(self, name: str) -> bool:
        """Whether a name is one of its own, docker's abbreviations undone, or one of its digests."""
        digest = name.partition("@")[2] or name
        named = _full_name(name) in map(_full_name, self.names)
        return named or digest in {self.digest, self.config_digest}


def of_platform(listed: Sequence[Listed], platform: str | None) -> list[Listed]:
    """Those that may be of a platform, by what an index states; without one, of this machine's on Linux.

    Raises:
        ImageError: none of them is.
    """
    stated = {one.platform for one in listed}
    if platform is None and (None in stated or len(stated) < 2):
        return list(listed)
    platform = platform or platforms.of_machine()
    fitting = [one for one in listed if one.platform in {None, platform}]
    if not fitting and listed:
        raise ImageError(f"it holds {_listing(listed)}, and nothing for {platform}")
    return fitting


def choose(
    found: Sequence[Candidate], name: str | None, platform: str | None, place: str | None
) -> Candidate:
    """The one image that a name and a platform mean; without a platform the only one, or this machine's.

    ``place`` is what a user types in front of a name.

    Raises:
        NoImageError: none has the name.
        ImageError: none has the platform, or several do.
    """
    if name is not None:
        found = _called(found, name)
    if platform is None and len({image.platform for image in found}) > 1:
        platform = platforms.of_machine()
    if platform is not None:
        fitting = [image for image in found if image.platform == platform]
        if not fitting:
            raise ImageError(f"it holds {_listing(found)}, and nothing for {platform}")
        found = fitting
    if len(found) > 1:
        raise ImageError(f"it holds {_listing(found)}: {_how_to_choose(found, place)}")
    return found[0]


def merged(found: Iterable[Candidate]) -> list[Candidate]:
    """Images that are listed under several names, each once with all of them."""
    unique: dict[tuple[str, tuple[str, ...]], Candidate] = {}
    for image in found:
        key = image.config_digest, tuple(layer.name for layer in image.layers)
        first = unique.get(key)
        unique[key] = image if first is None else replace(first, names=first.names + image.names)
    return list(unique.values())


def _called(found: Sequence[Candidate], name: str) -> list[Candidate]:
    named = [image for image in found if image.is_called(name)]
    if not named:
        raise NoImageError(f"it holds {_listing(found)}, and not {name}")
    return named


def _how_to_choose(found: Iterable[Candidate], place: str | None) -> str:
    """The words to type for each image."""
    if place is None:
        return "nothing tells them apart"
    words = [f"{place}:{(*image.names, image.digest or image.config_digest)[0]}" for image in found]
    return f"say which, as {' or '.join(map(shlex.quote, words))}"


def _listing(images: Iterable[Candidate | Listed]) -> str:
    return ", ".join(
        f"{image.names[0] if image.names else 'an image'} ({image.platform})" for image in images
    )


def _full_name(name: str) -> str:
    name = name.removeprefix("docker.io/").removeprefix("library/")
    return name if ":" in name.rpartition("/")[2] or "@" in name else f"{name}:latest"
