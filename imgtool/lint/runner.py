"""Running rules over files: the only orchestrator of lint."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from imgtool.edits import Span
from imgtool.facts.facts import FactOptions, Facts
from imgtool.facts.looks import Looks, Notes, noting
from imgtool.facts.masks import Mask, mask
from imgtool.findings import Finding, Severity
from imgtool.lint import img002_unused_suppression as img002
from imgtool.lint import img003_unknown_code as img003
from imgtool.lint.dialects import buildkit
from imgtool.lint.dialects.model import may_silence
from imgtool.lint.registry import IndexEntry, Rule, called, index, is_shellcheck, load
from imgtool.lint.result import Judgement as Judgement  # noqa: PLC0414 - for those who call lint
from imgtool.lint.result import LintResult as LintResult  # noqa: PLC0414 - likewise
from imgtool.lint.result import RuleFailure as RuleFailure  # noqa: PLC0414 - likewise
from imgtool.lint.suppress import sift, suppressions
from imgtool.rule import RuleMeta
from imgtool.syntax import parse
from imgtool.syntax.nodes import Document
from imgtool.values import dataclass, field, replace

ShellFindings = Callable[[Facts], Callable[[], Iterable[Finding]]]
"""Begins to look at a file's shell code; what it returns waits for the findings."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A file that is to be linted: what is known of it, and what it is linted with; see :func:`lint`.

    ``looks``: where to note what is looked at outside of the file.
    """

    path: str
    knowledge: Facts
    rules: Sequence[Rule]
    options: Mapping[str, Any] = MappingProxyType({})
    judgement: Judgement = Judgement()
    spared: Iterable[IndexEntry] = ()
    shell: ShellFindings | None = None
    looks: Looks | None = None


def lint(
    data: bytes,
    path: str,
    rules: Sequence[Rule],
    facts: FactOptions | None = None,
    options: Mapping[str, Any] = MappingProxyType({}),
    judgement: Judgement | None = None,
    spared: Iterable[IndexEntry] = (),
    shell: ShellFindings | None = None,
    knowledge: Facts | None = None,
) -> LintResult:
    """Lint a Dockerfile's bytes with loaded rules, in their order.

    ``options`` maps rule codes to instances of their ``Options``; ``spared`` are rules of the run that the file does
    not need (:func:`registry.needed`). ``shell`` finds what is wrong with shell code. ``knowledge`` is what is known of
    the file, where that has been read. Never raises on any input.
    """
    knowledge = knowledge or Facts(parse(data), facts)
    return lint_together([Task(path, knowledge, rules, options, judgement or Judgement(), spared, shell)])[0]


def lint_together(tasks: Sequence[Task]) -> list[LintResult]:
    """Lint some files as :func:`lint` does.

    Each rule goes through all of them before the next one: its code is then in the processor's cache for all but the
    first.
    """
    files = [_begun(task) for task in tasks]
    with noting() as notes:
        _check(files, notes)
    return [_ended(file) for file in files]


@dataclass(slots=True, eq=False)
class _File:
    """A file that is being linted. ``found`` and ``failures`` go by the places of rules in ``rules``, ``subjects`` by
    what rules subscribe to; ``pending`` waits for ShellCheck.
    """

    task: Task
    asked: buildkit.Options
    rules: Sequence[Rule]
    pending: Callable[[], Iterable[Finding]] | None
    found: dict[int, list[Finding]] = field(default_factory=dict)
    failures: dict[int, RuleFailure] = field(default_factory=dict)
    subjects: dict[object, Sequence[Any]] = field(default_factory=dict)


def _begun(task: Task) -> _File:
    asked = buildkit.options(task.knowledge.document) if task.judgement.comments else buildkit.Options()
    rules = [*task.rules, *_experimental(asked, task.rules)] if asked.experimental else task.rules
    return _File(task, asked, rules, task.shell(task.knowledge) if task.shell else None)


def _ended(file: _File) -> LintResult:
    task, asked = file.task, file.asked
    document = task.knowledge.document
    found = [finding for place in sorted(file.found) for finding in file.found[place]]
    found += file.pending() if file.pending else ()
    found = list(task.judgement.of(found))
    if task.judgement.comments:
        left = _unsilenced(document, found, file.rules, task.spared, shell=_is_shell_seen(file))
    else:
        left = one_each(found)
    if asked.error:
        left = [replace(f, severity=Severity.ERROR) if f.code.startswith(_CHECKS) else f for f in left]
    ordered = sorted(_distinct(left), key=_key)
    failures = tuple(file.failures[place] for place in sorted(file.failures))
    hidden = mask(document, task.knowledge.secrets) if ordered or failures else Mask()
    return LintResult(task.path, document.source, tuple(ordered), failures, hidden)


def _is_shell_seen(file: _File) -> bool:
    """Whether ShellCheck looked at all shell code of the file, after it was waited for: it may not be installed."""
    if file.pending is None:
        return False
    from imgtool.lint.shellcheck import complete, problem  # noqa: PLC0415 - not every run needs it

    return complete() and not problem(wanted=True)


def _key(finding: Finding) -> tuple[Span, str, str]:
    return finding.span, finding.code, finding.message


def _distinct(findings: list[Finding]) -> Iterable[Finding]:
    # to hash findings is to hash their fixes, too, and few are there twice
    return findings if len(set(map(_key, findings))) == len(findings) else dict.fromkeys(findings)


# rules that are BuildKit's checks
_CHECKS = "BK"


def _experimental(asked: buildkit.Options, rules: Sequence[Rule]) -> Iterator[Rule]:
    """The experimental checks that the file itself turns on, where checks run at all."""
    ran = {rule.meta.code for rule in rules}
    if any(code.startswith(_CHECKS) for code in ran):
        for entry in index():
            if (
                entry.code.startswith(_CHECKS)
                and asked.experimental & {*entry.aliases}
                and entry.code not in ran
            ):
                yield load(entry)


def _check(files: Sequence[_File], notes: Notes) -> None:
    """Have the rules look at the files; one that raises hides no other's findings."""
    turns: defaultdict[Rule, list[tuple[int, _File]]] = defaultdict(list)
    for file in files:
        for place, rule in enumerate(file.rules):
            turns[rule].append((place, file))
    for rule, asked in turns.items():
        _ask(rule, asked, notes)


