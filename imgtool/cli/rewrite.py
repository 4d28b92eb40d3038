"""``imgtool rewrite``."""

from __future__ import annotations

import enum
import sys
from pathlib import Path
from typing import Annotated

import typer

from imgtool.cli.basics import STDIN, UNREADABLE
from imgtool.cli.inputs import BuildArgs, build_args, read
from imgtool.cli.output import Format, say
from imgtool.edits import write_atomic
from imgtool.facts.given import FactOptions
from imgtool.report import rewrites as report
from imgtool.report.diff import hides
from imgtool.report.style import printable, style_for
from imgtool.rewrite import Rewrite
from imgtool.rewrite import rewrite as convert
from imgtool.rewrite.choices import Assumption, Choices, Part, Strategy
from imgtool.rewrite.plan import Status
from imgtool.syntax.source import decode

CHANGED = 1


class Target(enum.StrEnum):
    """The accelerator that the rewritten file is for."""

    CUDA = "cuda"
    CANN = "cann"


def rewrite(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH…", help="Dockerfiles, or - for standard input.")
    ],
    *,
    target: Annotated[
        Target | None,
        typer.Option("--target", help="The accelerator; else the one the base image is made for."),
    ] = None,
    diff: Annotated[bool, typer.Option("--diff", help="Show what would change; write nothing.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 where something would change.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the rewrite there.")
    ] = None,
    in_place: Annotated[bool, typer.Option("--in-place", help="Write the rewrite over the file.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say where each command went, and why.")] = False,
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TEXT,
    stage: Annotated[
        str | None, typer.Option("--stage", metavar="NAME", help="The stage that ships; else the last.")
    ] = None,
    context: Annotated[
        Path | None, typer.Option("--context", metavar="DIR", help="The build context.")
    ] = None,
    build_arg: BuildArgs = None,
    strategy: Annotated[
        Strategy, typer.Option("--strategy", help="How what is built gets into the image that ships.")
    ] = Strategy.AUTO,
    runtime_base: Annotated[
        str | None,
        typer.Option("--runtime-base", metavar="IMAGE", help="What the image that ships stands on."),
    ] = None,
    assume: Annotated[
        list[Assumption] | None, typer.Option("--assume", help="What you know and the file does not show.")
    ] = None,
    only: Annotated[
        str | None,
        typer.Option("--only", metavar="STEP[,STEP]", help="These steps alone: split, merge-runs, …"),
    ] = None,
) -> None:
    r"""Split a Dockerfile that ships its toolchain into a builder and a runtime stage.

    Wheels are made where the compilers are and installed where they are not; what is not proven build-only is
    replayed in the final stage; only named rules drop anything. A file that cannot be split with certainty is
    refused with a reason code and left as it is: that is a result, not an error. Runs nothing, asks no network.

    \b
    Examples:
      imgtool rewrite Dockerfile --target cuda              print the rewritten file
      imgtool rewrite Dockerfile --diff --explain           what changes, and why
      imgtool rewrite Dockerfile --output Dockerfile.cuda   write it beside the original
      imgtool rewrite --check docker/*/Dockerfile           in CI: is anything left to split?

    Exit code: 0 done, unchanged or refused (the file itself is then printed, the reason goes to standard error);
    1 with --check: something would change; with --output: refused, and nothing was written; 2 wrong usage, no such
    stage or unreadable input.
    """
    _refuse_usage(paths, output=output, in_place=in_place, diff=diff, check=check)
    args = build_args(build_arg)
    choices = Choices(strategy, runtime_base, frozenset(assume or ()), _parts(only))
    made = [(path, _one(path, target, stage, context, args, choices)) for path in paths]
    if form is Format.JSON:
        sys.stdout.write(report.as_json(made))
    else:
        _print(made, diff=diff, explain=explain, quiet=check or output is not None or in_place)
    raise typer.Exit(_write(made, output, in_place=in_place) or _checked(made, check=check))


def _refuse_usage(paths: list[str], *, output: Path | None, in_place: bool, diff: bool, check: bool) -> None:
    if output and (in_place or len(paths) > 1):
        raise typer.BadParameter("--output takes one PATH, and not --in-place")
    if in_place and STDIN in paths:
        raise typer.BadParameter("--in-place needs a file, not standard input")
    if (diff or check) and (output or in_place):
        raise typer.BadParameter(
            "--diff and --check write nothing, so neither goes with --output or --in-place"
        )


def _parts(only: str | None) -> frozenset[Part]:
    try:
        return frozenset(Part(name.strip()) for name in (only or "").split(",") if name.strip())
    except ValueError as error:
        steps = ", ".join(Part)
        raise typer.BadParameter(f"--only: {error}; there are {steps}") from None


def _one(
    path: str,
    target: Target | None,
    stage: str | None,
    context: Path | None,
    args: dict[str, str],
    choices: Choices,
) -> Rewrite:
    options = FactOptions(args, stage, None if path == STDIN else Path(path), context)
    return convert(read(path), str(target) if target else None, options, choices)


def _print(made: list[tuple[str, Rewrite]], *, diff: bool, explain: bool, quiet: bool) -> None:
    for path, one in made:
        if diff:
            sys.stdout.write(report.diff(path, one))
            if hides(one.source.data, one.data):
                say(f"{path} holds a secret, which its diff hides: it does not apply")
        elif not quiet and not explain:
            _show(one)
        if explain:
            sys.stdout.write(report.explain(path, one, style_for(sys.stdout)))
        elif one.plan.reasons:
            sys.stderr.write(report.reasons(path, one))


def _show(made: Rewrite) -> None:
    """Print the file: its bytes into a pipe, and to a terminal nothing that moves it."""
    if not sys.stdout.isatty():
        sys.stdout.buffer.write(made.data)
    elif made.plan.status is not Status.REFUSED:
        lines = decode(made.data).expandtabs().splitlines()
        sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))


def _write(made: list[tuple[str, Rewrite]], output: Path | None, *, in_place: bool) -> int:
    for path, one in made:
        goal = output or (Path(path) if in_place else None)
        if goal is None or (in_place and one.plan.status is not Status.CONVERTED):
            continue
        if one.plan.status is Status.REFUSED:
            say(f"{goal} was not written: {path} is refused")
            return CHANGED
        try:
            write_atomic(goal, one.data)
        except OSError as error:
            say(f"{goal} cannot be written: {error.strerror}")
            return UNREADABLE
        say(f"{goal} written ({one.plan.status})")
    return 0


def _checked(made: list[tuple[str, Rewrite]], *, check: bool) -> int:
    if any(reason.code == "no-such-stage" for _, one in made for reason in one.plan.reasons):
        return UNREADABLE
    changed = [path for path, one in made if one.plan.status is Status.CONVERTED]
    if check and changed:
        say(f"{', '.join(changed)} would be rewritten")
        return CHANGED
    return 0
