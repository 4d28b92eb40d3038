"""One defect, one finding: where findings of two rules stand in one place, the table says what sets them apart."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest

from imgtool.facts.facts import FactOptions, Facts
from imgtool.findings import Finding
from imgtool.lint import registry, shellcheck
from imgtool.lint.runner import LintResult, ShellFindings, lint

# files that ShellCheck reads, too
SAMPLE = 120
SEED = 20261121

# codes, or what they begin with, on either side; why they are two defects of one place
DIFFERENT = [
    ("SC", "SC", "ShellCheck's own business"),
    ("SC1 SC2 SC3", "IMG DL3008 DL3013 DL4001", "how the shell reads a word, not what the word asks for"),
    ("SC2164", "DL3003", "a cd that may fail, and a folder that only this RUN sees"),
    ("SC2001 SC2005 SC2006 SC2046", "DL4006", "words that split, and a failure in the pipe inside them"),
    ("DL3057", "DL3006 DL3007 BK009 BK017 IMG001 IMG1 IMG401", "what the image lacks is said at its FROM"),
    ("DL1001", "BK020 IMG002 IMG003", "that a comment silences, and what it does not describe or silence"),
    ("BK020", "BK016 IMG001 IMG002", "what the comment above says, and what it silences or stands on"),
    ("BK009 BK017", "BK009 BK017 IMG001 DL3006 DL3007", "the variable without a value, the image without it, its tag"),
    ("BK013", "BK016 DL3048", "how a pair is written, and what its name says"),
    ("DL3014", "DL3015", "a question that nobody answers, and packages nobody asked for"),
    ("DL3027", "IMG120 IMG202 IMG204 DL3009", "which program, and what it does or leaves"),
    ("DL3020", "IMG205", "ADD in place of COPY, and its place among the instructions"),
    ("DL3047", "DL4001", "how wget is called, and that curl is there, too"),
    ("DL3008 DL3033 DL3037 DL3041", "IMG101 IMG102 IMG116 IMG118 IMG124", "any version of a package, and the package itself"),
    ("DL3013", "IMG108 IMG109 IMG110 IMG111", "any version of a package, and how it is built"),
    ("DL3008", "DL4006", "a package whose name a pipe prints"),
    ("DL3014 DL3030 DL3034 DL3038", "IMG204", "a command that asks, and what it leaves"),
    ("IMG101 IMG105 IMG123", "IMG115", "which flavour, and which version"),
    ("IMG102", "IMG116 IMG209 IMG204", "the driver, and what else comes with the same package or file"),
    ("IMG101 IMG124", "IMG116", "a toolkit in what ships, and a device that nothing asks for"),
    ("IMG103", "IMG107", "a folder in the value, and the folders that the value lost"),
    ("IMG109", "IMG110", "for which devices it is compiled, and by how many jobs"),
    ("IMG109 IMG110", "IMG207 IMG208 IMG213", "how a clone is compiled, and what it is or leaves"),
    ("IMG120", "IMG204", "what an upgrade changes, and what it leaves"),
    ("IMG207", "IMG208 IMG213", "what a clone keeps, its history and its objects, and which revision it is"),
    ("IMG208", "IMG213", "which revision it is, and what of it stays"),
    ("IMG207 IMG208 IMG213", "IMG501 IMG507", "the clone, and the secret in its address"),
    ("IMG209", "IMG509", "a file that stays, and that nobody checked"),
    ("IMG503", "IMG504", "which index wins, and who may change what it sends"),
]  # fmt: skip


def explained(one: str, other: str) -> bool:
    """Whether a row of the table has the pair."""
    return any(
        (one.startswith(tuple(a.split())) and other.startswith(tuple(b.split())))
        or (other.startswith(tuple(a.split())) and one.startswith(tuple(b.split())))
        for a, b, _ in DIFFERENT
    )


def together(one: Finding, other: Finding) -> bool:
    """Whether they stand in one place: any of one begins in, or where, any of the other does."""
    return any(
        a.start == b.start or (a.start < b.end and b.start < a.end) for a in one.places for b in other.places
    )


def unexplained(result: LintResult) -> Iterator[str]:
    assert not result.failures
    for one, other in combinations(result.findings, 2):
        if one.code != other.code and together(one, other) and not explained(one.code, other.code):
            line = result.source.line_of(one.span.start)
            yield f"{result.path}:{line} {one.code} {one.message} / {other.code} {other.message}"


def every(path: Path, shell: ShellFindings | None = None) -> LintResult:
    """What all rules say, those in preview as well."""
    rules = [registry.load(entry) for entry in registry.index()]
    return lint(path.read_bytes(), path.name, rules, FactOptions(), shell=shell)


@pytest.mark.corpus
def test_no_two_findings_say_the_same(corpus: Path) -> None:
    assert [text for path in sorted((corpus / "open").iterdir()) for text in unexplained(every(path))] == []


@pytest.mark.corpus
def test_nor_do_those_of_shellcheck(corpus: Path) -> None:
    if why := shellcheck.problem(wanted=True):
        pytest.skip(why)

    def ask(facts: Facts) -> shellcheck.Pending:
        return shellcheck.ask([facts])[0]

    sample = random.Random(SEED).sample(sorted((corpus / "open").iterdir()), SAMPLE)
    assert [text for path in sample for text in unexplained(every(path, ask))] == []


# --- what is one defect: (Dockerfile, the codes that find it alone, the one that stays) ---
APT = "RUN apt-get update && apt-get install -y --no-install-recommends curl=8"
SAME = [
    (f"{APT}\n", "IMG204 DL3009", "IMG204"),
    (f"{APT}\nRUN rm -rf /var/lib/apt/lists/*\n", "IMG202 DL3009", "IMG202"),
    ("RUN pip install a==1\n", "IMG204 DL3042", "IMG204"),
    ("RUN mkdir /a\nRUN mkdir /b\n", "IMG201 DL3059", "IMG201"),
    ("COPY id_rsa /root/\nRUN rm /root/id_rsa\n", "IMG202 IMG303", "IMG202"),
    ("ENV TOKEN=ghp_0fK3mZ8xQ2vL9sT4bN6yR1wE5uJ7hG3dC8pA\n", "IMG501 BK016 DL3064", "IMG501"),
    ("ARG GITHUB_TOKEN\n", "BK016 DL3064", "BK016"),
    ("WORKDIR app\n", "BK010 DL3000", "BK010"),
    ("CMD a\n", "BK007 DL3025", "BK007"),
    ('CMD ["a"]\nCMD ["b"]\n', "BK012 DL4003", "BK012"),
    ('ENTRYPOINT ["a"]\nENTRYPOINT ["b"]\n', "BK012 DL4004", "BK012"),
    ("HEALTHCHECK CMD a\nHEALTHCHECK CMD b\n", "BK012 DL3012", "BK012"),
    ("MAINTAINER me\n", "BK008 DL4000", "BK008"),
    ("FROM --platform=linux/amd64 debian:12\n", "BK018 DL3029", "BK018"),
    ("FROM --platform=$TARGETPLATFORM debian:12\n", "BK015 DL3065", "BK015"),
    ("FROM debian:12 AS a\nFROM debian:12 AS a\n", "BK005 DL3024", "BK005"),
    ("FROM debian:12 AS context\n", "BK006 DL3063", "BK006"),
    ("ENV A=1 B=$A\n", "BK011 DL3044", "BK011"),
]  # fmt: skip


@pytest.mark.parametrize("body, codes, stays", SAME)
def test_one_defect_is_one_finding(body: str, codes: str, stays: str) -> None:
    data = f"FROM debian:bookworm\n{body}".encode()
    rules = {e.code: registry.load(e) for e in registry.index() if e.code in codes.split()}
    for code, rule in rules.items():
        assert [f.code for f in lint(data, "", [rule]).findings] == [code]
    assert [f.code for f in lint(data, "", list(rules.values())).findings] == [stays]
