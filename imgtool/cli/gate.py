"""``imgtool gate``."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from imgtool import config as configs
from imgtool.cli import gate_images
from imgtool.cli.basics import UNREADABLE
from imgtool.cli.gate_images import Files
from imgtool.cli.gate_reports import Format, Reports, move, outputs, summary_file, write
from imgtool.cli.images import NOT_MEASURABLE, Cached, PlainHttp, Platform, access
from imgtool.cli.inputs import BuildArgs, BuildTimeout, Context, Network, Secrets, build_args
from imgtool.cli.output import say
from imgtool.config import ConfigError, ConfigFile
from imgtool.gates.model import Judged, Status
from imgtool.gates.run import Given, Reader, moved, recorded, run
from imgtool.gates.settings import GateSettings, Missing, Require, Target, settings
from imgtool.gates.targets import Asked, targets
from imgtool.images import budget as budgets
from imgtool.images.budget import Budget
from imgtool.images.compare import Measure
from imgtool.images.errors import ImageError
from imgtool.images.platforms import normal_platform
from imgtool.images.reading import Access
from imgtool.images.reference import why_no_file
from imgtool.lint.fingerprint import relative
from imgtool.report.gates.common import Where
from imgtool.values import replace
from imgtool.verify import build as builds
from imgtool.verify.build import Recipe

_KEY = re.compile(r"[A-Za-z0-9._-]{1,64}")

Texts = list[str] | None
S = TypeVar("S")
T = TypeVar("T")


def gate(
    images: Annotated[
        Texts,
        typer.Argument(
            metavar="[NAME=]IMAGE...", help="What to judge; BASE and HEAD; without any, the configuration's."
        ),
    ] = None,
    *,
    baseline: Annotated[
        Texts,
        typer.Option(
            "--baseline",
            metavar="[NAME=]IMAGE",
            help="What to compare with: an image, or a FILE.json of imgtool size --format json.",
        ),
    ] = None,
    max_growth: Annotated[
        Texts,
        typer.Option(
            "--max-growth", metavar="LIMIT", help="Over the baseline: 5%, 200MB, 1.5GiB, 0. May be repeated."
        ),
    ] = None,
    max_size: Annotated[
        Texts, typer.Option("--max-size", metavar="LIMIT", help="Of the image itself: 8GB, 7.5GiB.")
    ] = None,
    max_waste: Annotated[
        Texts,
        typer.Option("--max-waste", metavar="LIMIT", help="Content that is not seen in the end: 2%, 100MB."),
    ] = None,
    max_layers: Annotated[
        int | None, typer.Option("--max-layers", metavar="N", help="The number of layers.")
    ] = None,
    forbid_path: Annotated[
        Texts,
        typer.Option(
            "--forbid-path", metavar="PATTERN", help="Paths that must not be there, as in .gitignore."
        ),
    ] = None,
    forbid_package: Annotated[
        Texts,
        typer.Option(
            "--forbid-package", metavar="PATTERN", help="Packages likewise: 'dpkg:gcc*', 'nvidia-*'."
        ),
    ] = None,
    require: Annotated[
        Require | None,
        typer.Option("--require", help="Which of several --max-growth must hold; else all."),
    ] = None,
    noise_floor: Annotated[
        str | None, typer.Option("--noise-floor", metavar="SIZE", help="Growth up to this is none: 1MB.")
    ] = None,
    missing_baseline: Annotated[
        Missing | None,
        typer.Option("--missing-baseline", help="What an image without one is."),
    ] = None,
    measure: Annotated[
        Measure | None, typer.Option(help="What sizes and growth are of; else unpacked.")
    ] = None,
    platform: Platform = None,
    ratchet: Annotated[
        Path | None,
        typer.Option("--ratchet", metavar="FILE", help="Sizes that lie with the project, as baselines."),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Move the ratchet to what the images weigh now, then judge.")
    ] = False,
    output_format: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TEXT,
    output: Annotated[
        Texts, typer.Option("--output", metavar="FORMAT=FILE", help="Write it there too; may be repeated.")
    ] = None,
    summary: Annotated[
        bool, typer.Option("--summary", help="Add it to the job's summary (GITHUB_STEP_SUMMARY).")
    ] = False,
    key: Annotated[
        str, typer.Option("--key", metavar="KEY", help="Tells comments of several gates on a change apart.")
    ] = "default",
    trend: Annotated[
        Path | None,
        typer.Option("--trend", metavar="FILE", help="Add what the images weigh, as lines of JSON."),
    ] = None,
    dockerfile: Annotated[
        Path | None, typer.Option("--dockerfile", metavar="FILE", help="Build this, and judge what it makes.")
    ] = None,
    against_dockerfile: Annotated[
        Path | None,
        typer.Option("--against-dockerfile", metavar="FILE", help="Build this too, and compare with it."),
    ] = None,
    context: Context = None,
    against_context: Annotated[
        Path | None,
        typer.Option("--against-context", metavar="DIR", help="Likewise, of the file that is compared with."),
    ] = None,
    build_arg: BuildArgs = None,
    stage: Annotated[
        str | None, typer.Option("--stage", metavar="NAME", help="The stage to build; else the last.")
    ] = None,
    network: Network = None,
    secret: Secrets = None,
    build_timeout: BuildTimeout = builds.TIMEOUT,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="This configuration, and no other.")
    ] = None,
    isolated: Annotated[bool, typer.Option("--isolated", help="No configuration.")] = False,
    plain_http: PlainHttp = False,
    cache: Cached = True,
) -> None:
    r"""Hold images against budgets: of size, of growth, of waste, of what may be in them.

    Images are named as in imgtool size. Two without --baseline are BASE and HEAD. Without any, all images of the
    table [tool.imgtool.gate] are judged, each on its own; NAME=IMAGE says where one of them is today.

    Sizes are unpacked unless another measure is asked for: every source knows it, and it sees what a later layer
    deletes, as flattened does not. MB is 1,000,000 bytes, MiB 1,048,576. An image without a baseline is never taken
    for one that grew from nothing: its growth is not judged, or fails with --missing-baseline fail.

    \b
    Examples:
      imgtool gate app:main app:pr-17 --max-growth 5%
      imgtool gate pr.tar --baseline main.json --max-growth 200MB --max-growth 5% --max-size 8GB
      imgtool gate app:pr-17 --max-waste 2% --forbid-path '/root/.cache/**' --forbid-package 'dpkg:gcc*'
      imgtool gate --dockerfile Dockerfile --against-dockerfile ../main/Dockerfile --max-growth 0
      imgtool gate --format github --output markdown=comment.md --summary
      imgtool gate --update

    Exit code: 0 within every budget, 1 over one, 2 wrong usage, 3 an image cannot be measured, or not be compared,
    and none is over.
    """
    asked = Asked(
        images=tuple(images or ()),
        baselines=tuple(baseline or ()),
        measure=measure,
        noise_floor=None if noise_floor is None else _read(budgets.size, noise_floor, "--noise-floor"),
        missing=missing_baseline,
        require=require,
        budgets=(
            *_limits("--max-growth", budgets.max_growth, max_growth),
            *_limits("--max-size", budgets.max_size, max_size),
            *_limits("--max-waste", budgets.max_waste, max_waste),
            *_limits("--max-layers", budgets.max_layers, None if max_layers is None else [max_layers]),
        ),
        paths=tuple(forbid_path or ()),
        packages=tuple(forbid_package or ()),
        platform=platform and _read(normal_platform, platform, "--platform"),
        builds=dockerfile is not None,
        against=against_dockerfile is not None,
        stage=stage,
    )
    recipe = Recipe(
        context=context or (dockerfile or Path()).parent,
        args=build_args(build_arg),
        network=network,
        secrets=tuple(secret or ()),
        timeout=build_timeout,
    )
    files = Files(dockerfile, recipe, against_dockerfile, against_context or context) if dockerfile else None
    _refuse_usage(asked, files, config, isolated=isolated)
    found = _config(config, isolated=isolated)
    where = dockerfile or (found and found.path)
    reports = Reports(
        output_format,
        _read(outputs, output or ()),
        _read(summary_file, os.environ) if summary else None,
        trend,
        _key(key),
        Where(relative(str(where), Path.cwd())) if where else None,
    )
    table, chosen = _chosen(asked, found, ratchet)
    if update and table.ratchet is None:
        raise typer.BadParameter(
            "--update moves a ratchet: give --ratchet FILE, or ratchet in the configuration"
        )
    known = access(plain_http=plain_http, cache=cache)
    with _images(chosen, files, known) as (read, there):
        raise typer.Exit(_gated(there, table, read, reports, files, update=update, whole=not asked.images))


def _refuse_usage(asked: Asked, files: Files | None, config: Path | None, *, isolated: bool) -> None:
    """Refuse options that do not go together."""
    wrong = {
        "--isolated reads no configuration, --config one": isolated and config is not None,
        "--against-dockerfile is compared with --dockerfile": asked.against and files is None,
        "--against-dockerfile is the baseline: no --baseline": asked.against and bool(asked.baselines),
        "--dockerfile makes the image: name none": asked.builds and bool(asked.images),
        "--stage is of --dockerfile": asked.stage is not None and files is None,
    }
    for message, is_so in wrong.items():
        if is_so:
            raise typer.BadParameter(message)
    for option, path in (
        ("--dockerfile", files and files.head),
        ("--against-dockerfile", files and files.base),
    ):
        if path and (why := why_no_file(str(path))):
            raise typer.BadParameter(f"{option} {path}: {why}")


def _chosen(
    asked: Asked, found: ConfigFile | None, ratchet: Path | None
) -> tuple[GateSettings, tuple[Target, ...]]:
    try:
        table = settings(found)
        table = replace(table, ratchet=ratchet or table.ratchet)
        return table, targets(asked, table, found.folder if found else Path())
    except ConfigError as error:
        say(str(error))
        raise typer.Exit(UNREADABLE) from None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@contextmanager
def _images(
    chosen: tuple[Target, ...], files: Files | None, known: Access
) -> Iterator[tuple[Reader, tuple[Target, ...]]]:
    if files is None:
        _read(gate_images.say_guesses, chosen)
        yield partial(gate_images.read, access=known), chosen
        return
    with gate_images.built(chosen, files, known) as (there, made):
        yield there.read, made


def _gated(
    chosen: tuple[Target, ...],
    table: GateSettings,
    read: Reader,
    reports: Reports,
    files: Files | None,
    *,
    update: bool,
    whole: bool,
) -> int:
    """Judge the images and write what became of them; the exit code."""
    now = datetime.now(UTC)
    try:
        old = recorded(table.ratchet) if table.ratchet else {}
        given = Given(read, now.date(), table.waivers, old, update, table.ratchet)
        judged = [run(target, given) for target in chosen]
        if files:
            told = zip(judged, chosen, strict=True)
            judged = [gate_images.with_lines(one, target, files) for one, target in told]
    except ImageError as error:
        say(error.reason)
        return UNREADABLE
    except ValueError as error:
        # a reference or a platform that is none
        raise typer.BadParameter(str(error)) from None
    complaints = [*write(judged, reports, now)]
    if update and table.ratchet:
        complaints += move(table.ratchet, old, moved(old, judged, whole=whole))
    for complaint in (*complaints, *(f"{one.name}: {one.error}" for one in judged if one.error)):
        say(complaint)
    return UNREADABLE if complaints else _exit_code(judged)


def _exit_code(judged: Iterable[Judged]) -> int:
    """What is over a budget outweighs what is not known."""
    found = {one.status for one in judged}
    if Status.FAILED in found:
        return 1
    return NOT_MEASURABLE if Status.UNKNOWN in found else 0


def _config(path: Path | None, *, isolated: bool) -> ConfigFile | None:
    """The configuration that is named, or the nearest one above the current folder."""
    try:
        if path:
            return configs.load(path)
        return None if isolated else configs.for_file(Path.cwd() / "Dockerfile", {})
    except ConfigError as error:
        say(str(error))
        raise typer.Exit(UNREADABLE) from None


def _key(text: str) -> str:
    if not _KEY.fullmatch(text):
        raise typer.BadParameter(
            f"--key takes up to 64 letters, digits, dots, dashes and underscores, not {text!r}"
        )
    return text


def _limits(option: str, parse: Callable[[T], Budget], values: Iterable[T] | None) -> Iterator[Budget]:
    for value in values or ():
        yield _read(parse, value, option)


def _read(parse: Callable[[S], T], value: S, option: str = "") -> T:
    try:
        return parse(value)
    except ValueError as error:
        raise typer.BadParameter(f"{option}: {error}" if option else str(error)) from None
