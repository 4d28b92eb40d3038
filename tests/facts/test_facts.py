"""Facts of one Dockerfile, put together from graph, scope, families and shell."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.facts.facts import DEFAULT_PATH, FactOptions, Facts, local_sources
from imgtool.facts.stages import Stage
from imgtool.syntax import parse

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "open"
NO_ARGS: Mapping[str, str] = MappingProxyType({})


def facts(text: str | bytes, **options: Any) -> Facts:
    return Facts(parse(text.encode() if isinstance(text, str) else text), FactOptions(**options))


def indices(stages: tuple[Stage, ...] | frozenset[Stage]) -> list[int]:
    return sorted(stage.index for stage in stages)


# --- stages ---
THREE = "FROM a AS one\nFROM one AS two\nFROM b AS three\nCOPY --from=one / /\nFROM three AS four\n"


@pytest.mark.parametrize(
    "stage, target, shipped, built",
    [
        (None, 3, [2, 3], [0, 2, 3]),
        ("two", 1, [0, 1], [0, 1]),
        ("THREE", 2, [2], [0, 2]),
        ("0", 0, [0], [0]),
        ("five", None, [], []),
    ],
)
def test_target(stage: str | None, target: int | None, shipped: list[int], built: list[int]) -> None:
    found = facts(THREE, stage=stage)
    assert (found.target.index if found.target else None) == target
    assert (indices(found.shipped), indices(found.built)) == (shipped, built)


def test_a_file_without_stages() -> None:
    found = facts("ARG A=1\nRUN x\n")
    assert (found.target, found.shipped, found.built, found.stages) == (None, (), frozenset(), ())


# --- what a stage begins with: (file, the last stage's variables that expand at its end) ---
INHERITED: list[tuple[str, dict[str, str | None]]] = [
    ("FROM scratch", {"PATH": DEFAULT_PATH}),  # BuildKit sets it where the image has none
    ("FROM scratch\nENV PATH=/x:$PATH", {"PATH": f"/x:{DEFAULT_PATH}"}),
    ("FROM scratch AS a\nENV A=1\nARG B=2\nFROM a", {"PATH": DEFAULT_PATH, "A": "1", "B": "2"}),
    ("FROM scratch AS a\nENV A=1\nFROM scratch AS b\nENV B=1\nFROM a", {"PATH": DEFAULT_PATH, "A": "1"}),
    ("FROM scratch AS a\nONBUILD ENV A=1\nFROM a", {"PATH": DEFAULT_PATH, "A": "1"}),  # fires in the child
    ("FROM scratch AS a\nONBUILD ENV A=1\nFROM a AS b\nFROM b", {"PATH": DEFAULT_PATH, "A": "1"}),  # once
    ("FROM scratch AS a\nONBUILD ENV A=1", {"PATH": DEFAULT_PATH}),  # not where it stands
    (
        "FROM scratch AS a\nENV A=1\nONBUILD ENV B=$A\nFROM a\nENV A=2",
        {"PATH": DEFAULT_PATH, "A": "2", "B": "1"},
    ),
    ("FROM some/image\nENV A=1", {"A": "1"}),
    ("ARG I=scratch\nFROM $I", {"PATH": DEFAULT_PATH}),
]


@pytest.mark.parametrize("text, expected", INHERITED)
def test_inherited(text: str, expected: dict[str, str | None]) -> None:
    found = facts(text + "\n")
    assert dict(found.final_state(found.stages[-1]).values) == expected


def test_scratch_is_known_and_an_unknown_image_is_not() -> None:
    scratch = facts("FROM scratch\n")
    state = scratch.final_state(scratch.stages[0])
    assert (state.closed, state.user, state.workdir, state.shell) == (True, "0", "/", None)
    unknown = facts("FROM some/image\n")
    state = unknown.final_state(unknown.stages[0])
    assert (state.closed, state.user, state.workdir, state.shell) == (False, None, None, None)


def test_config_of_a_known_image_is_inherited_through_stages() -> None:
    found = facts("FROM nvidia/cuda:12.4.1-devel-ubuntu22.04 AS a\nENV X=1\nFROM a\n")
    state = found.final_state(found.stages[1])
    assert state.values["NVIDIA_VISIBLE_DEVICES"] == "all"
    assert state.values["X"] == "1"
    library_path = state.env["LD_LIBRARY_PATH"]
    assert library_path is None or "/usr/local/nvidia" in library_path


def test_base_is_that_of_the_lineage() -> None:
    found = facts(
        "ARG V=12.4.1\nFROM nvidia/cuda:$V-devel-ubuntu22.04 AS a\nFROM a\nFROM some/image\nFROM $X\n"
    )
    bases = [found.base(stage) for stage in found.stages]
    assert bases[0] is bases[1]
    assert (bases[0] and bases[0].version, bases[2:]) == ("12.4.1", [None, None])


# --- state before an instruction ---
def test_state() -> None:
    found = facts("ARG G=1\nFROM scratch AS a\nENV A=1\nRUN x\nENV A=2\nONBUILD RUN y\nFROM a\nRUN z\n")
    instructions = found.document.instructions
    seen = [found.state(i).values.get("A") for i in instructions]
    assert seen == [None, None, None, "1", "1", "2", None, "2"]
    assert found.state(instructions[1]).values["G"] == "1"
    trigger = instructions[5].inner
    assert trigger
    assert found.state(trigger).values["A"] == "2"


def test_expand() -> None:
    found = facts("ARG G=1\nFROM x:$G AS a\nARG G\nENV A=$G\nCOPY $A$B /\n")
    copy = found.document.instructions[-1]
    assert found.expand(copy, "'$A'$A") == "$A1"
    assert found.expand(copy, "$A$B") is None
    assert found.expand(found.document.instructions[1], "x:$G") == "x:1"


# --- runs ---
def test_runs() -> None:
    found = facts(
        'FROM a AS one\nRUN pip install x\nONBUILD RUN apt-get update\nRUN ["cd", "/x"]\nCOPY y\nFROM one\nRUN z\n'
    )
    first, second = (found.runs(stage) for stage in found.stages)
    assert [(r.onbuild, [c.name for c in r.script.commands]) for r in first] == [
        (False, ["pip"]), (True, ["apt-get"]), (False, ["cd"]),
    ]  # fmt: skip
    assert [(r.stage.index, [c.name for c in r.script.commands]) for r in second] == [(1, ["z"])]
    assert [package.name for o in first[0].operations for package in o.packages] == ["x"]
    assert found.runs(found.stages[0]) is first


def test_a_run_has_the_shell_in_effect() -> None:
    text = 'FROM a\nRUN x\nSHELL ["/bin/bash", "-c"]\nRUN y\nFROM b\nRUN z\n'
    found = facts(text)
    assert [r.script.dialect for stage in found.stages for r in found.runs(stage)] == ["sh", "bash", "sh"]


def test_a_run_that_buildkit_refuses_is_left_out() -> None:
    found = facts("FROM a\nRUN --nonsense x\nRUN y\n")
    assert [r.instruction.start_line for r in found.runs(found.stages[0])] == [3]


def test_heredocs() -> None:
    found = facts("FROM a\nRUN <<E\npip install x\nE\nONBUILD RUN <<E\napt-get update\nE\n")
    assert [[c.name for c in r.script.commands] for r in found.runs(found.stages[0])] == [
        ["pip"],
        ["apt-get"],
    ]


# --- the build context: (instruction, its local sources) ---
SOURCES = [
    ("COPY a b /x/", ("a", "b")),
    ('COPY ["a b", "/x/"]', ("a b",)),
    ("COPY --from=y a /x/", ()),
    ("COPY --chown=u a /x", ("a",)),
    ("ADD a https://example.com/b git@example.com:c.git /x/", ("a",)),
    ("COPY <<E a /x/\nE", ("a",)),
    ("COPY a", ()),
    ("RUN a b", ()),
]


@pytest.mark.parametrize("line, expected", SOURCES)
def test_local_sources(line: str, expected: tuple[str, ...]) -> None:
    (instruction,) = parse(f"{line}\n".encode()).instructions
    assert local_sources(instruction) == expected


def test_literal_sources_of_the_file() -> None:
    found = facts('FROM a\nCOPY ["a b", "/x/"]\nCOPY "c" d\\$ $E /x/\nADD f* /\nONBUILD COPY g /\n')
    assert found.local_sources == ("a b", "c", "f*")


def test_context_is_unknown_without_a_place() -> None:
    assert facts("FROM a\nCOPY x /\n").context is None


def test_context_is_the_folder_in_which_every_source_is(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    text = "FROM a\nCOPY x /\n"
    found = facts(text, dockerfile=tmp_path / "Dockerfile").context
    assert found
    assert found.root == tmp_path
    assert facts(text + "COPY y /\n", dockerfile=tmp_path / "Dockerfile").context is None
    named = facts(text, context=tmp_path, context_how="config").context
    assert named
    assert named.how == "config"


# --- hostile input ---
def test_ten_thousand_stages_in_a_chain() -> None:
    start = time.process_time()
    found = facts("FROM scratch AS s\n" + "FROM s AS s\nENV A=$A.\n" * 5000)
    value = found.final_state(found.stages[-1]).values["A"]
    assert value is None or len(value) > 1000
    assert len(found.shipped) == 5001
    assert time.process_time() - start < 20


def everything(data: bytes) -> None:
    found = facts(data)
    for stage in found.stages:
        found.base(stage)
        found.runs(stage)
    for instruction in found.document.instructions:
        found.state(instruction)
        found.expand(instruction, "$A${B:-c}")
    assert len(found.shipped) <= len(found.built) <= len(found.stages)
    assert found.local_sources is not None


@pytest.mark.corpus
@given(st.data())
def test_never_raises_on_mutated_corpus_files(data: st.DataObject) -> None:
    original = data.draw(st.sampled_from(sorted(CORPUS.iterdir()))).read_bytes()
    at = data.draw(st.integers(0, len(original)))
    everything(
        original[:at] + data.draw(st.binary(max_size=20)) + original[at + data.draw(st.integers(0, 40)) :]
    )


# variables, the RUN, the programs that it runs
PROGRAMS = [
    ("ARG PIP=pip3", "$PIP install a", ["pip3"]),
    ('ENV PIP="python3 -m pip"', 'sudo "${PIP}" install a', ["python3"]),
    ("ARG PIP", "$PIP install a", [""]),
    ("ENV OTHER=1", "$PIP install a", [""]),
    ("ARG PIP=pip3", "PIP=x && $PIP install a", ["", ""]),
    ("ARG X='a; b'", "$X", [""]),
    ("ARG X=a", "${X}b c", [""]),
]


@pytest.mark.parametrize("variables, script, names", PROGRAMS)
def test_programs_that_stand_in_variables(variables: str, script: str, names: list[str]) -> None:
    facts = Facts(parse(f"FROM scratch\n{variables}\nRUN {script}\n".encode()))
    (run,) = facts.runs(facts.stages[0])
    assert [command.name for command in run.script.commands] == names
