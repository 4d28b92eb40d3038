"""What docs/ci.md tells people to run, run; and what docs/lint.md and ``--help`` both tell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "ci.md").read_text("utf-8")

# in YAML after "- " or "- run: ", in a console after "$ "; up to a pipe, a redirection or a remark
COMMANDS = re.findall(r"^ *(?:- (?:run: )?|\$ )(imgtool lint[^|>#\n]*)", TEXT, re.MULTILINE)
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)


def test_there_are_some() -> None:
    assert len(COMMANDS) >= 7
    assert len(BLOCKS) >= 7


@pytest.mark.parametrize("block", BLOCKS)
def test_yaml(block: str) -> None:
    # steps alone are indented as they stand in a file
    assert isinstance(yaml.safe_load(block), list if block.startswith(" ") else dict)


def test_commands(imgtool: Callable[..., Any], here: Path) -> None:
    (here / "Dockerfile").write_text("FROM debian:bookworm\nCOPY x\n")
    for command in COMMANDS:
        words = shlex.split(command)[1:]
        done = imgtool(*words)
        passes = "never" in words or "--baseline" in words
        assert done.code == int(not passes), (command, done.err)
        if "--output-file" in words:
            report = here / words[words.index("--output-file") + 1]
            assert report.stat().st_size > 100
            # the artifact that the recipe uploads
            assert TEXT.count(report.name) == 2


def test_the_hooks_exist() -> None:
    (block,) = (block for block in BLOCKS if "hooks:" in block)
    hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    assert set(re.findall(r"id: ([\w-]+)", block)) == hooks


def test_help_has_all_exit_codes(imgtool: Callable[..., Any]) -> None:
    codes = re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "lint.md").read_text("utf-8"), re.MULTILINE)
    assert codes == ["0", "1", "2", "3", "130"]
    told = imgtool("lint", "--help").out.partition("Exit code:")[2]
    assert re.findall(r"(?:^|; )(\d+)\s", " ".join(told.partition("Arguments")[0].split())) == codes