def _ask(rule: Rule, asked: Sequence[tuple[int, _File]], notes: Notes) -> None:
    """Have one rule look at files, each with the rule's place among its rules."""
    # forty times a file: nothing is looked up that is the same for all
    meta, check, options = rule.meta, rule.check, rule.options
    key = meta.on or rule.subject
    for place, file in asked:
        task, facts = file.task, file.task.knowledge
        notes.into = task.looks
        try:
            subjects = file.subjects.get(key)
            if subjects is None:
                subjects = file.subjects[key] = _subjects(rule, facts)
            # most find nothing: a list for what may come takes as long as the cheapest of them
            if options is None:
                for subject in subjects:
                    for finding in check(subject, facts):
                        file.found.setdefault(place, []).append(finding)
            else:
                given = task.options.get(meta.code) or options()
                for subject in subjects:
                    for finding in check(subject, facts, given):
                        file.found.setdefault(place, []).append(finding)
        except Exception as error:  # noqa: BLE001 - one rule's defect must not hide the others' findings
            file.failures[place] = RuleFailure(meta.code, f"{type(error).__name__}: {error}")


def _subjects(rule: Rule, facts: Facts) -> Sequence[Any]:
    """What a rule is called for: the same for all rules of its kind, and of the same ``on``."""
    match rule.subject:
        case "Document":
            return (facts.document,)
        case "Stage":
            return facts.stages
        case "Run":
            return [run for stage in facts.stages for run in facts.runs(stage)]
        case _:
            on = rule.meta.on
            return [i for i in facts.document.instructions if not on or i.keyword in on]


