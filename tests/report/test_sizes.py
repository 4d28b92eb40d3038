from __future__ import annotations

import json
from typing import Any

import pytest
from archives import classic, files, layer, oci
from looked import looked_at

from imgtool.inspect.blame import LayerBlame
from imgtool.report import sizes
from imgtool.report.sizes import Subject, instruction, place

HISTORY = [{"created_by": "COPY . . # buildkit"}, {"created_by": "RUN /bin/sh -c rm -r d # buildkit"}]
LAYERS = [layer("d/, d/a 3000000, b 1000000"), layer(".wh.d")]
IMAGE = files(classic(LAYERS, history=HISTORY))


def row(subject: Subject) -> dict[str, Any]:
    (found,) = json.loads(sizes.as_json([subject]))
    assert isinstance(found, dict)
    return found


def test_json_keeps_its_order() -> None:
    found = row(looked_at(IMAGE, "head.tar", top=0))
    assert list(found) == [
        "reference", "source", "platform", "digest", "config_digest", "compression", "layers",
        "transfer", "unpacked", "flattened", "waste", "foreign",
    ]  # fmt: skip
    image = looked_at(IMAGE, top=0).measures.image
    assert {key: value for key, value in found.items() if key != "layers"} == {
        "reference": "head.tar",
        "source": "docker-archive",
        "platform": "linux/amd64",
        "digest": None,
        "config_digest": image.config_digest,
        "compression": "none",
        "transfer": None,
        "unpacked": 4_014_080,
        "flattened": 1_000_000,
        "waste": 3_000_000,
        "foreign": 0,
    }
    assert found["layers"][1] == {
        "digest": None,
        "diff_id": image.layers[1].diff_id,
        "media_type": None,
        "compression": "none",
        "foreign": False,
        "transfer": None,
        "unpacked": 10240,
        "content": 0,
        "created_by": "RUN /bin/sh -c rm -r d # buildkit",
        "waste": 0,
        "instruction": "RUN rm -r d",
        "file": None,
        "line": None,
        "base": False,
        "why": None,
    }


def test_json_of_an_analysis() -> None:
    content = [layer("lib/, lib/libcuda.so.1 5000, a 70, b 70, \udcff 9"), layer(".wh.a, c 70")]
    found = row(looked_at(files(oci(content))))
    assert [layer["waste"] for layer in found["layers"]] == [70, 0]
    assert found["waste_by"] == [{"how": "deleted", "size": 70, "count": 1, "code": "IMG202"}]
    assert found["wasted"] == [{"path": "/a", "size": 70, "layer": 0, "by": 1, "how": "deleted"}]
    assert found["paths"][0] == {
        "path": "/lib/libcuda.so.1", "layer": 0, "kind": "driver", "size": 5000, "count": 1, "code": "IMG102",
    }  # fmt: skip
    assert found["folders"] == [{"path": "/lib", "size": 5000, "count": 1, "code": None}]
    assert found["kinds"][0] == {
        "kind": "driver", "title": "the host's driver", "size": 5000, "count": 1, "code": "IMG102",
    }  # fmt: skip
    assert sum(kind["size"] for kind in found["kinds"]) == found["flattened"]
    assert found["packages"] == []
    assert found["unowned"] == {"size": 5149, "count": 4}
    assert found["duplicates"] == [{"lost": 70, "size": 70, "paths": ["/b", "/c"], "layers": [0, 1]}]
    assert found["duplicated"] == 70


def test_names_that_are_no_text() -> None:
    found = row(looked_at(files(classic([layer("\udcff 9")]))))
    assert [path["path"] for path in found["paths"]] == ["/\ufffd"]


def test_json_over_a_base() -> None:
    found = row(looked_at(IMAGE, base="base.tar", marginal=10_240))
    assert (found["base"], found["marginal"]) == ("base.tar", 10_240)


def test_no_images() -> None:
    assert json.loads(sizes.as_json([])) == []


# --- (what is known of a layer, its instruction, its place) ---
MADE = [
    (LayerBlame(0, "RUN make"), "RUN make", ""),
    (LayerBlame(0, "RUN make", line=3, file="Dockerfile"), "RUN make", "Dockerfile:3"),
    (LayerBlame(0, "RUN make", line=3), "RUN make", ""),
    (LayerBlame(0, None, created_by="bazel build"), "bazel build", ""),
    (LayerBlame(0, None, why="it has no history"), "(it has no history)", ""),
    (LayerBlame(0, None), "(its history does not say)", ""),
    (LayerBlame(0, "RUN echo \x1b[2J \n x"), "RUN echo \ufffd[2J x", ""),
    (LayerBlame(0, "ENV API_KEY=hush"), "ENV API_KEY=***", ""),
]


@pytest.mark.parametrize("layer_, text, where", MADE)
def test_what_made_a_layer(layer_: LayerBlame, text: str, where: str) -> None:
    assert (instruction(layer_), place(layer_)) == (text, where)


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
    image = files(classic(LAYERS[:1], history=[{"created_by": "ENV API_KEY=hush"}]))
    assert "hush" not in sizes.as_json([looked_at(image)])
