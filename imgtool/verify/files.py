"""The second check: what is gone, and whether everything that stayed is as it was."""

from __future__ import annotations

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from imgtool.images.packages import dpkg
from imgtool.images.streams import CHUNK
from imgtool.regex import regex
from imgtool.values import dataclass
from imgtool.verify.drops import ALONG, DATA, MEANINGS, Bases, Gone
from imgtool.verify.model import CheckResult, Difference, Image, Kind, Node, Tree, Weight, result

NAME = "files"

#: Written anew by package managers, the linker and Python at every build; what counts in them is compared by itself.
_REGENERATED = regex(
    r"/etc/ld\.so\.cache|/etc/(?:passwd|group|shadow|gshadow)-?|/etc/sub[ug]id-?|/etc/machine-id"
    r"|/etc/(?:hosts|hostname|resolv\.conf|mtab)|/etc/\.pwd\.lock"
    r"|/var/(?:lib/(?:dpkg|apt|pam|rpm|dnf|systemd|ucf)|cache|log)(?:/.*)?|.*\.pyc"
    r"|.*\.dist-info/(?:RECORD|direct_url\.json|INSTALLER|REQUESTED|WHEEL)|/(?:proc|sys|dev|run|tmp)(?:/.*)?"
)
_ELF = b"\x7fELF"
_ACCOUNTS = ("/etc/passwd", "/etc/group")
_MAX_ACCOUNTS = 1 << 22


def check(before: Image, after: Image, gone: Gone, bases: Bases) -> CheckResult:
    """Whether every path of the first image is in the second, with its kind, owner, mode and attributes.

    A path that is gone for a drop rule is told in one line a rule. Content is compared where it must not change.
    """
    kept = Counter[str]()
    found = (
        *_unexplained(gone),
        *_accounts(before.tree, after.tree, gone),
        *_kept(before.tree, after.tree, gone, bases, kept),
        *_data(gone),
        *_explained(gone),
        *_new(before.tree, after.tree),
    )
    return result(NAME, found, f"{kept['compared']:,} paths kept, {len(gone.paths):,} gone")


def _unexplained(gone: Gone) -> Iterator[Difference]:
    """What is gone for no reason: the topmost paths alone, each with how much went with it."""
    lost = {path for path in gone.paths if path not in gone.rules}
    inside = defaultdict[str, list[int]](list)
    tops = {path: _top(path, lost) for path in lost}
    for path, top in tops.items():
        inside[top].append(gone.paths[path].size)
    for top in sorted(inside):
        yield Difference(NAME, Weight.FAIL, top, _lost(top, inside[top], gone))


def _top(path: str, lost: set[str]) -> str:
    while (folder := posixpath.dirname(path)) in lost:
        path = folder
    return path


def _lost(top: str, sizes: Sequence[int], gone: Gone) -> str:
    owners = gone.ledgers[0].owners.get(top, ())
    whose = f", which belongs to {', '.join(owners)}" if owners else ""
    more = f", and {_paths(len(sizes) - 1)} in it" if len(sizes) > 1 else ""
    return f"{gone.paths[top].kind} is missing{whose}{more} ({sum(sizes):,} bytes)"


def _data(gone: Gone) -> Iterator[Difference]:
    for name in DATA & gone.packages.keys():
        if gone.packages[name] == ALONG:
            message = f"package {name} came with dropped ones and is gone: does a program read its data?"
            yield Difference(NAME, Weight.WARN, None, message)


def _paths(count: int) -> str:
    return f"{count:,} path{'' if count == 1 else 's'}"


def _explained(gone: Gone) -> Iterator[Difference]:
    counts, sizes = Counter(gone.rules.values()), Counter[str]()
    for path, rule in gone.rules.items():
        sizes[rule] += gone.paths[path].size
    for rule, count in counts.most_common():
        meaning = MEANINGS.get(rule, rule)
        yield Difference(NAME, Weight.NOTE, None, f"{_paths(count)} ({sizes[rule]:,} bytes): {meaning}", rule)


# --- accounts -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Account:
    """A user (its numbers, home and shell) or a group (its number and members)."""

    kind: str
    name: str
    says: tuple[str, ...]


def _accounts(before: Tree, after: Tree, gone: Gone) -> Iterator[Difference]:
    scripts = [dpkg.script(before, name) for name, rule in gone.packages.items() if rule]
    for path in _ACCOUNTS:
        were, are = _listed(before, path), _listed(after, path)
        for name, account in were.items():
            if name not in are:
                made = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
                why = ALONG if any(map(made.search, scripts)) else None
                yield Difference(NAME, Weight.FAIL, path, f"{account.kind} {name} is missing", why)
            elif are[name].says != account.says:
                message = (
                    f"{account.kind} {name} is {':'.join(are[name].says)} instead of {':'.join(account.says)}"
                )
                yield Difference(NAME, Weight.FAIL, path, message)


