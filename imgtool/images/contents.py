"""What an image holds, path by path: what is to be seen, what is hidden and by whom, what is there twice.

Figures are bytes of file content. They add up: all files to be seen make up ``flattened``, all that is
wasted ``waste``.
"""

from __future__ import annotations

import enum
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import groupby
from typing import Any

from imgtool.images import reference as references
from imgtool.images.layers import DIGEST, NO_FILE, UNKNOWN, Detail, Entries, Folder, Tree, content_digest
from imgtool.images.measure import Measures, load, stacked, weigh
from imgtool.images.model import Image
from imgtool.images.reading import NO_CACHE, Access, Progress
from imgtool.images.streams import Region
from imgtool.images.tar import FILE, HARDLINK, SYMLINK
from imgtool.values import NamedTuple, dataclass, field

#: Bytes at the beginning of a file that tell most contents apart.
_HEAD = 4096


class How(enum.StrEnum):
    """How a layer hides what a lower one holds, or its own.

    ``OVERWRITTEN`` by other content, or by what is no file; ``DELETED``: nothing stands at the path;
    ``MODE``: the same content with another mode, owner or attribute; ``SAME``: the same content again.
    """

    OVERWRITTEN = "overwritten"
    DELETED = "deleted"
    MODE = "mode"
    SAME = "same"


class Seen(NamedTuple):
    """A path to be seen. ``kind`` is one of :mod:`imgtool.images.tar`: a file, a symbolic or a hard link.

    ``size`` is 0 for all but files, and a file with several names is one at the first of them and a hard
    link at the others, so sizes add up. ``links`` is how many names it has. ``layer`` counts from 0.
    ``mode`` (permission bits), ``uid`` and ``gid`` are None where no entry states them. ``inode`` is the same
    for all names of one file, and -1 where there is one name.
    """

    path: str
    size: int
    layer: int
    kind: int
    mode: int | None
    uid: int | None
    gid: int | None
    links: int
    inode: int = -1


class Wasted(NamedTuple):
    """A file of ``layer`` that is not to be seen any more since ``by``, the layer that hides it, which may be its own."""

    path: str
    size: int
    layer: int
    by: int
    how: How


class Duplicate(NamedTuple):
    """Files to be seen with the same content at several ``paths``, in ``layers``; ``size`` is that of each one."""

    size: int
    paths: tuple[str, ...]
    layers: tuple[int, ...]

    @property
    def lost(self) -> int:
        """Bytes that one copy would save."""
        return self.size * (len(self.paths) - 1)


