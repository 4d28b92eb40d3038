"""Images as verification reads them: what they run with, every path that is to be seen, and what checks find."""

from __future__ import annotations

import enum
import hashlib
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any

from imgtool.images import reference as references
from imgtool.images.layers import MAX_LINKS, Entries, Folder, Room, clean
from imgtool.images.layers import Tree as Stack
from imgtool.images.measure import Measures, load, weigh
from imgtool.images.reading import Progress
from imgtool.images.spool import Spool
from imgtool.images.streams import CHUNK, Region
from imgtool.images.tar import FILE, FOLDER, HARDLINK, SYMLINK, Header, next_header, ownership, padded, xattrs
from imgtool.values import dataclass, field


class Kind(enum.StrEnum):
    """What stands at a path."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Node:
    """What stands at one path; hard links share one node.

    ``size`` is bytes of file content. ``target`` is where a symbolic link leads, as written. ``mode``, ``uid``,
    ``gid`` and ``xattrs`` are None where no layer states them: a folder that was made on the way to a file.
    ``start`` is where the content lies in the spool; None where it is no file, or a sparse one.
    """

    kind: Kind
    size: int = 0
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    target: str = ""
    xattrs: tuple[tuple[bytes, bytes], ...] | None = None
    start: int | None = None


_KINDS = {FILE: Kind.FILE, FOLDER: Kind.FOLDER, SYMLINK: Kind.LINK}
_UNSTATED = Node(Kind.FOLDER)


@dataclass(frozen=True, slots=True)
class Tree:
    """Every path to be seen in an image, absolute and without symbolic links in its folders, with its node.

    Bytes that are not UTF-8 are surrogates, as :func:`os.fsdecode` has it; the root itself is left out.
    """

    nodes: Mapping[str, Node] = field(repr=False)
    file: IO[bytes] = field(repr=False)

    def resolve(self, path: str) -> str | None:
        """Where a path leads when every symbolic link is followed; None where nothing stands there."""
        done, todo, links = "/", path.split("/")[::-1], 0
        while todo:
            part = todo.pop()
            if part in {"", "."}:
                continue
            step = posixpath.dirname(done) if part == ".." else posixpath.join(done, part)
            node = self.nodes.get(step)
            if node is None and step != "/":
                return None
            if node is not None and node.kind is Kind.LINK:
                links += 1
                if links > MAX_LINKS or len(todo) > MAX_LINKS * MAX_LINKS:
                    return None
                done = "/" if node.target.startswith("/") else done
                todo += node.target.split("/")[::-1]
            else:
                done = step
        return done

    def get(self, path: str) -> Node | None:
        """The node that a path leads to, symbolic links followed."""
        found = self.resolve(path)
        return None if found is None else self.nodes.get(found)

    def read(self, path: str, limit: int) -> bytes | None:
        """At most the first ``limit`` bytes of the file that a path leads to; None where it leads to none."""
        node = self.get(path)
        if node is None or node.start is None:
            return None
        return self.read_at(node, 0, limit)

    def read_at(self, node: Node, offset: int, size: int) -> bytes:
        """Up to ``size`` bytes of a file's content from ``offset`` on; fewer only at its end."""
        if node.start is None:
            return b""
        return Region(self.file, node.start + min(offset, node.size), node.start + node.size).read(size)

    def digest(self, node: Node) -> str:
        """SHA-256 of a file's content, in hexadecimal digits."""
        digest = hashlib.sha256()
        for offset in range(0, node.size, CHUNK):
            digest.update(self.read_at(node, offset, CHUNK))
        return digest.hexdigest()

    def under(self, folder: str) -> Iterator[tuple[str, Node]]:
        """Every path below a folder, at any depth, with its node."""
        start = folder.rstrip("/") + "/"
        return ((path, node) for path, node in self.nodes.items() if path.startswith(start))


@dataclass(frozen=True, slots=True)
class Image:
    """One image. ``config`` is its effective configuration: the ``config`` object of its document.

    ``engine`` is the name by which the engine runs it; None where it was read from an archive.
    """

    reference: str
    engine: str | None
    config: Mapping[str, Any] = field(repr=False)
    tree: Tree = field(repr=False)
    measures: Measures = field(repr=False)


class Weight(enum.StrEnum):
    """What a difference means. ``FAIL``: the images are not equivalent; ``NOTE``: worth knowing, and right."""

    FAIL = "fail"
    WARN = "warn"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between two images. ``explained_by`` names the drop rule that makes it a wanted one.

    ``lost`` is the path in the first image whose absence in the second one this is, where that is known.
    """

    check: str
    weight: Weight
    path: str | None
    message: str
    explained_by: str | None = None
    lost: str | None = None


class Status(enum.StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found. ``looked_at`` says in a clause how much it compared, so that nothing passes unseen.

    ``needed``: without it nothing is established; it was asked for, and skipped.
    """

    name: str
    status: Status
    differences: tuple[Difference, ...] = ()
    skipped_why: str | None = None
    looked_at: str = ""
    needed: bool = False


