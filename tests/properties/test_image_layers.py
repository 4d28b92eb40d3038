"""Layer arithmetic against two models that share no code with it.

The first replays tar entries into a flat dict of paths. The second never sees a tar: it is a file system on
which things happen, and its changes are written down as layers.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from archives import classic, files, layer
from hypothesis import given, settings
from hypothesis import strategies as st

from imgtool.images import contents
from imgtool.images.archive import StreamStore
from imgtool.images.contents import How
from imgtool.images.errors import ImageError
from imgtool.images.layers import Detail, Room, Tree, read_entries
from imgtool.images.manifests import read_image
from imgtool.images.reading import Reading
from imgtool.images.streams import Stream


def flattened(layers: Iterable[str]) -> int:
    tree = Tree()
    for text in layers:
        tree.add(read_entries(Stream([layer(text)]), Room()))
    return tree.content()


# --- replaying entries --------------------------------------------------------------------------------

#: A path's file, (number, size); None is a folder, "link" a symbolic link.
Flat = dict[str, tuple[int, int] | str | None]


class RefusedError(Exception):
    pass


def replayed(layers: Iterable[str]) -> Iterator[Flat]:
    """What is to be seen after each layer."""
    seen: Flat = {}
    for number, text in enumerate(layers):
        own: Flat = {}
        hidden: list[str] = []
        opaque: list[str] = []
        for count, word in enumerate(filter(None, text.split(", "))):
            replay(word, own, seen, (hidden, opaque), number * 1000 + count)
        for path in [path for path in seen if any(path == at or path.startswith(f"{at}/") for at in hidden)]:
            del seen[path]
        for path in [path for path in seen if any(path.startswith(f"{at}/" if at else "") for at in opaque)]:
            del seen[path]
        for path, node in own.items():
            put(seen, path, node)
        yield dict(seen)


def inodes(seen: Flat) -> dict[int, int]:
    """The files of a tree and their sizes."""
    return dict(node for node in seen.values() if isinstance(node, tuple))


def replay(word: str, own: Flat, below: Flat, marks: tuple[list[str], list[str]], number: int) -> None:
    path, _, rest = word.partition(" ")
    folder, _, name = path.rstrip("/").rpartition("/")
    if any(own.get(parent, None) is not None for parent in parents(path.rstrip("/"))):
        raise RefusedError
    for parent in parents(path.rstrip("/")):
        own.setdefault(parent, None)
    if name == ".wh..wh..opq":
        marks[1].append(folder)
    elif name.startswith(".wh."):
        marks[0].append(f"{folder}/{name[4:]}".lstrip("/"))
    elif path.endswith("/"):
        put(own, path.rstrip("/"), None)
    elif rest.startswith("->"):
        put(own, path, "link")
    elif rest.startswith("="):
        target = rest[2:]
        node = own.get(target) or below.get(target)
        if node is None:
            raise RefusedError
        put(own, path, node)
    else:
        put(own, path, (number, int(rest)))


def parents(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[:depth]) for depth in range(1, len(parts)))


def put(tree: Flat, path: str, node: tuple[int, int] | str | None) -> None:
    """Set a path; what stood where a folder must be goes, and with a folder all that was in it."""
    for parent in parents(path):
        if tree.get(parent) is not None:
            del tree[parent]
        tree.setdefault(parent, None)
    if node is None and path in tree and tree[path] is None:
        return
    for below in [other for other in tree if other.startswith(f"{path}/")]:
        del tree[below]
    tree[path] = node


NAMES = st.sampled_from("ab")
PATHS = st.lists(NAMES, min_size=1, max_size=2).map("/".join)
#: Never the folder of anything: what a link leads to is the table's business.
LINKS = st.builds("{}/s{}".format, PATHS, NAMES)
WORDS = st.one_of(
    st.builds("{} {}".format, PATHS, st.integers(1, 9)),
    st.builds("{}/".format, PATHS),
    st.builds("{} -> x".format, LINKS),
    st.builds("{} = {}".format, PATHS, PATHS),
    st.builds("{} = {}".format, LINKS, st.one_of(PATHS, LINKS)),
    st.builds("{}/.wh.{}".format, PATHS, NAMES),
    st.builds(".wh.{}".format, NAMES),
    st.builds("{}/.wh..wh..opq".format, PATHS),
    st.just(".wh..wh..opq"),
)
LAYERS = st.lists(st.lists(WORDS, max_size=7).map(", ".join), min_size=1, max_size=4)


@given(LAYERS)
@settings(max_examples=400, deadline=None)
def test_equals_replaying_into_a_dict(layers: list[str]) -> None:
    try:
        *_, seen = replayed(layers)
        expected: int | None = sum(inodes(seen).values())
    except RefusedError:
        expected = None
    try:
        assert flattened(layers) == expected
    except ImageError:
        assert expected is None


#: Sizes at which contents are often equal: they are as many times one letter.
ALIKE = LAYERS.map(
    lambda layers: [re.sub(r" \d", lambda size: f" {int(size[0]) % 2 + 1}", text) for text in layers]
)


@given(ALIKE, st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_waste_is_attributed_as_in_the_dict(layers: list[str], modes: int) -> None:
    try:
        after = list(replayed(layers))
    except RefusedError:
        return
    files_of = {
        number * 1000 + count: word.partition(" ")
        for number, text in enumerate(layers)
        for count, word in enumerate(filter(None, text.split(", ")))
        if word[-1].isdigit()
    }
    stated = {inode: 0o600 if modes >> inode % 7 & 1 else 0o755 for inode in files_of}
    wasted = sorted(passed_once(archive_of(layers, stated)).wasted())
    expected = []
    for inode, (path, _, size) in files_of.items():
        layer_number = inode // 1000
        gone = [k for k in range(layer_number, len(layers)) if inode not in inodes(after[k])]
        if gone:
            expected.append((f"/{path}", int(size), layer_number, gone[0]))
            if gone[0] > layer_number:
                allowed = hows(inode, after[gone[0] - 1], after[gone[0]], stated)
                assert any(one[:4] == expected[-1] and one.how in allowed for one in wasted)
    assert [one[:4] for one in wasted] == sorted(expected)


@given(ALIKE, st.integers(0, 255))
@settings(max_examples=100, deadline=None)
def test_hashing_what_matters_says_the_same_as_hashing_all(layers: list[str], modes: int) -> None:
    """A plain file is read again where contents may be alike; one that passes is hashed whole."""
    stated = {
        n * 1000 + count: 0o600 if modes >> count & 1 else 0o755 for n in range(4) for count in range(7)
    }
    data = archive_of(layers, stated)
    try:
        expected = passed_once(data)
    except ImageError:
        return
    with tempfile.TemporaryDirectory() as work, mock.patch.object(contents, "_HEAD", 1):
        path = Path(work) / "image.tar"
        path.write_bytes(data)
        found = contents.read_contents(str(path))
    assert list(found.wasted()) == list(expected.wasted())
    assert list(found.duplicates()) == list(expected.duplicates())


def archive_of(layers: list[str], stated: dict[int, int]) -> bytes:
    """An image archive of the layers, each file with the mode that is stated for it."""
    data = []
    for number, text in enumerate(layers):
        words = list(filter(None, text.split(", ")))
        modes = (
            f" {stated.get(number * 1000 + count, 0):o}" * words[count][-1].isdigit()
            for count in range(len(words))
        )
        data.append(layer(", ".join(map(str.__add__, words, modes))))
    return files(classic(data))


def passed_once(archive: bytes) -> contents.Contents:
    """What we make of an archive of which nothing can be read again."""
    store = StreamStore([archive], Reading(detail=Detail(lambda *_: False)))
    image = read_image(store, reference="image.tar", source="docker-archive", name=None, platform=None)
    return contents.contents_of(image)


def hows(inode: int, before: Flat, after: Flat, stated: dict[int, int]) -> set[How]:
    """How a file was hidden: by what stands in the end at one of the names that it had."""
    found = set()
    for path, node in before.items():
        if isinstance(node, tuple) and node[0] == inode:
            over = after.get(path)
            if path not in after:
                found.add(How.DELETED)
            elif not isinstance(over, tuple) or over[1] != node[1]:
                found.add(How.OVERWRITTEN)
            else:
                found.add(How.SAME if stated[inode] == stated[over[0]] else How.MODE)
    return found


# --- a file system that changes -----------------------------------------------------------------------


@dataclass
class Disk:
    """Files by path, each with its inode, and folders; and what changed since the last layer was taken."""

    files: dict[str, int] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    sizes: list[int] = field(default_factory=list)
    before: dict[str, bool] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)

    @property
    def content(self) -> int:
        return sum(self.sizes[inode] for inode in set(self.files.values()))

    def remove(self, path: str) -> None:
        gone = [
            other for other in (*self.files, *self.folders) if other == path or other.startswith(f"{path}/")
        ]
        if gone:
            self.removed.add(path)
        for other in gone:
            self.files.pop(other, None)
            self.folders.discard(other)
            self.written.discard(other)

    def write(self, path: str, size: int) -> None:
        for parent in parents(path):
            self.make(parent)
        self.remove(path)
        self.copy(path, size)

    def copy(self, path: str, size: int) -> None:
        self.sizes.append(size)
        self.files[path] = len(self.sizes) - 1
        self.written.add(path)

    def make(self, path: str) -> None:
        for folder in (*parents(path), path):
            if folder in self.files:
                self.remove(folder)
            if folder not in self.folders:
                self.folders.add(folder)
                self.written.add(folder)

    def change_mode(self, path: str) -> None:
        """Copy the file into this layer; its other names keep what is below, as on an overlay."""
        if path in self.files and path not in self.written:
            self.copy(path, self.sizes[self.files[path]])

    def link(self, target: str, path: str) -> None:
        if (
            target not in self.files
            or path in self.files
            or path in self.folders
            or path.startswith(f"{target}/")
        ):
            return
        for parent in parents(path):
            self.make(parent)
        if target in self.files:
            self.change_mode(target)
            self.files[path] = self.files[target]
            self.written.add(path)

    def take_layer(self, *, opaque: bool) -> str:
        """What changed, as an engine writes it: a folder that was replaced is opaque, or hides name by name."""
        words = [word for path in sorted(self.removed) for word in self.hidden(path, opaque=opaque)]
        first: dict[int, str] = {}
        for path in sorted(self.written):
            if path in self.folders:
                words.append(f"{path}/")
            elif (inode := self.files[path]) in first:
                words.append(f"{path} = {first[inode]}")
            else:
                first[inode] = path
                words.append(f"{path} {self.sizes[inode]}")
        self.before = dict.fromkeys(self.files, False) | dict.fromkeys(self.folders, True)
        self.written.clear()
        self.removed.clear()
        return ", ".join(words)

    def hidden(self, path: str, *, opaque: bool) -> Iterator[str]:
        folder, _, name = path.rpartition("/")
        if path not in self.before or (any(parent in self.removed for parent in parents(path)) and opaque):
            return
        if path in self.folders and self.before[path]:
            if opaque:
                yield f"{path}/.wh..wh..opq"
                return
            for child in [child for child in self.before if child.rpartition("/")[0] == path]:
                yield from self.hidden(child, opaque=False)
        elif path not in self.folders and path not in self.files and (not folder or folder in self.folders):
            yield f"{folder}/.wh.{name}" if folder else f".wh.{name}"


STEPS = st.one_of(
    st.tuples(st.just("write"), PATHS, st.integers(0, 99)),
    st.tuples(st.just("make"), PATHS),
    st.tuples(st.just("remove"), PATHS),
    st.tuples(st.just("change_mode"), PATHS),
    st.tuples(st.just("link"), PATHS, PATHS),
)


@given(st.lists(st.tuples(st.lists(STEPS, max_size=6), st.booleans()), min_size=1, max_size=5))
@settings(max_examples=400, deadline=None)
def test_equals_the_disk_that_the_layers_were_taken_from(
    history: list[tuple[list[tuple[Any, ...]], bool]],
) -> None:
    disk, layers = Disk(), []
    for steps, opaque in history:
        for action, *arguments in steps:
            getattr(disk, action)(*arguments)
        layers.append(disk.take_layer(opaque=opaque))
    assert flattened(layers) == disk.content
