"""``imgtool rewrite``."""

from __future__ import annotations

import enum
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from imgtool.cli.basics import STDIN, UNREADABLE
from imgtool.cli.companions import Beside, files_of, write
from imgtool.cli.inputs import BuildArgs, build_args, readable
from imgtool.cli.output import Format, diff_name, put, say
from imgtool.edits import write_atomic
from imgtool.facts.given import FactOptions
from imgtool.report import rewrites as report
from imgtool.report.diff import hides, unified
from imgtool.report.style import style_for
from imgtool.rewrite import Rewrite
from imgtool.rewrite.choices import Assumption, Choices, Part, Strategy
from imgtool.rewrite.plan import Status
from imgtool.rewrite.steps import only as parts_of
from imgtool.rewrite.targets import Targeted, rewrite_for
from imgtool.values import replace

CHANGED = 1
#: Holds a rewrite to built images, or refuses it.
Proof = Callable[[Path, Targeted, str | None, FactOptions, Choices], Targeted]


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
        list[Target] | None,
        typer.Option(
            "--target", help="The accelerator; else the one the base image is made for. Repeatable."
        ),
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
        typer.Option(
            "--only",
            metavar="STEP[,STEP]",
            help="These steps alone, on any Dockerfile: "
            "split, merge-runs, reorder, cache-mounts, fold-chown, drop-caches.",
        ),
    ] = None,
    allow_missing: Annotated[
        bool,
        typer.Option(
            "--allow-missing",
            help="Mark what the other accelerator has no analogue for, so that the build fails there.",
        ),
    ] = False,
    chip: Annotated[
        str | None, typer.Option("--chip", metavar="CHIP", help="The chip of the CANN image; else 910b.")
    ] = None,
    python: Annotated[
        str | None, typer.Option("--python", metavar="X.Y", help="Its Python; else the file's, or 3.11.")
    ] = None,
    cann: Annotated[
        str | None,
        typer.Option("--cann", metavar="VERSION", help="Its version; else the newest for the file's torch."),
    ] = None,
    cuda: Annotated[
        str | None,
        typer.Option("--cuda", metavar="VERSION", help="The version of the CUDA image; else the newest 12."),
    ] = None,
    output_dir: Annotated[
        Path | None,
        typer.Option("--output-dir", metavar="DIR", help="Write Dockerfile.TARGET there, for each target."),
    ] = None,
    bake: Annotated[
        bool, typer.Option("--bake", help="And docker-bake.json, which builds them all.")
    ] = False,
    kubernetes: Annotated[
        bool, typer.Option("--kubernetes", help="And a patch for a Deployment, for each target.")
    ] = False,
    dockerignore: Annotated[
        bool, typer.Option("--dockerignore", help="And a .dockerignore, where the context has none.")
    ] = False,
    fat: Annotated[
        bool, typer.Option("--fat", help="And one image for both, which picks by the device nodes.")
    ] = False,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="The images' name; else the context's folder."),
    ] = None,
    version: Annotated[
        str | None,
        typer.Option("--version", metavar="VERSION", help="Their version, before -cuda12.1 in the tag."),
    ] = None,
    build: Annotated[
        bool, typer.Option("--build", help="Build and verify drafts until one holds; this runs the project.")
    ] = False,
    run: Annotated[
        list[str] | None,
        typer.Option(
            "--run", metavar="CMD", help="With --build: run this line in both images too. Repeatable."
        ),
    ] = None,
    network: Annotated[
        str | None, typer.Option("--network", metavar="MODE", help="With --build: default, host or none.")
    ] = None,
) -> None:
    r"""Split a Dockerfile that ships its toolchain into a builder and a runtime stage.

    Wheels are made where the compilers are and installed where they are not; what is not proven build-only is
    replayed in the final stage; only named rules drop anything. A file that cannot be split with certainty is
    refused with a reason code and left as it is: that is a result, not an error. Runs nothing, asks no network, unless
    --build says so: then drafts are built, compared with the original's image, and mended until one holds.

    \b
    Examples:
      imgtool rewrite Dockerfile --target cuda              print the rewritten file
      imgtool rewrite Dockerfile --diff --explain           what changes, and why
      imgtool rewrite Dockerfile --output Dockerfile.cuda   write it beside the original
      imgtool rewrite --only merge-runs,cache-mounts --diff Dockerfile   these steps, on any Dockerfile
      imgtool rewrite --check docker/*/Dockerfile           in CI: is anything left to split?
      imgtool rewrite Dockerfile --build --run 'app --version' --output Dockerfile.cuda
      imgtool rewrite Dockerfile --target cuda --target cann --output-dir . --bake --name team/app --version 1.0

    Steps on their own keep the image as it is but for caches of package managers; --explain says what they leave alone.

    A target that the base image is not made for is reached by the table of analogues; what has none is refused by name.

    Exit code: 0 done, unchanged or refused (the file itself is then printed, the reason goes to standard error);
    1 with --check: something would change; with --output or --output-dir: refused, and not written; 2 wrong usage, no such
    stage, unreadable input or no Dockerfile; 3 with --build: the original does not build, or there is no engine.
    """
    _refuse_usage(paths, output=output, output_dir=output_dir, in_place=in_place, diff=diff, check=check)
    beside = Beside(bake, dockerignore, kubernetes, fat, name, version)
    targets = tuple(dict.fromkeys(target or ())) or (None,)
    writes = output is not None or in_place or output_dir is not None
    _refuse_targets(
        paths,
        len(targets),
        output_dir,
        beside,
        writes=writes,
        prints=diff or explain or check or form is Format.JSON,
    )
    if context is not None and not context.is_dir():
        raise typer.BadParameter(f"--context {context}: no such folder")
    if (name or version) and output_dir is None:
        raise typer.BadParameter("--name and --version belong to --output-dir")
    if build and STDIN in paths:
        raise typer.BadParameter("--build needs a file, not standard input")
    if build and _parts(only) - {Part.SPLIT}:
        raise typer.BadParameter("--build proves a split; the other steps of --only keep the image as it is")
    if (run or network) and not build:
        raise typer.BadParameter("--run and --network belong to --build")
    proof = _proof(tuple(run or ()), network) if build else None
    choices = Choices(
        strategy, runtime_base, frozenset(assume or ()), _parts(only), allow_missing, chip, python, cann, cuda
    )
    given = FactOptions(build_args(build_arg), stage, context=context)
    read = [(path, data) for path in paths if (data := readable(path)) is not None]
    made = [
        (path, one) for path, data in read for one in _rewritten(path, data, targets, given, choices, proof)
    ]
    missing = UNREADABLE if len(read) < len(paths) else 0
    if form is Format.JSON:
        sys.stdout.write(
            report.as_json([(path, one.rewrite) for path, one in made], [one.changes for _, one in made])
        )
    else:
        _print(made, diff=diff, explain=explain, quiet=check or writes)
    if output_dir is not None and read:
        raise typer.Exit(_write_all(made, replace(given, dockerfile=_path(paths[0])), output_dir, beside))
    code = _write(made, output, in_place=in_place) or _checked(made, check=check)
    raise typer.Exit(max(code, missing))


