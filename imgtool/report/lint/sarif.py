"""SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), as GitHub code scanning wants it.

https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from imgtool import __version__
from imgtool.edits import Edit, Span
from imgtool.findings import Applicability, Finding, Fix
from imgtool.lint.fingerprint import Mark, marks, relative
from imgtool.lint.registry import Rule, RuleError, find, load
from imgtool.lint.result import LintResult
from imgtool.report.lint.common import Region, first_line, is_text, link, page, region, shows_whole
from imgtool.report.style import printable
from imgtool.syntax.source import Source

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

_LEVELS = {"error": "error", "warning": "warning", "info": "note", "style": "note"}
_PROBLEMS = {"error": "error", "warning": "warning", "info": "recommendation", "style": "recommendation"}
_ROOT = "%SRCROOT%"

# GitHub refuses longer descriptions, and more tags
_LONGEST = 1024
_MOST_TAGS = 20


def as_sarif(results: Sequence[LintResult], root: Path) -> str:
    """One run; paths are relative to ``root``, rules are those that found something."""
    codes = sorted({finding.code for result in results for finding in result.findings})
    rules = {code: index for index, code in enumerate(codes)}
    run = {
        "tool": {
            "driver": {
                "name": "imgtool",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(code) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"uri": f"{root.as_uri().rstrip('/')}/"}},
        "results": [row for result in results for row in _results(result, root, rules)],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


# --- rules -----------------------------------------------------------------------------------------------


def _rule(code: str) -> dict[str, Any]:
    try:
        entry = find(code)
    except RuleError:
        return _foreign(code)
    rule = load(entry)
    title, _, body = rule.page.strip().partition("\n")
    heading = f"# {code}: {title.rstrip('.')}"
    return {
        "id": code,
        "name": rule.meta.name,
        "shortDescription": {"text": title[:_LONGEST]},
        "fullDescription": {"text": _what(rule)[:_LONGEST]},
        "help": {"text": body.strip() or title, "markdown": f"{heading}\n\n{body.strip()}".strip()},
        "defaultConfiguration": {"enabled": not rule.meta.preview, "level": _LEVELS[rule.meta.severity]},
        "properties": {
            # a rule that is less often right stays a preview
            "precision": "medium" if rule.meta.preview else "high",
            "problem.severity": _PROBLEMS[rule.meta.severity],
            "tags": [entry.module.split(".")[-2], *rule.meta.aliases][:_MOST_TAGS],
        },
    }


def _foreign(code: str) -> dict[str, Any]:
    """A rule that another program runs, such as ShellCheck; what it means stands on its page."""
    return {
        "id": code,
        "shortDescription": {"text": code},
        "fullDescription": {"text": code},
        "help": {"text": page(code) or code, "markdown": link(code)},
        **({"helpUri": page(code)} if page(code) else {}),
        "defaultConfiguration": {"level": "warning"},
        "properties": {"precision": "high", "problem.severity": "warning", "tags": ["shell"]},
    }


def _what(rule: Rule) -> str:
    """The first section of a rule's page, which says what it does; its title where there is none."""
    title, *sections = rule.page.strip().split("\n## ")
    body = sections[0].partition("\n")[2] if sections else ""
    return " ".join((body or title).split())


# --- results ---------------------------------------------------------------------------------------------


def _results(result: LintResult, root: Path, rules: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    path = relative(result.path, root)
    place = {"uri": quote(os.fsencode(path)), "uriBaseId": _ROOT}
    for finding, mark in zip(result.findings, marks(result, path), strict=True):
        yield {
            "ruleId": finding.code,
            "ruleIndex": rules[finding.code],
            "level": _LEVELS[finding.severity],
            "message": {"text": printable(result.mask.message(finding.message))},
            "locations": [_location(result.source, finding.span, place)],
            "partialFingerprints": _fingerprints(mark),
            **_more(result, finding, place),
        }


def _more(result: LintResult, finding: Finding, place: Mapping[str, str]) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if finding.related:
        more["relatedLocations"] = [
            {"id": number, **_location(result.source, span, place)}
            for number, span in enumerate(finding.related, 1)
        ]
    if finding.fix and _applies(finding.fix, result):
        more["fixes"] = [_fix(result, finding.fix, place)]
    if finding.saves_bytes is not None:
        more["properties"] = {"savesBytes": finding.saves_bytes}
    return more


def _fingerprints(mark: Mark) -> dict[str, str]:
    # GitHub reads the first alone
    return {"primaryLocationLineHash": mark.fingerprint, "imgtool/v1": mark.fingerprint}


def _location(source: Source, span: Span, place: Mapping[str, str]) -> dict[str, Any]:
    """The first line of a span, since an alert of which one line is unchanged is not shown on a change; all as context."""
    whole = region(source, span)
    physical: dict[str, Any] = {"artifactLocation": place, "region": _region(first_line(source, whole))}
    if whole.end.line > whole.start.line:
        physical["contextRegion"] = _region(whole)
    return {"physicalLocation": physical}


def _region(found: Region) -> dict[str, int]:
    return {
        "startLine": found.start.line,
        "startColumn": found.start.column,
        "endLine": found.end.line,
        "endColumn": found.end.column,
    }


# --- fixes -----------------------------------------------------------------------------------------------


def _applies(fix: Fix, result: LintResult) -> bool:
    told = fix.applicability is not Applicability.DISPLAY and fix.edits
    return bool(told) and shows_whole(fix, result.mask) and is_text(fix)


def _fix(result: LintResult, fix: Fix, place: Mapping[str, str]) -> dict[str, Any]:
    replacements = [_replacement(result.source, edit) for edit in fix.edits]
    return {
        "description": {"text": printable(result.mask.message(fix.message))},
        "artifactChanges": [{"artifactLocation": place, "replacements": replacements}],
        "properties": {"applicability": str(fix.applicability)},
    }


def _replacement(source: Source, edit: Edit) -> dict[str, Any]:
    start = source.place(edit.start)
    # an edit is exact: here a line end counts
    exact = Region(start, max(start, source.place(edit.end)))
    return {"deletedRegion": _region(exact), "insertedContent": {"text": edit.text}}
