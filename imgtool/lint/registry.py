"""Which rules there are, and loading those that a run needs.

Built-in rules are listed in the generated :mod:`imgtool.lint.rule_index`, so that a run imports only what
it selects; ``docs/generate.py`` writes it.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from imgtool.lint.rule_index import RULES
from imgtool.rule import RuleMeta

# what prefixes are of; an alias may be a name, as BuildKit's are
_CODE = re.compile(r"[A-Z]+[0-9]+")

# a weight above that of any prefix
_EXACT = 1000

SUBJECTS = ("Document", "Stage", "Run", "Instruction")


class RuleError(ValueError):
    """A rule module that does not keep the contract, or a selector that names no rule."""


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """What can be known of a rule without importing it."""

    code: str
    name: str
    aliases: tuple[str, ...]
    preview: bool
    module: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A loaded rule. ``subject`` names the type that ``check`` subscribes to."""

    meta: RuleMeta
    check: Callable[..., Iterable[Any]]
    subject: str
    options: type[Any] | None
    page: str


@cache
def index() -> tuple[IndexEntry, ...]:
    """All rules by code."""
    return tuple(IndexEntry(*row) for row in RULES)


@cache
def load(entry: IndexEntry) -> Rule:
    """Import one rule.

    Raises:
        RuleError: the module lacks its docstring, ``META`` or ``check``, or ``check`` subscribes to nothing.
    """
    return from_module(importlib.import_module(entry.module))


def from_module(module: ModuleType) -> Rule:
    """The rule that a module holds; see :func:`load` for what is refused."""
    meta = getattr(module, "META", None)
    check = getattr(module, "check", None)
    if not isinstance(meta, RuleMeta) or not callable(check) or not module.__doc__:
        raise RuleError(f"{module.__name__} needs a docstring, META and check")
    subject = str(next(iter(check.__annotations__.values()), ""))
    if subject not in SUBJECTS:
        raise RuleError(f"{module.__name__}: check subscribes to {subject or 'nothing'}; one of {SUBJECTS}")
    return Rule(meta, check, subject, getattr(module, "Options", None), module.__doc__)


def matches(selector: str, entry: IndexEntry) -> bool:
    """Whether a selector (code, prefix, name, alias, prefix of an alias, or ``ALL``) covers a rule."""
    return _weight(selector, entry) > 0


def find(name: str) -> IndexEntry:
    """The rule of that code, name or alias, whatever the case.

    Raises:
        RuleError: there is none.
    """
    for entry in index():
        if _weight(name, entry) == _EXACT:
            return entry
    raise RuleError(f"no rule is called {name!r}{suggestion(name)}")


def check_selectors(selectors: Iterable[str]) -> None:
    """Refuse a selector that covers no rule.

    Raises:
        RuleError: with the nearest code or name as a suggestion.
    """
    for selector in selectors:
        if not any(matches(selector, entry) for entry in index()):
            raise RuleError(f"no rule matches {selector!r}{suggestion(selector)}")


def suggestion(word: str) -> str:
    """`` (did you mean X?)`` for the code or name nearest to a word, or nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 - 5 ms that only an error needs

    known = [e.code for e in index()] + [e.name for e in index()]
    near = get_close_matches(word.upper(), known, 1, 0.7) or get_close_matches(word.lower(), known, 1)
    return f" (did you mean {near[0]}?)" if near else ""


@dataclass(frozen=True, slots=True)
class Selection:
    """Selectors that one place gives: the command line, a configuration file. ``select`` None: it begins with no set."""

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    extend: tuple[str, ...] = ()


def select(*layers: Selection, preview: bool = False) -> tuple[IndexEntry, ...]:
    """The rules of a run: the default set, with ``preview`` those too, changed by each layer in turn.

    Selectors that cover no rule do nothing here; :func:`check_selectors` refuses them.

    Within a layer the longest selector that covers a rule decides, so ``select=IMG1 ignore=IMG102`` and
    ``ignore=IMG1 select=IMG102`` both do what they say; on a tie the rule is left out.
    """
    return tuple(entry for entry in index() if _chosen(entry, layers, preview=preview))


def _chosen(entry: IndexEntry, layers: Sequence[Selection], *, preview: bool) -> bool:
    chosen = preview or not entry.preview
    for layer in layers:
        wanted = max((_weight(s, entry) for s in (*(layer.select or ()), *layer.extend)), default=0)
        unwanted = max((_weight(s, entry) for s in layer.ignore), default=0)
        if layer.select is not None or wanted or unwanted:
            chosen = wanted > unwanted
    return chosen


def _weight(selector: str, entry: IndexEntry) -> int:
    """How closely a selector points at a rule: not (0), ``ALL``, then longer and longer prefixes, then its name."""
    sought = selector.upper()
    if sought in {name.upper() for name in (entry.code, entry.name, *entry.aliases)}:
        return _EXACT
    if sought == "ALL":
        return 1
    codes = [code for code in (entry.code, *entry.aliases) if _CODE.fullmatch(code)]
    return 1 + len(sought) if sought and any(code.startswith(sought) for code in codes) else 0
