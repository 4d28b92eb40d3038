"""Hiding the secrets of a Dockerfile in what is told about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from imgtool.edits import Span
from imgtool.leaks import hide, pieces, places, starred
from imgtool.values import dataclass, field, replace

if TYPE_CHECKING:
    from imgtool.facts.secrets import Secret
    from imgtool.syntax.nodes import Document

MAX_VALUES = 100
"""Secrets of one file that are looked for in other places than their own."""

MIN_VALUE = 6
"""Bytes of the shortest of them."""


@dataclass(frozen=True, slots=True)
class Mask:
    """The secrets of one file: where they stand, and values that are hidden wherever they are.

    A weak one (``nvidia``) may be an ordinary word, and is hidden only where it stands as a secret.
    """

    places: tuple[Span, ...] = field(default=(), repr=False)
    values: tuple[bytes, ...] = field(default=(), repr=False)

    def file(self, data: bytes) -> bytes:
        """The file with ``*`` for every byte of a secret, comments included, so that all places in it stay the same."""
        spans = [*self.places, *places(data, self.values)]
        return starred(data, spans) if spans else data

    def text(self, text: str) -> str:
        """A text about the file, without its secrets and what looks like one."""
        return hide(text, self.values)


def mask(document: Document, found: Sequence[Secret]) -> Mask:
    """What hides the secrets found in a document."""
    data = document.data
    where = [(secret, [*pieces(data, secret.span)]) for secret in found]
    texts = ([data[p.start : p.end] for p in parts] for secret, parts in where if not secret.weak)
    # the whole is what is told of one that continuations cut
    values = dict.fromkeys(value for parts in texts for value in (*parts, b"".join(parts)))
    lasting = [value for value in values if len(value) >= MIN_VALUE]
    return Mask(tuple(piece for _, parts in where for piece in parts), tuple(lasting)[:MAX_VALUES])


def mask_of(data: bytes) -> Mask:
    """What hides the secrets of a Dockerfile."""
    # a file whose findings are known is not read
    from imgtool.facts.secrets import secrets  # noqa: PLC0415
    from imgtool.syntax import parse  # noqa: PLC0415

    document = parse(data)
    return mask(document, secrets(document))


def masked(*versions: bytes) -> list[bytes]:
    """Versions of one Dockerfile, each without the secrets of any; all places in them stay the same."""
    masks = [mask_of(data) for data in versions]
    values = tuple(dict.fromkeys(value for one in masks for value in one.values))
    return [replace(one, values=values).file(data) for one, data in zip(masks, versions, strict=True)]
