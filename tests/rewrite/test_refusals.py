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
    # code, why, Dockerfile, files
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
    (
        "unknown-tag",
        "a tag newer than the data may not have a sibling",
        "FROM nvidia/cuda:99.1.0-devel-ubuntu22.04\n" + PIP + REQS + CMD,
        {},
    ),
    ("syntax-error", "BuildKit would refuse it", DEVEL + "COPY app\n", {}),
    (
        "multi-stage",
        "another stage may need what a split moves",
        DEVEL.replace("\n", " AS a\n") + "FROM a\n" + PIP + REQS + CMD,
        {},
    ),
    (
        "onbuild",
        "children would run it in the wrong stage",
        DEVEL + PIP + REQS + "ONBUILD RUN make\n" + CMD,
        {},
    ),
    ("heredoc", "a script may do anything", DEVEL + PIP + "RUN <<EOF\nmake\nEOF\n" + REQS + CMD, {}),
    ("unknown-command", "make leaves files somewhere", DEVEL + PIP + "RUN make install\n" + REQS + CMD, {}),
    (
        "unknown-command",
        "sed on a file of the program",
        DEVEL + PIP + "RUN sed -i s/a/b/ /app/main.py\n" + REQS + CMD,
        {},
    ),
    (
        "unknown-command",
        "after the build too: it may need what the final stage does not have",
        DEVEL + PIP + REQS + "RUN git clone https://example.com/x /x\n" + CMD,
        {},
    ),
    (
        "unknown-command",
        "nothing else is built, but make may need the toolchain",
        DEVEL + "RUN make install\n" + CMD,
        {},
    ),
    (
        "install-target",
        "pip of another Python than the one that the final stage would use",
        DEVEL + PIP + "RUN /opt/py/bin/pip install numpy\n" + CMD,
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
        "unknown-shell",
        "a failure that is ignored cannot be moved",
        DEVEL + PIP + "RUN mkdir /a || true\n" + REQS + CMD,
        {},
    ),
    ("unknown-shell", "so is a pipe", DEVEL + PIP + "RUN echo a | tee /b\n" + REQS + CMD, {}),
    (
        "user-before-install",
        "pip then installs for that user alone",
        DEVEL + PIP + "USER app\n" + REQS + CMD,
        {},
    ),
    (
        "editable",
        "an editable install points at sources",
        DEVEL + PIP + "WORKDIR /app\nCOPY . .\nRUN pip install -e .\n" + CMD,
        {},
    ),
    ("install-target", "another prefix", DEVEL + PIP + "RUN pip install --target /opt/x numpy\n" + CMD, {}),
    (
        "hidden-packages",
        "a variable hides what is installed",
        DEVEL + PIP + "ARG P\nRUN pip install $P\n" + CMD,
        {},
    ),
    (
        "package-source",
        "git is not in the final stage",
        DEVEL + PIP + "RUN pip install git+https://example.com/x.git\n" + CMD,
        {},
    ),
    (
        "requirement",
        "so is a repository in a file",
        DEVEL + PIP + REQS + CMD,
        {"requirements.txt": "git+https://example.com/x.git\n"},
    ),
    (
        "requirement",
        "hashes of wheels built here cannot match",
        DEVEL + PIP + REQS + CMD,
        {"requirements.txt": "a==1 --hash=sha256:00\n"},
    ),
    (
        "requirements-unreadable",
        "what it asks for is not known",
        DEVEL + PIP + "WORKDIR /app\nCOPY main.py .\nRUN pip install -r other.txt\n" + CMD,
        {},
    ),
    (
        "context-unknown",
        "the sources are not there to be read",
        DEVEL + PIP + "COPY nowhere /app/\nRUN pip install numpy\n" + CMD,
        {},
    ),
    (
        "compiles-at-run-time",
        "deepspeed runs nvcc when it is used",
        DEVEL + PIP + REQS + CMD,
        {"requirements.txt": "deepspeed\n"},
    ),
    (
        "compiles-at-run-time",
        "the program loads an extension that it compiles itself",
        DEVEL + PIP + "WORKDIR /app\nCOPY . .\nRUN pip install numpy\n" + CMD,
        {"ops.py": "from torch.utils import cpp_extension\ncpp_extension.load('x', [])\n"},
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
        "script-unreadable",
        "nobody knows what it runs",
        DEVEL + PIP + REQS + 'ENTRYPOINT ["/opt/start.sh"]\n',
        {},
    ),
    (
        "base-in-argument",
        "a build may choose another base",
        "ARG BASE=nvidia/cuda:12.1.0-devel-ubuntu22.04\nFROM ${BASE}\n" + PIP + REQS + CMD,
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
