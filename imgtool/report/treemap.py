"""The files of one image, or of two, as a tree that fits into a page. Pure.

Files and folders are nodes of their own as long as there is room, the largest first; what is left of a folder
stands in it as one node for each layer and kind. So sums are exact, however many files there are.
"""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any

from imgtool.report.sizes import valid
from imgtool.values import NamedTuple

#: Nodes with a name of their own, and bytes of their names, in a page.
MAX_NODES = 12_000
MAX_NAMES = 600_000
#: Nodes for what is left of a folder; there is one more for what these leave.
_RESTS = 3
#: Where files of several layers, or kinds, are one node.
SEVERAL = -1


class Leaf(NamedTuple):
    """A file: bytes and layer (from 0) in each image, 0 and -1 where it is not there. ``kind`` numbers kinds."""

    sizes: tuple[int, ...]
    layers: tuple[int, ...]
    kind: int


class Node(NamedTuple):
    """``parent`` numbers nodes, of which the root is the first; ``files`` is 0 for folders.

    A file, or, without a name, several small ones. ``leaf`` is None for folders.
    """

    name: str
    parent: int
    files: int
    leaf: Leaf | None


def nodes(files: Mapping[str, Leaf], images: int) -> list[Node]:
    """The tree of ``files``, by absolute path, in ``images`` images; parents stand before what they hold."""
    weights = _folders(files)
    for path, leaf in files.items():
        # what is a file in one image may be a folder in the other
        weights[path] = weights.get(path, 0) + _weight(leaf)
    own = _chosen(weights)
    numbers: dict[str, int] = {}
    found: list[Node] = []
    for path in own:
        folder, _, name = path.rpartition("/")
        numbers[path] = len(found)
        found.append(Node(valid(name), numbers.get(folder, 0), int(path in files), files.get(path)))
    rests: dict[str, list[Leaf]] = {}
    for path, leaf in files.items():
        if path not in numbers:
            rests.setdefault(_nearest(path, numbers), []).append(leaf)
    for folder, small in rests.items():
        found += (each._replace(parent=numbers[folder]) for each in _rests(small, images))
    return found


def columns(tree: Iterable[Node], images: int) -> dict[str, Any]:
    """The tree as JSON has it: one array a field, and for sizes and layers one an image."""
    rows = list(tree)
    empty = Leaf((0,) * images, (SEVERAL,) * images, SEVERAL)
    leaves = [row.leaf or empty for row in rows]
    return {
        "name": [row.name for row in rows],
        "parent": [row.parent for row in rows],
        "count": [row.files for row in rows],
        "sizes": [[leaf.sizes[image] for leaf in leaves] for image in range(images)],
        "layers": [[leaf.layers[image] for leaf in leaves] for image in range(images)],
        "kind": [leaf.kind for leaf in leaves],
    }


def _weight(leaf: Leaf) -> int:
    return max(leaf.sizes)


def _folders(files: Mapping[str, Leaf]) -> dict[str, int]:
    """What each folder weighs, the root under the empty name; a folder weighs at least what each in it does."""
    weights: dict[str, int] = {"": 0}
    for path, leaf in files.items():
        folder = path.rpartition("/")[0]
        weights[folder] = weights.get(folder, 0) + _weight(leaf)
    for folder in list(weights):
        above = folder
        while above and (above := above.rpartition("/")[0]) not in weights:
            weights[above] = 0
    for folder in sorted(weights, key=lambda path: -path.count("/")):
        if folder:
            weights[folder.rpartition("/")[0]] += weights[folder]
    return weights


def _chosen(weights: Mapping[str, int]) -> list[str]:
    """The paths that are nodes of their own: the heaviest, each after its folder."""
    ranked = heapq.nsmallest(MAX_NODES, weights, key=lambda path: (-weights[path], path.count("/"), path))
    ranked = [path for path in ranked if weights[path] or not path]
    lengths = accumulate(len(json.dumps(path.rpartition("/")[2])) - len('""') for path in ranked)
    return [path for path, total in zip(ranked, lengths, strict=True) if total <= MAX_NAMES]


def _nearest(path: str, numbers: Mapping[str, int]) -> str:
    folder = path.rpartition("/")[0]
    while folder not in numbers:
        folder = folder.rpartition("/")[0]
    return folder


def _rests(small: Iterable[Leaf], images: int) -> Iterator[Node]:
    """Nodes for files that have none of their own: those of one layer and kind together, while they are few."""
    sums: dict[tuple[tuple[int, ...], int], Leaf] = {}
    counts: Counter[tuple[tuple[int, ...], int]] = Counter()
    for leaf in small:
        key = leaf.layers, leaf.kind
        sums[key] = _added(sums[key], leaf) if key in sums else leaf
        counts[key] += 1
    ranked = sorted(sums, key=lambda key: (-_weight(sums[key]), key))
    for key in ranked[:_RESTS]:
        yield Node("", 0, counts[key], sums[key])
    if others := ranked[_RESTS:]:
        sizes = tuple(sum(sums[key].sizes[image] for key in others) for image in range(images))
        mixed = Leaf(sizes, (SEVERAL,) * images, SEVERAL)
        yield Node("", 0, sum(counts[key] for key in others), mixed)


def _added(one: Leaf, other: Leaf) -> Leaf:
    return one._replace(sizes=tuple(a + b for a, b in zip(one.sizes, other.sizes, strict=True)))
