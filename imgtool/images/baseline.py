"""What images weighed when somebody looked: read from what ``imgtool size --format json`` wrote."""

from __future__ import annotations

import json
from typing import Any

from imgtool.images.layers import Entries
from imgtool.images.measure import Measures
from imgtool.images.model import Image, Layer

MAX_FILE = 64 << 20
"""Bytes of the largest file that is read: the analyses of some hundred images."""

#: No image has more: overlay2 stacks 128 layers, and no disk holds an exabyte.
_MOST_LAYERS, _MOST_BYTES = 10_000, 1 << 60


class NoBaselineError(ValueError):
    """A file holds no sizes of images. The text is one clause."""


def decoded(data: bytes) -> Any:
    """The value that JSON says.

    Raises:
        NoBaselineError: it is none.
    """
    try:
        return json.loads(data)
    except RecursionError:
        raise NoBaselineError("it is nested too deeply") from None
    except ValueError:
        raise NoBaselineError("it is not JSON") from None


def read(rows: Any) -> tuple[Measures, ...]:
    """The images of a report, their layers without what is in them.

    Raises:
        NoBaselineError: it is none.
    """
    if not isinstance(rows, list):
        raise NoBaselineError("it holds no list of images: imgtool size --format json writes one")
    return tuple(image(row, f"image {number}") for number, row in enumerate(rows, 1))


def image(row: Any, what: str) -> Measures:
    """One image of a report; ``what`` names it in errors.

    Raises:
        NoBaselineError: it is none.
    """
    if not isinstance(row, dict):
        raise NoBaselineError(f"{what} is none")
    layers = row.get("layers")
    if not isinstance(layers, list) or len(layers) > _MOST_LAYERS:
        raise NoBaselineError(f"{what} has no list of layers")
    described = Image(
        reference=_text(row, "reference", what),
        source=_text(row, "source", what),
        platform=_text(row, "platform", what),
        config={},
        config_size=0,
        history=(),
        layers=tuple(_layer(layer, f"layer {at} of {what}") for at, layer in enumerate(layers, 1)),
        digest=_text_or_none(row, "digest", what),
        config_digest=_text_or_none(row, "config_digest", what) or "",
    )
    return Measures(
        described,
        transfer=_size(row, "transfer", what),
        unpacked=_size(row, "unpacked", what),
        flattened=_size(row, "flattened", what),
        waste=_size(row, "waste", what),
        foreign=_size(row, "foreign", what) or 0,
        compression=_text(row, "compression", what),
    )


def _layer(row: Any, what: str) -> Layer:
    if not isinstance(row, dict):
        raise NoBaselineError(f"{what} is none")
    return Layer(
        digest=_text_or_none(row, "digest", what),
        diff_id=_text(row, "diff_id", what),
        compression=_text(row, "compression", what),
        transfer=_size(row, "transfer", what),
        unpacked=_size(row, "unpacked", what),
        content=_size(row, "content", what),
        created_by=_text_or_none(row, "created_by", what),
        entries=Entries(),
        media_type=_text_or_none(row, "media_type", what),
        foreign=row.get("foreign") is True,
    )


def _text(row: dict[str, Any], key: str, what: str) -> str:
    text = _text_or_none(row, key, what)
    if text is None:
        raise NoBaselineError(f"{what} has no {key}")
    return text


def _text_or_none(row: dict[str, Any], key: str, what: str) -> str | None:
    value = row.get(key)
    if value is not None and not isinstance(value, str):
        raise NoBaselineError(f"{key} of {what} is no text")
    # half a surrogate pair is text to JSON, and to nobody else
    return value and value.encode("utf-8", "replace").decode()


def _size(row: dict[str, Any], key: str, what: str) -> int | None:
    value = row.get(key)
    if value is None:
        return None
    # True is an integer to Python
    if type(value) is not int or not 0 <= value < _MOST_BYTES:
        raise NoBaselineError(f"{key} of {what} is no number of bytes")
    return value
