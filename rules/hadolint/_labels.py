"""LABELs with their values, and what the types of ``label-schema`` take."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache

from imgtool.rule import Facts, Finding, Instruction, NamedTuple, RuleMeta, Span

from ._acting import acting


class Label(NamedTuple):
    """One label of an instruction; key and value are None where they are not known here."""

    key: str | None
    value: str | None
    key_span: Span
    value_span: Span


def labels(instruction: Instruction, facts: Facts) -> Iterator[Label]:
    """The labels that a LABEL sets, or its trigger."""
    node = acting(instruction, "LABEL")
    if node is None:
        return
    triples = zip(node.args[::3], node.args[1::3], strict=True)
    legacy = node.args[2] == ""
    for (name, value), word in zip(triples, node.words, strict=False):
        end = min(word.span.start + len(name.encode("utf-8", "surrogateescape")), word.span.end)
        after = node.words[1].span if legacy else Span(min(end + 1, word.span.end), word.span.end)
        key, text = facts.expand(instruction, name), facts.expand(instruction, value)
        yield Label(key, text, Span(word.span.start, end), after)


def wrong(meta: RuleMeta, instruction: Instruction, facts: Facts, kind: str, means: str) -> Iterator[Finding]:
    """The labels whose schema type is ``kind``, and whose value is no ``means``; an empty one is DL3051's."""
    schema = facts.policy.label_schema
    for label in labels(instruction, facts) if kind in schema.values() else ():
        if label.value and label.key and schema.get(label.key) == kind and not VALID[kind](label.value):
            yield meta.finding(label.value_span, f"the label {label.key} is to be {means}")


# --- values: RFC 3986, RFC 3339, RFC 5322, semver.org ---

_URI = r"[a-z][a-z0-9+.-]*:(?:[a-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9a-f]{2})+"
_TIME = r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):([0-5]\d|60)(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)"
_NUMBER = r"(?:0|[1-9][0-9]*)"
_PART = rf"(?:{_NUMBER}|[0-9]*[a-z-][0-9a-z-]*)"
_VERSION = rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_PART}(?:\.{_PART})*)?(?:\+[0-9a-z-]+(?:\.[0-9a-z-]+)*)?"
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ADDRESS = rf'(?:{_ATOM}(?:\.{_ATOM})*|"(?:[^"\\]|\\.)*")@(?:{_ATOM}(?:\.{_ATOM})*|\[[^\[\]\\]*\])'


@cache
def _form(pattern: str) -> re.Pattern[str]:
    # only files that are checked for labels need one
    return re.compile(pattern, re.ASCII | re.IGNORECASE)


def _uri(text: str) -> bool:
    bare = text.lower().partition(":")[0] in ("http", "https") and not re.match(r"[^:]+://[^/?#]", text)
    return bool(_form(_URI).fullmatch(text)) and not bare


def _time(text: str) -> bool:
    found = _form(_TIME).fullmatch(text)
    try:
        return found is not None and bool(datetime.fromisoformat(f"{found[1]}T{found[2]}"))
    except ValueError:
        return False


def _version(text: str) -> bool:
    return bool(_form(_VERSION).fullmatch(text))


def _address(text: str) -> bool:
    return bool(_form(_ADDRESS).fullmatch(text))


def _commit(text: str) -> bool:
    """A Git object name, SHA-1 or SHA-256, whole or as short as ``git rev-parse --short`` makes it."""
    return (7 <= len(text) <= 40 or len(text) == 64) and not text.strip("0123456789abcdef")


def _licence(text: str) -> bool:
    """An SPDX licence expression."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression  # noqa: PLC0415 - the list of licences is long

    try:
        return bool(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        return False


VALID: dict[str, Callable[[str], bool]] = {
    "email": _address,
    "hash": _commit,
    "rfc3339": _time,
    "semver": _version,
    "spdx": _licence,
    "url": _uri,
}
