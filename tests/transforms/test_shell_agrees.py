"""What a real shell makes of RUNs before and after: the same files, the same status."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imgtool.edits import apply
from imgtool.facts.facts import Facts
from imgtool.syntax import parse
from imgtool.transforms.merge import merge_runs
from imgtool.transforms.runs import append_command

SHELL = shutil.which("dash") or shutil.which("sh")
pytestmark = pytest.mark.skipif(SHELL is None, reason="no POSIX shell on this machine")

COMMANDS = st.sampled_from(
    [
        *(
            "touch a",
            "mkdir d",
            "echo x >> a",
            "rm a",
            "true",
            "false",
            "test -e a",
            "cd d",
            "X=1",
            'echo "$X" > x',
        ),
        *("(cd d && touch e)", "{ touch f; }", "if test -e a; then touch g; else touch h; fi", "! test -e a"),
        *(
            "for i in 1 2; do touch $i; done",
            "echo y | cat > y",
            "set -e",
            "exit 0",
            "sh -c 'exit 3'",
            "ls d > l 2>&1",
        ),
    ]
)
# no pipes between these: what runs first there is chance
OPERATORS = st.sampled_from([" && "] * 6 + [" || ", "; "])
LAYOUT = st.sampled_from(["", "", " \\\n    ", " \\\n# c\n  "])


@st.composite
def scripts(draw: st.DrawFn) -> str:
    text = draw(COMMANDS)
    for _ in range(draw(st.integers(0, 2))):
        text += draw(LAYOUT) + draw(OPERATORS) + draw(COMMANDS)
    return text


def run(text: str, folder: Path) -> tuple[int, dict[str, str]]:
    """Run the RUNs of a Dockerfile one after the other, as a build does; the status and what is there then."""
    folder.mkdir(exist_ok=True)
    status = 0
    for instruction in parse(text.encode()).instructions[1:]:
        script = str(instruction.rest)
        done = subprocess.run(
            [SHELL or "", "-c", script],
            cwd=folder,
            capture_output=True,
            check=False,
            env={"PATH": "/usr/bin:/bin"},
        )
        status = done.returncode
        if status:
            break
    tree = {
        str(path.relative_to(folder)): path.read_text() if path.is_file() else ""
        for path in folder.rglob("*")
    }
    shutil.rmtree(folder)
    return status, tree


SETTINGS = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@SETTINGS
@given(first=scripts(), second=scripts())
def test_merged_runs_do_the_same(first: str, second: str, tmp_path: Path) -> None:
    text = f"FROM debian:bookworm\nRUN {first}\n# between\nRUN {second}\n"
    facts = Facts(parse(text.encode()))
    edits = merge_runs(facts, facts.runs(facts.stages[0]))
    if edits is None:
        return
    merged = apply(facts.document.data, edits).decode()
    before, after = run(text, tmp_path / "build"), run(merged, tmp_path / "build")
    # a build that fails leaves nothing behind
    assert before == after or (before[0] and after[0])


@SETTINGS
@given(script=scripts(), tail=st.sampled_from(["", ";", " # why", " \\\n", "\n# next\n"]))
def test_what_is_appended_runs_exactly_on_success(script: str, tail: str, tmp_path: Path) -> None:
    text = f"FROM debian:bookworm\nRUN {script}{tail}"
    facts = Facts(parse(text.encode()))
    runs = facts.runs(facts.stages[0])
    marker = tmp_path / "marker"
    edit = append_command(facts.document, runs[0], f"touch {marker}")
    if edit is None:
        return
    before = run(text, tmp_path / "build")
    after = run(apply(facts.document.data, [edit]).decode(), tmp_path / "build")
    appeared = marker.exists()
    marker.unlink(missing_ok=True)
    assert before == after
    assert appeared == (before[0] == 0)
