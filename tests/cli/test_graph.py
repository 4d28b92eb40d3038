"""``imgtool graph``: the four forms, and names that try to break out of them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imgtool.facts.facts import Facts
from imgtool.report import graph
from imgtool.report.style import Style
from imgtool.syntax import parse

Imgtool = Callable[..., Any]

FILE = """\
ARG CUDA=12.1.0
FROM nvidia/cuda:${CUDA}-devel-ubuntu22.04 AS build
RUN make
FROM build AS test
FROM alpine AS wheels
FROM nvidia/cuda:${CUDA}-runtime-ubuntu22.04
COPY --from=build /app /app
COPY --from=busybox:1.36 /bin/busybox /bin/
RUN --mount=type=bind,from=wheels,target=/w true
"""

TREE = """\
stage 3  line 6  target
├─ from    nvidia/cuda:12.1.0-runtime-ubuntu22.04  (nvidia-cuda 12.1.0 runtime, ubuntu 22.04)  line 6
├─ copy    build  line 7
│  └─ from    nvidia/cuda:12.1.0-devel-ubuntu22.04  (nvidia-cuda 12.1.0 devel, ubuntu 22.04)  line 2
├─ copy    busybox:1.36  line 8
└─ mount   wheels  line 9
   └─ from    alpine  (alpine)  line 5

not needed:
  test  line 4
"""

MERMAID = """\
flowchart LR
  i0(["nvidia/cuda:12.1.0-devel-ubuntu22.04"])
  i1(["alpine"])
  i2(["nvidia/cuda:12.1.0-runtime-ubuntu22.04"])
  i3(["busybox:1.36"])
  s0["build"]
  s1["test"]:::unneeded
  s2["wheels"]
  s3["stage 3"]
  i0 -->|"from 2"| s0
  s0 -->|"from 4"| s1
  i1 -->|"from 5"| s2
  i2 -->|"from 6"| s3
  s0 -.->|"copy 7"| s3
  i3 -.->|"copy 8"| s3
  s2 -.->|"mount 9"| s3
  classDef unneeded stroke-dasharray: 4
