from __future__ import annotations

import pytest
from elves import AARCH64, elf
from handmade import Paths, image

from imgtool.verify import libraries
from imgtool.verify.model import Status, Weight

_PLAIN = elf()
_LOADER = "/lib64/ld-linux-x86-64.so.2"
_PYTHON: Paths = {"/usr/bin/python3": elf()}
_CONDA: Paths = {"/env/conda-meta/history": b""}
_SITE = "/usr/lib/python3/dist-packages"
_BLAS = elf(needed=["libcublas.so.12"])


def _nothing(_: str) -> None:
    return None


def _found(first: Paths, second: Paths, env: str = "") -> list[tuple[Weight, str | None, str]]:
    images = [image(paths, env=[env] if env else ()) for paths in (first, second)]
    made = libraries.check(images[0], images[1], _nothing)
    assert (made.status is Status.FAILED) == any(d.weight is Weight.FAIL for d in made.differences)
    return [(d.weight, d.path, d.message) for d in made.differences]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # it was missing before
        ({"/app/x.so": _BLAS}, {"/app/x.so": _BLAS}),
        # the driver brings it
        (
            {"/app/x.so": elf(needed=["libcuda.so.1"]), "/usr/lib/libcuda.so.1": _PLAIN},
            {"/app/x.so": elf(needed=["libcuda.so.1"])},
        ),
        (
            {"/app/x.so": elf(needed=["libascend_hal.so"]), "/usr/lib/libascend_hal.so": _PLAIN},
            {"/app/x.so": elf(needed=["libascend_hal.so"])},
        ),
        (
            {"/app/x.so": elf(needed=["libdcmi.so"]), "/usr/lib/libdcmi.so": _PLAIN},
            {"/app/x.so": elf(needed=["libdcmi.so"])},
        ),
        # it is found in another place
        (
            {"/app/x.so": _BLAS, "/usr/lib/libcublas.so.12": _PLAIN},
            {"/app/x.so": _BLAS, "/usr/lib64/libcublas.so.12": _PLAIN},
        ),
        # what needed it is gone too
        ({"/app/x.so": _BLAS, "/usr/lib/libcublas.so.12": _PLAIN}, {}),
        # the names that a program knows are there, or never were
        ({"/app/x.so": elf(data=b"\0libz.so.1\0")}, {"/app/x.so": elf(data=b"\0libz.so.1\0")}),
    ],
)
def test_no_difference(first: Paths, second: Paths) -> None:
    assert _found(first, second) == []


