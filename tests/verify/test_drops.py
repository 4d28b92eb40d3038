# ruff: noqa: S108 - folders of images
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from handmade import Paths, image, tree

from imgtool.values import replace
from imgtool.verify.drops import Bases, Gone, Named, gone

_NONE = tree({})
_PASSWD = b"root:x:0:0::/root:/bin/bash\napp:x:1000:1000::/home/app:/bin/sh\n"


def _gone(paths: Paths, kept: Paths | None = None, config: Mapping[str, Any] | None = None) -> Gone:
    kept = kept or {}
    before = image({"/etc/passwd": _PASSWD, **kept, **paths}, config=config)
    return gone(before, image({"/etc/passwd": _PASSWD, **kept}), Bases(_NONE, _NONE))


@pytest.mark.parametrize(
    "path, rule",
    [
        ("/var/lib/apt/lists/x", "package-caches"),
        ("/var/cache/apt/archives/x.deb", "package-caches"),
        ("/var/log/dpkg.log", "package-caches"),
        ("/root/.cache/pip/http/x", "package-caches"),
        ("/home/app/.cache/pip/http/x", "package-caches"),
        ("/tmp/x/y", "scratch"),
        ("/app/__pycache__/x.cpython-311.pyc", "byte-code"),
        ("/src/x.o", "build-by-product"),
        ("/src/CMakeFiles/3.25/y", "build-by-product"),
        ("/src/build/temp.linux-x86_64-cpython-311/x", "build-by-product"),
        ("/usr/lib/python3/dist-packages/x-1.dist-info/direct_url.json", "install-record"),
    ],
)
def test_what_may_go_by_its_place_or_name(path: str, rule: str) -> None:
    assert _gone({path: b"data"}).why(path) == rule


@pytest.mark.parametrize(
    "path",
    [
        # models lie there
        "/root/.cache/huggingface/hub/x",
        "/home/other/.cache/pip/x",
        # loaded without its source
        "/app/x.pyc",
        # what a build is for
        "/src/build/libx.so",
        "/src/libx.a",
        "/src/main.cpp",
        "/usr/lib/python3/dist-packages/x-1.dist-info/METADATA",
        "/app/x",
        "/usr/local/lib/libx.so.1",
        "/var/lib/app/x",
        "/tmpx",
    ],
)
def test_what_must_not_go(path: str) -> None:
    made = _gone({path: b"data"})
    assert made.why(path) is None
    assert path in made.paths


@pytest.mark.parametrize(
    "config",
    [
        {"Cmd": ["python", "/tmp/app/run.py"]},
        {"Cmd": ["/bin/sh", "-c", "cd /tmp/app && ./run.py"]},
        {"Cmd": ["./run.py"], "WorkingDir": "/tmp/app"},
        {"Env": ["HOME=/tmp/app"]},
        {"Volumes": {"/tmp/app": {}}},
    ],
)
def test_a_temporary_folder_that_the_configuration_names_is_none(config: Mapping[str, Any]) -> None:
    paths: Paths = {"/tmp/app/run.py": b"x", "/tmp/app/helper.py": b"x", "/tmp/y": b"x"}
    assert _gone(paths, config=config).rules == {"/tmp/y": "scratch"}


def test_sources_keep_their_metadata_unless_a_project_is_there() -> None:
    path = "/src/x.egg-info/PKG-INFO"
    assert _gone({path: b""}).why(path) is None
    assert _gone({path: b""}, {"/src/setup.py": b""}).why(path) == "build-by-product"


def test_copies_of_sources_in_the_build_folder_of_a_project_may_go() -> None:
    copies: Paths = {"/src/build/lib/x/a.py": b"", "/src/build/lib/x/made.py": b""}
    kept: Paths = {"/src/pyproject.toml": b"", "/src/x/a.py": b""}
    found = _gone(copies, kept).rules
    assert found.get("/src/build/lib/x/a.py") == "build-by-product"
    assert "/src/build/lib/x/made.py" not in found
    assert not _gone(copies, {"/src/x/a.py": b""}).rules


def test_the_delta_of_the_bases() -> None:
    devel = tree({"/usr/include/x.h": b"x", "/usr/bin/y": b"y", "/both": b""})
    paths = {
        path: b"changed" if path == "/usr/bin/y" else b"x"
        for path in ("/usr/include/x.h", "/usr/bin/y", "/own")
    }
    before, after = image(paths), image({})
    # unchanged paths are the base image's own nodes
    nodes = {**before.tree.nodes, "/usr/include/x.h": devel.nodes["/usr/include/x.h"]}
    changed = replace(before, tree=replace(before.tree, nodes=nodes))
    made = gone(changed, after, Bases(devel, tree({"/both": b""})))
    assert made.rules == {"/usr/include/x.h": "devel-delta", "/usr/include": "devel-delta"}


