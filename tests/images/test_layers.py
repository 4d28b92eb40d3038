from __future__ import annotations

import pytest
from archives import layer
from stacks import COUNTER_EXAMPLES, STACKS, Stack

from imgtool.images.errors import ImageError
from imgtool.images.layers import Room, Tree, clean, read_entries
from imgtool.images.streams import Stream


def weighed(layers: tuple[str, ...]) -> tuple[int, int]:
    tree, content = Tree(), 0
    for text in layers:
        entries = read_entries(Stream([layer(text)]), Room())
        tree.add(entries)
        content += entries.content
    return tree.content(), content - tree.content()


@pytest.mark.parametrize("stack", STACKS, ids=str)
def test_stack(stack: Stack) -> None:
    assert weighed(stack.layers) == (stack.flattened, stack.waste)


@pytest.mark.parametrize("stack", COUNTER_EXAMPLES, ids=str)
def test_what_dive_gets_wrong(stack: Stack) -> None:
    assert weighed(stack.layers) == (stack.flattened, stack.waste)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a 3, a/b 5", "'a' leads through a file"),
        ("b = a", "a hard link leads to 'a', which is no file"),
        ("b = a, a 3", "a hard link leads to 'a'"),
        ("a = a", "a hard link leads to 'a'"),
        ("d/, b = d", "a hard link leads to 'd'"),
        ("l -> l, l/a 3", "'l' leads through a loop of links"),
        ("a/, a/s -> ../a, a/s/s 3, a/s/x 5", "'a/s' leads through a file"),
        ("l -> m, m -> l, l/a 3", "'l' leads through a loop of links"),
        ("d/.wh.", "'.wh.' is no whiteout of anything"),
        ("d/.wh..", "'.wh..' is no whiteout of anything"),
        ("d/.wh...", "'.wh...' is no whiteout of anything"),
        ("a/" * 2500 + "b 3", "a path of 5,001 bytes is absurd"),
        ("s -> " + "a/" * 2500, "a path of 5,000 bytes is absurd"),
    ],
)
def test_no_engine_unpacks_it(text: str, reason: str) -> None:
    with pytest.raises(ImageError) as caught:
        weighed((text,))
    assert caught.value.reason.startswith(reason)


def test_memory_is_bounded() -> None:
    entries = read_entries(Stream([layer("a/b/c/d/e/f 3")]), Room())
    with pytest.raises(ImageError, match="more than any real image"):
        Tree(room=Room(1000)).add(entries)
    with pytest.raises(ImageError, match="more than any real image"):
        read_entries(Stream([layer("a 1, b 2, c 3")]), Room(300))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (b"a/b", b"a/b"),
        (b".config/..x", b".config/..x"),
        (b"", b""),
        (b"/", b""),
        (b"./", b""),
        (b"./a/./b//c/", b"a/b/c"),
        (b"/a/../b", b"b"),
        (b"../../a", b"a"),
        (b"a/..", b""),
        (b"\xff/b", b"\xff/b"),
    ],
)
def test_clean(name: bytes, path: bytes) -> None:
    assert clean(name) == path
