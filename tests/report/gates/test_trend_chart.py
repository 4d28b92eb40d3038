from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

from imgtool.gates.trend import Point
from imgtool.images.compare import Measure
from imgtool.report.gates.trend import trend_svg

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"


def point(day: int, name: str, size: int | None, commit: str = "") -> Point:
    return Point(NOON + timedelta(days=day), name, commit, None, size, size, 0)


def drawn(*points: Point) -> ET.Element:
    return ET.fromstring(trend_svg(points))  # noqa: S314 - our own


def lines(root: ET.Element) -> list[list[tuple[float, float]]]:
    found = (line.get("points", "").split() for line in root.iter(f"{SVG}polyline"))
    return [[(float(x), float(y)) for x, _, y in (pair.partition(",") for pair in pairs)] for pairs in found]


def test_a_line_an_image_from_zero_up() -> None:
    root = drawn(point(0, "a", 500), point(1, "a", 1000), point(2, "a", 250), point(1, "b", 0))
    first, second = lines(root)
    assert [x for x, _ in first] == [80, 432, 784]
    # the scale ends at 1,000: half of it is half the height, and nothing is at the foot
    assert [y for _, y in first] == [144, 16, 208]
    assert [y for _, y in second] == [272]
    assert [text.text for text in root.iter(f"{SVG}text")][-2:] == ["a: 250 B", "b: 0 B"]


def test_nothing_to_draw() -> None:
    assert trend_svg([]) == ""
    assert trend_svg([point(0, "a", None)]) == ""
    assert trend_svg([point(0, "a", 5)], Measure.TRANSFER) == ""


def test_one_point_and_no_bytes() -> None:
    assert lines(drawn(point(0, "a", 0))) == [[(432, 272)]]


def test_the_scale_holds_every_size() -> None:
    for size in (1, 9, 10, 11, 99, 101, 999_999_999, 10**18 + 1):
        ((_, y),) = lines(drawn(point(0, "a", size)))[0]
        assert 16 <= y <= 272


def test_many_points_and_images_are_bounded() -> None:
    points = [point(day, f"image-{name}", 1000 + name) for day in range(900) for name in range(12)]
    root = drawn(*points)
    assert len(lines(root)) == 8
    assert all(len(line) <= 400 for line in lines(root))
    # the newest is drawn
    assert lines(root)[0][-1][0] == 784


def test_texts_are_data() -> None:
    said = trend_svg([point(0, "</svg><script>x</script>\x1b", 5, commit='"><b>')])
    assert "<script" not in said
    assert "<b>" not in said
    ET.fromstring(said)  # noqa: S314 - our own


def test_it_needs_no_style_and_no_script() -> None:
    said = trend_svg([point(0, "a", 5)])
    assert "style" not in said
    assert "href" not in said