@dataclass(frozen=True, slots=True)
class Contents:
    """What an image holds. ``kept`` is the content of files that were asked for and are to be seen, by absolute path."""

    measures: Measures
    kept: Mapping[str, bytes] = field(repr=False)
    tree: Tree = field(repr=False)

    def files(self) -> Iterator[Seen]:
        """Every file and every link to be seen, folder by folder; sizes add up to ``flattened``."""
        names = Counter(self.tree.names())
        given: set[int] = set()
        links = self._links()
        for path, node in _leaves(self.tree.root):
            if isinstance(node, int):
                yield self._file(path, node, names[node], HARDLINK if node in given else FILE)
                given.add(node)
            elif isinstance(node, bytes):
                layer, number = links.get(path, (0, None))
                yield Seen(_text(path), 0, layer, SYMLINK, *self._stated(layer, number), 1)

    def wasted(self) -> Iterator[Wasted]:
        """Every file that is held and hidden, layer by layer; sizes add up to ``waste``."""
        seen = self.tree.seen()
        last = array("q", [-1]) * len(self.tree.inodes)
        hidden = self.tree.hidden
        for event in range(0, len(hidden), 3):
            last[hidden[event]] = event
        for layer, first in enumerate(self.tree.firsts):
            entries = self._entries(layer)
            for number, size in enumerate(entries.sizes):
                inode = first + number
                if size and inode not in seen:
                    # without an event it never was in the tree: a whiteout with content
                    over, by = hidden[last[inode] + 1 : last[inode] + 3] if last[inode] >= 0 else (-1, layer)
                    yield Wasted(_text(self._written(inode)), size, layer, by, self._how(inode, over))

    def duplicates(self) -> Iterator[Duplicate]:
        """Contents that are to be seen at several paths, hard links not counted; what costs most first."""
        hashed = [inode for inode in self.tree.seen() if self._digest(inode) != UNKNOWN]
        found = [sorted(inodes) for inodes in _alike(hashed, self._digest)]
        found.sort(key=lambda inodes: (-self.tree.inodes[inodes[0]] * (len(inodes) - 1), inodes))
        elsewhere = self._elsewhere() if found else {}
        for inodes in found:
            paths = tuple(_text(elsewhere.get(inode) or self._written(inode)) for inode in inodes)
            layers = tuple(self.tree.place(inode)[0] for inode in inodes)
            yield Duplicate(self.tree.inodes[inodes[0]], paths, layers)

    def _written(self, inode: int) -> bytes:
        """The path at which a file was written."""
        layer, number = self.tree.place(inode)
        return self.tree.moved.get(inode) or self._entries(layer).paths[number]

    def _elsewhere(self) -> dict[int, bytes]:
        """Names of files that are to be seen, but not at the path at which they were written."""
        found: dict[int, bytes] = {}
        there: set[int] = set()
        for path, node in _leaves(self.tree.root):
            if isinstance(node, int):
                if path == self._written(node):
                    there.add(node)
                else:
                    found.setdefault(node, path)
        return {inode: path for inode, path in found.items() if inode not in there}

    def _entries(self, layer: int) -> Entries:
        return self.measures.image.layers[layer].entries

    def _file(self, path: bytes, inode: int, links: int, kind: int) -> Seen:
        layer, number = self.tree.place(inode)
        size = self.tree.inodes[inode] if kind == FILE else 0
        name = inode if links > 1 else -1
        return Seen(_text(path), size, layer, kind, *self._stated(layer, number), links, name)

    def _stated(self, layer: int, number: int | None) -> tuple[int | None, int | None, int | None]:
        stated = self._entries(layer).stated
        return stated[number][:3] if number is not None and stated else (None, None, None)

    def _links(self) -> dict[bytes, tuple[int, int]]:
        """The entry that states each symbolic link: the last one of that path."""
        return {
            each.entries.paths[number]: (layer, number)
            for layer, each in enumerate(self.measures.image.layers)
            for number in each.entries.links
            if each.entries.kinds[number] == SYMLINK
        }

    def _digest(self, inode: int) -> bytes:
        layer, number = self.tree.place(inode)
        return self._entries(layer).digest(number)

    def _how(self, inode: int, over: int) -> How:
        if over < 0:
            return How.OVERWRITTEN if over == NO_FILE else How.DELETED
        digest = self._digest(inode)
        if digest == UNKNOWN or digest != self._digest(over):
            return How.OVERWRITTEN
        (one, first), (other, second) = self.tree.place(inode), self.tree.place(over)
        same = self._entries(one).stated[first] == self._entries(other).stated[second]
        return How.SAME if same else How.MODE


def keep_nothing(_path: bytes, _size: int) -> bool:
    """Keep no file's content."""
    return False


def read_contents(
    reference: str,
    *,
    platform: str | None = None,
    verify: bool = False,
    progress: Progress | None = None,
    keep: Callable[[bytes, int], bool] = keep_nothing,
    digests: bool = True,
    access: Access = NO_CACHE,
) -> Contents:
    """Read and weigh an image, and note what it holds.

    The arguments are those of :func:`imgtool.images.measure.measure`; ``keep`` and ``digests`` are as in :class:`Detail`.

    Raises:
        ImageError: the image cannot be read.
        ValueError: the reference or the platform is none.
    """
    return contents_of(
        load(
            references.parse(reference),
            platform=platform,
            verify=verify,
            progress=progress,
            detail=Detail(keep, digests=digests),
            access=access,
        )
    )


