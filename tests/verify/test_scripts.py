from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from handmade import Paths, image
from hypothesis import given
from hypothesis import strategies as st

from imgtool.verify import scripts
from imgtool.verify.model import Difference, Status, Weight

_SITE = "/usr/lib/python3.11/site-packages"
_PROGRAM = b"\x7fELF"
_PATH = "PATH=/usr/bin:/bin"
#: what tests start and run
_PROGRAMS = ("/app/x", "/bin/sh", "/usr/bin/env", "/usr/bin/gosu", "/usr/bin/python3", "/entry.sh", "/lib.sh")


def _check(first: Paths, second: Paths, config: Mapping[str, Any] | None = None) -> tuple[Difference, ...]:
    images = [image(paths, config=config, env=[_PATH], executable=_PROGRAMS) for paths in (first, second)]
    made = scripts.check(images[0], images[1], {"/usr/bin/nvcc": "devel-delta"}.get)
    unexplained = [d for d in made.differences if d.weight is Weight.FAIL and d.explained_by is None]
    assert (made.status is Status.FAILED) == bool(unexplained)
    return made.differences


@pytest.mark.parametrize(
    ("kept", "lost", "message"),
    [
        ({"/app/x": "/opt/y"}, {"/opt/y": b""}, "the link leads to /opt/y, which is missing"),
        ({"/app/x": "../opt/y"}, {"/opt/y": b""}, "the link leads to ../opt/y, which is missing"),
        ({"/app/x": b"#!/bin/sh -e\n"}, {"/bin/sh": _PROGRAM}, "its interpreter /bin/sh is missing, so it does not start"),
        ({"/app/x": b"#! /opt/v/bin/python\n"}, {"/opt/v/bin/python": _PROGRAM}, "its interpreter /opt/v/bin/python is missing, so it does not start"),
        (
            {"/app/x": b"#!/usr/bin/env -S A=1 python3 -u\n", "/usr/bin/env": _PROGRAM},
            {"/usr/bin/python3": _PROGRAM},
            "its interpreter python3 is missing, so it does not start",
        ),
        (
            {"/opt/v/pyvenv.cfg": b"home = /usr/bin/py\nversion = 3.11\n"},
            {"/usr/bin/py": None},
            "home of the environment is /usr/bin/py, which is missing",
        ),
        (
            {f"{_SITE}/easy.pth": b"# no\nimport os; x\n/opt/project\n"},
            {"/opt/project": None},
            "it adds /opt/project to sys.path, which is missing",
        ),
        (
            {f"{_SITE}/near.pth": b"../vendored\n"},
            {"/usr/lib/python3.11/vendored": None},
            "it adds ../vendored to sys.path, which is missing",
        ),
        (
            {f"{_SITE}/project.egg-link": b"/src/project\n."},
            {"/src/project": None},
            "the project is installed from /src/project, which is missing",
        ),
        (
            {f"{_SITE}/__editable___p_1_0_finder.py": b"MAPPING = {'p': '/src/p', 'q': 'r'}\n"},
            {"/src/p": None},
            "a package is imported from /src/p, which is missing",
        ),
    ],
)  # fmt: skip
def test_what_a_file_leads_to(kept: Paths, lost: Paths, message: str) -> None:
    assert [(d.weight, d.message) for d in _check({**kept, **lost}, kept)] == [(Weight.FAIL, message)]
    # it never was there, or still is
    assert _check(kept, kept) == ()
    assert _check({**kept, **lost}, {**kept, **lost}) == ()
    # the file that led there is gone too, or new
    assert _check({**kept, **lost}, {}) == ()
    assert _check(lost, kept) == ()


@pytest.mark.parametrize(
    ("paths", "why"),
    [
        ({"/app/text": b"#!/bin/lost\n"}, "it cannot be executed"),
        ({"/app/x": b"#!python lost\n"}, "Linux takes no relative interpreter"),
        ({"/app/x": b"#!"}, "there is none"),
        ({"/app/x.pth": b"/lost\n"}, "no folder of packages"),
        ({f"{_SITE}/__editable__x.py": b"def (:\n'/lost'"}, "it is not Python"),
        ({f"{_SITE}/finder.py": b"'/lost'"}, "it is no finder"),
    ],
)
def test_what_leads_nowhere(paths: Paths, why: str) -> None:
    assert _check({**paths, "/bin/lost": b"", "/lost": None}, paths) == (), why


