"""Commands that build and run, ended half-way by a person, by CI and by timeout(1): nothing of them stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from compiled import DOCKERFILE

pytestmark = pytest.mark.engine

PLAIN = "FROM debian:bookworm-slim\n"
# {mark} is found in what runs, and as a label on images and containers
WAIT = "sleep 300 && echo {mark}"
REWRITE = ["rewrite", "Dockerfile", "--build", "--network", "host"]
VERIFY = ["verify", "Dockerfile", "Dockerfile"]
GATE = ["gate", "--dockerfile", "Dockerfile", "--against-dockerfile", "Dockerfile", "--max-size", "1GB"]


def _terminated(process: subprocess.Popen[str]) -> None:
    process.terminate()


def _timed_out(process: subprocess.Popen[str]) -> None:
    """As timeout(1): the process hears it, and its group, to which it belongs; by then it may be cleaning up."""
    process.terminate()
    for _ in range(20):
        time.sleep(0.02)
        os.killpg(process.pid, signal.SIGTERM)


def _interrupted(process: subprocess.Popen[str]) -> None:
    """As a terminal: what stands in the foreground."""
    os.killpg(process.pid, signal.SIGINT)


CASES = {
    "rewrite, the original is built": (
        REWRITE,
        f"{DOCKERFILE}RUN {WAIT}\n",
        "original: [6/6] RUN",
        _terminated,
    ),
    "rewrite, a draft is built": (REWRITE, DOCKERFILE, "draft 1: [builder", _terminated),
    "rewrite, a draft is built, Ctrl-C": (REWRITE, DOCKERFILE, "draft 1: [builder", _interrupted),
    "rewrite, a command runs": ([*REWRITE, "--run", WAIT], DOCKERFILE, None, _timed_out),
    "verify, an image is built": (VERIFY, f"{PLAIN}RUN {WAIT}\n", "RUN sleep", _timed_out),
    "verify, a command runs": ([*VERIFY, "--run", WAIT], PLAIN, None, _terminated),
    "verify, a command runs, Ctrl-C": ([*VERIFY, "--run", WAIT], PLAIN, None, _interrupted),
    "gate, an image is built": (GATE, f"{PLAIN}RUN {WAIT}\n", "RUN sleep", _terminated),
}


def _here(mark: str) -> list[str]:
    """Images, containers and processes that are marked."""
    label = f"label=mark={mark}"
    asked = (
        ["docker", "images", "--all", "--quiet", "--filter", label],
        ["docker", "ps", "--all", "--quiet", "--filter", label],
        ["ps", "-e", "-o", "args"],
    )
    images, containers, running = (
        subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
        for words in asked
    )
    return [*images, *containers, *(line for line in running if mark in line)]


@pytest.mark.parametrize("words, text, moment, end", CASES.values(), ids=CASES)
def test_what_is_cancelled_leaves_nothing(
    words: list[str],
    text: str,
    moment: str | None,
    end: Callable[[subprocess.Popen[str]], None],
    tmp_path: Path,
) -> None:
    mark = uuid.uuid4().hex
    project, spare = tmp_path / "project", tmp_path / "spare"
    for folder in (project, spare):
        folder.mkdir()
    (project / "run.cpp").write_text('#include <cstdio>\nint main() { puts("it runs"); }\n')
    (project / "Dockerfile").write_text(f"{text}LABEL mark={mark}\n".replace("{mark}", mark))
    # a shell starts what runs in its background with the signal ignored, and that is inherited
    start = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from imgtool.__main__ import main; main()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", start, *(word.replace("{mark}", mark) for word in words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=project,
        env={**os.environ, "TMPDIR": str(spare)},
        start_new_session=True,
    ) as process:
        assert process.stderr
        if moment:
            assert any(moment in line for line in process.stderr)
        else:
            while not any(line.startswith("/bin/sh -c sleep") for line in _here(mark)):
                assert process.poll() is None, process.stderr.read()
                time.sleep(0.2)
        end(process)
        told = process.stderr.read()
        assert process.wait(60) == (130 if end is _interrupted else 143), told
    assert "Traceback" not in told
    assert _here(mark) == []
    assert [*spare.iterdir()] == []
