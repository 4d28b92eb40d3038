"""What ARG, ENV, SHELL, USER and WORKDIR leave for the next instruction."""

from __future__ import annotations

import posixpath
import time
from collections.abc import Mapping
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.facts.scope import MAX_VALUE, State, Variables, below, global_state, normal, states, under
from imgtool.facts.stages import StageGraph, meta
from imgtool.syntax import parse
from imgtool.syntax.nodes import PLATFORM_ARGS

CLOSED = State(closed=True, user="0", workdir="/")


def run(
    text: str, start: State = CLOSED, build_args: Mapping[str, str] = MappingProxyType({})
) -> list[State]:
    """The states of the first stage of a file, the first of them ``start``."""
    document = parse(text.encode())
    outer = global_state(meta(document), build_args, document.escape)
    body = StageGraph(document, outer).stages[0].instructions
    return states(start, body, build_args, outer, document.escape)


def last(text: str, start: State = CLOSED, build_args: Mapping[str, str] = MappingProxyType({})) -> State:
    return run(text, start, build_args)[-1]


# --- values: (body after FROM, variables that expand, variables that stay in the image) ---
VALUES: list[tuple[str, Mapping[str, str | None], Mapping[str, str | None]]] = [
    ("ENV A=1 B=2", {"A": "1", "B": "2"}, {"A": "1", "B": "2"}),
    ("ENV A one  two", {"A": "one  two"}, {"A": "one  two"}),
    ("ENV A='$B' B=\"x y\"", {"A": "$B", "B": "x y"}, {"A": "$B", "B": "x y"}),
    # timing: an instruction uses the values before it
    ("ENV A=1 B=$A", {"A": "1", "B": ""}, {"A": "1", "B": ""}),
    ("ENV A=1\nENV A=2 B=$A", {"A": "2", "B": "1"}, {"A": "2", "B": "1"}),
    ("ENV A=1\nENV A=$A$A", {"A": "11"}, {"A": "11"}),
    # timing: except ARG, which is read from left to right
    ("ARG A=1 B=$A", {"A": "1", "B": "1"}, {}),
    ("ARG A=1 A=$A$A A=$A$A", {"A": "1111"}, {}),
    # an ENV's name may hold variables, an ARG's may not
    ("ENV A=B\nENV $A=1", {"A": "B", "B": "1"}, {"A": "B", "B": "1"}),
    ("ENV A=B\nARG $A=1", {"A": "B", "$A": "1"}, {"A": "B"}),
    # ARG and ENV of one name: the later one expands, ENV alone stays in the image
    ("ARG A=1\nENV A=2", {"A": "2"}, {"A": "2"}),
    ("ENV A=1\nARG A=2", {"A": "2"}, {"A": "1"}),
    ("ENV A=1\nARG A", {"A": "1"}, {"A": "1"}),
    ("ARG A=1\nENV A=${A}2", {"A": "12"}, {"A": "12"}),
    ("ARG A=1\nARG A", {"A": "1"}, {}),
    # an ARG without default is declared, and its value given at build time or never
    ("ARG A", {"A": None}, {}),
    ("ARG A\nENV B=$A", {"A": None, "B": None}, {"B": None}),
    ("ARG A\nENV B=${A:-x}", {"A": None, "B": None}, {"B": None}),
    ("ARG A=\nENV B=${A:-x}", {"A": "", "B": "x"}, {"B": "x"}),
    # a word that BuildKit refuses leaves its value open, and the rest as it is
    ("ENV A=${B", {"A": None}, {"A": None}),
    ("ENV A=1\nENV\nENV B=$A", {"A": "1", "B": "1"}, {"A": "1", "B": "1"}),
    # BuildKit reads these and keeps them out of the environment
    ("ARG BUILDKIT_SBOM_SCAN_STAGE=true BUILDKIT_SBOM_SCAN_CONTEXT=true", {}, {}),
    # no other instruction sets variables
    ("LABEL A=1\nRUN A=1\nONBUILD ENV A=1\nEXPOSE $A", {}, {}),
]


@pytest.mark.parametrize("body, values, env", VALUES)
def test_values(body: str, values: Mapping[str, str | None], env: Mapping[str, str | None]) -> None:
    state = last(f"FROM scratch\n{body}\n")
    assert (dict(state.values), dict(state.env)) == (values, env)


