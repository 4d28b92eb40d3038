"""Which image a reference names, and the same image in another flavour."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, Protocol

from imgtool.families.model import (
    NOTHING,
    Evidence,
    Order,
    Row,
    fullmatch,
    fullmatches,
    load,
    order,
    rows,
    within,
)
from imgtool.families.reference import MAX_TEXT, ImageRef, parse_reference
from imgtool.regex import regex
from imgtool.values import NamedTuple, dataclass, field

_PLACEHOLDER = regex(r"(?<!\$)\{([\w-]+)\}")


class Mirror(NamedTuple):
    """A spelling of repository names that serves what another one does, perhaps for one ``architecture`` alone."""

    prefix: str
    is_: str
    source: tuple[str, ...]
    architecture: str | None = None


class Image(NamedTuple):
    """A group of images under one tag grammar.

    ``repository`` is matched whole against the canonical name, ``tags`` one after the other against the tag.
    Their named parts: version, flavour, addon, os, os_version, chip, python, and any other.
    ``implied`` are parts that hold where the tag does not say otherwise. A ``distribution`` has the version of its
    system. ``managers`` overrides those of the system. ``match`` are examples of tags.
    """

    id: str
    repository: str
    source: tuple[str, ...]
    evidence: Evidence
    accelerator: str | None = None
    tags: tuple[str, ...] = ()
    implied: Mapping[str, str] = NOTHING
    removed: Mapping[str, str] = NOTHING
    withdrawn: str | None = None
    policy: str | None = None
    managers: tuple[str, ...] | None = None
    distribution: bool = False
    installs_driver: bool = False
    note: str | None = None
    match: tuple[str, ...] = ()


class Flavour(NamedTuple):
    """One of the images of a version: the piece of the name that says so, and what it is for.

    ``toolchain`` says why it should not ship, ``instead`` names the flavour that may. ``drops`` are parts
    that this flavour never has in its tag, ``requires`` parts that it must have (regular expressions).
    ``holds`` are flavours that this one is built on, so that it has every file of theirs.
    A ``fixed`` flavour has no sibling of the same name.
    """

    image: tuple[str, ...]
    name: str
    token: str
    source: tuple[str, ...]
    evidence: Evidence
    toolchain: str | None = None
    instead: str | None = None
    drops: tuple[str, ...] = ()
    requires: Mapping[str, str] = NOTHING
    holds: tuple[str, ...] = ()
    fixed: bool = False


class Release(NamedTuple):
    """A version of an image: what is published of it, what its images lack, and whether it is supported.

    ``addons`` maps an addon to the systems on which there is no such image, ``lacks`` a part to the systems
    whose images have none (``*``: all), ``unread`` likewise where nobody looked. Empty ``os`` or ``flavours``:
    not counted. ``ends`` is the last day of support.
    """

    image: tuple[str, ...]
    version: str
    source: tuple[str, ...]
    evidence: Evidence
    status: str = ""
    ends: date | None = None
    os: tuple[str, ...] = ()
    unconfirmed: tuple[str, ...] = ()
    flavours: tuple[str, ...] = ()
    addons: Mapping[str, tuple[str, ...]] = NOTHING
    lacks: Mapping[str, tuple[str, ...]] = NOTHING
    unread: Mapping[str, tuple[str, ...]] = NOTHING


@dataclass(frozen=True, slots=True)
class BaseImage:
    """What a reference says about the image it names.

    ``version``, ``flavour``, ``addon``, ``os``, ``os_version``, ``chip`` and ``python`` are None where the
    reference does not tell. ``os`` and ``os_version`` are normalised (``debian`` ``12`` for bookworm);
    ``fields`` are the parts as written. ``known`` is False where the tag does not follow the family's grammar,
    or the data lists the family's versions and not this tag: nothing is then claimed beyond the grammar.
    """

    ref: ImageRef
    family: str
    accelerator: str | None
    version: str | None
    flavour: str | None
    addon: str | None
    os: str | None
    os_version: str | None
    chip: str | None
    python: str | None
    known: bool
    fields: Mapping[str, str] = field(hash=False)

    def __hash__(self) -> int:
        # all else is read from it
        return hash(self.ref.text)


class Swap(NamedTuple):
    """The piece of a reference's text that makes the flavour: ``old`` becomes ``new``."""

    old: str
    new: str


class Toolchain(NamedTuple):
    """Why an image is for building and should not ship; ``sibling`` is the tag that may, where there is one.

    ``flavour`` is the sibling's. ``built_on``: the image is built on its sibling, so that nothing of the sibling
    is new to what ran on the image.
    """

    why: str
    sibling: str | None
    flavour: str | None
    built_on: bool
    source: tuple[str, ...]
    evidence: Evidence


