"""What images weighed over time, as a chart. Pure: values in, a string out."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from imgtool.gates.trend import Point
from imgtool.images.compare import Measure
from imgtool.report.style import printable, size
from imgtool.values import NamedTuple

_WIDTH, _HEIGHT = 800, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 16, 16, 28
#: Lines of one chart; more cannot be told apart.
_MOST_LINES = 8
#: Points of one line: more than there are columns show nothing more.
_MOST_POINTS = 400
#: Told apart by those who see colours differently too: https://jfly.uni-koeln.de/color/
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5d5d5d", "#b3a600")


class _Scale(NamedTuple):
    """From seconds and bytes to columns and rows."""

    first: float
    last: float
    top: int

    def x(self, point: Point) -> float:
        span = self.last - self.first
        part = (point.time.timestamp() - self.first) / span if span else 0.5
        return round(_LEFT + part * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(self, count: float) -> float:
        return round(_HEIGHT - _BOTTOM - count / self.top * (_HEIGHT - _TOP - _BOTTOM), 1)


def trend_svg(points: Sequence[Point], measure: Measure = Measure.UNPACKED) -> str:
    """A line an image, from zero up, so that its slope is not larger than life; empty where there are no points.

    Colour comes from attributes alone, text from ``currentColor``: it stands in pages that allow no foreign style.
    """
    known = [point for point in points if getattr(point, measure) is not None]
    if not known:
        return ""
    times = [point.time.timestamp() for point in known]
    scale = _Scale(min(times), max(times), _round_up(max(getattr(point, measure) for point in known)))
    names = sorted({point.name for point in known}, key=lambda name: -_last(known, name, measure))
    parts = [*_axes(scale, known)]
    for name, colour in zip(names[:_MOST_LINES], _COLOURS, strict=False):
        parts += _line([point for point in known if point.name == name], measure, scale, colour)
    title = f"{measure} size of {len(names)} image{'s' * (len(names) > 1)} over time"
    inside = "\n".join((f"<title>{_text(title)}</title>", *parts))
    legend = _HEIGHT + 20 * min(len(names), _MOST_LINES)
    keys = "\n".join(_keys(known, names[:_MOST_LINES], measure))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {_WIDTH} {legend}" '
        f'font-family="sans-serif" font-size="12" fill="currentColor">\n{inside}\n{keys}\n</svg>\n'
    )


def _last(points: Sequence[Point], name: str, measure: Measure) -> int:
    sizes: list[int] = [getattr(point, measure) for point in points if point.name == name]
    return sizes[-1]


def _round_up(count: int) -> int:
    """To a number that an axis can be marked with: 1, 2 or 5 and zeros, in four parts or so."""
    step = 10 ** max(0, len(str(count)) - 1)
    parts: list[int] = [part * step for part in (1, 2, 4, 6, 8, 10)]
    return next(part for part in parts if part >= count)


def _axes(scale: _Scale, points: Sequence[Point]) -> Iterator[str]:
    for part in range(5):
        count = scale.top * part / 4
        y = scale.y(count)
        yield f'<path d="M{_LEFT} {y}H{_WIDTH - _RIGHT}" stroke="currentColor" stroke-opacity="0.2"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{size(int(count))}</text>'
    days = [points[0].time.date().isoformat(), points[-1].time.date().isoformat()]
    y = _HEIGHT - 8
    yield f'<text x="{_LEFT}" y="{y}">{days[0]}</text>'
    if days[0] != days[1]:
        yield f'<text x="{_WIDTH - _RIGHT}" y="{y}" text-anchor="end">{days[1]}</text>'


def _line(points: Sequence[Point], measure: Measure, scale: _Scale, colour: str) -> Iterator[str]:
    # the newest is always among them
    every = -(-len(points) // _MOST_POINTS)
    shown = [*points[::-1][::every]][::-1]
    places = [(scale.x(point), scale.y(getattr(point, measure))) for point in shown]
    drawn = " ".join(f"{x},{y}" for x, y in places)
    yield f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"/>'
    for point, (x, y) in zip(shown, places, strict=True):
        commit = f", {point.commit[:12]}" if point.commit else ""
        said = f"{point.name}: {size(getattr(point, measure))}, {point.time:%Y-%m-%d %H:%M} UTC{commit}"
        yield f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"><title>{_text(said)}</title></circle>'


def _keys(points: Sequence[Point], names: Sequence[str], measure: Measure) -> Iterator[str]:
    for number, (name, colour) in enumerate(zip(names, _COLOURS, strict=False)):
        y = _HEIGHT + 20 * number
        yield f'<rect x="{_LEFT}" y="{y}" width="12" height="12" fill="{colour}"/>'
        said = f"{name}: {size(_last(points, name, measure))}"
        yield f'<text x="{_LEFT + 20}" y="{y + 11}">{_text(said)}</text>'


def _text(text: str) -> str:
    return html.escape(printable(text))
