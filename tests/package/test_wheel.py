"""The wheel holds what git tracks under ``imgtool`` and ``rules``, the data as a module, and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
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
ROOT = Path(__file__).resolve().parents[2]


def tracked() -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", "imgtool", "rules"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    names = listed.stdout.split()
    return {
        name.replace("rules/", "imgtool_rules/", 1) if name.startswith("rules/") else name for name in names
    }


def test_wheel_holds_every_tracked_file(tmp_path: Path) -> None:
    expected = tracked()
    checkout = tmp_path / "checkout"
    # built from a copy: a build folder left in the tree would add stale files
    subprocess.run(["git", "clone", "-q", str(ROOT), str(checkout)], check=True)
    # and with the installed setuptools: the tests need no registry
    options = ["-q", "--no-deps", "--no-build-isolation", "-w", str(tmp_path)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(checkout)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        files = {name for name in archive.namelist() if ".dist-info/" not in name}
        made = archive.read(DATA).decode()
        ready = archive.read(PREPARED).decode()
    committed = {name for name in expected if _committed(name)}
    assert files == {*committed, DATA, PREPARED}
    assert_ready(ready, {name.removesuffix(".py").replace("/", ".") for name in files})
    names: dict[str, Any] = {}
    exec(made, names)  # noqa: S102 - our own
    folder = checkout / "imgtool/families"
    assert names["TABLES"] == {p.stem: tomllib.loads(p.read_text("utf-8")) for p in folder.glob("*.toml")}


def assert_ready(module: str, names: set[str]) -> None:
    table: dict[str, Any] = {}
    exec(module, table)  # noqa: S102 - our own
    assert table["MAKER"] == prepared.maker()
    assert {"imgtool.cli.linting", "imgtool.lint.work", *(row[4] for row in RULES)} >= table["ORDER"].keys()
    for needed in table["ORDER"].values():
        assert {name if name in names else f"{name}.__init__" for name in needed} <= names
    started = table["ORDER"]["imgtool.lint.work"]
    assert started.index("imgtool.facts.facts") < started.index("imgtool.rule")
    expressions = [(p, flags) for (flags, _), found in table["EXPRESSIONS"].items() for p in found]
    assert len(expressions) > 500
    assert {*values.texts(Finding), *values.texts(Span)} <= table["CODE"].keys()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prepared, "tables", lambda: (table["EXPRESSIONS"], table["CODE"]))
        for pattern, flags in expressions:
            # equal where pattern, flags and the code of the engine are
            assert regex.compiled(pattern, flags) == re.compile(pattern, flags)
        for text in table["CODE"]:
            # a code is equal to one that does the same
            assert prepared.code(text) == compile(text, "<prepared>", "exec")


def _committed(name: str) -> bool:
    path = name.replace("imgtool_rules/", "rules/", 1) if name.startswith("imgtool_rules/") else name
    shown = subprocess.run(
        ["git", "cat-file", "-e", f"HEAD:{path}"], cwd=ROOT, capture_output=True, check=False
    )
    return shown.returncode == 0
