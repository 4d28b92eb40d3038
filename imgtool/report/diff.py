"""Unified diffs over bytes, which ``patch`` and ``git apply`` take as they are.

Secrets are ``*`` in them, so neither takes a line that holds one.
"""

from __future__ import annotations

import difflib

from imgtool.facts.masks import masked

_NO_NEWLINE = b"\n\\ No newline at end of file\n"


def unified(old: bytes, new: bytes, path: str) -> bytes:
    """The change of one file; empty where there is none."""
    name = path.lstrip("/").encode("utf-8", "surrogateescape")
    old, new = masked(old, new)
    lines = difflib.diff_bytes(
        difflib.unified_diff, _lines(old), _lines(new), b"a/" + name, b"b/" + name, lineterm=b"\n"
    )
    return b"".join(line if line.endswith(b"\n") else line + _NO_NEWLINE for line in lines)


def _lines(data: bytes) -> list[bytes]:
    # splitlines would split at a lone carriage return too
    return [line + b"\n" for line in data.split(b"\n")[:-1]] + [
        tail for tail in data.rsplit(b"\n", 1)[-1:] if tail
    ]
