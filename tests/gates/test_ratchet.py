from __future__ import annotations

import json
from pathlib import Path

import pytest
from gated import archive, weighed

from imgtool.gates.ratchet import dump, parse
from imgtool.images.baseline import NoBaselineError


def test_it_gives_back_what_it_was_given(tmp_path: Path) -> None:
    one = weighed(archive(tmp_path / "one.tar", "a 5")).measures
    two = weighed(archive(tmp_path / "two.tar", "b 5", compress=True)).measures
    data = dump({"b": two, "a": one})
    assert dump({"a": one, "b": two}) == data
    assert list(json.loads(data)["images"]) == ["a", "b"]
    found = parse(json.loads(data), "sizes.json")
    assert dump(found) == data
    assert found["b"].image.reference == "sizes.json:b"
    for name in ("transfer", "unpacked", "flattened", "waste", "foreign", "compression"):
        assert getattr(found["b"], name) == getattr(two, name)
    assert found["b"].image.digest == two.image.digest


ROW = {"platform": "linux/amd64", "compression": "gzip", "unpacked": 5}


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ([], "it holds no table of images"),
        ({"version": 1}, "it holds no table of images"),
        ({"version": 1, "images": []}, "it holds no table of images"),
        ({"version": 2, "images": {}}, "its version is 2, not 1"),
        ({"version": 1, "images": {"a": 1}}, "image 'a' is none"),
        ({"version": 1, "images": {"a": {}}}, "image 'a' has no platform"),
        (
            {"version": 1, "images": {"a": {**ROW, "unpacked": -1}}},
            "unpacked of image 'a' is no number of bytes",
        ),
        ({"version": 1, "images": {"a": {**ROW, "unpacked": True}}}, "is no number of bytes"),
        ({"version": 1, "images": {"a": {**ROW, "unpacked": 1 << 60}}}, "is no number of bytes"),
        ({"version": 1, "images": {"a": ROW}}, None),
    ],
)
def test_what_is_refused(table: object, complaint: str | None) -> None:
    if complaint is None:
        assert parse(table, "sizes.json")["a"].unpacked == 5
        return
    with pytest.raises(NoBaselineError) as caught:
        parse(table, "sizes.json")
    assert complaint in str(caught.value)