def _status(*packages: str) -> bytes:
    rows = (text.partition(": ")[::2] for text in packages)
    return "\n\n".join(
        f"Package: {name}\nStatus: install ok installed\nVersion: 1\n{more}" for name, more in rows
    ).encode()


_MARKS = "/var/lib/apt/extended_states"


@pytest.mark.parametrize(
    "before, automatic, after, expected",
    [
        # only compiles
        (["gcc"], [], [], {"gcc": "build-only"}),
        # wanted by the author
        (["ffmpeg"], [], [], {"ffmpeg": None}),
        # came with a compiler, and nothing else needs it
        (
            ["gcc: Depends: libisl23", "libisl23"],
            ["libisl23"],
            [],
            {"gcc": "build-only", "libisl23": "brought-along"},
        ),
        (["gcc: Recommends: libx", "libx"], ["libx"], [], {"gcc": "build-only", "libx": "brought-along"}),
        # what stays needs it as well
        (
            ["gcc: Depends: libx", "app: Depends: libx", "libx"],
            ["libx"],
            ["app"],
            {"gcc": "build-only", "libx": None},
        ),
        # so does what is gone without a reason
        (["ffmpeg: Depends: libx", "libx"], ["libx"], [], {"ffmpeg": None, "libx": None}),
        # whose absence no check of programs shows
        (
            ["gcc: Recommends: ca-certificates", "ca-certificates"],
            ["ca-certificates"],
            [],
            {"gcc": "build-only", "ca-certificates": None},
        ),
    ],
)
def test_packages_that_are_gone(
    before: list[str], automatic: list[str], after: list[str], expected: dict[str, str | None]
) -> None:
    marks = "\n\n".join(f"Package: {name}\nAuto-Installed: 1" for name in automatic).encode()
    images = [image({"/var/lib/dpkg/status": _status(*names), _MARKS: marks}) for names in (before, after)]
    assert gone(images[0], images[1], Bases(_NONE, _NONE)).packages == expected


def _with_gcc(*named: Named) -> Gone:
    before = image(
        {
            "/var/lib/dpkg/status": _status("gcc", "app"),
            "/var/lib/dpkg/info/gcc.list": b"/usr/bin/gcc\n/usr/share/gcc\n/usr/share\n",
            "/var/lib/dpkg/info/app.list": b"/usr/bin/app\n/usr/share\n",
            "/usr/bin/gcc": b"x",
            "/usr/bin/cc": "/etc/alternatives/cc",
            "/etc/alternatives/cc": "/usr/bin/gcc",
            "/usr/bin/app": b"x",
            "/usr/share/gcc": None,
        }
    )
    after = image(
        {"/var/lib/dpkg/status": b"", "/usr/bin": None, "/etc/alternatives": None, "/var/lib/dpkg/info": None}
    )
    return gone(before, after, Bases(_NONE, _NONE), named)


def test_paths_links_and_folders_go_with_their_package() -> None:
    rules = _with_gcc().rules
    for path in (
        "/usr/bin/gcc",
        "/usr/bin/cc",
        "/etc/alternatives/cc",
        "/usr/share/gcc",
        "/var/lib/dpkg/info/gcc.list",
    ):
        assert rules[path] == "build-only"
    assert "/usr/bin/app" not in rules


def test_drops_by_name() -> None:
    rules = _with_gcc(Named("named", "package:app"), Named("plan", "/usr/bin/g*")).rules
    assert rules["/usr/bin/app"] == "named"
    assert rules["/usr/bin/gcc"] == "plan"


def test_a_folder_goes_only_with_all_that_is_in_it() -> None:
    made = _gone({"/src/x.o": b"", "/src/deep/y.o": b"", "/src2/x.o": b"", "/src2/main.c": b""})
    assert {path for path in made.paths if path not in made.rules} == {"/src2", "/src2/main.c"}


def test_what_is_reached_through_a_link_is_there() -> None:
    before, after = image({"/lib/x": b""}), image({"/usr/lib/x": b"", "/lib": "usr/lib"})
    assert gone(before, after, Bases(_NONE, _NONE)).paths.keys() == set()


def test_an_empty_folder_goes_with_the_package_whose_script_makes_it() -> None:
    status = b"Package: g++\nStatus: install ok installed\nVersion: 1\n"
    paths: Paths = {
        "/var/lib/dpkg/status": status,
        "/var/lib/dpkg/info/g++.postinst": b"#!/bin/sh\nmkdir -p /usr/local/share/made\n",
        "/usr/local/share/made": None,
        "/usr/local/share/other": None,
    }
    found = _gone(paths)
    assert found.why("/usr/local/share/made") == "build-only"
    assert found.why("/usr/local/share/other") is None