def contents_of(image: Image) -> Contents:
    """What an image holds that was read with a :class:`Detail`.

    Raises:
        ImageError: no engine could unpack one of its layers, or one that is read again is gone.
    """
    tree = stacked(image)
    layers = [layer.entries for layer in image.layers]
    _hash(layers, tree)
    return Contents(weigh(image, tree), dict(_kept(layers, tree)), tree)


def _kept(layers: list[Entries], tree: Tree) -> Iterator[tuple[str, bytes]]:
    """The kept files that are to be seen, at each of their names."""
    for path, node in _leaves(tree.root) if any(entries.kept for entries in layers) else ():
        if isinstance(node, int):
            layer, number = tree.place(node)
            if (data := layers[layer].kept.get(number)) is not None:
                yield _text(path), data


def _hash(layers: list[Entries], tree: Tree) -> None:
    """Hash the files whose content can matter, in layers that can be read again.

    These are the files to be seen of which there are several of one size, and hidden ones which
    one of the same size replaced; and of these, where all can be looked at, those that begin alike.
    """
    if all(entries.again is None for entries in layers):
        return
    sizes, hidden = tree.inodes, tree.hidden
    visible = (inode for inode in tree.seen() if sizes[inode])
    wanted = {inode for alike in _alike(visible, sizes.__getitem__) for inode in alike}
    for inode, over in zip(hidden[::3], hidden[1::3], strict=True):
        if over >= 0 and sizes[inode] == sizes[over]:
            wanted |= {inode, over}
    if all(entries.again is not None for entries in layers):
        heads = array("q", bytes(8 * len(sizes)))
        _each(layers, tree, wanted, partial(_note_head, heads))
        wanted = {inode for alike in _alike(wanted, heads.__getitem__) for inode in alike}
    _each(layers, tree, wanted, _note_digest)


def _alike(inodes: Iterable[int], key: Callable[[int], Any]) -> Iterator[list[int]]:
    """Those of which several have one key, together."""
    for _, group in groupby(sorted(inodes, key=key), key):
        if len(alike := list(group)) > 1:
            yield alike


#: Notes something of an inode: its layer, its number there, and its content.
_Note = Callable[[int, Entries, int, Region], None]


def _each(layers: list[Entries], tree: Tree, wanted: set[int], note: _Note) -> None:
    """Note something of each wanted file, layer by layer in the order in which they lie there."""
    for first, entries in zip(tree.firsts, layers, strict=True):
        inodes = range(first, first + len(entries.paths))
        if entries.again is not None and not wanted.isdisjoint(inodes):
            with entries.again() as region:
                for inode in inodes:
                    if inode in wanted and (start := entries.starts[inode - first]) >= 0:
                        region.position = start
                        note(inode, entries, inode - first, region)


def _note_head(heads: array[int], inode: int, entries: Entries, number: int, region: Region) -> None:
    size = entries.sizes[number]
    digest, _ = content_digest(region, min(size, _HEAD))
    heads[inode] = hash((size, digest))
    if size <= _HEAD:
        _put_digest(entries, number, digest)


def _note_digest(_inode: int, entries: Entries, number: int, region: Region) -> None:
    if entries.digest(number) == UNKNOWN:
        _put_digest(entries, number, content_digest(region, entries.sizes[number])[0])


def _put_digest(entries: Entries, number: int, digest: bytes) -> None:
    entries.digests[number * DIGEST : (number + 1) * DIGEST] = digest


def _leaves(root: Folder) -> Iterator[tuple[bytes, Folder | int | bytes | None]]:
    """Everything in a tree that is no folder, by its path, folder by folder."""
    todo: list[tuple[bytes, Folder]] = [(b"", root)]
    while todo:
        folder, names = todo.pop()
        for name, node in names.items():
            if isinstance(node, dict):
                todo.append((folder + name + b"/", node))
            else:
                yield folder + name, node


def _text(path: bytes) -> str:
    return "/" + path.decode("utf-8", "surrogateescape")
