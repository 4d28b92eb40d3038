"""What a run must not import: start-up is held by names, which a clock on a busy machine cannot do."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

# each costs 30 to 600 ms
HEAVY = {
    "asyncio", "concurrent.futures", "docker", "email", "http", "importlib.metadata", "jinja2", "multiprocessing",
    "pydantic", "pygls", "requests", "rich", "ssl", "urllib.request", "yaml",
}  # fmt: skip
# what the linter does without
SLOW = {"dataclasses", "inspect", "typer"}
SHELL = {"tree_sitter", "tree_sitter_bash"}
IMAGES = {"imgtool.images", "imgtool.inspect", "imgtool.verify", "imgtool.rewrite", "tarfile"}


# -X importtime does not name what importlib.import_module is asked for, as our commands and rules are
PROGRAM = """
import atexit, sys
before = set(sys.modules)
atexit.register(lambda: print("MODULES", *sorted(set(sys.modules) - before), file=sys.stderr))
from imgtool.__main__ import main
main()
"""


def imported(*words: str | Path, code: int = 0) -> set[str]:
    """Every module that a run of the program imports."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    return set(done.stderr.rpartition("MODULES")[2].split())


def under(modules: set[str], names: set[str]) -> set[str]:
    return {module for module in modules if any(f"{module}.".startswith(f"{name}.") for name in names)}


# --- (Dockerfile, exit code, what else it may not import) ---
LINT = [
    ('FROM debian:bookworm-slim\nCMD ["true"]\n', 0, SHELL),
    ('FROM debian:bookworm-slim\nRUN true\nCMD ["true"]\n', 0, SHELL),
    ("FROM debian:bookworm-slim\nCOPY x\n", 1, SHELL),
]


@pytest.mark.parametrize("text, code, more", LINT)
def test_lint(text: str, code: int, more: set[str], tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(text)
    modules = imported("lint", "--isolated", path, code=code)
    assert "imgtool.cli.linting" in modules
    assert under(modules, HEAVY | SLOW | IMAGES | more) == set()


def test_lint_imports_the_rules_that_it_selects(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM debian:bookworm-slim\n")
    assert under(imported("lint", "--isolated", "--select", "IMG001", path), {"imgtool_rules"}) == set()
    modules = imported("lint", "--isolated", "--select", "IMG101", path)
    assert {m for m in modules if ".img1" in m} == {"imgtool_rules.accelerator.img101_devel_final_stage"}


REPORTS = {"imgtool.report.lint", "imgtool.lint.fingerprint", "imgtool.lint.baseline", "hashlib"}


def test_lint_imports_the_report_that_it_writes(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM debian:bookworm-slim\nCOPY x\n")
    assert under(imported("lint", "--isolated", path, code=1), REPORTS) == set()
    modules = imported("lint", "--isolated", "--format", "checkstyle", path, code=1)
    assert under(modules, {"imgtool.report.lint"}) == {
        f"imgtool.report.lint{name}" for name in ("", ".checkstyle", ".xml")
    }
    assert under(modules, HEAVY) == set()


def test_version_imports_nothing() -> None:
    assert imported("--version") == {"imgtool", "imgtool.__main__"}


COMMAND = {"imgtool.cli.app", "imgtool.cli.basics", "imgtool.cli.start"}


def test_help_imports_no_command() -> None:
    modules = imported("--help")
    assert under(modules, {"imgtool"}) <= {"imgtool", "imgtool.__main__", "imgtool.cli", *COMMAND}
    assert under(modules, HEAVY) == set()


RULES = """
import importlib, sys, time
import imgtool.rule
from imgtool.lint.registry import index
rows, before = index(), set(sys.modules)
start = time.process_time()
for row in rows:
    importlib.import_module(row.module)
print(time.process_time() - start, *sorted(set(sys.modules) - before))
"""


def test_rules_import_nothing_but_themselves() -> None:
    """What the façade does not load already, each of them would pay for; a clock can only see what is much too slow."""
    done = subprocess.run([sys.executable, "-c", RULES], capture_output=True, text=True, check=True)
    seconds, *modules = done.stdout.split()
    # those about the file itself read the dialects of suppressions, one knows secrets by their names
    assert under(set(modules), {"imgtool_rules", "imgtool.lint"}) == set(modules)
    assert not under(set(modules), HEAVY | SLOW | SHELL)
    # 35 ms in a quiet wheel; here the source may have to be compiled
    assert float(seconds) < 3


AROUND = """
import gc, sys
from imgtool.__main__ import main
def around():
    try:
        main()
    finally:
        print("after", gc.isenabled())
"""


@pytest.mark.parametrize("call, out", [("around()", "after True\n"), (AROUND.partition("():\n")[2], "")])
def test_what_runs_it_sees_its_end(call: str, out: str, tmp_path: Path) -> None:
    """A process that is nothing but the command leaves without tidying up; a profiler, debugger or test goes on."""
    path = tmp_path / "Dockerfile"
    path.write_text("FROM debian:bookworm-slim\n")
    program = AROUND + textwrap.dedent(call)
    command = [sys.executable, "-c", program, "lint", "--isolated", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.endswith(out) if out else "after" not in done.stdout


def test_a_profiler_gets_what_it_measured(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM debian:bookworm-slim\n")
    command = [sys.executable, "-m", "cProfile", "-m", "imgtool", "lint", "--isolated", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "function calls" in done.stdout
