"""Layer tars, and what stacking them leaves to be seen.

The rules are OCI's (image-spec, layer.md) as engines carry them out: a layer is unpacked by itself, so
its symbolic links lead its own entries and those of lower layers do not; then it is laid over what is
below. Its whiteouts hide what lower layers hold and never what it holds itself.
"""

from __future__ import annotations

from array import array

from imgtool.images.errors import ImageError
from imgtool.images.streams import Source
from imgtool.images.tar import FILE, FOLDER, HARDLINK, SYMLINK, next_header, padded
from imgtool.values import dataclass, field

#: Linux' PATH_MAX, and how many links it follows in one path: beyond, no engine can unpack.
MAX_PATH = 4096
MAX_LINKS = 40
#: Memory for one image's entries, and again for its tree. The largest images known need a tenth.
MAX_MEMORY = 1 << 30
_PER_ENTRY = 128
_PER_FOLDER = 384

WHITEOUT_PREFIX = b".wh."
OPAQUE_MARKER = b".wh..wh..opq"
#: AUFS' own bookkeeping, which engines leave out; its opaque marker is everyone's.
META_PREFIX = b".wh..wh."

#: A folder is a dict of names, a file the number of its inode, a symbolic link its target, anything
#: else None. While a layer stands alone, -1 is a whiteout and the empty name marks an opaque folder.
#: (Linked files share their inode; what is not there reads as -2.)
Node = dict[bytes, "Node"] | int | bytes | None
Folder = dict[bytes, Node]
WHITEOUT = -1
OPAQUE = b""
_MISSING = -2


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries of one layer tar in order, as columns, because there can be millions.

    ``paths`` are relative to the root and clean (see :func:`clean`), the root is empty. ``kinds`` are
    those of :mod:`imgtool.images.tar`. ``sizes`` are bytes of file content, 0 for all but files.
    ``links`` gives the targets of symbolic and hard links, as written, by the entry's number.
    """

    paths: list[bytes] = field(default_factory=list)
    kinds: bytearray = field(default_factory=bytearray)
    sizes: array[int] = field(default_factory=lambda: array("q"))
    links: dict[int, bytes] = field(default_factory=dict)

    @property
    def content(self) -> int:
        """Bytes of file content that the layer holds: hard links once, a path written twice twice."""
        return sum(self.sizes)


@dataclass(slots=True)
class Room:
    """The memory, in bytes and roughly, that a hostile image may still make us take."""

    left: int = MAX_MEMORY

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise ImageError("it holds more than any real image")


def read_entries(source: Source, room: Room) -> Entries:
    """All entries of a layer tar, passing over what the files hold.

    Raises:
        ImageError: the tar is damaged, cut off or absurd.
    """
    entries = Entries()
    paths, kinds, sizes, links = entries.paths, entries.kinds, entries.sizes, entries.links
    while header := next_header(source):
        name, kind, stored, size, link = header[:5]
        room.take(_PER_ENTRY + len(name) + len(link))
        source.skip(padded(stored))
        if link:
            links[len(paths)] = _bounded(link)
        paths.append(_bounded(clean(name)))
        kinds.append(kind)
        sizes.append(size)
    return entries


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
    """The merged tree of some layers. ``inodes`` are the sizes of all files they ever held, in bytes."""

    root: Folder = field(default_factory=dict)
    inodes: array[int] = field(default_factory=lambda: array("q"))
    room: Room = field(default_factory=Room)

    def add(self, entries: Entries) -> None:
        """Lay one more layer over the tree.

        Raises:
            ImageError: no engine could unpack the layer.
        """
        _overlay(self.root, _unpacked(entries, self))

    def content(self) -> int:
        """Bytes of file content to be seen in the tree, hard links once."""
        seen = set()
        todo = [self.root]
        while todo:
            for node in todo.pop().values():
                if isinstance(node, dict):
                    todo.append(node)
                elif isinstance(node, int):
                    seen.add(node)
        return sum(self.inodes[inode] for inode in seen)


def _unpacked(entries: Entries, below: Tree) -> Folder:
    """What a layer holds when unpacked by itself, with its whiteouts and opaque folders marked."""
    top: Folder = {}
    folder, folder_path = top, b""
    for number, path in enumerate(entries.paths):
        below.room.take(_PER_ENTRY)
        parent, _, name = path.rpartition(b"/")
        if parent != folder_path:
            folder, folder_path = _walk(top, parent, below.room), parent
        if name.startswith(WHITEOUT_PREFIX):
            _hide(folder, name)
        elif name:
            here = folder.get(name, _MISSING)
            folder[name] = _node(entries, number, here, top, below)
            if isinstance(here, dict | bytes):
                # the folder at hand may have been reached through what is replaced
                folder, folder_path = top, b""
    return top


def _node(entries: Entries, number: int, here: Node, top: Folder, below: Tree) -> Node:
    kind = entries.kinds[number]
    if kind == FILE:
        below.inodes.append(entries.sizes[number])
        return len(below.inodes) - 1
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
        folder = _walk(root, parent, below.room, make=False)
        node = folder.get(name, _MISSING)
        if node is not _MISSING and node is not WHITEOUT and not isinstance(node, dict):
            return node
    raise ImageError(f"a hard link leads to {show(target)}, which is no file")


def _walk(top: Folder, path: bytes, room: Room, *, make: bool = True) -> Folder:
    """The folder at a path, symbolic links followed; a missing one is made, or else reads as empty."""
    trail = [top]
    todo = path.split(b"/")[::-1]
    links = 0
    while todo:
        part = todo.pop()
        if part in {b"", b".", b".."}:
            if part == b".." and len(trail) > 1:
                trail.pop()
            continue
        node = trail[-1].get(part, _MISSING)
        if isinstance(node, bytes):
            links += 1
            if links > MAX_LINKS:
                raise ImageError(f"{show(path)} leads through a loop of links")
            room.take(_PER_ENTRY + len(node))
            if node.startswith(b"/"):
                del trail[1:]
            todo += node.split(b"/")[::-1]
            continue
        if not isinstance(node, dict):
            if not make:
                return {}
            node = trail[-1][part] = _made(node, path, room)
        trail.append(node)
    return trail[-1]


def _made(node: Node, path: bytes, room: Room) -> Folder:
    """A folder where there was none; where a whiteout was it is opaque, because that hid what is below."""
    if node is not _MISSING and node is not WHITEOUT:
        raise ImageError(f"{show(path)} leads through a file")
    room.take(_PER_FOLDER)
    return {OPAQUE: None} if node is WHITEOUT else {}


def _overlay(root: Folder, layer: Folder) -> None:
    todo = [(root, layer)]
    while todo:
        below, above = todo.pop()
        if OPAQUE in above:
            del above[OPAQUE]
            below.clear()
        for name, node in above.items():
            if node is WHITEOUT:
                below.pop(name, None)
            elif isinstance(node, dict):
                here = below.get(name)
                if not isinstance(here, dict):
                    here = below[name] = {}
                todo.append((here, node))
            else:
                below[name] = node


def show(path: bytes) -> str:
    """A path for people; bytes that are not UTF-8 show as U+FFFD."""
    return repr(path[:200].decode("utf-8", "replace"))
