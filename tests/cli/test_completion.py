"""``imgtool completion``, in the shells that are here."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imgtool.cli.app import COMMANDS

Imgtool = Callable[..., Any]

# --- (the line up to the cursor, words that are offered, words that are not) ---
BASH = [
    ("imgtool li", {"lint"}, {"size"}),
    ("imgtool ", set(COMMANDS), {"--select"}),
    ("imgtool lint --se", {"--select"}, {"--fix"}),
    ("imgtool lint --profile ", {"default", "hadolint", "all"}, {"--fix"}),
    ("imgtool lint --select IMG10", {"IMG101", "IMG102"}, {"IMG201"}),
    ("imgtool lint --select IMG101,devel", {"IMG101,devel-final-stage"}, {"devel-final-stage"}),
    ("imgtool lint --ignore S", {"SC"}, {"ALL"}),
    ("imgtool lint --ignore shellc", {"shellcheck"}, {"SC"}),
    ("imgtool lint --extend-select A", {"ALL"}, {"SC"}),
    ("imgtool lint --select IMG101,A", {"IMG101,ALL"}, set()),
    # ShellCheck's are not listed, and neither is explained
    ("imgtool rules ", {"ALL"}, {"SC"}),
    ("imgtool explain ", {"IMG101"}, {"ALL", "SC"}),
    ("imgtool explain devel-", {"devel-final-stage"}, {"IMG101"}),
    ("imgtool rules DL300", {"DL3001"}, {"DL4000"}),
    ("imgtool completion ", {"bash", "zsh", "fish"}, set()),
    ("imgtool lint Docker", set(), {"IMG101"}),
]


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
def test_bash(imgtool: Imgtool, tmp_path: Path) -> None:
    script = tmp_path / "imgtool.bash"
    script.write_text(imgtool("completion", "bash").out)
    for line, offered, others in BASH:
        words = line.split(" ")
        test = (
            f"source {script}; COMP_WORDS=({' '.join(repr(w) for w in words)}); COMP_CWORD={len(words) - 1}; _imgtool; "
            'printf "%s\\n" "${COMPREPLY[@]}"'
        )
        done = subprocess.run(["bash", "-uc", test], capture_output=True, text=True, check=True)
        found = set(done.stdout.split())
        assert not done.stderr
        assert offered <= found, line
        assert not others & found, line


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_shell_reads_it(imgtool: Imgtool, tmp_path: Path, shell: str) -> None:
    program = shutil.which(shell)
    if not program:
        pytest.skip(f"no {shell} here")
    (tmp_path / "script").write_text(imgtool("completion", shell).out)
    subprocess.run([program, "-n", tmp_path / "script"], check=True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_and_option_is_there(imgtool: Imgtool, shell: str) -> None:
    text = imgtool("completion", shell).out
    assert all(name in text for name in COMMANDS)
    dashes = "-l " if shell == "fish" else "--"
    assert all(f"{dashes}{option}" in text for option in ("unsafe-fixes", "max-growth", "in-place"))


def test_no_such_shell(imgtool: Imgtool) -> None:
    assert imgtool("completion", "csh").code == 2
