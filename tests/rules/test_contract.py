"""What holds for every rule: its page is complete, and the page's examples do what they say.

An example is a fenced block ``dockerfile`` under ``## Bad`` or ``## Good``. Blocks after it whose first line is
```` ```text file=PATH ```` are files of its build context; without any, the context is unknown. A file `.imgtool.toml`
is the configuration, for rules that ask for one.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from imgtool.config import load as config_of
from imgtool.edits import apply
from imgtool.facts.facts import FactOptions, Policy
from imgtool.findings import Applicability, Finding, FixAvailability
from imgtool.lint.fixer import fix
from imgtool.lint.registry import Rule, from_module, index, load, needed, select
from imgtool.lint.runner import LintResult, lint
from imgtool.lint.settings import settings

ROOT = Path(__file__).resolve().parents[2]
HEADINGS = ["What it does", "Why is this bad", "Bad", "Good"]
OPTIONAL = {"Fix safety", "Options", "References"}
FENCE = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# it judges the comments of rules that ran, so its example needs them
NEEDS_OTHERS = {"IMG002"}


@dataclass(frozen=True)
class Example:
    """A Dockerfile and the files of its build context."""

    data: bytes
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """A rule's page, taken apart."""

    title: str
    headings: list[str]
    parts: dict[str, str]

    def examples(self, heading: str) -> list[Example]:
        found: list[Example] = []
        for language, path, content in FENCE.findall(self.parts.get(heading, "")):
            if language == "dockerfile" and not path:
                found.append(Example(content.encode()))
            elif path and found:
                found[-1].files[path] = content
            else:
                raise AssertionError(f"a {language} block under {heading} belongs to no Dockerfile")
        return found


def page(rule: Rule) -> Page:
    title, *parts = re.split(r"^## (.*)\n", rule.page.strip(), flags=re.MULTILINE)
    return Page(title.strip(), parts[::2], dict(zip(parts[::2], parts[1::2], strict=True)))


