"""How far the two agree over many files, before and after the table of divergences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from bkparity.classes import Difference, explanation
from bkparity.engine import Said
from bkparity.places import Place, ours
from imgtool.facts.facts import Facts
from imgtool.syntax import parse


@dataclass(slots=True)
class Comparison:
    """Findings by check: had by both, by one alone. ``explained`` counts those of one alone by class, for each side."""

    both: Counter[str] = field(default_factory=Counter)
    ours: Counter[str] = field(default_factory=Counter)
    theirs: Counter[str] = field(default_factory=Counter)
    explained: Counter[tuple[bool, str]] = field(default_factory=Counter)
    left: list[tuple[str, Place, bool]] = field(default_factory=list)

    def raw(self) -> tuple[float, float]:
        """The share of imgtool's findings that BuildKit has, and of BuildKit's that imgtool has."""
        return _share(self.both, self.ours.total()), _share(self.both, self.theirs.total())

    def settled(self) -> tuple[float, float]:
        """The same once what the table explains is left out."""
        mine = sum(count for (side, _), count in self.explained.items() if side)
        others = self.explained.total() - mine
        return _share(self.both, self.ours.total() - mine), _share(self.both, self.theirs.total() - others)

    def table(self) -> str:
        """The figures, for people."""
        checks = sorted({*self.both, *self.ours, *self.theirs})
        rows = [f"{c:34}{self.both[c]:6}{self.ours[c]:9}{self.theirs[c]:10}" for c in checks]
        kinds = [
            f"  {'imgtool' if side else 'BuildKit'}: {k} {n}"
            for (side, k), n in sorted(self.explained.items())
        ]
        shares = "raw {:.1%} {:.1%}, settled {:.1%} {:.1%}".format(*self.raw(), *self.settled())
        return "\n".join([f"{'check':34}{'both':>6}{'imgtool':>9}{'BuildKit':>10}", *rows, *kinds, shares])


def _share(both: Counter[str], alone: int) -> float:
    return both.total() / (both.total() + alone) if both.total() + alone else 1.0


def compare(files: Iterable[tuple[str, bytes, Said]]) -> Comparison:
    """Files, each with its name and what BuildKit said of it."""
    result = Comparison()
    for name, data, said in files:
        found = ours(data)
        result.both.update(place.check for place in found & said.places)
        facts = Facts(parse(data))
        for place in sorted(found ^ said.places):
            mine = place in found
            (result.ours if mine else result.theirs)[place.check] += 1
            kind = explanation(Difference(place, mine, facts, said))
            if kind:
                result.explained[mine, kind] += 1
            else:
                result.left.append((name, place, mine))
    return result
