"""Which system packages bring back what a second image lacks, by the first image's own package database."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from imgtool.families.needs import software_of
from imgtool.images.packages import dpkg, rpm
from imgtool.regex import regex
from imgtool.values import dataclass
from imgtool.verify.config import environment
from imgtool.verify.model import Difference, Image, Weight

#: What both systems accept as a package's name; anything else goes into no Dockerfile.
_NAME = regex(r"[A-Za-z0-9][A-Za-z0-9+._-]{0,127}")
#: What shells and linkers say in a build that lacks something.
_NOT_FOUND = (
    regex(r"(?<![\w.+-])(lib[\w.+-]++)(?:: cannot open shared object| => not found)"),
    regex(r"(?:^|[\s:/])([\w.+-]+): (?:command )?not found"),
    regex(r"No such file or directory: ['\"]([\w./+-]+)['\"]"),
)


@dataclass(frozen=True, slots=True)
class Remedy:
    """What a second image lacks. ``packages`` bring it back; ``accelerator``: a larger flavour of its base does.

    ``unknown`` are paths of the first image that no package owns.
    """

    packages: tuple[str, ...] = ()
    accelerator: bool = False
    unknown: tuple[str, ...] = ()


def remedy(before: Image, after: Image, differences: Sequence[Difference]) -> Remedy:
    """What installs the paths that failing differences say are lost."""
    failing = [one for one in differences if one.weight is Weight.FAIL and one.explained_by is None]
    lost = [path for one in failing if (path := one.lost or one.path)]
    return of_paths(before, [path for path in lost if not after.tree.get(path)], has=_packages(after))


def of_log(before: Image, log: Sequence[str]) -> Remedy:
    """What installs the programs and libraries that the last lines of a failed build miss."""
    names = {found for line in log for pattern in _NOT_FOUND for found in pattern.findall(line)}
    folders = [*environment(before.config).get("PATH", "").split(":"), *_LIBRARY_FOLDERS]
    paths = {path for name in names for path in _places(before, name, folders)}
    return of_paths(before, sorted(paths), has=frozenset())


_LIBRARY_FOLDERS = (
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/local/cuda/lib64",
    "/usr/lib",
)


def _places(image: Image, name: str, folders: Sequence[str]) -> Iterator[str]:
    places = (posixpath.join(folder or "/", name) for folder in folders)
    yield from [place for place in places if image.tree.get(place)][:1]


def of_paths(image: Image, paths: Sequence[str], *, has: frozenset[str]) -> Remedy:
    """The packages that own paths of an image, without those that the other one ``has``."""
    packages: dict[str, None] = {}
    unknown = []
    accelerator = False
    for path, owners in _owners(image, paths):
        if _is_accelerators(image, path, owners):
            accelerator = True
        elif new := [name for name in owners if name not in has and _NAME.fullmatch(name)]:
            packages[new[0]] = None
        else:
            unknown.append(path)
    return Remedy(tuple(packages), accelerator, tuple(unknown))


def _packages(image: Image) -> frozenset[str]:
    return frozenset(dpkg.ledger(image.tree, owners=False).packages).union(
        one.name for one in rpm.packages(image.tree)
    )


def _is_accelerators(image: Image, path: str, owners: Sequence[str]) -> bool:
    """Whether the accelerator's software brings a path: that is what flavours of its images differ in."""
    places = (path, image.tree.resolve(path) or path)
    return any(software_of("files", place) for place in places) or any(
        software_of("packages", name) for name in owners
    )


def _owners(image: Image, paths: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each path with its owners: those of the link before those of what it leads to."""
    owned = (dpkg.ledger(image.tree).owners or rpm.owners(image.tree)) if paths else {}
    for path in paths:
        folder = image.tree.resolve(posixpath.dirname(path)) or posixpath.dirname(path)
        link = posixpath.join(folder, posixpath.basename(path))
        yield path, owned.get(link) or owned.get(image.tree.resolve(path) or path, ())
