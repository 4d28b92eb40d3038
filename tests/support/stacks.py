"""Stacks of layers, what is to be seen of them in the end, and which engines unpack them at all."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stack:
    """``flattened`` and ``waste`` in bytes. ``engines`` names the image stores that unpack it."""

    name: str
    layers: tuple[str, ...]
    flattened: int
    waste: int
    engines: tuple[str, ...] = ("overlay2", "containerd")

    def __str__(self) -> str:
        return self.name


CONTAINERD = ("containerd",)
NONE = ()

STACKS = (
    # nothing is lost
    Stack("one layer", ("d/, d/a 3, b 5",), 8, 0),
    Stack("no files", ("d/", "e/"), 0, 0),
    Stack("two layers, two files", ("a 3", "b 5"), 8, 0),
    Stack("folder stated again", ("d/, d/a 3", "d/"), 3, 0),
    Stack("whiteout of what never was", ("a 3", "d/.wh.b"), 3, 0),
    Stack("opaque folder that never was", ("a 3", "d/, d/.wh..wh..opq, d/b 5"), 8, 0),
    Stack("names that only look like whiteouts", ("d/, d/a 3", ".wh.d/b 5"), 8, 0),
    Stack("absolute path", ("/d/a 3",), 3, 0),
    Stack("dots in paths", ("./d/, ./d/./a 3, .//b 5, ...c 7",), 15, 0),
    # overwritten, deleted
    Stack("file overwritten", ("a 3", "a 5"), 5, 3),
    Stack("file deleted", ("a 3, b 5", ".wh.a"), 5, 3),
    Stack("file deleted and made again", ("a 3", ".wh.a", "a 5"), 5, 3),
    Stack("file replaced in one layer", ("a 9", ".wh.a, a 3"), 3, 9),
    Stack("folder deleted", ("d/, d/a 3, d/e/, d/e/b 5", ".wh.d"), 0, 8),
    Stack("folder deleted and made again", ("d/, d/a 3", ".wh.d", "d/, d/b 5"), 5, 3),
    Stack("only the folder of that very name is deleted", ("d/, d/a 3, dd/, dd/b 5", ".wh.d"), 5, 3),
    Stack("opaque folder", ("d/, d/a 3", "d/, d/.wh..wh..opq, d/b 5"), 5, 3),
    Stack("opaque marker after what it must not hide", ("d/, d/a 3", "d/, d/b 5, d/.wh..wh..opq"), 5, 3),
    Stack(
        "opaque marker and a folder below", ("d/, d/e/, d/e/a 3", "d/, d/e/, d/e/b 5, d/.wh..wh..opq"), 5, 3
    ),
    Stack("whiteout that is a folder", ("a 3", ".wh.a/"), 0, 3),
    Stack("whiteout with content", ("a 3", ".wh.a 11"), 0, 14),
    # kinds change
    Stack("file over folder", ("d/, d/a 3", "d 5"), 5, 3),
    Stack("link over folder", ("d/, d/a 3", "d -> e"), 0, 3),
    Stack("folder over file", ("a 3", "a/, a/b 5"), 5, 3),
    Stack("implied folder over file", ("a 3", "a/b 5"), 5, 3),
    Stack("file over link", ("b 3, a -> b", "a 5"), 8, 0),
    Stack("link over file", ("a 3", "a -> b"), 0, 3),
    # hard links
    Stack("hard link", ("a 3, b = a",), 3, 0),
    Stack("hard link by absolute path", ("a 3, b = /a",), 3, 0),
    Stack("hard link above the root", ("a 3, b = ../../a",), 3, 0, CONTAINERD),
    Stack("hard link to a link", ("a 3, s -> a, b = s",), 3, 0),
    Stack("hard link through a link", ("d/, d/a 3, s -> d, b = s/a",), 3, 0),
    Stack("hard link whose first name is deleted", ("a 3, b = a", ".wh.a"), 3, 0),
    Stack("hard link whose names are all deleted", ("a 3, b = a", ".wh.a, .wh.b"), 0, 3),
    Stack("hard link whose first name is overwritten", ("a 3, b = a", "a 5"), 8, 0),
    Stack("hard link copied up, both names", ("a 3, b = a", "a 3, b = a"), 3, 3),
    Stack("hard link and its name used again", ("a 3, b = a, a 5",), 8, 0, CONTAINERD),
    Stack("hard link into the layer below", ("a 3", "b = a"), 3, 0, NONE),
    Stack("hard link into the layer below, renamed", ("a 3", "b = a, .wh.a"), 3, 0, NONE),
    # symbolic links: followed within a layer, not into the one below
    Stack("through a link of the layer", ("u/, u/a 3, l -> u, l/b 5, l/a 7",), 12, 3),
    Stack("through an absolute link", ("u/, u/a 3, l -> /u, l/b 5, l/a 7",), 12, 3),
    Stack("through a link to nothing yet", ("l -> n, l/a 3",), 3, 0),
    Stack("through a link above the root", ("l -> ../../.., l/a 3",), 3, 0, CONTAINERD),
    Stack("over a link of the layer below", ("u/, u/a 3, l -> u", "l/b 5, l/a 7"), 15, 0),
    Stack("folder over a link of the layer below", ("u/, u/a 3, l -> u", "l/, l/b 5"), 8, 0),
    Stack("folder over a link of the layer", ("u/, u/a 3, l -> u, l/, l/b 5",), 8, 0, CONTAINERD),
    Stack("link replaced after it was followed", ("u/, l -> u, l/a 3, l/, l/b 5",), 8, 0, CONTAINERD),
    Stack("whiteout behind a link of the layer below", ("u/, u/a 3, l -> u", "l/.wh.a"), 3, 0),
    # one layer, one path twice
    Stack("file twice", ("a 3, a 5",), 5, 3, CONTAINERD),
    Stack("folder stated twice", ("d/, d/a 3, d/",), 3, 0, CONTAINERD),
    Stack("file, then folder", ("a 3, a/, a/b 5",), 5, 3, CONTAINERD),
    Stack("folder, then file", ("a/, a/b 5, a 3",), 3, 5, CONTAINERD),
    Stack("whiteout after its own layer's file", ("a 9", "a 3, .wh.a"), 3, 9, NONE),
    Stack("whiteout after its own layer's folder", ("d/, d/a 3", "d/, d/b 5, .wh.d"), 5, 3, NONE),
    # image-spec hides what is below. Overlay mounts know no opaque root, and lose a whiteout to the folder
    # that takes its place.
    Stack("opaque root", ("a 3, d/, d/b 5", ".wh..wh..opq, c 7"), 7, 8, NONE),
    Stack("folder replaced in one layer", ("d/, d/a 3", ".wh.d, d/, d/b 5"), 5, 3, NONE),
    Stack("implied folder replaced in one layer", ("d/, d/a 3", ".wh.d, d/b 5"), 5, 3, NONE),
    # AUFS kept linked files aside
    Stack("aufs' folder of links", (".wh..wh.plnk/, .wh..wh.plnk/1.2 7, a = .wh..wh.plnk/1.2",), 7, 0),
)

#: What dive 0.13.1 was tried on, sizes in MB; the last number is what could be saved.
MB = 1_000_000
COUNTER_EXAMPLES = (
    Stack("directory removed", (f"keep {10 * MB}, big/, big/a {10 * MB}", ".wh.big"), 10 * MB, 10 * MB),
    Stack("opaque directory", (f"keep {10 * MB}, d/, d/a {10 * MB}", "d/, d/.wh..wh..opq"), 10 * MB, 10 * MB),
    Stack("file removed", (f"keep {10 * MB}, a {10 * MB}", ".wh.a"), 10 * MB, 10 * MB),
    Stack("mode changed", (f"a {10 * MB}", f"a {10 * MB}"), 10 * MB, 10 * MB),
    # nothing of it is hidden, so it is no waste: two paths need their content
    Stack("same content at another path", (f"a {10 * MB}", f"b {10 * MB}"), 20 * MB, 0),
    Stack("one layer", (f"a {10 * MB}",), 10 * MB, 0),
    Stack(
        "user file overwritten over two layers of base",
        (f"b {10 * MB}", f"c {10 * MB}", f"a {10 * MB}", f"a {10 * MB}"),
        30 * MB,
        10 * MB,
    ),
)
