from __future__ import annotations

import json
from typing import Any

import pytest
from archives import files, layer, oci

from imgtool.images.archive import StreamStore
from imgtool.images.baseline import NoBaselineError, decoded, read
from imgtool.images.compare import Measure, compare
from imgtool.images.manifests import read_image
from imgtool.images.measure import weigh
from imgtool.report import sizes


def test_a_report_is_compared_as_its_image() -> None:
    store = StreamStore([files(oci([layer("a 1000"), layer("a 5, b 7")]))])
    image = weigh(read_image(store, reference="a.tar", source="docker-archive", name=None, platform=None))
    (known,) = read(decoded(json.dumps([sizes.row(image)]).encode()))
    for measure in Measure:
        assert compare(known, image, measure).growth == 0
    for name in ("waste", "foreign", "compression"):
        assert getattr(known, name) == getattr(image, name)
    assert [one.diff_id for one in known.image.layers] == [one.diff_id for one in image.image.layers]
    assert (known.image.digest, known.image.platform) == (image.image.digest, image.image.platform)


LAYER = {
    "digest": None,
    "diff_id": "sha256:0",
    "compression": "gzip",
    "transfer": 1,
    "unpacked": 2,
    "content": 3,
}
ROW: dict[str, Any] = {
    "reference": "a",
    "source": "registry",
    "platform": "linux/amd64",
    "compression": "gzip",
    "transfer": 5,
    "layers": [LAYER],
}


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({}, "it holds no list of images"),
        ([1], "image 1 is none"),
        ([ROW, []], "image 2 is none"),
        ([{**ROW, "layers": None}], "image 1 has no list of layers"),
        ([{**ROW, "layers": [LAYER] * 10_001}], "image 1 has no list of layers"),
        ([{**ROW, "layers": [1]}], "layer 1 of image 1 is none"),
        ([{**ROW, "layers": [{**LAYER, "diff_id": None}]}], "layer 1 of image 1 has no diff_id"),
        ([{**ROW, "layers": [{**LAYER, "unpacked": "2"}]}], "unpacked of layer 1 of image 1 is no number"),
        ([{**ROW, "reference": 5}], "reference of image 1 is no text"),
        ([{**ROW, "platform": None}], "image 1 has no platform"),
        ([{**ROW, "transfer": 1.5}], "transfer of image 1 is no number of bytes"),
        ([{**ROW, "transfer": 1 << 60}], "transfer of image 1 is no number of bytes"),
        ([{**ROW, "waste": float("nan")}], "waste of image 1 is no number of bytes"),
        ([ROW], None),
        ([], None),
    ],
)
def test_what_is_refused(value: Any, complaint: str | None) -> None:
    if complaint is None:
        assert len(read(value)) == len(value)
        return
    with pytest.raises(NoBaselineError) as caught:
        read(value)
    assert complaint in str(caught.value)


def test_what_was_not_known_is_not_known() -> None:
    (known,) = read([ROW])
    assert (known.transfer, known.unpacked, known.waste, known.foreign) == (5, None, None, 0)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff", b"[" * 100_000, b"9" * 5000, json.dumps([ROW]).encode()[:-1]]
)
def test_what_is_no_json(data: bytes) -> None:
    with pytest.raises(NoBaselineError):
        decoded(data)


def test_half_a_surrogate_pair_is_replaced() -> None:
    (known,) = read(decoded(json.dumps([{**ROW, "reference": "a\ud800"}]).encode()))
    assert known.image.reference == "a?"
