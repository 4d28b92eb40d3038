"""The wheel holds what git tracks under ``imgtool`` and ``rules``, the data as a module, and nothing else."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from imgtool import prepared, regex, values
from imgtool.edits import Span
from imgtool.findings import Finding
from imgtool.lint.rule_index import RULES

# what setup.py makes of the TOML files
DATA = "imgtool/families/_data.py"
# and of regular expressions and constructors
PREPARED = "imgtool/_prepared.py"
CONSTRUCTORS = "imgtool/_constructors.py"
OTHERS = sorted(version for version in prepared._ENGINES if version != sys.version_info[:2])
ROOT = Path(__file__).resolve().parents[2]


def tracked() -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", "imgtool", "rules"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = listed.stdout.split()
    return {
        name.replace("rules/", "imgtool_rules/", 1) if name.startswith("rules/") else name for name in names
    }


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a wheel installs."""
    folder = tmp_path_factory.mktemp("wheel")
    checkout = folder / "checkout"
    # built from a copy: a build folder left in the tree would add stale files
    if subprocess.run(["git", "clone", "-q", str(ROOT), str(checkout)], check=False).returncode != 0:
        pytest.skip("not a git checkout")
    # and with the installed setuptools: the tests need no registry
    options = ["-q", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(checkout)], check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def run(module: Path) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(module.read_text("utf-8"), names)  # noqa: S102 - our own
    return names


def test_wheel_holds_every_tracked_file(unpacked: Path) -> None:
    committed = {name for name in tracked() if _committed(name)}
    found = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    files = {name for name in found if ".dist-info/" not in name}
    assert files == {*committed, DATA, PREPARED, CONSTRUCTORS}
    tables = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in unpacked.rglob("families/*.toml")}
    assert run(unpacked / DATA)["TABLES"] == tables


def test_wheel_knows_the_order_of_modules(unpacked: Path) -> None:
    order = run(unpacked / PREPARED)["ORDER"]
    assert {"imgtool.cli.linting", "imgtool.lint.work", *(row[4] for row in RULES)} >= order.keys()
    for name in {name for needed in order.values() for name in needed}:
        path = unpacked.joinpath(*name.split("."))
        assert path.with_suffix(".py").is_file() or path.joinpath("__init__.py").is_file()
    started = order["imgtool.lint.work"]
    assert started.index("imgtool.facts.facts") < started.index("imgtool.rule")


def test_expressions_are_those_of_re(unpacked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = run(unpacked / PREPARED)
    assert table["MAKER"] == prepared.maker()
    expressions = [(p, flags) for (flags, _), found in table["EXPRESSIONS"].items() for p in found]
    assert len(expressions) > 500
    monkeypatch.setattr(prepared, "expressions", lambda: table["EXPRESSIONS"])
    for pattern, flags in expressions:
        # equal where pattern, flags and the code of the engine are
        assert regex.compiled(pattern, flags) == re.compile(pattern, flags)


def test_constructors_are_those_that_would_be_compiled(unpacked: Path) -> None:
    table: dict[str, CodeType] = run(unpacked / CONSTRUCTORS)["CODE"]
    assert {*values.texts(Finding), *values.texts(Span)} <= table.keys()
    for text, code in table.items():
        # a code is equal to one that does the same on the same line
        assert code.replace(co_firstlineno=1) == prepared.code(text)


@pytest.mark.parametrize("version", OTHERS, ids=lambda version: f"python3.{version[1]}")
def test_every_python_makes_the_same(unpacked: Path, tmp_path: Path, version: tuple[int, int]) -> None:
    python = interpreter(version)
    shutil.copytree(unpacked, tmp_path, dirs_exist_ok=True)
    subprocess.run([*python, ROOT / "prepare.py", tmp_path], env=_environment(version), check=True)
    for name in (PREPARED, CONSTRUCTORS):
        # MAKER too: what one of them makes is used by the others
        assert (tmp_path / name).read_bytes() == (unpacked / name).read_bytes()


def interpreter(version: tuple[int, int]) -> list[str]:
    """What runs a program with that Python alone."""
    name = "python{}.{}".format(*version)
    words = [shutil.which(name) or "", "-ISB"]
    # one of pyenv may be there, and run nothing
    if not words[0] or subprocess.run([*words, "-c", ""], env=_environment(version), check=False).returncode:
        pytest.skip(f"no {name} on this machine")
    return words


def _environment(version: tuple[int, int]) -> dict[str, str]:
    return {**os.environ, "PYENV_VERSION": "{}.{}".format(*version)}


def _committed(name: str) -> bool:
    path = name.replace("imgtool_rules/", "rules/", 1) if name.startswith("imgtool_rules/") else name
    shown = subprocess.run(
        ["git", "cat-file", "-e", f"HEAD:{path}"], cwd=ROOT, capture_output=True, check=False
    )
    return shown.returncode == 0
