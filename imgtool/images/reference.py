"""How a user names an image."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from imgtool.regex import regex
from imgtool.values import dataclass

ARCHIVE, DAEMON = "docker-archive", "docker-daemon"
LAYOUT, OCI_ARCHIVE, REGISTRY = "oci", "oci-archive", "registry"
#: Each kind and what follows it.
KINDS = {
    ARCHIVE: "PATH[:NAME]",
    DAEMON: "NAME",
    LAYOUT: "FOLDER[:NAME]",
    OCI_ARCHIVE: "PATH[:NAME]",
    REGISTRY: "[HOST/]NAME[:TAG|@DIGEST]",
}
#: Kinds of which several images may lie in one place, to be told apart by what follows it.
NAMED_WITHIN = (ARCHIVE, LAYOUT, OCI_ARCHIVE)
_SAVE = (
    f"save it first, with podman save --format oci-archive -o app.tar NAME, and read {OCI_ARCHIVE}:app.tar"
)
#: Kinds that other tools write in front of an image, and what is written here.
_ELSEWHERE = {
    "containerd": f"write {DAEMON}:NAME, or {ARCHIVE}:app.tar after ctr images export app.tar NAME",
    "containers-storage": _SAVE,
    "dir": f"copy it first, with skopeo copy dir:FOLDER {LAYOUT}:OTHER, and read {LAYOUT}:OTHER",
    "docker": f"write {REGISTRY}:NAME for an image in a registry, {DAEMON}:NAME for one in the engine",
    "oci-dir": f"write {LAYOUT}:FOLDER",
    "podman": _SAVE,
}
#: Two kinds are well-known images too: with what looks like their tag behind it, the image is meant.
_TAG_OF = {"docker": regex(r"[\w][\w.-]{0,127}"), REGISTRY: regex(r"latest|\d[\w.-]{0,127}")}
_LIKE_AN_ARCHIVE = regex(r"\.(tar|tar\.gz|tgz|tar\.zst)(:|@|$)")
#: What an engine takes for a name: https://pkg.go.dev/github.com/distribution/reference
_NAME = regex(
    r"(?:(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:]+\])(?P<port>:[0-9]+)?/)?"
    r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?P<digest>@[A-Za-z][A-Za-z0-9+._-]*:[0-9A-Fa-f]{32,})?"
)
FOLDER, ABSENT = "it is a folder", "no such file"
_KINDS_OF_FILES = (
    (stat.S_ISDIR, FOLDER),
    (stat.S_ISFIFO, "it is a pipe"),
    (stat.S_ISSOCK, "it is a socket"),
)
#: Where engines listen that nobody named: docker's, that of one without root, and Docker Desktop's contexts.
_ENGINES = ("/var/run/docker.sock", "$XDG_RUNTIME_DIR/docker.sock", "~/.docker/contexts/meta")


@dataclass(frozen=True, slots=True)
class Reference:
    """Where an image is. ``source`` is the kind of place; ``place`` a path, or a name in the engine or a registry.

    ``name`` chooses one of several images in an archive or a layout, by its name or its digest.
    ``guessed``: the user left the kind open.
    """

    text: str
    source: str
    place: str
    name: str | None = None
    guessed: bool = False


def parse(text: str) -> Reference:
    """Read a kind of :data:`KINDS`, a colon and a place; without the kind, guess it.

    A folder that holds an OCI layout is one; a file that exists, what ends like an archive and what no
    image can be called is an archive. Anything else is a name in the engine, or in a registry where no
    engine is to be seen and the name says which registry, or a digest.

    Raises:
        ValueError: nothing is named, or the kind is none of them.
    """
    kind, _, place = text.partition(":")
    guessed = kind not in KINDS or _is_tagged(kind, place)
    if guessed:
        kind, place = _guess(text), text
    if not place:
        raise ValueError(f"{text!r} names no image: write {kind}:{KINDS.get(kind, '')}")
    if kind not in NAMED_WITHIN:
        return Reference(text, kind, place, guessed=guessed)
    path, name = _path_and_name(place)
    return Reference(text, kind, path, name, guessed)


def looks_like_image(text: str) -> bool:
    """Whether a word, where a file or a folder may stand too, is an image: what is there decides.

    An archive by its name, a folder by its layout; what is not there where it has a kind, a tag or a digest,
    or ends like an archive.
    """
    if why_no_file(text) == FOLDER:
        return _kind_of_path(text) == LAYOUT
    if _LIKE_AN_ARCHIVE.search(text):
        return True
    if os.path.lexists(text) or not (":" in text or "@" in text):
        return False
    return text.partition(":")[0] in KINDS or _NAME.fullmatch(text) is not None


def _is_tagged(kind: str, place: str) -> bool:
    tag = _TAG_OF.get(kind)
    return tag is not None and tag.fullmatch(place) is not None


def _guess(text: str) -> str:
    if _exists(text):
        return _kind_of_path(text)
    kind, colon, place = text.partition(":")
    if colon and kind in _ELSEWHERE and not _is_tagged(kind, place):
        raise ValueError(f"{text!r}: the kind {kind}: is not covered: {_ELSEWHERE[kind]}")
    match = _NAME.fullmatch(text)
    if match is None or _LIKE_AN_ARCHIVE.search(text):
        return _kind_of_path(_path_and_name(text)[0])
    host = match["host"] or ""
    says_where = "." in host or host == "localhost" or match["port"] or match["digest"]
    return REGISTRY if says_where and not _has_engine() else DAEMON


def _kind_of_path(path: str) -> str:
    return LAYOUT if why_no_file(str(Path(path, "oci-layout"))) is None else ARCHIVE


def _exists(path: str) -> bool:
    """Whether a file or an OCI layout is there; any other folder may have the name of an image."""
    return why_no_file(path) is None or _kind_of_path(path) == LAYOUT


def _has_engine() -> bool:
    named = any(os.environ.get(name) for name in ("DOCKER_HOST", "DOCKER_CONTEXT"))
    return named or any(Path(os.path.expandvars(place)).expanduser().exists() for place in _ENGINES)


def _path_and_name(place: str) -> tuple[str, str | None]:
    """Told apart by what there is, since both may hold colons."""
    for path, name in _splits(place):
        if why_no_file(path) in {None, FOLDER}:
            return path, name or None
    return place, None


def layout_before(text: str) -> str | None:
    """The folder with an OCI layout that stands before a name; None where there is none."""
    path, name = _path_and_name(text)
    return path if name and _kind_of_path(path) == LAYOUT else None


def _splits(place: str) -> Iterator[tuple[str, str]]:
    yield place, ""
    for at in range(len(place) - 1, 0, -1):
        if place[at] in ":@":
            yield place[:at], place[at + 1 :]


def why_no_file(path: str) -> str | None:
    """Why there is no plain file, in a clause; None where there is one."""
    try:
        mode = Path(path).stat().st_mode
    except PermissionError as error:
        return f"it cannot be read ({error.strerror})"
    except (OSError, ValueError):
        # a name that is too long, or holds what no name can
        return ABSENT
    if stat.S_ISREG(mode):
        return None
    return next((said for is_kind, said in _KINDS_OF_FILES if is_kind(mode)), "it is a device")
