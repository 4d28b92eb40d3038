"""What images weighed over time: a file of JSON lines, one an image a run, that only grows."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from imgtool.gates.model import Judged
from imgtool.images.measure import Measures
from imgtool.syntax.source import open_regular
from imgtool.values import NamedTuple

MAX_FILE = 64 << 20
"""Bytes at the end of a file that are read: of a longer one the beginning is left out."""

_MOST_BYTES = 1 << 60
#: Where CI services say which commit they build, and the one that runs everywhere.
_COMMITS = ("GITHUB_SHA", "CI_COMMIT_SHA", "BUILD_SOURCEVERSION", "GIT_COMMIT")


class Point(NamedTuple):
    """What an image weighed at a time, in bytes; None where a measure was not known. ``commit`` may be empty."""

    time: datetime
    name: str
    commit: str
    transfer: int | None
    unpacked: int | None
    flattened: int | None
    waste: int | None


def append(path: Path, judged: Iterable[Judged], now: datetime, environ: Mapping[str, str]) -> None:
    """Add a line for each image that was measured.

    Raises:
        OSError: the file cannot be written.
    """
    commit = next((environ[name] for name in _COMMITS if environ.get(name)), "")
    rows = [_row(one.name, one.head, commit, now) for one in judged if one.head]
    data = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    # in one write, so that runs side by side do not mix their lines
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    try:
        os.write(descriptor, data)
    finally:
        os.close(descriptor)


def _row(name: str, head: Measures, commit: str, now: datetime) -> dict[str, str | int | None]:
    return {
        "time": now.astimezone(UTC).isoformat(timespec="seconds"),
        "name": name,
        "commit": commit,
        "platform": head.image.platform,
        "digest": head.image.digest,
        "layers": len(head.image.layers),
        "transfer": head.transfer,
        "unpacked": head.unpacked,
        "flattened": head.flattened,
        "waste": head.waste,
    }


def read(path: Path) -> list[Point]:
    """The points of a file in the order of time; lines that are none, as of a run that broke off, are passed over.

    Raises:
        OSError: the file cannot be read.
    """
    with open_regular(path) as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - MAX_FILE))
        data = file.read(MAX_FILE)
    return sorted(_points(data), key=lambda point: (point.time, point.name))


def _points(data: bytes) -> Iterator[Point]:
    for line in data.splitlines():
        try:
            row = json.loads(line)
            yield _point(row)
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            continue


def _point(row: dict[str, Any]) -> Point:
    time = datetime.fromisoformat(row["time"])
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    name, commit = row["name"], row.get("commit", "")
    if not isinstance(name, str) or not isinstance(commit, str):
        raise TypeError
    sizes = (_size(row.get(key)) for key in ("transfer", "unpacked", "flattened", "waste"))
    return Point(time.astimezone(UTC), name, commit, *sizes)


def _size(value: Any) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 0 <= value < _MOST_BYTES:
        raise TypeError
    return value
