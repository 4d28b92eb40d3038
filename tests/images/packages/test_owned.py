from __future__ import annotations

from pathlib import Path

import pytest
from archives import classic, files, layer, member, pack
from held import Layer, held
from rpmdbs import package, sqlite

from imgtool.images.contents import read_contents
from imgtool.images.errors import ImageError
from imgtool.images.packages import KEEP, owned, owners, read

_SITE = "/usr/lib/python3/dist-packages"
_LOCAL = "/usr/local/lib/python3.11/site-packages"


def dpkg(name: str, *paths: str) -> dict[str, bytes]:
    status = f"Package: {name}\nStatus: install ok installed\nVersion: 1\n\n"
    return {
        "/var/lib/dpkg/status": status.encode(),
        f"/var/lib/dpkg/info/{name}:amd64.list": "\n".join(paths).encode(),
    }


def dist(name: str, *record: str, site: str = _LOCAL) -> dict[str, bytes]:
    folder = f"{site}/{name}-1.dist-info"
    rows = "".join(f"{one},,\n" for one in (*record, f"{name}-1.dist-info/RECORD"))
    return {
        f"{folder}/METADATA": f"Name: {name}\nVersion: 1\n".encode(),
        f"{folder}/RECORD": rows.encode(),
    }


def conda(name: str, *paths: str, prefix: str = "/opt/conda") -> dict[str, bytes]:
    listed = ", ".join(f'"{path}"' for path in paths)
    record = f'{{"name": "{name}", "version": "1", "files": [{listed}]}}'
    return {f"{prefix}/conda-meta/{name}-1-0.json": record.encode()}


