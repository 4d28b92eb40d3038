"""What package managers leave behind besides the packages."""

from __future__ import annotations

from functools import cache, lru_cache

from imgtool.families.model import Evidence, rows
from imgtool.values import NamedTuple


class PackageCache(NamedTuple):
    """Lists, metadata or downloads that a package manager keeps and nothing needs at run time.

    ``managers`` leave it behind with ``operations`` (words of ``facts.packages.Operation``). A folder without
    a leading slash is below the user's home. ``variable`` names another folder, ``off`` are variables that
    switch the cache off, ``option`` does so for one command. ``clean`` is a command that empties it;
    ``{program}`` in it is the manager as it was called.

    ``mounts`` are the folders that a cache mount can stand for: nothing but the cache is in them, and what is installed
    holds without. ``sharing`` is the mount's, ``apart`` the option that keeps links to the cache out of what is installed. ``built``: wheels that it built itself are kept, too.
    """

    name: str
    what: str
    managers: tuple[str, ...]
    operations: tuple[str, ...]
    folders: tuple[str, ...]
    clean: str
    source: tuple[str, ...]
    evidence: Evidence
    variable: str | None = None
    off: tuple[str, ...] = ()
    option: str | None = None
    mounts: tuple[str, ...] = ()
    sharing: str | None = None
    apart: str | None = None
    built: bool = False

    def __hash__(self) -> int:
        # much is kept by cache
        return hash(self.name)


class CacheSize(NamedTuple):
    """Bytes that filling a cache once leaves on a system, as they lie in the layer."""

    cache: str
    os: str
    version: str
    bytes: int
    source: tuple[str, ...]
    evidence: Evidence


def package_caches() -> tuple[PackageCache, ...]:
    """All that are known."""
    return rows("caches", "cache", PackageCache)


@cache
def cache_of(manager: str) -> PackageCache | None:
    """The cache of a package manager, by the program's name."""
    return next((row for row in package_caches() if manager in row.managers), None)


@lru_cache(maxsize=256)
def cache_bytes(name: str, os: str | None, version: str | None) -> int | None:
    """What filling a cache once leaves on a system; the least that was measured where the release is not known."""
    sizes = {
        row.version: row.bytes
        for row in rows("caches", "size", CacheSize)
        if row.cache == name and row.os == os
    }
    return sizes.get(version) if version else min(sizes.values(), default=None)
