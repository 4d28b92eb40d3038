"""What running rules over a file gives, whatever the rules do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.edits import Edit, Span
from imgtool.findings import Finding
from imgtool.lint import registry
from imgtool.lint.fixer import fix
from imgtool.lint.registry import Rule
from imgtool.lint.runner import Judgement, LintResult, RuleFailure, Task, lint, lint_together
from imgtool.lint.work import TOGETHER
from imgtool.rule import Applicability, Document, Facts, Fix, Instruction, RuleMeta, Run, Severity, Stage
from imgtool.syntax import parse
from imgtool.values import replace

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "open"
BUILT_IN = [registry.load(entry) for entry in registry.index()]
FILE = b"ARG A\nFROM a AS x\nRUN one\nONBUILD RUN two\nFROM x\nRUN three\n"

MakeRule = Callable[..., Rule]


def finding(
    code: str,
    at: int = 0,
    *,
    aliases: tuple[str, ...] = (),
    message: str = "",
    related: tuple[Span, ...] = (),
) -> Finding:
    return RuleMeta(code, code.lower(), Severity.WARNING, "0", aliases=aliases).finding(
        Span(at, at + 2), message, related=related
    )


def codes(result: LintResult) -> list[str]:
    return [f.code for f in result.findings]


def on_document(document: Document, _facts: Facts) -> Iterator[Finding]:
    yield finding("T1", message=f"{len(document.instructions)} instructions")


def on_stage(stage: Stage, _facts: Facts) -> Iterator[Finding]:
    yield finding("T1", stage.from_.span.start)


def on_run(run: Run, _facts: Facts) -> Iterator[Finding]:
    yield finding("T1", run.instruction.span.start, message="trigger" if run.onbuild else "")


def on_instruction(instruction: Instruction, _facts: Facts) -> Iterator[Finding]:
    yield finding("T1", instruction.span.start)


# --- (check, the line and message of each finding) ---
SUBJECTS = [
    (on_document, [(1, "6 instructions")]),
    (on_stage, [(2, ""), (5, "")]),
    (on_run, [(3, ""), (4, "trigger"), (6, "")]),
    (on_instruction, [(n, "") for n in range(1, 7)]),
]


@pytest.mark.parametrize("check, expected", SUBJECTS)
def test_a_rule_is_called_for_what_it_subscribes_to(
    make_rule: MakeRule, check: Callable[..., Iterator[Finding]], expected: list[tuple[int, str]]
) -> None:
    result = lint(FILE, "Dockerfile", [make_rule("T1", check)])
    assert [(result.source.line_of(f.span.start), f.message) for f in result.findings] == expected


def test_a_rule_is_called_for_the_keywords_it_names(make_rule: MakeRule) -> None:
    rules = [make_rule("T1", on_instruction, on=on) for on in (("RUN",), ("ARG", "ONBUILD"), ("COPY",))]
    found = [lint(FILE, "Dockerfile", [rule]) for rule in rules]
    assert [[r.source.line_of(f.span.start) for f in r.findings] for r in found] == [[3, 6], [1, 4], []]


def test_findings_stand_in_the_order_of_the_file(make_rule: MakeRule) -> None:
    def backwards(_document: Document, _facts: Facts) -> Iterator[Finding]:
        for at in (9, 5, 5, 0):
            yield finding("T2", at)

    result = lint(FILE, "Dockerfile", [make_rule("T2", backwards), make_rule("T1", on_document)])
    assert [(f.span.start, f.code) for f in result.findings] == [(0, "T1"), (0, "T2"), (5, "T2"), (9, "T2")]


def test_a_rule_that_raises_hides_no_other_rule(make_rule: MakeRule) -> None:
    def broken(_document: Document, _facts: Facts) -> Iterator[Finding]:
        yield finding("T2", 3)
        raise KeyError("x")

    result = lint(FILE, "Dockerfile", [make_rule("T2", broken), make_rule("T1", on_document)])
    assert codes(result) == ["T1", "T2"]
    assert result.failures == (RuleFailure("T2", "KeyError: 'x'"),)


@dataclass(frozen=True)
class Limit:
    limit: int = 1


def limited(_document: Document, _facts: Facts, options: Limit) -> Iterator[Finding]:
    yield finding("T1", message=str(options.limit))


def test_findings_that_are_twice_are_there_once(make_rule: MakeRule) -> None:
    def check(_document: Document, _facts: Facts) -> Iterator[Finding]:
        yield from (finding("T1", message=message) for message in "aabab")

    assert [f.message for f in lint(FILE, "", [make_rule("T1", check)]).findings] == ["a", "b"]


def test_options_are_the_default_or_what_is_given(make_rule: MakeRule) -> None:
    rule = make_rule("T1", limited, options=Limit)
    messages = [lint(FILE, "", [rule], options=given).findings[0].message for given in ({}, {"T1": Limit(7)})]
    assert messages == ["1", "7"]


# --- (findings of rules in order, what is left): one defect, one finding ---
ALIASES = [
    pytest.param([finding("T1"), finding("T2")], ["T1", "T2"], id="two defects at one place"),
    pytest.param([finding("T1", aliases=("T2",)), finding("T2")], ["T1"], id="the first names the second"),
    pytest.param([finding("T1"), finding("T2", aliases=("T1",))], ["T1"], id="the second names the first"),
    pytest.param(
        [finding("T1", aliases=("X",)), finding("T2", aliases=("X",))], ["T1"], id="both name the same third"
    ),
    pytest.param([finding("T1", aliases=("T2",)), finding("T2", 4)], ["T1", "T2"], id="another place"),
    pytest.param([finding("T1", aliases=("T2",)), finding("T2", 1)], ["T1"], id="the places overlap"),
    pytest.param([finding("T1", aliases=("T2",)), finding("T2", 2)], ["T1", "T2"], id="the places touch"),
    pytest.param(
        [finding("T1", aliases=("T2",), related=(Span(4, 5),)), finding("T2", 4)],
        ["T1"],
        id="a related place",
    ),
    pytest.param(
        [finding("DL1"), finding("BK1", aliases=("DL1",))], ["BK1"], id="BuildKit's over hadolint's"
    ),
    pytest.param(
        [finding("BK1", aliases=("X",)), finding("T1", aliases=("X",))], ["T1"], id="ours over both"
    ),
    pytest.param(
        [finding("IMG1"), finding("IMG2", aliases=("IMG1",))],
        ["IMG2"],
        id="of ours the one that names the other",
    ),
    pytest.param(
        [finding("T1", aliases=("T2", "T3")), finding("T2", 1), finding("T3")], ["T1"], id="one for two"
    ),
    pytest.param(
        [finding("T1", message="a"), finding("T1", message="b")], ["T1", "T1"], id="one rule, two messages"
    ),
    pytest.param([finding("T1"), finding("T1")], ["T1"], id="one rule, the same twice"),
]


@pytest.mark.parametrize("found, expected", ALIASES)
def test_one_finding_an_alias_group_and_place(
    make_rule: MakeRule, found: Sequence[Finding], expected: list[str]
) -> None:
    rules = []
    for number, one in enumerate(found):

        def check(_document: Document, _facts: Facts, one: Finding = one) -> Iterator[Finding]:
            yield one

        rules.append(make_rule(f"R{number}", check))
    assert codes(lint(FILE, "", rules)) == expected


# --- (judgement, findings as code and severity) of T1 (alias DL1) and T22 ---
JUDGEMENTS = [
    (Judgement(), ["T1 warning", "T22 warning"]),
    (Judgement(frozenset({"dl1"})), ["T22 warning"]),
    # the rule itself is left out by selection
    (Judgement(frozenset({"t1"})), ["T1 warning", "T22 warning"]),
    (Judgement(severities={"T2": Severity.ERROR}), ["T1 warning", "T22 error"]),
    (Judgement(severities={"DL1": Severity.INFO}), ["T1 info", "T22 warning"]),
    (Judgement(severities={"DL1": Severity.INFO, "T1": Severity.STYLE}), ["T1 style", "T22 warning"]),
    # what stands in for a rule, not for all that begin so
    (Judgement(severities={"DL": Severity.INFO}), ["T1 warning", "T22 warning"]),
    (Judgement(severities={"T": Severity.INFO, "T22": Severity.STYLE}), ["T1 info", "T22 style"]),
]


@pytest.mark.parametrize("judgement, expected", JUDGEMENTS)
def test_what_the_project_makes_of_findings(
    make_rule: MakeRule, judgement: Judgement, expected: list[str]
) -> None:
    def check(_document: Document, _facts: Facts) -> Iterator[Finding]:
        yield finding("T1", aliases=("DL1",))
        yield finding("T22", 4)

    result = lint(FILE, "", [make_rule("T1", check)], judgement=judgement)
    assert [f"{f.code} {f.severity}" for f in result.findings] == expected


# --- comments that silence nothing, or nobody: (lines above FROM, findings of IMG002 and IMG003, the fixed lines) ---
COMMENTS = [
    pytest.param("# imgtool ignore=T1\n", [], None, id="used"),
    pytest.param("# imgtool ignore=T9\n", ["IMG002 T9"], "", id="its rule ran and found nothing"),
    pytest.param("# imgtool ignore=T9 why\n", ["IMG002 T9"], "", id="the reason goes with it"),
    pytest.param("# imgtool ignore=T1,T9\n", ["IMG002 T9"], "# imgtool ignore=T1\n", id="the last of two"),
    pytest.param(
        "# imgtool ignore=T9, T1 why\n", ["IMG002 T9"], "# imgtool ignore=T1 why\n", id="the first of two"
    ),
    pytest.param(
        "# imgtool ignore=T9,T1 , T9\n", ["IMG002 T9", "IMG002 T9"], "# imgtool ignore=T1\n", id="around one"
    ),
    pytest.param("# imgtool ignore=T9,T9\n", ["IMG002 T9", "IMG002 T9"], "", id="all"),
    pytest.param("# imgtool global ignore=T9\n", ["IMG002 T9"], "", id="the whole file"),
    pytest.param("# imgtool ignore=T5\n", ["IMG003 T5"], None, id="nobody"),
    pytest.param("# imgtool ignore=T1,nobody\n", ["IMG003 nobody"], None, id="somebody and nobody"),
    pytest.param("# imgtool ignore=IMG001\n", [], None, id="a rule that did not run may be needed elsewhere"),
    pytest.param("# imgtool ignore=rule-t9\n", ["IMG002 rule-t9"], "", id="a name"),
    pytest.param("# imgtool ignore=ALIAS9\n", ["IMG002 ALIAS9"], "", id="an alias"),
    pytest.param("# imgtool global ignore=IMG002\n# imgtool ignore=T9\n", [], None, id="silenced themselves"),
    pytest.param("# imgtool global ignore=IMG002\n", [], None, id="what silences IMG002 is not judged by it"),
    pytest.param("# imgtool global ignore=IMG003\n# imgtool ignore=T5\n", [], None, id="likewise"),
    pytest.param(
        "# imgtool: ignore=T5\n", ["IMG003 # imgtool: ignore=T5"], None, id="not the form of a suppression"
    ),
    pytest.param("# imgtool global ignore=IMG003\n# imgtool ignore T5\n", [], None, id="silenced as well"),
]


@pytest.mark.parametrize("comment, expected, fixed", COMMENTS)
def test_comments(make_rule: MakeRule, comment: str, expected: list[str], fixed: str | None) -> None:
    def first_stage(stage: Stage, _facts: Facts) -> Iterator[Finding]:
        yield finding("T1", stage.from_.span.start)

    def never(_document: Document, _facts: Facts) -> Iterator[Finding]:
        return iter(())

    about = [rule for rule in BUILT_IN if rule.meta.code in ("IMG002", "IMG003")]
    rules = [make_rule("T1", first_stage), make_rule("T9", never, aliases=("ALIAS9",)), *about]
    data = f"{comment}FROM a\n".encode()
    result = lint(data, "", rules)
    found = [f for f in result.findings if f.code != "T1"]
    assert [f"{f.code} {result.source.text(f.span)}" for f in found] == expected
    if fixed is not None:
        assert fix(data, lambda d: lint(d, "", rules)).data == f"{fixed}FROM a\n".encode()


def test_a_comment_is_not_unused_where_its_rule_did_not_run() -> None:
    (unused,) = [rule for rule in BUILT_IN if rule.meta.code == "IMG002"]
    assert codes(lint(b"# imgtool ignore=IMG001\nFROM a\n", "", [unused])) == []


# --- hadolint's comments, by the rules that run: (comment, the profile, what is said to be unused above a plain RUN) ---
HADOLINT = [
    pytest.param("# hadolint ignore=DL3008", "default", [], id="its rule does not run"),
    pytest.param("# hadolint ignore=DL3008", "hadolint", ["DL3008"], id="its rule runs"),
    pytest.param("# hadolint global ignore=DL3008,DL3015", "default", [], id="for the file"),
    pytest.param("# hadolint global ignore=DL3008,DL3015", "all", ["DL3008", "DL3015"], id="both run"),
    pytest.param("# hadolint ignore=DL3042", "default", [], id="IMG204, which runs, is about less"),
    pytest.param("# hadolint ignore=DL3042", "hadolint", ["DL3042"], id="a code is its own rule's alone"),
    pytest.param("# hadolint ignore=DL3057", "hadolint", [], id="a preview rule does not run"),
    pytest.param("# hadolint ignore=SC2086", "default", [], id="ShellCheck is not asked"),
    pytest.param("# hadolint ignore=IMG204", "default", ["IMG204"], id="a code of ours"),
    pytest.param("# hadolint ignore=IMG204", "hadolint", [], id="a code of ours that does not run"),
    pytest.param("# imgtool ignore=JSONArgsRecommended", "default", ["JSONArgsRecommended"], id="BuildKit's"),
    pytest.param("# imgtool ignore=JSONArgsRecommended", "hadolint", [], id="BuildKit's, and no BK runs"),
]


@pytest.mark.parametrize("comment, profile, expected", HADOLINT)
def test_unused_comments_are_judged_by_rules_that_ran(
    comment: str, profile: str, expected: list[str]
) -> None:
    entries = registry.select(profile=profile)
    data = f"FROM debian:bookworm\n{comment}\nRUN true\n".encode()
    needed, spared = registry.needed(entries, data)
    result = lint(data, "", [registry.load(entry) for entry in needed], spared=spared)
    assert [result.source.text(f.span) for f in result.findings] == expected
    assert set(codes(result)) <= {"IMG002"}


def test_a_file_full_of_comments_for_hadolint_is_clean() -> None:
    rules = [registry.load(entry) for entry in registry.select()]
    run = "RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n"
    data = "FROM debian:bookworm\n" + f"# hadolint ignore=DL3008,DL3009,DL3015,DL3059 why\n{run}" * 20
    assert codes(lint(data.encode(), "", rules)) == []


def test_syntax_errors_are_findings_and_the_rest_is_linted(make_rule: MakeRule) -> None:
    rules = [rule for rule in BUILT_IN if rule.meta.code == "IMG001"]
    result = lint(b"FROM a\nCOPY x\nRUN y\nNONSENSE\n", "", [*rules, make_rule("T1", on_run)])
    assert [(f.code, result.source.line_of(f.span.start)) for f in result.findings] == [
        ("IMG001", 2), ("T1", 3), ("IMG001", 4),
    ]  # fmt: skip


# --- (file, its findings: line, column and the message's beginning) ---
NULS = [
    (
        b"\x7fELF\0\n" + b"\x90\n" * 1000,
        [(1, 5, "this is no Dockerfile: it holds NUL bytes, as no text does")],
    ),
    (b"\x89PNG\r\n\x1a\n\0\0\rIHDR", [(3, 1, "this is no Dockerfile")]),
    (b"FROM a\n\0\1\n\2\n\3\n", [(2, 1, "this is no Dockerfile")]),
    (b"FROM a\nRUN b\0c\n", [(2, 6, "RUN holds a NUL byte")]),
    (b"FROM a\nNONSENSE\nRUN b \\\n # \0\n c\0 \0\n", [(2, 1, "unknown instruction"), (5, 3, "RUN holds")]),
    (b"FROM a\nRUN --mount=target=/b\0 c\n", [(2, 22, "RUN holds")]),
    (b'FROM a\nENV B=\0\nCMD ["\0"]\n', [(2, 7, "ENV holds"), (3, 7, "CMD holds")]),
    (b"FROM a\nONBUILD USER \0\n", [(2, 14, "USER holds")]),
    (b"FROM a\nRUN <<-E\n\tb\0\nE\n", [(3, 3, "RUN holds")]),
    # one file, and what nobody runs
    (b"FROM a\nRUN <<E\n#!/bin/sh\n\0\nE\nCOPY <<E /b\n\0\nE\nLABEL c=\0\n# \0\n", []),
    (b"# \0\nNONSENSE\nFROM a\n", [(2, 1, "unknown instruction")]),
]


@pytest.mark.parametrize("data, expected", NULS)
def test_nul_bytes_are_told_where_they_stand(data: bytes, expected: list[tuple[int, int, str]]) -> None:
    (syntax,) = [rule for rule in BUILT_IN if rule.meta.code == "IMG001"]
    result = lint(data, "", [syntax])
    places = [result.source.place(finding.span.start) for finding in result.findings]
    assert [(place.line, place.column) for place in places] == [row[:2] for row in expected]
    for finding, (*_, message) in zip(result.findings, expected, strict=True):
        assert finding.message.startswith(message)


def test_a_fix_travels_with_its_finding(make_rule: MakeRule) -> None:
    offer = Fix("Do it", (Edit(0, 1, "f"),), Applicability.SAFE)

    def check(_document: Document, _facts: Facts) -> Iterator[Finding]:
        yield RuleMeta("T1", "t", Severity.INFO, "0").finding(Span(0, 1), "m", fix=offer, saves_bytes=5)

    (found,) = lint(FILE, "", [make_rule("T1", check)]).findings
    assert (found.fix, found.saves_bytes, found.severity) == (offer, 5, Severity.INFO)


@given(st.binary(max_size=200))
def test_never_raises(data: bytes) -> None:
    assert not lint(data, "Dockerfile", BUILT_IN).failures


@pytest.mark.corpus
@given(st.data())
def test_never_raises_on_mutated_corpus_files(data: st.DataObject) -> None:
    original = data.draw(st.sampled_from(sorted(CORPUS.iterdir()))).read_bytes()
    at = data.draw(st.integers(0, len(original)))
    mutated = (
        original[:at] + data.draw(st.binary(max_size=20)) + original[at + data.draw(st.integers(0, 40)) :]
    )
    assert not lint(mutated, "Dockerfile", BUILT_IN).failures


# --- files that are linted together ---


def alone(task: Task) -> LintResult:
    document = task.knowledge.document
    # what is known is known from the first time on
    return lint_together([replace(task, knowledge=Facts(document))])[0]


def same(one: LintResult, other: LintResult) -> bool:
    return (one.path, one.findings, one.failures, one.mask) == (
        other.path, other.findings, other.failures, other.mask,
    )  # fmt: skip


@given(st.data())
def test_files_linted_together_are_linted_as_if_alone(make_rule: MakeRule, data: st.DataObject) -> None:
    def broken(instruction: Instruction, _facts: Facts) -> Iterator[Finding]:
        yield finding("T2", instruction.span.start)
        if instruction.keyword == "RUN":
            raise KeyError("x")

    rules = [make_rule("T1", limited, options=Limit), make_rule("T2", broken), make_rule("T3", on_run)]
    lines = st.sampled_from(
        ["FROM a", "RUN b", "RUN pip install c", "ENV TOKEN=x", "# imgtool: ignore=T3", "?"]
    )
    task = st.builds(
        lambda lines, rules, options, comments: Task(
            "a",
            Facts(parse("\n".join(lines).encode())),
            rules,
            options,
            Judgement(comments=comments),
        ),
        st.lists(lines, max_size=5),
        st.permutations([*rules, *BUILT_IN[::20]]).map(lambda shuffled: shuffled[:6]),
        st.sampled_from([{}, {"T1": Limit(7)}]),
        st.booleans(),
    )
    tasks = data.draw(st.lists(task, max_size=4))
    for result, one in zip(lint_together(tasks), tasks, strict=True):
        assert same(result, alone(one))


def test_the_order_of_rules_is_that_of_each_file(make_rule: MakeRule) -> None:
    def broken(_document: Document, _facts: Facts) -> Iterator[Finding]:
        raise KeyError("x")

    def named(code: str) -> Callable[..., Iterator[Finding]]:
        def check(_document: Document, _facts: Facts) -> Iterator[Finding]:
            yield finding(code, aliases=("A1",))

        return check

    rules = [
        make_rule("T1", broken),
        make_rule("T2", broken),
        make_rule("T3", named("T3")),
        make_rule("T4", named("T4")),
    ]
    document = parse(FILE)
    one, other = lint_together([Task("", Facts(document), order) for order in (rules, [*reversed(rules)])])
    # of equals the first finding stays
    assert ([f.code for f in one.failures], codes(one)) == (["T1", "T2"], ["T3"])
    assert ([f.code for f in other.failures], codes(other)) == (["T2", "T1"], ["T4"])


@pytest.mark.corpus
@given(st.data())
def test_corpus_files_linted_together_are_linted_as_if_alone(data: st.DataObject) -> None:
    files = data.draw(st.lists(st.sampled_from(sorted(CORPUS.iterdir())), max_size=2 * TOGETHER))
    tasks = [Task(str(file), Facts(parse(file.read_bytes())), BUILT_IN) for file in files]
    for result, one in zip(lint_together(tasks), tasks, strict=True):
        assert same(result, alone(one))
