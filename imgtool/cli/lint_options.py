"""Options of ``imgtool lint`` about what is written where."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imgtool.cli.lint_call import LintFormat

FormatOption = Annotated[LintFormat, typer.Option("--format", help="How to write findings.")]
OutputFile = Annotated[
    Path | None,
    typer.Option(
        "--output-file", "-o", metavar="FILE", help="Write them there, and print them as text all the same."
    ),
]
Statistics = Annotated[
    bool,
    typer.Option("--statistics", help="Instead of findings: how many each rule has, and what they cost."),
]
BaselineOption = Annotated[
    Path | None,
    typer.Option("--baseline", metavar="FILE", help="Leave out the findings that this file lists."),
]
UpdateBaseline = Annotated[
    bool,
    typer.Option("--update-baseline", help="Write it: all findings of now, and none that is gone."),
]
ImageOption = Annotated[
    list[str] | None,
    typer.Option("--image", metavar="IMAGE", help="Look into a built image instead; repeat for several."),
]
DockerfileOption = Annotated[
    Path | None,
    typer.Option(
        "--dockerfile",
        metavar="FILE",
        help="With --image: the Dockerfile of it, whose lines are named.",
        exists=True,
        dir_okay=False,
    ),
]
PlatformOption = Annotated[
    str | None,
    typer.Option("--platform", metavar="OS/ARCH", help="With --image: which platform of several."),
]
PlainHttpOption = Annotated[
    bool,
    typer.Option("--plain-http", help="With --image: ask registries elsewhere without encryption, too."),
]
