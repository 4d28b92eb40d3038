"""Layer tars, and what stacking them leaves to be seen.

The rules are OCI's (image-spec, layer.md) as engines carry them out: a layer is unpacked by itself, so
its symbolic links lead its own entries and those of lower layers do not; then it is laid over what is
below. Its whiteouts hide what lower layers hold and never what it holds itself.
"""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from imgtool.images.errors import ImageError
from imgtool.images.streams import CHUNK, Region, Stream
from imgtool.images.tar import (
    FILE,
    FOLDER,
    HARDLINK,
    SYMLINK,
    Header,
    next_header,
    ownership,
    padded,
    xattrs,
)
from imgtool.values import dataclass, field

#: Linux' PATH_MAX, and how many links it follows in one path: beyond, no engine can unpack.
MAX_PATH = 4096
MAX_LINKS = 40
#: Memory for one image's entries, and again for its tree. The largest images known need a tenth.
MAX_MEMORY = 1 << 30
#: File content that is kept of one image, in bytes; what comes after that is not kept.
MAX_KEPT = 128 << 20
_PER_ENTRY = 128
_PER_FOLDER = 384
_PER_STEP = 16
_PER_STATED = 384

WHITEOUT_PREFIX = b".wh."
OPAQUE_MARKER = b".wh..wh..opq"
#: AUFS' own bookkeeping, which engines leave out; its opaque marker is everyone's.
META_PREFIX = b".wh..wh."

#: A folder is a dict of names, a file the number of its inode, a symbolic link its target, anything
#: else None. While a layer stands alone, -1 is a whiteout and the empty name marks an opaque folder.
#: (Linked files share their inode; what is not there reads as -2, and what is no file was hidden by -3.)
Node = dict[bytes, "Node"] | int | bytes | None
Folder = dict[bytes, Node]
WHITEOUT = -1
OPAQUE = b""
_MISSING = -2
NO_FILE = -3

#: Bytes of SHA-256 that tell contents apart, and what stands for a content that was not hashed.
DIGEST = 16
UNKNOWN = bytes(DIGEST)

#: Permission bits, user, group and extended attributes of an entry.
Stated = tuple[int, int, int, tuple[tuple[bytes, bytes], ...]]


@dataclass(frozen=True, slots=True)
class Detail:
    """What reading a layer notes besides names and sizes: who owns an entry, and what this asks for.

    ``keep`` says of a clean path without leading slash and a size in bytes whether to keep that file's
    content in memory; at most :data:`MAX_KEPT` bytes an image are. ``digests``: note content digests,
    of every file as it passes, or later of those that matter where a file can be read again.
    """

    keep: Callable[[bytes, int], bool]
    digests: bool = True


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries of one layer tar in order, as columns, because there can be millions.

    ``paths`` are relative to the root and clean (see :func:`clean`), the root is empty. ``kinds`` are
    those of :mod:`imgtool.images.tar`. ``sizes`` are bytes of file content, 0 for all but files.
    ``links`` gives the targets of symbolic and hard links, as written, by the entry's number.

    Read with a :class:`Detail` there is more, else these are empty: ``stated`` of each entry, :data:`DIGEST`
    bytes each of ``digests``, content ``kept`` by the entry's number, and ``starts``, where its content lies
    in what ``again`` opens, -1 where no file's content does; ``again`` is None where the layer passed once,
    and is hashed by then.
    """

    paths: list[bytes] = field(default_factory=list)
    kinds: bytearray = field(default_factory=bytearray)
    sizes: array[int] = field(default_factory=lambda: array("q"))
    links: dict[int, bytes] = field(default_factory=dict)
    stated: list[Stated] = field(default_factory=list)
    digests: bytearray = field(default_factory=bytearray)
    kept: dict[int, bytes] = field(default_factory=dict)
    starts: array[int] = field(default_factory=lambda: array("q"))
    again: Callable[[], AbstractContextManager[Region]] | None = None

    @property
    def content(self) -> int:
        """Bytes of file content that the layer holds: hard links once, a path written twice twice."""
        return sum(self.sizes)

    def digest(self, number: int) -> bytes:
        """What tells an entry's content apart; :data:`UNKNOWN` where that was not hashed."""
        return bytes(self.digests[number * DIGEST : (number + 1) * DIGEST]) or UNKNOWN


