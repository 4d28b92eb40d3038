"""Rule packs, from a configuration that names them to findings, pages and completion."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import packs
import pytest

from imgtool.lint import batch, registry

ROOT = Path(__file__).resolve().parents[2]
BARE = 'FROM debian:bookworm\nCMD ["true"]\n'

Imgtool = Callable[..., Any]
Install = Callable[[list[Path]], None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Put folders on ``sys.path``; afterwards no pack is loaded any more."""
    before = set(sys.modules)

    def put(folders: list[Path]) -> None:
        for folder in folders:
            monkeypatch.syspath_prepend(folder)

    yield put
    registry._packs.clear()
    registry.index.cache_clear()
    batch._select.cache_clear()
    for name in set(sys.modules) - before:
        if name.startswith(("acme_rules", "made_")):
            del sys.modules[name]


@pytest.fixture
def acme(install: Install, here: Path, tmp_path: Path) -> Path:
    """A project with Acme's pack."""
    install(packs.acme(tmp_path / "site"))
    (here / ".imgtool.toml").write_text('plugins = ["acme"]\n')
    (here / "Dockerfile").write_text(BARE)
    return here


@pytest.mark.usefixtures("acme")
def test_its_findings_are_found(imgtool: Imgtool) -> None:
    done = imgtool("lint")
    assert done.code == 1
    assert "Dockerfile:1:1: ACME001 warning: nobody owns this image" in done.out
    assert "ACME002" not in done.out
    assert "ACME002" in imgtool("lint", "--preview").out


def test_without_configuration_it_is_not_loaded(acme: Path, imgtool: Imgtool) -> None:
    assert "ACME" not in imgtool("lint", "--isolated").out
    (acme / ".imgtool.toml").write_text("")
    assert "ACME" not in imgtool("lint").out
    # even where another file of the run has it
    (acme / "inner").mkdir()
    (acme / "inner/Dockerfile").write_text(BARE)
    (acme / "inner/.imgtool.toml").write_text('plugins = ["acme"]\n')
    assert "inner/Dockerfile:1:1: ACME001" in imgtool("lint").out
    assert imgtool("lint").out.count("ACME001") == 1


# --- (words, codes of Acme's that are shown) ---
SELECTED = [
    (["--select", "ACME"], {"ACME001"}),
    (["--select", "ACME002"], {"ACME002"}),
    (["--select", "own-registry"], {"ACME002"}),
    (["--ignore", "ACME001"], set()),
    (["--select", "ALL", "--preview"], {"ACME001", "ACME002"}),
    (["--profile", "hadolint"], set()),
]


@pytest.mark.parametrize("words, codes", SELECTED)
def test_selectors(acme: Path, imgtool: Imgtool, words: list[str], codes: set[str]) -> None:
    rows = json.loads(imgtool("lint", *words, "--format", "json", acme / "Dockerfile").out)
    assert {row["code"] for row in rows if row["code"].startswith("ACME")} == codes


def test_a_selector_of_no_rule(acme: Path, imgtool: Imgtool) -> None:
    done = imgtool("lint", "--select", "ACME9", acme)
    assert (done.code, "no rule matches 'ACME9'" in done.err) == (2, True)


def test_configuration_names_its_rules(acme: Path, imgtool: Imgtool) -> None:
    (acme / ".imgtool.toml").write_text(
        'plugins = ["acme"]\n[lint]\nselect = ["ACME"]\n[lint.severity]\nACME001 = "error"\n'
        '[rules.ACME001]\nowner = "gpu"\n'
    )
    (row,) = json.loads(imgtool("lint", "--format", "json").out)
    assert (row["severity"], row["fix"]["message"]) == ("error", "Make gpu the owner")
    assert imgtool("lint", "--fix", "--unsafe-fixes").code == 0
    assert 'LABEL com.acme.owner="gpu"' in (acme / "Dockerfile").read_text()


def test_comments_silence_it(acme: Path, imgtool: Imgtool) -> None:
    (acme / "Dockerfile").write_text(f"# imgtool ignore=ACME001 someone will\n{BARE}")
    assert imgtool("lint").code == 0
    (acme / "Dockerfile").write_text(f'# imgtool ignore=ACME001\n{BARE}LABEL com.acme.owner="x"\n')
    assert "IMG002" in imgtool("lint").out


def test_nothing_is_kept_that_packs_have_a_part_in(acme: Path, imgtool: Imgtool) -> None:
    (acme / "Dockerfile").write_text(f"# imgtool ignore=ACME002\n{BARE}")
    assert "IMG003" not in imgtool("lint", "--ignore", "ACME").out
    registry._packs.clear()
    registry.index.cache_clear()
    (acme / ".imgtool.toml").write_text("")
    assert "no rule is called ACME002" in imgtool("lint", "--ignore", "DL").out


@pytest.mark.usefixtures("acme")
def test_it_is_explained_listed_and_completed(imgtool: Imgtool) -> None:
    assert "Nobody knows whom to ask" in imgtool("explain", "owner-label").out
    rows = {row["code"]: row for row in json.loads(imgtool("rules", "ACME", "--format", "json").out)}
    assert {code: (row["set"], row["plugin"]) for code, row in rows.items()} == {
        "ACME001": ("acme", "acme"),
        "ACME002": ("preview", "acme"),
    }
    assert "ACME001 owner-label" in imgtool("completion", "bash").out
    assert imgtool("explain", "IMG101").code == 0


def test_every_report_takes_it(acme: Path, imgtool: Imgtool) -> None:
    for form in ("sarif", "github", "gitlab", "checkstyle", "junit", "rdjson", "markdown", "jsonl"):
        done = imgtool("lint", "--format", form)
        assert (done.code, "ACME001" in done.out) == (1, True), form
    assert acme.exists()


