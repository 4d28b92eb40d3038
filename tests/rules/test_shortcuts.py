"""Rules that look twice find the same as if they looked closely at once."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imgtool.facts.facts import Facts
from imgtool.lint.registry import find, load
from imgtool.lint.runner import lint
from imgtool.syntax import parse

_PIECES = st.sampled_from(
    "A B $A ${A} ${B} $C ${C:-x} ${A:+$C} ${LD_LIBRARY_PATH} $LD_LIBRARY_PATH ${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
    " $LD_LIBRARY_PATHS /usr/local/cuda/lib64/stubs st ubs /usr/local/cuda/lib64/ devlib : \" ' \\ ` é $é 1 $1 $$ $ =".split()
)
_VALUE = st.lists(_PIECES, max_size=6).map("".join)
# each with what takes its shortcut away
_RULES = {
    "BK009": ("_NAMES", re.compile("()")),
    "BK011": ("_all_set", lambda *_: False),
    "IMG103": ("_is_harmless", lambda _: False),
}


def found(code: str, dockerfile: str) -> list[Any]:
    data = dockerfile.encode()
    result = lint(data, "Dockerfile", [load(find(code))], knowledge=Facts(parse(data)))
    assert not result.failures
    return list(result.findings)


@given(st.sampled_from(sorted(_RULES)), _VALUE, _VALUE, _VALUE)
@example("BK009", "é", "image:$Aé", "")
@example("BK009", "", "debian:$1A", "")
@example("BK011", "é", "debian", "$Aé")
@example("BK011", "", "debian", "$1A")
@example("IMG103", "/usr/local/cuda/lib64/stubs", "debian", "$A:$LD_LIBRARY_PATH")
@example("IMG103", "", "debian", "/usr/local/cuda/lib64/st''ubs")
def test_the_shortcut_changes_nothing(code: str, argument: str, base: str, value: str) -> None:
    dockerfile = (
        f"ARG 1A=x\nARG A={argument}\nFROM {base}\nARG A={argument}\nENV B=$A C\\\n=1\nENV LD_LIBRARY_PATH={value}\n"
        f"LABEL x={value} y=$B\nWORKDIR /a/{value}\n"
    )
    name, slow = _RULES[code]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module(find(code).module), name, slow)
        expected = found(code, dockerfile)
    assert found(code, dockerfile) == expected


_SOURCES = st.sampled_from(
    (
        *(
            "deb",
            "-src",
            " ",
            "\t",
            "[",
            "]",
            "trusted",
            "TRUSTED",
            "=",
            "yes",
            "YES",
            "gpgcheck",
            "0",
            "1",
            "true",
        ),
        *("apt::get::allowunauthenticated", "Acquire::AllowInsecureRepositories", ";", "file:/x"),
    )
)


@given(st.lists(_SOURCES, max_size=9).map("".join))
@example("deb [trusted \t= yes] x")
def test_what_img506_finds_holds_one_of_its_hints(text: str) -> None:
    rule = import_module(find("IMG506").module)
    data = text.encode()
    if re.search(rule._TEXT, data):
        assert any(hint in data.lower() for hint in rule._HINTS)
