"""``imgtool gate``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated

import typer

from imgtool.cli.images import NOT_MEASURABLE, Platform, measured
from imgtool.cli.output import Format, say
from imgtool.images import budget as budgets
from imgtool.images.budget import Budget
from imgtool.images.compare import Measure, compare
from imgtool.images.errors import ImageError
from imgtool.report import sizes
from imgtool.report.style import style_for


def gate(
    base: Annotated[str, typer.Argument(metavar="BASE", help="The image to compare with.")],
    head: Annotated[str, typer.Argument(metavar="HEAD", help="The image to judge.")],
    max_growth: Annotated[
        list[str] | None,
        typer.Option(
            "--max-growth", metavar="LIMIT", help="Over BASE: 5%, 200MB, 1.5GiB, 0. Several must all hold."
        ),
    ] = None,
    max_size: Annotated[
        list[str] | None, typer.Option("--max-size", metavar="LIMIT", help="Of HEAD itself: 8GB, 7.5GiB.")
    ] = None,
    measure: Annotated[Measure, typer.Option(help="What to compare of both.")] = Measure.UNPACKED,
    output: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TEXT,
    platform: Platform = None,
) -> None:
    r"""Hold an image against a budget of growth over another one.

    BASE and HEAD are named as in imgtool size. Both are compared on one and the same measure. It is
    unpacked unless another is asked for: every source knows it, and it sees what a later layer deletes,
    as flattened does not. MB is 1,000,000 bytes, MiB 1,048,576.

    \b
    Examples:
      imgtool gate app:main app:pr-17 --max-growth 5%
      imgtool gate main.tar pr.tar --max-growth 200MB --max-growth 5% --max-size 8GB
      imgtool gate main.tar pr.tar --max-growth 0 --measure transfer --format json

    Exit code: 0 within every budget, 1 over one, 2 wrong usage, 3 an image cannot be measured, or the two
    cannot be compared (a missing base is never taken for nothing).
    """
    limits = [*_limits(max_growth, budgets.max_growth), *_limits(max_size, budgets.max_size)]
    if not limits:
        raise typer.BadParameter("a gate needs a budget: give --max-growth or --max-size")
    before, after = measured(base, platform), measured(head, platform)
    if before is None or after is None:
        raise typer.Exit(NOT_MEASURABLE)
    try:
        comparison = compare(before, after, measure)
    except ImageError as error:
        say(error.reason)
        raise typer.Exit(NOT_MEASURABLE) from None
    verdicts = [budgets.judge(comparison, limit) for limit in limits]
    if output is Format.JSON:
        sys.stdout.write(sizes.gate_json(comparison, verdicts))
    else:
        sys.stdout.write(sizes.gate_text(comparison, verdicts, style_for(sys.stdout)))
    if not all(verdict.within for verdict in verdicts):
        raise typer.Exit(1)


def _limits(texts: Iterable[str] | None, parse: Callable[[str], Budget]) -> Iterator[Budget]:
    try:
        yield from map(parse, texts or ())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
