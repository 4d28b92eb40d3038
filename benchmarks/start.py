"""Processor time of what every start pays: one file linted by a process, beside hadolint, and all rules imported.

    python benchmarks/start.py [RUNS]

It measures the imgtool that this Python has: figures are those of a wheel whose modules pip has compiled. Each process
is fresh, the tools take turns, and the least of the RUNS of each is what it costs where nothing else runs. Rules are
imported over a linter that is ready to lint (``imgtool.lint.work``), by what a run imports them with
(``imgtool.lint.registry.load``); the clock is that of the process, from before the first to behind the last.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "fixtures/bench"
RULES = """
import time
import imgtool.cli.linting, imgtool.lint.work
from imgtool.lint.registry import index, load
rules = index()
start = time.process_time()
for rule in rules:
    load(rule)
print(time.process_time() - start, len(rules))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("runs", type=int, nargs="?", default=15, help="of each, 15 where not given")
    runs = parser.parse_args().runs
    imgtool = [sys.executable, "-m", "imgtool", "lint", "--isolated", "--no-cache", "Dockerfile"]
    hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    tools = {"nothing": [sys.executable, "-c", ""], "imgtool": imgtool}
    tools |= {"hadolint": [hadolint, "Dockerfile"]} if hadolint else {}
    taken: dict[str, list[float]] = {name: [] for name in tools}
    for _ in range(runs):
        for name, words in tools.items():
            taken[name].append(seconds(words))
    for name, found in taken.items():
        print(f"{name}: one file in {min(found) * 1000:.0f} ms")
    imported = [rules() for _ in range(runs)]
    print(f"imgtool: {imported[0][1]} rules imported in {min(imported)[0] * 1000:.0f} ms")


def seconds(words: Sequence[str]) -> float:
    """Processor time of a process, in user and kernel mode."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, cwd=FOLDER, env=_environment(), capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def rules() -> tuple[float, int]:
    done = subprocess.run(
        [sys.executable, "-c", RULES],
        cwd=FOLDER,
        env=_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    taken, count = done.stdout.split()
    return float(taken), int(count)


def _environment() -> dict[str, str]:
    # modules that are compiled stay so
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


if __name__ == "__main__":
    main()
