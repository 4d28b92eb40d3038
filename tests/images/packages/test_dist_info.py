from __future__ import annotations

import pytest
from handmade import Paths, tree

from imgtool.images.packages import dist_info

_SITE = "/usr/lib/python3.11/site-packages"
_METADATA = b"Metadata-Version: 2.1\nName: My_Lib\nVersion: 1\n"


def _listed(paths: Paths, folder: str) -> tuple[list[str], list[str]]:
    there = tree(paths)
    one = dist_info.distribution(there, folder)
    assert one is not None
    assert one.name == "my-lib"
    assert one.version == "1"
    found = dist_info.listed(there, one)
    return list(found.paths), list(found.folders)


def test_files_of_a_record() -> None:
    folder = f"{_SITE}/my_lib-1.dist-info"
    record = b'my_lib/__init__.py,sha256=x,3\n../../../bin/my,,\n"a,b.py",,\n/etc/abs,,\n\n'
    assert _listed({f"{folder}/METADATA": _METADATA, f"{folder}/RECORD": record}, folder) == (
        [f"{_SITE}/my_lib/__init__.py", "/usr/bin/my", f"{_SITE}/a,b.py", "/etc/abs"],
        [],
    )


def test_files_of_an_egg_info() -> None:
    folder = f"{_SITE}/my_lib.egg-info"
    files = {f"{folder}/PKG-INFO": _METADATA, f"{folder}/installed-files.txt": b"../my_lib/a.py\nPKG-INFO\n"}
    assert _listed(files, folder) == ([f"{_SITE}/my_lib/a.py", f"{folder}/PKG-INFO"], [])


def test_an_egg_is_a_folder_of_its_own() -> None:
    folder = f"{_SITE}/my_lib-1-py3.11.egg"
    found = _listed({f"{folder}/EGG-INFO/PKG-INFO": _METADATA}, f"{folder}/EGG-INFO")
    assert found == ([], [folder])


def test_without_a_list_modules_go_by_their_names() -> None:
    folder = f"{_SITE}/my_lib-1.dist-info"
    files = {f"{folder}/METADATA": _METADATA, f"{folder}/top_level.txt": b"my_lib\n../out\n"}
    paths, folders = _listed(files, folder)
    assert paths == [f"{_SITE}/my_lib.py", folder]
    assert folders == [f"{_SITE}/my_lib", folder]


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("/s/a-1.dist-info/RECORD", "/s/a-1.dist-info"),
        ("/s/a-1.dist-info/METADATA", "/s/a-1.dist-info"),
        ("/s/a.egg-info/PKG-INFO", "/s/a.egg-info"),
        ("/s/a-1-py3.egg/EGG-INFO/PKG-INFO", "/s/a-1-py3.egg/EGG-INFO"),
        ("/s/a-1.egg-info", "/s/a-1.egg-info"),
        ("/s/a-1.dist-info/licenses/LICENSE", None),
        ("/s/a-1.dist-info/LICENSE", None),
        ("/s/RECORD", None),
    ],
)
def test_where_metadata_lies(path: str, folder: str | None) -> None:
    assert dist_info.metadata_folder(path) == folder
    assert dist_info.keep(path, 10) == (folder is not None)
    assert not dist_info.keep(path, 1 << 30)


@pytest.mark.parametrize("record", [b'"', b"a\0b,,\n", b"\xff,,\n", b'"' + b"a" * 200_000, b",,\n,\n"])
def test_a_damaged_record_is_no_error(record: bytes) -> None:
    folder = f"{_SITE}/my_lib-1.dist-info"
    paths, _ = _listed({f"{folder}/METADATA": _METADATA, f"{folder}/RECORD": record}, folder)
    assert len(paths) <= 1


def test_names_with_characters_that_only_python_takes_for_ends_of_lines() -> None:
    folder = f"{_SITE}/my_lib-1.dist-info"
    record = "a\x0b.py,,\r\nb\u2028.py,,\n".encode()
    paths, _ = _listed({f"{folder}/METADATA": _METADATA, f"{folder}/RECORD": record}, folder)
    assert paths == [f"{_SITE}/a\x0b.py", f"{_SITE}/b\u2028.py"]
