"""``imgtool rewrite --build``: drafts are built and verified before anything is printed or written."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from imgtool.cli.images import NOT_MEASURABLE
from imgtool.cli.output import say
from imgtool.cli.progress import clean_up_when_ended, line
from imgtool.facts.given import FactOptions
from imgtool.images.errors import ImageError
from imgtool.leaks import hide
from imgtool.report.style import printable, size
from imgtool.rewrite.choices import Choices
from imgtool.rewrite.plan import Status
from imgtool.rewrite.targets import Targeted
from imgtool.values import dataclass, replace
from imgtool.verify.build import BuildError, Recipe
from imgtool.verify.errors import NotEstablishedError
from imgtool.verify.loop import Job, Proven, Round, prove
from imgtool.verify.smoke import Smoke
from imgtool.verify.verdict import Options


@dataclass(frozen=True, slots=True)
class Building:
    """What ``--build`` runs in the built images, and the network mode of the builds."""

    commands: tuple[str, ...] = ()
    network: str | None = None


def proven(
    path: Path,
    turned: Targeted,
    target: str | None,
    options: FactOptions,
    choices: Choices,
    building: Building,
) -> Targeted:
    """A rewrite that holds on built images, or is refused; one that converts nothing comes back as it is.

    Ends the process with 3 where nothing can be said: the original does not build, there is no engine, or the
    original is made for another accelerator.
    """
    if turned.rewrite.plan.status is not Status.CONVERTED:
        return turned
    if turned.changes:
        say(
            f"not established: {path} is made for another accelerator, so its image is no measure (leave --build out)"
        )
        raise typer.Exit(NOT_MEASURABLE)
    context = options.context or path.parent
    smoke = Smoke(commands=building.commands)
    job = Job(
        path,
        turned.original.data,
        target,
        replace(options, context=context),
        choices,
        Recipe(context, options.build_args, building.network),
        Options(smoke=smoke),
    )
    say("this builds and runs the project's own code")
    with clean_up_when_ended():
        found = _proven(job)
    for number, one in enumerate(found.rounds, 1):
        say(f"{path}: draft {number}{_taken(one)}: {hide(one.outcome)}{_saved(one)}")
    return replace(turned, rewrite=found.made)


def _proven(job: Job) -> Proven:
    try:
        with line() as show:
            return prove(job, show)
    except BuildError as error:
        sys.stderr.write("".join(f"  {printable(hide(text))}\n" for text in error.log))
        say(f"not established: {job.path} does not build: {hide(error.reason)}")
    except (ImageError, NotEstablishedError) as error:
        say(f"not established: {hide(error.reason)}")
    raise typer.Exit(NOT_MEASURABLE)


def _taken(one: Round) -> str:
    """What a draft took from outside, for people."""
    taken = [f"the {one.flavour} flavour"] if one.flavour else []
    return f" with {', '.join((*taken, *one.packages))}" if taken or one.packages else ""


def _saved(one: Round) -> str:
    if one.verdict is None or one.verdict.sizes is None or not one.verdict.good:
        return ""
    was, now = one.verdict.sizes
    return f", {size(was.unpacked)} → {size(now.unpacked)}"