@pytest.mark.parametrize(
    ("first", "second", "weight", "message"),
    [
        (
            {"/app/x.so": _BLAS, "/usr/lib/libcublas.so.12": _PLAIN},
            {"/app/x.so": _BLAS},
            Weight.FAIL,
            "it needs libcublas.so.12, which is missing",
        ),
        # a library of another machine is none
        (
            {"/app/x.so": _BLAS, "/usr/lib/libcublas.so.12": _PLAIN},
            {"/app/x.so": _BLAS, "/usr/lib/libcublas.so.12": elf(machine=AARCH64)},
            Weight.FAIL,
            "it needs libcublas.so.12, which is in /usr/lib, where the linker does not look (ldconfig?)",
        ),
        # there, and not where the linker looks
        (
            {"/app/x.so": _BLAS, "/usr/lib/libcublas.so.12": _PLAIN},
            {"/app/x.so": _BLAS, "/opt/libcublas.so.12": _PLAIN},
            Weight.FAIL,
            "it needs libcublas.so.12, which is in /opt, where the linker does not look (ldconfig?)",
        ),
        # a start script says where it is: there is nothing that it could say any more
        (
            {"/app/x.so": _BLAS, "/opt/set/by/env.sh/libcublas.so.12": _PLAIN},
            {"/app/x.so": _BLAS},
            Weight.FAIL,
            "it needs libcublas.so.12, which is missing",
        ),
        # what a library needs that is another one here
        (
            {"/app/x.so": elf(needed=["liba.so"]), "/usr/lib/liba.so": _PLAIN},
            {"/app/x.so": elf(needed=["liba.so"]), "/lib/liba.so": elf(needed=["libb.so"])},
            Weight.FAIL,
            "it needs libb.so, which is missing",
        ),
        (
            {
                "/app/x.so": elf(needed=["liba.so"], versions={"liba.so": ["A_2"]}),
                "/lib/liba.so": elf(defines=["liba.so", "A_1", "A_2"]),
            },
            {
                "/app/x.so": elf(needed=["liba.so"], versions={"liba.so": ["A_2"]}),
                "/lib/liba.so": elf(defines=["liba.so", "A_1"]),
            },
            Weight.FAIL,
            "it needs A_2 of liba.so, which the library there does not have",
        ),
        (
            {"/app/run": elf(interpreter=_LOADER), _LOADER: _PLAIN},
            {"/app/run": elf(interpreter=_LOADER)},
            Weight.FAIL,
            f"its interpreter {_LOADER} is missing, so it does not start",
        ),
        # a file that only the second image has
        ({}, {"/app/x.so": _BLAS}, Weight.WARN, "it needs libcublas.so.12, which is missing"),
        # a name that the program may load later
        (
            {"/app/x.so": elf(data=b"\0libcublas.so.12\0"), "/usr/lib/libcublas.so.12": _PLAIN},
            {"/app/x.so": elf(data=b"\0libcublas.so.12\0")},
            Weight.FAIL,
            "it names libcublas.so.12, which is missing: it may load it later",
        ),
        (
            {"/app/x.py": b"CDLL('libcublas.so.12')", "/usr/lib/libcublas.so.12": _PLAIN, **_PYTHON},
            {"/app/x.py": b"CDLL('libcublas.so.12')", **_PYTHON},
            Weight.FAIL,
            "it names libcublas.so.12, which is missing: it may load it later",
        ),
        # likewise one of conda's
        (
            {"/env/lib/x.so": elf(data=b"\0libgpm.so.2\0"), "/usr/lib/libgpm.so.2": _PLAIN, **_CONDA},
            {"/env/lib/x.so": elf(data=b"\0libgpm.so.2\0"), **_CONDA},
            Weight.WARN,
            "it names libgpm.so.2, which is missing: it may load it later",
        ),
        # a package, which may do without
        (
            {f"{_SITE}/x.py": b'CDLL("libcublas.so.12")', "/usr/lib/libcublas.so.12": _PLAIN, **_PYTHON},
            {f"{_SITE}/x.py": b'CDLL("libcublas.so.12")', **_PYTHON},
            Weight.WARN,
            "it names libcublas.so.12, which is missing: it may load it later",
        ),
    ],
)
def test_one_difference(first: Paths, second: Paths, weight: Weight, message: str) -> None:
    assert [(w, m) for w, _, m in _found(first, second)] == [(weight, message)]


def test_one_difference_a_library_however_many_need_it() -> None:
    both: Paths = {f"/app/{name}.so": _BLAS for name in "cab"}
    found = _found({**both, "/usr/lib/libcublas.so.12": _PLAIN}, both)
    assert found == [
        (Weight.FAIL, "/app/a.so", "it needs libcublas.so.12, which is missing (3 files need it)")
    ]


def test_the_library_path_of_the_configuration_counts() -> None:
    paths: Paths = {"/app/x.so": _BLAS, "/opt/cuda/libcublas.so.12": _PLAIN}
    assert _found(paths, paths, "LD_LIBRARY_PATH=/opt/cuda") == []
    second = image(paths)
    made = libraries.check(image(paths, env=["LD_LIBRARY_PATH=/opt/cuda"]), second, _nothing)
    assert [d.message for d in made.differences] == [
        "it needs libcublas.so.12, which is in /opt/cuda, where the linker does not look (ldconfig?)"
    ]
