"""What is left alone or refused, each row with its reason code and why."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.rewrite import Rewrite

DEVEL = "FROM nvidia/cuda:12.1.0-devel-ubuntu22.04\n"
PIP = "RUN apt-get update && apt-get install -y python3-pip\n"
REQS = "WORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n"
CMD = 'CMD ["python3", "main.py"]\n'

ROWS = [
    (
        "no-toolchain",
        "it already stands on the runtime image",
        DEVEL.replace("devel", "runtime") + PIP + REQS + CMD,
        {},
    ),
    ("no-accelerator", "a plain base is somebody else's job", "FROM debian:bookworm\n" + CMD, {}),
    (
        "unknown-base",
        "nobody knows what that image holds",
        "FROM registry.example.com/team/base:1\n" + CMD,
        {},
    ),
    ("syntax-error", "BuildKit would refuse it", DEVEL + "COPY app\n", {}),
    (
        "nothing-to-save",
        "the same image with the same packages",
        "FROM ascendai/cann:8.0.0-910b-ubuntu22.04-py3.11\n" + REQS + CMD,
        {},
    ),
    (
        "nothing-to-save",
        "a few headers are not worth another stage",
        "FROM ascendai/cann:8.0.0-910b-ubuntu22.04-py3.11\n"
        "RUN apt-get update && apt-get install -y pkg-config\nCOPY app /src\nRUN make -C /src\n" + CMD,
        {"app/Makefile": "all:\n\ttouch x\n"},
    ),
    (
        "multi-stage",
        "a stage that others are FROM would lose what they use",
        DEVEL.replace("\n", " AS a\n") + "FROM a AS b\nRUN nvcc --version\nFROM a\n" + CMD,
        {},
    ),
    (
        "onbuild",
        "children would run it in the wrong stage",
        DEVEL + PIP + REQS + "ONBUILD RUN make\n" + CMD,
        {},
    ),
    ("no-program", "a shell starts: people may build in it", DEVEL + PIP + REQS + 'CMD ["bash"]\n', {}),
    ("no-program", "nothing starts", DEVEL + "RUN mkdir /x\n", {}),
    (
        "no-smaller-image",
        "a monolith of which no smaller image is known",
        "FROM nvcr.io/nvidia/pytorch:24.01-py3\n" + REQS + CMD,
        {},
    ),
    (
        "context-unknown",
        "the sources are not there to be read",
        DEVEL + PIP + "COPY nowhere /app/\nRUN pip install numpy\n" + CMD,
        {},
    ),
    (
        "tool-at-run-time",
        "the start command needs nvcc",
        DEVEL + PIP + REQS + 'CMD ["nvcc", "--version"]\n',
        {},
    ),
    (
        "tool-at-run-time",
        "pip is called when the container starts",
        DEVEL + PIP + REQS + "CMD pip list\n",
        {},
    ),
    (
        "tool-at-run-time",
        "as a module too",
        DEVEL + PIP + REQS + 'CMD ["python3", "-m", "pip", "list"]\n',
        {},
    ),
    (
        "tool-at-run-time",
        "the entrypoint script compiles",
        DEVEL
        + "RUN apt-get update && apt-get install -y g++ python3-pip\n"
        + REQS
        + 'COPY run.sh /app/\nENTRYPOINT ["/app/run.sh"]\n',
        {"run.sh": "#!/bin/sh\ng++ -o x x.cpp && exec ./x\n"},
    ),
    (
        "tool-at-run-time",
        "the script that a here-document makes compiles",
        DEVEL
        + "RUN apt-get update && apt-get install -y g++ python3-pip\n"
        + REQS
        + "COPY <<-'EOF' /app/\n\t#!/bin/sh\n\tg++ -o x x.cpp\n\tEOF\n".replace("EOF", "run.sh")
        + 'ENTRYPOINT ["/app/run.sh"]\n',
        {},
    ),
    (
        "script-unreadable",
        "nobody knows what it runs",
        DEVEL + PIP + REQS + 'ENTRYPOINT ["/opt/start.sh"]\n',
        {},
    ),
    ("escape", "a Windows file", "# escape=`\n" + DEVEL + PIP + REQS + CMD, {}),
    (
        "runtime-not-contained",
        "its runtime image is a sibling, not an ancestor",
        "FROM pytorch/pytorch:2.3.0-cuda12.1-cudnn8-devel\n" + REQS + CMD,
        {},
    ),
]


@pytest.mark.parametrize("code, why, dockerfile, files", ROWS, ids=[f"{r[0]}: {r[1]}" for r in ROWS])
def test_left_alone(
    code: str, why: str, dockerfile: str, files: dict[str, str], rewriter: Callable[..., Rewrite]
) -> None:
    made = rewriter(dockerfile, files)
    assert [reason.code for reason in made.plan.reasons] == [code], why
    assert made.data == dockerfile.encode()


def test_other_accelerator_is_refused(rewriter: Callable[..., Rewrite]) -> None:
    made = rewriter(DEVEL + PIP + REQS + CMD, target="cann")
    assert [reason.code for reason in made.plan.reasons] == ["other-accelerator"]


def test_start_commands_that_the_file_shows_are_read(rewriter: Callable[..., Rewrite]) -> None:
    start = "COPY <<EOF /app/start.sh\n#!/bin/sh\nexec python3 main.py\nEOF\n"
    words = '["python3", "-c", "import numpy; print(numpy.add(1, 2))"]'
    made = rewriter(DEVEL + PIP + REQS + start + f'ENTRYPOINT ["/app/start.sh"]\nCMD {words}\n')
    assert [reason.code for reason in made.plan.reasons] == []
