"""``imgtool verify``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from imgtool.cli.basics import UNREADABLE
from imgtool.cli.images import NOT_MEASURABLE, Platform
from imgtool.cli.inputs import BuildArgs, BuildTimeout, Network, Secrets, build_args
from imgtool.cli.output import ImageFormat, say
from imgtool.cli.progress import clean_up_when_ended, line
from imgtool.images.errors import ImageError
from imgtool.images.spool import Spool
from imgtool.leaks import hide
from imgtool.report import verdicts
from imgtool.report.style import printable, size, style_for
from imgtool.verify import build as builds
from imgtool.verify import run as runs
from imgtool.verify.build import BuildError, Recipe
from imgtool.verify.drops import NAMED, Named
from imgtool.verify.errors import NotEstablishedError
from imgtool.verify.smoke import Smoke
from imgtool.verify.subjects import Opened, Subject, close, opened
from imgtool.verify.verdict import Options, Verdict, compare, not_built

DIFFERENT = 1
_NO_NETWORK = "none"
_ALL = 100


Texts = list[str] | None


def verify(
    before: Annotated[str, typer.Argument(metavar="A", help="The original: a Dockerfile, or an image.")],
    after: Annotated[str, typer.Argument(metavar="B", help="What is to take its place.")],
    *,
    run: Annotated[
        Texts, typer.Option("--run", metavar="CMD", help="Run this line in both images too; may be repeated.")
    ] = None,
    start: Annotated[
        bool, typer.Option("--start", help="Run what the images start by themselves too; it must end.")
    ] = False,
    ignore_output: Annotated[
        Texts,
        typer.Option("--ignore-output", metavar="REGEX", help="What changes at every run, as times do."),
    ] = None,
    context: Annotated[
        Path | None, typer.Option("--context", metavar="DIR", help="The build context; else A's folder.")
    ] = None,
    build_arg: BuildArgs = None,
    stage: Annotated[
        str | None, typer.Option("--stage", metavar="NAME", help="The stage that ships; else the last.")
    ] = None,
    network: Network = None,
    no_network: Annotated[
        bool, typer.Option("--no-network", help="No network for builds, nor for commands.")
    ] = False,
    secret: Secrets = None,
    ssh: Annotated[Texts, typer.Option("--ssh", help="As docker build has it.")] = None,
    build_context: Annotated[Texts, typer.Option("--build-context", help="As docker build has it.")] = None,
    drop: Annotated[
        Texts,
        typer.Option("--drop", metavar="GLOB", help="Paths that may go, as '/src/*', or package:NAME."),
    ] = None,
    min_gain: Annotated[
        str, typer.Option("--min-gain", metavar="PERCENT", help="What B must save at least, as 10%.")
    ] = "0%",
    base_of_a: Annotated[
        str | None, typer.Option("--base-of-a", metavar="IMAGE", help="What A stands on, if it is an image.")
    ] = None,
    base_of_b: Annotated[
        str | None, typer.Option("--base-of-b", metavar="IMAGE", help="Likewise for B.")
    ] = None,
    platform: Platform = None,
    build_timeout: BuildTimeout = builds.TIMEOUT,
    run_timeout: Annotated[
        float, typer.Option("--run-timeout", metavar="SECONDS", help="For each command.", min=1)
    ] = runs.TIMEOUT,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the built images in the engine.")] = False,
    form: Annotated[ImageFormat, typer.Option("--format", help="How to print it.")] = ImageFormat.TEXT,
) -> None:
    r"""Build two Dockerfiles, and prove that the second image does what the first one does.

    This runs the project's own code: both files are built with the docker command (BuildKit), Python modules are
    imported and your commands are run in containers that are thrown away. Everything else is read from the layers:
    nothing is unpacked. A and B are Dockerfiles or images, these named as in imgtool size.

    \b
    The checks: config, files (all that is gone needs a drop rule), libraries (each program finds its own), scripts
    and links, python (packages and what they record), imports, tools for compiling at run time, smoke (--run), size.

    \b
    Examples:
      imgtool verify Dockerfile Dockerfile.cuda --run 'python -m app --version'
      imgtool verify Dockerfile Dockerfile.cuda --context . --network host --min-gain 20% --format markdown
      imgtool verify docker-daemon:app:old docker-daemon:app:new --run 'app --self-test' --no-network

    Exit code: 0 equivalent and smaller, 1 not, 2 wrong usage or unreadable input, 3 not established: no engine, A
    does not build, or a check that was asked for could not be carried out.
    """
    if no_network and network not in {None, _NO_NETWORK}:
        raise typer.BadParameter("--no-network and --network contradict each other")
    subjects = Subject(before, stage, base_of_a), Subject(after, stage, base_of_b)
    recipe = Recipe(
        context=context or Path(before).parent,
        args=build_args(build_arg),
        network=_NO_NETWORK if no_network else network,
        platform=platform,
        secrets=tuple(secret or ()),
        ssh=tuple(ssh or ()),
        contexts=tuple(build_context or ()),
        timeout=build_timeout,
    )
    smoke = Smoke(
        commands=tuple(run or ()),
        start=start,
        ignored=tuple(_patterns(ignore_output)),
        network=not no_network,
        timeout=run_timeout,
        platform=platform,
    )
    options = Options(
        named=tuple(Named(NAMED, pattern) for pattern in drop or ()), smoke=smoke, min_gain=_share(min_gain)
    )
    with clean_up_when_ended():
        verdict = _verdict(subjects, recipe, options, keep=keep)
    sys.stdout.write(_printed(verdict, form))
    if not verdict.established:
        raise typer.Exit(NOT_MEASURABLE)
    if not verdict.good:
        raise typer.Exit(DIFFERENT)


def _printed(verdict: Verdict, form: ImageFormat) -> str:
    if form is ImageFormat.JSON:
        return verdicts.as_json(verdict)
    return (
        verdicts.markdown(verdict)
        if form is ImageFormat.MARKDOWN
        else verdicts.text(verdict, style_for(sys.stdout))
    )


def _verdict(subjects: tuple[Subject, Subject], recipe: Recipe, options: Options, *, keep: bool) -> Verdict:
    """Open both and compare them; what was built goes again, whatever happens."""
    say("this builds and runs the project's own code")
    spool, there = Spool(), list[Opened]()
    try:
        return _compared(subjects, recipe, options, spool, there)
    except BuildError as error:
        sys.stderr.write("".join(f"  {printable(hide(text))}\n" for text in error.log))
        say(f"not established: {subjects[0].text} does not build: {hide(error.reason)}")
        raise typer.Exit(NOT_MEASURABLE) from None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    except OSError as error:
        say(f"{error.filename} cannot be read: {error.strerror}")
        raise typer.Exit(UNREADABLE) from None
    except (ImageError, NotEstablishedError) as error:
        say(f"not established: {error.reason}")
        raise typer.Exit(NOT_MEASURABLE) from None
    finally:
        if keep:
            for one in there:
                if one.built:
                    say(f"{one.image.reference} is {one.built}")
        else:
            close(*there)
        spool.close()


def _compared(
    subjects: tuple[Subject, Subject], recipe: Recipe, options: Options, spool: Spool, there: list[Opened]
) -> Verdict:
    # what is not built shows at once whether it is there
    opened_b = None if subjects[1].is_file else _opened("B", subjects[1], recipe, spool)
    there += [opened_b] if opened_b else []
    there.append(_opened("A", subjects[0], recipe, spool))
    before = there[-1]
    try:
        after = opened_b or _opened("B", subjects[1], recipe, spool)
    except BuildError as error:
        return not_built(subjects[0].text, subjects[1].text, error)
    there += [] if opened_b else [after]
    with line() as show:
        verdict, _ = compare(before, after, options, lambda check: show(f"comparing: {check}"))
    return verdict


def _opened(name: str, subject: Subject, recipe: Recipe, spool: Spool) -> Opened:
    seen = 0
    with line() as show:

        def reading(chunk: bytes) -> None:
            nonlocal seen
            seen += len(chunk)
            show(f"{name}: reading {size(seen)}", passing=True)

        try:
            return opened(subject, recipe, spool, lambda step: show(f"{name}: {hide(step)}"), reading)
        except ImageError as error:
            raise ImageError(f"{subject.text}: {error.reason}") from error


def _patterns(texts: Iterable[str] | None) -> Iterator[re.Pattern[str]]:
    for text in texts or ():
        try:
            yield re.compile(text)
        except re.error as error:
            raise typer.BadParameter(
                f"--ignore-output: {text!r} is no regular expression ({error})"
            ) from None


def _share(text: str) -> float:
    """``10%`` as 0.1."""
    found = re.fullmatch(r"(\d{1,3}(?:\.\d+)?)%", text)
    if not found or float(found[1]) >= _ALL:
        raise typer.BadParameter(f"--min-gain takes a percentage below 100, as 10%, not {text!r}")
    return float(found[1]) / _ALL
