from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from imgtool.audit import tables
from imgtool.audit.errors import AuditError
from imgtool.audit.work import Record


def record(key: str, status: str = "ok", findings: int = 1) -> Record:
    item = {
        "key": key,
        "kind": "dockerfile",
        "path": f"{key}/Dockerfile",
        "status": status,
        "codes": [("BK008", 1)],
    }
    return Record(item, tuple({"key": key, "code": "BK008", "line": n} for n in range(1, findings + 1)))


def write(folder: Path, *records: Record, resume: bool = False) -> None:
    with tables.opened(folder, resume=resume) as table:
        for each in records:
            table.add(each)


def rows(folder: Path, what: str = "key", table: str = "items") -> list[Any]:
    query = f"select {what} from '{folder}/{table}/*.parquet' order by all"  # noqa: S608 - words of this file
    found = duckdb.connect().execute(query).fetchall()
    return [row[0] if len(row) == 1 else row for row in found]


def test_rows_are_read_by_others(tmp_path: Path) -> None:
    write(tmp_path / "new/estate.parquet", record("a", findings=2), record("b", "failed", 0))
    folder = tmp_path / "new/estate.parquet"
    assert rows(folder, "key, status, path, codes['BK008']") == [
        ("a", "ok", "a/Dockerfile", 1),
        ("b", "failed", "b/Dockerfile", 1),
    ]
    assert rows(folder, "key, line", "findings") == [("a", 1), ("a", 2)]
    assert pq.read_table(folder / "items").num_rows == 2


def test_parts_are_written_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ROWS", 3)
    with tables.opened(tmp_path, resume=False) as table:
        for number in range(7):
            table.add(record(str(number)))
        assert rows(tmp_path) == list("012345")
    assert rows(tmp_path) == list("0123456")


def test_what_was_added_before_an_error_is_there(tmp_path: Path) -> None:
    def interrupted() -> None:
        with tables.opened(tmp_path, resume=False) as table:
            table.add(record("a"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert rows(tmp_path) == ["a"]


def test_tables_are_not_written_over(tmp_path: Path) -> None:
    write(tmp_path, record("a"))
    with pytest.raises(AuditError, match="holds an audit: add --resume to go on"):
        write(tmp_path, record("b"))
    assert rows(tmp_path) == ["a"]


def test_failures_are_tried_again(tmp_path: Path) -> None:
    write(tmp_path, record("a"), record("b", "failed"), record("c"))
    with tables.opened(tmp_path, resume=True) as table:
        assert table.keys() == {"a", "c"}
        table.add(record("b"))
    assert rows(tmp_path, "key, status") == [("a", "ok"), ("b", "ok"), ("c", "ok")]
    assert rows(tmp_path, table="findings") == ["a", "b", "c"]


def test_a_part_of_which_nothing_stays_goes(tmp_path: Path) -> None:
    write(tmp_path, record("a"))
    write(tmp_path, record("b"), resume=True)
    with tables.opened(tmp_path, resume=True) as table:
        table.keep(lambda row: row["path"] == "b/Dockerfile")
        assert len(table.parts()) == 1
    assert rows(tmp_path) == rows(tmp_path, table="findings") == ["b"]


def test_findings_of_a_part_that_was_not_finished_go(tmp_path: Path) -> None:
    write(tmp_path, record("a"), record("b"))
    (part,) = (tmp_path / "items").glob("*.parquet")
    part.unlink()
    write(tmp_path, record("c"), resume=True)
    assert rows(tmp_path, table="findings") == ["c"]


def test_findings_leave_with_their_rows(tmp_path: Path) -> None:
    write(tmp_path, record("a", findings=2), record("b", "failed"), record("c"))
    write(tmp_path, resume=True)
    assert rows(tmp_path) == ["a", "c"]
    assert rows(tmp_path, table="findings") == ["a", "a", "c"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: path.write_bytes(b"PAR1 no table PAR1"), "cannot be read"),
        (lambda path: path.write_bytes(b""), "cannot be read"),
        (lambda path: pq.write_table(pa.table({"key": ["a"]}), path), "another version of imgtool"),
    ],
)
def test_what_is_no_table_of_ours_is_left_alone(tmp_path: Path, change: Any, message: str) -> None:
    write(tmp_path, record("a"))
    (part,) = (tmp_path / "items").glob("*.parquet")
    change(part)
    before = part.read_bytes()
    with pytest.raises(AuditError, match=message):
        write(tmp_path, record("b"), resume=True)
    assert part.read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows opens no file twice")
def test_one_audit_at_a_time(tmp_path: Path) -> None:
    code = f"from imgtool.audit import tables; import pathlib; tables.opened(pathlib.Path({str(tmp_path)!r}), resume=True).__enter__()"
    with tables.opened(tmp_path, resume=False):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "another audit is writing there" in done.stderr


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OSError, match="denied"):
        write(tmp_path / "estate", record("a"))
