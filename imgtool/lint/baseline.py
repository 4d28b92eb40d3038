"""Findings that are known and wait: they are not shown and fail nothing, until the instruction they are in changes.

A baseline is a JSON file that lies with the project, ``{"version": 1, "findings": [...]}``, one finding a line. Its
``fingerprint`` (:mod:`imgtool.lint.fingerprint`) alone decides; file, code and text are for those who read the file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from imgtool.lint.fingerprint import marks, relative
from imgtool.lint.registry import is_shellcheck
from imgtool.lint.result import LintResult
from imgtool.syntax.source import open_regular

VERSION = 1
MAX_FILE = 1 << 26
"""Bytes of the largest baseline that is read: some hundred thousand findings."""

_MAX_TEXT = 80
_KEYS = ("file", "code", "text", "fingerprint")


class BaselineError(ValueError):
    """A baseline that cannot be used. The text is one line: file and reason."""


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One finding. ``file`` is relative to the baseline's folder, ``text`` is the beginning of the instruction."""

    file: str
    code: str
    text: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """A file with its entries by their fingerprints."""

    path: Path
    entries: Mapping[str, Entry] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Seen:
    """What linting one file gave.

    ``judged`` are the codes of the rules that ran, None where all did that matter; less those that ``failed``.
    ``shell``: ShellCheck ran.
    """

    file: str
    entries: tuple[Entry, ...]
    judged: frozenset[str] | None = None
    failed: frozenset[str] = frozenset()
    shell: bool = True


def load(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        BaselineError: it cannot be read, or is none.
    """
    try:
        with open_regular(path) as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise BaselineError(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > MAX_FILE:
        raise BaselineError(f"{path}: is larger than {MAX_FILE:,} bytes")
    try:
        return Baseline(path, {entry.fingerprint: entry for entry in _entries(json.loads(data))})
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise BaselineError(f"{path}: is no baseline: {reason}") from None


def _entries(table: Any) -> Iterable[Entry]:
    if not isinstance(table, dict) or not isinstance(table.get("findings"), list):
        raise ValueError("it has no list of findings")  # noqa: TRY004 - of the file, not of the program
    if table.get("version") != VERSION:
        raise ValueError(f"its version is {table.get('version')!r}, not {VERSION}")
    for number, row in enumerate(table["findings"], 1):
        if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in _KEYS):
            raise ValueError(f"finding {number} lacks one of {', '.join(_KEYS)}")
        yield Entry(*(row[key] for key in _KEYS))


def dump(entries: Iterable[Entry]) -> bytes:
    """The bytes of a baseline: the same for the same entries, a line each."""
    rows = ",\n".join(f"    {json.dumps(asdict(entry))}" for entry in sorted(entries))
    listed = f"[\n{rows}\n  ]" if rows else "[]"
    return f'{{\n  "version": {VERSION},\n  "findings": {listed}\n}}\n'.encode()


def sift(result: LintResult, baseline: Baseline) -> tuple[LintResult, tuple[Entry, ...]]:
    """The result less what the baseline knows, and an entry for each of its findings."""
    file = relative(result.path, baseline.path.parent)
    pairs = zip(result.findings, marks(result, file), strict=True)
    entries = tuple(Entry(file, f.code, mark.text[:_MAX_TEXT], mark.fingerprint) for f, mark in pairs)
    listed = zip(result.findings, entries, strict=True)
    kept = (finding for finding, entry in listed if entry.fingerprint not in baseline.entries)
    return replace(result, findings=tuple(kept)), entries


def gone(baseline: Baseline, seen: Collection[Seen]) -> frozenset[Entry]:
    """The entries that match nothing any more: their finding is gone, or their file.

    Of a file that was not linted, and of a rule that did not run, nothing is known.
    """
    found = {entry.fingerprint for one in seen for entry in one.entries}
    judged = {one.file: one for one in seen}
    folder = baseline.path.parent
    return frozenset(
        entry
        for fingerprint, entry in baseline.entries.items()
        if fingerprint not in found and _judged(entry, judged, folder)
    )


def _judged(entry: Entry, seen: Mapping[str, Seen], folder: Path) -> bool:
    one = seen.get(entry.file)
    if one is None:
        return not os.path.lexists(folder / entry.file)
    if is_shellcheck(entry.code):
        return one.shell
    return entry.code not in one.failed and (one.judged is None or entry.code in one.judged)


def updated(baseline: Baseline, seen: Collection[Seen]) -> frozenset[Entry]:
    """The entries as of now: all that was found, none that is gone."""
    found = {entry.fingerprint: entry for one in seen for entry in one.entries}
    lost = gone(baseline, seen)
    kept = {fingerprint: entry for fingerprint, entry in baseline.entries.items() if entry not in lost}
    return frozenset({**kept, **found}.values())