class Conditions(Protocol):
    """The fields of a row that say which images of its families it is about."""

    @property
    def flavour(self) -> tuple[str, ...]: ...
    @property
    def addon(self) -> str | None: ...
    @property
    def os(self) -> tuple[str, ...]: ...
    @property
    def since(self) -> str | None: ...
    @property
    def before(self) -> str | None: ...


class _Match(NamedTuple):
    """A reference under an image's grammar: its named parts, and where they stand in the text."""

    file: str
    image: Image
    grammar: bool
    parts: Mapping[str, str]
    spans: Mapping[str, tuple[int, int]]


# --- which image -----------------------------------------------------------------------------------------


def identify(text: str) -> BaseImage | None:
    """The image that a reference names; None where it is no reference, or no family knows it. Never raises.

    Variables must be expanded before.
    """
    return _identified(text) if len(text) <= MAX_TEXT else None


@lru_cache(maxsize=1024)
def _identified(text: str) -> BaseImage | None:
    ref = parse_reference(text)
    return _identify(ref) if ref else None


@lru_cache(maxsize=1024)
def _identify(ref: ImageRef) -> BaseImage | None:
    match = _match(ref)
    return _describe(ref, match) if match else None


def _describe(ref: ImageRef, match: _Match) -> BaseImage:
    image = match.image
    said = {**(image.implied if match.grammar else {}), **{k: v for k, v in match.parts.items() if v}}
    os, os_version = _system(said.get("os"), said.get("os_version"))
    version = os_version if image.distribution else said.get("version")
    version = version.lower() if version else None
    flavour = _flavour_named_by(match)
    addon = said.get("addon")
    releases = _releases(match)
    listed = _listed(releases, version, flavour.name if flavour else None, addon, os_token(match.parts))
    return BaseImage(
        ref=ref,
        family=image.id,
        accelerator=image.accelerator,
        version=version,
        flavour=flavour.name if flavour else None,
        addon=addon,
        os=os,
        os_version=os_version,
        chip=said.get("chip"),
        python=said.get("python"),
        known=bool(listed) if releases else match.grammar,
        fields=match.parts,
    )


@lru_cache(maxsize=1024)
def _match(ref: ImageRef) -> _Match | None:
    """The first image whose repository and tag match, else the first whose repository does."""
    name = canonical(ref.name)
    fallback = None
    for file, image, repository in _candidates(name):
        tag = _match_tag(image, ref)
        if tag is not None or not image.tags:
            return _locate(file, image, ref, repository, tag)
        fallback = fallback or _locate(file, image, ref, repository, None)
    return fallback


def _match_tag(image: Image, ref: ImageRef) -> re.Match[str] | None:
    if ref.tag is None and ref.digest is not None:
        return None
    tag = ref.tag or "latest"
    return next((found for _, found in fullmatches(image.tags, tag)), None)


def _locate(
    file: str, image: Image, ref: ImageRef, repository: re.Match[str], tag: re.Match[str] | None
) -> _Match:
    written, colon, _ = ref.text.partition("@")[0].rpartition(":") if ref.tag else (ref.text, "", "")
    # a canonical name and the name as written end alike
    shifts = [(repository, len(written) - len(repository.string))]
    if tag is not None:
        shifts.append((tag, len(written) + len(colon)))
    parts: dict[str, str] = {}
    spans: dict[str, tuple[int, int]] = {}
    for found, shift in shifts:
        for name, value in found.groupdict().items():
            if value is not None:
                parts[name] = value
                spans[name] = (found.start(name) + shift, found.end(name) + shift)
    if ref.tag is None and tag is not None:
        # the tag that is meant stands nowhere
        spans = {name: span for name, span in spans.items() if name not in tag.groupdict()}
    return _Match(file, image, tag is not None or not image.tags, MappingProxyType(parts), spans)


@lru_cache(maxsize=1024)
def canonical(name: str) -> str:
    """Registry and repository without mirrors and other spellings of Docker Hub."""
    for mirror in rows("index", "mirror", Mirror) if name.startswith(_mirrors()) else ():
        if name.startswith(mirror.prefix):
            name = mirror.is_ + name.removeprefix(mirror.prefix)
            if name.startswith("docker.io/") and name.count("/") == 1:
                name = name.replace("/", "/library/")
    return name


@cache
def _mirrors() -> tuple[str, ...]:
    return tuple(mirror.prefix for mirror in rows("index", "mirror", Mirror))


def platform_of(text: str) -> tuple[str | None, str | None]:
    """The operating system and architecture that a reference tells of its image, each None where it does not."""
    ref = parse_reference(text)
    base = _identify(ref) if ref else None
    if ref is None or base is None:
        return None, None
    named = (m.architecture for m in rows("index", "mirror", Mirror) if ref.name.startswith(m.prefix))
    # a tag that stands for images of both does not tell which it is
    linux = base.os and (base.os_version or not any("windows" in tag for tag in image_of(base).tags))
    system = "windows" if base.os == "windows" else "linux" if linux else None
    return system, base.fields.get("arch") or next(filter(None, named), None)