def _listed(tree: Tree, path: str) -> dict[str, _Account]:
    text = (tree.read(path, _MAX_ACCOUNTS) or b"").decode("utf-8", "surrogateescape")
    rows = (line.split(":") for line in text.splitlines())
    if path.endswith("group"):
        return {row[0]: _Account("group", row[0], (row[2], row[3])) for row in rows if len(row) == 4}
    return {row[0]: _Account("user", row[0], (row[2], row[3], *row[5:])) for row in rows if len(row) == 7}


# --- what stayed --------------------------------------------------------------------------------------


def _kept(before: Tree, after: Tree, gone: Gone, bases: Bases, kept: Counter[str]) -> Iterator[Difference]:
    # one place in one file is one content
    spooled = before.file is after.file
    for path, node in before.nodes.items():
        other = after.nodes.get(path)
        if other is None:
            continue
        kept["compared"] += 1
        if (
            (spooled and other == node)
            or _of_the_bases(path, node, other, bases)
            or _REGENERATED.fullmatch(path)
        ):
            continue
        yield from _stated(path, node, other)
        if node.kind is Kind.FILE and other.kind is Kind.FILE and not _same(before, node, after, other):
            yield _changed(path, before, after, gone, bases)
        elif node.target != other.target and node.kind is other.kind:
            message = f"leads to {other.target} instead of {node.target}"
            yield Difference(NAME, _weight(path, gone, bases), path, message)


def _of_the_bases(path: str, node: Node, other: Node, bases: Bases) -> bool:
    """Whether neither image changed what its base image has there."""
    return bases.before.nodes.get(path) == node and bases.after.nodes.get(path) == other


def _stated(path: str, node: Node, other: Node) -> Iterator[Difference]:
    """What a file system says of a path; a folder that no layer states has nothing to compare."""
    if node.kind is not other.kind:
        yield Difference(NAME, Weight.FAIL, path, f"is a {other.kind} instead of a {node.kind}")
        return
    if Kind.LINK is node.kind or None in (node.mode, other.mode):
        return
    for what, was, now in (
        ("mode", f"{node.mode:04o}", f"{other.mode:04o}"),
        ("owner", f"{node.uid}:{node.gid}", f"{other.uid}:{other.gid}"),
        ("attributes", _shown(node.xattrs), _shown(other.xattrs)),
    ):
        if was != now:
            yield Difference(NAME, Weight.FAIL, path, f"{what} is {now} instead of {was}")


def _shown(attributes: Iterable[tuple[bytes, bytes]] | None) -> str:
    return (
        ", ".join(f"{key.decode('utf-8', 'replace')}={value.hex()}" for key, value in attributes or ())
        or "none"
    )


def _same(before: Tree, node: Node, after: Tree, other: Node) -> bool:
    """Whether two files hold the same bytes; what cannot be read is compared by its size."""
    if node.size != other.size or node.start is None or other.start is None:
        return node.size == other.size
    return all(
        before.read_at(node, offset, CHUNK) == after.read_at(other, offset, CHUNK)
        for offset in range(0, node.size, CHUNK)
    )


def _changed(path: str, before: Tree, after: Tree, gone: Gone, bases: Bases) -> Difference:
    if all(tree.read(path, len(_ELF)) == _ELF for tree in (before, after)):
        return Difference(NAME, Weight.NOTE, path, "was compiled or linked anew: its bytes differ")
    return Difference(NAME, _weight(path, gone, bases), path, "its content differs")


def _weight(path: str, gone: Gone, bases: Bases) -> Weight:
    """A file of the system or its settings must not change; a build may write what it makes anew in another way."""
    owners = gone.ledgers[0].owners.get(path, ())
    versions: list[Mapping[str, dpkg.Package]] = [ledger.packages for ledger in gone.ledgers]
    updated = any(
        all(name in one for one in versions) and versions[0][name].version != versions[1][name].version
        for name in owners
    )
    if updated:
        return Weight.NOTE
    return Weight.FAIL if owners or path.startswith("/etc/") or path in bases.before.nodes else Weight.WARN


def _new(before: Tree, after: Tree) -> Iterator[Difference]:
    """What only the second image has: one line, and one for each program that runs as its owner."""
    paths = [
        (path, node)
        for path, node in after.nodes.items()
        if path not in before.nodes and before.resolve(path) is None
    ]
    if paths:
        size = sum(node.size for _, node in paths)
        yield Difference(NAME, Weight.NOTE, None, f"new: {_paths(len(paths))} ({size:,} bytes)")
    for path, node in paths:
        if node.kind is Kind.FILE and (node.mode or 0) & 0o6000:
            yield Difference(NAME, Weight.WARN, path, f"is new and has mode {node.mode:04o}")
