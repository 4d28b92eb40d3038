from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from gated import archive, weighed

from imgtool.gates import ratchet
from imgtool.gates.model import Judged, Outcome, Status, Weighed
from imgtool.gates.run import Given, moved, recorded, run
from imgtool.gates.settings import Missing, Policy, Target
from imgtool.images import budget as budgets
from imgtool.images.compare import Measure
from imgtool.images.errors import ImageError, NoImageError
from imgtool.report import sizes
from imgtool.values import replace

GROWTH = Policy(budgets=(budgets.max_growth("0"), budgets.max_size("1GB")))


class Store:
    """Images by their names, read with their layers or not; what was asked for is remembered."""

    def __init__(self, images: dict[str, Weighed | ImageError]) -> None:
        self.images = images
        self.asked: list[tuple[str, str | None, bool]] = []

    def __call__(self, reference: str, platform: str | None, *, layers: bool) -> Weighed:
        self.asked.append((reference, platform, layers))
        found = self.images[reference]
        if isinstance(found, ImageError):
            raise found
        stated = found.measures.image.platform
        if platform not in {None, stated}:
            raise ImageError(f"it holds {stated}, and nothing for {platform}")
        if layers:
            return found
        return Weighed(replace(found.measures, unpacked=None, flattened=None, waste=None))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    small = weighed(archive(tmp_path / "small.tar", "a 1000", compress=True))
    large = weighed(archive(tmp_path / "large.tar", "a 1000", "b 100000", compress=True))
    arm = weighed(archive(tmp_path / "arm.tar", "a 1000", compress=True, architecture="arm64"))
    return Store(
        {
            "small": small,
            "large": large,
            "arm": arm,
            "zstd": replace(small, measures=replace(small.measures, compression="zstd")),
            "gone": NoImageError("no such file"),
            "broken": ImageError("it is truncated"),
        }
    )


def judged(store: Store, image: str, baseline: str | None, policy: Policy = GROWTH, **more: object) -> Judged:
    target = replace(Target("app", policy, image, baseline), **more)
    return run(target, Given(store, date(2030, 1, 1)))


# --- (image, baseline, what becomes of it, a word of why) ---
@pytest.mark.parametrize(
    ("image", "baseline", "status", "why"),
    [
        ("small", "small", Status.PASSED, ""),
        ("large", "small", Status.FAILED, ""),
        ("small", "large", Status.PASSED, ""),
        ("small", "gone", Status.PASSED, "no baseline: gone cannot be measured: no such file"),
        ("small", None, Status.PASSED, "no baseline: none is given"),
        # what is there and broken is no missing baseline
        ("small", "broken", Status.UNKNOWN, "broken cannot be measured: it is truncated"),
        ("broken", "small", Status.UNKNOWN, "broken cannot be measured: it is truncated"),
        ("gone", "small", Status.UNKNOWN, "gone cannot be measured: no such file"),
        ("arm", "small", Status.UNKNOWN, "linux/amd64 and linux/arm64 are two platforms"),
    ],
)
def test_what_becomes_of_it(store: Store, image: str, baseline: str | None, status: Status, why: str) -> None:
    found = judged(store, image, baseline)
    assert found.status is status
    assert why in "; ".join((found.error, *found.notes))


def test_a_baseline_that_cannot_be_read_leaves_the_other_budgets(store: Store) -> None:
    found = judged(store, "small", "broken")
    assert [held.kind for held in found.held] == ["max-size"]


def test_a_missing_baseline_fails_by_policy_and_is_unknown_where_it_is_required(store: Store) -> None:
    strict = replace(GROWTH, missing=Missing.FAIL)
    assert judged(store, "small", "gone", strict).status is Status.FAILED
    assert judged(store, "small", "gone", required=True).status is Status.UNKNOWN


def test_the_baseline_is_of_the_image_s_platform(store: Store) -> None:
    assert judged(store, "arm", "arm").status is Status.PASSED
    assert store.asked == [("arm", None, True), ("arm", "linux/arm64", True)]


# --- transfer alone needs no layers, until the manifests do not tell enough ---
TRANSFER = replace(GROWTH, measure=Measure.TRANSFER)


def test_transfer_reads_no_layers(store: Store) -> None:
    assert judged(store, "small", "small", TRANSFER).status is Status.PASSED
    assert {layers for _, _, layers in store.asked} == {False}


@pytest.mark.parametrize(
    "more", [{"paths": ("a",)}, {"packages": ("a",)}, {"budgets": (budgets.max_waste("1%"),)}]
)
def test_what_needs_layers(store: Store, more: dict[str, object]) -> None:
    judged(store, "small", "small", replace(TRANSFER, **more))
    assert {layers for _, _, layers in store.asked} == {True}