@dataclass(slots=True)
class Room:
    """The memory, in bytes and roughly, that a hostile image may still make us take.

    ``kept`` is how much file content may still be kept.
    """

    left: int = MAX_MEMORY
    kept: int = MAX_KEPT

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise ImageError("it holds more than any real image")


def read_entries(
    source: Region | Stream,
    room: Room,
    detail: Detail | None = None,
    again: Callable[[], AbstractContextManager[Region]] | None = None,
) -> Entries:
    """All entries of a layer tar, passing over what the files hold unless ``detail`` asks for it.

    With ``again``, which opens the same bytes once more, nothing is hashed as it passes.

    Raises:
        ImageError: the tar is damaged, cut off or absurd.
    """
    entries = Entries(again=again)
    paths, kinds, sizes, links = entries.paths, entries.kinds, entries.sizes, entries.links
    stated: dict[bytes, Stated] = {}
    while header := next_header(source):
        name, kind, stored, size, link = header[:5]
        room.take(_PER_ENTRY + len(name) + len(link))
        path = _bounded(clean(name))
        passed = 0
        if detail is not None:
            entries.stated.append(_stated(header, stated, room))
            passed = _note(entries, path, header, source, room, detail)
        source.skip(padded(stored) - passed)
        if link:
            links[len(paths)] = _bounded(link)
        paths.append(path)
        kinds.append(kind)
        sizes.append(size)
    return entries


def _stated(header: Header, known: dict[bytes, Stated], room: Room) -> Stated:
    """What an entry states besides its content; most entries of a layer state the same."""
    key = header.block[100:124]
    if not header.records and key in known:
        return known[key]
    found = (*ownership(header), xattrs(header))
    room.take(_PER_STATED + sum(len(name) + len(value) for name, value in found[3]))
    if not header.records:
        known[key] = found
    return found


def _note(
    entries: Entries, path: bytes, header: Header, source: Region | Stream, room: Room, detail: Detail
) -> int:
    """Note the digest of a file and keep what is asked for; how many bytes were passed for that."""
    digest, passed = UNKNOWN, 0
    # a sparse file's holes are not stored: its bytes are not its content
    whole = header.kind == FILE and 0 < header.size == header.stored
    entries.starts.append(source.position if whole else -1)
    if whole:
        if header.size <= room.kept and detail.keep(path, header.size):
            data = entries.kept[len(entries.paths)] = source.read(header.size)
            room.kept -= header.size
            digest, passed = hashlib.sha256(data).digest()[:DIGEST], len(data)
        elif detail.digests and entries.again is None:
            digest, passed = content_digest(source, header.size)
    entries.digests.extend(digest)
    return passed


def content_digest(source: Region | Stream, size: int) -> tuple[bytes, int]:
    """What tells the next ``size`` bytes apart, and how many of them there were."""
    digest, left = hashlib.sha256(), size
    while left and (data := source.read(min(left, CHUNK))):
        digest.update(data)
        left -= len(data)
    return digest.digest()[:DIGEST], size - left


def clean(name: bytes) -> bytes:
    """A path below the root without ``.``, ``..``, empty parts and outer slashes; ``..`` stops at the root."""
    path = name.strip(b"/")
    if b"//" in path or b"/." in path or path.startswith(b"."):
        parts: list[bytes] = []
        for part in path.split(b"/"):
            if part == b"..":
                del parts[-1:]
            elif part not in {b"", b"."}:
                parts.append(part)
        path = b"/".join(parts)
    return path


