from __future__ import annotations

import pytest
from handmade import Paths, image
from rpmdbs import package, sqlite

from imgtool.verify.model import Difference, Weight
from imgtool.verify.owners import Remedy, of_log, remedy

_STATUS = b"".join(
    b"Package: %s\nStatus: install ok installed\nVersion: 1\n\n" % name
    for name in (b"libgomp1", b"gcc", b"gcc-12", b"libcublas-12-1", b"ffmpeg")
)
_LIBRARIES = "/usr/lib/x86_64-linux-gnu"
_BEFORE: Paths = {
    "/var/lib/dpkg/status": _STATUS,
    "/var/lib/dpkg/info/libgomp1:amd64.list": f"{_LIBRARIES}/libgomp.so.1\n{_LIBRARIES}/libgomp.so.1.0.0\n".encode(),
    "/var/lib/dpkg/info/gcc.list": b"/usr/bin/gcc\n",
    "/var/lib/dpkg/info/gcc-12.list": b"/usr/bin/gcc-12\n",
    "/var/lib/dpkg/info/ffmpeg.list": b"/usr/bin/ffmpeg\n",
    "/var/lib/dpkg/info/libcublas-12-1.list": f"{_LIBRARIES}/libcublas.so.12\n".encode(),
    f"{_LIBRARIES}/libgomp.so.1": "libgomp.so.1.0.0",
    f"{_LIBRARIES}/libgomp.so.1.0.0": b"",
    f"{_LIBRARIES}/libcublas.so.12": b"",
    "/lib": "usr/lib",
    "/usr/bin/gcc": "gcc-12",
    "/usr/bin/gcc-12": b"",
    "/usr/bin/ffmpeg": b"",
    "/usr/local/cuda/lib64/libcufft.so.11": b"",
    "/opt/tool": b"",
}


@pytest.mark.parametrize(
    ("lost", "expected"),
    [
        (f"{_LIBRARIES}/libgomp.so.1", Remedy(("libgomp1",))),
        ("/lib/x86_64-linux-gnu/libgomp.so.1.0.0", Remedy(("libgomp1",))),
        # the link's package, which keeps the name that is asked for
        ("/usr/bin/gcc", Remedy(("gcc",))),
        ("/usr/local/cuda/lib64/libcufft.so.11", Remedy(accelerator=True)),
        (f"{_LIBRARIES}/libcublas.so.12", Remedy(accelerator=True)),
        ("/opt/tool", Remedy(unknown=("/opt/tool",))),
    ],
)
def test_what_brings_a_path_back(lost: str, expected: Remedy) -> None:
    one = Difference("libraries", Weight.FAIL, "/app/x.so", "it is missing", lost=lost)
    assert remedy(image(_BEFORE), image({}), [one]) == expected


_RPMS = sqlite([package("libgomp", "/usr/lib64/libgomp.so.1.0.0"), package("glibc", "/lib64/libc.so.6")])
_FEDORA: Paths = {
    "/usr/lib/sysimage/rpm/rpmdb.sqlite": _RPMS,
    "/usr/lib64/libgomp.so.1": "libgomp.so.1.0.0",
    "/usr/lib64/libgomp.so.1.0.0": b"",
    "/usr/lib64/libc.so.6": b"",
    "/lib64": "usr/lib64",
}


@pytest.mark.parametrize(
    ("lost", "expected"),
    [
        ("/usr/lib64/libgomp.so.1", Remedy(("libgomp",))),
        ("/lib64/libgomp.so.1.0.0", Remedy(("libgomp",))),
        ("/usr/lib64/libc.so.6", Remedy(("glibc",))),
        ("/opt/tool", Remedy(unknown=("/opt/tool",))),
    ],
)
def test_what_brings_a_path_of_rpm_back(lost: str, expected: Remedy) -> None:
    one = Difference("libraries", Weight.FAIL, "/app/x.so", "it is missing", lost=lost)
    assert remedy(image(_FEDORA), image({}), [one]) == expected


def test_a_package_of_rpm_that_is_there_does_not_help() -> None:
    after = image({"/var/lib/rpm/rpmdb.sqlite": sqlite([package("libgomp")])})
    one = Difference(
        "libraries", Weight.FAIL, "/app/x.so", "it is missing", lost="/usr/lib64/libgomp.so.1.0.0"
    )
    assert remedy(image(_FEDORA), after, [one]) == Remedy(unknown=("/usr/lib64/libgomp.so.1.0.0",))


@pytest.mark.parametrize(
    "one",
    [
        Difference("libraries", Weight.WARN, None, "only a warning", lost="/usr/bin/ffmpeg"),
        Difference("libraries", Weight.FAIL, None, "explained", "devel-delta", "/usr/bin/ffmpeg"),
        Difference("config", Weight.FAIL, None, "about no path"),
        Difference("files", Weight.FAIL, "/usr/bin/there", "its mode changed"),
    ],
)
def test_what_needs_no_package(one: Difference) -> None:
    assert remedy(image(_BEFORE), image({"/usr/bin/there": b""}), [one]) == Remedy()


def test_a_package_that_is_there_does_not_help() -> None:
    after = image({"/var/lib/dpkg/status": b"Package: ffmpeg\nStatus: install ok installed\nVersion: 1\n"})
    one = Difference("files", Weight.FAIL, "/usr/bin/ffmpeg", "it is gone")
    assert remedy(image(_BEFORE), after, [one]) == Remedy(unknown=("/usr/bin/ffmpeg",))


@pytest.mark.parametrize(
    ("line", "packages"),
    [
        ("#9 0.3 /bin/sh: 1: ffmpeg: not found", ("ffmpeg",)),
        ("#9 0.3 /bin/bash: line 1: ffmpeg: command not found", ("ffmpeg",)),
        (
            "#9 ImportError: libgomp.so.1: cannot open shared object file: No such file or directory",
            ("libgomp1",),
        ),
        ("\tlibgomp.so.1 => not found", ("libgomp1",)),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'gcc'", ("gcc",)),
        ("nothing: is wrong", ()),
        ("../../etc/passwd: not found", ()),
    ],
)
def test_what_a_failed_build_misses(line: str, packages: tuple[str, ...]) -> None:
    assert of_log(image(_BEFORE, env=["PATH=/usr/bin:/bin"]), [line]).packages == packages
