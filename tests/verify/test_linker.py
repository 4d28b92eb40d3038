from __future__ import annotations

import struct

import pytest
from elves import AARCH64, elf
from handmade import Paths, image
from hypothesis import given
from hypothesis import strategies as st

from imgtool.verify.linker import Problem, find, linker_of, load, read_cache

_PLAIN = elf()
_AN_X = elf(needed=["libx.so.1"])


def _cache(entries: dict[str, str], order: str = "<", old: bytes = b"") -> bytes:
    strings, rows = bytearray(), b""
    base = 48 + 24 * len(entries)
    for name, path in entries.items():
        places = []
        for text in (name, path):
            places.append(base + len(strings))
            strings += text.encode() + b"\0"
        rows += struct.pack(order + "iIIIQ", 0x303, *places, 0, 0)
    flags = b"\x03" if order == ">" else b"\x02"
    head = b"glibc-ld.so.cache1.1" + struct.pack(order + "II", len(entries), len(strings))
    return old + (head + flags).ljust(48, b"\0") + rows + bytes(strings)


@pytest.mark.parametrize(
    ("order", "old"),
    [("<", b""), (">", b""), ("<", b"ld.so-1.7.0\0" + bytes(36))],
    ids=["little", "big", "both"],
)
def test_the_cache_is_read(order: str, old: bytes) -> None:
    entries = {"libx.so.1": "/opt/x/libx.so.1", "liby.so": "/opt/y/liby.so"}
    assert read_cache(_cache(entries, order, old)) == {name: (path,) for name, path in entries.items()}


@given(st.binary(max_size=300))
def test_a_hostile_cache_raises_nothing(data: bytes) -> None:
    read_cache(data)
    read_cache(b"glibc-ld.so.cache1.1" + data)


@pytest.mark.parametrize(
    ("program", "paths", "env", "found"),
    [
        # the default folders, with and without Debian's
        (_AN_X, {"/lib/x86_64-linux-gnu/libx.so.1": _PLAIN}, "", "/lib/x86_64-linux-gnu/libx.so.1"),
        (_AN_X, {"/usr/lib64/libx.so.1": _PLAIN}, "", "/usr/lib64/libx.so.1"),
        (_AN_X, {"/usr/lib/libx.so.1": _PLAIN, "/lib": "usr/lib"}, "", "/lib/libx.so.1"),
        # no folder of the linker's
        (_AN_X, {"/usr/local/lib/libx.so.1": _PLAIN}, "", None),
        (_AN_X, {"/app/libx.so.1": _PLAIN}, "", None),
        # the cache names it, or names what is not there
        (_AN_X, {"/opt/libx.so.1": _PLAIN, "/etc/ld.so.cache": _cache({"libx.so.1": "/opt/libx.so.1"})}, "", "/opt/libx.so.1"),
        (_AN_X, {"/etc/ld.so.cache": _cache({"libx.so.1": "/opt/libx.so.1"})}, "", None),
        # LD_LIBRARY_PATH goes before the cache
        (_AN_X, {"/a/libx.so.1": _PLAIN, "/usr/lib/libx.so.1": _PLAIN}, "/none:/a", "/a/libx.so.1"),
        # RPATH goes before LD_LIBRARY_PATH, RUNPATH behind it
        (elf(needed=["libx.so.1"], rpath="/r"), {"/a/libx.so.1": _PLAIN, "/r/libx.so.1": _PLAIN}, "/a", "/r/libx.so.1"),
        (elf(needed=["libx.so.1"], runpath="/r"), {"/a/libx.so.1": _PLAIN, "/r/libx.so.1": _PLAIN}, "/a", "/a/libx.so.1"),
        # RUNPATH switches RPATH off
        (elf(needed=["libx.so.1"], rpath="/r", runpath="/n"), {"/r/libx.so.1": _PLAIN}, "", None),
        # what stands in search paths for other things
        (elf(needed=["libx.so.1"], runpath="$ORIGIN/../lib"), {"/lib2/x": b"", "/lib/libx.so.1": _PLAIN}, "", "/app/../lib/libx.so.1"),
        (elf(needed=["libx.so.1"], runpath="/o/${LIB}"), {"/o/lib64/libx.so.1": _PLAIN}, "", "/o/lib64/libx.so.1"),
        (elf(needed=["libx.so.1"], rpath="/o/$PLATFORM"), {"/o/x86_64/libx.so.1": _PLAIN}, "", "/o/x86_64/libx.so.1"),
        # a library for newer processors alone
        (_AN_X, {"/usr/lib/glibc-hwcaps/x86-64-v3/libx.so.1": _PLAIN}, "", "/usr/lib/glibc-hwcaps/x86-64-v3/libx.so.1"),
        # a library of another machine, and a text, are passed over
        (_AN_X, {"/lib/libx.so.1": elf(machine=AARCH64), "/usr/lib/libx.so.1": _PLAIN}, "", "/usr/lib/libx.so.1"),
        (_AN_X, {"/lib/libx.so.1": b"INPUT(-lx)"}, "", None),
        # a dangling link
        (_AN_X, {"/lib/libx.so.1": "libx.so.1.2"}, "", None),
        # -z nodefaultlib
        (elf(needed=["libx.so.1"], flags_1=0x800), {"/lib/libx.so.1": _PLAIN}, "", None),
        # a path is no name
        (elf(needed=["/opt/libx.so.1"]), {"/opt/libx.so.1": _PLAIN}, "", "/opt/libx.so.1"),
        # musl
        (_AN_X, {"/lib/ld-musl-x86_64.so.1": _PLAIN, "/usr/local/lib/libx.so.1": _PLAIN}, "", "/usr/local/lib/libx.so.1"),
        (_AN_X, {"/lib/ld-musl-x86_64.so.1": _PLAIN, "/etc/ld-musl-x86_64.path": b"/m\n/n", "/n/libx.so.1": _PLAIN}, "", "/n/libx.so.1"),
    ],
)  # fmt: skip
def test_where_a_library_is_found(program: bytes, paths: Paths, env: str, found: str | None) -> None:
    linker = linker_of(image({"/app/run": program, **paths}, env=[f"LD_LIBRARY_PATH={env}"]))
    made = linker.elf("/app/run")
    assert made is not None
    loaded = load(linker, "/app/run")
    assert loaded.libraries.get(made.needed[0]) == found
    assert (loaded.problems == frozenset()) == (found is not None)


