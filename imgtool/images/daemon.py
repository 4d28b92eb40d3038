"""Images of a Docker engine, as it saves them. What it says about their size is never asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from imgtool.images.archive import Progress, StreamStore
from imgtool.images.errors import ImageError
from imgtool.images.streams import CHUNK, tapped

#: Seconds until an engine answers at all, and without a byte while it saves: it writes the whole image
#: to its own disk before it sends the first one.
_ANSWER, _SAVE = 30, 1800


def open_daemon(name: str, *, progress: Progress | None = None) -> StreamStore:
    """Read an image from the engine that DOCKER_HOST, the docker context or the default socket names.

    Raises:
        ImageError: there is no engine, no such image, or the engine stops half-way.
    """
    with _explained(name):
        import docker  # noqa: PLC0415 -- 200 ms that archives need not pay

        client = docker.from_env(timeout=_ANSWER)
        try:
            client.api.timeout = _SAVE
            chunks = client.api.get_image(name, chunk_size=CHUNK)
            return StreamStore(tapped(chunks, *((progress,) if progress else ())))
        finally:
            client.close()


@contextmanager
def _explained(name: str) -> Iterator[None]:
    from docker.errors import DockerException, NotFound  # noqa: PLC0415 -- as above
    from requests.exceptions import RequestException  # noqa: PLC0415 -- what docker is built on

    try:
        yield
    except NotFound:
        raise ImageError(f"the engine has no image {name}") from None
    except (DockerException, RequestException) as error:
        raise ImageError(f"the engine does not give it: {error}") from None