# --- ARG scope: (file, build arguments, variables that expand at the end of the first stage) ---
SCOPE: list[tuple[str, dict[str, str], Mapping[str, str | None]]] = [
    ("ARG A=1\nFROM scratch", {}, {}),  # a global ARG is seen in FROM lines alone
    ("ARG A=1\nFROM scratch\nENV B=$A", {}, {"B": ""}),
    ("ARG A=1\nFROM scratch\nARG A", {}, {"A": "1"}),  # unless the stage asks for it
    ("ARG A=1\nFROM scratch\nARG A\nENV B=$A", {}, {"A": "1", "B": "1"}),
    ("ARG A=1\nFROM scratch\nARG A=2", {}, {"A": "2"}),  # the stage's own default wins
    ("ARG A=1\nARG B=${A}2\nFROM scratch\nARG B", {}, {"B": "12"}),
    ("ARG A\nFROM scratch\nARG A", {}, {"A": None}),
    (
        "ARG A=1\nFROM scratch\nENV A=2\nARG A",
        {},
        {"A": "1"},
    ),  # the global value replaces ENV's where it expands
    ("ARG A=1\nFROM scratch\nARG A", {"A": "9"}, {"A": "9"}),
    ("ARG A=1\nFROM scratch\nARG A=2", {"A": "9"}, {"A": "9"}),
    ("FROM scratch\nARG A=2", {"A": "9"}, {"A": "9"}),
    ("FROM scratch\nENV B=$A", {"A": "9"}, {"B": ""}),  # a build argument that nobody declares does nothing
    ("ENV A=1\nFROM scratch\nARG A", {}, {"A": None}),  # ENV before FROM is refused
    # predefined: usable in FROM at once, in a stage only with ARG
    ("FROM scratch\nENV B=$TARGETARCH", {}, {"B": ""}),
    ("FROM scratch\nARG TARGETARCH", {}, {"TARGETARCH": None}),
    ("FROM scratch\nARG TARGETARCH", {"TARGETARCH": "arm64"}, {"TARGETARCH": "arm64"}),
    ("FROM scratch\nARG TARGETARCH=amd64", {}, {"TARGETARCH": "amd64"}),
    ("ARG TARGETARCH=amd64\nFROM scratch\nARG TARGETARCH", {}, {"TARGETARCH": "amd64"}),
]


@pytest.mark.parametrize("text, build_args, expected", SCOPE)
def test_scope(text: str, build_args: dict[str, str], expected: Mapping[str, str | None]) -> None:
    assert dict(last(text + "\n", build_args=build_args).values) == expected


@pytest.mark.parametrize("name", PLATFORM_ARGS)
def test_predefined_global(name: str) -> None:
    state = global_state((), {}, "\\")
    assert state.expand(f"x-${name}") is None
    assert global_state((), {name: "v"}, "\\").expand(f"x-${name}") == "x-v"


def test_predefined_names_are_buildkits() -> None:
    assert sorted(PLATFORM_ARGS) == [
        "BUILDARCH", "BUILDOS", "BUILDOSVERSION", "BUILDPLATFORM", "BUILDVARIANT", "TARGETARCH", "TARGETOS",
        "TARGETOSVERSION", "TARGETPLATFORM", "TARGETSTAGE", "TARGETVARIANT",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["HTTP_PROXY", "https_proxy", "NO_PROXY"])
def test_proxies_are_for_run_alone(name: str) -> None:
    assert last(f"FROM scratch\nENV B=${name}\n", build_args={name: "http://p"}).env["B"] == ""


# --- an environment that is not known ---
OPEN: list[tuple[str, str | None]] = [
    ("plain", "plain"),
    ("'$X'", "$X"),
    ("$X", None),  # the base image may set it
    ("${X:-d}", None),
    ("$A", "1"),
    ("$A$X", None),
    ("${A:+$X}", None),
    ("${A:-$X}", "1"),
]


@pytest.mark.parametrize("word, expected", OPEN)
def test_open_environment(word: str, expected: str | None) -> None:
    state = last("FROM some/image\nENV A=1\n", State())
    assert state.expand(word) == expected


# --- SHELL, USER, WORKDIR: (body, start, shell, user, workdir) ---
KNOWN = CLOSED
UNKNOWN = State()
CONFIG: list[tuple[str, State, tuple[str, ...] | None, str | None, str | None]] = [
    ("", KNOWN, None, "0", "/"),
    ("", UNKNOWN, None, None, None),
    ('SHELL ["/bin/bash", "-c"]', KNOWN, ("/bin/bash", "-c"), "0", "/"),
    ("SHELL /bin/bash -c", KNOWN, None, "0", "/"),  # refused: no JSON
    ("USER app:grp", KNOWN, None, "app:grp", "/"),
    ("ARG U=app\nUSER $U", KNOWN, None, "app", "/"),
    ("ARG U\nUSER $U", KNOWN, None, None, "/"),
    ("WORKDIR /a", KNOWN, None, "0", "/a"),
    ("WORKDIR /a\nWORKDIR b/../c", KNOWN, None, "0", "/a/c"),
    ("WORKDIR a", KNOWN, None, "0", "/a"),
    ("WORKDIR a", UNKNOWN, None, None, None),
    ("WORKDIR a\nWORKDIR /b\nWORKDIR c", UNKNOWN, None, None, "/b/c"),
    ("ENV D=/x\nWORKDIR $D/y", KNOWN, None, "0", "/x/y"),
    ("WORKDIR $D/y", UNKNOWN, None, None, None),
    ("WORKDIR /$D", UNKNOWN, None, None, None),
    ("WORKDIR /a b", KNOWN, None, "0", "/a b"),
]