def test_the_rpath_of_those_that_loaded_a_file_counts_for_it() -> None:
    paths: Paths = {
        "/app/run": elf(needed=["liba.so"], rpath="/r"),
        "/r/liba.so": elf(needed=["libb.so"]),
        "/r/libb.so": _PLAIN,
    }
    linker = linker_of(image(paths))
    assert load(linker, "/app/run").problems == frozenset()
    assert load(linker, "/r/liba.so").problems == {Problem("/r/liba.so", "libb.so")}


def test_a_library_that_is_loaded_already_is_not_searched_for() -> None:
    paths: Paths = {
        "/app/run": elf(needed=["libp.so", "libq.so"], runpath="/r"),
        "/r/libp.so": elf(soname="libold.so"),
        "/r/libq.so": elf(needed=["libold.so", "libp.so"]),
    }
    linker = linker_of(image(paths))
    assert load(linker, "/app/run").problems == frozenset()


def test_the_origin_of_a_linked_library_is_the_folder_of_the_link() -> None:
    paths: Paths = {
        "/a/liba.so": "/store/liba.so",
        "/store/liba.so": elf(needed=["libb.so"], runpath="$ORIGIN"),
        "/a/libb.so": _PLAIN,
        "/app/run": elf(needed=["liba.so"], runpath="/a"),
    }
    assert load(linker_of(image(paths)), "/app/run").problems == frozenset()


@pytest.mark.parametrize(
    ("defines", "missing"),
    [
        (["libx.so.1", "X_1", "X_2"], set()),
        (["libx.so.1", "X_1"], {"X_2"}),
        # the linker only warns of a library without versions
        ([], set()),
    ],
)
def test_symbol_versions(defines: list[str], missing: set[str]) -> None:
    program = elf(needed=["libx.so.1"], versions={"libx.so.1": ["X_1", "X_2", "X_3"]}, weak=["X_3"])
    linker = linker_of(image({"/app/run": program, "/lib/libx.so.1": elf(defines=defines)}))
    found = load(linker, "/app/run").problems
    assert found == {Problem("/app/run", "libx.so.1", version) for version in missing}


def test_libraries_that_need_each_other() -> None:
    paths: Paths = {"/lib/liba.so": elf(needed=["libb.so"]), "/lib/libb.so": elf(needed=["liba.so"])}
    linker = linker_of(image(paths))
    assert set(load(linker, "/lib/liba.so").libraries) == {"liba.so", "libb.so"}


def test_what_is_no_elf_file_finds_nothing() -> None:
    assert find(linker_of(image({"/app/run": b"#!/bin/sh"})), "libc.so.6", "/app/run") is None