def test_a_link_to_what_was_dropped_on_purpose_is_explained() -> None:
    (found,) = _check({"/app/x": "/usr/bin/nvcc", "/usr/bin/nvcc": b""}, {"/app/x": "/usr/bin/nvcc"})
    assert found.explained_by == "devel-delta"


_RUNS = "it runs gosu, which is /usr/bin/gosu in the first image and missing in the second"


@pytest.mark.parametrize(
    ("config", "scripts_of_both", "path"),
    [
        ({"Cmd": ["/bin/sh", "-c", "set -e; gosu app run"]}, {}, None),
        ({"Entrypoint": ["gosu", "app"]}, {}, None),
        ({"Healthcheck": {"Test": ["CMD-SHELL", "gosu app true || exit 1"]}}, {}, None),
        ({"Healthcheck": {"Test": ["CMD", "gosu", "app"]}}, {}, None),
        ({"Entrypoint": ["/entry.sh"]}, {"/entry.sh": b'#!/bin/sh\nexec gosu app "$@"\n'}, "/entry.sh"),
        ({"Cmd": ["/bin/sh", "/entry.sh"]}, {"/entry.sh": b"#!/bin/bash\n[ -n x ] && gosu a b\n"}, "/entry.sh"),
        (
            {"Entrypoint": ["/entry.sh"]},
            {"/entry.sh": b"#!/usr/bin/env bash\n. /lib.sh\n", "/lib.sh": b"f() { gosu a; }\n"},
            "/lib.sh",
        ),
    ],
)  # fmt: skip
def test_programs_that_the_start_command_runs(config: Any, scripts_of_both: Paths, path: str | None) -> None:
    both: Paths = {"/bin/sh": _PROGRAM, "/usr/bin/env": _PROGRAM, "/bin/bash": _PROGRAM, **scripts_of_both}
    found = _check({**both, "/usr/bin/gosu": _PROGRAM}, both, config)
    assert (Weight.FAIL, path, _RUNS) in [(d.weight, d.path, d.message) for d in found]
    assert _check(both, both, config) == ()


def test_a_file_that_a_start_script_reads() -> None:
    both: Paths = {"/entry.sh": b"#!/bin/sh\nsource /opt/set_env.sh\ncat /opt/note\n", "/bin/sh": _PROGRAM}
    found = _check({**both, "/opt/set_env.sh": b"", "/opt/note": b""}, both, {"Entrypoint": ["/entry.sh"]})
    assert [(d.weight, d.message) for d in found] == [
        (Weight.FAIL, "source gets /opt/set_env.sh, which is missing"),
        (Weight.WARN, "cat gets /opt/note, which is missing"),
    ]


def test_scripts_that_start_each_other_end() -> None:
    both: Paths = {"/entry.sh": b"#!/bin/sh\n/lib.sh\n", "/lib.sh": b"#!/bin/sh\n/entry.sh\n", "/bin/sh": b""}
    assert _check(both, both, {"Cmd": ["/entry.sh"]}) == ()


@pytest.mark.parametrize(
    "config",
    [{"Cmd": None}, {"Cmd": []}, {"Cmd": [1, ""]}, {"Healthcheck": "x"}, {"Healthcheck": {"Test": []}}],
)
def test_odd_configurations(config: Any) -> None:
    assert _check({}, {}, config) == ()


@given(st.binary(max_size=200))
def test_hostile_texts_raise_nothing(data: bytes) -> None:
    names = [
        "/app/x",
        "/opt/pyvenv.cfg",
        f"{_SITE}/x.pth",
        f"{_SITE}/x.egg-link",
        f"{_SITE}/__editable__x.py",
    ]
    paths: Paths = {name: prefix + data for name in names for prefix in (b"", b"#!/")}
    _check(paths, paths, {"Cmd": ["/app/x"]})
