from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from gated import archive, weighed

from imgtool.gates import trend
from imgtool.gates.model import Judged
from imgtool.images.compare import Measure

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def test_what_is_added_is_read(tmp_path: Path) -> None:
    head = weighed(archive(tmp_path / "image.tar", "a 5")).measures
    judged = [Judged("app", Measure.UNPACKED, head=head), Judged("lost", Measure.UNPACKED, error="gone")]
    path = tmp_path / "trend.jsonl"
    later = NOON.astimezone(timezone(timedelta(hours=2))) + timedelta(days=1)
    trend.append(path, judged, later, {"GITHUB_SHA": "abc"})
    trend.append(path, judged, NOON, {})
    first, second = trend.read(path)
    assert (first.time, first.name, first.commit) == (NOON, "app", "")
    assert (second.time, second.commit) == (NOON + timedelta(days=1), "abc")
    assert (first.unpacked, first.flattened, first.transfer) == (head.unpacked, 5, None)
    assert len(path.read_text().splitlines()) == 2


GOOD = {"time": "2030-01-01T12:00:00+00:00", "name": "app", "unpacked": 5}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b"\xff",
        b"[" * 100_000,
        json.dumps({**GOOD, "time": 5}).encode(),
        json.dumps({**GOOD, "time": "noon"}).encode(),
        json.dumps({**GOOD, "time": "0001-01-01T00:00:00+23:00"}).encode(),
        json.dumps({**GOOD, "name": 5}).encode(),
        json.dumps({**GOOD, "commit": 5}).encode(),
        json.dumps({**GOOD, "unpacked": -5}).encode(),
        json.dumps({**GOOD, "unpacked": "5"}).encode(),
        b'{"time": "2030-01-01T12:00:00+00:00", "name": "app", "unpacked": ' + b"9" * 5000 + b"}",
    ],
)
def test_lines_that_are_none_are_passed_over(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "trend.jsonl"
    path.write_bytes(line + b"\n" + json.dumps(GOOD).encode() + b"\n")
    (point,) = trend.read(path)
    assert (point.time, point.unpacked) == (NOON, 5)


def test_of_a_long_file_the_end_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "trend.jsonl"
    path.write_text("".join(f"{json.dumps({**GOOD, 'unpacked': size})}\n" for size in range(100)))
    monkeypatch.setattr(trend, "MAX_FILE", 250)
    assert [point.unpacked for point in trend.read(path)] == [97, 98, 99]


def test_a_time_without_a_zone_is_utc(tmp_path: Path) -> None:
    path = tmp_path / "trend.jsonl"
    path.write_text(json.dumps({**GOOD, "time": "2030-01-01T12:00:00"}))
    assert trend.read(path)[0].time == NOON
