"""Folders that images hold whole."""

from __future__ import annotations

from imgtool.families.images import BaseImage
from imgtool.families.model import Evidence, rows
from imgtool.regex import regex
from imgtool.values import NamedTuple

_VERSION = regex(r"-?\d[\d.]*")


class Tree(NamedTuple):
    """Folders that the images of some families (``*``: of every distribution) hold, and what is in them."""

    families: tuple[str, ...]
    what: str
    folders: tuple[str, ...]
    source: tuple[str, ...]
    evidence: Evidence


def trees() -> tuple[Tree, ...]:
    """All that are known."""
    return rows("trees", "tree", Tree)


def held_tree(base: BaseImage | None, folder: str) -> Tree | None:
    """What an image holds in a folder, by its family; of one that is not known, what all images hold."""
    names = ("*", base.family) if base is not None else ("*",)
    held = (tree for tree in trees() if any(name in tree.families for name in names))
    return next((tree for tree in held if any(_is(folder, each) for each in tree.folders)), None)


def _is(folder: str, named: str) -> bool:
    rest = folder.removeprefix(named)
    return folder == named or (rest != folder and _VERSION.fullmatch(rest) is not None)