_SITE = "/usr/local/lib/python3.11/dist-packages"
_IN_EGG = f"{_SITE}/fast-1.0-py3.11-linux-x86_64.egg"


def test_an_egg_goes_where_a_wheel_has_all_of_it() -> None:
    before: Paths = {
        f"{_IN_EGG}/fast/x.py": b"",
        f"{_IN_EGG}/_fast.py": b"loads the extension",
        f"{_IN_EGG}/_fast.cpython-311-x86_64-linux-gnu.so": b"",
        f"{_IN_EGG}/EGG-INFO/PKG-INFO": b"",
        f"{_SITE}/easy-install.pth": b"./fast-1.0-py3.11-linux-x86_64.egg\n",
    }
    wheel: Paths = {
        f"{_SITE}/fast/x.py": b"",
        f"{_SITE}/_fast.cpython-311-x86_64-linux-gnu.so": b"",
        f"{_SITE}/fast-1.0.dist-info/METADATA": b"",
    }
    bases = Bases(_NONE, _NONE)
    whole = gone(image(before), image(wheel), bases)
    assert {path for path in whole.paths if path not in whole.rules} == set()
    assert set(whole.rules.values()) == {"egg-as-wheel"}
    partly = gone(image(before), image({path: b"" for path in wheel if not path.endswith("x.py")}), bases)
    assert partly.why(f"{_IN_EGG}/fast/x.py") is None
    other = gone(image(before), image({path.replace("-1.0.", "-2.0."): b"" for path in wheel}), bases)
    assert other.rules == {}


def test_what_the_script_of_a_dropped_package_makes() -> None:
    before = image(
        {
            "/var/lib/dpkg/status": _status("gcc"),
            "/var/lib/dpkg/info/gcc.postinst": b"touch /etc/gcc.conf\n",
            "/etc/gcc.conf": b"",
            "/etc/gcc": b"",
            "/etc/gcc.conf.d": b"",
        }
    )
    rules = gone(before, image({"/etc/passwd": b""}), Bases(_NONE, _NONE)).rules
    assert rules.get("/etc/gcc.conf") == "build-only"
    assert "/etc/gcc" not in rules
    assert "/etc/gcc.conf.d" not in rules


@pytest.mark.parametrize(
    "path, explained",
    [
        # somebody may write there
        ("/tmp/uploads", False),
        ("/var/log/app", False),
        ("/var/cache/app", False),
        # left behind
        ("/tmp/tmpab12cd34", True),
        ("/tmp/pip-unpack-x", True),
        ("/var/lib/apt/lists/partial", True),
        ("/root/.cache/pip/selfcheck", True),
    ],
)
def test_empty_folders(path: str, explained: bool) -> None:
    assert (path in _gone({path: None}).rules) is explained


def test_a_folder_below_var_that_is_made_for_a_user_stays() -> None:
    before = image({"/var/log/app/x.log": b"", "/var/log/apt/x.log": b""})
    nodes = {**before.tree.nodes, "/var/log/app": replace(before.tree.nodes["/var/log/app"], uid=1000)}
    before = replace(before, tree=replace(before.tree, nodes=nodes))
    rules = gone(before, image({"/var/log": None}), Bases(_NONE, _NONE)).rules
    assert "/var/log/apt" in rules
    assert "/var/log/app" not in rules


def test_a_newer_pip_goes_with_the_packaged_one() -> None:
    site, script = "/usr/local/lib/python3.11/dist-packages", "/usr/local/bin/pip"
    record = (
        b"pip/__init__.py,,\n../../../bin/pip,,\npip-26.0.dist-info/RECORD,,\npip-26.0.dist-info/METADATA,,\n"
    )
    pip: Paths = {
        f"{site}/pip-26.0.dist-info/METADATA": b"Name: pip\nVersion: 26.0\n",
        f"{site}/pip-26.0.dist-info/RECORD": record,
        f"{site}/pip/__init__.py": b"",
        script: b"",
    }
    status = {"/var/lib/dpkg/status": _status("python3-pip")}
    with_both, without = image({**status, **pip}), image({"/var/lib/dpkg/status": b"\n"})
    assert gone(with_both, without, Bases(_NONE, _NONE)).why(script) == "only-installs"
    # who installed it without the packaged one wants it
    assert gone(image(pip), without, Bases(_NONE, _NONE)).why(script) is None
