"""What rewrite makes of real Dockerfiles, beside what a careful engineer would do with them."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from configured import configuration, differences
from labelled import Labelled, labelled

from imgtool.facts.facts import Facts
from imgtool.interop import disagreement
from imgtool.rewrite import Rewrite, rewrite
from imgtool.rewrite.plan import DropPackages, Place, Placement, SplitStage, Status, Step, SwapFlavour
from imgtool.syntax import parse

pytestmark = pytest.mark.corpus

LABELS = {"convertible", "needs-context", "development-image", "not-convertible", "nothing-to-gain"}
HAZARDS = 49
WORDS = 12
# seconds of this process for one file, the median of all
FAST = 0.050

# Of the files labelled convertible, the share that is converted: of those that need nobody's word, and of all.
# Raise them as rewrite learns.
AT_LEAST = 0.0
# conversions of files that the engineer would have left, each with the reason why it is right all the same
ALLOWED: dict[str, str] = {}


@dataclass(frozen=True)
class Made:
    """A file, its rewrite, and the seconds that it took."""

    name: str
    rewrite: Rewrite
    seconds: float

    @property
    def converted(self) -> bool:
        return self.rewrite.plan.status is Status.CONVERTED


@pytest.fixture(scope="module")
def made(corpus: Path) -> list[Made]:
    """Every file of the corpus, rewritten without its context."""
    return [_made(path) for path in sorted((corpus / "open").iterdir())]


def _made(path: Path) -> Made:
    data = path.read_bytes()
    start = time.process_time()
    found = rewrite(data)
    return Made(path.name, found, time.process_time() - start)


@pytest.fixture(scope="module")
def conversions(made: list[Made]) -> list[Made]:
    return [one for one in made if one.converted]


# --- the labels -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", labelled(), ids=lambda row: row.file)
def test_a_label_is_whole(row: Labelled) -> None:
    assert row.label in LABELS
    assert row.assume <= {"ships"}
    assert 0 < len(row.engineer.split()) <= WORDS
    assert row.reason
    assert all(0 < number <= HAZARDS for number in row.hazards)
    assert list(row.hazards) == sorted(set(row.hazards))
    assert bool(row.drop) == (row.label == "convertible")


def test_the_labels_cover_what_they_say(corpus: Path) -> None:
    with (corpus / "open.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    devel = {r["file"] for r in rows if r["final_devel"] == "yes"}
    alone = {r["file"] for r in rows if r["n_from"] == "1"}
    assert {r.file for r in labelled() if r.group == "devel"} == devel & alone
    assert {r.file for r in labelled() if r.group == "stages"} == devel - alone
    assert {r.file for r in labelled() if r.group == "cann"} == {
        r["file"] for r in rows if r["class"] == "cann"
    }


# --- every file -----------------------------------------------------------------------------------------


def test_what_is_not_converted_stays_as_it_is_and_says_why(made: list[Made]) -> None:
    left = [one for one in made if not one.converted]
    assert not [one.name for one in left if one.rewrite.data != one.rewrite.source.data]
    assert not [one.name for one in left if not one.rewrite.plan.reasons or one.rewrite.plan.steps]


def test_the_median_file_is_fast(made: list[Made]) -> None:
    names = {row.file for row in labelled()}
    assert statistics.median(one.seconds for one in made if one.name in names) < FAST


def test_the_same_bytes_in_another_process_locale_and_order(made: list[Made], corpus: Path) -> None:
    program = (
        "import hashlib, json, sys; from pathlib import Path; from imgtool.rewrite import rewrite\n"
        "paths = [Path(sys.argv[1], name) for name in sorted(sys.argv[2:], reverse=True)]\n"
        "print(json.dumps({p.name: hashlib.sha256(rewrite(p.read_bytes()).data).hexdigest() for p in paths}))"
    )
    env = os.environ | {"PYTHONHASHSEED": "7", "LC_ALL": "tr_TR.UTF-8", "LANG": "C", "TZ": "Asia/Kathmandu"}
    names = [row.file for row in labelled()]
    command = [sys.executable, "-c", program, str(corpus / "open"), *names]
    there = subprocess.run(command, env=env, capture_output=True, check=True)
    here = {one.name: hashlib.sha256(one.rewrite.data).hexdigest() for one in made if one.name in names}
    assert json.loads(there.stdout) == here


# --- every conversion -----------------------------------------------------------------------------------


def test_a_conversion_parses_for_both_readers(conversions: list[Made]) -> None:
    assert not {one.name: p for one in conversions if (p := parse(one.rewrite.data).problems)}
    assert not {one.name: said for one in conversions if (said := disagreement(one.rewrite.data))}


def test_a_conversion_keeps_the_configuration(conversions: list[Made]) -> None:
    assert not {one.name: said for one in conversions if (said := list(_changed(one)))}


def _changed(one: Made) -> Iterator[str]:
    return differences(configuration(one.rewrite.source.data), configuration(one.rewrite.data))


def test_a_conversion_is_not_converted_again(conversions: list[Made]) -> None:
    again = {one.name: rewrite(one.rewrite.data) for one in conversions}
    assert {found.plan.status for found in again.values()} <= {Status.UNCHANGED}, {
        name: found.plan.reasons for name, found in again.items() if found.plan.status is not Status.UNCHANGED
    }


def test_a_conversion_names_what_it_drops(conversions: list[Made]) -> None:
    assert not [one.name for one in conversions if not any(map(_drops, one.rewrite.plan.steps))]


def _drops(step: Step) -> bool:
    match step:
        case SplitStage() | SwapFlavour():
            return step.base != step.runtime
        case DropPackages():
            return bool(step.packages)
        case Place():
            return step.placement is Placement.DROPPED
    return False


def test_a_conversion_ships_another_image(conversions: list[Made]) -> None:
    left = {one.name: (_ships(one.rewrite.source.data), _ships(one.rewrite.data)) for one in conversions}
    assert not {name: pair for name, pair in left.items() if pair[0] == pair[1]}


def _ships(data: bytes) -> str | None:
    target = Facts(parse(data)).target
    return target.root.reference if target else None


def test_stages_of_a_conversion_are_there_before_they_are_copied_from(conversions: list[Made]) -> None:
    for one in conversions:
        facts = Facts(parse(one.rewrite.data))
        names = [stage.name for stage in facts.stages if stage.name]
        assert len(names) == len(set(names)), one.name
        assert {stage.name for stage in Facts(parse(one.rewrite.source.data)).stages} <= {None, *names}, (
            one.name
        )


# --- beside the engineer --------------------------------------------------------------------------------


def test_conversions_that_the_engineer_would_not_make(conversions: list[Made]) -> None:
    label = {row.file: row.label for row in labelled()}
    left = {
        one.name: label[one.name] for one in conversions if label.get(one.name) not in (None, "convertible")
    }
    assert left.keys() == ALLOWED.keys()


def test_convertible_files_are_converted(made: list[Made]) -> None:
    done = {one.name: one.converted for one in made}
    wanted = [row.file for row in labelled() if row.label == "convertible" and not row.assume]
    share = sum(done[name] for name in wanted) / len(wanted)
    reasons = Counter(
        reason.code for one in made if one.name in wanted for reason in one.rewrite.plan.reasons
    )
    assert share >= AT_LEAST, reasons
