"""Hiding the secrets of a Dockerfile in what is told about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from imgtool.edits import Edit, Span
from imgtool.leaks import hide, pieces, places, starred
from imgtool.regex import regex
from imgtool.values import dataclass, field, replace

if TYPE_CHECKING:
    from imgtool.facts.secrets import Secret
    from imgtool.syntax.nodes import Document

MAX_VALUES = 100
"""Secrets of one file that are looked for in other places than their own."""

MIN_VALUE = 6
"""Bytes of the shortest of them."""

MAX_WORD = 200
"""Characters of a word in a message. The longest of a thousand Dockerfiles has 175, an address."""

MAX_MESSAGE = 1000
"""Characters of a message."""

_LONG_WORD = regex(rf"(?<!\S)\S{{{MAX_WORD + 1},}}+")


@dataclass(frozen=True, slots=True)
class Mask:
    """The secrets of one file: where they stand, and values that are hidden wherever they are.

    A weak one (``nvidia``) may be an ordinary word, and is hidden only where it stands as a secret. ``own``: what stands
    at each of ``places``.
    """

    places: tuple[Span, ...] = field(default=(), repr=False)
    values: tuple[bytes, ...] = field(default=(), repr=False)
    own: tuple[bytes, ...] = field(default=(), repr=False)

    def file(self, data: bytes) -> bytes:
        """The file with ``*`` for every byte of a secret, comments included, so that all places in it stay the same."""
        spans = [*self.places, *places(data, self.values)]
        return starred(data, spans) if spans else data

    def shows(self, edits: Sequence[Edit]) -> bool:
        """Whether edits write a secret; a weak one, if they change where it stands."""
        if any(self.text(edit.text) != edit.text for edit in edits):
            return True
        moved = [
            own
            for place, own in zip(self.places, self.own, strict=True)
            if any(e.start < place.end and place.start < e.end for e in edits)
        ]
        return any(own.decode("utf-8", "surrogateescape") in edit.text for own in moved for edit in edits)

    def text(self, text: str) -> str:
        """A text about the file, without its secrets and what looks like one."""
        return hide(text, self.values)

    def message(self, text: str) -> str:
        """What a finding says, likewise; of what it quotes of the file no more than somebody reads."""
        shown = self.text(text)
        if len(shown) <= MAX_WORD:
            return shown
        shown = _LONG_WORD.sub(lambda word: _cut(word[0], MAX_WORD), shown)
        return shown if len(shown) <= MAX_MESSAGE else _cut(shown, MAX_MESSAGE)


def _cut(text: str, most: int) -> str:
    """The beginning and the end of a text, ``most`` characters or less; what hides a secret is there whole or not at all."""
    last = most // 4
    first = most - last - 1
    head, tail = text[:first], text[-last:]
    if text[first] == "*":
        head = head.rstrip("*")
    if text[-last - 1] == "*":
        tail = tail.lstrip("*")
    return f"{head}…{tail}"


_NOTHING = Mask()


def mask(document: Document, found: Sequence[Secret]) -> Mask:
    """What hides the secrets found in a document, and the values that a finding may call one."""
    # a file whose findings are known is not read
    from imgtool.facts.secrets import called_secrets  # noqa: PLC0415

    found = [*found, *called_secrets(document)]
    if not found:
        return _NOTHING
    data = document.data
    where = [(secret, [*pieces(data, secret.span, _escape(document, secret))]) for secret in found]
    texts = ([data[p.start : p.end] for p in parts] for secret, parts in where if not secret.weak)
    # the whole is what is told of one that continuations cut
    values = dict.fromkeys(value for parts in texts for value in (*parts, b"".join(parts)))
    lasting = [value for value in values if len(value) >= MIN_VALUE]
    spans = tuple(piece for _, parts in where for piece in parts)
    return Mask(spans, tuple(lasting)[:MAX_VALUES], tuple(data[s.start : s.end] for s in spans))


def _escape(document: Document, secret: Secret) -> bytes:
    """What continues the lines of a secret: in a here-document the shell's."""
    heredocs = secret.instruction.heredocs
    within = heredocs and heredocs[0].body.start <= secret.span.start
    return b"\\" if within else document.escape.encode()


def mask_of(data: bytes) -> Mask:
    """What hides the secrets of a Dockerfile."""
    from imgtool.facts.secrets import secrets  # noqa: PLC0415
    from imgtool.syntax import parse  # noqa: PLC0415

    document = parse(data)
    return mask(document, secrets(document))


def masked(*versions: bytes) -> list[bytes]:
    """Versions of one Dockerfile, each without the secrets of any; all places in them stay the same."""
    masks = [mask_of(data) for data in versions]
    values = tuple(dict.fromkeys(value for one in masks for value in one.values))
    return [replace(one, values=values).file(data) for one, data in zip(masks, versions, strict=True)]
