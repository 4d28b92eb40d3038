"""Which commands run whenever a script succeeds, and which cannot fail then: held against the shells themselves.

Scripts are generated, every command in them is a function that notes its call and returns a given status, and each
script runs under every combination of statuses.
"""

from __future__ import annotations

import itertools
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imgtool.facts.shell import Command, Script, analyse
from imgtool.syntax.nodes import Text

MAX_COMMANDS = 5
SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]

ARGUMENTS = [
    "",
    " a",
    ' "b c"',
    " 'd\"e'",
    " f\\ g",
    " a=b",
    " -x --y=z",
    " 2>/dev/null",
    " >/dev/null h",
    " {",
    " fi",
    " #i",
]


class Run(NamedTuple):
    """One execution: status, and the commands called with their arguments and whether they failed."""

    status: int
    called: dict[str, tuple[list[str], bool]]


def commands() -> st.SearchStrategy[str]:
    # @ becomes the command's number
    return st.sampled_from(ARGUMENTS).map(lambda arguments: f"c@{arguments}")


def nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def form(template: str, holes: int) -> st.SearchStrategy[str]:
        return st.tuples(*[inner] * holes).map(lambda parts: template.format(*parts))

    templates = [
        ("{} && {}", 2),
        ("{} || {}", 2),
        ("{}; {}", 2),
        ("{}\n{}", 2),
        ("{} | {}", 2),
        ("! {}", 1),
        ("{{ {}; }}", 1),
        ("({})", 1),
        ("{{ {}; }} 2>/dev/null && {}", 2),
        ("if {}; then {}; fi", 2),
        ("if {}; then {}; else {}; fi", 3),
        ("if {}; then {}; elif {}; then {}; fi", 4),
        ("while {}; do {}; break; done", 2),
        ("until {}; do {}; break; done", 2),
        ("for x in a b; do {}; done", 1),
        ("for x in a b; do {} && continue; {}; done", 2),
        ("for x in $none; do {}; done", 1),
        ("case a in a) {};; *) {};; esac", 2),
        ("case b in a) {};; b) {};; esac", 2),
        ("f() {{ {}; }}; f && {}", 2),
        ("f() {{ {} || return 1; {}; }}; f; {}", 3),
        ("x=$({}) && {}", 2),
        ("x=$({}); {}", 2),
        (": $({}) && {}", 2),
        ("set -e; {}; {}", 2),
        ("{} && set -e; {}; {}", 3),
        ("set -e; {}; set +e; {}", 2),
        ("{} || exit 1; {}", 2),
        ("{} || exit; {}", 2),
        ("{} && exit 0; {}", 2),
        ("{} || {{ {}; exit 1; }}", 2),
        ("{} || true; {}", 2),
        ("sh_c '{}' && {}", 2),
        ("eval '{}' || {}", 2),
        ("sh_c <<'E' && {}\n{}\nE\n", 2),
        ("cat <<E >/dev/null && {}\nx\nE\n", 1),
    ]
    return st.sampled_from(templates).flatmap(lambda t: form(*t))


def plausible(script: str) -> bool:
    """Whether the text means what its parts meant: quotes do not nest, and a here-document ends a line."""
    return script.count("c@") <= MAX_COMMANDS and "'" not in script.replace("sh_c '", "").replace(
        "eval '", ""
    )


def numbered(script: str) -> str:
    for number in itertools.count():
        if "c@" not in script:
            return script
        script = script.replace("c@", f"c{number}", 1)
    raise AssertionError


SCRIPTS = st.recursive(commands(), nested, max_leaves=MAX_COMMANDS)


def prologue(shell: str, count: int) -> str:
    """Defines the commands; ``sh_c`` is ``shell -c`` or ``shell`` with those definitions."""
    functions = "".join(
        # one write a call: the stages of a pipeline write at the same time
        f'c{n}() {{ r="\1c{n}"; for a; do r="$r\2$a"; done; '
        f'case $S in *{n}*) printf %s "$r\3" >&9; return 3;; esac; printf %s "$r" >&9; }}\n'
        for n in range(count)
    )
    definitions = functions.replace("'", "'\\''")
    reads = f'{{ echo "$D"; cat; }} | S=$S {shell}'
    takes = f'S=$S {shell} -c "$D\n$1"'
    return f"D='{definitions}'\n{functions}sh_c() {{ if [ $# = 0 ]; then {reads}; else {takes}; fi; }}\n"


def execute(shell: str, script: str, count: int, folder: Path) -> list[Run]:
    """The script under every combination of failing commands."""
    (folder / "script").write_text(script)
    failing = [
        "".join(map(str, c)) for n in range(count + 1) for c in itertools.combinations(range(count), n)
    ]
    driver = prologue(shell, count) + "".join(
        f"( S='{names}'; . ./script ) </dev/null >/dev/null 2>/dev/null; printf '\\004%s\\005' $? >&9\n"
        for names in failing
    )
    (folder / "driver").write_text(driver)
    with (folder / "log").open("wb") as log:
        subprocess.run(
            [shell, "-c", "exec 9>&1; . ./driver"],
            cwd=folder,
            stdout=log,
            stderr=subprocess.DEVNULL,
            timeout=30,
            check=False,
        )
    runs = []
    for record in (folder / "log").read_text().split("\005")[:-1]:
        calls, status = record.rsplit("\004", 1)
        called = {}
        for call in calls.split("\001")[1:]:
            words, failed, _ = call.partition("\003")
            name, *arguments = words.split("\002")
            called[name] = (arguments, bool(failed))
        runs.append(Run(int(status), called))
    assert len(runs) == len(failing)
    return runs


def named(script: Script) -> dict[str, Command]:
    return {
        command.name: command
        for command in script.commands
        if command.name[:1] == "c" and command.name[1:].isdigit()
    }


@pytest.mark.skipif(not SHELLS, reason="no shell to hold the analysis against")
@pytest.mark.parametrize("shell", SHELLS)
def test_generated_scripts(shell: str, tmp_path: Path) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(SCRIPTS.filter(plausible).map(numbered))
    def holds(script: str) -> None:
        judge(script, shell, tmp_path)

    holds()


def judge(script: str, shell: str, folder: Path) -> None:
    count = sum(f"c{n}" in script for n in range(MAX_COMMANDS + 1))
    text = script.replace("sh_c '", f"{shell} -c '").replace("sh_c <<", f"{shell} <<").encode()
    found = analyse(Text(text, (0,), (0,)), "sh" if shell == "dash" else shell)
    runs = execute(shell, script, count, folder)
    known = named(found)
    for run in runs:
        for name, (arguments, failed) in run.called.items():
            assert found.opaque or name in known, (script, name)
            if name not in known:
                continue
            command = known[name]
            if all(a.literal for a in command.args):
                assert [a.text for a in command.args] == arguments, script
            assert not (failed and command.checked and run.status == 0), (script, "checked", name)
        if run.status == 0:
            for name, command in known.items():
                assert not command.unconditional or name in run.called, (script, "unconditional", name)
