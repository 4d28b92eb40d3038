from __future__ import annotations

import pytest
from archives import classic, files, layer, oci

from imgtool.images.archive import StreamStore
from imgtool.images.compare import Change, Measure, changed_layers, changes, compare
from imgtool.images.errors import ImageError
from imgtool.images.manifests import read_image
from imgtool.images.measure import Measures, weigh
from imgtool.values import replace


def measured(content: dict[str, bytes], reference: str = "image.tar") -> Measures:
    store = StreamStore([files(content)])
    return weigh(read_image(store, reference=reference, source="docker-archive", name=None, platform=None))


SMALL, LARGE = measured(oci([layer("a 1000")])), measured(oci([layer("a 1000"), layer("a 50000")]))
PLAIN = measured(classic([layer("a 1000")]), "plain.tar")
ZSTD = replace(LARGE, compression="zstd")
MIXED = replace(LARGE, compression="mixed: gzip, zstd")


def unread(measures: Measures) -> Measures:
    return replace(measures, unpacked=None, flattened=None, waste=None)


# --- (base, head, measure that is asked for, measure that is compared, what is said of it) ---
COMPARABLE = [
    (SMALL, LARGE, Measure.TRANSFER, Measure.TRANSFER, ""),
    (SMALL, LARGE, Measure.UNPACKED, Measure.UNPACKED, ""),
    (SMALL, LARGE, Measure.FLATTENED, Measure.FLATTENED, ""),
    # nothing but transfer depends on compression
    (SMALL, ZSTD, Measure.UNPACKED, Measure.UNPACKED, ""),
    (PLAIN, ZSTD, Measure.FLATTENED, Measure.FLATTENED, ""),
    # what a registry says of layers that were not read
    (unread(SMALL), unread(LARGE), Measure.TRANSFER, Measure.TRANSFER, ""),
    (SMALL, ZSTD, Measure.TRANSFER, Measure.UNPACKED, "the layers of one are gzip, those of the other zstd"),
    (MIXED, MIXED, Measure.TRANSFER, Measure.UNPACKED, "the layers of both are mixed: gzip, zstd"),
]


@pytest.mark.parametrize("base, head, asked, measure, why", COMPARABLE)
def test_one_measure(base: Measures, head: Measures, asked: Measure, measure: Measure, why: str) -> None:
    comparison = compare(base, head, asked)
    assert (comparison.measure, comparison.why) == (measure, why)
    assert (comparison.before, comparison.after) == (getattr(base, measure), getattr(head, measure))
    assert comparison.growth == comparison.after - comparison.before


# --- (base, head, measure, reason) ---
UNLIKE = [
    (SMALL, measured(oci([layer("a")], architecture="arm64")), Measure.UNPACKED, "amd64 and linux/arm64 are two platforms"),
    (PLAIN, LARGE, Measure.TRANSFER, "plain.tar keeps layers uncompressed"),
    (SMALL, unread(LARGE), Measure.UNPACKED, "the layers of image.tar were not read"),
    (unread(SMALL), unread(ZSTD), Measure.TRANSFER, "zstd, and unpacked sizes are not known without the layers"),
]  # fmt: skip


@pytest.mark.parametrize("base, head, measure, reason", UNLIKE)
def test_not_comparable(base: Measures, head: Measures, measure: Measure, reason: str) -> None:
    with pytest.raises(ImageError, match=r"^not comparable: ") as caught:
        compare(base, head, measure)
    assert reason in caught.value.reason


def test_changes_are_ranked_and_equal_ones_left_out() -> None:
    before, after = (
        {"same": 5, "gone": 7, "grown": 1, "shrunk": 9},
        {"same": 5, "new": 3, "grown": 90, "shrunk": 8},
    )
    assert changes(before, after) == [
        Change("grown", 1, 90),
        Change("gone", 7, None),
        Change("new", None, 3),
        Change("shrunk", 9, 8),
    ]
    assert [one.growth for one in changes(before, after)] == [89, -7, 3, -1]


def test_what_is_empty_is_there() -> None:
    assert changes({}, {"empty": 0}) == [Change("empty", None, 0)]


def steps(*made: tuple[str, str]) -> Measures:
    history = [{"created_by": text} for text, _ in made]
    return measured(oci([layer(content) for _, content in made], history=history))


def test_layers_are_known_by_what_they_unpack_to() -> None:
    before = steps(("FROM", "a 10"), ("RUN one", "b 10"), ("RUN two", "c 5000"))
    # one comes between, one is other than it was: what is above it stays the same
    after = steps(("FROM", "a 10"), ("COPY new", "n 30000"), ("RUN one", "b 60000"), ("RUN two", "c 5000"))
    found = changed_layers(before.image.layers, after.image.layers, Measure.UNPACKED)
    assert found == [Change("RUN one", 10_240, 71_680), Change("COPY new", None, 40_960)]
    found = changed_layers(before.image.layers, after.image.layers, Measure.TRANSFER)
    moved = [one.transfer for one in (before.image.layers[1], *after.image.layers[1:3])]
    assert sorted(found) == [Change("COPY new", None, moved[1]), Change("RUN one", moved[0], moved[2])]


def test_an_instruction_that_stands_twice_is_two() -> None:
    before = steps(("RUN make", "a 1"), ("RUN make", "b 1"))
    after = steps(("RUN make", "a 1"), ("RUN make", "b 1"), ("RUN make", "c 1"), ("RUN make", "c 20000"))
    found = changed_layers(before.image.layers, after.image.layers, Measure.UNPACKED)
    assert [(one.name, one.before, one.after) for one in found] == [
        ("RUN make", None, 30_720),
        ("RUN make", None, 10_240),
    ]


def test_a_layer_without_history_is_called_by_its_digest() -> None:
    (found,) = changed_layers((), SMALL.image.layers, Measure.UNPACKED)
    assert found == Change(SMALL.image.layers[0].diff_id, None, 10_240)
