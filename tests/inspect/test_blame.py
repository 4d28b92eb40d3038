from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from archives import classic, files, layer

from imgtool.facts.facts import FactOptions, Facts
from imgtool.images.measure import measure
from imgtool.images.model import Image
from imgtool.inspect.blame import LayerBlame, blame
from imgtool.syntax import parse

PROJECTS = Path(__file__).parents[2] / "fixtures/projects"
FILE = b"FROM debian AS build\nRUN make\nFROM debian\nENV A=1\nCOPY a /\nRUN curl -u me:hunter22 x\nCMD x\n"
BASE: list[dict[str, Any]] = [
    {"created_by": "/bin/sh -c #(nop) ADD file:0123456789 in / "},
    {"created_by": "CMD [bash]", "empty_layer": True},
]
OWN: list[dict[str, Any]] = [
    {"created_by": "ENV A=1", "empty_layer": True},
    {"created_by": "COPY a / # buildkit"},
    {"created_by": "RUN |1 K=v /bin/sh -c curl -u me:hunter22 x # buildkit"},
    {"created_by": 'CMD ["/bin/sh" "-c" "x"]', "empty_layer": True},
]


def image(tmp_path: Path, history: list[dict[str, Any]], layers: int) -> Image:
    path = tmp_path / "x.tar"
    path.write_bytes(files(classic([layer(f"f{n} {n}") for n in range(layers)], history=history)))
    return measure(f"docker-archive:{path}").image


def facts_of(data: bytes, stage: str | None = None) -> Facts:
    return Facts(parse(data), FactOptions(stage=stage))


def test_layers_by_history_and_file(tmp_path: Path) -> None:
    base, copy, run = blame(
        image(tmp_path, [*BASE, *OWN], 3), facts_of(FILE), file="Dockerfile", waste={0: 3, 2: 7}
    )
    assert base == LayerBlame(
        index=0,
        instruction="ADD file:0123456789 in /",
        line=3,
        file="Dockerfile",
        created_by="/bin/sh -c #(nop) ADD file:0123456789 in / ",
        base=True,
        waste=3,
    )
    assert (copy.instruction, copy.line, copy.base, copy.waste) == ("COPY a /", 5, False, 0)
    # build arguments and the shell are left out, what is secret is hidden
    assert (run.instruction, run.line, run.waste) == ("RUN curl -u me:******** x", 6, 7)
    assert run.created_by
    assert "hunter22" not in run.created_by


def test_without_a_file(tmp_path: Path) -> None:
    base, copy, _ = blame(image(tmp_path, [*BASE, *OWN], 3))
    assert (base.line, base.base, base.why) == (None, False, None)
    assert (copy.instruction, copy.line, copy.why) == ("COPY a /", None, None)


def merged(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**step, "empty_layer": True} for step in history]


@pytest.mark.parametrize(
    "history, layers, data, stage, expected",
    [
        ([], 2, FILE, None, ["it has no history"] * 2),
        (BASE, 2, FILE, None, ["its history tells of 1 layers, and it has 2"] * 2),
        ([*BASE, *OWN], 3, FILE, "nowhere", ["the file has no such stage"] * 3),
        (
            [*BASE, *OWN],
            3,
            FILE.replace(b"COPY a /", b"COPY b /"),
            None,
            ["its history has another COPY than line 5"] * 2 + [None],
        ),
        (
            [*BASE, *OWN],
            3,
            FILE,
            "build",
            ["its history has CMD where line 2 has RUN; stage 1 fits (--stage)"] * 3,
        ),
        (
            [*BASE, *merged(OWN), {"comment": "merge sha256:a to sha256:b"}],
            2,
            FILE,
            None,
            ["its history has nothing known where line 7 has CMD", "its history does not say"],
        ),
        (
            [*BASE, *merged(OWN[:-1]), {**OWN[-1], "empty_layer": False}],
            2,
            FILE,
            None,
            [None, "the layer holds what lines 4 to 7 made"],
        ),
        (
            [*BASE, *merged(OWN[:-1]), {**OWN[-1], "empty_layer": False}],
            2,
            b"",
            None,
            ["the file has no such stage", "the layer holds what several instructions made"],
        ),
        ([{"comment": "Imported from -"}, OWN[1]], 2, b"FROM debian\nCOPY a /\n", None, [None, None]),
        ([{"comment": "Imported from -"}, OWN[1]], 2, b"FROM scratch\nCOPY a /\n", None,
         ["its history does not say", None]),
    ],
)  # fmt: skip
def test_what_is_not_known_is_said(
    history: list[dict[str, Any]],
    layers: int,
    data: bytes,
    stage: str | None,
    expected: list[str | None],
    tmp_path: Path,
) -> None:
    found = blame(image(tmp_path, history, layers), facts_of(data, stage))
    assert [one.why for one in found] == expected
    assert all(one.line is None for one in found if one.why)


# --- what engines make of real projects ----------------------------------------------------------------------

ALL_SPELLINGS = """\
ARG TOP=bookworm
FROM debian:${TOP} AS base
ARG A=1 B
ENV X=1 Y="two words"
WORKDIR /app
RUN echo one > /one && \\
    # comment
    echo   two
ONBUILD RUN echo trigger > /trigger
FROM base
COPY a.txt ./
COPY --chown=0:0 a.txt d /app/$X/
ADD d/f f2
RUN ["/bin/sh", "-c", "echo json > /json"]
SHELL ["/bin/bash", "-c"]
RUN echo "a b" > /z; \\
    echo 'c'
LABEL k=v "l"="w x"
EXPOSE 80 81/udp
VOLUME /data
USER root
HEALTHCHECK --interval=5s CMD true
CMD echo x
"""


@pytest.fixture
def name() -> Iterator[str]:
    made = f"t-blame-{uuid.uuid4().hex}"
    yield made
    subprocess.run(["docker", "image", "rm", "--force", made], capture_output=True, check=False)


def build(folder: Path, name: str, *more: str, variables: Mapping[str, str] | None = None) -> None:
    command = ["docker", "build", "--quiet", "--network=host", f"--tag={name}", *more, str(folder)]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, **(variables or {})})


@pytest.mark.engine
@pytest.mark.parametrize("buildkit", ["1", "0"], ids=["buildkit", "legacy"])
def test_every_instruction_as_engines_tell_it(buildkit: str, tmp_path: Path, name: str) -> None:
    (tmp_path / "Dockerfile").write_text(ALL_SPELLINGS)
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "d").mkdir()
    (tmp_path / "d/f").write_text("f")
    build(tmp_path, name, "--build-arg=B=b", variables={"DOCKER_BUILDKIT": buildkit})
    found = blame(measure(f"docker-daemon:{name}").image, facts_of(ALL_SPELLINGS.encode()))
    assert [one.why for one in found] == [None] * len(found)
    own = [one for one in found if not one.base]
    assert [one.line for one in own] == [5, 6, 9, 11, 12, 13, 14, 16]
    assert all(one.line == 2 for one in found if one.base)


@pytest.mark.engine
@pytest.mark.parametrize("project", ["gosu"])
def test_projects(project: str, name: str) -> None:
    folder = PROJECTS / project
    build(folder, name)
    data = (folder / "Dockerfile").read_bytes()
    facts = facts_of(data)
    found = blame(measure(f"docker-daemon:{name}").image, facts)
    assert [one.why for one in found] == [None] * len(found)
    own = [one.line for one in found if not one.base]
    writers = [
        i.start_line
        for stage in reversed(facts.shipped)
        for i in stage.instructions
        if i.keyword in ("RUN", "COPY", "ADD")
    ]
    assert [line for line in own if line in writers] == writers
