"""The JSON Schema of a configuration file, for editors: what :func:`imgtool.lint.settings.settings` takes.

``docs/generate.py`` writes it to ``docs/imgtool.schema.json``.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from imgtool.findings import Severity
from imgtool.lint.registry import PROFILES, Rule
from imgtool.lint.settings import LABEL_TYPES

_STRINGS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
_BOOLEAN = {"type": "boolean"}
_STRING = {"type": "string"}
_KINDS: dict[str, dict[str, Any]] = {
    "bool": _BOOLEAN,
    "int": {"type": "integer"},
    "str": _STRING,
    "tuple[str, ...]": _STRINGS,
}


PACK_CODE = "^(?!IMG|DL|BK|SC)[A-Z]{2,8}[0-9]{3,4}$"
"""Codes of rule packs, as an expression of JSON Schema."""


# the table of a rule without options may be there, and is empty
_NOTHING = {"type": "object", "maxProperties": 0}


def _one_of(*values: str) -> dict[str, Any]:
    return {"enum": list(values)}


def _table_of(value: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": value}


TOP: dict[str, tuple[dict[str, Any], str]] = {
    "build-args": (_table_of(_STRING), "Values for ARG, as with docker build --build-arg."),
    "cache": (
        {"type": ["boolean", "string"]},
        "A folder for what linting gives, relative to this file; false: nothing is kept.",
    ),
    "context": (_STRING, "The build context of the Dockerfiles, relative to this file."),
    "exclude": (_STRINGS, "Files and folders that are not searched, as in .gitignore."),
    "force-exclude": (_BOOLEAN, "exclude holds for files that are named, too."),
    "plugins": (_STRINGS, "Rule packs of other projects, by the names of their entry points."),
    "respect-gitignore": (_BOOLEAN, "What git ignores is not searched."),
}
"""Keys at the top, each with its schema and what it means; ``gate``, ``lint`` and ``rules`` are tables of their own."""

LINT: dict[str, tuple[dict[str, Any], str]] = {
    "baseline": (_STRING, "A file of findings that are known and not shown, relative to this file."),
    "extend-select": (_STRINGS, "Rules to run besides."),
    "fail-on": (_one_of(*Severity, "never"), "The mildest finding that makes the exit code 1."),
    "ignore": (_STRINGS, "Rules to leave out."),
    "label-schema": (
        _table_of(_one_of(*LABEL_TYPES)),
        "Labels that every stage has to have, and of what kind their values are.",
    ),
    "per-file-ignores": (_table_of(_STRINGS), "Rules to leave out in the files that a pattern covers."),
    "preview": (_BOOLEAN, "New rules, which may still change, are in the set."),
    "profile": (_one_of(*PROFILES), "The set of rules to begin with."),
    "select": (_STRINGS, "The rules to run, instead of the profile's."),
    "severity": (
        _table_of(_one_of(*Severity)),
        "How severe findings of a code, or of all that begin so, are.",
    ),
    "shellcheck": (_BOOLEAN, "ShellCheck reads shell code; without the key, where it is installed."),
    "strict-labels": (_BOOLEAN, "Labels that are not in the schema are findings."),
    "suppressions": (_BOOLEAN, "Comments in a file may silence findings."),
    "trusted-registries": (_STRINGS, "Images come from these alone; one * at an end stands for anything."),
}
"""Keys of the table ``lint``."""


def schema(rules: list[Rule], gate: dict[str, Any]) -> dict[str, Any]:
    """The schema of ``.imgtool.toml``, and of ``[tool.imgtool]``, as JSON values; ``gate`` is that of its table."""
    options = {rule.meta.code: _NOTHING if rule.options is None else _options(rule) for rule in rules}
    properties = _properties(TOP)
    properties["gate"] = gate
    properties["lint"] = _object(_properties(LINT), "What imgtool lint does.")
    # what rules of packs take is not known here
    properties["rules"] = {
        **_object(options, "Options of single rules."),
        "patternProperties": {PACK_CODE: {"type": "object"}},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "imgtool's configuration",
        **_object(properties),
    }


def _object(properties: dict[str, Any], description: str = "") -> dict[str, Any]:
    said = {"description": description} if description else {}
    return {**said, "type": "object", "properties": properties, "additionalProperties": False}


def _properties(keys: dict[str, tuple[dict[str, Any], str]]) -> dict[str, Any]:
    return {key: {"description": text, **kind} for key, (kind, text) in keys.items()}


def _options(rule: Rule) -> dict[str, Any]:
    title = rule.page.strip().splitlines()[0]
    found: dict[str, dict[str, Any]] = {}
    for option in fields(rule.options):  # type: ignore[arg-type] # dataclass types have no common type
        key = found[option.name.replace("_", "-")] = dict(_KINDS[str(option.type)])
        if option.default is not MISSING:
            key["default"] = option.default
    return _object(found, title)
