"""``imgtool size``."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgtool.cli.basics import STDIN, UNREADABLE
from imgtool.cli.images import (
    NOT_MEASURABLE,
    Cached,
    PlainHttp,
    Platform,
    Top,
    Verify,
    Wanted,
    access,
    draw,
    looked_at,
    shown,
)
from imgtool.cli.inputs import BuildArgs, Context, build_args, read
from imgtool.cli.output import ImageFormat, say
from imgtool.images.measure import marginal, measure
from imgtool.report import sizes
from imgtool.report.sizes import Subject
from imgtool.report.style import style_for
from imgtool.values import replace

if TYPE_CHECKING:
    from imgtool.facts.facts import Facts


class Only(StrEnum):
    """What can be weighed without the layers."""

    TRANSFER = "transfer"


def size(
    images: Annotated[
        list[str],
        typer.Argument(metavar="IMAGE...", help="Archives, layouts, names in an engine or a registry."),
    ],
    output: Annotated[ImageFormat, typer.Option("--format", help="How to print it.")] = ImageFormat.TEXT,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Draw it too: one page; of two images what changed."),
    ] = None,
    trend: Annotated[
        Path | None,
        typer.Option("--trend", metavar="FILE", help="Draw what imgtool gate --trend wrote there, too."),
    ] = None,
    dockerfile: Annotated[
        str | None,
        typer.Option("--dockerfile", metavar="FILE", help="What the image was built from: tells the lines."),
    ] = None,
    context: Context = None,
    build_arg: BuildArgs = None,
    stage: Annotated[
        str | None, typer.Option("--stage", metavar="NAME", help="The stage that was built; else the last.")
    ] = None,
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="IMAGE", help="Weigh what each image adds to this one, too."),
    ] = None,
    top: Top = 12,
    platform: Platform = None,
    *,
    only: Annotated[
        Only | None,
        typer.Option("--measure", help="Weigh this alone; of images in a registry no layer is fetched then."),
    ] = None,
    verify: Verify = False,
    plain_http: PlainHttp = False,
    cache: Cached = True,
) -> None:
    r"""Say what images weigh and why: by layer, folder, file, package and kind, in exact bytes.

    All figures are computed from the layers; what an engine says about size is never used.

    \b
      transfer   compressed blobs and configuration: what a pull moves
                 (unknown where the source keeps layers uncompressed)
      unpacked   layer tars: what unpacking writes
      flattened  file content to be seen in the end, hard links once
      waste      file content of all layers that is not to be seen in the end
      marginal   with --base: unpacked bytes of the layers that the base does not have

    An IMAGE is docker-archive:PATH (made by docker save), docker-archive:PATH:NAME (one of several in it),
    docker-daemon:NAME, oci:FOLDER, oci-archive:PATH, registry:HOST/NAME, or any without its kind: a file
    that exists is an archive, and so is what ends in .tar, .tar.gz, .tar.zst or .tgz, or cannot be the name
    of an image.

    \b
    Examples:
      imgtool size app:latest --dockerfile Dockerfile
      docker save app:latest | gzip > app.tar.gz && imgtool size app.tar.gz --html app.html
      imgtool size both.tar:app:latest --base debian:bookworm --format markdown
      imgtool size --format json docker-archive:app.tar | jq '.[0].waste'
      imgtool size registry:ghcr.io/me/app:1 --measure transfer

    Exit code: 0 measured, 2 wrong usage, 3 an image cannot be measured, or --measure asks for what is not known of it.
    """
    if html and len(images) > 2:
        raise typer.BadParameter("a page shows one image, or two")
    if trend and not html:
        raise typer.BadParameter("a trend is drawn into a page: give --html too")
    if html and only:
        raise typer.BadParameter("a page shows what is in layers: no --measure transfer")
    chart = _chart(trend) if trend else ""
    facts = _facts(dockerfile, stage, context, build_args(build_arg)) if dockerfile else None
    wanted = Wanted(
        platform,
        verify,
        top or int(html is not None),
        facts,
        None if dockerfile in (None, STDIN) else dockerfile,
        access(plain_http=plain_http, cache=cache),
        only is None,
    )
    below = _diff_ids(base, wanted) if base else ()
    results = [looked_at(image, wanted) for image in images]
    known = [_over(result, base, below) for result in results if result]
    sys.stdout.write(_told(known, output, top))
    if len(known) < len(results) or (only and not _all_transfer(known)):
        raise typer.Exit(NOT_MEASURABLE)
    if html:
        draw(html, known, chart)


def _all_transfer(subjects: Sequence[Subject]) -> bool:
    """Whether the one measure that was asked for is known of all; of which it is not is said."""
    unknown = [one.measures.image.reference for one in subjects if one.measures.transfer is None]
    for reference in unknown:
        say(f"{reference} has no transfer size: {sizes.UNCOMPRESSED}")
    return not unknown


def _chart(path: Path) -> str:
    from imgtool.gates.trend import read as points
    from imgtool.report.gates.trend import trend_svg

    try:
        return trend_svg(points(path))
    except OSError as error:
        say(f"{path} cannot be read: {error.strerror}")
        raise typer.Exit(UNREADABLE) from None


def _told(subjects: Sequence[Subject], output: ImageFormat, top: int) -> str:
    match output:
        case ImageFormat.JSON:
            return sizes.as_json(subjects)
        case ImageFormat.MARKDOWN:
            from imgtool.report.sizes_markdown import markdown

            return markdown(subjects, top)
        case ImageFormat.TEXT:
            from imgtool.report.sizes_text import Look, text

            columns = shutil.get_terminal_size((120, 24)).columns
            return text(subjects, Look(style_for(sys.stdout), columns, _has_glyphs(sys.stdout.encoding), top))


def _has_glyphs(encoding: str) -> bool:
    """Whether a terminal's encoding has bars and the lines of trees."""
    try:
        "█├…".encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _facts(path: str, stage: str | None, context: Path | None, args: Mapping[str, str]) -> Facts:
    from imgtool.facts.facts import FactOptions, Facts
    from imgtool.syntax import parse

    options = FactOptions(args, stage, None if path == STDIN else Path(path), context)
    facts = Facts(parse(read(path)), options)
    if facts.target is None:
        say(f"{path} has no stage {stage or ''}".rstrip())
        raise typer.Exit(UNREADABLE)
    return facts


def _diff_ids(base: str, wanted: Wanted) -> tuple[str, ...]:
    found = shown(
        base,
        lambda show: measure(
            base, platform=wanted.platform, progress=show, layers=False, access=wanted.access
        ),
    )
    if found is None:
        raise typer.Exit(NOT_MEASURABLE)
    return tuple(layer.diff_id for layer in found.image.layers)


def _over(subject: Subject, base: str | None, below: tuple[str, ...]) -> Subject:
    return replace(subject, base=base, marginal=marginal(subject.measures.image, below)) if base else subject
