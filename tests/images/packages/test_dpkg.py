from __future__ import annotations

import pytest
from handmade import tree

from imgtool.images.packages import dpkg

STATUS = b"""\
Package: gcc
Status: install ok installed
Version: 12
Depends: cpp (>= 12), libc6-dev | libc-dev
Recommends: manual:any

Package: cpp
Status: install ok installed
Version: 12
Description: a preprocessor
 of many lines
 Depends: nothing

Package: libc6-dev
Status: install ok installed
Version: 2
Provides: libc-dev (= 2)

Package: manual
Status: install ok installed
Version: 1

Package: was-there
Status: deinstall ok config-files
Version: 1
"""
MARKS = b"Package: cpp\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: gcc\nAuto-Installed: 0\n"


def _ledger(**files: bytes) -> dpkg.Ledger:
    paths: dict[str, bytes | str | None] = {
        "/var/lib/dpkg/status": STATUS,
        "/var/lib/apt/extended_states": MARKS,
    }
    return dpkg.ledger(
        tree(paths | {f"/var/lib/dpkg/info/{name}.list": data for name, data in files.items()})
    )


def test_packages_with_what_they_need() -> None:
    packages = _ledger().packages
    assert sorted(packages) == ["cpp", "gcc", "libc6-dev", "manual"]
    assert packages["gcc"].needs == (frozenset({"cpp"}), frozenset({"libc6-dev", "libc-dev"}))
    assert packages["gcc"].recommends == (frozenset({"manual"}),)
    assert packages["cpp"] == dpkg.Package("cpp", "12", automatic=True)
    assert packages["libc6-dev"].provides == {"libc-dev"}


@pytest.mark.parametrize(
    "roots, modest, expected",
    [
        (["gcc"], [], {"gcc", "cpp", "libc6-dev", "manual"}),
        (["gcc"], ["gcc"], {"gcc", "cpp", "libc6-dev"}),
        (["manual", "unheard-of"], [], {"manual"}),
        ([], [], set()),
    ],
)
def test_what_packages_need_at_any_depth(roots: list[str], modest: list[str], expected: set[str]) -> None:
    assert dpkg.closure(_ledger().packages, roots, modest=frozenset(modest)) == expected


def test_who_lacks_a_recommendation_was_installed_without_them() -> None:
    status = STATUS.replace(b"Recommends: manual:any", b"Recommends: manual:any, less")
    packages = dpkg.ledger(tree({"/var/lib/dpkg/status": status})).packages
    assert dpkg.closure(packages, ["gcc"]) == {"gcc", "cpp", "libc6-dev"}


def test_owners_of_paths_through_links_of_the_tree() -> None:
    lists = {"/var/lib/dpkg/info/cpp:amd64.list": b"/.\n/lib\n/lib/x\n/usr/lib/y\nnonsense\n"}
    made = tree({"/var/lib/dpkg/status": STATUS, "/lib": "usr/lib", "/usr/lib/x": b"", **lists})
    assert dpkg.ledger(made).owners == {
        "/lib": ("cpp",),
        "/usr/lib/x": ("cpp",),
        "/usr/lib/y": ("cpp",),
        "/.": ("cpp",),
    }
    assert dpkg.ledger(made, owners=False).owners == {}


def test_packages_of_distroless_images() -> None:
    made = tree({"/var/lib/dpkg/status.d/base": b"Package: base-files\nVersion: 12\n"})
    assert list(dpkg.ledger(made).packages) == ["base-files"]


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe\0", b"\n\n\n", b"Package:\nStatus: installed\n", b": :\n" * 9]
)
def test_a_damaged_database_is_an_empty_one(data: bytes) -> None:
    assert dpkg.ledger(tree({"/var/lib/dpkg/status": data})).packages == {}


def test_files_of_the_database_by_package() -> None:
    made = tree(
        {"/var/lib/dpkg/info/x:amd64.postinst": b"adduser x", "/var/lib/dpkg/info/xy.postinst": b"no"}
    )
    assert dpkg.script(made, "x") == "adduser x"
    assert dpkg.info_of("/var/lib/dpkg/info/x:amd64.md5sums") == "x"
    assert dpkg.info_of("/etc/x") is None


def test_owners_in_distroless_images() -> None:
    made = tree(
        {
            "/var/lib/dpkg/status.d/base": b"Package: base-files\nVersion: 12\n",
            "/var/lib/dpkg/status.d/base.md5sums": b"d41d8cd98f00b204e9800998ecf8427e  usr/bin/x\nnonsense\n",
            "/usr/bin/x": b"",
        }
    )
    assert dpkg.ledger(made).owners == {"/usr/bin/x": ("base-files",)}


def test_a_database_of_no_real_size_is_read_as_far_as_real_ones_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dpkg, "_MAX_PACKAGES", 3)
    assert list(_ledger().packages) == ["gcc", "cpp", "libc6-dev"]


def test_what_is_absurd_ends_the_database() -> None:
    status = (
        b"Package: a\nStatus: ok installed\n\nPackage: b\nStatus: ok installed\nDepends: " + b"x," * 600_000
    )
    assert list(dpkg.ledger(tree({"/var/lib/dpkg/status": status})).packages) == ["a"]
    fields = b"".join(b"f%d: x\n" % number for number in range(2000))
    status = b"Package: a\n" + fields + b"Version: 1\n"
    assert dpkg.ledger(tree({"/var/lib/dpkg/status": status})).packages["a"].version == ""
