"""Which commands rules about drivers look at closely."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from imgtool.facts.facts import Facts
from imgtool.families.drivers import driver_program
from imgtool.syntax import parse

COMMANDS: Any = import_module("imgtool_rules.accelerator._commands")
_PIECES = st.sampled_from(
    "sh bash python3 cp mv make nvidia-smi modprobe ./a.run /opt/*.run $D/b.run \"$D/b.run\" $P $SH sudo env X=1 a.run 'a .run' -c"
    " \\\n && ; | ( ) { } > x".split(" ")
)


@given(st.lists(_PIECES, max_size=8).map(" ".join))
@example("$D/b.run --silent")
@example("/opt/*.run --silent")
@example("$SH a.run")
@example("sudo -E sh a.run")
def test_all_that_can_be_of_interest_are_found(script: str) -> None:
    facts = Facts(
        parse(f"FROM a\nENV SH=/bin/sh P='python3 -m'\nRUN {script}\nRUN {script} && cp a b\n".encode())
    )
    expected = {
        run: [
            position
            for position, command in enumerate(run.script.commands)
            if command.name in COMMANDS.COPIES or (command.argv and driver_program(command.argv[0].text))
        ]
        for run in facts.runs(facts.stages[0])
    }
    assert COMMANDS.of_interest(facts) == {run: places for run, places in expected.items() if places}