"""

DOT = """\
digraph stages {
  rankdir=LR;
  i0 [label="nvidia/cuda:12.1.0-devel-ubuntu22.04", shape=ellipse];
  i1 [label="alpine", shape=ellipse];
  i2 [label="nvidia/cuda:12.1.0-runtime-ubuntu22.04", shape=ellipse];
  i3 [label="busybox:1.36", shape=ellipse];
  s0 [label="build", shape=box];
  s1 [label="test", shape=box, style=dashed];
  s2 [label="wheels", shape=box];
  s3 [label="stage 3", shape=box];
  i0 -> s0 [label="from 2"];
  s0 -> s1 [label="from 4"];
  i1 -> s2 [label="from 5"];
  i2 -> s3 [label="from 6"];
  s0 -> s3 [label="copy 7", style=dashed];
  i3 -> s3 [label="copy 8", style=dashed];
  s2 -> s3 [label="mount 9", style=dashed];
}
"""


@pytest.mark.parametrize("form, expected", [("tree", TREE), ("mermaid", MERMAID), ("dot", DOT)])
def test_forms(imgtool: Imgtool, form: str, expected: str) -> None:
    done = imgtool("graph", "-", "--format", form, stdin=FILE.encode())
    assert (done.out, done.err, done.code) == (expected, "", 0)


def test_json(imgtool: Imgtool, here: Path) -> None:
    (here / "Dockerfile").write_text(FILE)
    found = json.loads(imgtool("graph", "Dockerfile", "--format", "json").out)
    assert (found["file"], found["target"]) == ("Dockerfile", 3)
    assert found["stages"][0] == {
        "index": 0,
        "name": "build",
        "line": 2,
        "base": "nvidia/cuda:${CUDA}-devel-ubuntu22.04",
        "reference": "nvidia/cuda:12.1.0-devel-ubuntu22.04",
        "parent": None,
        "platform": None,
        "needed": True,
        "image": {
            "family": "nvidia-cuda",
            "accelerator": "cuda",
            "version": "12.1.0",
            "flavour": "devel",
            "addon": None,
            "os": "ubuntu",
            "os_version": "22.04",
        },
    }
    assert [s["needed"] for s in found["stages"]] == [True, False, True, True]
    assert [s["parent"] for s in found["stages"]] == [None, 0, None, None]
    assert found["stages"][1]["image"] == found["stages"][0]["image"]
    assert found["edges"][4:] == [
        {"stage": 3, "via": "copy", "line": 7, "target": 0, "source": "build"},
        {"stage": 3, "via": "copy", "line": 8, "target": None, "source": "busybox:1.36"},
        {"stage": 3, "via": "mount", "line": 9, "target": 2, "source": "wheels"},
    ]


def test_stage_and_build_arguments(imgtool: Imgtool) -> None:
    done = imgtool("graph", "-", "--stage", "TEST", "--build-arg", "CUDA=13.0.0", stdin=FILE.encode())
    assert done.out.splitlines()[:3] == [
        "test  line 4  target",
        "└─ from    build  line 4",
        "   └─ from    nvidia/cuda:13.0.0-devel-ubuntu22.04  (nvidia-cuda 13.0.0 devel, ubuntu 22.04)  line 2",
    ]
    assert "stage 3" in done.out.partition("not needed:")[2]


def test_a_stage_that_is_needed_twice_is_unfolded_once(imgtool: Imgtool) -> None:
    text = b"FROM a AS x\nFROM b\nCOPY --from=x / /\nCOPY --from=x /y /y\n"
    assert imgtool("graph", "-", stdin=text).out.count("from    a") == 1


# --- (input, words, what is said) ---
WRONG = [
    (b"FROM a AS x\n", ["--stage", "y"], "- has no stage y; it has x"),
    (b"RUN x\n", [], "- has no stage"),
    (b"", [], "- has no stage"),
    (b"", ["--format", "svg"], "svg"),
]


@pytest.mark.parametrize("data, words, message", WRONG)
def test_wrong_usage_is_2(imgtool: Imgtool, data: bytes, words: list[str], message: str) -> None:
    done = imgtool("graph", "-", *words, stdin=data)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_files_that_cannot_be_read(imgtool: Imgtool, here: Path) -> None:
    assert "nowhere cannot be read: No such file" in imgtool("graph", "nowhere").err
    assert "cannot be read: Is a directory" in imgtool("graph", here).err


HOSTILE = [
    'a"b', "a\\", 'a"]; evil; x["', "a`b`", "<script>alert(1)</script>", "&quot;", "#quot;", "a|b", "${X}", "end",
    "\\N\\l", "\x1b[2J", "%%{init: {}}%%", "a--&gt;b", "\u202e", "\xff",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_names_do_not_break_out(name: str) -> None:
    text = f"# escape=`\nFROM a AS {name}\nFROM {name}\nCOPY --from={name} / /\n"
    facts = Facts(parse(text.encode()))
    drawn = graph.mermaid(facts).splitlines()
    node = re.compile(r'  [is]\d+(\["[^"`<>\\|\x1b]*"\]|\(\["[^"`<>\\|\x1b]*"\]\))(:::unneeded)?')
    arrow = re.compile(r'  [is]\d+ -\.?->\|"[a-z]+ \d+"\| s\d+')
    assert drawn[0] == "flowchart LR"
    assert all(node.fullmatch(line) or arrow.fullmatch(line) for line in drawn[1:-1])
    string = r'"(?:[^"\\]|\\\\|\\")*"'
    statement = re.compile(rf"  [is]\d+( -> s\d+)? \[label={string}(, \w+=\w+)*\];|  rankdir=LR;")
    assert all(statement.fullmatch(line) for line in graph.dot(facts).splitlines()[1:-1])
    assert "\x1b" not in graph.tree(facts, Style())
    assert json.loads(graph.as_json(facts, name))["file"] == name


def test_mermaid_labels_read_back() -> None:
    facts = Facts(parse(b'FROM "a#b<c>" AS x\n'))
    (label,) = re.findall(r'i0\(\["(.*)"\]\)', graph.mermaid(facts))
    assert re.sub(r"#(\d+);", lambda found: chr(int(found[1])), label) == "a#b<c>"


@pytest.mark.skipif(not shutil.which("dot"), reason="no Graphviz here")
def test_graphviz_takes_it() -> None:
    for name in HOSTILE:
        text = graph.dot(Facts(parse(f"FROM a\nCOPY --from={name} / /\n".encode())))
        subprocess.run(["dot", "-Tsvg"], input=text.encode(), capture_output=True, check=True)


def test_deep_and_wide_files_end() -> None:
    deep = Facts(parse(b"FROM a AS s\n" + b"FROM s AS s\n" * 3000))
    assert "…" in graph.tree(deep, Style())
    assert len(graph.tree(deep, Style())) < 100_000
    assert graph.mermaid(deep).count("\n") > 6000
