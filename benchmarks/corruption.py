"""What tools that mend Dockerfiles make of files that are easily broken.

    python benchmarks/corruption.py [--peers FOLDER]

Each tool mends each file of ``fixtures/corruption`` as it does when asked to fix, and again with its risky fixes where it
tells them apart. What comes out is judged by ``tests/support/mending.py``: whether BuildKit would still read it, and
what became of instructions, commands, here-documents, comments and layout. The peers are installed from PyPI and npm into
``FOLDER``, or a temporary one, and run with an empty home and without network.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from mending import cases, judge  # noqa: E402 - it is not installed


@dataclass(frozen=True, slots=True)
class Tool:
    """A package with its version, and the command that mends ``Dockerfile`` in place, or writes it to its output."""

    title: str
    package: str
    version: str
    command: tuple[str, ...]
    prints: bool = False
    npm: bool = False


TALLY = ("tally", "lint", "--fix", "--no-config", "--slow-checks", "off")
TOOLS = (
    Tool("doctor", "dockerfile-doctor", "0.1.5", ("dockerfile-doctor", "--fix")),
    Tool("doctor, unsafe", "dockerfile-doctor", "0.1.5", ("dockerfile-doctor", "--fix", "--unsafe-fixes")),
    Tool("hardener", "dockerfile-hardener", "1.0.2", ("dockerfile-hardener", "fix", "--no-backup")),
    Tool("docktor", "docktor-py", "0.2.1", ("docktor", "optimize", "--raw"), prints=True),
    Tool("docker-opt", "docker-opt", "0.2.0", ("docker-opt", "fix", "--stdout", "--file"), prints=True),
    Tool("dockerfmt", "@reteps/dockerfmt", "0.5.4", ("dockerfmt", "--newline", "--write"), npm=True),
    Tool("tally", "tally-cli", "0.45.0", TALLY),
    Tool("tally, unsafe", "tally-cli", "0.45.0", (*TALLY, "--fix-unsafe")),
)
OURS = (("imgtool", "--fix"), ("imgtool, unsafe", "--fix", "--unsafe-fixes"))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--peers", type=Path, help="where the peers are, or are to be installed")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.peers or Path(temporary, "peers")).resolve()
        columns = {title: ours(flags) for title, *flags in OURS}
        columns |= {tool.title: theirs(tool, folder) for tool in TOOLS}
    show(columns)
    return 0


def ours(flags: list[str]) -> dict[str, str]:
    words = [sys.executable, "-m", "imgtool", "lint", "--isolated", *flags]
    return {name: judge(data, mended(words, data)) for name, data in cases().items()}


def theirs(tool: Tool, folder: Path) -> dict[str, str]:
    program = installed(tool, folder)
    words = [str(program), *tool.command[1:]]
    return {name: judge(data, mended(words, data, prints=tool.prints)) for name, data in cases().items()}


def installed(tool: Tool, folder: Path) -> Path:
    """The tool's program, installed where it is not there."""
    home = folder / tool.package.rpartition("/")[2]
    program = home / ("node_modules/.bin" if tool.npm else "bin") / tool.command[0]
    if not program.exists():
        home.mkdir(parents=True, exist_ok=True)
        if tool.npm:
            words = ["npm", "install", "--silent", "--prefix", str(home), f"{tool.package}@{tool.version}"]
        else:
            venv.create(home, with_pip=True)
            words = [str(home / "bin" / "pip"), "install", "-q", f"{tool.package}=={tool.version}"]
        subprocess.run(words, check=True)
    return program


def mended(words: list[str], data: bytes, *, prints: bool = False) -> bytes | None:
    """What a tool makes of a file; None where it stops without a change."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "Dockerfile")
        path.write_bytes(data)
        # nobody answers there
        nowhere = dict.fromkeys(
            ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9"
        )
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "NO_COLOR": "1", **nowhere}
        done = subprocess.run(
            [*words, path.name], cwd=folder, env=environment, capture_output=True, timeout=120, check=False
        )
        after = done.stdout if prints else path.read_bytes()
        # linters end with 1 where findings are left
        stopped = done.returncode > 1 or (prints and not done.stdout.strip())
        return None if stopped and (prints or after == data) else after


def show(columns: dict[str, dict[str, str]]) -> None:
    names = list(next(iter(columns.values())))
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}\n")
    print(f"| case | {' | '.join(columns)} |")
    print(f"|---|{'---|' * len(columns)}")
    for name in names:
        print(f"| {name} | {' | '.join(shown(column[name]) for column in columns.values())} |")
    right = {t: sum(v in ("ok", "same") for v in column.values()) for t, column in columns.items()}
    print(f"| **ok or same, of {len(names)}** | {' | '.join(map(str, right.values()))} |")


def shown(verdict: str) -> str:
    """A verdict for a cell: the worst first, two things at most."""
    first, *more = sorted(verdict.split("; "), key=lambda part: not part.startswith("**"))
    left = f"; {len(more) - 1} more" if len(more) > 1 else ""
    return "; ".join((first, *more[:1])) + left


if __name__ == "__main__":
    sys.exit(main())
