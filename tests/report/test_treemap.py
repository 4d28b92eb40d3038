from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.report import treemap
from imgtool.report.treemap import SEVERAL, Leaf, Node, columns, nodes


def one(size: int, layer: int = 0, kind: int = 0) -> Leaf:
    return Leaf((size,), (layer,), kind)


def path_of(tree: Sequence[Node], number: int) -> str:
    parts = []
    while number:
        parts.append(tree[number].name or "*")
        number = tree[number].parent
    return "/" + "/".join(reversed(parts))


def paths(tree: Sequence[Node]) -> list[tuple[str, int]]:
    return [(path_of(tree, number), sum(node.leaf.sizes)) for number, node in enumerate(tree) if node.leaf]


def test_the_largest_come_first_each_after_its_folder() -> None:
    tree = nodes({"/b/c/x": one(5), "/a": one(3), "/b/y": one(9)}, 1)
    assert [path_of(tree, number) for number in range(len(tree))] == [
        "/",
        "/b",
        "/b/y",
        "/b/c",
        "/b/c/x",
        "/a",
    ]
    assert paths(tree) == [("/b/y", 9), ("/b/c/x", 5), ("/a", 3)]


def test_empty_files_are_counted_together() -> None:
    tree = nodes({"/a/x": one(0), "/a/y": one(0), "/a/z": one(4)}, 1)
    assert tree[-1] == Node("", 1, 2, one(0))


def test_no_files() -> None:
    assert nodes({}, 1) == [Node("", 0, 0, None)]


def test_what_finds_no_room_stands_in_its_folder_by_layer_and_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(treemap, "MAX_NODES", 3)
    files = {"/a/big": one(100), **{f"/a/{number}": one(number, number % 2) for number in range(1, 5)}}
    tree = nodes(files, 1)
    assert tree[3:] == [Node("", 1, 2, one(6)), Node("", 1, 2, one(4, 1))]


def test_many_kinds_of_rest_are_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(treemap, "MAX_NODES", 1)
    tree = nodes({f"/{number}": one(number, number, number) for number in range(1, 9)}, 1)
    assert [node.leaf for node in tree[1:]] == [
        one(8, 8, 8),
        one(7, 7, 7),
        one(6, 6, 6),
        one(15, SEVERAL, SEVERAL),
    ]
    assert tree[-1].files == 5


def test_long_names_take_the_room_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(treemap, "MAX_NAMES", 30)
    tree = nodes({"/" + "\udcff" * 20: one(9), "/short": one(3)}, 1)
    assert [(node.name, node.files) for node in tree] == [("", 0), ("", 2)]


def test_a_name_that_is_no_text() -> None:
    tree = nodes({"/caf\udce9": one(1)}, 1)
    assert tree[1].name == "caf\ufffd"


def test_a_file_in_one_image_is_a_folder_in_the_other() -> None:
    files = {"/a": Leaf((7, 0), (0, -1), 0), "/a/b": Leaf((0, 90), (-1, 2), 0)}
    tree = nodes(files, 2)
    assert [(path_of(tree, number), node.leaf and node.leaf.sizes) for number, node in enumerate(tree)] == [
        ("/", None),
        ("/a", (7, 0)),
        ("/a/b", (0, 90)),
    ]


def test_columns() -> None:
    assert columns(nodes({"/a/b": Leaf((1, 2), (0, 3), 4)}, 2), 2) == {
        "name": ["", "a", "b"],
        "parent": [0, 0, 1],
        "count": [0, 0, 1],
        "sizes": [[0, 0, 1], [0, 0, 2]],
        "layers": [[-1, -1, 0], [-1, -1, 3]],
        "kind": [-1, -1, 4],
    }


NAMES = st.sampled_from(["a", "b", "long-name", "\udcff", "</script>"])
FILES = st.dictionaries(
    st.lists(NAMES, min_size=1, max_size=6).map(lambda parts: "/" + "/".join(parts)),
    st.builds(
        Leaf,
        st.tuples(st.integers(0, 5), st.integers(0, 9)),
        st.tuples(st.integers(-1, 3), st.integers(-1, 3)),
        st.integers(-1, 3),
    ),
    max_size=30,
)


@given(FILES, st.integers(1, 12), st.integers(1, 200))
def test_nothing_is_lost(files: dict[str, Leaf], most: int, text: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(treemap, "MAX_NODES", most)
        patch.setattr(treemap, "MAX_NAMES", text)
        tree = nodes(files, 2)
    leaves = [node.leaf for node in tree if node.leaf]
    for image in range(2):
        assert sum(leaf.sizes[image] for leaf in leaves) == sum(leaf.sizes[image] for leaf in files.values())
    assert sum(node.files for node in tree) == len(files)
    assert all(node.parent < number for number, node in enumerate(tree) if number)
    assert sum(bool(node.name) for node in tree) < most
    # a folder is named only as far as it holds something
    assert len(tree) <= 5 * most