#: The drop rule by which a path of the first image is left out of the second one, or None.
Dropped = Callable[[str], str | None]
#: A check: the first image, the second one, and what was dropped on purpose.
Check = Callable[[Image, Image, Dropped], CheckResult]


def result(name: str, differences: tuple[Difference, ...], looked_at: str = "") -> CheckResult:
    """A check that was carried out: it failed where a difference that no drop rule explains weighs ``FAIL``."""
    failed = any(one.weight is Weight.FAIL and one.explained_by is None for one in differences)
    return CheckResult(name, Status.FAILED if failed else Status.PASSED, differences, None, looked_at)


def skipped(name: str, why: str, *, needed: bool = False) -> CheckResult:
    """A check that was not carried out."""
    return CheckResult(name, Status.SKIPPED, (), why, needed=needed)


# --- reading ------------------------------------------------------------------------------------------


def read_image(
    reference: str, spool: Spool, *, platform: str | None = None, progress: Progress | None = None
) -> Image:
    """Read an image with all that its files hold, which lies in ``spool`` from then on.

    Nothing is unpacked into the file system. ``reference`` is as :func:`imgtool.images.measure.measure` has it.

    Raises:
        ImageError: it cannot be read.
        ValueError: the reference or the platform is none.
    """
    parsed = references.parse(reference)
    image = load(parsed, platform=platform, progress=progress, spool=spool)
    config = image.config.get("config")
    return Image(
        reference=reference,
        engine=parsed.place if parsed.source == references.DAEMON else None,
        config=config if isinstance(config, dict) else {},
        tree=read_tree(spool, [layer.diff_id for layer in image.layers]),
        measures=weigh(image),
    )


def read_tree(spool: Spool, layers: Sequence[str]) -> Tree:
    """What is to be seen of the layers with these ``diff_id``, which the spool has, the lowest first.

    Raises:
        ImageError: no engine could unpack them.
    """
    stack = Stack()
    contents: list[Node] = []
    stated: dict[bytes, Node] = {}
    for diff_id in layers:
        stack.add(_read_layer(spool.region(diff_id), contents, stated, stack.room))
    return Tree(dict(_flat(stack, contents, stated)), spool.file)


def _read_layer(region: Region, contents: list[Node], stated: dict[bytes, Node], room: Room) -> Entries:
    """The entries of a layer, each file's number in ``contents`` in place of its size, which tells it apart."""
    entries = Entries()
    while header := next_header(region):
        path = clean(header.name)
        room.take(len(header.name) + len(header.link))
        if header.kind in {SYMLINK, HARDLINK}:
            entries.links[len(entries.paths)] = header.link
        entries.paths.append(path)
        entries.kinds.append(header.kind)
        entries.sizes.append(len(contents))
        node = _node(header, region.position)
        if header.kind == FILE:
            contents.append(node)
        elif header.kind != HARDLINK:
            stated[path] = node
        region.skip(padded(header.stored))
    return entries


def _node(header: Header, start: int) -> Node:
    mode, uid, gid = ownership(header)
    is_file = header.kind == FILE
    return Node(
        kind=_KINDS.get(header.kind, Kind.OTHER),
        size=header.size,
        mode=mode,
        uid=uid,
        gid=gid,
        target=_text(header.link) if header.kind == SYMLINK else "",
        xattrs=xattrs(header),
        start=start if is_file and header.size == header.stored else None,
    )


def _flat(stack: Stack, contents: list[Node], stated: Mapping[bytes, Node]) -> Iterator[tuple[str, Node]]:
    todo: list[tuple[bytes, Folder]] = [(b"", stack.root)]
    while todo:
        folder, names = todo.pop()
        for name, below in names.items():
            path = folder + b"/" + name
            if isinstance(below, dict):
                todo.append((path, below))
                node = stated.get(path[1:], _UNSTATED)
                yield _text(path), node if node.kind is Kind.FOLDER else _UNSTATED
            elif isinstance(below, int):
                yield _text(path), contents[stack.inodes[below]]
            elif isinstance(below, bytes):
                node = stated.get(path[1:], _UNSTATED)
                same = node.kind is Kind.LINK and node.target == _text(below)
                yield _text(path), node if same else Node(Kind.LINK, target=_text(below))
            else:
                yield _text(path), Node(Kind.OTHER)


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