@pytest.mark.parametrize("body, start, shell, user, workdir", CONFIG)
def test_config(
    body: str, start: State, shell: tuple[str, ...] | None, user: str | None, workdir: str | None
) -> None:
    state = last(f"FROM x\n{body}\n", start)
    assert (state.shell, state.user, state.workdir) == (shell, user, workdir)
    assert state.shell_set is (shell is not None)


def test_the_escape_directive_holds_in_values() -> None:
    assert last("# escape=`\nFROM x\nENV A=a`$B\n").env["A"] == "a$B"


def test_a_state_before_every_instruction() -> None:
    found = run("FROM x\nENV A=1\nRUN y\nENV A=2\n")
    assert [s.values.get("A") for s in found] == [None, "1", "1", "2"]


def test_long_values_are_not_followed() -> None:
    doubling = "ENV A0=xxxxxxxx\n" + "".join(f"ENV A{n + 1}=$A{n}$A{n}\n" for n in range(20))
    values = last(f"FROM x\n{doubling}").values
    lengths = [len(v) for v in values.values() if v is not None]
    assert max(lengths) == MAX_VALUE
    assert values["A20"] is None


def test_ten_thousand_variables_take_no_square_of_memory_or_time() -> None:
    start = time.process_time()
    found = run("FROM x\n" + "".join(f"ENV A{n}={n}\n" for n in range(10_000)))
    assert found[5000].values.get("A4999") == "4999"
    assert "A5000" not in found[5000].values
    assert len(found[-1].values) == 10_000
    assert time.process_time() - start < 10


# --- Variables ---
def test_variables_share_a_line_and_part_at_a_fork() -> None:
    one = Variables().assign({"A": "1", "B": "1"})
    left, right = one.assign({"A": "2"}), one.assign({"A": "3", "C": "3"})
    assert dict(one) == {"A": "1", "B": "1"}
    assert dict(left) == {"A": "2", "B": "1"}
    assert dict(right) == {"A": "3", "B": "1", "C": "3"}
    assert dict(left.assign({"C": "4"})) == {"A": "2", "B": "1", "C": "4"}
    assert left.assign({}) == left


def test_two_empty_ones_share_nothing() -> None:
    Variables().assign({"A": "1"})
    assert dict(Variables()) == {}


STEPS = st.lists(
    st.tuples(st.integers(0, 8), st.dictionaries(st.sampled_from("ABC"), st.sampled_from("123")))
)


@given(STEPS)
def test_variables_are_what_dictionaries_would_be(steps: list[tuple[int, dict[str, str]]]) -> None:
    ours = [Variables()]
    plain: list[dict[str, str]] = [{}]
    for origin, new in steps:
        at = origin % len(ours)
        ours.append(ours[at].assign(new))
        plain.append({**plain[at], **new})
    assert [list(v.items()) for v in ours] == [list(p.items()) for p in plain]
    assert [[(n in v, v.get(n), v.get(n, 0)) for n in "ABCD"] for v in ours] == [
        [(n in p, p.get(n), p.get(n, 0)) for n in "ABCD"] for p in plain
    ]


@given(STEPS, st.frozensets(st.sampled_from("ABCD")))
def test_what_may_be_held_misses_nothing(
    steps: list[tuple[int, dict[str, str]]], names: frozenset[str]
) -> None:
    values = Variables()
    for _, new in steps:
        values = values.assign(new)
    assert values.may_hold(names) == (not names.isdisjoint(values))


PATHS = st.one_of(st.text("/.a~ ", max_size=12), st.text(max_size=12), st.just("//a"), st.just("/"))


@given(PATHS, PATHS)
def test_paths_are_what_the_library_makes_of_them(folder: str, text: str) -> None:
    assert normal(text) == posixpath.normpath(text)
    if folder:
        assert below(folder, text) == posixpath.normpath(posixpath.join(folder, text))
        if not text.startswith("/"):
            assert under(folder, text) == posixpath.join(folder, text)