def _refuse_targets(
    paths: list[str], targets: int, folder: Path | None, beside: Beside, *, writes: bool, prints: bool
) -> None:
    if folder is not None and len(paths) > 1:
        raise typer.BadParameter("--output-dir takes one PATH")
    if beside.wanted and folder is None:
        raise typer.BadParameter("--bake, --kubernetes, --dockerignore and --fat need --output-dir")
    if len(paths) > 1 and not writes and not prints:
        raise typer.BadParameter(
            "several PATHs need --diff, --explain, --check, --in-place or --format json: "
            "printed one behind the other they would be one file of many stages"
        )
    if targets > 1 and folder is None and (writes or not prints):
        raise typer.BadParameter(
            "several targets need --output-dir, or --diff, --explain, --check or --format json"
        )


def _refuse_usage(
    paths: list[str], *, output: Path | None, output_dir: Path | None, in_place: bool, diff: bool, check: bool
) -> None:
    if output_dir and (output or in_place or diff or check):
        raise typer.BadParameter("--output-dir goes with none of --output, --in-place, --diff and --check")
    if output and (in_place or len(paths) > 1):
        raise typer.BadParameter("--output takes one PATH, and not --in-place")
    if in_place and STDIN in paths:
        raise typer.BadParameter("--in-place needs a file, not standard input")
    if (diff or check) and (output or in_place):
        raise typer.BadParameter(
            "--diff and --check write nothing, so neither goes with --output or --in-place"
        )


