"""The public API, and the examples of its page."""

from __future__ import annotations

import doctest
import inspect
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from archives import classic, files, layer

from imgtool import api

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page's examples read."""
    shutil.copytree(ROOT / "fixtures" / "projects" / "extension", tmp_path, dirs_exist_ok=True)
    (tmp_path / "app.tar").write_bytes(files(classic([layer("a 3000, b 1000"), layer("a 3000")])))
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("examples")
def test_the_page_holds() -> None:
    text = (ROOT / "docs" / "api.md").read_text("utf-8")
    found = doctest.DocTestParser().get_doctest(text, {}, "api.md", "docs/api.md", 0)
    assert len(found.examples) > 15
    told: list[str] = []
    failures = doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL).run(found, out=told.append)
    assert not failures.failed, "".join(told)


def test_every_function_is_on_the_page_and_described() -> None:
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    for name in api.__all__:
        assert f"\n## {name}\n" in page
        assert "Raises:" in (inspect.getdoc(getattr(api, name)) or "")


def test_text_bytes_and_path_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"FROM a\nCOPY x\n")
    found = [
        api.lint(form, select=["IMG001"]).findings for form in (path, path.read_bytes(), path.read_text())
    ]
    assert found[0] == found[1] == found[2] != ()
    assert api.parse(path).data == api.parse("FROM a\nCOPY x\n").data


def test_a_path_knows_its_context(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a\nCOPY x /\n")
    assert api.lint(tmp_path / "Dockerfile", select=["IMG001"]).path == str(tmp_path / "Dockerfile")
    assert api._facts(tmp_path / "Dockerfile", None, None, None).dockerfile == tmp_path / "Dockerfile"
    assert api._facts("FROM a", {"A": "1"}, "x", tmp_path).context == tmp_path


def test_bytes_that_are_not_utf_8_survive() -> None:
    assert api.parse("FROM a\nRUN \udcff\n").data == b"FROM a\nRUN \xff\n"


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        api.parse(Path("nowhere"))


@pytest.mark.parametrize("name, without", [("parse", "imgtool.facts"), ("lint", "imgtool.images")])
def test_a_function_imports_no_more_than_it_needs(name: str, without: str) -> None:
    program = f"from imgtool.api import {name}; {name}('FROM a'); import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not [module for module in done.stdout.split() if module.startswith(without)]


@pytest.mark.parametrize("name", ["select", "ignore", "extend_select"])
def test_a_string_is_no_list_of_selectors(name: str) -> None:
    selectors: dict[str, Any] = {name: "IMG1"}
    with pytest.raises(TypeError, match=f"{name} takes a list"):
        api.lint("FROM a", **selectors)


def test_the_example_in_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = Path(__file__).parents[1].joinpath("README.md").read_text("utf-8")
    code = page.partition("```python\n")[2].partition("```")[0]
    exec(compile(code, "README.md", "exec", dont_inherit=True), {})  # noqa: S102 - our own text
    assert "IMG101" in capsys.readouterr().out
