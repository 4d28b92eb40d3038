"""Which rules there are, and loading those that a run needs.

Built-in rules are listed in the generated :mod:`imgtool.lint.rule_index`, so that a run imports only what
it selects; ``docs/generate.py`` writes it.
"""

from __future__ import annotations

import re
from _thread import RLock
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from imgtool import loading
from imgtool.findings import Finding
from imgtool.lint.rule_index import RULES
from imgtool.regex import regex
from imgtool.values import dataclass

if TYPE_CHECKING:
    from imgtool.rule import RuleMeta

# ShellCheck's codes and prefixes of them: what it can find is not in the index
_SHELLCHECK = regex(r"SC\d{0,4}|SHELLCHECK")

# a weight above that of any prefix
_EXACT = 1000

SUBJECTS = ("Document", "Stage", "Run", "Instruction")


class RuleError(ValueError):
    """A rule module that does not keep the contract, or a selector that names no rule."""


@dataclass(frozen=True, slots=True, eq=False)
class IndexEntry:
    """What can be known of a rule without importing it; there is one for each. ``pack``: the plugin that has it."""

    code: str
    name: str
    aliases: tuple[str, ...]
    preview: bool
    module: str
    needs: tuple[str, ...] = ()
    pack: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A loaded rule; there is one for each. ``subject`` names the type that ``check`` subscribes to."""

    meta: RuleMeta
    check: Callable[..., Iterable[Any]]
    subject: str
    options: type[Any] | None
    page: str


# threads may lint, and what is half loaded must not be seen
_LOADING = RLock()

_packs: dict[str, tuple[IndexEntry, ...]] = {}


@cache
def index() -> tuple[IndexEntry, ...]:
    """All rules by code; then those of rule packs that were asked for."""
    return (*(IndexEntry(*row) for row in RULES), *(entry for pack in _packs.values() for entry in pack))


def add_packs(names: Iterable[str]) -> None:
    """Load rule packs, each once a process; from then on their rules are in the index.

    Raises:
        RuleError: there is no such pack, or it does not keep the contract.
    """
    for name in names:
        if name not in _packs:
            from imgtool.lint.plugins import entries  # noqa: PLC0415 - few runs have any

            _packs[name] = entries(name, index())
            index.cache_clear()


_loaded: dict[IndexEntry, Rule] = {}


def load(entry: IndexEntry) -> Rule:
    """Import one rule, once.

    Raises:
        RuleError: the module lacks its docstring, ``META`` or ``check``, or ``check`` subscribes to nothing.
    """
    found = _loaded.get(entry)
    if found is None:
        found = _loaded.setdefault(entry, _imported(entry))
    return found


def load_all(entries: Sequence[IndexEntry]) -> list[Rule]:
    """Import several, as :func:`load` does."""
    # forty a file, and nearly always there
    found = list(map(_loaded.get, entries))
    return [load(entry) for entry in entries] if None in found else cast("list[Rule]", found)


def _imported(entry: IndexEntry) -> Rule:
    with _LOADING:
        rule = from_module(loading.load(entry.module))
    if not entry.pack:
        return rule
    from imgtool.lint.plugins import guarded  # noqa: PLC0415 - few runs have any

    return guarded(rule, entry.pack)


def from_module(module: ModuleType) -> Rule:
    """The rule that a module holds; see :func:`load` for what is refused."""
    from imgtool.rule import RuleMeta  # noqa: PLC0415 - all that rules need; what rules there are is known without

    meta = getattr(module, "META", None)
    check = getattr(module, "check", None)
    if not isinstance(meta, RuleMeta) or not callable(check) or not module.__doc__:
        raise RuleError(f"{module.__name__} needs a docstring, META and check")
    subject = str(next(iter(check.__annotations__.values()), ""))
    if subject not in SUBJECTS:
        raise RuleError(f"{module.__name__}: check subscribes to {subject or 'nothing'}; one of {SUBJECTS}")
    if meta.on and subject != "Instruction":
        raise RuleError(
            f"{module.__name__}: on says which instructions check gets, and it gets each {subject}"
        )
    return Rule(meta, check, subject, getattr(module, "Options", None), module.__doc__)


def matches(selector: str, entry: IndexEntry) -> bool:
    """Whether a selector (code, prefix, name, ``ALL``, or an alias that is no rule's own code) covers a rule."""
    return _weight(selector, entry) > 0


def needed(entries: Sequence[IndexEntry], data: bytes) -> tuple[list[IndexEntry], list[IndexEntry]]:
    """Those of the rules that a file can have findings of, by the words they need, and the others."""
    text = _joined(data).decode("utf-8", "replace").lower()
    # looking for all words of all rules would take a third as long as parsing the file: one that is there is enough for
    # a rule, and where `cuda` is not, `cuda-python` need not be looked for
    there: set[str] = set()
    for ending in set(_DOTTED.findall(text)):
        there.update(_ENDINGS[ending])
    gone: set[str] = set()
    wanted, spared = [], []
    for entry, words, sought in _sought(tuple(entries)):
        if not words or not there.isdisjoint(words):
            wanted.append(entry)
            continue
        for word, parts in sought:
            if parts and not gone.isdisjoint(parts):
                continue
            if word in text:
                there.add(word)
                wanted.append(entry)
                break
            gone.add(word)
        else:
            spared.append(entry)
    return wanted, spared


def _joined(data: bytes) -> bytes:
    """The file with continued lines joined."""
    # to look for one character is quicker by far than for two
    if data.find(b"\r") >= 0:
        data = data.replace(b"\r\n", b"\n")
    data = data.replace(b"\\\n", b"")
    return data.replace(b"`\n", b"") if data.find(b"`") >= 0 else data


# few dots are in a file, and many words begin with one: all of them are found in the time that two others take
_DOTLESS = {word[1:] for *_, words in RULES for word in words if word[:1] == "."}
_ENDINGS = {ending: [f".{each}" for each in _DOTLESS if ending.startswith(each)] for ending in _DOTLESS}
_DOTTED = regex(rf"\.(?=({'|'.join(map(re.escape, sorted(_ENDINGS, reverse=True)))}))")

_Sought = tuple[IndexEntry, tuple[str, ...], list[tuple[str, list[str]]]]


@lru_cache(maxsize=16)
def _sought(entries: tuple[IndexEntry, ...]) -> list[_Sought]:
    """Each rule with its words, and with those to look for: beside each the words that tell that it is not there."""
    counts = Counter(word for entry in entries for word in entry.needs)
    plain = counts.keys() - {f".{ending}" for ending in _ENDINGS}
    held = {word: [part for part in _parts(word) if part in plain] for word in plain}
    # and the word itself, where another rule may have looked for it
    parts = {word: [word, *held[word]] if counts[word] > 1 else held[word] for word in plain}
    return [(e, e.needs, [(word, parts[word]) for word in e.needs if word in plain]) for e in entries]


def _parts(word: str) -> Iterator[str]:
    """All that stands in a word, but the whole of it: few texts beside all pairs of words."""
    for length in range(1, len(word)):
        for start in range(len(word) - length + 1):
            yield word[start : start + length]


def find(name: str) -> IndexEntry:
    """The rule of that code, name or alias, whatever the case.

    Raises:
        RuleError: there is none.
    """
    known = _named(index()).get(name.upper())
    if known:
        return known[0]
    raise RuleError(f"no rule is called {name!r}{suggestion(name)}")


def check_selectors(selectors: Iterable[str]) -> None:
    """Refuse a selector that covers no rule.

    Raises:
        RuleError: with the nearest code or name as a suggestion.
    """
    for selector in selectors:
        if not is_shellcheck(selector) and not any(matches(selector, entry) for entry in index()):
            raise RuleError(f"no rule matches {selector!r}{suggestion(selector)}")


def is_shellcheck(name: str, *, whole: bool = False) -> bool:
    """Whether a selector means findings of ShellCheck: ``SC2086``, ``SC2``, ``shellcheck``; ``whole``: no prefix."""
    return _SHELLCHECK.fullmatch(name.upper()) is not None and (not whole or len(name) >= len("SC2086"))


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


_NOTHING = Selection()

PROFILES = {
    "default": Selection(("ALL",), ignore=("DL",)),
    "hadolint": Selection(("DL", "IMG0", "SC")),
    "all": Selection(("ALL",)),
}
"""What a run begins with: all but hadolint's; what hadolint has on, and what is about the file itself; every rule."""


def select(
    *layers: Selection, profile: str = "default", preview: bool = False, packs: tuple[str, ...] = ()
) -> tuple[IndexEntry, ...]:
    """The rules of a run: a profile's, changed by each layer in turn; of rule packs only those in ``packs``.

    Without ``preview``, a preview rule runs only where it is selected by its whole code, name or alias. Selectors
    that cover no rule do nothing here; :func:`check_selectors` refuses them.

    Within a layer the longest selector that covers a rule decides, so ``select=IMG1 ignore=IMG102`` and
    ``ignore=IMG1 select=IMG102`` both do what they say; on a tie the rule is left out.
    """
    every = [layer for layer in (PROFILES[profile], *layers) if layer != _NOTHING]
    there = (entry for entry in index() if not entry.pack or entry.pack in packs)
    return tuple(entry for entry in there if _chosen(entry, every, preview=preview))


@dataclass(frozen=True, slots=True)
class ShellCodes:
    """Which of ShellCheck's codes a run shows. ``layers`` begin with the profile's."""

    layers: tuple[Selection, ...]

    def has(self, code: str) -> bool:
        """Whether a finding of that code is shown."""
        return _chosen(
            IndexEntry(code, "shellcheck", (), preview=False, module=""), self.layers, preview=False
        )

    @property
    def named(self) -> tuple[str, ...]:
        """The selectors by which somebody, not a profile, asks for ShellCheck by its codes."""
        asked = (s for layer in self.layers[1:] for s in (*(layer.select or ()), *layer.extend))
        return tuple(s for s in asked if is_shellcheck(s))

    @property
    def any(self) -> bool:
        """Whether a code can be shown at all."""
        return self.has("SC0000") or any(self.has(s.upper().ljust(6, "0")) for s in self.named)


def _chosen(entry: IndexEntry, layers: Sequence[Selection], *, preview: bool) -> bool:
    chosen = False
    for layer in layers:
        wanted = _heaviest(layer.select, entry) if layer.select else 0
        if layer.extend:
            wanted = max(wanted, _heaviest(layer.extend, entry))
        if entry.preview and not preview and wanted < _EXACT:
            wanted = 0
        unwanted = _heaviest(layer.ignore, entry) if layer.ignore else 0
        if layer.select is not None or wanted or unwanted:
            chosen = wanted > unwanted
    return chosen


def _heaviest(selectors: Sequence[str], entry: IndexEntry) -> int:
    heaviest = 0
    for selector in selectors:
        weight = _weight(selector, entry)
        heaviest = max(heaviest, weight)
    return heaviest


def _weight(selector: str, entry: IndexEntry) -> int:
    """How closely a selector points at a rule: not (0), ``ALL``, then longer and longer prefixes, then its name."""
    sought = selector.upper()
    if sought == "ALL":
        return 1
    named = _named(index()).get(sought)
    if named:
        return _EXACT if entry in named else 0
    if sought == entry.name.upper():
        # what is not in the index shares a name
        sought = entry.code[:2]
    return 1 + len(sought) if sought and entry.code.startswith(sought) else 0


@lru_cache(maxsize=4)
def _named(entries: tuple[IndexEntry, ...]) -> dict[str, list[IndexEntry]]:
    """What each whole code, name and alias selects; an alias that is a rule's own code is that rule."""
    own: dict[str, list[IndexEntry]] = {}
    for entry in entries:
        own.setdefault(entry.code.upper(), []).append(entry)
        own.setdefault(entry.name.upper(), []).append(entry)
    aliased: dict[str, list[IndexEntry]] = {}
    for entry in entries:
        for alias in entry.aliases:
            if alias.upper() not in own:
                aliased.setdefault(alias.upper(), []).append(entry)
    return aliased | own


def silenced(*layers: Selection) -> frozenset[str]:
    """The codes and names, in lower case, that the layers ignore: a finding that has one as an alias is not shown.

    Not those of our own IMG rules: where one stands in for another, ignoring the weaker leaves the stronger.
    """
    names: set[str] = set()
    for layer in layers:
        if layer.select is not None:
            names.clear()
        names -= {name.lower() for name in (*(layer.select or ()), *layer.extend)}
        names |= {name.lower() for name in layer.ignore}
    ours = (name.lower() for e in index() if e.code.startswith("IMG") for name in (e.code, e.name))
    return frozenset(names.difference(ours))


def called(finding: Finding) -> set[str]:
    """What a suppression may call a finding, in lower case: also a rule of which it is an alias."""
    names = {finding.code, finding.name, *finding.aliases}
    return {name.lower() for name in names} | _stronger(index()).get(finding.code, set())


@lru_cache(maxsize=4)
def _stronger(entries: tuple[IndexEntry, ...]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for entry in entries:
        for alias in entry.aliases:
            found.setdefault(alias, set()).update((entry.code.lower(), entry.name.lower()))
    return found
