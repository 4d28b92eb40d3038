"""Images as verification reads them, made by hand."""

from __future__ import annotations

import io
import posixpath
from collections.abc import Iterable, Mapping
from typing import Any

from imgtool.images.measure import Measures
from imgtool.images.model import Image as Weighed
from imgtool.verify.model import Image, Kind, Node, Tree

#: bytes are a file, a text is where a symbolic link leads, None is a folder
Paths = Mapping[str, bytes | str | None]


def image(
    paths: Paths,
    *,
    config: Mapping[str, Any] | None = None,
    env: Iterable[str] = (),
    executable: Iterable[str] = (),
    unpacked: int = 0,
) -> Image:
    """An image with these absolute paths; the folders above them are made. ``executable`` files have mode 755."""
    measures = Measures(_weighed(), None, unpacked, unpacked, 0)
    return Image("made", None, {"Env": list(env), **(config or {})}, tree(paths, executable), measures)


def tree(paths: Paths, executable: Iterable[str] = ()) -> Tree:
    content = io.BytesIO()
    nodes: dict[str, Node] = {}
    modes = dict.fromkeys(executable, 0o755)
    for path, given in paths.items():
        folder = posixpath.dirname(path)
        while folder != "/":
            nodes.setdefault(folder, Node(Kind.FOLDER, mode=0o755, uid=0, gid=0))
            folder = posixpath.dirname(folder)
        nodes[path] = _node(given, content, modes.get(path, 0o644))
    return Tree(nodes, content)


def _node(given: bytes | str | None, content: io.BytesIO, mode: int) -> Node:
    if isinstance(given, str):
        return Node(Kind.LINK, mode=0o777, uid=0, gid=0, target=given)
    if given is None:
        return Node(Kind.FOLDER, mode=0o755, uid=0, gid=0)
    start = content.seek(0, 2)
    content.write(given)
    return Node(Kind.FILE, len(given), mode, 0, 0, start=start)


def _weighed() -> Weighed:
    return Weighed("made", "docker-archive", "linux/amd64", {}, 0, (), (), None, "")
