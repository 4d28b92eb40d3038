"""The fix contract, over every rule and every real Dockerfile.

Fixes converge. What they give parses as well as the file did. Comments, here-documents that are no shell scripts,
newlines, byte-order mark, directives and final newline stay. Safe ones leave stages, configuration and commands as
they were, but for what :data:`effective.LEEWAY` says of each rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache, reduce
from operator import or_
from pathlib import Path

import pytest
from effective import CLEANS, LEEWAY, Leeway, differences, keeping, known, steps

from imgtool.findings import Applicability
from imgtool.lint import registry
from imgtool.lint.fixer import FixResult, fix
from imgtool.lint.registry import Rule
from imgtool.lint.runner import LintResult, lint
from imgtool.values import replace

SLICES = 8
SAFE = (Applicability.SAFE,)
EVERY = (Applicability.SAFE, Applicability.UNSAFE)


GROUPS = ("IMG", "BK", "DL")
"""Apart, so that no finding stands for one of another group."""


@cache
def rules(code: str = "") -> list[Rule]:
    """Loaded rules: those whose codes begin so, or all."""
    return [registry.load(entry) for entry in registry.index() if entry.code.startswith(code)]


def linter(name: str, chosen: list[Rule], data: bytes, first: LintResult) -> Callable[[bytes], LintResult]:
    def once(current: bytes) -> LintResult:
        return first if current == data else lint(current, name, chosen, knowledge=known(current))

    return once


def broken(data: bytes, done: FixResult, leeway: Leeway | None) -> list[str]:
    """What a fixed file does not keep. ``leeway`` None: its fixes were not all safe."""
    found = [] if done.converged else ["does not converge"]
    allowed = EVERY if leeway is None else SAFE
    found += [
        f"not applied: {f.code} {f.message}"
        for f in done.left.findings
        if f.fix and f.fix.edits and f.fix.applicability in allowed
    ]
    new = problems(done.data) - problems(data)
    found += [f"refused: {message}" for message in new]
    found += unkept(data, done)
    if leeway is not None and done.data != data:
        found += differences(steps(data), steps(done.data), leeway)
    return found


def problems(data: bytes) -> Counter[str]:
    return Counter(problem.message for problem in known(data).document.problems)


def unkept(data: bytes, done: FixResult) -> list[str]:
    before, after = keeping(data), keeping(done.data)
    found = [
        f"{name}: {getattr(before, name)} {getattr(after, name)}"
        for name in ("escape", "directives", "mark", "ends", "bodies")
        if getattr(before, name) != getattr(after, name)
    ]
    if before.newlines and not after.newlines <= before.newlines:
        found.append("newlines")
    if before.comments != after.comments and "IMG002" not in done.fixed:
        gone = Counter(before.comments) - Counter(after.comments)
        found.append(
            f"comments: gone {list(gone)}, new {list(Counter(after.comments) - Counter(before.comments))}"
        )
    return found


def doubled(data: bytes) -> list[str]:
    """Commands that empty a cache that is empty already: nothing fills one between them."""
    found = []
    for step in steps(data):
        cleans: set[str] = set()
        for _, text in step.items:
            if CLEANS.fullmatch(text):
                found += [text] if text in cleans else []
                cleans.add(text)
            else:
                cleans.clear()
    return found


@pytest.mark.corpus
@pytest.mark.parametrize("part", range(SLICES))
def test_fixes_of_the_corpus(part: int, corpus: Path) -> None:
    wrong = [
        f"{path.name} {fault}"
        for path in sorted((corpus / "open").iterdir())[part::SLICES]
        for fault in faults(path.name, path.read_bytes())
    ]
    assert not wrong, "\n".join(wrong)


def faults(name: str, data: bytes) -> Iterator[str]:
    """What fixes do wrong: each rule's alone, all safe ones, all of them."""
    facts = known(data)
    results = {codes: lint(data, name, rules(codes), knowledge=facts) for codes in GROUPS}
    assert not any(result.failures for result in results.values())
    offers: dict[str, set[Applicability]] = {}
    for finding in (f for result in results.values() for f in result.findings):
        if finding.fix and finding.fix.edits:
            offers.setdefault(finding.code, set()).add(finding.fix.applicability)
    for code, kinds in sorted(offers.items()):
        (first,) = (
            replace(r, findings=tuple(f for f in r.findings if f.code == code))
            for g, r in results.items()
            if code.startswith(g)
        )
        for unsafe in sorted({kind is Applicability.UNSAFE for kind in kinds}):
            done = fix(data, linter(name, rules(code), data, first), unsafe=unsafe)
            leeway = None if unsafe else LEEWAY.get(code, Leeway())
            yield from (f"{code} unsafe={unsafe} {fault}" for fault in broken(data, done, leeway))
    if offers:
        first = lint(data, name, rules(), knowledge=facts)
        for unsafe in sorted({kind is Applicability.UNSAFE for kinds in offers.values() for kind in kinds}):
            done = fix(data, linter(name, rules(), data, first), unsafe=unsafe)
            every = reduce(or_, (LEEWAY.get(code, Leeway()) for code in done.fixed), Leeway())
            found = [
                *broken(data, done, None if unsafe else every),
                *(f"twice: {t}" for t in doubled(done.data) if t not in doubled(data)),
            ]
            yield from (f"all unsafe={unsafe} {fault}" for fault in found)


