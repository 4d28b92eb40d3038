"""What images weigh and why, as text. Pure: values in, a string out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from imgtool.images.contents import Duplicate, Wasted
from imgtool.images.model import Layer
from imgtool.inspect.analysis import Analysis, LayerBlame, Row
from imgtool.report.removal import removals
from imgtool.report.sizes import Subject, instruction, share
from imgtool.report.style import Style, counted, known, printable, size
from imgtool.values import NamedTuple, dataclass

#: Columns of a bar, and eighths of one.
_BAR = 16
_EIGHTHS = " ▏▎▍▌▋▊▉█"
#: Lines of a tree, in front of a folder, of the last one, and of what is below each.
_TREE = ("├─ ", "└─ ", "│  ", "   ")
_PLAIN_TREE = ("|- ", "`- ", "|  ", "   ")
#: Columns of an instruction at least, however narrow the terminal is.
_NARROWEST = 60


@dataclass(frozen=True, slots=True)
class Look:
    """How a report is drawn: its colours, its columns, whether the terminal has more than ASCII, and packages."""

    style: Style
    width: int = 110
    glyphs: bool = True
    top: int = 15


class Line(NamedTuple):
    """A line of a table with a bar: what stands behind it is cut to the columns that are left."""

    size: int
    text: str
    note: str = ""


def text(subjects: Sequence[Subject], look: Look) -> str:
    """Each image with its measures, its layers and, where it was analysed, what the bytes are."""
    return "\n".join("".join(f"{line}\n" for line in _lines(subject, look)) for subject in subjects)


def _lines(subject: Subject, look: Look) -> Iterator[str]:
    image = subject.measures.image
    about = f"({image.source}, {image.platform}, {subject.measures.compression})"
    yield look.style.paint(f"{printable(image.reference)}  {about}", "bold")
    if image.digest or image.config_digest:
        yield look.style.paint(f"  {printable(image.digest or f'config {image.config_digest}')}", "dim")
    yield from _measures(subject, look)
    yield from _layers(subject, look)
    if subject.analysis:
        yield from _analysis(subject.analysis, look)


def _measures(subject: Subject, look: Look) -> Iterator[str]:
    for name, count, meaning in subject.weights:
        exact = "" if count is None else f"{count:,} bytes"
        said = look.style.paint(printable(meaning), "dim")
        yield f"  {name:<10}  {known(count):>10}  {exact:>20}  {said}"


# --- layers ----------------------------------------------------------------------------------------------


def _layers(subject: Subject, look: Look) -> Iterator[str]:
    layers = subject.measures.image.layers
    most = max((_weight(layer) for layer in layers), default=0)
    file = next((one.file for one in subject.layers if one.file), None)
    heads = "".join(f"{name:>10}  " for name in ("unpacked", "content", "waste", "transfer"))
    lines = f"line  layer, lines of {printable(file)}" if file else "layer"
    yield ""
    yield look.style.paint(f"{heads}{'':{_BAR}}  {lines}", "dim")
    for layer, blame in zip(layers, subject.layers, strict=True):
        waste = blame.waste if subject.analysis else None
        figures = [known(layer.unpacked), known(layer.content), _sized(waste), known(layer.transfer)]
        columns = "".join(f"{figure:>10}  " for figure in figures) + _bar(_weight(layer), most, look) + "  "
        columns += f"{_line(blame):>4}  " if file else ""
        room = max(look.width - len(columns), _NARROWEST)
        yield columns + _cut(f"{blame.index + 1}. {instruction(blame)}", room, look)
    yield from _unplaced(subject.layers) if file else ()


def _line(blame: LayerBlame) -> str:
    return "base" if blame.base else str(blame.line or "")


def _unplaced(layers: Sequence[LayerBlame]) -> Iterator[str]:
    """Why layers have no line, each reason once."""
    reasons: dict[str, list[str]] = {}
    for one in layers:
        if one.line is None and one.why:
            reasons.setdefault(one.why, []).append(str(one.index + 1))
    for why, numbers in reasons.items():
        yield f"  no line for layer {', '.join(numbers)}: {printable(why)}"


def _weight(layer: Layer) -> int:
    return layer.unpacked if layer.unpacked is not None else layer.transfer or 0


def _sized(count: int | None) -> str:
    return "" if count is None else size(count)


# --- what the bytes are ----------------------------------------------------------------------------------


def _analysis(analysis: Analysis, look: Look) -> Iterator[str]:
    whole = analysis.contents.measures.flattened or 0
    yield from _waste(analysis, look)
    yield from _titled("folders", _tree(analysis.folders, whole, look), look)
    yield from _titled("files", _table(map(_file, analysis.paths), whole, look), look)
    yield from _titled("packages", _packages(analysis, whole, look), look)
    yield from _titled("kinds", _table(map(_kind, analysis.kinds), whole, look), look)
    yield from _titled(
        f"the same content at several paths: {size(analysis.duplicated)} more than one of each",
        map(_duplicate, analysis.duplicates),
        look,
    )
    yield from _titled("what removes it", _removed(analysis), look)


def _titled(title: str, lines: Iterable[str], look: Look) -> Iterator[str]:
    """A section, where it has lines."""
    found = list(lines)
    if found:
        yield ""
        yield look.style.paint(f"  {title}", "bold")
        yield from found


def _waste(analysis: Analysis, look: Look) -> Iterator[str]:
    ways = ", ".join(
        f"{size(way.size)} {_HOWS[way.name]}{f' ({way.code})' if way.code else ''}"
        for way in analysis.wasted_by
    )
    yield from _titled(f"waste: {ways}", map(_wasted, analysis.wasted), look)


#: How a layer hides a file, for people.
_HOWS = {
    "overwritten": "overwritten",
    "deleted": "deleted",
    "mode": "copied for another mode or owner",
    "same": "copied the same once more",
}


def _wasted(one: Wasted) -> str:
    where = (
        f"layer {one.layer + 1}, by layer {one.by + 1}" if one.by != one.layer else f"layer {one.layer + 1}"
    )
    return f"{size(one.size):>10}  {one.how:<11}  {printable(one.path)}  ({where})"


def _duplicate(one: Duplicate) -> str:
    return f"{size(one.lost):>10}  {len(one.paths)} x {size(one.size)}: {_listed(one.paths)}"


def _listed(paths: Sequence[str]) -> str:
    shown = ", ".join(map(printable, paths[:3]))
    return f"{shown}, … {len(paths) - 3} more" if len(paths) > 3 else shown


def _file(row: Row) -> Line:
    layer = "" if row.layer is None else f"layer {row.layer + 1}"
    kind = row.kind if row.kind and row.kind != "other" else ""
    return Line(row.size, row.name, ", ".join(filter(None, (layer, kind, row.code))))


def _kind(row: Row) -> Line:
    return Line(row.size, f"{row.kind}  ({counted(row.count, 'file')})", row.code or "")


def _packages(analysis: Analysis, whole: int, look: Look) -> Iterator[str]:
    ranked = [one for one in analysis.packages if one.size][: look.top]
    if not ranked:
        return
    lines = [Line(one.size, f"{one.key} {one.version}", counted(one.files, "file")) for one in ranked]
    rest = analysis.packages[len(ranked) :]
    if left := sum(one.size for one in rest):
        lines.append(Line(left, f"({counted(len(rest), 'more package')})"))
    lines.append(
        Line(analysis.unowned.size, "(files of no package)", counted(analysis.unowned.count, "file"))
    )
    yield from _table(lines, whole, look)


def _removed(analysis: Analysis) -> Iterator[str]:
    """What each rule that is named above would save, and how that is done."""
    for removal in removals(analysis):
        yield f"{size(removal.size):>10}  {removal.code} {removal.name}: {removal.how}"


# --- bars and trees --------------------------------------------------------------------------------------


def _table(lines: Iterable[Line], whole: int, look: Look) -> Iterator[str]:
    for line in lines:
        if line.size:
            note = f"  {printable(line.note)}" if line.note else ""
            yield f"{_figures(line.size, whole, look)}  {printable(line.text)}{look.style.paint(note, 'dim')}"


def _figures(count: int, whole: int, look: Look) -> str:
    return f"{size(count):>10}  {share(count, whole):>6}  {_bar(count, whole, look)}"


def _bar(count: int, whole: int, look: Look) -> str:
    """A bar of a fixed number of columns, drawn in eighths of one where the terminal can."""
    eighths = min(8 * _BAR, round(8 * _BAR * count / whole)) if whole else 0
    if not look.glyphs:
        return f"{'#' * (eighths // 8):<{_BAR}}"
    full, part = divmod(eighths, 8)
    return f"{'█' * full + _EIGHTHS[part].strip():<{_BAR}}"


def _tree(folders: Sequence[Row], whole: int, look: Look) -> Iterator[str]:
    """Folders below each other; a folder between two that says nothing of its own is part of a name."""
    sizes = {row.name: row for row in folders}
    below: dict[str, list[str]] = {}
    for path in sizes:
        below.setdefault(_above(path, sizes), []).append(path)
    yield from _branches("", below, sizes, "", whole, look)


def _above(path: str, known_paths: Mapping[str, Row]) -> str:
    while path := path.rpartition("/")[0]:
        if path in known_paths:
            return path
    return ""


def _branches(
    top: str, below: Mapping[str, Sequence[str]], rows: Mapping[str, Row], margin: str, whole: int, look: Look
) -> Iterator[str]:
    branch, last, line, blank = _TREE if look.glyphs else _PLAIN_TREE
    paths = sorted(below.get(top, ()), key=lambda path: (-rows[path].size, path))
    for path in paths:
        ends = path == paths[-1]
        note = look.style.paint(f"  {counted(rows[path].count, 'file')}", "dim")
        name = printable(path.removeprefix(f"{top}/") if top else path)
        yield f"{_figures(rows[path].size, whole, look)}  {margin}{last if ends else branch}{name}{note}"
        yield from _branches(path, below, rows, margin + (blank if ends else line), whole, look)


def _cut(line: str, room: int, look: Look) -> str:
    more = "…" if look.glyphs else "..."
    return line if len(line) <= room else f"{line[: room - len(more)]}{more}"
