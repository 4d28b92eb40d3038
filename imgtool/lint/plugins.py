"""Rule packs of other projects: packages that an entry point of the group ``imgtool.rules`` names.

A pack is loaded where a configuration's ``plugins`` has its name, and nowhere else. Each module of the package whose name
does not begin with ``_`` is a rule, and keeps the contract of :mod:`imgtool.rule`.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

from imgtool.edits import Span
from imgtool.facts.facts import Facts
from imgtool.findings import Finding
from imgtool.lint.registry import IndexEntry, Rule, RuleError, from_module

GROUP = "imgtool.rules"
"""Where packs say that they are here."""

RESERVED = ("IMG", "DL", "BK", "SC")
"""What codes of packs do not begin with: these are imgtool's, hadolint's, BuildKit's and ShellCheck's."""

_CODE = re.compile(r"[A-Z]{2,8}[0-9]{3,4}")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


def entries(pack: str, taken: Iterable[IndexEntry]) -> tuple[IndexEntry, ...]:
    """The rules of a pack, by code. ``taken`` are those that there are already.

    Raises:
        RuleError: no pack has that name, or it does not keep the contract: which of its modules, and what to do.
    """
    known: dict[str, str] = {}
    for entry in taken:
        known.update({entry.code: entry.pack, entry.name: entry.pack})
    found: dict[str, IndexEntry] = {}
    for module in _modules(pack):
        entry = _entry(pack, module)
        for name in (entry.code, entry.name):
            if name in known:
                other = f"the pack {known[name]}" if known[name] else "a built-in rule"
                raise _error(pack, module, f"{name} is {other} already; rename it")
            known[name] = pack
        found[entry.code] = entry
    if not found:
        raise RuleError(
            f"plugin {pack}: its package holds no rule: a module each, of a name without _ in front"
        )
    return tuple(found[code] for code in sorted(found))


def _error(pack: str, module: ModuleType | str, message: str) -> RuleError:
    name = module if isinstance(module, str) else module.__name__
    return RuleError(f"plugin {pack}, {name}: {message}")


def _entry(pack: str, module: ModuleType) -> IndexEntry:
    try:
        meta = from_module(module).meta
    except RuleError as error:
        raise RuleError(f"plugin {pack}, {error}") from None
    if not _CODE.fullmatch(meta.code):
        raise _error(
            pack, module, f"the code {meta.code!r} is not two to eight capitals and three or four digits"
        )
    if meta.code.startswith(RESERVED):
        raise _error(
            pack, module, f"{meta.code} begins as codes of imgtool do ({', '.join(RESERVED)}); take another"
        )
    if not _NAME.fullmatch(meta.name):
        raise _error(pack, module, f"the name {meta.name!r} is not lower-case words with dashes")
    return IndexEntry(meta.code, meta.name, meta.aliases, meta.preview, module.__name__, meta.needs, pack)


def _modules(pack: str) -> Iterator[ModuleType]:
    """The modules of a pack that are rules."""
    package = _imported(pack, _value(pack))
    paths = getattr(package, "__path__", None)
    if paths is None:
        yield package
        return
    for info in pkgutil.walk_packages(paths, f"{package.__name__}.", onerror=lambda _name: None):
        if not info.ispkg and not any(part.startswith("_") for part in info.name.split(".")[1:]):
            yield _imported(pack, info.name)


def _value(pack: str) -> str:
    """The module that a pack's entry point names."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - 30 ms that only packs need

    there = {point.name: point for point in entry_points(group=GROUP)}
    if pack in there:
        return there[pack].module
    names = f"there are {', '.join(sorted(there))}" if there else "there is none"
    raise RuleError(
        f"no rule pack is called {pack!r} ({names}); install it into the environment that imgtool runs in"
    )


def _imported(pack: str, name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    # a module may raise anything, and may end the program
    except (Exception, SystemExit) as error:
        raise _error(pack, name, f"cannot be imported: {type(error).__name__}: {error}") from error


def guarded(rule: Rule, pack: str) -> Rule:
    """A pack's rule whose findings can be relied on: one that breaks the contract, or raises, is a failure of its own.

    The failure names the pack; findings of other rules stay.
    """

    def check(subject: Any, facts: Facts, *options: Any) -> Iterator[Finding]:
        fault = None
        try:
            for finding in rule.check(subject, facts, *options) or ():
                fault = _fault(rule, finding, len(facts.document.data))
                if fault:
                    break
                yield finding
        except (Exception, SystemExit) as error:
            raise RuleError(f"plugin {pack}: {type(error).__name__}: {error}") from error
        if fault:
            raise RuleError(f"plugin {pack}: {fault}")

    return Rule(rule.meta, check, rule.subject, rule.options, rule.page)


def _fault(rule: Rule, finding: Any, size: int) -> str | None:
    """What is wrong with what a rule gave."""
    if not isinstance(finding, Finding):
        return f"check yields {type(finding).__name__}; META.finding(...) makes findings"
    if finding.code != rule.meta.code:
        return f"check of {rule.meta.code} yields a finding of {finding.code}"
    edits = finding.fix.edits if finding.fix else ()
    for start, end in (*finding.places, *(edit.span for edit in edits)):
        if not 0 <= start <= end <= size:
            return f"{Span(start, end)} lies outside the file's {size} bytes"
    return None
