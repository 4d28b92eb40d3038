from __future__ import annotations

import tracemalloc

import pytest
from handmade import tree

from imgtool.images.packages import apk

_INSTALLED = b"""\
C:Q1pSfbn
P:musl
V:1.2.5-r0
A:x86_64
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
R:libc.musl-x86_64.so.1
F:
R:at-the-root

P:meta
V:1

V:nameless
"""
_MUSL = ("musl", "1.2.5-r0", ["/lib/ld-musl-x86_64.so.1", "/lib/libc.musl-x86_64.so.1", "/at-the-root"])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"\xff\0\n\n", []),
        (b"P:\n", []),
        (_INSTALLED, [_MUSL, ("meta", "1", [])]),
    ],
)
@pytest.mark.parametrize("place", ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"])
def test_packages(data: bytes, expected: list[tuple[str, str, list[str]]], place: str) -> None:
    found = apk.packages(tree({place: data}))
    assert [(one.name, one.version, list(one.paths)) for one in found] == expected


def test_one_database_with_two_names_is_read_once() -> None:
    there = tree({"/usr/lib/apk/db/installed": _INSTALLED, "/lib": "usr/lib"})
    assert len(list(apk.packages(there))) == 2


def test_a_package_takes_no_more_memory_than_its_text() -> None:
    long = b"P:a\nF:" + b"x" * (1 << 20) + b"\n" + b"R:b\n" * 100_000
    (one,) = apk.packages(tree({"/lib/apk/db/installed": long}))
    assert list(one.paths) == []
    tracemalloc.start()
    (one,) = apk.packages(tree({"/lib/apk/db/installed": b"P:a\nF:lib\n" + b"R:b\n" * 200_000}))
    assert sum(1 for _ in one.paths) == 200_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20
