from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import rpmdbs
from handmade import tree
from hypothesis import given
from hypothesis import strategies as st
from rpmdbs import berkeley, header, ndb, package, sqlite

from imgtool.images.packages import rpm

FORMS: dict[str, tuple[str, Callable[[Sequence[bytes]], bytes]]] = {
    "sqlite": ("rpmdb.sqlite", sqlite),
    "ndb": ("Packages.db", ndb),
    "berkeley": ("Packages", berkeley),
    "berkeley, big end first": ("Packages", lambda headers: berkeley(headers, size=4096, order=">")),
}


def _read(folder: str, name: str, data: bytes) -> list[tuple[str, str, list[str]]]:
    return [
        (one.name, one.version, list(one.paths)) for one in rpm.packages(tree({f"{folder}/{name}": data}))
    ]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("folder", ["/var/lib/rpm", "/usr/lib/sysimage/rpm"])
def test_packages_of_every_form(form: str, folder: str) -> None:
    name, made = FORMS[form]
    # the second header takes several pages
    many = [f"/usr/lib/many/file-{number}" for number in range(400)]
    headers = [package("bash", "/usr/bin/bash", "/etc/bashrc"), package("many", *many)]
    assert _read(folder, name, made(headers)) == [
        ("bash", "1-2", ["/usr/bin/bash", "/etc/bashrc"]),
        ("many", "1-2", many),
    ]


HEADERS = [
    # no package
    ({}, None),
    ({rpmdbs.VERSION: "1"}, None),
    ({rpmdbs.NAME: "gpg-pubkey", rpmdbs.VERSION: "1"}, None),
    # one without files
    ({rpmdbs.NAME: "a", rpmdbs.VERSION: "1", rpmdbs.RELEASE: "2"}, ("a", "1-2", [])),
    ({rpmdbs.NAME: "a", rpmdbs.VERSION: "1", rpmdbs.RELEASE: "2", rpmdbs.EPOCH: [3]}, ("a", "3:1-2", [])),
    # names in the form of rpm 3
    (
        {rpmdbs.NAME: "a", rpmdbs.VERSION: "1", rpmdbs.RELEASE: "2", rpmdbs.OLD_NAMES: ["/x", "/y"]},
        ("a", "1-2", ["/x", "/y"]),
    ),
]


@pytest.mark.parametrize(("tags", "expected"), HEADERS)
def test_headers(tags: dict[int, object], expected: tuple[str, str, list[str]] | None) -> None:
    found = _read("/var/lib/rpm", "rpmdb.sqlite", sqlite([header(tags)]))
    assert found == ([] if expected is None else [expected])


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, ["/a/x", "/a/y"]),
        # a ghost is nobody's until somebody writes it
        ({"t1037": [0, 64]}, ["/a/x"]),
        ({"t1029": [0, 0]}, ["/a/x", "/a/y"]),
        # left out as documentation, replaced by another package
        ({"t1029": [0, 2]}, ["/a/x"]),
        ({"t1029": [1, 0]}, ["/a/y"]),
        ({"t1116": [0, 7]}, ["/a/x"]),
    ],
)
def test_files_that_were_put_there(more: dict[str, Any], expected: list[str]) -> None:
    data = sqlite([package("a", "/a/x", "/a/y", **more)])
    assert _read("/var/lib/rpm", "rpmdb.sqlite", data) == [("a", "1-2", expected)]


def test_one_database_with_two_names_is_read_once() -> None:
    there = tree(
        {
            "/usr/lib/sysimage/rpm/rpmdb.sqlite": sqlite([package("a")]),
            "/var/lib/rpm": "../../usr/lib/sysimage/rpm",
        }
    )
    assert [one.name for one in rpm.packages(there)] == ["a"]


DAMAGED = {
    "nothing": b"",
    "text": b"no database" * 1000,
    "cut off": sqlite([package("a")])[:4000],
    "a view that never ends": sqlite([], "VIEW Packages AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT x AS hnum, x AS blob FROM c"),
    "another table": sqlite([], "TABLE Other(x)"),
    "values that are no bytes": sqlite([]).replace(b"Packages", b"packages"),
    "headers over each other": berkeley([package("a")] * 9, size=512).replace(b"\x03\0\0\0\x03", b"\x03\0\0\0\x02"),
    "a loop of pages": berkeley([package("a", "/x" * 400)]).replace(b"\0\0\0\0\3\0\0\0", b"\0\0\0\0\2\0\0\0"),
    "pages of no size": berkeley([package("a")]).replace(b"\x09\0\0\0\0\2\0\0", b"\x09\0\0\0\0\0\0\0"),
    "slots that lead out": ndb([package("a")])[:4096],
}  # fmt: skip


