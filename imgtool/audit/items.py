"""What an audit is made of: Dockerfiles and images, each with a key that says when it is done."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from pathlib import Path

from imgtool import __version__
from imgtool.digests import digest
from imgtool.facts.context import repository_root
from imgtool.images import reference as references
from imgtool.images.reading import NO_CACHE, Access
from imgtool.lint import batch, cache
from imgtool.lint.batch import Job, Request
from imgtool.syntax import source
from imgtool.values import dataclass, replace

_AT_ONCE = 256
_ARCHIVES = (".tar", ".tar.gz", ".tar.zst", ".tgz")


class Kind(enum.StrEnum):
    """What an item is."""

    DOCKERFILE = "dockerfile"
    IMAGE = "image"


@dataclass(frozen=True, slots=True)
class Item:
    """A Dockerfile with its bytes and settings in ``job``, or an image by its reference with settings alone.

    ``name`` is the path or the reference, ``access`` how registries are asked. ``key`` stands for all that the result depends on: an item whose key is in
    the tables is done. ``problem`` says why there is nothing to do.
    """

    kind: Kind
    name: str
    key: str
    job: Job | None = None
    repository: str | None = None
    platform: str | None = None
    access: Access = NO_CACHE
    problem: str = ""


def dockerfiles(paths: Iterable[Path], request: Request) -> Iterator[Item]:
    """The Dockerfiles among and under ``paths``, each read when its turn comes.

    They are linted by themselves: what lies beside them is not looked at, so a file says the same wherever it is
    linted, and its bytes and settings are all that its key depends on.

    Raises:
        ConfigError: a configuration file cannot be read or used.
    """
    found = batch.find(paths, request)
    for problem in found.problems:
        name, _, reason = problem.partition(": ")
        yield _unread(Kind.DOCKERFILE, name, reason)
    for start in range(0, len(found.files), _AT_ONCE):
        # a file that goes away meanwhile is no end of the audit
        yield from map(_dockerfile, batch.plan(found.files[start : start + _AT_ONCE], request, bytes))


def _dockerfile(job: Job) -> Item:
    try:
        data = source.load(job.path)
    except OSError as error:
        return _unread(Kind.DOCKERFILE, job.shown, f"cannot be read: {error.strerror}")
    root = repository_root(job.path.parent)
    alone = replace(job, data=data, facts=replace(job.facts, dockerfile=None, context=None), cache=None)
    settings = digest(__version__.encode(), repr(job.plugins).encode(), cache.settings(alone), data)
    key = _key(Kind.DOCKERFILE, job.shown, settings)
    return Item(Kind.DOCKERFILE, job.shown, key, alone, str(root) if root else None)


def images(
    names: Iterable[str], request: Request, platform: str | None = None, access: Access = NO_CACHE
) -> Iterator[Item]:
    """Images by their names, with the settings of a Dockerfile here.

    A key knows a file by its size and time; a name in an engine or a registry is what it is called.

    Raises:
        ConfigError: a configuration file cannot be read or used.
    """
    (job,) = batch.plan([Path("Dockerfile")], request, bytes)
    settings = digest(__version__.encode(), repr(job.plugins).encode(), cache.settings(job))
    for name in names:
        try:
            place = Path(references.parse(name).place)
        except ValueError as error:
            yield _unread(Kind.IMAGE, name, str(error))
            continue
        key = _key(Kind.IMAGE, name, settings, platform or "", _seen(place), _seen(place / "index.json"))
        yield Item(Kind.IMAGE, name, key, job, platform=platform, access=access)


def is_image(text: str) -> bool:
    """Whether a word of the command line names an image, and no Dockerfile or folder of them."""
    path = Path(text)
    if path.is_dir():
        return (path / "oci-layout").is_file()
    return text.endswith(_ARCHIVES) if path.is_file() else not _is_path(text)


def _is_path(text: str) -> bool:
    """Whether what is not there is written as paths are, and not as archives are called."""
    written = text.startswith(("/", "./", "../")) or text.endswith("/")
    return written and not references.looks_like_image(text)


def _seen(path: Path) -> str:
    try:
        known = path.stat()
    except (OSError, ValueError):
        return ""
    return f"{known.st_size} {known.st_mtime_ns}"


def _unread(kind: Kind, name: str, problem: str) -> Item:
    return Item(kind, name, _key(kind, name, problem), problem=problem)


def _key(*parts: str) -> str:
    return digest(*(part.encode("utf-8", "surrogateescape") for part in parts))
