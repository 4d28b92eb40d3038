"""How far the two agree over many files, before and after the table of divergences."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from imgtool.facts.facts import Facts
from imgtool.syntax import parse
from parity import ours
from parity.classes import Difference
from parity.peer import OFF, Place
from parity.table import FOLDER, kinds

RECORD = FOLDER / "recorded.tsv"


@dataclass(frozen=True, slots=True)
class Score:
    """Findings of one rule, or of all: had by both, by one alone, and those of one alone that a class explains."""

    both: int = 0
    ours: int = 0
    theirs: int = 0
    ours_explained: int = 0
    theirs_explained: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.both + other.both,
            self.ours + other.ours,
            self.theirs + other.theirs,
            self.ours_explained + other.ours_explained,
            self.theirs_explained + other.theirs_explained,
        )

    @property
    def precision(self) -> float:
        """The share of imgtool's findings that hadolint has, too."""
        return _share(self.both, self.ours)

    @property
    def recall(self) -> float:
        """The share of hadolint's findings that imgtool has, too."""
        return _share(self.both, self.theirs)

    @property
    def settled_precision(self) -> float:
        """``precision`` once what the table explains is left out."""
        return _share(self.both, self.ours - self.ours_explained)

    @property
    def settled_recall(self) -> float:
        """``recall`` once what the table explains is left out."""
        return _share(self.both, self.theirs - self.theirs_explained)


def _share(part: int, rest: int) -> float:
    return part / (part + rest) if part + rest else 1.0


@dataclass(slots=True)
class Comparison:
    """Scores by rule, how often each class explains a difference, and what is left: (file, place, ours or not)."""

    rules: dict[str, Score] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    left: list[tuple[str, Place, bool]] = field(default_factory=list)
    files: int = 0

    @property
    def total(self) -> Score:
        """Of all rules that hadolint has on by default."""
        return sum((score for code, score in self.rules.items() if code not in OFF), Score())


def compare(files: Iterable[tuple[str, bytes, frozenset[Place] | str]]) -> Comparison:
    """Files, each with its name and what hadolint says of it; those it cannot read are left out.

    Only rules that both have are compared.
    """
    known = {entry.code for entry in ours.entries()}
    result = Comparison({code: Score() for code in sorted(known)})
    for name, data, theirs in files:
        if not isinstance(theirs, str):
            result.files += 1
            mine = ours.report(data)
            for place in mine & theirs:
                result.rules[place.code] += Score(both=1)
            for place, kind in _explained(data, mine, {p for p in theirs if p.code in known}):
                _count(result, name, place, kind, ours=place in mine)
    return result


def _count(result: Comparison, name: str, place: Place, kind: str | None, *, ours: bool) -> None:
    explained = int(kind is not None)
    result.rules[place.code] += (
        Score(ours=1, ours_explained=explained) if ours else Score(theirs=1, theirs_explained=explained)
    )
    if kind is None:
        result.left.append((name, place, ours))
    else:
        result.kinds[kind] += 1


def _explained(data: bytes, mine: frozenset[Place], theirs: set[Place]) -> Iterator[tuple[Place, str | None]]:
    """What one of the two alone has, with the class that explains it."""
    differences = sorted(mine ^ theirs)
    facts = Facts(parse(data)) if differences else None
    for place in differences:
        if facts is not None:
            yield place, explanation(Difference(place.code, place.line, place in mine, facts))


def explanation(difference: Difference) -> str | None:
    """The first class of the table that explains a difference."""
    fitting = (k.name for k in kinds() if difference.code in k.rules and k.explains(difference))
    return next(fitting, None)


# --- what hadolint said, kept: a run of it over a thousand files takes minutes ---


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def recorded() -> dict[str, frozenset[Place] | str]:
    """What hadolint said of each file, by :func:`digest`."""
    rows = (line.split("\t") for line in RECORD.read_text("utf-8").splitlines() if not line.startswith("#"))
    return {name: _read(said) for name, said in rows}


def _read(said: str) -> frozenset[Place] | str:
    if said in ("DL1000", "crash"):
        return said
    pairs = (group.split(":") for group in said.split())
    return frozenset(Place(code, int(line)) for code, lines in pairs for line in lines.split(","))


def record(version: str, said: Mapping[str, frozenset[Place] | str]) -> str:
    """The text of :data:`RECORD`."""
    rows = (
        f"{name}\t{places if isinstance(places, str) else _write(places)}"
        for name, places in sorted(said.items())
    )
    return (
        f"# {version}: SHA-256 of a file, then its DL findings as CODE:LINE,LINE\n" + "\n".join(rows) + "\n"
    )


def _write(places: frozenset[Place]) -> str:
    lines: dict[str, list[str]] = {}
    for place in sorted(places):
        lines.setdefault(place.code, []).append(str(place.line))
    return " ".join(f"{code}:{','.join(numbers)}" for code, numbers in lines.items())
