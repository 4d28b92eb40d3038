"""Loading rules, and which ones a run selects."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.edits import Span
from imgtool.findings import Finding
from imgtool.lint import registry
from imgtool.lint.registry import IndexEntry, RuleError, Selection
from imgtool.rule import Document, Facts, RuleMeta, Severity

ENTRIES = (
    IndexEntry("DL3001", "pin-things", (), False, "m"),
    IndexEntry("DL3002", "shorter-runs", (), False, "m"),
    IndexEntry("IMG101", "devel-final-stage", (), False, "m"),
    IndexEntry("IMG102", "driver-in-image", (), False, "m"),
    IndexEntry("IMG201", "merge-runs", ("DL3002", "DL3059", "MultipleInstructions"), False, "m"),
    IndexEntry("IMG299", "young", (), True, "m"),
)
DEFAULT = "IMG101 IMG102 IMG201"
DL = "DL3001 DL3002"
EVERY = f"{DL} {DEFAULT}"


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "index", lambda: ENTRIES)


# --- (select or None, ignore, extend-select, the rules that run) ---
SELECTIONS = [
    pytest.param(None, "", "", DEFAULT, id="the default set is without hadolint's rules and previews"),
    pytest.param("", "", "", "", id="nothing"),
    pytest.param("ALL", "", "", EVERY, id="every rule but previews"),
    pytest.param("IMG101", "", "", "IMG101", id="a code"),
    pytest.param("img101", "", "", "IMG101", id="whatever the case"),
    pytest.param("merge-runs", "", "", "IMG201", id="a name"),
    pytest.param("DL3059", "", "", "IMG201", id="an alias"),
    pytest.param("multipleinstructions", "", "", "IMG201", id="an alias that is a name"),
    pytest.param("DL3002", "", "", "DL3002", id="an alias that is a rule's own code"),
    pytest.param("DL", "", "", DL, id="a prefix, never of aliases"),
    pytest.param("IMG1", "", "", "IMG101 IMG102", id="a longer prefix"),
    pytest.param("IMG2", "", "", "IMG201", id="a prefix covers no previews"),
    pytest.param("IMG1", "IMG102", "", "IMG101", id="the longer selector wins: ignore"),
    pytest.param("IMG102", "IMG1", "", "IMG102", id="the longer selector wins: select"),
    pytest.param("IMG102", "IMG102", "", "", id="a tie leaves the rule out"),
    pytest.param("ALL", "IMG", "", DL, id="ALL is the shortest"),
    pytest.param("IMG", "ALL", "", DEFAULT, id="ALL is the shortest, ignored too"),
    pytest.param("IMG101", "devel-final-stage", "", "", id="a name is as close as a code"),
    pytest.param("IMG201", "DL3059", "", "", id="an alias is as close as a code"),
    pytest.param(None, "IMG1", "", "IMG201", id="less than the default"),
    pytest.param(None, "IMG1", "IMG101", "IMG101 IMG201", id="less, and one of them again"),
    pytest.param(None, "", "IMG299", f"{DEFAULT} IMG299", id="more than the default"),
    pytest.param("IMG101", "", "DL", f"{DL} IMG101", id="extend adds to select"),
    pytest.param(None, "ALL", "", "", id="nothing but what is selected"),
]


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize("selected, ignored, extended, expected", SELECTIONS)
def test_select(selected: str | None, ignored: str, extended: str, expected: str) -> None:
    wanted = None if selected is None else tuple(selected.split())
    layer = Selection(wanted, tuple(ignored.split()), tuple(extended.split()))
    assert [e.code for e in registry.select(layer)] == expected.split()


# --- (layers, the rules that run): a later layer has the last word on what it speaks of ---
LAYERS = [
    pytest.param([], DEFAULT, id="none"),
    pytest.param([Selection(ignore=("IMG101",)), Selection(extend=("IMG1",))], DEFAULT, id="wanted again"),
    pytest.param(
        [Selection(("IMG1",)), Selection(ignore=("IMG",))], "", id="taken away by a shorter selector"
    ),
    pytest.param([Selection(ignore=("IMG101",)), Selection(("IMG1",))], "IMG101 IMG102", id="begun anew"),
    pytest.param([Selection(("IMG1",)), Selection()], "IMG101 IMG102", id="a silent layer changes nothing"),
    pytest.param([Selection(("IMG1",)), Selection(extend=("DL",))], f"{DL} IMG101 IMG102", id="and more"),
]


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize("layers, expected", LAYERS)
def test_layers(layers: list[Selection], expected: str) -> None:
    assert [e.code for e in registry.select(*layers)] == expected.split()


# --- (layers, what is silenced as an alias) ---
SILENCED = [
    ([Selection(ignore=("DL3059", "StageNameCasing"))], {"dl3059", "stagenamecasing"}),
    ([Selection(ignore=("DL3059",)), Selection(extend=("dl3059",))], set()),
    ([Selection(ignore=("DL3059",)), Selection(("IMG",))], set()),
    ([Selection(), Selection(("IMG",), ("DL3059",))], {"dl3059"}),
    ([Selection(ignore=("IMG202", "deleted-later"))], set()),  # a rule that covers it goes on
]


@pytest.mark.parametrize("layers, expected", SILENCED)
def test_silenced(layers: list[Selection], expected: set[str]) -> None:
    assert registry.silenced(*layers) == expected


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize(
    "profile, preview, expected",
    [
        ("default", False, DEFAULT),
        ("default", True, f"{DEFAULT} IMG299"),
        ("hadolint", False, DL),
        ("hadolint", True, DL),
        ("all", False, EVERY),
        ("all", True, f"{EVERY} IMG299"),
    ],
)
def test_profiles(profile: str, preview: bool, expected: str) -> None:
    assert [e.code for e in registry.select(profile=profile, preview=preview)] == expected.split()


# --- (words that a rule needs, a file, whether it is run) ---
NEEDS = [
    ((), b"", True),
    (("zypper",), b"FROM a\nRUN ZYPPER in x\n", True),
    (("zypper",), b"FROM a\nRUN zyp\\\nper in x\n", True),
    (("zypper",), b"FROM a\r\nRUN zyp\\\r\nper in x\r\n", True),
    (("zypper",), b"# escape=`\nFROM a\nRUN zyp`\nper in x\n", True),
    (("zypper", "dnf"), b"FROM a\nRUN dnf install x\n", True),
    (("zypper", "dnf"), b"FROM a\nRUN apt install x\xff\n", False),
    (("zypper-x", "zypper"), b"FROM a\nRUN zypper in x\n", True),
    (("zypper-x",), b"FROM a\nRUN zypper in x\n", False),
    ((".tar",), b"FROM a\nADD x.TA\\\r\nR /\n", True),
    ((".tar", ".o"), b"FROM a\nADD x.tax.k /\n", False),
    ((".o",), b"FROM a\nADD x.onnx /\n", True),  # in a longer word
    ((".no-rule-needs-it",), b"FROM a\nADD x.no-rule-needs-it /\n", True),
]


@pytest.mark.parametrize("needs, data, expected", NEEDS)
def test_needed(needs: tuple[str, ...], data: bytes, expected: bool) -> None:
    entry = IndexEntry("IMG101", "x", (), False, "m", needs)
    assert registry.needed([entry], data) == (([entry], []) if expected else ([], [entry]))


@given(st.text("abc", max_size=12), st.lists(st.lists(st.text("abc", min_size=1, max_size=3)), max_size=6))
def test_needed_is_what_each_rule_says_by_itself(text: str, needs: list[list[str]]) -> None:
    entries = tuple(IndexEntry(f"T{n}", "x", (), False, "m", tuple(words)) for n, words in enumerate(needs))
    wanted = [e for e in entries if not e.needs or any(word in text for word in e.needs)]
    spared = [e for e in entries if e not in wanted]
    assert registry.needed(entries, text.encode()) == (wanted, spared)


WORDS = sorted({word for entry in registry.index() for word in entry.needs})


@given(
    st.lists(
        st.sampled_from([*WORDS, ".", " ", "a", "\n", "é"]) | st.sampled_from(WORDS).map(lambda w: w[:-1])
    )
)
def test_needed_finds_each_word(parts: list[str]) -> None:
    text = "".join(parts)
    entries = [IndexEntry(word, "x", (), False, "m", (word,)) for word in WORDS]
    found = [entry.code for entry in registry.needed(entries, text.encode())[0]]
    assert found == [word for word in WORDS if word in text]


@pytest.mark.usefixtures("entries")
def test_called() -> None:
    weak = finding_of("DL3002", "shorter-runs")
    assert registry.called(weak) == {"dl3002", "shorter-runs", "img201", "merge-runs"}
    strong = finding_of("IMG201", "merge-runs", ("DL3059",))
    assert registry.called(strong) == {"img201", "merge-runs", "dl3059"}


def finding_of(code: str, name: str, aliases: tuple[str, ...] = ()) -> Finding:
    return Finding(code, name, Severity.INFO, Span(0, 1), "", aliases)


# --- (selector, what the error says) ---
UNKNOWN = [
    ("IMG109", "no rule matches 'IMG109' (did you mean IMG10"),
    ("IMG1011", "(did you mean IMG101?)"),
    ("devel-final-stag", "(did you mean devel-final-stage?)"),
    ("", "no rule matches ''"),
    ("Multiple", "no rule matches 'Multiple'"),  # a name has no prefixes
    ("merge", "no rule matches 'merge'"),
    ("zzz", "no rule matches 'zzz'"),
    ("IMG101 ", "(did you mean IMG101?)"),
]


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize("selector, message", UNKNOWN)
def test_a_selector_that_covers_no_rule_is_refused(selector: str, message: str) -> None:
    with pytest.raises(RuleError, match=re.escape(message)):
        registry.check_selectors(["ALL", selector])


@pytest.mark.usefixtures("entries")
def test_find() -> None:
    for name in ("IMG201", "img201", "merge-runs", "dl3059"):
        assert registry.find(name).code == "IMG201"
    with pytest.raises(RuleError, match=r"no rule is called 'IMG20' \(did you mean IMG201\?\)"):
        registry.find("IMG20")


def check(document: Document, facts: Facts) -> Any: ...


META = RuleMeta("X1", "x", severity=Severity.INFO, since="0")


def module(**parts: Any) -> ModuleType:
    made = ModuleType("x1")
    vars(made).update({"__doc__": "Page.", "META": META, "check": check, **parts})
    return made


def other_subject(text: str) -> Any: ...


def no_subject() -> Any: ...


# --- (a module's parts, what is missing) ---
BROKEN = [
    ({"__doc__": None}, "docstring"),
    ({"__doc__": ""}, "docstring"),
    ({"META": "IMG101"}, "META"),
    ({"check": None}, "check"),
    ({"check": other_subject}, "subscribes to str"),
    ({"check": no_subject}, "subscribes to"),
    ({"META": RuleMeta("IMG101", "x", Severity.INFO, "0", on=("RUN",))}, "it gets each Document"),
]


@pytest.mark.parametrize("parts, missing", BROKEN)
def test_a_module_that_is_no_rule_is_refused(parts: dict[str, Any], missing: str) -> None:
    with pytest.raises(RuleError, match=missing):
        registry.from_module(module(**parts))


def test_from_module() -> None:
    rule = registry.from_module(module())
    assert (rule.meta, rule.subject, rule.options, rule.page) == (META, "Document", None, "Page.")


def test_every_rule_of_the_index_loads_as_what_the_index_says() -> None:
    for entry in registry.index():
        meta = registry.load(entry).meta
        assert (meta.code, meta.name, meta.aliases, meta.preview) == (
            entry.code, entry.name, entry.aliases, entry.preview,
        )  # fmt: skip


def test_codes_names_and_aliases_are_unique() -> None:
    names = [name.lower() for e in registry.index() for name in (e.code, e.name)]
    assert len(names) == len(set(names))
    # of several tools' rules for one defect only hadolint's are here under their own codes;
    # one of ours may stand in for a weaker one of ours, so that a defect is told once
    others = {e.code.lower() for e in registry.index() if e.code.startswith(("DL", "IMG"))}
    assert {a.lower() for e in registry.index() for a in e.aliases} & set(names) <= others


@pytest.mark.parametrize("weaker", sorted({a for e in registry.index() for a in e.aliases if a[:3] == "IMG"}))
def test_a_rule_that_another_covers_is_still_itself(weaker: str) -> None:
    assert [e.code for e in registry.select(registry.Selection((weaker,)))] == [weaker]
    left = {e.code for e in registry.select(registry.Selection(ignore=(weaker,)))}
    assert left == {e.code for e in registry.select()} - {weaker}
    assert weaker.lower() not in registry.silenced(registry.Selection(ignore=(weaker,)))
