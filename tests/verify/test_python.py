from __future__ import annotations

import pytest
from handmade import Paths, image, tree
from hypothesis import given
from hypothesis import strategies as st

from imgtool.verify import python
from imgtool.verify.model import Status, Weight

_SITE = "/usr/local/lib/python3.11/dist-packages"
_DEBIAN = "/usr/lib/python3/dist-packages"


def _dist(name: str, version: str, *requires: str, site: str = _SITE, files: tuple[str, ...] = ()) -> Paths:
    lines = "".join(f"Requires-Dist: {one}\n" for one in requires)
    folder = f"{site}/{name}-{version}.dist-info"
    made: dict[str, bytes | str | None] = {
        folder: None,
        f"{folder}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{lines}\nText: x\n".encode(),
        f"{folder}/RECORD": "".join(f'"{file}",,\n' for file in files).encode(),
    }
    return made


def _found(first: Paths, second: Paths) -> list[tuple[Weight, str, str | None]]:
    rules = {f"{_DEBIAN}/wheel-1.dist-info": "build-package", f"{_SITE}/p/dropped.c": "caches"}
    made = python.check(image(first), image(second), rules.get)
    failed = any(d.weight is Weight.FAIL and d.explained_by is None for d in made.differences)
    assert (made.status is Status.FAILED) == failed
    return [(d.weight, d.message, d.explained_by) for d in made.differences]


_NUMPY = _dist("numpy", "2.1.0", files=("numpy/__init__.py", "../../../bin/f2py", "numpy/x.pyc"))
_FILES: Paths = {f"{_SITE}/numpy/__init__.py": b"", "/usr/local/bin/f2py": b""}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {}),
        ({**_NUMPY, **_FILES}, {**_NUMPY, **_FILES}),
        # a file that never was there; what Python compiles itself
        (_NUMPY, _NUMPY),
        ({**_NUMPY, **_FILES, f"{_SITE}/numpy/x.pyc": b""}, {**_NUMPY, **_FILES}),
        # installed beside Debian's packages instead of among them
        (_dist("a", "1", site=_DEBIAN), _dist("a", "1")),
        # an egg and a wheel
        (
            {
                f"{_SITE}/a-1-py3.11.egg": None,
                f"{_SITE}/a-1-py3.11.egg/EGG-INFO/PKG-INFO": b"Name: a\nVersion: 1\n",
            },
            _dist("a", "1"),
        ),
        # names have many spellings
        (_dist("My_Lib", "1"), _dist("my-lib", "1")),
        # a requirement that never was met, or holds elsewhere
        (_dist("a", "1", "b"), _dist("a", "1", "b")),
        # no distribution at all
        ({f"{_SITE}/x.dist-info": None}, {}),
        ({f"{_SITE}/x.dist-info/METADATA": b"Name: x\n\nVersion: 1\n"}, {}),
        ({"/app/a-1.dist-info/METADATA": b"Name: a\nVersion: 1\n"}, {}),
    ],
)
def test_no_difference(first: Paths, second: Paths) -> None:
    assert _found(first, second) == []


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (_dist("a", "1"), {}, (Weight.FAIL, "a 1 is not installed", None)),
        (_dist("a", "1"), _dist("a", "1", site="/opt/v/lib/python3.11/site-packages"), (Weight.FAIL, "a 1 is not installed", None)),
        (_dist("wheel", "1", site=_DEBIAN), {}, (Weight.FAIL, "wheel 1 is not installed", "build-package")),
        (_dist("a", "1"), _dist("a", "2"), (Weight.FAIL, "a is 2 instead of 1", None)),
        # what only builds, and came with a package that goes
        (_dist("wheel", "1", site=_DEBIAN), _dist("wheel", "2"), (Weight.FAIL, "wheel is 2 instead of 1", "build-package")),
        (_dist("wheel", "1"), _dist("wheel", "2"), (Weight.FAIL, "wheel is 2 instead of 1", None)),
        (_dist("b", "1"), {**_dist("b", "1"), **_dist("a", "1")}, (Weight.NOTE, "a 1 is new", None)),
        (
            {**_NUMPY, **_FILES},
            {**_NUMPY, f"{_SITE}/numpy/__init__.py": b""},
            (Weight.FAIL, "a file of numpy 2.1.0 is missing", None),
        ),
        ({**_NUMPY, **_FILES}, _NUMPY, (Weight.FAIL, "2 files of numpy 2.1.0 are missing", None)),
        (
            {**_dist("p", "1", files=("p/dropped.c",)), f"{_SITE}/p/dropped.c": b""},
            _dist("p", "1", files=("p/dropped.c",)),
            (Weight.FAIL, "a file of p 1 is missing", "caches"),
        ),
        (
            {f"{_SITE}/old.egg-info": b"Name: old\nVersion: 3\n"},
            {f"{_SITE}/old.egg-info": b"Name: old\nVersion: 4\n"},
            (Weight.FAIL, "old is 4 instead of 3", None),
        ),
    ],
)  # fmt: skip
def test_one_difference(first: Paths, second: Paths, expected: tuple[Weight, str, str | None]) -> None:
    assert _found(first, second) == [expected]


@pytest.mark.parametrize(
    ("requirement", "met"),
    [
        ("b>=1", False),
        ("B", False),
        ("b>=2", True),
        ("b; python_version < '3.10'", True),
        ("b; python_version >= '3.11' and platform_machine == 'x86_64'", False),
        ("b; extra == 'test'", True),
        ("b; sys_platform == 'win32'", True),
        ("b (", True),
        ("b; unknown == '1'", True),
    ],
)
def test_requirements_that_were_met(requirement: str, met: bool) -> None:
    one = _dist("a", "1", requirement)
    lost = [message for _, message, _ in _found({**one, **_dist("b", "1.5")}, one) if "requires" in message]
    assert (lost == []) == met


def test_environments_are_told_apart() -> None:
    paths: Paths = {
        **_dist("a", "1", site=_DEBIAN),
        **_dist("a", "2"),
        **_dist("a", "3", site="/opt/v/lib/python3.12/site-packages"),
        "/usr/bin/python3": "python3.11",
        "/usr/bin/python3.11": b"",
    }
    found = python.environments(tree(paths))
    assert {(one.prefix, one.python, one.distributions["a"].version) for one in found.values()} == {
        ("/usr", "3.11", "2"),
        ("/opt/v", "3.12", "3"),
    }


@pytest.mark.parametrize(
    ("paths", "prefix"),
    [
        ({"/usr/local/bin/python3": b""}, "/usr/local"),
        # that of Red Hat's own Python
        ({}, "/usr"),
    ],
)
def test_whose_packages_lie_in_usr_local(paths: Paths, prefix: str) -> None:
    site = "/usr/local/lib/python3.11/site-packages"
    assert list(python.environments(tree({site: None, **paths}))) == [prefix]


def test_the_version_of_debians_python_is_that_of_its_link() -> None:
    paths: Paths = {
        **_dist("a", "1", site=_DEBIAN),
        "/usr/bin/python3": "python3.13",
        "/usr/bin/python3.13": b"",
    }
    assert python.environments(tree(paths))["/usr"].python == "3.13"


@given(st.binary(max_size=200))
def test_hostile_metadata_raises_nothing(data: bytes) -> None:
    folder = f"{_SITE}/a-1.dist-info"
    paths: Paths = {
        folder: None,
        f"{folder}/METADATA": b"Name: a\nVersion: 1\nRequires-Dist: " + data,
        f"{folder}/RECORD": data,
    }
    python.check(image(paths), image(paths), lambda _: None)