class Contract:
    """The examples of one rule, run."""

    def __init__(self, rule: Rule, folder: Path) -> None:
        self.rule = rule
        self.page = page(rule)
        self.folder = folder
        # none for a rule that is not in the index, as in the tests below
        self.entries = [entry for entry in index() if entry.code == rule.meta.code]
        self.defaults = [load(entry) for entry in select()]
        self.alone = [rule] if rule.meta.code not in NEEDS_OTHERS else [*self.defaults, rule]

    def lint(self, data: bytes, rules: list[Rule], dockerfile: Path | None) -> LintResult:
        config = dockerfile.with_name(".imgtool.toml") if dockerfile else None
        policy = settings(config_of(config)).policy if config and config.exists() else Policy()
        result = lint(data, "Dockerfile", rules, FactOptions(dockerfile=dockerfile, policy=policy))
        assert not result.failures
        return result

    def placed(self, heading: str) -> Iterator[tuple[bytes, Path | None]]:
        """Every example of a heading, its context written to a folder of its own."""
        for number, example in enumerate(self.page.examples(heading)):
            folder = self.folder / heading / str(number)
            for name, content in {**example.files, "Dockerfile": example.data.decode()}.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(content)
            yield example.data, folder / "Dockerfile" if example.files else None

    def own(self, result: LintResult) -> list[Finding]:
        return [f for f in result.findings if f.code == self.rule.meta.code]

    def check_page(self) -> None:
        meta = self.rule.meta
        wanted = [*HEADINGS, *(["Fix safety"] if meta.fix is not FixAvailability.NONE else [])]
        assert [h for h in self.page.headings if h in wanted] == wanted
        assert set(self.page.headings) <= {*wanted, *OPTIONAL}
        assert ("Fix safety" in self.page.headings) == (meta.fix is not FixAvailability.NONE)
        assert ("Options" in self.page.headings) == (self.rule.options is not None)
        assert all(part.strip() for part in self.page.parts.values())
        assert re.fullmatch(r"[A-Z].*\.", self.page.title)
        assert re.fullmatch(r"[A-Z]{2,3}\d{3,4}", meta.code)
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", meta.name)
        assert re.fullmatch(r"\d+\.\d+\.\d+", meta.since)

    def check_bad(self) -> None:
        examples = list(self.placed("Bad"))
        assert examples
        for data, path in examples:
            result = self.lint(data, self.alone, path)
            found = self.own(result)
            assert found, data.decode()
            assert len(found) == len(result.findings) or self.rule.meta.code in NEEDS_OTHERS
            for finding in found:
                self.check_finding(finding, data)

    def check_finding(self, finding: Finding, data: bytes) -> None:
        meta = self.rule.meta
        assert finding.name == meta.name
        assert set(finding.aliases) <= set(meta.aliases)
        assert 0 <= finding.span.start <= finding.span.end <= len(data)
        assert needed(self.entries, data) == (self.entries, [])
        assert finding.message
        assert finding.message.isprintable()
        assert finding.message[-1] not in ".!"
        if finding.fix:
            assert finding.fix.message.isprintable()
            assert re.match(r"[A-Z]", finding.fix.message)
            assert finding.fix.edits or finding.fix.creates
            assert apply(data, finding.fix.edits) != data or not finding.fix.edits

    def check_good(self) -> None:
        examples = list(self.placed("Good"))
        assert examples
        rules = {rule.meta.code: rule for rule in [*self.defaults, self.rule]}
        for data, path in examples:
            result = self.lint(data, list(rules.values()), path)
            assert not [f"{f.code} {f.message}" for f in result.findings], data.decode()

    def check_fixes(self) -> None:
        offers = []
        for data, path in self.placed("Bad"):
            found = self.own(self.lint(data, self.alone, path))
            offers += [finding.fix for finding in found]
            done = fix(data, lambda d, path=path: self.lint(d, self.alone, path), unsafe=True)  # type: ignore[misc]
            assert done.converged
            left = [f.fix for f in self.own(done.left)]
            assert all(offer is None or offer.applicability is Applicability.DISPLAY for offer in left)
            if self.rule.meta.fix is FixAvailability.ALWAYS:
                assert not left
            again = fix(done.data, lambda d, path=path: self.lint(d, self.alone, path), unsafe=True)  # type: ignore[misc]
            assert again.data == done.data
        match self.rule.meta.fix:
            case FixAvailability.NONE:
                assert not any(offers)
            case FixAvailability.ALWAYS:
                assert all(offers)
            case FixAvailability.SOMETIMES:
                assert any(offers), "no example shows the fix"
        kinds = {offer.applicability for offer in offers if offer}
        text = self.page.parts.get("Fix safety", "").lower()
        assert all(re.search(rf"\b{kind}\b", text) for kind in kinds - {Applicability.DISPLAY})


CHECKS: list[Callable[[Contract], None]] = [
    Contract.check_page, Contract.check_bad, Contract.check_good, Contract.check_fixes,
]  # fmt: skip


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("code", [entry.code for entry in index()])
def test_contract(code: str, check: Callable[[Contract], None], tmp_path: Path) -> None:
    (entry,) = [entry for entry in index() if entry.code == code]
    check(Contract(load(entry), tmp_path))


@pytest.mark.parametrize("entry", index(), ids=lambda entry: entry.code)
def test_a_module_is_called_after_its_rule(entry: Any) -> None:
    stem = f"{entry.code.lower()}_{entry.name.replace('-', '_')}"
    assert entry.module.rpartition(".")[2] == stem


@cache
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_rule_is_in_the_generated_index() -> None:
    found = {rule.meta.code: module for rule, module in generator().rules()}
    assert found == {entry.code: entry.module for entry in index()}


