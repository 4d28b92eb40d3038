from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from elves import AARCH64, I386, POWERPC, X86_64, elf
from hypothesis import given
from hypothesis import strategies as st

from imgtool.verify.elf import MAX_DATA, Elf, ElfError, Reader, named_libraries, read_elf

_WHOLE = elf(
    needed=["libc.so.6", "libm.so.6"],
    soname="libx.so.1",
    rpath="$ORIGIN:/opt/lib",
    interpreter="/lib64/ld-linux-x86-64.so.2",
    versions={"libc.so.6": ["GLIBC_2.4", "GLIBC_2.38"], "libm.so.6": ["GLIBC_2.29"]},
    defines=["libx.so.1", "X_1.0", "X_1.1"],
    data=b"usage\0libnccl.so.2\0",
)


def _reader(data: bytes) -> Reader:
    return lambda offset, size: data[offset : offset + size]


@pytest.mark.parametrize(
    ("wide", "order", "machine"),
    [(True, "<", X86_64), (True, ">", AARCH64), (False, "<", I386), (False, ">", POWERPC)],
)
def test_both_classes_in_both_byte_orders(wide: bool, order: str, machine: int) -> None:
    made = elf(
        needed=["liba.so.1", "libb.so"],
        soname="libx.so.1",
        runpath="$ORIGIN/../lib:/opt",
        interpreter="/lib/ld.so.1",
        versions={"liba.so.1": ["A_1", "A_2"]},
        weak=["A_2"],
        defines=["libx.so.1", "X_1"],
        data=b"\0libd.so.3\0",
        machine=machine,
        wide=wide,
        order=order,
    )
    assert read_elf(_reader(made)) == Elf(
        machine=(machine, 2 if wide else 1, order == "<"),
        interpreter="/lib/ld.so.1",
        soname="libx.so.1",
        needed=("liba.so.1", "libb.so"),
        runpath=("$ORIGIN/../lib", "/opt"),
        versions={"liba.so.1": frozenset({"A_1"})},
        defines=frozenset({"X_1"}),
    )
    assert named_libraries(_reader(made)) == {"libd.so.3"}


def test_a_file_without_a_dynamic_section_needs_nothing() -> None:
    made = bytearray(elf(needed=["liba.so"]))
    made[64 + 56 : 64 + 60] = b"\0\0\0\0"
    assert read_elf(_reader(bytes(made))) == Elf((X86_64, 2, True))


def test_nodeflib_is_read() -> None:
    assert not read_elf(_reader(elf(flags_1=0x800))).default_folders


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\0libcublas.so.12\0", {"libcublas.so.12"}),
        (b"x\0libcudart.so.11.0\0libnvrtc.so\0", {"libcudart.so.11.0", "libnvrtc.so"}),
        (b"\0/opt/x/libfoo-2.1.so\0", {"libfoo-2.1.so"}),
        (b"libatstart.so\0", {"libatstart.so"}),
        (b"\0see libfoo.so for more\0", set()),
        (b"\0_libfoo.so\0", set()),
        (b"\0libfoo.so.\0", set()),
        (b"\0lib" + b"a" * 200 + b".so\0", set()),
        (b"\0libcut.so", set()),
    ],
)
def test_names_of_libraries_in_constants(data: bytes, expected: set[str]) -> None:
    # what follows in the file must not end a string that the section cuts
    assert named_libraries(_reader(elf(data=data + b"x"))) == expected


def test_no_more_data_is_searched_than_allowed() -> None:
    asked: list[int] = []

    def read(offset: int, size: int) -> bytes:
        asked.append(size)
        return elf(data=b"libfoo.so\0")[offset : offset + size]

    named_libraries(read)
    assert max(asked) <= MAX_DATA


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x7fELF",
        b"#!/bin/sh\n" * 20,
        b"\x7fELF\x03\x01" + bytes(60),
        _WHOLE[:100],
        _WHOLE[:300],
        _WHOLE[:56] + b"\xff\xff" + _WHOLE[58:],
        _WHOLE[:32] + b"\xff" * 8 + _WHOLE[40:],
    ],
)
def test_what_is_no_elf_file_is_said_to_be_none(data: bytes) -> None:
    with pytest.raises(ElfError):
        read_elf(_reader(data))


@given(st.binary(max_size=400))
def test_hostile_bytes_raise_nothing_else(data: bytes) -> None:
    _read_both(b"\x7fELF" + data)


@given(
    st.lists(st.tuples(st.integers(0, len(_WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=12),
    st.integers(0, len(_WHOLE)),
)
def test_damaged_files_raise_nothing_else(changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(_WHOLE)
    for at, value in changes:
        data[at] = value
    _read_both(bytes(data))
    _read_both(bytes(data[:cut]))


def _read_both(data: bytes) -> None:
    for reader in (read_elf, named_libraries):
        try:
            reader(_reader(data))
        except ElfError:
            continue


@pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no C compiler")
def test_what_a_compiler_makes(tmp_path: Path) -> None:
    source = tmp_path / "x.c"
    source.write_text('#include <stdio.h>\nint f(void) { return puts("libdlopened.so.7"); }\n')
    library = tmp_path / "libx.so"
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-Wl,-soname,libx.so.1,-rpath,$ORIGIN/y", "-o", library, source],
        check=True,
    )
    data = library.read_bytes()
    found = read_elf(_reader(data))
    assert found.soname == "libx.so.1"
    assert found.needed == ("libc.so.6",)
    assert "$ORIGIN/y" in (*found.rpath, *found.runpath)
    assert found.versions["libc.so.6"]
    assert named_libraries(_reader(data)) == {"libdlopened.so.7"}