def _bounded(path: bytes) -> bytes:
    if len(path) > MAX_PATH:
        raise ImageError(f"a path of {len(path):,} bytes is absurd")
    return path


@dataclass(frozen=True, slots=True)
class Tree:
    """The merged tree of some layers, and what was hidden on the way to it.

    An inode is the number of the entry that wrote the file, counted through all layers: ``inodes`` are their
    sizes in bytes, ``firsts`` each layer's first one. ``hidden`` are triples of an inode of which a name was
    hidden, what hid it (another inode, or one of the negative marks), and the number of the layer that did.
    ``moved`` is where a file came to lie whose path led through a link of its own layer.
    """

    root: Folder = field(default_factory=dict)
    inodes: array[int] = field(default_factory=lambda: array("q"))
    firsts: list[int] = field(default_factory=list)
    hidden: array[int] = field(default_factory=lambda: array("q"))
    moved: dict[int, bytes] = field(default_factory=dict)
    room: Room = field(default_factory=Room)

    def add(self, entries: Entries) -> None:
        """Lay one more layer over the tree.

        Raises:
            ImageError: no engine could unpack the layer.
        """
        self.firsts.append(len(self.inodes))
        self.inodes.extend(entries.sizes)
        _overlay(self, _unpacked(entries, self))

    def content(self) -> int:
        """Bytes of file content to be seen in the tree, hard links once."""
        return sum(self.inodes[inode] for inode in self.seen())

    def seen(self) -> set[int]:
        """The inodes of all files to be seen in the tree."""
        return set(self.names())

    def names(self) -> Iterator[int]:
        """The inode of every name that a file to be seen has."""
        todo = [self.root]
        while todo:
            for node in todo.pop().values():
                if isinstance(node, dict):
                    todo.append(node)
                elif isinstance(node, int):
                    yield node

    def place(self, inode: int) -> tuple[int, int]:
        """The number of the layer that an inode is of, and of its entry there."""
        layer = bisect_right(self.firsts, inode) - 1
        return layer, inode - self.firsts[layer]


def _unpacked(entries: Entries, below: Tree) -> Folder:
    """What a layer holds when unpacked by itself, with its whiteouts and opaque folders marked."""
    top: Folder = {}
    folder, folder_path, real = top, b"", b""
    for number, path in enumerate(entries.paths):
        below.room.take(_PER_ENTRY)
        parent, _, name = path.rpartition(b"/")
        if parent != folder_path:
            (folder, real), folder_path = _walk(top, parent, below.room), parent
        if name.startswith(WHITEOUT_PREFIX):
            _hide(folder, name)
        elif name:
            here = folder.get(name, _MISSING)
            node = folder[name] = _node(entries, number, here, top, below)
            if real != parent:
                below.room.take(len(real))
                if entries.kinds[number] == FILE:
                    below.moved[below.firsts[-1] + number] = b"/".join(filter(None, (real, name)))
            if here is not _MISSING and here is not node:
                _note_hidden(below, here, node)
            if isinstance(here, dict | bytes):
                # the folder at hand may have been reached through what is replaced
                folder, folder_path, real = top, b"", b""
    return top


def _node(entries: Entries, number: int, here: Node, top: Folder, below: Tree) -> Node:
    kind = entries.kinds[number]
    if kind == FILE:
        return below.firsts[-1] + number
    if kind == FOLDER:
        if isinstance(here, dict):
            return here
        return {OPAQUE: None} if here is WHITEOUT else {}
    target = entries.links.get(number, b"")
    if kind == HARDLINK:
        return _linked(target, top, below)
    return target if kind == SYMLINK else None