_PIECES = regex(r"[^a-z0-9]+")


@lru_cache(maxsize=1024)
def named_for_windows(text: str) -> bool:
    """Whether a reference, whose variables need not be known, names an image of Windows."""
    names, pieces = _windows()
    ref = parse_reference(text)
    if ref and canonical(ref.name).startswith(names):
        return True
    return not pieces.isdisjoint(_PIECES.split(text.lower()))


@cache
def _windows() -> tuple[tuple[str, ...], frozenset[str]]:
    """How names of images of Windows begin, and pieces that no others have."""
    known = load("index")["windows"]
    return tuple(known["names"]), frozenset(known["pieces"])


@lru_cache(maxsize=256)
def _candidates(name: str) -> list[tuple[str, Image, re.Match[str]]]:
    """The images that a canonical name may be of; it is the same under many tags."""
    found = []
    for file, hints in load("index")["files"].items():
        for hint in hints:
            if hint in name:
                images, patterns = _repositories(file)
                found += [(file, images[number], match) for number, match in fullmatches(patterns, name)]
                break
    return found


@cache
def _repositories(file: str) -> tuple[tuple[Image, ...], tuple[str, ...]]:
    """The images of a file, and the patterns of their names."""
    images = rows(file, "image", Image)
    return images, tuple(image.repository for image in images)


def _system(os: str | None, version: str | None) -> tuple[str | None, str | None]:
    """Distribution and release under their common names; a moving release (``sid``, ``stable``) is none."""
    index = load("index")
    if version in index["release"]:
        found: list[str] = index["release"][version]
        return found[0], found[1]
    named = index["system"].get(os, os) if os else None
    return named, version if version and version[0].isdigit() else None


# --- what the data lists ---------------------------------------------------------------------------------


def table(base: BaseImage, name: str, cls: type[Row]) -> tuple[Row, ...]:
    """The rows of a table of the family's file that are about this family, each as ``cls``, a NamedTuple."""
    match = _match(base.ref)
    # a class is hashable, which a type variable does not say
    kind: Any = cls
    return _about(match.file, match.image.id, name, kind) if match else ()


@lru_cache(maxsize=1024)
def _about(file: str, family: str, name: str, cls: Any) -> tuple[Any, ...]:
    return tuple(row for row in rows(file, name, cls) if family in row.image)


def _releases(match: _Match) -> tuple[Release, ...]:
    return _about(match.file, match.image.id, "release", Release)


def _flavours(match: _Match) -> tuple[Flavour, ...]:
    return _about(match.file, match.image.id, "flavour", Flavour)


def applies(row: Conditions, base: BaseImage) -> bool:
    """Whether a row is about this very image: its flavour, addon, system and version."""
    return (
        (not row.flavour or base.flavour in row.flavour)
        and (not row.os or base.os in row.os)
        and (row.addon is None or fullmatch(row.addon, base.addon or "") is not None)
        and within(base.version, row.since, row.before)
    )


def fill(template: str, base: BaseImage) -> str | None:
    """A template of the data: ``{version}``, ``{X-Y}`` and ``{X}`` of the version, ``{chip}``, ``{os}``, ...

    None where the reference does not tell what is asked for.
    """
    if "{" not in template:
        return template
    values = _values(base)
    text = template
    for name in _PLACEHOLDER.findall(template):
        value = values.get(name)
        if not value:
            return None
        text = text.replace(f"{{{name}}}", value)
    return text


@lru_cache(maxsize=64)
def _values(base: BaseImage) -> Mapping[str, str | None]:
    """What the names in templates stand for; an image has dozens of them."""
    version = (base.version or "").split(".")
    return {
        "version": base.version,
        "X": version[0],
        "X-Y": "-".join(version[:2]) if len(version) > 1 else None,
        "chip": base.chip,
        "python": base.python,
        "os": base.os,
        "os_version": base.os_version,
    }


def image_of(base: BaseImage) -> Image:
    """The family's own row."""
    match = _match(base.ref)
    if match is None:
        raise LookupError(f"{base.ref.text} was not identified here")
    return match.image


def newest_of(base: BaseImage) -> Order | None:
    """What the newest version that the data lists of the family compares by; None where it lists none, or one that
    compares with no other.
    """
    match = _match(base.ref)
    return _newest(match.file, match.image.id) if match else None


@lru_cache(maxsize=64)
def _newest(file: str, family: str) -> Order | None:
    found = [order(release.version) for release in _about(file, family, "release", Release)]
    known = [one for one in found if one is not None]
    return max(known) if known and len(known) == len(found) else None