def _parts(only: str | None) -> frozenset[Part]:
    names = [name.strip() for name in (only or "").split(",") if name.strip()]
    unknown = [name for name in names if name not in frozenset(Part)]
    if unknown:
        from imgtool.config import nearest

        hint = nearest(unknown[0], Part)
        raise typer.BadParameter(
            f"--only: there is no step {unknown[0]!r}{hint}; there are {', '.join(Part)}"
        )
    if only is not None and not names:
        raise typer.BadParameter(f"--only: it names no step; there are {', '.join(Part)}")
    return frozenset(map(Part, names))


def _rewritten(
    path: str,
    data: bytes,
    targets: Sequence[Target | None],
    given: FactOptions,
    choices: Choices,
    proof: Proof | None,
) -> Iterator[Targeted]:
    options = replace(given, dockerfile=_path(path))
    for name in (str(target) if target else None for target in targets):
        one = (
            parts_of(data, name, options, choices)
            if choices.only
            else rewrite_for(data, name, options, choices)
        )
        yield proof(Path(path), one, name, options, choices) if proof else one


def _proof(commands: tuple[str, ...], network: str | None) -> Proof:
    from imgtool.cli.building import Building, proven

    return partial(proven, building=Building(commands, network))


def _path(path: str) -> Path | None:
    return None if path == STDIN else Path(path)


def _print(made: list[tuple[str, Targeted]], *, diff: bool, explain: bool, quiet: bool) -> None:
    for path, turned in made:
        one = turned.rewrite
        if diff:
            whole = turned.whole
            if whole.data != whole.source.data:
                put(unified(whole.source.data, whole.data, diff_name(path)))
            if hides(turned.original.data, one.data):
                say(f"{path} holds a secret, which its diff hides: it does not apply")
        elif not quiet and not explain:
            _show(one)
        if explain:
            sys.stdout.write(report.turned(path, turned.original, one.plan.target, turned.changes))
            sys.stdout.write(report.explain(path, one, style_for(sys.stdout)))
        elif one.plan.reasons:
            sys.stderr.write(report.reasons(path, one))


# nothing can be said of such a file, and nothing is printed
_UNREADABLE = frozenset({"no-such-image", "no-such-stage", "syntax-error"})


def _show(made: Rewrite) -> None:
    """Print the file; a terminal gets none that was refused."""
    if any(reason.code in _UNREADABLE for reason in made.plan.reasons):
        return
    if made.plan.status is not Status.REFUSED or not sys.stdout.isatty():
        put(made.data)


def _write(made: list[tuple[str, Targeted]], output: Path | None, *, in_place: bool) -> int:
    for path, turned in made:
        one = turned.rewrite
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
        for name in turned.files:
            say(f"{name} is needed in the context too: --output-dir writes it")
    return 0


def _write_all(made: list[tuple[str, Targeted]], options: FactOptions, folder: Path, beside: Beside) -> int:
    """Everything that --output-dir asks for; a refused target has no file, and what is asked for of both none either."""
    path = made[0][0]
    refused = [one for _, one in made if one.rewrite.plan.status is Status.REFUSED]
    for one in refused:
        say(f"{folder / f'Dockerfile.{one.rewrite.plan.target}'} was not written: {path} is refused")
    if not write(files_of(path, [one for _, one in made], options, folder, beside)):
        return UNREADABLE
    return CHANGED if refused else 0


def _checked(made: list[tuple[str, Targeted]], *, check: bool) -> int:
    if any(reason.code in _UNREADABLE for _, one in made for reason in one.rewrite.plan.reasons):
        return UNREADABLE
    changed = [path for path, one in made if one.rewrite.plan.status is Status.CONVERTED]
    if check and changed:
        say(f"{', '.join(changed)} would be rewritten")
        return CHANGED
    return 0
