from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from archives import classic, files
from gated import archive, weighed

from imgtool.gates.judge import judge
from imgtool.gates.model import Judged, Outcome, Status, Weighed
from imgtool.gates.settings import Missing, Policy, Require, Target, Waiver
from imgtool.images import budget as budgets
from imgtool.images.budget import Budget
from imgtool.images.compare import Measure
from imgtool.values import replace

TODAY = date(2030, 1, 15)
BASE, HEAD = "a 100000", "b 20000, a 100000"


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Weighed]:
    folder = tmp_path_factory.mktemp("images")
    made = {
        "base": archive(folder / "base.tar", BASE),
        "head": archive(folder / "head.tar", BASE, HEAD),
        "arm": archive(folder / "arm.tar", BASE, architecture="arm64"),
        "gzip": archive(folder / "gzip.tar", BASE, compress=True),
        "places": archive(folder / "places.tar", "root/.cache/pip/x 7, usr/lib/libcuda.so.1 9, etc/passwd 1"),
    }
    return {name: weighed(path) for name, path in made.items()}


def judged(images: dict[str, Weighed], head: str, base: str | None, *given: Budget, **more: object) -> Judged:
    waivers = more.pop("waivers", ())
    policy = replace(Policy(), budgets=given, **more)
    return judge(
        Target("app", policy),
        images[head],
        images[base] if base else None,
        missing="" if base else "none is given",
        waivers=waivers,  # type: ignore[arg-type] # one table of arguments
        today=TODAY,
    )


# --- unpacked grows by 122,880 bytes over 102,400; waste is 100,000 of 220,000 bytes of content ---
GROWTH, SIZE, WASTE, LAYERS = budgets.max_growth, budgets.max_size, budgets.max_waste, budgets.max_layers


@pytest.mark.parametrize(
    ("budget", "outcome", "actual", "allowed"),
    [
        (GROWTH("122880B"), Outcome.WITHIN, 122_880, 122_880),
        (GROWTH("122879B"), Outcome.OVER, 122_880, 122_879),
        (GROWTH("120%"), Outcome.WITHIN, 122_880, 122_880),
        (GROWTH("119%"), Outcome.OVER, 122_880, 121_856),
        (SIZE("225280B"), Outcome.WITHIN, 225_280, 225_280),
        (SIZE("225279B"), Outcome.OVER, 225_280, 225_279),
        (WASTE("100kB"), Outcome.WITHIN, 100_000, 100_000),
        (WASTE("99999B"), Outcome.OVER, 100_000, 99_999),
        (WASTE("46%"), Outcome.WITHIN, 100_000, 101_200),
        (WASTE("45%"), Outcome.OVER, 100_000, 99_000),
        (WASTE("0"), Outcome.OVER, 100_000, 0),
        (LAYERS(2), Outcome.WITHIN, 2, 2),
        (LAYERS(1), Outcome.OVER, 2, 1),
    ],
)
def test_one_budget(
    images: dict[str, Weighed], budget: Budget, outcome: Outcome, actual: int, allowed: int
) -> None:
    found = judged(images, "head", "base", budget)
    (held,) = found.held
    assert (held.outcome, held.actual, held.allowed) == (outcome, actual, allowed)
    assert found.status == (Status.FAILED if outcome is Outcome.OVER else Status.PASSED)


@pytest.mark.parametrize(
    ("floor", "limits", "require", "outcomes"),
    [
        (0, ["0", "5%"], Require.ALL, ["over", "over"]),
        (0, ["0", "1GB"], Require.ALL, ["over", "within"]),
        (0, ["0", "1GB"], Require.ANY, ["enough", "within"]),
        (0, ["0", "5%"], Require.ANY, ["over", "over"]),
        (122_880, ["0", "5%"], Require.ALL, ["noise", "noise"]),
        (122_879, ["0"], Require.ALL, ["over"]),
        # the floor is of growth alone
        (10**9, ["1GB"], Require.ALL, ["within"]),
    ],
)
def test_growth(
    images: dict[str, Weighed], floor: int, limits: list[str], require: Require, outcomes: list[str]
) -> None:
    found = judged(images, "head", "base", *map(GROWTH, limits), noise_floor=floor, require=require)
    assert [str(held.outcome) for held in found.held] == outcomes
    assert (found.status is Status.FAILED) == ("over" in outcomes)


