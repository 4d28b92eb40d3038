"""Parts of a rewrite on their own: what each does, and what it leaves alone and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from imgtool.facts.facts import FactOptions, Facts
from imgtool.interop import disagreement
from imgtool.rewrite.choices import Choices, Part
from imgtool.rewrite.convert import Rewrite
from imgtool.rewrite.plan import LeaveAlone, Status
from imgtool.rewrite.steps import improved, only
from imgtool.syntax import parse

ALONE = tuple(part for part in Part if part is not Part.SPLIT)


def made(text: str, *parts: Part, context: Path | None = None) -> Rewrite:
    return improved(text.encode(), FactOptions(context=context), parts)


def left(rewrite: Rewrite) -> list[str]:
    return [step.evidence for step in rewrite.plan.steps if isinstance(step, LeaveAlone)]


APT = "--mount=type=cache,target=/var/cache/apt,sharing=locked \\\n    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked"
PIP = "--mount=type=cache,target=/root/.cache/pip"
NPM = "--mount=type=cache,target=/root/.npm"

# --- what is behind FROM debian:bookworm, why it stays as it is ---
UNMOUNTED = [
    ("RUN true", None),
    ("RUN apt-get update\nRUN apt-get install -y git", "nothing here installs with the lists"),
    ("RUN apt-get update && apt-get install -y a\nRUN apt-get install -y b", "line 3 may install with its lists"),
    ("RUN apt-get install -y a && apt-get update && apt-get install -y b", "it does not fetch the lists before everything else"),
    ("RUN true || apt-get update; apt-get install -y b", "it does not fetch the lists before everything else"),
    ("RUN apt-get update && apt-get install -y a; rm -rf /var/lib/apt/lists/*", "its clean-up is no plain part of a list joined by &&"),
    ("RUN apt-get update && apt-get install -y a && rm -rf /var/lib/apt", "/var/lib/apt is deleted, which is more than its folder"),
    ("RUN apt-get update && apt-get install -y a && rm -rf /var/{lib/apt/lists,log}/*", "/var/{lib/apt/lists,log}/* is deleted, which is more than its folder"),
    ("RUN apt-get update && apt-get install -y a && find /var/lib/apt/lists -delete", "find works in its folder"),
    ("RUN sudo apt-get update && sudo apt-get install -y a", "sudo starts it"),
    ('RUN ["pip", "install", "a"]', "the RUN is not understood, or has no shell"),
    ("USER app\nRUN pip install a", "it does not run as root for certain, who owns a new mount"),
    ("ENV PIP_NO_CACHE_DIR=1\nRUN pip install a", "the environment or a configuration file switches its cache off"),
    ("RUN PIP_NO_CACHE_DIR=1 pip install a", "the environment or a configuration file switches its cache off"),
    ("RUN HOME=/x pip install a", "the RUN itself says where its cache is"),
    ("ENV XDG_CACHE_HOME=/x\nRUN pip install a", "the environment says where its cache is"),
    ("ARG PIP_CACHE_DIR\nENV PIP_CACHE_DIR=$PIP_CACHE_DIR\nRUN pip install a", "PIP_CACHE_DIR says where its cache is"),
    ("RUN pip install a && rm -rf /root/.cache", "/root/.cache is deleted, which is more than its folder"),
    ("RUN pip install a\nCOPY --from=x /root/.cache /x", "line 3 names its folder"),
    ("RUN pip install a\nRUN cp -r /root/.cache/pip /x", "line 3 names its folder"),
    ("RUN npm ci\nRUN npm ci --prefer-offline", "line 3 installs from what is there"),
    ("RUN uv pip install --system --link-mode=symlink a", "it has --link-mode already"),
    ("RUN pip install --no-build-isolation a", "what it builds depends on this build, and its cache does not tell"),
    ("ENV TORCH_CUDA_ARCH_LIST=8.0\nRUN pip install a", "what it builds depends on this build, and its cache does not tell"),
    ("RUN CMAKE_ARGS=-DGGML_CUDA=on pip install a", "what it builds depends on this build, and its cache does not tell"),
    ("RUN export CMAKE_ARGS=-DGGML_CUDA=on && pip install a", "what it builds depends on this build, and its cache does not tell"),
    ("RUN pip install flash-attn", "it may build for the accelerator, and its cache does not tell for which"),
    ("RUN pip install git+https://example.com/a.git", "it may build for the accelerator, and its cache does not tell for which"),
    ("RUN uv pip install --system .", "it takes a project for built whose sources have changed"),
    ("RUN yarn install", "its folder holds more than a cache, or is not the same everywhere"),
    ("RUN conda install -y a", "its folder holds more than a cache, or is not the same everywhere"),
    ("RUN --mount=type=cache,target=/root/.cache pip install a", None),
    ("ONBUILD RUN pip install a", "the RUN is not understood, or has no shell"),
]  # fmt: skip


@pytest.mark.parametrize("text, why", UNMOUNTED)
def test_no_mount(text: str, why: str | None) -> None:
    done = made(f"FROM debian:bookworm\n{text}\n", Part.CACHE_MOUNTS)
    assert done.plan.status is Status.UNCHANGED
    assert done.data == done.source.data
    assert {told.partition(": ")[2] for told in left(done)} == ({why} if why else set())


def test_requirements_of_an_accelerator_image_may_build() -> None:
    text = "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\nRUN pip install -r a.txt\n"
    assert left(made(text, Part.CACHE_MOUNTS)) == [
        "pip: what its requirement files build for the accelerator is not known"
    ]
    assert made(text.replace("-r a.txt", "torch"), Part.CACHE_MOUNTS).plan.status is Status.CONVERTED


def test_a_frontend_without_mounts() -> None:
    text = "# syntax=docker/dockerfile:1.1\nFROM debian:bookworm\nRUN pip install a\n"
    assert left(made(text, Part.CACHE_MOUNTS)) == [
        "pip: the syntax directive names a frontend without cache mounts"
    ]
    assert made(text.replace("1.1", "1.2"), Part.CACHE_MOUNTS).plan.status is Status.CONVERTED


# --- a RUN, and what it becomes ---
MOUNTED = [
    ("RUN apt-get update && apt-get install -y a", f"RUN {APT} \\\n    apt-get update && apt-get install -y a"),
    ("RUN apt-get update && apt-get install -y a && apt-get clean && rm -rf /var/lib/apt/lists/*", f"RUN {APT} \\\n    apt-get update && apt-get install -y a"),
    ("RUN apt-get update && apt-get install -y a && rm -rf /var/lib/apt/lists/* /tmp/*", f"RUN {APT} \\\n    apt-get update && apt-get install -y a && rm -rf /tmp/*"),
    ("RUN apt-get update \\\n    && apt-get install -y a \\\n    # no lists\n    && rm -rf /var/lib/apt/lists/*", f"RUN {APT} \\\n    apt-get update \\\n    && apt-get install -y a"),
    ("RUN \\\n  pip install a", f"RUN {PIP} \\\n  pip install a"),
    ("RUN pip install --no-cache-dir a", f"RUN {PIP} \\\n    pip install a"),
    ("RUN pip install a && pip cache purge", f"RUN {PIP} \\\n    pip install a"),
    ("RUN --mount=type=bind,target=/x pip install /x", f"RUN {PIP} \\\n    --mount=type=bind,target=/x pip install /x"),
    ("RUN <<EOF\npip install a\nEOF", f"RUN {PIP} <<EOF\npip install a\nEOF"),
    ("ENV PIP_CACHE_DIR=/c/pip\nRUN pip install a", "ENV PIP_CACHE_DIR=/c/pip\nRUN --mount=type=cache,target=/c/pip \\\n    pip install a"),
    ("RUN uv pip install --system --no-cache a", "RUN --mount=type=cache,target=/root/.cache/uv \\\n    uv pip install --link-mode=copy --system a"),
    ("RUN npm ci && npm cache clean --force", f"RUN {NPM} \\\n    npm ci"),
    ("RUN apt-get update && apt-get install -y python3-pip && pip install a && rm -rf /var/lib/apt/lists/* ~/.cache/pip", f"RUN {APT} \\\n    {PIP} \\\n    apt-get update && apt-get install -y python3-pip && pip install a"),
]  # fmt: skip


@pytest.mark.parametrize("text, goal", MOUNTED)
def test_mounts(text: str, goal: str) -> None:
    done = made(f"FROM debian:bookworm\n{text}\n", Part.CACHE_MOUNTS)
    assert done.data.decode() == f"FROM debian:bookworm\n{goal}\n"
    assert made(done.data.decode(), Part.CACHE_MOUNTS).data == done.data


# --- behind an image that is not known: who installs packages of the system is root ---
PRIVATE = [
    ("RUN pip install a", False, "nobody says who it is"),
    ("RUN apt-get update && apt-get install -y b", True, "only root can"),
    ("RUN apt-get install -y b\nRUN pip install a", True, "the same user"),
    ("USER $WHO\nRUN pip install a", False, "another"),
    ("RUN apt-get install -y b || true\nRUN pip install a", False, "it may have failed"),
    ("RUN sudo apt-get install -y b\nRUN pip install a", False, "sudo makes it root"),
    (
        "RUN apt-get install -y b\nRUN pip install --no-cache-dir a",
        False,
        "the image may have its cache elsewhere",
    ),
]


@pytest.mark.parametrize("text, mounts, why", PRIVATE)
def test_behind_an_unknown_image(text: str, mounts: bool, why: str) -> None:
    done = made(f"FROM registry.example.com/base:1\n{text}\n", Part.CACHE_MOUNTS)
    assert (done.plan.status is Status.CONVERTED) == mounts, why


def test_windows_line_ends_stay() -> None:
    done = made("FROM debian:bookworm\r\nRUN pip install a\r\n", Part.CACHE_MOUNTS)
    assert done.data == f"FROM debian:bookworm\r\nRUN {PIP} \\\r\n    pip install a\r\n".encode()


# --- files that merging leaves alone, and why ---
APART = [
    ("RUN useradd a\nRUN apt-get update", []),
    ("RUN useradd a\nRUN cd /srv && mkdir b", ["line 3 changes the shell (cd, export, set, a variable)"]),
    ("RUN useradd a\nRUN mkdir b; mkdir c", ["line 3 has more than && at its top level"]),
    ('SHELL ["/bin/bash", "-lc"]\nRUN useradd a\nRUN mkdir b', ["the shell may read files when it starts, which an earlier RUN has changed"]),
]  # fmt: skip


@pytest.mark.parametrize("text, why", APART)
def test_not_merged(text: str, why: list[str]) -> None:
    done = made(f"FROM debian:bookworm\n{text}\n", Part.MERGE_RUNS)
    assert done.plan.status is Status.UNCHANGED
    assert left(done) == why


REQUIRED = "FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n"
MOVED = "FROM python:3.11-slim\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n"

# --- the Dockerfile, the requirement file, why the copy stays where it is ---
UNMOVED = [
    (REQUIRED, "a\n-e ./lib\n", "requirements.txt may name other files"),
    (REQUIRED, "a\n-f wheels\n", "requirements.txt may name other files"),
    (REQUIRED, "a\nwheels/b-1-py3-none-any.whl\n", "requirements.txt may name other files"),
    (REQUIRED.replace("COPY .", "COPY --link ."), "a\n", "its flags or variables may mean something else there"),
    (REQUIRED.replace("WORKDIR /app", "WORKDIR /usr/src/app"), "a\n", "something may be installed to /usr/src/app, too"),
    (REQUIRED.replace("WORKDIR /app", "WORKDIR /root"), "a\n", "something may be installed to /root, too"),
    (REQUIRED.replace("RUN", "ENV PYTHONPATH=/app\nRUN"), "a\n", "PYTHONPATH may name /app"),
    (REQUIRED.replace("-r ", "-c pins.txt -r "), "a\n", "its options name other files"),
    (REQUIRED.replace("txt\n", "txt && rm requirements.txt\n"), "a\n", "rm of line 4 may read or change the tree"),
    (REQUIRED.replace("python:3.11-slim", "registry.example.com/base:1"), "a\n", "where the tree goes, or who installs, is not known"),
]  # fmt: skip


@pytest.mark.parametrize("text, requirements, why", UNMOVED)
def test_not_moved(text: str, requirements: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(requirements)
    done = made(text, Part.REORDER, context=tmp_path)
    assert done.plan.status is Status.UNCHANGED
    assert all(told == why for told in left(done)), left(done)


def test_moved(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a==1\n# b\n--index-url https://example.com/simple\n")
    assert made(REQUIRED, Part.REORDER, context=tmp_path).data.decode() == MOVED
    assert made(MOVED, Part.REORDER, context=tmp_path).plan.status is Status.UNCHANGED


def test_without_a_context_nothing_moves() -> None:
    assert left(made(REQUIRED, Part.REORDER)) == ["what the tree holds is not known (--context DIR)"]


def test_steps_stand_where_the_author_wrote() -> None:
    text = "FROM debian:bookworm\nRUN mkdir /a\nRUN mkdir /b\nRUN apt-get update && apt-get install -y git\n"
    done = made(text, Part.MERGE_RUNS, Part.DROP_CACHES, Part.CACHE_MOUNTS)
    lines = [done.source.line_of(step.span.start) for step in done.plan.steps]
    assert lines == [2, 4]


def test_behind_a_split() -> None:
    text = 'FROM nvidia/cuda:12.1.0-devel-ubuntu22.04\nRUN mkdir /a\nRUN mkdir /b\nCMD ["/a/x"]\n'
    choices = Choices(only=frozenset({Part.SPLIT, Part.MERGE_RUNS}))
    done = only(text.encode(), None, FactOptions(), choices).rewrite
    assert b"devel" not in done.data
    assert b"RUN mkdir /a \\\n    && mkdir /b\n" in done.data


def test_what_buildkit_refuses_stays() -> None:
    done = made("FROM debian\nNONSENSE\n", *ALONE)
    assert (done.plan.status, done.plan.reasons[0].code) == (Status.UNCHANGED, "syntax-error")


@pytest.mark.corpus
@pytest.mark.parametrize("part", ALONE)
def test_real_files(part: Part, corpus: Path) -> None:
    """A part on every fourth file: it parses as before, stages and config stay, and a second time changes nothing."""
    changed = 0
    for path in sorted((corpus / "open").iterdir())[ALONE.index(part) :: 4]:
        data = path.read_bytes()
        done = improved(data, FactOptions(), [part])
        if done.plan.status is not Status.CONVERTED:
            assert done.data == data
            assert all(
                reason.code in ("nothing-to-change", "syntax-error") for reason in done.plan.reasons
            ), path.name
            continue
        changed += 1
        assert disagreement(done.data) is None, path.name
        assert _shape(done.data) == _shape(data), path.name
        assert improved(done.data, FactOptions(), [part]).data == done.data, path.name
    # without build contexts and known folders nothing moves, and no owner is proven to be the same
    assert changed or part in (Part.REORDER, Part.FOLD_CHOWN)


def _shape(data: bytes) -> list[object]:
    """The stages with what they stand on and leave behind as configuration."""
    facts = Facts(parse(data))
    config = (
        "CMD",
        "ENTRYPOINT",
        "EXPOSE",
        "LABEL",
        "USER",
        "VOLUME",
        "HEALTHCHECK",
        "ENV",
        "ARG",
        "WORKDIR",
        "SHELL",
    )
    return [
        (stage.name, stage.base, [(i.keyword, i.args) for i in stage.instructions if i.keyword in config])
        for stage in facts.stages
    ]
