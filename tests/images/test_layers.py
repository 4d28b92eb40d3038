from __future__ import annotations

import pytest
from archives import layer, member, pack
from stacks import COUNTER_EXAMPLES, STACKS, Stack

from imgtool.images.errors import ImageError
from imgtool.images.layers import Detail, Room, Tree, clean, read_entries
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
        # each link is short enough: where they lead together no engine can go
        (f"l -> {'a/' * 1500}, l/l -> {'a/' * 1500}, l/l/b 3", "a path of 5,999 bytes is absurd"),
    ],
)
def test_no_engine_unpacks_it(text: str, reason: str) -> None:
    with pytest.raises(ImageError) as caught:
        weighed((text,))
    assert caught.value.reason.startswith(reason)


def test_what_is_noted_is_bounded() -> None:
    def of(**records: str) -> bytes:
        info, data = member("a", b"content")
        info.pax_headers = {f"SCHILY.xattr.{name}": value for name, value in records.items()}
        return pack([(info, data)])

    detail = Detail(lambda *_: False)
    assert read_entries(Stream([of(user="x")]), Room(1000), detail).stated == [
        (0o755, 0, 0, ((b"user", b"x"),))
    ]
    with pytest.raises(ImageError, match="more than any real image"):
        read_entries(Stream([of(user="x" * 1000)]), Room(1000), detail)
    deep = "a/" * 500
    entries = read_entries(Stream([layer(f"l -> {deep}, l/b 1, l/c 1")]), Room())
    with pytest.raises(ImageError, match="more than any real image"):
        # 500 folders, and two files that lie far from where their entries say
        Tree(room=Room(500 * 384 + 3000)).add(entries)


def test_a_layer_that_leads_through_the_longest_links_ends() -> None:
    links = ", ".join(f"l{n} -> {'d/../' * 800}l{n + 1}" for n in range(38))
    files = ", ".join(f"l0/{n} 1, l1/{n} 1" for n in range(100))
    entries = read_entries(Stream([layer(f"d/x 1, {links}, l38 -> d, {files}")]), Room())
    with pytest.raises(ImageError, match="more than any real image"):
        # a hundredth of what a real image may take, and ten milliseconds for each file
        Tree(room=Room(1 << 24)).add(entries)


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
