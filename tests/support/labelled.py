"""Real Dockerfiles and what a careful engineer would do with each, told by reading it alone.

``tests/corpus/rewrite_labels.tsv``: ``set`` is ``devel`` (one stage, which stands on a devel image), ``cann`` or ``stages``
(several, the last on a devel image). ``label``:

* ``convertible``: from the file alone a split or swap follows that certainly works and drops the devel flavour;
* ``needs-context``: the decision hangs on a file that is not there;
* ``development-image``: no program starts, and people compile in it;
* ``not-convertible``: something needs the toolkit at run time, or nothing is certain;
* ``nothing-to-gain``: no toolchain is in what ships.

``assume`` is what somebody has to say who knows the image (``ships``: it starts no program, and is meant to ship
all the same). ``engineer`` is what the engineer does, ``drop`` the rules that then save bytes, ``hazards`` the numbers
of the hazards met.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "corpus" / "rewrite_labels.tsv"


@dataclass(frozen=True, slots=True)
class Labelled:
    """One file, by its name in the corpus."""

    file: str
    group: str
    label: str
    assume: frozenset[str]
    engineer: str
    drop: frozenset[str]
    hazards: tuple[int, ...]
    reason: str


@cache
def labelled() -> tuple[Labelled, ...]:
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(map(_read, csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)))


def _read(row: dict[str, str]) -> Labelled:
    return Labelled(
        row["file"],
        row["set"],
        row["label"],
        _words(row["assume"]),
        row["engineer"],
        _words(row["drop"]),
        tuple(int(number) for number in row["hazards"].split() if number != "-"),
        row["reason"],
    )


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split()) - {"-"}