def test_the_schema_takes_it() -> None:
    schema = json.loads((ROOT / "docs/imgtool.schema.json").read_text("utf-8"))
    valid = {"plugins": ["acme"], "rules": {"ACME001": {"owner": "gpu"}}}
    jsonschema.validate(valid, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"rules": {"IMG999": {}}}, schema)


# --- (modules of the pack, what the error says) ---
BROKEN = [
    ({}, "its package holds no rule"),
    ({"r1": "1 / 0\n"}, ".r1: cannot be imported: ZeroDivisionError: division by zero"),
    ({"r1": "import sys\nsys.exit(3)\n"}, ".r1: cannot be imported: SystemExit: 3"),
    ({"r1": "x = 1\n"}, ".r1 needs a docstring, META and check"),
    ({"r1": packs.rule("MADE001", "yield").replace("document: D", "document: X")}, "check subscribes to Xocument"),
    ({"r1": packs.rule("IMG900", "yield")}, ".r1: IMG900 begins as codes of imgtool do (IMG, DL, BK, SC); take another"),
    ({"r1": packs.rule("SCX100", "yield")}, "SCX100 begins as codes of imgtool do"),
    ({"r1": packs.rule("made1", "yield")}, "'made1' is not two to eight capitals and three or four digits"),
    ({"r1": packs.rule("MADE001", "yield", "Bad Name")}, "'Bad Name' is not lower-case words with dashes"),
    ({"r1": packs.rule("MADE001", "yield", "devel-final-stage")}, "devel-final-stage is a built-in rule already"),
    (
        {"r1": packs.rule("MADE001", "yield"), "r2": packs.rule("MADE001", "yield", "other")},
        ".r2: MADE001 is the pack made already; rename it",
    ),
]  # fmt: skip


@pytest.mark.parametrize("modules, error", BROKEN, ids=range(len(BROKEN)))
def test_a_pack_that_breaks_the_contract(
    install: Install, here: Path, tmp_path: Path, imgtool: Imgtool, modules: dict[str, str], error: str
) -> None:
    install(packs.made(tmp_path, modules))
    (here / ".imgtool.toml").write_text('exclude = []\nplugins = ["made"]\n')
    (here / "Dockerfile").write_text(BARE)
    done = imgtool("lint")
    assert done.code == 2
    assert ".imgtool.toml:2: plugins: plugin made" in done.err
    assert error in done.err


def test_a_pack_that_is_not_there(acme: Path, imgtool: Imgtool) -> None:
    (acme / ".imgtool.toml").write_text('plugins = ["other"]\n')
    done = imgtool("lint")
    assert done.code == 2
    assert "no rule pack is called 'other' (there are acme); install it" in done.err
    # what the project's other commands say besides
    assert imgtool("rules", "IMG101").code == 0


# --- (body of check, what is said of it) ---
FAULTY = [
    ("raise ValueError('x')", "plugin made: ValueError: x"),
    ("import sys; sys.exit(4)", "plugin made: SystemExit: 4"),
    ("return 7", "plugin made: TypeError"),
    ("yield 'text'", "check yields str; META.finding(...) makes findings"),
    ("from imgtool.rule import Span; yield META.finding(Span(0, 99999), 'x')", "lies outside the file's"),
]


@pytest.mark.parametrize("body, error", FAULTY)
def test_a_rule_that_fails_hides_nothing(
    install: Install, here: Path, tmp_path: Path, imgtool: Imgtool, body: str, error: str
) -> None:
    good = packs.rule("MADE002", "from imgtool.rule import Span; yield META.finding(Span(0, 4), 'found')")
    install(packs.made(tmp_path, {"r1": packs.rule("MADE001", body), "r2": good}))
    (here / ".imgtool.toml").write_text('plugins = ["made"]\n')
    (here / "Dockerfile").write_text("FROM debian:bookworm AS B\n")
    done = imgtool("lint")
    assert {"MADE002", "BK001"} <= set(done.out.split())
    assert "rule MADE001 failed, a defect of made: " in done.err
    assert error in done.err


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_other_processes_have_it(acme: Path, tmp_path: Path, method: str) -> None:
    if method == "fork" and sys.platform == "win32":
        pytest.skip("no fork on Windows")
    for name in "ab":
        (acme / f"{name}.Dockerfile").write_text(f"# imgtool ignore=ACME002\n{BARE}")
    program = (
        f"import multiprocessing\nif __name__ == '__main__':\n    multiprocessing.set_start_method({method!r})\n"
        "    from imgtool.__main__ import main\n    main()\n"
    )
    (tmp_path / "program.py").write_text(program)
    path = os.pathsep.join(map(str, packs.acme(tmp_path / "site")))
    done = subprocess.run(
        [sys.executable, tmp_path / "program.py", "lint", "--jobs", "2", "--format", "json"],
        cwd=acme, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    rows = json.loads(done.stdout)
    assert sum(row["code"] == "ACME001" for row in rows) == 3, done.stderr
    assert not [row for row in rows if row["code"] == "IMG003"]


def test_nothing_of_it_is_imported_where_nobody_asks(here: Path) -> None:
    (here / "Dockerfile").write_text(BARE)
    program = (
        "import sys\nfrom imgtool.cli.linting import run\nfrom imgtool.cli import quick\n"
        "run(quick.read(['Dockerfile']))\n"
        "assert not {'importlib.metadata', 'imgtool.lint.plugins'} & {*sys.modules}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=here, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
