from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from imgtool.rewrite.companions.fat import Start, fat
from imgtool.syntax import parse

MADE = fat(Start(("tini", "--"), ("python3", "main.py")), ("libnuma1", "libgomp1"))


def test_the_file_parses_and_starts_the_application_behind_the_choice() -> None:
    document = parse(MADE.encode())
    assert not document.problems
    by_keyword = {instruction.keyword: instruction for instruction in document.instructions}
    assert by_keyword["ENTRYPOINT"].args == ("/usr/local/bin/accelerator-entrypoint", "tini", "--")
    assert by_keyword["CMD"].args == ("python3", "main.py")
    assert "every node pulls both" in MADE.splitlines()[0]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The entrypoint, which looks for devices below a folder of the test's own."""
    (heredoc,) = next(i for i in parse(MADE.encode()).instructions if i.heredocs).heredocs
    path = tmp_path / "entrypoint"
    path.write_bytes(heredoc.content.replace(b"/dev/", f"{tmp_path}/".encode()))
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("nodes", "variable", "output", "code"),
    [
        (["nvidiactl"], "", "cuda", 0),
        (["davinci_manager"], "", "cann", 0),
        ([], "cuda", "cuda", 0),
        (["nvidiactl"], "cann", "cann", 0),
        (["nvidiactl", "davinci_manager"], "cann", "cann", 0),
        ([], "", "neither", 1),
        (["nvidiactl", "davinci_manager"], "", "both", 1),
        ([], "rocm", "neither cuda nor cann", 1),
    ],
)
def test_the_device_nodes_decide(
    script: Path, nodes: list[str], variable: str, output: str, code: int
) -> None:
    for node in nodes:
        (script.parent / node).touch()
    environment = {**os.environ, "ACCELERATOR": variable}
    command = ["bash", str(script), "bash", "-c", 'echo "$ACCELERATOR"']
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == code
    assert output in done.stdout + done.stderr