def test_another_compression_reads_the_layers(store: Store) -> None:
    found = judged(store, "small", "zstd", TRANSFER)
    assert found.status is Status.PASSED
    assert found.comparison
    assert found.comparison.measure is Measure.UNPACKED
    assert found.notes[0].startswith("compared on unpacked, not transfer")
    assert [layers for _, _, layers in store.asked] == [False, False, True, True]


# --- files as baselines ---


def report(store: Store, path: Path, *names: str, references: dict[str, str] | None = None) -> str:
    known = [store.images[name] for name in names]
    measures = [one.measures for one in known if isinstance(one, Weighed)]
    named = [
        replace(one, image=replace(one.image, reference=(references or {}).get(name, name)))
        for name, one in zip(names, measures, strict=True)
    ]
    path.write_text(json.dumps([sizes.row(one) for one in named]))
    return str(path)


def test_a_report_as_a_baseline(store: Store, tmp_path: Path) -> None:
    path = report(store, tmp_path / "main.json", "small")
    assert judged(store, "large", path).status is Status.FAILED
    assert judged(store, "small", path).status is Status.PASSED


def test_the_row_of_the_same_name_and_platform_is_taken(store: Store, tmp_path: Path) -> None:
    names = {"large": "docker-daemon:app", "small": "other", "arm": "docker-daemon:app"}
    path = report(store, tmp_path / "main.json", "arm", "small", "large", references=names)
    assert judged(store, "large", path).status is Status.PASSED
    assert judged(store, "large", path, name="other").status is Status.FAILED


@pytest.mark.parametrize(("shared", "outcome"), [(False, Outcome.WITHIN), (True, Outcome.NOT_JUDGED)])
def test_the_only_row_is_of_another_image_where_several_share_the_file(
    store: Store, tmp_path: Path, *, shared: bool, outcome: Outcome
) -> None:
    path = report(store, tmp_path / "main.json", "small", references={"small": "main.tar"})
    found = judged(store, "small", path, shared=shared)
    assert found.held[-1].outcome is outcome


@pytest.mark.parametrize(
    ("content", "status", "why"),
    [
        (None, Status.PASSED, "does not exist"),
        (b"[]", Status.PASSED, "holds no such image"),
        (b"{", Status.UNKNOWN, "is no baseline: it is not JSON"),
        (b"[1]", Status.UNKNOWN, "is no baseline: image 1 is none"),
        (b"{}", Status.UNKNOWN, "is no baseline: it holds no table of images"),
    ],
)
def test_files_that_are_none(
    store: Store, tmp_path: Path, content: bytes | None, status: Status, why: str
) -> None:
    path = tmp_path / "main.json"
    if content is not None:
        path.write_bytes(content)
    found = judged(store, "small", str(path))
    assert found.status is status
    assert why in "; ".join((found.error, *found.notes))


# --- the ratchet ---


def test_a_ratchet_is_the_baseline_where_no_other_is(store: Store, tmp_path: Path) -> None:
    small = store.images["small"]
    assert isinstance(small, Weighed)
    path = tmp_path / "sizes.json"
    path.write_bytes(ratchet.dump({"app": small.measures}))
    given = Given(store, date(2030, 1, 1), ratchet=recorded(path))
    assert run(Target("app", GROWTH, "large"), given).status is Status.FAILED
    assert run(Target("app", GROWTH, "small"), given).status is Status.PASSED
    assert run(Target("new", GROWTH, "small"), given).held[-1].outcome is Outcome.NOT_JUDGED
    assert run(Target("app", GROWTH, "large", "large"), given).status is Status.PASSED
    # what it is moved to is the baseline
    assert run(Target("app", GROWTH, "large"), replace(given, update=True)).status is Status.PASSED
    # one that is named is read like a report
    assert judged(store, "large", str(path)).status is Status.FAILED


def test_moving_a_ratchet(store: Store) -> None:
    small, large = store.images["small"], store.images["large"]
    assert isinstance(small, Weighed)
    assert isinstance(large, Weighed)
    old = {"app": small.measures, "other": small.measures, "lost": small.measures}
    now = [
        Judged("app", Measure.UNPACKED, head=large.measures),
        Judged("lost", Measure.UNPACKED, error="it is truncated"),
    ]
    assert moved(old, now, whole=False) == {**old, "app": large.measures}
    assert moved(old, now, whole=True) == {"app": large.measures, "lost": small.measures}


def test_a_ratchet_that_is_not_there_yet(tmp_path: Path) -> None:
    assert recorded(tmp_path / "sizes.json") == {}
    (tmp_path / "sizes.json").write_text(json.dumps([]))
    with pytest.raises(ImageError, match="is no ratchet: it holds no table of images"):
        recorded(tmp_path / "sizes.json")
