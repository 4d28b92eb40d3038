"""What an image holds, and what another flavour of it would save."""

from __future__ import annotations

from functools import lru_cache

from imgtool.families.images import BaseImage, applies, fill, os_token, release_of, table
from imgtool.families.inherited import beyond
from imgtool.families.model import Evidence, Measure, fullmatch
from imgtool.values import NamedTuple, dataclass


class ContentsRow(NamedTuple):
    """What the images that the row applies to hold and lack; the packages are templates ({X-Y} is 12-4)."""

    image: tuple[str, ...]
    source: tuple[str, ...]
    evidence: Evidence
    flavour: tuple[str, ...] = ()
    addon: str | None = None
    os: tuple[str, ...] = ()
    since: str | None = None
    before: str | None = None
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    deb: tuple[str, ...] = ()
    rpm: tuple[str, ...] = ()
    note: str | None = None


class SavingRow(NamedTuple):
    """Bytes that the step from one flavour to another takes away; ``version`` is a regular expression."""

    image: tuple[str, ...]
    from_: str
    to: str
    bytes: int
    measure: Measure
    source: tuple[str, ...]
    evidence: Evidence
    version: str | None = None
    os: str | None = None
    estimate: bool = False


@dataclass(frozen=True, slots=True)
class Contents:
    """Parts that an image holds or lacks, as far as known, by the words of the data: nvcc, cuda-headers, cudnn,
    nccl, python3, pip, gcc, toolkit, ...

    ``inferred`` are those of ``lacks`` and ``has`` that no source states. ``packages`` are system packages
    known to be installed on top of the distribution.
    """

    has: frozenset[str] = frozenset()
    lacks: frozenset[str] = frozenset()
    inferred: frozenset[str] = frozenset()
    packages: tuple[str, ...] = ()

    def holds(self, part: str) -> bool | None:
        """Whether the image holds a part; None where the data does not tell."""
        if part in self.has:
            return True
        return False if part in self.lacks else None


@dataclass(frozen=True, slots=True)
class Saving:
    """Bytes that a change of flavour saves: ``transfer`` (compressed) or ``unpacked``, the least that is sourced.

    An ``estimate`` was measured on another version of the family.
    """

    bytes: int
    measure: Measure
    estimate: bool
    source: tuple[str, ...]
    evidence: Evidence


@lru_cache(maxsize=1024)
def contents(base: BaseImage) -> Contents:
    """What is known of an image's contents; empty for a tag newer than the data."""
    found = [row for row in table(base, "contents", ContentsRow) if applies(row, base)]
    if not found or beyond(base):
        return Contents()
    without, unread = _gaps(base)
    has = {part for row in found for part in row.has} - without - unread
    lacks = {part for row in found for part in row.lacks} | without
    stated = {part for row in found if row.evidence != "I" for part in (*row.has, *row.lacks)} | without
    return Contents(
        has=frozenset(has),
        lacks=frozenset(lacks),
        inferred=frozenset((has | lacks) - stated),
        packages=tuple(_packages(found, base, without)),
    )


def _gaps(base: BaseImage) -> tuple[set[str], set[str]]:
    """Parts that this version lacks on this system though the flavour has them, and those nobody looked for."""
    token, release = os_token(base.fields), release_of(base)
    if release is None:
        return set(), set()
    lacks = {part for part, systems in release.lacks.items() if "*" in systems or token in systems}
    return lacks, {part for part, systems in release.unread.items() if token in systems}


def _packages(found: list[ContentsRow], base: BaseImage, without: set[str]) -> list[str]:
    debian = base.os in ("debian", "ubuntu")
    there = [row for row in found if not row.has or not without.issuperset(row.has)]
    templates = [template for row in there for template in (row.deb if debian else row.rpm)]
    return [package for template in templates if (package := fill(template, base))]


def saving(base: BaseImage, other: BaseImage, measure: Measure = "unpacked") -> Saving | None:
    """What the step from ``base`` to ``other``, the same image in another flavour, saves.

    None where nobody measured it, or measured something else.
    """
    if base.family != other.family or base.version != other.version:
        return None
    for row in table(base, "saving", SavingRow):
        if _measures(row, base, other, measure):
            return Saving(row.bytes, row.measure, row.estimate, row.source, row.evidence)
    return None


def _measures(row: SavingRow, base: BaseImage, other: BaseImage, measure: Measure) -> bool:
    step = (row.from_, row.to, row.measure) == (base.flavour, other.flavour, measure)
    version = row.version is None or fullmatch(row.version, base.version or "") is not None
    return step and version and row.os in (None, os_token(base.fields))
