"""What changed from one image to another, as text, JSON and Markdown. Pure: values in, a string out."""

from __future__ import annotations

import json
import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from imgtool.images.compare import Change, Comparison, Measure, changed_layers, changes
from imgtool.images.tar import FILE
from imgtool.inspect.analysis import SAME_FOLDER, Analysis, folder_of, lineage
from imgtool.report.lint.markdown import plain
from imgtool.report.sizes import Subject, row, step, valid
from imgtool.report.style import Style, counted, growth, known, printable, signed, size
from imgtool.values import NamedTuple

_MEASURES = ("transfer", "unpacked", "flattened", "waste")
_HEAD = "| growth | first | second | what |\n|---:|---:|---:|---|\n"


class Part(NamedTuple):
    """What images are made of, and what of it changed: bytes of ``measure``, most first.

    ``nested``: the changes are of things that hold each other, so that their sums say nothing.
    """

    title: str
    noun: str
    measure: Measure
    changes: Sequence[Change]
    nested: bool = False


def parts(base: Subject, head: Subject, measure: Measure = Measure.UNPACKED) -> Iterator[Part]:
    """What changed, by layer and, of what was analysed, by kind, package, folder and path.

    Layers are on transfer bytes if that is ``measure``, else on unpacked ones; the rest on flattened.
    """
    by_layer = Measure.TRANSFER if measure is Measure.TRANSFER else Measure.UNPACKED
    layers = changed_layers(base.measures.image.layers, head.measures.image.layers, by_layer)
    yield Part("Layers", "instruction", by_layer, [one._replace(name=step(one.name)) for one in layers])
    if base.analysis is None or head.analysis is None:
        return
    both = base.analysis, head.analysis
    for title, noun, sizes in _SIZES:
        found = changes(sizes(both[0]), sizes(both[1]))
        nested = sizes is _folders
        yield Part(title, noun, Measure.FLATTENED, _telling(found) if nested else found, nested)


def _kinds(analysis: Analysis) -> Mapping[str, int]:
    # several kinds in the data have one title
    sizes: Counter[str] = Counter()
    for one in analysis.kinds:
        sizes[one.kind or one.name] += one.size
    return sizes


def _packages(analysis: Analysis) -> Mapping[str, int]:
    # one distribution can be installed in several places
    sizes: Counter[str] = Counter()
    for one in analysis.packages:
        sizes[one.key] += one.size
    return sizes


def _paths(analysis: Analysis) -> Mapping[str, int]:
    return {seen.path: seen.size for seen in analysis.contents.files() if seen.kind == FILE}


def _folders(analysis: Analysis) -> Mapping[str, int]:
    """What each folder weighs with all below it."""
    own: Counter[str] = Counter()
    for path, count in _paths(analysis).items():
        own[folder_of(path)] += count
    sizes: Counter[str] = Counter()
    for folder, count in own.items():
        for above in lineage(folder):
            sizes[above] += count
    return sizes


def _telling(found: Sequence[Change]) -> list[Change]:
    """The folders that say more than one other in them does: not those in which that one grew, or shrank, nearly alone."""
    below: dict[str, list[int]] = {}
    for one in found:
        below.setdefault(posixpath.dirname(one.name), []).append(one.growth)
    return [
        one
        for one in found
        if one.name != "/" and not any(_nearly(one.growth, growth) for growth in below.get(one.name, ()))
    ]


def _nearly(whole: int, part: int) -> bool:
    return abs(whole - part) * 100 <= abs(whole) * (100 - SAME_FOLDER)


_SIZES: tuple[tuple[str, str, Callable[[Analysis], Mapping[str, int]]], ...] = (
    ("Kinds", "kind", _kinds),
    ("Packages", "package", _packages),
    ("Folders", "folder", _folders),
    ("Paths", "path", _paths),
)


def different(comparison: Comparison, found: Iterable[Part]) -> bool:
    """Whether anything has another size; a layer that was built anew may have the same one."""
    return comparison.growth != 0 or any(one.before != one.after for part in found for one in part.changes)


# --- text ------------------------------------------------------------------------------------------------


def text(comparison: Comparison, found: Sequence[Part], style: Style, top: int) -> str:
    """Both images on all measures, then ``top`` changes of each part."""
    return "".join(f"{line}\n" for line in _lines(comparison, found, style, top))


