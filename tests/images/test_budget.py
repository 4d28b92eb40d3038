from __future__ import annotations

from fractions import Fraction

import pytest
from archives import classic, files, layer, oci

from imgtool.images import budget
from imgtool.images.archive import StreamStore
from imgtool.images.compare import Measure, compare
from imgtool.images.errors import ImageError
from imgtool.images.manifests import read_image
from imgtool.images.measure import Measures, weigh


def measured(content: dict[str, bytes], reference: str = "image.tar") -> Measures:
    store = StreamStore([files(content)])
    return weigh(read_image(store, reference=reference, source="docker-archive", name=None, platform=None))


SMALL, LARGE = measured(oci([layer("a 1000")])), measured(oci([layer("a 1000"), layer("a 50000")]))
PLAIN = measured(classic([layer("a 1000")]), "plain.tar")
ARM = measured(oci([layer("a 1000")], architecture="arm64"))


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("0B", 0),
        ("1B", 1),
        ("200MB", 200_000_000),
        ("200 MB", 200_000_000),
        ("200mb", 200_000_000),
        (" 5kB ", 5_000),
        ("1.5GB", 1_500_000_000),
        ("0.1GB", 100_000_000),
        ("2TB", 2 * 10**12),
        ("1KiB", 1024),
        ("200MiB", 200 << 20),
        ("1.5GiB", 3 << 29),
        ("1.0000000001kB", None),
        ("5", None),
        ("MB", None),
        ("-5MB", None),
        ("5M", None),
        ("5PB", None),
        ("1e3MB", None),
        ("1/2MB", None),
        ("1_000MB", None),
        ("\u0665MB", None),
        ("", None),
        ("9" * 1000 + "MB", None),
    ],
)
def test_sizes(text: str, size: int | None) -> None:
    if size is None:
        for parse, units in ((budget.max_size, "B, kB"), (budget.max_growth, "%, B, kB")):
            with pytest.raises(ValueError, match=f"is no size: write a number with {units}"):
                parse(text)
    else:
        assert budget.max_size(text) == budget.Budget("max-size", text, size=size)
        assert budget.max_growth(text) == budget.Budget("max-growth", text, size=size)


def test_shares() -> None:
    assert budget.max_growth("0.5%").share == Fraction(5, 1000)
    assert budget.max_waste("2%").share == Fraction(2, 100)
    with pytest.raises(ValueError, match="'5%' is a share, and not a size: write a number with B, kB"):
        budget.max_size("5%")


@pytest.mark.parametrize(
    ("text", "whole", "allowed"),
    [
        ("5%", 1000, 50),
        ("5%", 1010, 50),
        ("0.1%", 10**18, 10**15),
        ("0%", 1000, 0),
        ("0", 1000, 0),
        ("100%", 0, 0),
        ("1kB", 0, 1000),
        ("1KiB", 10**6, 1024),
    ],
)
def test_what_is_allowed(text: str, whole: int, allowed: int) -> None:
    assert budget.max_growth(text).allowed(whole) == allowed
    assert budget.max_waste(text).allowed(whole) == allowed


def test_layers() -> None:
    assert budget.max_layers(40) == budget.Budget("max-layers", "40", size=40)
    for number in (0, -1):
        with pytest.raises(ValueError, match="is no number of layers"):
            budget.max_layers(number)


@pytest.mark.parametrize("measure", Measure)
def test_one_measure_of_both(measure: Measure) -> None:
    comparison = compare(SMALL, LARGE, measure)
    assert (comparison.before, comparison.after) == (getattr(SMALL, measure), getattr(LARGE, measure))
    assert comparison.growth == comparison.after - comparison.before > 0


@pytest.mark.parametrize(
    ("base", "head", "measure", "reason"),
    [
        (SMALL, ARM, Measure.UNPACKED, "not comparable: linux/amd64 and linux/arm64 are two platforms"),
        (PLAIN, SMALL, Measure.TRANSFER, "not comparable: plain.tar keeps layers uncompressed"),
        (SMALL, PLAIN, Measure.TRANSFER, "not comparable: plain.tar keeps layers uncompressed"),
    ],
)
def test_not_comparable(base: Measures, head: Measures, measure: Measure, reason: str) -> None:
    with pytest.raises(ImageError) as caught:
        compare(base, head, measure)
    assert caught.value.reason.startswith(reason)


def test_unlike_sources_compare_on_what_both_know() -> None:
    assert compare(PLAIN, SMALL, Measure.UNPACKED).growth == 0
    assert compare(PLAIN, SMALL, Measure.FLATTENED).growth == 0
