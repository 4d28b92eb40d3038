"""JSON that others wrote, checked before it is believed."""

from __future__ import annotations

import hashlib
import json
from typing import Any, TypeVar

from imgtool.images.errors import ImageError
from imgtool.images.layers import Room
from imgtool.regex import regex

T = TypeVar("T")

#: Bytes of one document (what registries accept), and of all that are read from one place: parsed, they
#: take a dozen times that in memory. Real ones have some kilobytes.
MAX_DOCUMENT = 4 << 20
MAX_DOCUMENTS = 16 << 20
#: Objects and lists in one document: an empty one takes thirty times its text. Real ones have hundreds.
_MAX_NODES = 100_000
#: What may name a blob.
DIGEST = regex(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


def parse(data: bytes, what: str) -> Any:
    """Read a JSON document.

    Raises:
        ImageError: it is no JSON, or nested absurdly.
    """
    if data.count(b"{") + data.count(b"[") > _MAX_NODES:
        raise ImageError(f"{what} holds more than any document of an image")
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ImageError(f"{what} is no JSON ({error})") from None


def mapping(data: bytes, what: str) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        ImageError: it is none.
    """
    document = parse(data, what)
    if not isinstance(document, dict):
        raise _no_object(what)
    return document


def get(document: Any, key: str, kind: type[T], what: str) -> T:
    """One value of an object, of the type it must have; empty where the key is missing or null.

    Raises:
        ImageError: the document is no object, or the value is of another type.
    """
    value = document[key] if has(document, key, what) else None
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise ImageError(f"{key} of {what} is not of type {kind.__name__}")
    return value


def has(document: Any, key: str, what: str) -> bool:
    """Whether an object has a key.

    Raises:
        ImageError: the document is no object.
    """
    if not isinstance(document, dict):
        raise _no_object(what)
    return key in document


def _no_object(what: str) -> ImageError:
    return ImageError(f"{what} is no JSON object")


def strings(document: Any, key: str, what: str) -> list[str]:
    """A list of strings, as :func:`get` reads it."""
    values = get(document, key, list, what)
    if not all(isinstance(value, str) for value in values):
        raise ImageError(f"{key} of {what} does not hold strings alone")
    return values


def digest_of(descriptor: Any, what: str) -> str:
    """The digest in a descriptor.

    Raises:
        ImageError: there is none that is well-formed.
    """
    digest = get(descriptor, "digest", str, what)
    if not DIGEST.fullmatch(digest):
        raise ImageError(f"{what} has no digest but {digest[:100]!r}")
    return digest


def check(data: bytes, digest: str) -> None:
    """Hold a document against the digest that names it.

    Raises:
        ImageError: they differ.
    """
    algorithm, _, stated = digest.partition(":")
    if hashlib.new(algorithm, data).hexdigest() != stated:
        raise ImageError(f"what is stored as {digest} has another digest")


def bounded(name: str, size: int, room: Room) -> None:
    """Take the room of a document.

    Raises:
        ImageError: it is larger than any real one, or all are.
    """
    if size > MAX_DOCUMENT:
        raise ImageError(f"{name} has {size:,} bytes, which no document of an image has")
    room.take(size)


def missing(name: str) -> ImageError:
    """Why something that is listed cannot be read."""
    return ImageError(f"{name} is missing")