# --- the contract itself: what it lets pass, and what it notices. (rules, before, after, is it right) ---
JUDGED = [
    ("", "FROM a\nENV x y z\n", 'FROM a\nENV x="y z"\n', True),
    ("", "FROM a\nENV x y z\n", "FROM a\nENV x=y z=\n", False),
    ("", "from a\nrun b \\\n# c\n\n  d\n", "FROM a\nRUN b \\\n# c\n  d\n", True),
    ("", "FROM a\nEXPOSE 1:2/TCP\n", "FROM a\nEXPOSE 2/tcp\n", True),
    ("", "FROM scratch\nWORKDIR /a\nWORKDIR b\n", "FROM scratch\nWORKDIR /a\nWORKDIR /a/b\n", True),
    ("", "FROM a\nRUN b\nRUN c\n", "FROM a\nRUN b && c\n", False),
    ("", "FROM a\nCMD b\n", 'FROM a\nCMD ["b"]\n', False),
    ("", "FROM a\nADD b c\n", "FROM a\nCOPY b c\n", False),
    ("DL3020", "FROM a\nADD b c\n", "FROM a\nCOPY b c\n", True),
    ("DL3014", "FROM a\nRUN apt-get install b\n", "FROM a\nRUN apt-get install -y b\n", True),
    ("DL3014", "FROM a\nRUN apt-get install b\n", "FROM a\nRUN apt-get install -y\n", False),
    ("IMG201", "FROM a\nRUN b\nRUN c\nUSER d\nRUN e\n", "FROM a\nRUN b && c\nUSER d\nRUN e\n", True),
    ("IMG201", "FROM a\nRUN b\nUSER d\nRUN c\n", "FROM a\nUSER d\nRUN b && c\n", False),
    ("IMG201", "FROM a\nRUN cd b\nRUN c\n", "FROM a\nRUN cd b && c\n", False),
    ("IMG201", "FROM a\nRUN b || x\nRUN c\n", "FROM a\nRUN b || x && c\n", False),
    ("IMG201", "FROM a\nRUN b\nRUN c\n", "FROM a\nRUN b\n", False),
    ("IMG204", "FROM a\nRUN yum install -y b\n", "FROM a\nRUN yum install -y b && yum clean all\n", True),
    ("IMG204", "FROM a\nRUN b\n", "FROM a\nRUN b && rm -rf /var/lib\n", False),
    ("IMG203", "FROM a\nCOPY b c\nRUN chown -R d c\n", "FROM a\nCOPY --chown=d:0 b c\nRUN chown d c\n", True),
    ("IMG203", "FROM a\nCOPY b c\nRUN chown -R d c\n", "FROM a\nCOPY --chown=d:0 b e\n", False),
]  # fmt: skip


@pytest.mark.parametrize("code, before, after, right", JUDGED)
def test_what_a_safe_fix_may_change(code: str, before: str, after: str, right: bool) -> None:
    found = differences(steps(before.encode()), steps(after.encode()), LEEWAY.get(code, Leeway()))
    assert bool(found) is not right


# --- (before, after): each keeps less than every fix must ---
SPOILT = [
    (b"FROM a\n# b\n", b"FROM a\n"),
    (b"FROM a\n", b"FROM a"),
    (b"FROM a\r\nRUN b\r\n", b"FROM a\r\nRUN b\n"),
    (b"\xef\xbb\xbfFROM a\n", b"FROM a\n"),
    (b"# escape=`\nFROM a\n", b"FROM a\n# escape=`\n"),
    (b"FROM a\nCOPY <<E b\nRUN x\nE\n", b"FROM a\nCOPY <<E b\nRUN y\nE\n"),
    (b"FROM a\nRUN python3 <<E\nx\nE\n", b"FROM a\nRUN python3 <<E\ny\nE\n"),
    (b"FROM a\nRUN <<E\n#!/usr/bin/env python3\nx\nE\n", b"FROM a\nRUN <<E\n#!/usr/bin/env python3\ny\nE\n"),
]


@pytest.mark.parametrize("before, after", SPOILT)
def test_what_every_fix_keeps(before: bytes, after: bytes) -> None:
    left = lint(after, "Dockerfile", [])
    assert unkept(before, FixResult(after, Counter(), left))
    assert not unkept(before, FixResult(before, Counter(), left))


SHELL = "FROM a\nRUN <<E\napt-get update\napt-get install b\nE\n"


def test_a_here_document_of_a_shell_may_change() -> None:
    left = lint(b"", "Dockerfile", [])
    assert not unkept(
        SHELL.encode(), FixResult(SHELL.replace("install", "install -y").encode(), Counter(), left)
    )


# --- (before, after): fixes that meet in one pass empty a cache once ---
C = "FROM centos:7\n"
MET = [
    (
        f"{C}RUN yum install -y a\nRUN yum install -y b\nRUN yum clean all\n",
        f"{C}RUN yum install -y a \\\n    && yum install -y b \\\n    && yum clean all\n",
    ),
    (
        f"{C}RUN yum install -y a\nRUN yum install -y b && yum clean all\n",
        f"{C}RUN yum install -y a \\\n    && yum install -y b && yum clean all\n",
    ),
    (
        f"{C}RUN yum install -y a && yum clean all\nRUN yum install -y b\nRUN yum clean all\n",
        f"{C}RUN yum install -y a && yum clean all \\\n    && yum install -y b \\\n    && yum clean all\n",
    ),
    (
        "FROM debian\nRUN apt-get update\nRUN apt-get install -y a\nRUN rm -rf /var/lib/apt/lists/*\n",
        "FROM debian\nRUN apt-get update \\\n    && apt-get install -y a \\\n    && rm -rf /var/lib/apt/lists/*\n",
    ),
]


@pytest.mark.parametrize("before, after", MET)
def test_a_cache_is_emptied_once(before: str, after: str) -> None:
    done = fix(before.encode(), lambda data: lint(data, "Dockerfile", rules()))
    assert done.data.decode() == after
    assert [*faults("Dockerfile", before.encode())] == []