# of rules that name each other's codes, whose finding stays
_WEAK = {"BK": 1, "DL": 2}
_OURS = "IMG"


def _rank(finding: Finding) -> tuple[int, bool]:
    """The strongest first: ours, and of these one that names another of ours."""
    return _WEAK.get(finding.code.rstrip("0123456789"), 0), not any(map(_is_ours, finding.aliases))


def _is_ours(code: str) -> bool:
    return code.startswith(_OURS)


def one_each(findings: Iterable[Finding]) -> list[Finding]:
    """One finding a defect and place: of those of other rules that share a code or alias and overlap, the strongest."""
    findings = list(findings)
    claimed: dict[str, str] = {}
    if all(claimed.setdefault(name, f.code) == f.code for f in findings for name in (f.code, *f.aliases)):
        return findings
    kept: list[Finding] = []
    # by name and then by code: a rule may find thousands, which are no rivals of each other
    seen: dict[str, dict[str, list[Finding]]] = {}
    for finding in sorted(findings, key=_rank):
        names = (finding.code, *finding.aliases)
        rivals = (found for n in names for code, found in seen.get(n, {}).items() if code != finding.code)
        if not any(_together(finding, other) for found in rivals for other in found):
            kept.append(finding)
            for name in names:
                seen.setdefault(name, {}).setdefault(finding.code, []).append(finding)
    return kept


def _together(one: Finding, other: Finding) -> bool:
    return any(
        (a.start < b.end and b.start < a.end) or a.start == b.start for a in one.places for b in other.places
    )


def _unsilenced(
    document: Document,
    found: list[Finding],
    rules: Iterable[Rule],
    spared: Iterable[IndexEntry],
    *,
    shell: bool,
) -> list[Finding]:
    """The findings that no comment silences, and those about the comments; ``shell``: ShellCheck ran."""
    if not may_silence(document):
        return one_each(found)
    every: list[RuleMeta | IndexEntry] = [*(rule.meta for rule in rules), *spared]
    if any(rule.code == img003.META.code for rule in every):
        found += img003.malformed(document)
    comments = suppressions(document)
    if not comments:
        return one_each(found)
    ran = _ran(frozenset((rule.code, rule.name, rule.aliases) for rule in every))
    if shell:
        ran |= {
            code.text.lower() for s in comments for code in s.codes if is_shellcheck(code.text, whole=True)
        }
    if img003.META.name in ran:
        found += img003.unknown(comments, ran.union(*map(_names, index())))
    kept, used = sift(one_each(found), comments, called)
    if img002.META.name in ran:
        # what silences this very rule cannot be judged by it
        judged = ran - _names(img002.META)
        idle = {c for s in comments for c in s.codes if c not in used and c.needless(judged)}
        kept += sift(img002.unused(comments, idle), comments, called)[0]
    return kept


@lru_cache(maxsize=16)
def _ran(rules: frozenset[tuple[str, str, tuple[str, ...]]]) -> frozenset[str]:
    """What a suppression may call the rules that ran, without what also means one that did not."""
    names = frozenset().union(*(_low(code, name, *aliases) for code, name, aliases in rules))
    return names - _meaning_others(frozenset(code for code, _, _ in rules))


@lru_cache(maxsize=16)
def _meaning_others(ran: frozenset[str]) -> frozenset[str]:
    """The names and aliases of rules that did not run; a code that ran means that rule alone."""
    idle = frozenset().union(*(_names(entry) for entry in index() if entry.code not in ran))
    return idle - {code.lower() for code in ran}


def _names(rule: RuleMeta | IndexEntry) -> frozenset[str]:
    """What a suppression may call a rule, in lower case."""
    return _low(rule.code, rule.name, *rule.aliases)


@lru_cache(maxsize=1024)
def _low(*names: str) -> frozenset[str]:
    # for every file and rule
    return frozenset(map(str.lower, names))
