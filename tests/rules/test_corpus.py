"""The rules on context, stages and secrets over real Dockerfiles, and the record of what was read there."""

from __future__ import annotations

import csv
import random
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from fakes import PRIVATE_KEY, TOKENS

from imgtool.facts.facts import FactOptions, Facts
from imgtool.facts.masks import masked
from imgtool.lint import registry
from imgtool.lint.runner import LintResult, lint
from imgtool.syntax import parse

RECORD = Path(__file__).resolve().parents[1] / "precision"
SEED = 20261121
VERDICTS = {"right", "wrong", "debatable"}
pytestmark = pytest.mark.corpus

Place = tuple[str, int]


def run(code: str, data: bytes, dockerfile: Path | None = None) -> LintResult:
    rules = [registry.load(entry) for entry in registry.index() if entry.code == code]
    result = lint(data, "Dockerfile", rules, FactOptions(dockerfile=dockerfile))
    assert not result.failures
    return result


def places(name: str, result: LintResult) -> list[Place]:
    return [(name, result.source.line_of(finding.span.start)) for finding in result.findings]


@cache
def rows(corpus: Path) -> list[dict[str, str]]:
    with (corpus / "open.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


# --- IMG301: the corpus has no contexts, so each file gets one ---


def plant(folder: Path, row: dict[str, str], data: bytes) -> Path:
    """A repository with the Dockerfile in its place, the sources that it names, and what the label says.

    A source is a folder where it ends in a slash, else a file. They lie beside the Dockerfile, or at the root where
    the ``.dockerignore`` is there.
    """
    dockerfile = folder / row["path"]
    (folder / ".git").mkdir(parents=True)
    dockerfile.parent.mkdir(parents=True, exist_ok=True)
    dockerfile.write_bytes(data)
    base = folder if row["dockerignore"] == "root-only" else dockerfile.parent
    # the deepest first: what holds another is a folder
    for source in sorted(Facts(parse(data)).local_sources, key=len, reverse=True):
        path = base / source.lstrip("/")
        if ".." in source or any(char in source for char in "*?[") or path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if source.endswith("/"):
            path.mkdir()
        else:
            path.write_bytes(b"")
    if row["dockerignore"] in ("beside", "root-only"):
        ((dockerfile.parent if row["dockerignore"] == "beside" else folder) / ".dockerignore").write_text(
            ".git\n"
        )
    return dockerfile


def takes_much(data: bytes) -> bool:
    """Whether a COPY or ADD names the whole context, told by its text alone."""
    for instruction in parse(data).instructions:
        if instruction.keyword in ("COPY", "ADD") and not instruction.flag("from"):
            names = [name for name in instruction.args[:-1] if "://" not in name]
            if any(name in (".", "./") for name in names):
                return True
    return False


@pytest.fixture(scope="module")
def without(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, LintResult]:
    """What IMG301 finds in each file that copies from its context."""
    root = tmp_path_factory.mktemp("contexts")
    found = {}
    for number, row in enumerate(rows(corpus)):
        if row["context_copy"] == "yes" and row["dockerignore"] != "unknown":
            data = (corpus / "open" / row["file"]).read_bytes()
            found[row["file"]] = run("IMG301", data, plant(root / str(number), row, data))
    return found


def test_contexts_without_dockerignore(corpus: Path, without: dict[str, LintResult]) -> None:
    labels = {row["file"]: row["dockerignore"] for row in rows(corpus)}
    found = Counter(labels[name] for name, result in without.items() if result.findings)
    assert set(found) == {"none"}
    wanted = {
        name
        for name in without
        if labels[name] == "none" and takes_much((corpus / "open" / name).read_bytes())
    }
    missed = {name for name in wanted if not without[name].findings}
    assert not missed
    assert len(wanted) > 80


# --- stages and secrets ---
READ = tuple(f"IMG{n}" for n in (303, 401, 402, 403, 404, 501, 502, 503, 504, 505, 506, 507, 509, 510))


@pytest.fixture(scope="module")
def found(corpus: Path, without: dict[str, LintResult]) -> dict[str, list[Place]]:
    every: dict[str, list[Place]] = {code: [] for code in READ}
    rules = [registry.load(entry) for entry in registry.index() if entry.code in READ]
    for path in sorted((corpus / "open").iterdir()):
        result = lint(path.read_bytes(), "Dockerfile", rules)
        assert not result.failures
        for finding in result.findings:
            every[finding.code].append((path.name, result.source.line_of(finding.span.start)))
    every["IMG301"] = [place for name, result in without.items() for place in places(name, result)[:1]]
    return every


@pytest.mark.parametrize("code", ["IMG301", *READ])
def test_the_record_is_of_the_sample(code: str, found: dict[str, list[Place]]) -> None:
    with (RECORD / f"{code}.tsv").open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file, delimiter="\t"))
    every = sorted(set(found[code]))
    sample = random.Random(SEED).sample(every, min(30, len(every)))
    assert {(row["file"], int(row["line"])) for row in read} == set(sample)
    # a second verdict may be missing yet
    assert all(row["reason"] and row["verdict"] in VERDICTS for row in read)
    assert {row["second"] for row in read} <= VERDICTS | {""}
    assert sum(row["verdict"] == "right" for row in read) >= 0.9 * len(read)
    # a second reader, who left more open
    right, refused = (sum(row["second"] == verdict for row in read) for verdict in ("right", "wrong"))
    assert right >= 9 * refused


def test_planted_secrets_are_found_and_hidden(corpus: Path) -> None:
    chosen = random.Random(SEED).sample(
        sorted(row["file"] for row in rows(corpus) if row["buildkit"] == "ok"), 60
    )
    for name in chosen:
        data = (corpus / "open" / name).read_bytes()
        before = len(run("IMG501", data).findings)
        kinds = random.Random(name).sample(sorted(TOKENS.values()), 4)
        lines = (
            f"ENV PLANTED={kinds[0]}",
            f"RUN login {kinds[1]}",
            f'LABEL a="{kinds[2]}"',
            f"CMD serve {kinds[3]}",
        )
        more = "\n".join(("", "FROM scratch", *lines, "COPY <<EOF /key", PRIVATE_KEY, "EOF", "")).encode()
        (hidden,) = masked(data + more)
        assert len(run("IMG501", data + more).findings) == before + 5, name
        assert not [token for token in kinds if token.encode() in hidden], name
        assert PRIVATE_KEY.splitlines()[2].encode() not in hidden, name
