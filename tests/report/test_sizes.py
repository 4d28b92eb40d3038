from __future__ import annotations

import json

import pytest
from archives import classic, files, layer, oci

from imgtool.images.archive import StreamStore
from imgtool.images.budget import judge, max_growth, max_size
from imgtool.images.compare import Measure, compare
from imgtool.images.manifests import read_image
from imgtool.images.measure import Measures, weigh
from imgtool.report import sizes
from imgtool.report.style import Style

HISTORY = [{"created_by": "COPY . . # buildkit"}, {"created_by": "RUN /bin/sh -c rm -r d # buildkit"}]
LAYERS = [layer("d/, d/a 3000000, b 1000000"), layer(".wh.d")]


def measured(content: dict[str, bytes], reference: str) -> Measures:
    store = StreamStore([files(content)])
    return weigh(read_image(store, reference=reference, source="docker-archive", name=None, platform=None))


BASE = measured(classic(LAYERS[:1], history=HISTORY[:1]), "base.tar")
HEAD = measured(classic(LAYERS, history=HISTORY), "head.tar")


def test_text() -> None:
    assert (
        sizes.text([HEAD], Style())
        == """\
head.tar  (docker-archive, linux/amd64)
    unpacked     content    transfer  layer
      4.0 MB      4.0 MB     unknown  COPY . .
       10 kB         0 B     unknown  RUN rm -r d
  transfer       unknown  (not every layer is compressed here)
  unpacked        4.0 MB       4,014,080 bytes  layer tars: what unpacking writes
  flattened       1.0 MB       1,000,000 bytes  file content to be seen in the end
  waste           3.0 MB       3,000,000 bytes  overwritten, deleted or copied by a later layer: 75.0% of all file content
"""
    )


def test_json_keeps_its_order() -> None:
    (row,) = json.loads(sizes.as_json([HEAD]))
    assert list(row) == [
        "reference",
        "source",
        "platform",
        "layers",
        "transfer",
        "unpacked",
        "flattened",
        "waste",
    ]
    assert {key: value for key, value in row.items() if key != "layers"} == {
        "reference": "head.tar",
        "source": "docker-archive",
        "platform": "linux/amd64",
        "transfer": None,
        "unpacked": 4_014_080,
        "flattened": 1_000_000,
        "waste": 3_000_000,
    }
    assert row["layers"][1] == {
        "digest": None,
        "diff_id": HEAD.image.layers[1].diff_id,
        "compression": "none",
        "transfer": None,
        "unpacked": 10240,
        "content": 0,
        "created_by": "RUN /bin/sh -c rm -r d # buildkit",
    }


def test_no_images() -> None:
    assert sizes.text([], Style()) == ""
    assert json.loads(sizes.as_json([])) == []


def test_an_image_without_files() -> None:
    assert "waste" in sizes.text([measured(oci([]), "empty.tar")], Style())


@pytest.mark.parametrize(
    ("created_by", "shown"),
    [
        (None, "(not said in the image's history)"),
        ("COPY file:abc in /", "COPY file:abc in /"),
        ("/bin/sh -c apt-get update", "RUN apt-get update"),
        ("/bin/bash -c make", "RUN make"),
        ('/bin/sh -c #(nop)  CMD ["bash"]', 'CMD ["bash"]'),
        ("/bin/sh -c #(nop) ADD file:abc in / ", "ADD file:abc in /"),
        ("RUN /bin/sh -c make # buildkit", "RUN make"),
        ("RUN |2 A=b C=d /bin/sh -c make # buildkit", "RUN make"),
        ("|1 A=b /bin/sh -c make", "RUN make"),
        ("RUN make\n  install", "RUN make install"),
        ("RUN echo \x1b[31mred\x07", "RUN echo \ufffd[31mred\ufffd"),
        ("RUN echo [/dev] torch[cuda]", "RUN echo [/dev] torch[cuda]"),
        ("x" * 90, "x" * 90),
        ("x" * 91, "x" * 87 + "..."),
        ("ENV HF_TOKEN=hf_abc A=b", "ENV HF_TOKEN=*** A=b"),
        ("RUN |1 pip_password='a b' /bin/sh -c make", "RUN make"),
        ('ENV DB_PASSWORD="a b" X=y', "ENV DB_PASSWORD=*** X=y"),
        (
            "RUN pip install --index-url https://user:pass@host/simple x",
            "RUN pip install --index-url https://***@host/simple x",
        ),
        ("RUN git clone git@host:x", "RUN git clone git@host:x"),
    ],
)
def test_step(created_by: str | None, shown: str) -> None:
    assert sizes.step(created_by) == shown


def test_secrets_stay_out_of_json() -> None:
    image = measured(classic(LAYERS[:1], history=[{"created_by": "ENV API_KEY=hush"}]), "x.tar")
    assert "hush" not in sizes.as_json([image])


def test_gate_text() -> None:
    comparison = compare(BASE, HEAD, Measure.UNPACKED)
    verdicts = [judge(comparison, limit) for limit in (max_growth("5%"), max_growth("0"), max_size("1GB"))]
    assert (
        sizes.gate_text(comparison, verdicts, Style())
        == """\
base  base.tar  (docker-archive, linux/amd64)
head  head.tar  (docker-archive, linux/amd64)
                    base        head  growth
  transfer       unknown     unknown  -
  unpacked        4.0 MB      4.0 MB  +10 kB (+0.3%)  <- gated
  flattened       4.0 MB      1.0 MB  -3.0 MB (-75.0%)
  waste              0 B      3.0 MB  +3.0 MB
within  --max-growth 5%: unpacked growth 10,240 bytes, allowed 200,192
over    --max-growth 0: unpacked growth 10,240 bytes, allowed 0, 10 kB too many
within  --max-size 1GB: unpacked size 4,014,080 bytes, allowed 1,000,000,000
"""
    )


def test_gate_json() -> None:
    comparison = compare(BASE, HEAD, Measure.UNPACKED)
    document = json.loads(sizes.gate_json(comparison, [judge(comparison, max_growth("0"))]))
    assert list(document) == [
        "measure", "before", "after", "growth", "growth_percent", "within", "budgets", "base", "head",
    ]  # fmt: skip
    assert (document["before"], document["after"], document["growth"]) == (4_003_840, 4_014_080, 10_240)
    assert (document["growth_percent"], document["within"]) == (0.256, False)
    assert document["budgets"] == [
        {"budget": "max-growth", "limit": "0", "allowed": 0, "actual": 10_240, "within": False}
    ]
    assert document["base"] == json.loads(sizes.as_json([BASE]))[0]


def test_growth_over_nothing_has_no_percentage() -> None:
    nothing = measured(oci([]), "nothing.tar")
    comparison = compare(nothing, nothing, Measure.FLATTENED)
    assert json.loads(sizes.gate_json(comparison, []))["growth_percent"] is None
