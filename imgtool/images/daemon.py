"""Images of a Docker engine, as it saves them. What it says about their size is never asked for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from imgtool.images.archive import StreamStore
from imgtool.images.errors import ImageError, NoImageError
from imgtool.images.reading import Reading
from imgtool.images.reference import LAYOUT, REGISTRY, layout_before, why_no_file
from imgtool.images.streams import CHUNK

#: Seconds until an engine answers at all, and without a byte while it saves: it writes the whole image
#: to its own disk before it sends the first one.
_ANSWER, _SAVE = 30, 1800
#: Characters of an engine's own words that are passed on.
_MAX_SAID = 200
_BY_SSH = "save the image, with ssh HOST docker save NAME > app.tar, and read app.tar"


def open_daemon(name: str, reading: Reading | None = None, *, guessed: bool = False) -> StreamStore:
    """Read an image from the engine that DOCKER_HOST, the docker context or the default socket names.

    ``guessed``: it may have been meant as a file, or in a registry; where the engine fails, that is said too.

    Raises:
        ImageError: there is no engine, no such image, or the engine stops half-way.
    """
    with _asking(name, guessed=guessed) as api:
        api.timeout = _SAVE
        reading = reading or Reading()
        return StreamStore(reading.shown(api.get_image(name, chunk_size=CHUNK)), reading)


def refuse_unpacked(name: str, *, guessed: bool = False) -> None:
    """Say at once, before anything is saved, that an engine cannot know what a pull of an image moves.

    Only containerd's store keeps layers as registries send them; any other has them unpacked.

    Raises:
        ImageError: it is so, or as :func:`open_daemon`.
    """
    with _asking(name, guessed=guessed) as api:
        layers = (api.inspect_image(name).get("RootFS") or {}).get("Layers")
        if layers and "io.containerd" not in str(api.info().get("DriverStatus")):
            raise ImageError(f"{_engine()} keeps layers uncompressed: what a pull moves is not known there")


@contextmanager
def _asking(name: str, *, guessed: bool) -> Iterator[Any]:
    """The engine's API; what it raises says what is wrong with the engine or the name."""
    missing, elsewhere = f"{why_no_file(name)}, and ", f"; write {REGISTRY}:{name} if it is in a registry"
    if layout := layout_before(name):
        elsewhere += f", {LAYOUT}:{name} if it is in the folder {layout}"
    with _explained(*(missing, elsewhere) if guessed else ("", "")):
        import docker  # noqa: PLC0415 -- 200 ms that archives need not pay

        client = docker.from_env(timeout=_ANSWER)
        try:
            yield client.api
        finally:
            client.close()


@contextmanager
def _explained(before: str, elsewhere: str) -> Iterator[None]:
    from docker.errors import APIError, DockerException, NotFound  # noqa: PLC0415 -- as above
    from requests.exceptions import RequestException  # noqa: PLC0415 -- what docker is built on

    try:
        yield
    except NotFound:
        raise NoImageError(f"{before}{_engine()} has no such image{elsewhere}") from None
    except APIError as error:
        said = " ".join(str(error.explanation).split())[:_MAX_SAID]
        raise ImageError(f"{before}{_engine()} does not give it: {said}") from None
    except (DockerException, ValueError):
        # what an address in DOCKER_HOST makes of itself is no one class
        engine = _engine()
        if " ssh://" in engine:
            raise ImageError(f"{engine} is reached over ssh, which is not covered: {_BY_SSH}") from None
        raise ImageError(f"{before}{engine} does not answer{elsewhere}") from None
    except RequestException:
        raise ImageError(f"{before}{_engine()} stopped answering half-way") from None


def _engine() -> str:
    """The engine that was asked, without the user and password that an address may hold."""
    from docker.context import ContextAPI  # noqa: PLC0415 -- as above
    from docker.errors import DockerException  # noqa: PLC0415 -- as above

    try:
        address = os.environ.get("DOCKER_HOST") or ContextAPI.get_current_context().Host
    except (DockerException, OSError, ValueError, AttributeError):
        address = None
    if not address:
        return "the engine of the docker context"
    return f"the engine at {re.sub('//.*@', '//', address).removeprefix('http+')}"