@pytest.mark.parametrize("case", DAMAGED)
def test_a_damaged_database_is_passed_over(case: str) -> None:
    for name in rpm.NAMES:
        found = list(rpm.packages(tree({f"/var/lib/rpm/{name}": DAMAGED[case]})))
        assert len(found) <= 9


@given(st.sampled_from(list(FORMS)), st.data())
def test_no_bytes_do_harm(form: str, data: st.DataObject) -> None:
    name, made = FORMS[form]
    good = bytearray(made([package("a", "/usr/bin/a", t1029=[0]), package("b")]))
    for _ in range(data.draw(st.integers(1, 8))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    there = tree({f"/var/lib/rpm/{name}": bytes(good[: data.draw(st.integers(0, len(good)))])})
    assert sum(len(list(one.paths)) for one in rpm.packages(there)) <= len(good)


SPEC = """\
Name: tiny
Version: 1.2
Release: 3
Epoch: 4
Summary: text
License: MIT
BuildArch: noarch
%description
text
%install
mkdir -p %{buildroot}/opt/tiny
echo text >%{buildroot}/opt/tiny/kept
echo text >%{buildroot}/opt/tiny/manual
%files
/opt/tiny/kept
%doc /opt/tiny/manual
%ghost /opt/tiny/later
"""


def test_what_rpm_itself_wrote(tmp_path: Path) -> None:
    if not shutil.which("rpmbuild"):
        pytest.skip("rpmbuild is not installed")
    (tmp_path / "tiny.spec").write_text(SPEC)
    root = tmp_path / "root"
    place = ["--root", str(root), "--define", "_dbpath /var/lib/rpm", "--define", "_db_backend sqlite"]
    for command in (
        ["rpmbuild", "-bb", "--quiet", "--define", f"_topdir {tmp_path}", "tiny.spec"],
        ["rpm", *place, "--initdb"],
        [
            "rpm",
            *place,
            "-i",
            "--nodeps",
            "--nosignature",
            "--excludedocs",
            "RPMS/noarch/tiny-1.2-3.noarch.rpm",
        ],
    ):
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    data = (root / "var/lib/rpm/rpmdb.sqlite").read_bytes()
    assert _read("/var/lib/rpm", "rpmdb.sqlite", data) == [("tiny", "4:1.2-3", ["/opt/tiny/kept"])]


def test_what_berkeley_db_itself_wrote(tmp_path: Path) -> None:
    load = shutil.which("db5.3_load") or shutil.which("db_load")
    if not load:
        pytest.skip("Berkeley DB's db_load is not installed")
    headers = [package("small"), package("large", *(f"/usr/share/large/{n}" for n in range(900)))]
    lines = ["VERSION=3", "format=bytevalue", "type=hash", "db_pagesize=4096", "HEADER=END"]
    for number, one in enumerate(headers, 1):
        lines += [f" {number.to_bytes(4, 'little').hex()}", f" {one.hex()}"]
    base = tmp_path / "Packages"
    text = "\n".join([*lines, "DATA=END", ""])
    subprocess.run([load, str(base)], input=text, text=True, check=True, capture_output=True)
    assert sorted(rpm.headers(base.read_bytes())) == sorted(headers)


def test_a_python_without_sqlite_knows_no_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    data = sqlite([package("a")])
    monkeypatch.setitem(__import__("sys").modules, "sqlite3", None)
    assert list(rpm.headers(data)) == []
    monkeypatch.setitem(__import__("sys").modules, "sqlite3", sqlite3)
    assert len(list(rpm.headers(data))) == 1


def test_a_header_with_absurd_counts_says_little() -> None:
    states = package("a", "/x", t1029=[1] * 600_000)
    assert _read("/var/lib/rpm", "Packages.db", ndb([states])) == [("a", "1-2", ["/x"])]
    assert _read("/var/lib/rpm", "Packages.db", ndb([package("a", "/" + "long" * 1100 + "/x", "/y")])) == [
        ("a", "1-2", ["/y"])
    ]


def test_no_column_is_computed() -> None:
    # what is searched takes a minute, in one step that cannot be interrupted
    short = "instr(hex(zeroblob(0000001)), hex(zeroblob(0000000)) || '1')"
    with closing(sqlite3.connect(":memory:")) as base:
        base.execute(f"CREATE TABLE Packages(hnum INTEGER PRIMARY KEY, blob BLOB AS ({short}))")
        base.execute("INSERT INTO Packages(hnum) VALUES (1)")
        base.commit()
        data = base.serialize().replace(b"0000001", b"1000000").replace(b"0000000", b"0500000")
    assert list(rpm.headers(data)) == []
