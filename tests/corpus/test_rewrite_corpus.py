"""What rewrite makes of real Dockerfiles, beside what a careful engineer would do with them."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from configured import configuration, differences
from effective import joined
from labelled import Labelled, labelled

from imgtool.facts.facts import Facts
from imgtool.interop import disagreement
from imgtool.rewrite import Rewrite, rewrite
from imgtool.rewrite.choices import Assumption, Choices
from imgtool.rewrite.plan import DropPackages, Place, Placement, SplitStage, Status, Step, SwapFlavour
from imgtool.syntax import parse

pytestmark = pytest.mark.corpus

LABELS = {"convertible", "needs-context", "development-image", "not-convertible", "nothing-to-gain"}
HAZARDS = 49
WORDS = 12
# seconds of this process for one file, the median of all
FAST = 0.050
# conversions that somebody has read against the original, line by line
READ = 20

SHIPS = Choices(assume=frozenset({Assumption.SHIPS}))

# Of the files labelled convertible, those that are converted. Raise it as rewrite learns.
AT_LEAST = 15
# conversions of files that the engineer would have left, each with the reason why it is right all the same
_TOOLKIT = "nvcc and the headers of CUDA stay, with cuda-minimal-build and cuda-libraries-dev"
ALLOWED: dict[str, str] = {
    "ROCm__MAD__docker__pyt_huggingface.ubuntu.nvidia.Dockerfile": _TOOLKIT,
    "basetenlabs__truss__docker__base_images__vllm.Dockerfile": _TOOLKIT,
    "open-mmlab__OpenPCDet__docker__cu116.Dockerfile": _TOOLKIT,
    "ufoym__deepo__docker__Dockerfile.all-py38-cu113": _TOOLKIT,
    "ufoym__deepo__docker__Dockerfile.keras-py38-cu113": _TOOLKIT,
}


@dataclass(frozen=True)
class Made:
    """A file, its rewrite, the choices behind it, and the seconds that it took."""

    name: str
    choices: Choices
    rewrite: Rewrite
    seconds: float

    @property
    def converted(self) -> bool:
        return self.rewrite.plan.status is Status.CONVERTED


@pytest.fixture(scope="module")
def made(corpus: Path) -> list[Made]:
    """Every file of the corpus, rewritten without its context."""
    return [_made(path, Choices()) for path in sorted((corpus / "open").iterdir())]


@pytest.fixture(scope="module")
def meant(corpus: Path) -> list[Made]:
    """The labelled files, by the word of somebody who wants them to ship though no program starts."""
    return [_made(corpus / "open" / row.file, SHIPS) for row in labelled()]


def _made(path: Path, choices: Choices) -> Made:
    data = path.read_bytes()
    start = time.process_time()
    found = rewrite(data, choices=choices)
    return Made(path.name, choices, found, time.process_time() - start)


@pytest.fixture(scope="module")
def conversions(made: list[Made], meant: list[Made]) -> list[Made]:
    return [one for one in (*made, *meant) if one.converted]


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
    again = {one.name: rewrite(one.rewrite.data, choices=one.choices) for one in conversions}
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


def test_every_instruction_of_a_conversion_is_accounted_for(conversions: list[Made]) -> None:
    assert not {one.name: said for one in conversions if (said := list(_forgotten(one)))}


def _forgotten(one: Made) -> Iterator[str]:
    target = Facts(parse(one.rewrite.source.data)).target
    assert target is not None
    for instruction in target.instructions:
        if not any(step.span.overlaps(instruction.span) for step in one.rewrite.plan.steps):
            yield f"line {instruction.start_line}: {instruction.keyword}"


def test_a_conversion_installs_what_no_step_drops(conversions: list[Made]) -> None:
    assert not {one.name: lost for one in conversions if (lost := sorted(_lost(one)))}


def _lost(one: Made) -> set[str]:
    """Packages of the system that nobody asked to drop, and that the stage that ships does not install any more."""
    dropped = {p for step in one.rewrite.plan.steps if isinstance(step, DropPackages) for p in step.packages}
    return set(_packages(one.rewrite.source.data)) - set(_packages(one.rewrite.data)) - dropped


_ASSIGNED = re.compile(r'(?:^|\s)([A-Z_]+)="([^"$]*)"')
_INSTALL = re.compile(r"\b(?:apt-get|apt|yum|dnf|zypper)\s(?:[^;&|]*?\s)?install\b([^;&|<>]*)")


def _packages(data: bytes) -> Iterator[str]:
    """What the stage that ships installs, read without any of imgtool's rules for it."""
    facts = Facts(parse(data))
    assert facts.target is not None
    for run in (run for stage in facts.target.lineage() for run in facts.runs(stage)):
        text = joined(facts.document, run.instruction.span)
        for name, value in _ASSIGNED.findall(text):
            text = re.sub(rf"\$(?:{name}\b|{{{name}}})", value, text)
        for words in _INSTALL.findall(text):
            yield from (w.partition("=")[0] for w in words.split() if not w.startswith(("-", "$", "'", '"')))


def test_stages_of_a_conversion_are_there_before_they_are_copied_from(conversions: list[Made]) -> None:
    for one in conversions:
        facts = Facts(parse(one.rewrite.data))
        names = [stage.name for stage in facts.stages if stage.name]
        assert len(names) == len(set(names)), one.name
        assert {stage.name for stage in Facts(parse(one.rewrite.source.data)).stages} <= {None, *names}, (
            one.name
        )


def test_conversions_were_read(corpus: Path) -> None:
    with (Path(__file__).parent / "rewrite_reviews.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert len({row["file"] for row in rows}) >= READ
    assert {row["verdict"] for row in rows} <= {"right", "debatable"}
    assert all(row["reason"] for row in rows)
    for row in rows:
        choices = Choices(assume=frozenset(map(Assumption, row["assume"].split())))
        assert _made(corpus / "open" / row["file"], choices).converted, row["file"]


# --- beside the engineer --------------------------------------------------------------------------------


def test_conversions_that_the_engineer_would_not_make(conversions: list[Made]) -> None:
    label = {row.file: row.label for row in labelled()}
    left = {one.name: label[one.name] for one in conversions if _unwanted(one, label.get(one.name))}
    assert left.keys() == ALLOWED.keys()


def _unwanted(one: Made, label: str | None) -> bool:
    # who says that a development image is to ship knows better than its reader
    return label not in (None, "convertible") and (one.choices, label) != (SHIPS, "development-image")


def test_convertible_files_are_converted(made: list[Made], meant: list[Made]) -> None:
    plain, ships = ({one.name: one for one in some} for some in (made, meant))
    wanted = [row for row in labelled() if row.label == "convertible"]
    found = [(ships if row.assume else plain)[row.file] for row in wanted]
    left = {one.name: one.rewrite.plan.reasons for one in found if not one.converted}
    assert len(wanted) - len(left) >= AT_LEAST, left