# --- the contract itself: (what is changed in a good rule, the check that notices) ---
GOOD = '''"""Nonsense in a label.

## What it does
Reports `LABEL nonsense=`.

## Why is this bad
It means nothing.

## Bad
```dockerfile
FROM debian:bookworm-slim
LABEL nonsense=1
CMD ["true"]
```

## Good
```dockerfile
FROM debian:bookworm-slim
LABEL sense=1
CMD ["true"]
```

## Fix safety
Unsafe: a label may be read by somebody.
"""

from __future__ import annotations

from imgtool.rule import Applicability, Edit, Facts, Fix, FixAvailability, Instruction, RuleMeta, Severity

META = RuleMeta("IMG999", "nonsense-label", severity=Severity.INFO, since="0.1.0", fix=FixAvailability.ALWAYS)

def check(instruction: Instruction, facts: Facts):
    for word in instruction.words if instruction.keyword == "LABEL" else ():
        if word.text.startswith("nonsense="):
            edit = Edit(word.span.start, word.span.end, "sense=" + word.text[9:])
            yield META.finding(word.span, "this label is nonsense", fix=Fix("Rename it", (edit,), Applicability.UNSAFE))
'''
SPOILT = [
    ("## Why is this bad\nIt means nothing.\n", "", "check_page"),
    ("It means nothing.", "", "check_page"),
    ("Nonsense in a label.", "nonsense", "check_page"),
    ('"nonsense-label"', '"Nonsense"', "check_page"),
    ("## Fix safety\nUnsafe: a label may be read by somebody.\n", "", "check_page"),
    ("fix=FixAvailability.ALWAYS", "fix=FixAvailability.NONE", "check_page"),
    ("LABEL nonsense=1", "LABEL sense=1", "check_bad"),
    ('"Rename it"', '"rename it"', "check_bad"),
    ('is nonsense"', 'is nonsense."', "check_bad"),
    ('"sense="', '"nonsense="', "check_bad"),
    ("LABEL sense=1", "LABEL nonsense=1", "check_good"),
    ("LABEL sense=1", "COPY x", "check_good"),
    ('"sense="', '"nonsense=" + "x" + ', "check_fixes"),
    ("Applicability.UNSAFE", "Applicability.SAFE", "check_fixes"),
    (', fix=Fix("Rename it", (edit,), Applicability.UNSAFE)', "", "check_fixes"),
]


def made(text: str) -> Rule:
    module = ModuleType("img999_nonsense_label")
    exec(compile(text, "<rule>", "exec", dont_inherit=True), vars(module))  # noqa: S102 - our own text
    return from_module(module)


def test_a_good_rule_passes(tmp_path: Path) -> None:
    contract = Contract(made(GOOD), tmp_path)
    for check in CHECKS:
        check(contract)


@pytest.mark.parametrize("old, new, notices", SPOILT)
def test_a_spoilt_rule_is_noticed(old: str, new: str, notices: str, tmp_path: Path) -> None:
    assert old in GOOD
    contract = Contract(made(GOOD.replace(old, new)), tmp_path)
    with pytest.raises(AssertionError):
        getattr(contract, notices)()


def test_files_of_a_context_are_written(tmp_path: Path) -> None:
    text = GOOD.replace('CMD ["true"]\n```', 'CMD ["true"]\n```\n```text file=a/.env\nX=1\n```', 1)
    ((_, path),) = Contract(made(text), tmp_path).placed("Bad")
    assert path
    assert (path.parent / "a/.env").read_text() == "X=1\n"


def example(kind: str) -> str:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    (found,) = re.findall(
        rf"<!-- example {kind}: [^\n]* -->\n(`{{3,}})python\n(.*?)^\1$", text, re.MULTILINE | re.DOTALL
    )
    return str(found[1])


def test_the_example_in_contributing_keeps_the_contract(tmp_path: Path) -> None:
    contract = Contract(made(example("rule")), tmp_path)
    for check in CHECKS:
        check(contract)


def test_the_table_in_contributing_holds() -> None:
    rule = made(example("rule"))
    names: dict[str, Any] = {}
    exec(compile(example("test"), "<test>", "exec", dont_inherit=True), names)  # noqa: S102 - our own text

    def lint_with(_code: str, text: str) -> LintResult:
        return lint(text.encode(), "Dockerfile", [rule])

    for line, reason in names["LEFT_ALONE"]:
        names["test_left_alone"](lint_with, line, reason)
    for line, fixed in names["FOUND"]:
        names["test_found"](lint_with, line, fixed)
