"""Two tables of Parquet files in one folder: ``items``, a row each, and ``findings``, a row each.

A part of the audit is a file of the same name in both, written whole or not at all, the one of ``items`` last: rows
of ``findings`` whose part has none in ``items`` are of a run that ended between the two, and go when the next begins.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from imgtool.audit.errors import AuditError
from imgtool.audit.work import OK, Record, Row
from imgtool.edits import write_atomic
from imgtool.findings import Severity

ROWS = 5000
"""Rows of a part, as long as it takes less than :data:`SECONDS`."""

SECONDS = 15.0
"""How much of an audit is lost at most when the machine goes down."""

_ELSEWHERE = "give --output a folder of its own"

ITEMS = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        ("repository", pa.string()),
        pa.field("status", pa.string(), nullable=False),
        ("error", pa.string()),
        ("digest", pa.string()),
        ("bytes", pa.int64()),
        ("findings", pa.int32()),
        *((f"{severity}s", pa.int32()) for severity in Severity),
        ("codes", pa.map_(pa.string(), pa.int32())),
        ("saves_bytes", pa.int64()),
        ("platform", pa.string()),
        *((name, pa.int64()) for name in ("transfer", "unpacked", "flattened", "waste", "foreign")),
        ("layers", pa.int32()),
        ("compression", pa.string()),
        ("seconds", pa.float64()),
        ("imgtool", pa.string()),
    ]
)

FINDINGS = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        *((name, pa.string()) for name in ("path", "code", "name", "severity", "message")),
        *((name, pa.int32()) for name in ("line", "column", "end_line", "end_column")),
        ("saves_bytes", pa.int64()),
        ("fix", pa.string()),
    ]
)


@contextmanager
def opened(folder: Path, *, resume: bool) -> Iterator[Tables]:
    """The tables of a folder, of which nobody else is writing; what was added is in them at the end, come what may.

    With ``resume``, what a run before has done stays, and its failures are forgotten, to be tried again. A folder that
    was not there is not there afterwards either, where nothing was added.

    Raises:
        AuditError: the folder is in use, holds something else, tables that are not to be resumed, or those of another
            version.
        OSError: it cannot be written.
    """
    is_new = not folder.exists()
    if not is_new and not folder.is_dir():
        raise AuditError(f"{folder} is no folder: {_ELSEWHERE}")
    if not is_new and any(folder.iterdir()) and not (folder / "items").is_dir():
        raise AuditError(f"{folder} holds other things than an audit: {_ELSEWHERE}")
    for name in ("items", "findings"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("wb") as lock:
        _lock(lock)
        tables = Tables(folder)
        if not resume and tables.has_done():
            raise AuditError(f"{folder} holds an audit: add --resume to go on with it, or {_ELSEWHERE}")
        for part in (folder / "findings").glob("*.parquet"):
            if not (folder / "items" / part.name).exists():
                part.unlink()
        tables.keep(lambda row: row["status"] == OK)
        try:
            yield tables
        finally:
            tables.flush()
            if is_new and not tables.parts():
                _remove(folder)


def _remove(folder: Path) -> None:
    """A folder that was made for nothing."""
    # whoever else put something there keeps it
    with suppress(OSError):
        (folder / ".lock").unlink()
        for made in (folder / "items", folder / "findings", folder):
            made.rmdir()


def _lock(file: IO[bytes]) -> None:
    try:
        import fcntl  # noqa: PLC0415 - Windows has none, and does not open what is open
    except ModuleNotFoundError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise AuditError("another audit is writing there") from None


@dataclass
class Tables:
    """Rows that wait to be written into ``folder``."""

    folder: Path
    waiting: list[Record] = field(default_factory=list)
    written: float = field(default_factory=time.monotonic)

    def parts(self) -> list[Path]:
        return sorted((self.folder / "items").glob("*.parquet"))

    def add(self, record: Record) -> None:
        """Keep a record; it is on the disk soon.

        Raises:
            OSError: the disk is full, or the folder has gone.
        """
        self.waiting.append(record)
        if len(self.waiting) >= ROWS or time.monotonic() - self.written > SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write what waits as a part of its own."""
        self.written = time.monotonic()
        if self.waiting:
            name = f"part-{uuid4().hex}.parquet"
            findings = [row for record in self.waiting for row in record.findings]
            self._write(name, [record.item for record in self.waiting], findings)
            self.waiting.clear()

    def _write(self, name: str, items: list[Row], findings: list[Row]) -> None:
        _put(self.folder / "findings" / name, pa.Table.from_pylist(findings, FINDINGS))
        _put(self.folder / "items" / name, pa.Table.from_pylist(items, ITEMS))

    def keys(self) -> set[str]:
        """The keys of the items that are there."""
        return {key for part in self.parts() for key in _read(part, ITEMS)["key"].to_pylist()}

    def has_done(self) -> bool:
        """Whether anything is there that did not fail."""
        return any(OK in _read(part, ITEMS)["status"].to_pylist() for part in self.parts())

    def keep(self, wanted: Callable[[Row], bool]) -> int:
        """Leave the rows of items that are wanted, by key, path and status, and their findings; how many items go."""
        gone = 0
        for part in self.parts():
            items = _read(part, ITEMS)
            kept = [wanted(row) for row in items.select(["key", "path", "status"]).to_pylist()]
            gone += kept.count(False)
            if not all(kept):
                self._shorten(part, items.filter(pa.array(kept, pa.bool_())))
        return gone

    def _shorten(self, part: Path, items: Any) -> None:
        other = self.folder / "findings" / part.name
        if not items.num_rows:
            part.unlink()
            other.unlink(missing_ok=True)
            return
        # a row that is to go may lose its findings and stay when this ends here: it will be told to go again
        findings = _read(other, FINDINGS)
        _put(other, findings.filter(pc.is_in(findings["key"], value_set=items["key"].combine_chunks())))
        _put(part, items)


def _put(path: Path, table: Any) -> None:
    buffer = BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    write_atomic(path, buffer.getvalue())


def _read(path: Path, schema: Any) -> Any:
    try:
        # not a data set: a part alone says what it holds
        table = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as error:
        raise AuditError(f"{path.name} cannot be read: {error}") from None
    if not table.schema.equals(schema):
        raise AuditError(f"{path.parents[1]} holds an audit of another version of imgtool: {_ELSEWHERE}")
    return table