def _hide(folder: Folder, whiteout: bytes) -> None:
    if whiteout == OPAQUE_MARKER:
        folder[OPAQUE] = None
        return
    if whiteout.startswith(META_PREFIX):
        return
    name = whiteout.removeprefix(WHITEOUT_PREFIX)
    if name in {b"", b".", b".."}:
        raise ImageError(f"{show(whiteout)} is no whiteout of anything")
    here = folder.setdefault(name, WHITEOUT)
    if isinstance(here, dict):
        here[OPAQUE] = None


def _linked(target: bytes, top: Folder, below: Tree) -> Node:
    """What a hard link's target is: a file of its own layer that came before, or else of a lower one."""
    parent, _, name = clean(target).rpartition(b"/")
    for root in (top, below.root):
        folder, _ = _walk(root, parent, below.room, make=False)
        node = folder.get(name, _MISSING)
        if node is not _MISSING and node is not WHITEOUT and not isinstance(node, dict):
            return node
    raise ImageError(f"a hard link leads to {show(target)}, which is no file")


def _walk(top: Folder, path: bytes, room: Room, *, make: bool = True) -> tuple[Folder, bytes]:
    """The folder at a path, symbolic links followed, and its path without them.

    A missing folder is made, or else reads as empty.
    """
    trail, names = [top], [b""]
    todo = path.split(b"/")[::-1]
    links = 0
    while todo:
        part = todo.pop()
        if part in {b"", b".", b".."}:
            if part == b".." and len(trail) > 1:
                trail.pop()
                names.pop()
            continue
        node = trail[-1].get(part, _MISSING)
        if isinstance(node, bytes):
            links += 1
            if links > MAX_LINKS:
                raise ImageError(f"{show(path)} leads through a loop of links")
            # no memory, but time: a tar can lead each of its paths through the longest links there are
            room.take(_PER_ENTRY + _PER_STEP * len(node))
            if node.startswith(b"/"):
                del trail[1:], names[1:]
            todo += node.split(b"/")[::-1]
            continue
        if not isinstance(node, dict):
            if not make:
                return {}, path
            node = trail[-1][part] = _made(node, path, room)
        trail.append(node)
        names.append(part)
    return trail[-1], _bounded(b"/".join(names[1:])) if links else path


def _made(node: Node, path: bytes, room: Room) -> Folder:
    """A folder where there was none; where a whiteout was it is opaque, because that hid what is below."""
    if node is not _MISSING and node is not WHITEOUT:
        raise ImageError(f"{show(path)} leads through a file")
    room.take(_PER_FOLDER)
    return {OPAQUE: None} if node is WHITEOUT else {}


def _overlay(tree: Tree, layer: Folder) -> None:
    todo = [(tree.root, layer)]
    while todo:
        below, above = todo.pop()
        if OPAQUE in above:
            del above[OPAQUE]
            _note_hidden(tree, below, above)
            below.clear()
        for name, node in above.items():
            here = below.get(name, _MISSING)
            if isinstance(node, dict) and isinstance(here, dict):
                todo.append((here, node))
                continue
            if here is not _MISSING and here != node:
                _note_hidden(tree, here, node)
            if node is WHITEOUT:
                below.pop(name, None)
            elif isinstance(node, dict):
                inner: Folder = {}
                below[name] = inner
                todo.append((inner, node))
            else:
                below[name] = node


def _note_hidden(tree: Tree, here: Node, over: Node) -> None:
    """Note each file of ``here``, and what ``over``, which the newest layer has in its place, holds at its path."""
    layer = len(tree.firsts) - 1
    todo = [(here, over)]
    while todo:
        here, over = todo.pop()
        if isinstance(here, dict):
            above = over if isinstance(over, dict) else {}
            todo += [(node, above.get(name, _MISSING)) for name, node in here.items()]
        elif isinstance(here, int) and here >= 0:
            tree.hidden.extend((here, over if isinstance(over, int) else NO_FILE, layer))


def show(path: bytes) -> str:
    """A path for people; bytes that are not UTF-8 show as U+FFFD."""
    return repr(path[:200].decode("utf-8", "replace"))
