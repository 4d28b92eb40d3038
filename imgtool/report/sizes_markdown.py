"""What images weigh and why, for a comment or a job's summary. Pure: values in, a string out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from imgtool.inspect.analysis import Analysis, Row
from imgtool.report.lint.common import link
from imgtool.report.lint.markdown import plain
from imgtool.report.removal import removals
from imgtool.report.sizes import Subject, instruction, place, share
from imgtool.report.style import counted, known, size

_MEASURES = "| measure | | bytes | what |\n|---|---:|---:|---|\n"
_LAYERS = "| layer | unpacked | waste | transfer | instruction | place |\n|---:|---:|---:|---:|---|---|\n"
#: Paths of one duplicate.
_MOST = 15


def markdown(subjects: Sequence[Subject], top: int = 15) -> str:
    """Each image: its measures, and to unfold its layers and, where it was analysed, what the bytes are.

    ``top`` bounds packages; other tables are as long as the analysis has them.
    """
    return "\n".join("".join(_blocks(subject, top)) for subject in subjects)


def _blocks(subject: Subject, top: int) -> Iterator[str]:
    image = subject.measures.image
    about = ", ".join(
        filter(None, (image.source, image.platform, subject.measures.compression, image.digest))
    )
    yield f"### {plain(image.reference)}\n\n{plain(about)}\n\n{_MEASURES}"
    for name, count, meaning in subject.weights:
        exact = "" if count is None else f"{count:,}"
        yield f"| {name} | {known(count)} | {exact} | {plain(meaning)} |\n"
    yield _folded(counted(len(subject.layers), "layer"), _LAYERS, _layers(subject))
    if subject.analysis:
        yield from _analysis(subject.analysis, top)


def _folded(title: str, head: str, rows: Iterable[Sequence[str]]) -> str:
    """A table to unfold; nothing where it has no rows."""
    lines = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    return f"\n<details><summary>{title}</summary>\n\n{head}{lines}\n</details>\n" if lines else ""


def _layers(subject: Subject) -> Iterator[Sequence[str]]:
    for layer, blame in zip(subject.measures.image.layers, subject.layers, strict=True):
        waste = size(blame.waste) if blame.waste else ""
        sizes = known(layer.unpacked), waste, known(layer.transfer)
        yield (str(blame.index + 1), *sizes, plain(instruction(blame)), plain(place(blame)))


def _analysis(analysis: Analysis, top: int) -> Iterator[str]:
    whole = analysis.contents.measures.flattened or 0
    rules = [(size(one.size), link(one.code), one.name, f"`{one.how}`") for one in removals(analysis)]
    yield _folded("What removes it", "| size | rule | | command |\n|---:|---|---|---|\n", rules)
    yield _folded("Kinds", _head("kind"), _rows(analysis.kinds, whole, lambda row: row.kind or row.name))
    yield _folded("Folders", _head("folder"), _rows(analysis.folders, whole, lambda row: row.name))
    yield _folded("Files", _head("path"), _rows(analysis.paths, whole, lambda row: row.name))
    packages = (
        Row(f"{one.key} {one.version}", one.size, one.files) for one in analysis.packages[:top] if one.size
    )
    yield _folded("Packages", _head("package"), _rows(packages, whole, lambda row: row.name))
    yield _folded(
        f"Waste: {', '.join(f'{size(way.size)} {way.name}' for way in analysis.wasted_by)}",
        "| size | how | path | layer | hidden by |\n|---:|---|---|---:|---:|\n",
        (
            (size(one.size), str(one.how), plain(one.path), str(one.layer + 1), str(one.by + 1))
            for one in analysis.wasted
        ),
    )
    yield _folded(
        f"The same content at several paths: {size(analysis.duplicated)}",
        "| lost | paths |\n|---:|---|\n",
        ((size(one.lost), "<br>".join(map(plain, one.paths[:_MOST]))) for one in analysis.duplicates),
    )


def _head(what: str) -> str:
    return f"| size | share | {what} | files | rule |\n|---:|---:|---|---:|---|\n"


def _rows(rows: Iterable[Row], whole: int, name: Callable[[Row], str]) -> Iterator[Sequence[str]]:
    for row in rows:
        code = link(row.code) if row.code else ""
        yield size(row.size), share(row.size, whole), plain(name(row)), f"{row.count:,}", code
