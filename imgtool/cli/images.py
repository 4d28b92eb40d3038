"""What commands about images share: reading them, with the guess said and long work shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from imgtool.cli.output import say
from imgtool.cli.progress import Counter, line
from imgtool.config import ConfigError
from imgtool.edits import write_atomic
from imgtool.images import measure as measures
from imgtool.images import reference as references
from imgtool.images.daemon import refuse_unpacked
from imgtool.images.errors import ImageError
from imgtool.images.reading import NO_CACHE, Access, Progress
from imgtool.inspect.blame import blame
from imgtool.report.sizes import Subject
from imgtool.values import dataclass

if TYPE_CHECKING:
    from imgtool.facts.facts import Facts

NOT_MEASURABLE = 3

T = TypeVar("T")

Platform = Annotated[
    str | None,
    typer.Option(
        "--platform",
        metavar="OS/ARCH",
        help="Which platform of several, as linux/arm64; without it the only one, or this machine's.",
    ),
]
Verify = Annotated[bool, typer.Option("--verify", help="Hold uncompressed layers against their digests too.")]
PlainHttp = Annotated[
    bool, typer.Option("--plain-http", help="Ask registries elsewhere without encryption, too.")
]
Cached = Annotated[
    bool, typer.Option("--cache/--no-cache", help="Keep what layers hold, and fetch or unpack none twice.")
]
Top = Annotated[
    int,
    typer.Option(
        "--top", metavar="N", help="Lines of each table; 0: only measures and layers.", min=0, max=10_000
    ),
]


@dataclass(frozen=True, slots=True)
class Wanted:
    """How images are read, and what is to be known of them.

    ``top`` bounds the tables of an analysis, and is 0 for none. ``facts`` are of the Dockerfile ``file`` that they
    may be built from. ``layers``: without them only what manifests state is read.
    """

    platform: str | None = None
    verify: bool = False
    top: int = 0
    facts: Facts | None = None
    file: str | None = None
    access: Access = NO_CACHE
    layers: bool = True


def access(*, plain_http: bool, cache: bool) -> Access:
    """How images are reached: what is kept of them lies where findings lie.

    Raises:
        typer.BadParameter: other files are there.
    """
    from imgtool.images.cache import LayerCache
    from imgtool.lint.cache import folder, unusable

    try:
        place = folder(None) if cache else None
    except ConfigError as error:
        raise typer.BadParameter(str(error)) from None
    if place and (problem := unusable(place)):
        say(problem)
    return Access(plain_http, LayerCache(place) if place else None)


def looked_at(reference: str, wanted: Wanted) -> Subject | None:
    """Weigh one image and say what it is made of; None where it cannot be, the reason said on standard error.

    Raises:
        typer.BadParameter: the reference or the platform is none.
    """
    return shown(reference, lambda progress: _subject(reference, wanted, progress))


def _subject(reference: str, wanted: Wanted, progress: Progress | None) -> Subject:
    parsed = references.parse(reference)
    if not wanted.layers and parsed.source == references.DAEMON:
        refuse_unpacked(parsed.place, guessed=parsed.guessed)
    if not wanted.top or not wanted.layers:
        found = measures.measure(
            reference,
            platform=wanted.platform,
            verify=wanted.verify,
            progress=progress,
            layers=wanted.layers,
            access=wanted.access,
        )
        return Subject(found, blame(found.image, wanted.facts, file=wanted.file))
    from imgtool.images.contents import read_contents
    from imgtool.inspect.analysis import KEEP, analyse

    contents = read_contents(
        reference,
        platform=wanted.platform,
        verify=wanted.verify,
        progress=progress,
        keep=KEEP,
        access=wanted.access,
    )
    analysis = analyse(contents, wanted.facts, file=wanted.file, top=wanted.top)
    return Subject(contents.measures, analysis.layers, analysis)


def shown(reference: str, work: Callable[[Progress | None], T]) -> T | None:
    """Do what reads an image, with what is read shown; None where it cannot be, the reason said.

    Raises:
        typer.BadParameter: the reference or the platform is none.
    """
    try:
        parsed = references.parse(reference)
        if parsed.guessed:
            say(f"reading {reference} as {parsed.source}:{reference}")
        with line() as show:
            return work(Counter(reference, show))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    except ImageError as error:
        say(f"{reference} cannot be measured: {error.reason}")
        return None


def draw(path: Path, subjects: Sequence[Subject], chart: str = "") -> None:
    """Write a page of one image, or of two and what changed; ``chart`` is SVG of our making."""
    from imgtool.report.page import page

    write_atomic(path, page(subjects, chart).encode())
    say(f"{path} is written")
