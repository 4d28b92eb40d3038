"""Unified diffs over bytes, which ``patch`` and ``git apply`` take as they are.

They have the first line of those of git: without it, git would look for each path below the current folder, where another
file of that name may be; with it, paths are read from the root of the repository.

Secrets are ``*`` in them, so neither takes a line that holds one.
"""

from __future__ import annotations

import difflib

from imgtool.facts.masks import masked

_NO_NEWLINE = b"\n\\ No newline at end of file\n"


def unified(old: bytes, new: bytes, path: str) -> bytes:
    """The change of one file; empty where there is none."""
    return _diff(path, *masked(old, new))


def created(text: str, path: str) -> bytes:
    """The change that makes a new file."""
    (shown,) = masked(text.encode("utf-8", "surrogateescape"))
    name = _name(path)
    lines = difflib.diff_bytes(
        difflib.unified_diff, [], _lines(shown), b"/dev/null", b"b/" + name, lineterm=b"\n"
    )
    return b"".join((_first_line(name), b"new file mode 100644\n", *lines))


def hides(old: bytes, new: bytes) -> bool:
    """Whether :func:`unified` hides a secret in the lines that it shows, and so cannot be applied."""
    shown = masked(old, new)
    return shown != [old, new] and _diff("", *shown) != _diff("", old, new)


def _diff(path: str, old: bytes, new: bytes) -> bytes:
    if old == new:
        return b""
    name = _name(path)
    lines = difflib.diff_bytes(
        difflib.unified_diff, _lines(old), _lines(new), b"a/" + name, b"b/" + name, lineterm=b"\n"
    )
    ended = (line if line.endswith(b"\n") else line + _NO_NEWLINE for line in lines)
    return b"".join((_first_line(name), *ended))


def _name(path: str) -> bytes:
    return path.lstrip("/").encode("utf-8", "surrogateescape")


def _first_line(name: bytes) -> bytes:
    return b"diff --git a/%b b/%b\n" % (name, name)


def _lines(data: bytes) -> list[bytes]:
    # splitlines would split at a lone carriage return too
    return [line + b"\n" for line in data.split(b"\n")[:-1]] + [
        tail for tail in data.rsplit(b"\n", 1)[-1:] if tail
    ]
