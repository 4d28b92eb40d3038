"""What is loaded directly is what importlib loads."""

from __future__ import annotations

import compileall
import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from imgtool import loading, prepared

ATTRIBUTES = ("__name__", "__file__", "__package__", "__cached__", "__doc__")
SPEC = ("name", "origin", "cached", "parent", "has_location", "submodule_search_locations")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package with a module, a package in it, and a module that cannot be imported; all compiled."""
    folder = tmp_path / "loaded"
    (folder / "inner").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "one.py").write_text('"""One."""\nfrom loaded.inner import two\nVALUE = two.VALUE + 1\n')
    (folder / "inner/__init__.py").write_text("HERE = __path__\n")
    (folder / "inner/two.py").write_text("VALUE = 1\n")
    (folder / "wrong.py").write_text("from loaded.inner import two\nraise ValueError(two.VALUE)\n")
    compileall.compile_dir(str(tmp_path), quiet=1)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("loaded")
    yield folder
    forget("loaded")


def forget(top: str) -> None:
    for name in [name for name in sys.modules if f"{name}.".startswith(f"{top}.")]:
        del sys.modules[name]


def known(name: str) -> list[object]:
    module = sys.modules[name]
    spec = module.__spec__
    return [
        *(getattr(module, one) for one in ATTRIBUTES),
        *(getattr(spec, one) for one in SPEC),
        type(module.__loader__),
        getattr(module, "__path__", None),
    ]


@pytest.mark.parametrize("name", ["loaded.one", "loaded.inner", "loaded.inner.two"])
def test_a_module_is_as_importlib_makes_it(name: str, package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del package
    importlib.import_module(name)
    expected = known(name)
    forget(name)
    monkeypatch.setattr(loading, "order", lambda _: ("loaded.inner",) if name.endswith("two") else ())
    module = loading.load(name)
    assert known(name) == expected
    assert getattr(sys.modules[name.rpartition(".")[0]], name.rpartition(".")[2]) is module
    assert loading.load(name) is module


def test_what_is_needed_comes_first(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del package
    monkeypatch.setattr(loading, "order", lambda _: ("loaded.inner", "loaded.inner.two"))
    assert loading.load("loaded.one").VALUE == 2
    assert [name for name in sys.modules if name.startswith("loaded.")] == [
        "loaded.inner",
        "loaded.inner.two",
        "loaded.one",
    ]


def test_a_changed_source_is_read_anew(package: Path) -> None:
    (package / "inner/two.py").write_text("VALUE = 123\n")
    assert loading.load("loaded.inner.two").VALUE == 123
    forget("loaded.inner")
    source = package / "inner/two.py"
    # of the same size, and later
    source.write_text("VALUE = 456\n")
    os.utime(source, (source.stat().st_atime, source.stat().st_mtime + 10))
    assert loading.load("loaded.inner.two").VALUE == 456


def test_what_fails_is_not_there(package: Path) -> None:
    del package
    for _ in range(2):
        with pytest.raises(ValueError, match="1"):
            loading.load("loaded.wrong")
        assert "loaded.wrong" not in sys.modules
    with pytest.raises(ModuleNotFoundError):
        loading.load("loaded.nothing")


def test_only_wheels_know_an_order() -> None:
    assert prepared.order("imgtool.nothing") == ()


def test_another_interpreter(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del package
    monkeypatch.setattr(loading, "_fix_co_filename", None)
    assert loading.load("loaded.one").VALUE == 2