OWNERS: dict[str, tuple[tuple[Layer, ...], dict[str, str | None]]] = {
    "nothing": (({"/x": b"1"},), {"/x": None, "/y": None}),
    "dpkg": (({**dpkg("a", "/.", "/usr", "/usr/x"), "/usr/x": b"1"},), {"/usr/x": "dpkg:a", "/usr/y": None}),
    "dpkg through a link of the tree": (
        ({**dpkg("a", "/lib/x"), "/usr/lib/x": b"1", "/lib": "usr/lib"},),
        {"/usr/lib/x": "dpkg:a"},
    ),
    "dpkg through a link that is absolute, and one that turns": (
        ({**dpkg("a", "/l/x", "/m/y"), "/d/e/x": b"1", "/l": "/d/e/../e", "/m": "/m"},),
        {"/d/e/x": "dpkg:a", "/m/y": "dpkg:a"},
    ),
    "the database of the last layer": (
        ({**dpkg("a", "/x"), "/x": b"1"}, {**dpkg("b", "/x")}),
        {"/x": "dpkg:b"},
    ),
    "apk": (
        ({"/lib/apk/db/installed": b"P:musl\nV:1\nF:lib\nR:x\n", "/lib/x": b"1"},),
        {"/lib/x": "apk:musl"},
    ),
    "rpm": (
        ({"/usr/lib/sysimage/rpm/rpmdb.sqlite": sqlite([package("a", "/usr/x")]), "/usr/x": b""},),
        {"/usr/x": "rpm:a"},
    ),
    "a distribution": (
        ({**dist("a", "a/x.py", "../../../bin/a"), f"{_LOCAL}/a/x.py": b"1"},),
        {
            f"{_LOCAL}/a/x.py": "pip:a",
            f"{_LOCAL}/a-1.dist-info/RECORD": "pip:a",
            "/usr/local/bin/a": "pip:a",
            f"{_LOCAL}/a/y.py": None,
        },
    ),
    "byte-code goes with the source": (
        ({**dist("a", "a/x.py"), **dpkg("b", f"{_SITE}/b.py")},),
        {
            f"{_LOCAL}/a/__pycache__/x.cpython-311.opt-1.pyc": "pip:a",
            f"{_SITE}/__pycache__/b.cpython-311.pyc": "dpkg:b",
            f"{_LOCAL}/a/__pycache__/y.cpython-311.pyc": None,
        },
    ),
    "a distribution that the system brought": (
        ({**dist("a", "a.py", site=_SITE), **dpkg("python3-a", f"{_SITE}/a-1.dist-info", f"{_SITE}/a-1.dist-info/METADATA", f"{_SITE}/a.py")},),
        {f"{_SITE}/a.py": "dpkg:python3-a", f"{_SITE}/a-1.dist-info/RECORD": None},
    ),
    "a distribution that another one vendors": (
        ({**dist("a", "a/_vendor/b-1.dist-info/METADATA", "a/_vendor/b/x.py"), **dist("b", "b/x.py", site=f"{_LOCAL}/a/_vendor")},),
        {f"{_LOCAL}/a/_vendor/b/x.py": "pip:a"},
    ),
    "conda, and pip in its environment": (
        ({**conda("numpy", "lib/python3.11/site-packages/numpy-1.dist-info/METADATA", "lib/x"), **dist("numpy", "numpy/y.py", site="/opt/conda/lib/python3.11/site-packages")},),
        {"/opt/conda/lib/x": "conda:numpy", "/opt/conda/lib/python3.11/site-packages/numpy/y.py": None},
    ),
    "an egg": (
        ({f"{_LOCAL}/a-1-py3.11.egg/EGG-INFO/PKG-INFO": b"Name: a\nVersion: 1\n"},),
        {f"{_LOCAL}/a-1-py3.11.egg/deep/in/x.py": "pip:a", f"{_LOCAL}/a-1-py3.11.eggs/x": None},
    ),
    "an environment anywhere": (
        ({**dist("a", "a.py", site="/srv/deps")},),
        {"/srv/deps/a.py": "pip:a"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", OWNERS)
def test_owners(case: str, tmp_path: Path) -> None:
    layers, expected = OWNERS[case]
    owner = owners(held(tmp_path, *layers))
    assert {path: owner(path) for path in expected} == expected


def test_weights_by_layer(tmp_path: Path) -> None:
    base = {**dist("a", "a/x.py", "a/y.py"), f"{_LOCAL}/a/x.py": b"12345", f"{_LOCAL}/a/y.py": b"123"}
    own = sum(map(len, dist("a", "a/x.py", "a/y.py").values())) - len(b"Name: a\nVersion: 1\n")
    (found,) = read(held(tmp_path, base, {f"{_LOCAL}/a/y.py": b"1" * 900}))
    assert (found.key, found.version, found.size, found.files) == ("pip:a", "1", 5 + own + 900, 3)
    assert (found.layers, found.layer) == (((0, 5 + own), (1, 900)), 1)


def test_one_package_in_two_environments_is_one(tmp_path: Path) -> None:
    sites = ("/venv/one/lib/python3.11/site-packages", "/venv/two/lib/python3.11/site-packages")
    layers = [{**dist("a", "a.py", site=site), f"{site}/a.py": b"1" * 500} for site in sites]
    (found,) = read(held(tmp_path, layers[0], layers[1]))
    assert found.size > 1000
    assert found.files == 4


@pytest.mark.parametrize("linked", ["cache/x = opt/conda/lib/x", "zz/x = opt/conda/lib/x"])
def test_what_a_cache_is_linked_to_is_the_packages(linked: str, tmp_path: Path) -> None:
    text = layer(f"opt/conda/lib/x 900, {linked}")
    record = pack([member(path.lstrip("/"), data) for path, data in conda("a", "lib/x").items()])
    path = tmp_path / "image.tar"
    path.write_bytes(files(classic([text, record])))
    (found,) = read(read_contents(str(path), keep=KEEP))
    assert found.size == 900 + sum(map(len, conda("a", "lib/x").values()))


def test_databases_are_kept_and_nothing_else() -> None:
    kept = ["var/lib/dpkg/status", "var/lib/dpkg/info/a.list", "lib/apk/db/installed", "var/lib/rpm/Packages"]
    kept += [
        "opt/conda/conda-meta/a.json",
        "a/b-1.dist-info/RECORD",
        "a/b.egg-info",
        "var/lib/dpkg/status.d/x",
    ]
    other = ["etc/status", "var/lib/dpkg/info/a.postinst", "a.list", "a.json", "RECORD", "a/Packages"]
    assert all(KEEP(path.encode(), 10) for path in kept)
    assert not any(KEEP(path.encode(), 10) for path in other)
    assert not any(KEEP(path.encode(), 1 << 32) for path in kept)
    assert not KEEP(b"\xff/\xff.list", 10)


def test_absurd_databases_are_refused(tmp_path: Path) -> None:
    # short names in a folder that a link makes long
    deep = "/d" * 2000
    lists = dpkg("a", *(f"/l/{number}" for number in range(70_000)))
    contents = held(tmp_path, {**lists, f"{deep}/x": b"", "/l": deep})
    with pytest.raises(ImageError, match="more than any real image"):
        owned(contents)


def test_without_databases_there_are_no_packages(tmp_path: Path) -> None:
    assert read(held(tmp_path, dpkg("a", "/x"), keep=False)) == []


def test_a_list_that_leads_through_the_longest_links_ends(tmp_path: Path) -> None:
    links = {f"/l{n}": "d/../" * 800 + f"l{n + 1}" for n in range(38)}
    paths = [f"/l0/{number}/x" for number in range(2000)]
    contents = held(tmp_path, {"/d/x": b"", "/l38": "d", **links, **dpkg("a", *paths)})
    with pytest.raises(ImageError, match="more than any real image"):
        owned(contents)


def test_a_path_that_no_system_opens_is_nobodys(tmp_path: Path) -> None:
    long = "/" + "long/" * 1000 + "x"
    assert list(owned(held(tmp_path, {**dpkg("a", "/x", long), "/x": b""})).paths) == ["/x"]