def _lines(comparison: Comparison, found: Sequence[Part], style: Style, top: int) -> Iterator[str]:
    for word, measures in (("first", comparison.base), ("second", comparison.head)):
        image = measures.image
        about = f"({image.source}, {image.platform}, {measures.compression})"
        yield f"{word:<7} {printable(image.reference)}  {about}"
    yield style.paint(f"  {'':<10}  {'first':>10}  {'second':>10}  growth", "dim")
    for name, before, after in _weights(comparison):
        line = f"  {name:<10}  {known(before):>10}  {known(after):>10}  {growth(before, after)}"
        yield style.paint(line, "bold") + "  <- compared" if name == comparison.measure else line
    if comparison.why:
        yield f"  compared {comparison.measure}: {comparison.why}"
    for part in found:
        if part.changes:
            yield ""
            yield f"  {style.paint(part.title.lower(), 'bold')} ({part.measure}): {_tally(part)}"
            yield from (_line(one, style) for one in part.changes[:top])
            if len(part.changes) > top:
                yield style.paint(f"  … {len(part.changes) - top:,} more", "dim")


def _weights(comparison: Comparison) -> Iterator[tuple[str, int | None, int | None]]:
    for name in _MEASURES:
        yield name, getattr(comparison.base, name), getattr(comparison.head, name)


def _line(one: Change, style: Style) -> str:
    moved = f"{signed(one.growth):>11}"
    moved = style.paint(moved, "red" if one.growth > 0 else "green") if one.growth else moved
    return f"{moved}  {_there(one.before):>10}  {_there(one.after):>10}  {printable(one.name)}"


def _there(count: int | None) -> str:
    return "-" if count is None else size(count)


def _tally(part: Part) -> str:
    """``2 added (+3.0 MB), 1 removed (-1.0 MB)``."""
    ways: dict[str, list[int]] = {}
    for one in part.changes:
        ways.setdefault(_way(one), []).append(one.growth)
    return ", ".join(
        f"{len(each):,} {way}" + ("" if part.nested else f" ({signed(sum(each))})")
        for way, each in sorted(ways.items())
    )


def _way(one: Change) -> str:
    if one.before is None or one.after is None:
        return "added" if one.before is None else "removed"
    if one.growth == 0:
        return "of the same size"
    return "grown" if one.growth > 0 else "shrunk"


# --- Markdown and JSON -----------------------------------------------------------------------------------


def markdown(comparison: Comparison, found: Sequence[Part], top: int) -> str:
    """A table of measures, and one to unfold for each part."""
    return "".join(_blocks(comparison, found, top))


def _blocks(comparison: Comparison, found: Sequence[Part], top: int) -> Iterator[str]:
    base, head = (plain(one.image.reference) for one in (comparison.base, comparison.head))
    yield f"### {base} → {head}: {comparison.measure} {growth(comparison.before, comparison.after)}\n\n"
    if comparison.why:
        yield f"Compared {comparison.measure}: {plain(comparison.why)}\n\n"
    yield "| measure | first | second | growth |\n|---|---:|---:|---|\n"
    for name, before, after in _weights(comparison):
        yield f"| {name} | {known(before)} | {known(after)} | {growth(before, after)} |\n"
    for part in found:
        if part.changes:
            more = len(part.changes) - top
            rest = f"\n{counted(more, 'more change')}\n" if more > 0 else ""
            rows = "".join(f"| {' | '.join(_cells(one))} |\n" for one in part.changes[:top])
            title = f"{part.title} ({part.measure}): {_tally(part)}"
            yield f"\n<details><summary>{title}</summary>\n\n{_HEAD}{rows}{rest}\n</details>\n"


def _cells(one: Change) -> tuple[str, ...]:
    return signed(one.growth), _there(one.before), _there(one.after), plain(one.name)


def as_json(comparison: Comparison, found: Sequence[Part], top: int) -> str:
    """The comparison, sizes in bytes, null where one image does not have a part; ``growth_percent`` null over nothing."""
    before = comparison.before
    document = {
        "measure": str(comparison.measure),
        "why": comparison.why,
        "before": before,
        "after": comparison.after,
        "growth": comparison.growth,
        "growth_percent": round(100 * comparison.growth / before, 3) if before else None,
        "base": row(comparison.base),
        "head": row(comparison.head),
        **{part.title.lower(): _part(part, top) for part in found},
    }
    return json.dumps(document, indent=2) + "\n"


def _part(part: Part, top: int) -> dict[str, object]:
    listed = [{**one._asdict(), "name": valid(one.name), "growth": one.growth} for one in part.changes[:top]]
    return {"measure": str(part.measure), "changed": len(part.changes), "changes": listed}