def releases_of(base: BaseImage) -> tuple[Release, ...]:
    """Every version that the data lists of the family, newest first."""
    return table(base, "release", Release)


def release_of(base: BaseImage) -> Release | None:
    """What the data lists of the image's version."""
    return next((r for r in releases_of(base) if r.version == base.version), None)


def listed(base: BaseImage, version: str | None = None) -> bool | None:
    """Whether the data lists the tag (or the same tag of another version); None where the data does not tell."""
    version = version or base.version
    return _listed(releases_of(base), version, base.flavour, base.addon, os_token(base.fields))


def os_token(parts: Mapping[str, str]) -> str | None:
    """The system as a tag spells it, ``ubuntu22.04``."""
    return parts["os"] + parts.get("os_version", "") if "os" in parts else None


def _listed(
    releases: tuple[Release, ...], version: str | None, flavour: str | None, addon: str | None, os: str | None
) -> bool | None:
    release = next((r for r in releases if r.version == version), None)
    if release is None or os in release.unconfirmed or (release.os and os is None):
        return None
    if release.os and os not in release.os:
        return False
    if release.flavours and flavour not in release.flavours:
        return False
    return not addon or (addon in release.addons and os not in release.addons[addon])


# --- flavours --------------------------------------------------------------------------------------------


def _flavour(match: _Match, name: str | None) -> Flavour | None:
    return next((f for f in _flavours(match) if f.name == name), None)


def _flavour_named_by(match: _Match) -> Flavour | None:
    token = match.parts.get("flavour")
    return next((f for f in _flavours(match) if token is not None and f.token == token.lower()), None)


def built_on(base: BaseImage) -> tuple[str, ...]:
    """The flavours that the image is built on, so that it has every file of theirs; the largest first."""
    match = _match(base.ref)
    flavour = _flavour_named_by(match) if match else None
    return flavour.holds if flavour else ()


def flavour_token(base: BaseImage) -> str | None:
    """The piece of the reference's text that makes the flavour, ``devel`` or ``-slim``; empty where none is written."""
    match = _match(base.ref)
    span = match.spans.get("flavour") if match else None
    return base.ref.text[slice(*span)] if span else None


def sibling(base: BaseImage, flavour: str) -> str | None:
    """The reference as written with only the flavour changed.

    An addon stays, save where the flavour never has one. None where the family has no such flavour, where the
    data says that there is no such tag, and where a digest pins the image.
    """
    change = _change(base, flavour)
    if change is None:
        return None
    start, end, token = change
    return base.ref.text[:start] + token + base.ref.text[end:]


def swap(base: BaseImage, flavour: str) -> Swap | None:
    """What :func:`sibling` changes, for a text in which variables are not expanded.

    None also where the flavour is made by leaving something out, so that there is no text to replace.
    """
    change = _change(base, flavour)
    if change is None or change[0] == change[1]:
        return None
    start, end, token = change
    return Swap(base.ref.text[start:end], token)


def _change(base: BaseImage, flavour: str) -> tuple[int, int, str] | None:
    match = _match(base.ref)
    if match is None or base.ref.digest is not None or "flavour" not in match.spans:
        return None
    now, new = _flavour_named_by(match), _flavour(match, flavour)
    if now is None or new is None or now.fixed or new.fixed or not _fulfils(new, match.parts):
        return None
    start, end = match.spans["flavour"]
    dropped = [part for part in new.drops if part in match.spans]
    addon = None if "addon" in dropped else base.addon
    if _listed(_releases(match), base.version, new.name, addon, os_token(match.parts)) is False:
        return None
    return min([start, *(match.spans[part][0] for part in dropped)]), end, new.token


def _fulfils(flavour: Flavour, parts: Mapping[str, str]) -> bool:
    return all(fullmatch(need, parts.get(part, "")) for part, need in flavour.requires.items())


def reference_of(base: BaseImage, version: str) -> str | None:
    """The reference as written with only the version changed; None where a digest pins it or none is written."""
    match = _match(base.ref)
    if match is None or base.ref.digest is not None or "version" not in match.spans:
        return None
    start, end = match.spans["version"]
    return base.ref.text[:start] + version + base.ref.text[end:]


def toolchain(base: BaseImage) -> Toolchain | None:
    """Why the image should not ship, for one that carries compilers and headers on top of what ships; else None."""
    match = _match(base.ref)
    flavour = _flavour_named_by(match) if match else None
    if flavour is None or flavour.toolchain is None:
        return None
    instead = sibling(base, flavour.instead) if flavour.instead else None
    built_on = flavour.instead in flavour.holds
    return Toolchain(flavour.toolchain, instead, flavour.instead, built_on, flavour.source, flavour.evidence)


def installs_driver(base: BaseImage) -> bool:
    """Whether installing a driver is what the image is for."""
    return image_of(base).installs_driver
