"""Work that signals end, with a docker command that is slow and hears none; with an engine: tests/e2e."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from imgtool.cli.progress import clean_up_when_ended

INT, TERM, HUP = signal.SIGINT, signal.SIGTERM, signal.SIGHUP

DOCKER = """\
#!/bin/sh
case $1 in
run) trap '' INT TERM HUP; touch running; exec sleep 30 ;;
build) touch running; exec sleep 30 ;;
rm | image) touch removing; sleep $SLOW; touch removed ;;
esac
"""
# a shell starts what runs in its background with signals ignored, and that is inherited
BEFORE = """\
import signal, sys
for one in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(one, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
"""
NOHUP = "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
RUN = """\
from imgtool.cli import progress
from imgtool.verify import run
run._REMOVAL, progress._PATIENCE = {removal}, {patience}
with progress.clean_up_when_ended():
    run.run("image", ["sleep"], timeout={timeout})
"""
LOST = """\
from imgtool.cli import progress
from imgtool.verify import run
with progress.clean_up_when_ended():
    try:
        run.run("image", ["sleep"])
    finally:
        raise OSError
"""
CONTAINER = RUN.format(removal=60, patience=60, timeout=60)
VERIFY = "from imgtool.__main__ import main\nsys.argv[1:] = ['verify', 'Dockerfile', 'Dockerfile']\nmain()\n"


def _ended(
    folder: Path, script: str, signals: list[signal.Signals], moment: str = "running", slow: float = 0.4
) -> tuple[int, str]:
    """The exit code and the words of a script: the first signal comes at a moment, the others while it removes."""
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    (bin_folder / "docker").write_text(DOCKER)
    (bin_folder / "docker").chmod(0o755)
    (folder / "Dockerfile").write_text("FROM debian:bookworm-slim\n")
    path = f"{bin_folder}{os.pathsep}{os.environ['PATH']}"
    with subprocess.Popen(
        [sys.executable, "-c", BEFORE + script],
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "PATH": path, "SLOW": str(slow)},
        start_new_session=True,
    ) as process:
        for one, awaited in zip(signals, [moment, *["removing"] * len(signals)], strict=False):
            while not (folder / awaited).exists():
                assert process.poll() is None, process.communicate()[1]
                time.sleep(0.01)
            time.sleep(0.1)
            os.killpg(process.pid, one)
        told = process.communicate(timeout=60)[1]
    return process.returncode, told


@pytest.mark.parametrize(
    "script, signals, moment, code",
    [
        (CONTAINER, [INT], "running", 130),
        (CONTAINER, [TERM], "running", 143),
        (CONTAINER, [HUP], "running", 129),
        # as people do
        (CONTAINER, [INT, INT, INT], "running", 130),
        # as CI does
        (CONTAINER, [INT, TERM], "running", 130),
        (CONTAINER, [TERM, INT], "running", 143),
        (CONTAINER, [TERM, TERM], "running", 143),
        (CONTAINER, [HUP, HUP, TERM], "running", 129),
        # it removes already, as the time is over
        (RUN.format(removal=60, patience=60, timeout=0.1), [INT, TERM], "removing", 130),
        (NOHUP + CONTAINER, [HUP, TERM], "running", 143),
        # another failure comes of it
        (LOST, [INT, TERM], "running", 130),
        # an image, by the command
        (VERIFY, [INT, INT], "running", 130),
        (VERIFY, [HUP, TERM], "running", 129),
    ],
)
def test_what_signals_end_is_removed(
    script: str, signals: list[signal.Signals], moment: str, code: int, tmp_path: Path
) -> None:
    if NOHUP in script:
        # nothing removes before the second
        (tmp_path / "removing").touch()
    ended, told = _ended(tmp_path, script, signals, moment)
    assert (ended, (tmp_path / "removed").exists()) == (code, True), told
    assert "Traceback" not in told
    assert told.count("removing what it made") == 1


@pytest.mark.parametrize(
    "removal, patience, signals",
    [
        (0.5, 60, [INT, INT]),
        (60, 0.05, [INT, INT]),
        (60, 0.05, [INT, TERM, HUP, INT]),
    ],
    ids=["bounded in time", "a late Ctrl-C", "a late Ctrl-C, and nothing else"],
)
def test_an_engine_that_hangs_holds_nobody(
    removal: float, patience: float, signals: list[signal.Signals], tmp_path: Path
) -> None:
    script = RUN.format(removal=removal, patience=patience, timeout=60)
    code, told = _ended(tmp_path, script, signals, slow=4)
    assert (code, (tmp_path / "removed").exists()) == (130, False), told
    assert ("may still be there" in told) == (removal == 60)


def test_signals_are_given_back_where_none_came() -> None:
    before = [signal.getsignal(one) for one in (INT, TERM, HUP)]
    with clean_up_when_ended():
        within = [signal.getsignal(one) for one in (INT, TERM, HUP)]
    assert within != before
    assert [signal.getsignal(one) for one in (INT, TERM, HUP)] == before