def test_the_noise_floor_is_none_for_sizes(images: dict[str, Weighed]) -> None:
    assert judged(images, "head", "base", SIZE("1kB"), noise_floor=10**9).status is Status.FAILED


@pytest.mark.parametrize(
    ("missing", "outcome", "status"),
    [
        (Missing.NEUTRAL, Outcome.NOT_JUDGED, Status.PASSED),
        (Missing.FAIL, Outcome.MISSING, Status.FAILED),
    ],
)
def test_without_a_baseline(
    images: dict[str, Weighed], missing: Missing, outcome: Outcome, status: Status
) -> None:
    found = judged(images, "head", None, GROWTH("5%"), missing=missing)
    assert (found.held[0].outcome, found.held[0].actual, found.status) == (outcome, None, status)
    assert found.notes == ("no baseline: none is given",)
    # what needs none is judged all the same
    over = judged(images, "head", None, GROWTH("5%"), SIZE("1kB"))
    assert [str(held.outcome) for held in over.held] == ["over", "not judged"]


def test_two_platforms_are_not_compared(images: dict[str, Weighed]) -> None:
    found = judged(images, "arm", "base", GROWTH("5%"), SIZE("1GB"))
    assert found.status is Status.UNKNOWN
    assert "linux/amd64 and linux/arm64 are two platforms" in found.error
    assert [held.kind for held in found.held] == ["max-size"]
    # what is over is over, whatever is not known
    assert judged(images, "arm", "base", GROWTH("5%"), SIZE("1B")).status is Status.FAILED


def test_a_size_that_is_not_known(images: dict[str, Weighed]) -> None:
    found = judged(images, "head", None, SIZE("1GB"), measure=Measure.TRANSFER)
    assert (found.status, found.held) == (Status.UNKNOWN, ())
    assert found.error.startswith("transfer is not known of docker-archive:")


def test_unlike_compression_falls_back(images: dict[str, Weighed]) -> None:
    known = images["gzip"]
    other = replace(known, measures=replace(known.measures, compression="zstd"))
    found = judge(
        Target("app", Policy(Measure.TRANSFER, budgets=(GROWTH("0"), SIZE("1GB")))), other, known, today=TODAY
    )
    assert found.notes == (
        "compared on unpacked, not transfer: the layers of one are gzip, those of the other zstd",
    )
    assert [(held.kind, held.measure) for held in found.held] == [
        ("max-size", "transfer"),
        ("max-growth", "unpacked"),
    ]


# --- waivers ---


@pytest.mark.parametrize(
    ("until", "image", "budget", "outcome", "note"),
    [
        (date(2030, 1, 15), "app", "max-growth", Outcome.WAIVED, "waived until 2030-01-15: new CUDA"),
        (date(2030, 1, 14), "app", "max-growth", Outcome.OVER, "its waiver ended on 2030-01-14: new CUDA"),
        # of another image, of another budget
        (date(2031, 1, 1), "other", "max-growth", Outcome.OVER, ""),
        (date(2031, 1, 1), "app", "max-size", Outcome.OVER, ""),
    ],
)
def test_waivers(
    images: dict[str, Weighed], until: date, image: str, budget: str, outcome: Outcome, note: str
) -> None:
    waivers = [Waiver(image, budget, "new CUDA", until)]
    found = judged(images, "head", "base", GROWTH("5%"), waivers=waivers)
    assert (found.held[0].outcome, found.held[0].note) == (outcome, note)


def test_the_last_waiver_counts(images: dict[str, Weighed]) -> None:
    waivers = [Waiver("app", "max-size", "old", date(2029, 1, 1)), Waiver("app", "max-size", "new", TODAY)]
    assert judged(images, "head", None, SIZE("1kB"), waivers=waivers).held[0].outcome is Outcome.WAIVED


