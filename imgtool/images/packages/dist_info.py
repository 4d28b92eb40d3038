"""Python's installed distributions, as installers record them.

What is read is the core metadata and RECORD of a ``dist-info`` folder
(https://packaging.python.org/en/latest/specifications/recording-installed-packages/), or what setuptools wrote into
an ``egg-info`` or an egg (https://setuptools.pypa.io/en/latest/deprecated/python_eggs.html).
"""

from __future__ import annotations

import csv
import posixpath
from collections.abc import Iterator
from itertools import chain

from imgtool.images.packages.model import Files, Listed, lines
from imgtool.regex import regex
from imgtool.values import dataclass

MAX_METADATA = 1 << 20
MAX_RECORD = 32 << 20
#: What the metadata of a distribution lies in, beside the modules.
SUFFIXES = (".dist-info", ".egg-info", ".egg")
_EGG = "/EGG-INFO"
_INSTALLED = "installed-files.txt"
NAMES = ("METADATA", "RECORD", "PKG-INFO", "top_level.txt", _INSTALLED)
_PARAGRAPH = regex(r"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed distribution. ``name`` is normalised (:pep:`503`), ``folder`` where its metadata lies.

    ``requires`` are its requirements as written; ``site`` is the folder that its RECORD counts from; ``modules`` are
    the names under which it says that it is imported.
    """

    name: str
    version: str
    folder: str
    site: str
    requires: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()


def keep(path: str, size: int) -> bool:
    """Whether a file is one that :func:`distribution` or :func:`listed` reads."""
    return size <= MAX_RECORD and metadata_folder(path) is not None


def metadata_folder(path: str) -> str | None:
    """Where the metadata lies that a file is part of: a folder, or an egg-info that is a file."""
    folder, _, name = path.rpartition("/")
    if name in NAMES and folder.endswith((*SUFFIXES[:2], _EGG)):
        return folder
    return path if path.endswith(".egg-info") else None


def places(folder: str) -> tuple[str, ...]:
    """The paths of a distribution's metadata, of which it has some."""
    return (folder, *(f"{folder}/{name}" for name in NAMES))


def distribution(files: Files, folder: str) -> Distribution | None:
    """What the metadata in a folder says; None where it does not tell a name and a version."""
    from packaging.utils import canonicalize_name  # noqa: PLC0415 - slow to load

    places = (f"{folder}/METADATA", f"{folder}/PKG-INFO", folder)
    data = next((data for place in places if (data := files.read(place, MAX_METADATA))), b"")
    fields: dict[str, list[str]] = {}
    for line in _PARAGRAPH.split(data.decode("utf-8", "replace"), maxsplit=1)[0].splitlines():
        key, colon, value = line.partition(": ")
        if colon and not key.startswith((" ", "\t")):
            fields.setdefault(key.lower(), []).append(value.strip())
    if not fields.get("name") or not fields.get("version"):
        return None
    return Distribution(
        name=str(canonicalize_name(fields["name"][0])),
        version=fields["version"][0],
        folder=folder,
        site=posixpath.dirname(folder.removesuffix(_EGG)),
        requires=tuple(fields.get("requires-dist", ())),
        modules=tuple(
            (files.read(f"{folder}/top_level.txt", MAX_METADATA) or b"").decode("utf-8", "replace").split()
        ),
    )


def recorded(files: Files, one: Distribution) -> Iterator[str]:
    """The paths in a distribution's RECORD."""
    rows = csv.reader(lines(files, f"{one.folder}/RECORD", MAX_RECORD))
    try:
        for row in rows:
            if row and row[0]:
                yield posixpath.normpath(posixpath.join(one.site, row[0]))
    except csv.Error:
        # no installer reads on here either
        return


def listed(files: Files, one: Distribution) -> Listed:
    """A distribution with what is its own: by its RECORD, by setuptools' list, or else by its modules' names."""
    if one.folder.endswith(_EGG):
        return Listed(one.name, one.version, folders=(posixpath.dirname(one.folder),))
    for paths in (recorded(files, one), _installed(files, one)):
        first = next(paths, None)
        if first is not None:
            return Listed(one.name, one.version, chain((first,), paths))
    modules = [posixpath.join(one.site, name) for name in one.modules if "/" not in name]
    return Listed(
        one.name, one.version, (*(f"{name}.py" for name in modules), one.folder), (*modules, one.folder)
    )


def _installed(files: Files, one: Distribution) -> Iterator[str]:
    """The list that counts from the egg-info's own folder; pip wrote it for what setuptools installed."""
    for line in lines(files, f"{one.folder}/{_INSTALLED}", MAX_RECORD):
        if line:
            yield posixpath.normpath(posixpath.join(one.folder, line))
