"""``imgtool size``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from imgtool.cli.images import NOT_MEASURABLE, Platform, measured
from imgtool.cli.output import Format
from imgtool.report import sizes
from imgtool.report.style import style_for


def size(
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...", help="Archives or names in the engine.")],
    output: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TEXT,
    platform: Platform = None,
    *,
    verify: Annotated[
        bool, typer.Option("--verify", help="Hold uncompressed layers against their digests too.")
    ] = False,
) -> None:
    r"""Say what images weigh, layer by layer, in exact bytes.

    All figures are computed from the layers; what an engine says about size is never used.

    \b
      transfer   compressed blobs and configuration: what a pull moves
                 (unknown where the source keeps layers uncompressed)
      unpacked   layer tars: what unpacking writes
      flattened  file content to be seen in the end, hard links once
      waste      file content of all layers that is not to be seen in the end

    An IMAGE is docker-archive:PATH (made by docker save), docker-archive:PATH:NAME (one of several in it),
    docker-daemon:NAME, or any without its kind: a file that exists is an archive, and so is what ends in
    .tar, .tar.gz or .tgz, or cannot be the name of an image.

    \b
    Examples:
      imgtool size app:latest
      docker save app:latest | gzip > app.tar.gz && imgtool size app.tar.gz
      imgtool size both.tar:app:latest
      imgtool size --format json docker-archive:app.tar | jq '.[0].waste'

    Exit code: 0 measured, 2 wrong usage, 3 an image cannot be measured.
    """
    results = [measured(image, platform, verify=verify) for image in images]
    known = [result for result in results if result]
    if output is Format.JSON:
        sys.stdout.write(sizes.as_json(known))
    else:
        sys.stdout.write(sizes.text(known, style_for(sys.stdout)))
    if len(known) < len(results):
        raise typer.Exit(NOT_MEASURABLE)
