"""Spans and edits over bytes, and writing a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from pathlib import Path

from imgtool.values import NamedTuple


class Span(NamedTuple):
    """Bytes ``start`` to ``end`` of a file; ``end`` is exclusive."""

    start: int
    end: int

    def holds(self, other: Span) -> bool:
        """Whether the other lies inside."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Span) -> bool:
        """Whether the two share a byte, one is an insertion inside the other, or both insert at one place.

        An insertion at the edge of a span does not overlap it: which comes first is clear.
        """
        if self.start == self.end and other.start == other.end:
            return self.start == other.start
        return self.start < other.end and other.start < self.end


class Edit(NamedTuple):
    """Replace the bytes ``start`` to ``end`` by ``text``.

    ``text`` is encoded as UTF-8; bytes of the file that are not UTF-8 travel as surrogates
    (:pep:`383`), so an edit can move any text it has cut out with :func:`cut`.
    """

    start: int
    end: int
    text: str

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)

    @property
    def data(self) -> bytes:
        return self.text.encode("utf-8", "surrogateescape")


class ConflictError(ValueError):
    """Two edits of one set touch the same bytes."""


def cut(data: bytes, span: Span) -> str:
    """The text of a span, in the form that :class:`Edit` takes."""
    return data[span.start : span.end].decode("utf-8", "surrogateescape")


def conflicting(edits: Iterable[Edit], taken: Sequence[Edit]) -> bool:
    """Whether any of ``edits`` overlaps one of ``taken``; equal edits do not.

    ``taken`` are sorted, and disjoint but for equal ones.
    """
    return any(e != t and e.span.overlaps(t.span) for e in edits for t in _neighbours(e, taken))


def _neighbours(edit: Edit, taken: Sequence[Edit]) -> Sequence[Edit]:
    # what overlaps disjoint edits overlaps one of the nearest two
    at = bisect_left(taken, edit)
    return taken[max(at - 1, 0) : at + 1]


def apply(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The bytes after all edits; those outside every edit are untouched.

    Equal edits count once. Edits are given in the offsets of ``data``, in any order.

    Raises:
        ConflictError: two different edits overlap.
        ValueError: an edit lies outside ``data``.
    """
    out = bytearray()
    position = 0
    previous: Edit | None = None
    for edit in sorted(set(edits)):
        if not 0 <= edit.start <= edit.end <= len(data):
            raise ValueError(f"edit {edit.start}:{edit.end} lies outside {len(data)} bytes")
        if previous is not None and previous.span.overlaps(edit.span):
            raise ConflictError(f"edits at {previous.start} and {edit.start} overlap")
        out += data[position : edit.start]
        out += edit.data
        position = edit.end
        previous = edit
    out += data[position:]
    return bytes(out)


def write_atomic(path: Path, data: bytes) -> None:
    """Replace a file's content whole, keeping its mode; a symbolic link keeps pointing where it did.

    Raises:
        OSError: the folder or the file cannot be written. The old content is then untouched.
    """
    import tempfile  # noqa: PLC0415 - 5 ms that only writing needs

    target = path.resolve()
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666 & ~_umask()
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _umask() -> int:
    # the umask can only be read by setting it
    current = os.umask(0o022)
    os.umask(current)
    return current
