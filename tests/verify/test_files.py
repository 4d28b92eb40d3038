# ruff: noqa: S108 - folders of images
from __future__ import annotations

from collections.abc import Callable

import pytest
from handmade import Paths, image, tree

from imgtool.values import replace
from imgtool.verify.drops import Bases, gone
from imgtool.verify.files import check
from imgtool.verify.model import CheckResult, Image, Kind, Node, Status, Weight

_NONE = tree({})
_BASES = Bases(_NONE, _NONE)
_PASSWD = b"root:x:0:0:root:/root:/bin/bash\napp:x:1000:1000::/home/app:/bin/sh\n"


def _checked(before: Image, after: Image, bases: Bases = _BASES) -> CheckResult:
    return check(before, after, gone(before, after, bases), bases)


def _told(made: CheckResult, weight: Weight = Weight.FAIL) -> list[tuple[str | None, str]]:
    return [
        (one.path, one.message) for one in made.differences if one.weight is weight and not one.explained_by
    ]


def _changed(paths: Paths, path: str, change: Callable[[Node], Node]) -> Image:
    one = image(paths)
    return replace(one, tree=replace(one.tree, nodes={**one.tree.nodes, path: change(one.tree.nodes[path])}))


@pytest.mark.parametrize(
    "before, after",
    [
        ({"/app/x": b"1"}, {"/app/x": b"1"}),
        ({"/app/x": "y", "/app/y": b""}, {"/app/x": "y", "/app/y": b""}),
        # new paths are no loss
        ({"/app/x": b"1"}, {"/app/x": b"1", "/app/y": b"2"}),
        # written anew at every build
        ({"/etc/ld.so.cache": b"1"}, {"/etc/ld.so.cache": b"2"}),
        ({"/app/__pycache__/x.pyc": b"1"}, {"/app/__pycache__/x.pyc": b"2"}),
        ({"/a/x-1.dist-info/RECORD": b"1"}, {"/a/x-1.dist-info/RECORD": b"2"}),
        ({"/var/lib/dpkg/status": b"1"}, {"/var/lib/dpkg/status": b"2"}),
        ({"/etc/passwd": _PASSWD}, {"/etc/passwd": _PASSWD + b"new:x:1001:1001::/:/bin/sh\n"}),
        # a compiler's output, compiled twice
        ({"/app/x.so": b"\x7fELF1"}, {"/app/x.so": b"\x7fELF2"}),
        # generated, and nobody's settings: told, and no failure
        ({"/app/built.json": b"1"}, {"/app/built.json": b"2"}),
    ],
)
def test_equal_enough(before: Paths, after: Paths) -> None:
    assert _checked(image(before), image(after)).status is Status.PASSED


