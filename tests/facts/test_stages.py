"""The stage graph against BuildKit's look-up rules (dockerfile2llb/convert.go)."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.facts.scope import global_state
from imgtool.facts.stages import MAX_EDGES, Stage, StageGraph, meta, mounts_of
from imgtool.syntax import parse

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "open"


def graph(text: str | bytes, **build_args: str) -> StageGraph:
    document = parse(text.encode() if isinstance(text, str) else text)
    return StageGraph(document, global_state(meta(document), build_args, document.escape))


def parents(found: StageGraph) -> list[int | None]:
    return [s.parent.index if s.parent else None for s in found.stages]


def edges(found: StageGraph) -> list[tuple[int, str, int | str]]:
    """Edges that are no FROM, as (stage, via, target's number or source as written)."""
    return [
        (e.stage.index, str(e.via), e.target.index if e.target else e.source)
        for e in found.edges
        if e.via != "from"
    ]


# --- FROM: (file, the parent of each stage) ---
FROM = [
    pytest.param("FROM a\nFROM b\n", [None, None], id="images"),
    pytest.param("FROM a AS x\nFROM x\n", [None, 0], id="a stage by name"),
    pytest.param("FROM a AS X\nFROM x\n", [None, 0], id="names are lower-cased where they are defined"),
    pytest.param("FROM a AS X\nFROM X\n", [None, None], id="FROM compares as written: X is an image"),
    pytest.param("FROM a AS x\nFROM x AS x\nFROM x\n", [None, 0, 1], id="the last definition so far wins"),
    pytest.param("FROM x\nFROM a AS x\n", [None, None], id="later stages are not seen"),
    pytest.param("FROM a\nFROM 0\n", [None, None], id="FROM takes no number"),
    pytest.param("FROM scratch AS scratch\nFROM scratch\n", [None, 0], id="a stage may be called scratch"),
    pytest.param("ARG B=x\nFROM a AS x\nFROM $B\n", [None, 0], id="a stage by ARG"),
    pytest.param(
        "ARG B=cpu\nFROM a AS base-cpu\nFROM base-${B}\n", [None, 0], id="a stage by part of a name"
    ),
    pytest.param("FROM a AS build-arm64\nFROM build-$TARGETARCH\n", [None, None], id="platform not known"),
    pytest.param('FROM a AS x\nFROM "x"\n', [None, 0], id="quotes are removed"),
    pytest.param("FROM a AS x\nFROM --platform=linux/amd64 x\n", [None, 0], id="flags are no operands"),
    pytest.param("FROM a AS\nFROM a x\nFROM\n", [None, None, None], id="refused forms name nothing"),
    pytest.param("ARG X=1\nRUN x\n", [], id="no stage"),
    pytest.param("", [], id="empty"),
]


@pytest.mark.parametrize("text, expected", FROM)
def test_from(text: str, expected: list[int | None]) -> None:
    assert parents(graph(text)) == expected


def test_build_argument_chooses_the_stage() -> None:
    text = "ARG B=one\nFROM a AS one\nFROM a AS two\nFROM $B\n"
    assert [parents(graph(text))[-1], parents(graph(text, B="two"))[-1]] == [0, 1]
    assert parents(graph("FROM a AS x-arm64\nFROM x-$TARGETARCH\n", TARGETARCH="arm64")) == [None, 0]


@pytest.mark.parametrize(
    "text, reference",
    [
        ("FROM nvidia/cuda:12\n", "nvidia/cuda:12"),
        ("ARG T=12\nFROM nvidia/cuda:${T}-devel\n", "nvidia/cuda:12-devel"),
        ("ARG T\nFROM nvidia/cuda:${T:-12}\n", None),  # the value may be given at build time
        ("ARG T\nFROM nvidia/cuda:$T\n", None),
        ("FROM nvidia/cuda:$T\n", "nvidia/cuda:"),  # never declared: BuildKit puts nothing there
        ("FROM ${T:-12}\n", "12"),
        ("FROM\n", None),
        ("FROM ${}\n", None),
    ],
)
def test_reference(text: str, reference: str | None) -> None:
    assert graph(text).stages[0].reference == reference


# --- references: (file, edges) ---
EDGES = [
    pytest.param("FROM a AS x\nFROM b\nCOPY --from=x / /\n", [(1, "copy", 0)], id="by name"),
    pytest.param("FROM a AS x\nFROM b\nCOPY --from=X / /\n", [(1, "copy", 0)], id="whatever the case"),
    pytest.param("FROM a\nFROM b\nCOPY --from=0 / /\n", [(1, "copy", 0)], id="by number"),
    pytest.param("FROM a\nFROM b\nCOPY --from=1 / /\n", [(1, "copy", "1")], id="not its own number"),
    pytest.param("FROM a\nCOPY --from=7 / /\n", [(0, "copy", "7")], id="no such number"),
    pytest.param(f"FROM a\nCOPY --from={'9' * 5000} / /\n", [(0, "copy", "9" * 5000)], id="very long number"),
    pytest.param("FROM a\nFROM b\nCOPY --from=+0 / /\n", [(1, "copy", 0)], id="by number with its sign"),
    pytest.param("FROM a\nFROM b\nCOPY --from=-1 / /\n", [(1, "copy", "-1")], id="not from the end"),
    pytest.param("FROM a\nCOPY --from=i:1 / /\n", [(0, "copy", "i:1")], id="an image or a named context"),
    pytest.param(
        "FROM a\nCOPY --from=x / /\nFROM b AS x\n", [(0, "copy", "x")], id="later stages are not seen"
    ),
    pytest.param("FROM a AS x\nCOPY --from=x / /\n", [(0, "copy", "x")], id="nor is the stage itself"),
    pytest.param("FROM a\nCOPY . .\nADD . .\n", [], id="from the build context"),
    pytest.param("FROM a AS x\nFROM b\nADD --from=x / /\n", [], id="ADD has no --from"),
    pytest.param(
        "FROM a AS x\nFROM b\nRUN --mount=from=x,target=/m true\n", [(1, "mount", 0)], id="a mount by name"
    ),
    pytest.param(
        "FROM a AS x\nFROM b\nRUN --mount=from=x,dst=/m --mount=from=X,dst=/n true\n",
        [(1, "mount", 0), (1, "mount", 0)],
        id="two mounts",
    ),
    pytest.param(
        "FROM a\nFROM b\nRUN --mount=from=0,target=/m true\n",
        [(1, "mount", "0")],
        id="a mount takes no number",
    ),
    pytest.param(
        "FROM a\nRUN --mount=type=cache,from=i:1,target=/m true\n",
        [(0, "mount", "i:1")],
        id="cache from an image",
    ),
    pytest.param("FROM a\nRUN --mount=type=cache,target=/m true\n", [], id="a mount from nowhere"),
    pytest.param("FROM a\nRUN --mount=from=$X,target=/m true\n", [], id="refused: no variables in from"),
    pytest.param("FROM a\nRUN --mount=nonsense true\n", [], id="refused mount"),
    pytest.param(
        "FROM a AS x\nFROM a AS y\nONBUILD COPY --from=x / /\nFROM y\n",
        [(2, "onbuild", 0)],
        id="a trigger fires in the child, not where it stands",
    ),
    pytest.param(
        "FROM a AS x\nFROM a AS y\nONBUILD COPY --from=x / /\nFROM y AS z\nFROM z\n",
        [(2, "onbuild", 0)],
        id="a trigger does not fire in the grandchild",
    ),
    pytest.param(
        "FROM a AS x\nFROM a AS y\nONBUILD RUN --mount=from=x,target=/m true\nFROM y\n",
        [(2, "onbuild", 0)],
        id="a trigger's mount",
    ),
]


@pytest.mark.parametrize("text, expected", EDGES)
def test_edges(text: str, expected: list[tuple[int, str, int | str]]) -> None:
    assert edges(graph(text)) == expected


def test_edges_stand_in_file_order_with_their_instruction() -> None:
    found = graph("FROM a AS x\nFROM x\nCOPY --from=x / /\nRUN --mount=from=x,target=/m true\n")
    assert [(e.via, e.instruction.start_line) for e in found.edges] == [
        ("from", 1),
        ("from", 2),
        ("copy", 3),
        ("mount", 4),
    ]


# --- reachability: (file, start, reached) ---
THREE = "FROM a AS one\nFROM one AS two\nFROM b AS three\nCOPY --from=one / /\n"
REACHABLE = [
    pytest.param(THREE, "three", {0, 2}, id="copy"),
    pytest.param(THREE, "two", {0, 1}, id="from"),
    pytest.param(THREE, "one", {0}, id="itself alone"),
    pytest.param(
        "FROM a AS m\nFROM b\nRUN --mount=from=m,target=/m true\nFROM c\nCOPY --from=1 / /\n",
        "2",
        {0, 1, 2},
        id="through a mount of a copied stage",
    ),
    pytest.param(
        "FROM a AS x\nFROM b AS y\nONBUILD COPY --from=x / /\nFROM y AS z\n",
        "z",
        {0, 1, 2},
        id="through a trigger",
    ),
    pytest.param(
        "FROM a AS x\nFROM b AS y\nONBUILD COPY --from=x / /\nFROM y AS z\n", "y", {1}, id="not yet triggered"
    ),
]


@pytest.mark.parametrize("text, start, expected", REACHABLE)
def test_reachable(text: str, start: str, expected: set[int]) -> None:
    found = graph(text)
    stage = found.find(start)
    assert stage is not None
    assert {s.index for s in found.reachable(stage)} == expected


@pytest.mark.parametrize(
    "target, expected",
    [("x", 2), ("X", 2), ("y", 1), ("0", 0), ("2", 2), ("3", None), ("", None), ("a", None)],
)
def test_find(target: str, expected: int | None) -> None:
    stage = graph("FROM a AS x\nFROM a AS y\nFROM a AS x\n").find(target)
    assert (stage.index if stage else None) == expected


def test_stage_of() -> None:
    text = "ARG A\nFROM a\nRUN x\nFROM b\nRUN y\n"
    document = parse(text.encode())
    found = graph(text)
    stages = [found.stage_of(i) for i in document.instructions]
    assert [s.index if s else None for s in stages] == [None, 0, 0, 1, 1]


def test_lineage_and_root() -> None:
    last = graph("FROM a AS one\nFROM one AS two\nFROM two\n").stages[-1]
    assert [s.index for s in last.lineage()] == [2, 1, 0]
    assert (last.root.index, last.title, last.root.title) == (0, "2", "one")


def test_base_span_is_the_operand() -> None:
    text = b"FROM --platform=linux/amd64 a:1 AS x\n"
    span = graph(text).stages[0].base_span
    assert text[span.start : span.end] == b"a:1"


def test_mounts_of_other_instructions() -> None:
    (copy,) = parse(b"COPY --from=x / /\n").instructions
    assert mounts_of(copy) == ()


def test_ten_thousand_stages_and_triggers_end() -> None:
    chain = graph("FROM a AS s\n" + "FROM s AS s\n" * 10_000)
    assert len(chain.reachable(chain.stages[-1])) == 10_001
    assert chain.stages[-1].root is chain.stages[0]
    many = "FROM a AS s\n" + "ONBUILD COPY --from=i / /\n" * 1000 + "FROM s\n" * 1000
    assert len(graph(many).edges) == MAX_EDGES


def everything(data: bytes) -> None:
    found = graph(data)
    assert all(isinstance(e.stage, Stage) for e in found.edges)
    for stage in found.stages:
        assert stage in found.reachable(stage)
        assert found.stage_of(stage.from_) is stage


LINES = st.sampled_from(
    [
        "FROM a", "FROM $X AS b", "FROM b", "FROM ${", "FROM", "FROM a as b c", "ARG X=b", "ENV A=b", "ONBUILD",
        "COPY --from=b / /", "COPY --from=0 / /", "COPY --from= / /", "COPY --from / /", "RUN --mount=from=b,target=/x t",
        "RUN --mount=from=$X t", 'RUN --mount="a,b" t', "RUN --mount t", "ONBUILD COPY --from=b / /",
        "ONBUILD RUN --mount=from=b,dst=/x t", "ONBUILD FROM b", "ONBUILD ONBUILD RUN x", "# escape=`", "RUN <<E", "E",
    ]
)  # fmt: skip


@given(st.lists(LINES, max_size=12))
def test_never_raises_on_lines_put_together(lines: list[str]) -> None:
    everything("\n".join(lines).encode())


@pytest.mark.corpus
@given(st.data())
def test_never_raises_on_mutated_corpus_files(data: st.DataObject) -> None:
    paths = sorted(CORPUS.iterdir())
    original = data.draw(st.sampled_from(paths)).read_bytes()
    at = data.draw(st.integers(0, len(original)))
    drop = data.draw(st.integers(0, 40))
    insert = data.draw(st.one_of(st.binary(max_size=20), LINES.map(lambda line: f"\n{line}\n".encode())))
    everything(original[:at] + insert + original[at + drop :])