def test_a_waiver_that_ended_and_is_not_needed_is_said(images: dict[str, Weighed]) -> None:
    waivers = [Waiver("app", "max-size", "old", date(2029, 1, 1))]
    found = judged(images, "head", None, SIZE("1GB"), waivers=waivers)
    assert found.status is Status.PASSED
    assert found.notes[-1] == "the waiver of max-size ended on 2029-01-01 and is not needed: remove it"


def test_a_missing_baseline_can_be_waived(images: dict[str, Weighed]) -> None:
    waivers = [Waiver("app", "max-growth", "first release", TODAY)]
    found = judged(images, "head", None, GROWTH("0"), missing=Missing.FAIL, waivers=waivers)
    assert found.held[0].outcome is Outcome.WAIVED


# --- what must not be there ---


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (("/root/.cache/**",), ["/root/.cache/pip/x"]),
        (("/root/.cache",), ["/root/.cache/pip/x"]),
        (("**/libcuda.so.*",), ["/usr/lib/libcuda.so.1"]),
        (("libcuda.so.*",), ["/usr/lib/libcuda.so.1"]),
        (("libcuda.so.*", "!/usr/lib/libcuda.so.1"), []),
        (("/etc/*", "*.so.1"), ["/usr/lib/libcuda.so.1", "/etc/passwd"]),
        (("/cache",), []),
        (("/usr/lib/libcuda.so",), []),
    ],
)
def test_forbidden_paths(images: dict[str, Weighed], patterns: tuple[str, ...], found: list[str]) -> None:
    result = judged(images, "places", None, paths=patterns)
    (held,) = result.held
    assert [place.name for place in held.places] == found
    assert held.actual == len(found)
    assert (result.status is Status.FAILED) == bool(found)


def test_what_a_later_layer_deletes_is_waste_and_not_forbidden(tmp_path: Path) -> None:
    image = weighed(archive(tmp_path / "image.tar", "secret 5", ".wh.secret"))
    found = judge(Target("app", Policy(paths=("secret",))), image, None, today=TODAY)
    assert found.status is Status.PASSED


DPKG = b"Package: gcc-12\nStatus: install ok installed\nVersion: 1\n\nPackage: libc6\nStatus: install ok installed\nVersion: 2\n"


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (("dpkg:gcc*",), ["dpkg:gcc-12"]),
        (("gcc-*",), ["dpkg:gcc-12"]),
        (("dpkg:*",), ["dpkg:gcc-12", "dpkg:libc6"]),
        (("pip:gcc*", "rpm:*", "gcc"), []),
    ],
)
def test_forbidden_packages(tmp_path: Path, patterns: tuple[str, ...], found: list[str]) -> None:
    path = tmp_path / "image.tar"
    lists = {f"var/lib/dpkg/info/{name}.list": b"/.\n" for name in ("gcc-12", "libc6")}
    path.write_bytes(files(classic([files({"var/lib/dpkg/status": DPKG, **lists})])))
    result = judge(Target("app", Policy(packages=patterns)), weighed(path), None, today=TODAY)
    assert [place.name for place in result.held[0].places] == found


# --- what grew ---


def test_what_grew(images: dict[str, Weighed]) -> None:
    grown = judged(images, "head", "base", GROWTH("0")).grown
    assert grown
    assert [(change.name, change.growth) for change in grown.paths] == [("/b", 20_000)]
    assert [change.growth for change in grown.layers] == [122_880]


def test_a_baseline_without_layers_tells_of_none(images: dict[str, Weighed]) -> None:
    known = images["base"].measures
    bare = Weighed(replace(known, image=replace(known.image, layers=())))
    grown = judge(Target("app", Policy(budgets=(GROWTH("0"),))), images["head"], bare, today=TODAY).grown
    assert grown
    assert (grown.layers, grown.paths, grown.packages) == ((), (), ())