@pytest.mark.parametrize(
    "before, after, expected",
    [
        (
            {"/app/x": b"12"},
            {"/app": None},
            [("/app/x", "file is missing (2 bytes)")],
        ),
        # one line for a folder with all that is in it
        (
            {"/opt/a/b": b"12", "/opt/a/c/d": b"3"},
            {"/opt": None},
            [("/opt/a", "folder is missing, and 3 paths in it (3 bytes)")],
        ),
        ({"/data": None}, {}, [("/data", "folder is missing (0 bytes)")]),
        ({"/app/x": "y", "/app/y": b""}, {"/app/y": b""}, [("/app/x", "link is missing (0 bytes)")]),
        ({"/app/x": b""}, {"/app/x": None}, [("/app/x", "is a folder instead of a file")]),
        ({"/x": "a", "/a": b"", "/b": b""}, {"/x": "b", "/a": b"", "/b": b""}, []),
        (
            {"/etc/x": "/a", "/a": b"", "/b": b""},
            {"/etc/x": "/b", "/a": b"", "/b": b""},
            [("/etc/x", "leads to /b instead of /a")],
        ),
        ({"/etc/app.conf": b"1"}, {"/etc/app.conf": b"2"}, [("/etc/app.conf", "its content differs")]),
        ({"/etc/app.conf": b"1"}, {"/etc/app.conf": b"12"}, [("/etc/app.conf", "its content differs")]),
        (
            {"/etc/passwd": _PASSWD},
            {"/etc/passwd": _PASSWD.splitlines()[0] + b"\n"},
            [("/etc/passwd", "user app is missing")],
        ),
        (
            {"/etc/passwd": _PASSWD},
            {"/etc/passwd": _PASSWD.replace(b"1000:1000", b"1001:1001")},
            [("/etc/passwd", "user app is 1001:1001:/home/app:/bin/sh instead of 1000:1000:/home/app:/bin/sh")],
        ),
        ({"/etc/group": b"video:x:44:app\n"}, {"/etc/group": b"video:x:44:\n"}, [("/etc/group", "group video is 44: instead of 44:app")]),
    ],
)  # fmt: skip
def test_what_fails(before: Paths, after: Paths, expected: list[tuple[str, str]]) -> None:
    made = _checked(image(before), image(after))
    assert _told(made) == expected
    assert (made.status is Status.FAILED) == bool(expected)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda node: replace(node, mode=0o4755), "mode is 4755 instead of 0644"),
        (lambda node: replace(node, uid=1000), "owner is 1000:0 instead of 0:0"),
        (lambda node: replace(node, gid=5), "owner is 0:5 instead of 0:0"),
        (
            lambda node: replace(node, xattrs=((b"security.capability", b"\1"),)),
            "attributes is security.capability=01 instead of none",
        ),
    ],
)
def test_owner_mode_and_attributes_of_what_stays(change: Callable[[Node], Node], message: str) -> None:
    paths = {"/app/x": b"1"}
    assert _told(_checked(image(paths), _changed(paths, "/app/x", change))) == [("/app/x", message)]


def test_a_folder_that_no_layer_states_has_nothing_to_compare() -> None:
    paths = {"/app/x": b"1"}
    made = _checked(image(paths), _changed(paths, "/app", lambda _: Node(Kind.FOLDER)))
    assert made.status is Status.PASSED


def test_what_neither_image_changed_of_its_base_is_the_bases_business() -> None:
    one, other = image({"/etc/x": b"1"}), image({"/etc/x": b"2"})
    assert _checked(one, other).status is Status.FAILED
    assert _checked(one, other, Bases(one.tree, other.tree)).status is Status.PASSED


def test_a_file_of_an_updated_package_may_change() -> None:
    def with_package(version: str) -> Image:
        status = f"Package: app\nStatus: install ok installed\nVersion: {version}\n".encode()
        info = {"/var/lib/dpkg/info/app.list": b"/usr/share/x\n"}
        return image({"/var/lib/dpkg/status": status, "/usr/share/x": version.encode(), **info})

    assert _checked(with_package("1"), with_package("2")).status is Status.PASSED


def test_a_user_that_a_dropped_package_made() -> None:
    before = image(
        {
            "/etc/passwd": _PASSWD,
            "/var/lib/dpkg/status": b"Package: gcc\nStatus: install ok installed\nVersion: 1\n",
            "/var/lib/dpkg/info/gcc.postinst": b"adduser --system app\n",
        }
    )
    after = image({"/etc/passwd": _PASSWD.splitlines()[0] + b"\n", "/var/lib/dpkg/status": b""})
    (user,) = [one for one in _checked(before, after).differences if one.path == "/etc/passwd"]
    assert user.explained_by == "brought-along"


def test_what_is_explained_is_told_in_one_line_a_rule() -> None:
    made = _checked(
        image({"/tmp/x": b"1", "/tmp/y": b"2", "/src/a.o": b"3"}), image({"/tmp": None, "/src": None})
    )
    assert made.status is Status.PASSED
    notes = sorted((one.explained_by, one.message) for one in made.differences)
    assert notes == [
        ("build-by-product", "1 path (1 bytes): an intermediate file of a build"),
        ("scratch", "2 paths (2 bytes): a temporary folder"),
    ]


def test_a_new_program_that_runs_as_its_owner_is_told() -> None:
    after = _changed({"/bin/x": b"1"}, "/bin/x", lambda node: replace(node, mode=0o4755))
    assert _told(_checked(image({}), after), Weight.WARN) == [("/bin/x", "is new and has mode 4755")]
