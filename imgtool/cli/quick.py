"""Command lines of ``imgtool lint`` that need no typer, which takes longer to load than a file takes to lint.

What is not read here, from ``--help`` to a misspelt option, is typer's: it knows the same options, and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from imgtool.cli.lint_call import FailOn, LintCall, LintFormat, Profile

_FLAGS: Mapping[str, tuple[str, bool]] = {
    "--cache": ("cache", True),
    "--diff": ("diff", True),
    "--fix": ("fix", True),
    "--force-exclude": ("force_exclude", True),
    "--isolated": ("isolated", True),
    "--no-cache": ("cache", False),
    "--no-shellcheck": ("shellcheck", False),
    "--preview": ("preview", True),
    "--shellcheck": ("shellcheck", True),
    "--statistics": ("statistics", True),
    "--unsafe-fixes": ("unsafe_fixes", True),
    "--update-baseline": ("update_baseline", True),
}


def _count(text: str) -> int:
    found = int(text)
    if found < 1:
        raise ValueError
    return found


_VALUES: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "--baseline": ("baseline", Path),
    "--config": ("config", Path),
    "--fail-on": ("fail_on", FailOn),
    "--format": ("output", LintFormat),
    "--jobs": ("jobs", _count),
    "--output-file": ("output_file", Path),
    "-o": ("output_file", Path),
    "--profile": ("profile", Profile),
    "--stage": ("stage", str),
    "--stdin-filename": ("stdin_filename", Path),
}
_LISTS: Mapping[str, str] = {
    "--build-arg": "build_arg",
    "--exclude": "exclude",
    "--extend-select": "extend_select",
    "--ignore": "ignore",
    "--select": "select",
}


def read(words: Sequence[str]) -> LintCall | None:
    """The call that the words after ``lint`` make; None where typer is to read them."""
    given: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if word == "-" or not word.startswith("-"):
            given.setdefault("paths", []).append(word)
        elif word in _FLAGS:
            field, flag = _FLAGS[word]
            given[field] = flag
        elif name in _VALUES or name in _LISTS:
            if equals and not name.startswith("--"):
                return None
            text = value if equals else next(rest, None)
            if text is None or not _take(given, name, text):
                return None
        else:
            return None
    return LintCall(**given)


def _take(given: dict[str, Any], name: str, text: str) -> bool:
    if name in _LISTS:
        given.setdefault(_LISTS[name], []).append(text)
        return True
    field, kind = _VALUES[name]
    try:
        given[field] = kind(text)
    except ValueError:
        return False
    return True
