"""``imgtool compare``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

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
)
from imgtool.cli.output import ImageFormat, say
from imgtool.images.compare import Measure
from imgtool.images.compare import compare as compared
from imgtool.images.errors import ImageError
from imgtool.report import compared as report
from imgtool.report.style import style_for

DIFFERENT = 1


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="An image, named as in imgtool size.")],
    second: Annotated[str, typer.Argument(metavar="B", help="What became of it.")],
    measure: Annotated[Measure, typer.Option(help="What to compare of both.")] = Measure.UNPACKED,
    output: Annotated[ImageFormat, typer.Option("--format", help="How to print it.")] = ImageFormat.TEXT,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Draw it too, as one page.")
    ] = None,
    top: Top = 12,
    platform: Platform = None,
    *,
    verify: Verify = False,
    plain_http: PlainHttp = False,
    cache: Cached = True,
) -> None:
    r"""Say what was added, removed and grown from one image to another: by layer, kind, package, folder and path.

    Both are compared on one and the same measure. Where that is transfer and their layers are compressed in
    different ways, it is unpacked, and that is said. Layers are compared on unpacked bytes (or transfer), the
    rest on what is to be seen in the end; a layer that both have is none, wherever it stands, and a folder
    counts with all below it.

    \b
    Examples:
      imgtool compare app:main app:pr-17
      imgtool compare main.tar pr.tar --html changed.html
      imgtool compare registry:host/app:1 registry:host/app:2 --measure transfer --top 0
      imgtool compare main.tar pr.tar --format json | jq '.packages.changes[0]'

    Exit code: 0 nothing has another size, 1 something has, 2 wrong usage, 3 an image cannot be measured, or the
    two cannot be compared.
    """
    layers = measure is not Measure.TRANSFER or top > 0 or html is not None
    known = access(plain_http=plain_http, cache=cache)
    wanted = Wanted(platform, verify, top or int(html is not None), access=known, layers=layers)
    base, head = looked_at(first, wanted), looked_at(second, wanted)
    if base is None or head is None:
        raise typer.Exit(NOT_MEASURABLE)
    try:
        comparison = compared(base.measures, head.measures, measure)
    except ImageError as error:
        say(error.reason)
        raise typer.Exit(NOT_MEASURABLE) from None
    found = list(report.parts(base, head, comparison.measure))
    if comparison.why:
        say(f"compared {comparison.measure}: {comparison.why}")
    match output:
        case ImageFormat.JSON:
            text = report.as_json(comparison, found, top)
        case ImageFormat.MARKDOWN:
            text = report.markdown(comparison, found, top)
        case ImageFormat.TEXT:
            text = report.text(comparison, found, style_for(sys.stdout), top)
    sys.stdout.write(text)
    if html:
        draw(html, [base, head])
    if report.different(comparison, found):
        raise typer.Exit(DIFFERENT)
