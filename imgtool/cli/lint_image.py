"""``imgtool lint --image``: what was built, instead of a file."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

from imgtool.cli.images import access, shown
from imgtool.cli.lint_call import LintCall
from imgtool.cli.output import say
from imgtool.facts.facts import Facts
from imgtool.images.contents import read_contents
from imgtool.inspect.findings import findings, keep
from imgtool.lint import batch
from imgtool.lint.batch import Job, Outcome, Request
from imgtool.lint.result import Judgement, LintResult
from imgtool.syntax import parse
from imgtool.syntax.source import load
from imgtool.values import replace


def jobs(call: LintCall, request: Request) -> list[Job]:
    """A job an image, with the settings of the Dockerfile that is given, or of one here.

    Raises:
        ConfigError: a configuration file cannot be read or used.
    """
    # standard input is none of these
    (job,) = batch.plan([call.dockerfile or Path("Dockerfile")], request, bytes)
    return [replace(job, shown=image) for image in call.image or ()]


def run(planned: list[Job], call: LintCall) -> Generator[Outcome]:
    """The outcomes of images; without a result for one that cannot be read, which is said.

    With a Dockerfile there are two for each image: what is found in it, and what its file does not tell.

    Raises:
        typer.BadParameter: a reference or the platform is none.
    """
    facts = None
    if call.dockerfile:
        try:
            facts = Facts(parse(load(call.dockerfile)), planned[0].facts)
        except OSError as error:
            problem = f"{call.dockerfile}: cannot be read: {error.strerror}"
            yield Outcome(planned[0], None, problem)
            return
    for job in planned:
        yield from _outcomes(job, call, facts)


def _outcomes(job: Job, call: LintCall, facts: Facts | None) -> Iterator[Outcome]:
    known = access(plain_http=call.plain_http, cache=call.cache)
    contents = shown(
        job.shown,
        lambda progress: read_contents(
            job.shown, platform=call.platform, progress=progress, keep=keep, access=known
        ),
    )
    if contents is None:
        yield Outcome(job, None)
        return
    codes = [entry.code for entry in job.rules]
    file = str(call.dockerfile or "")
    placed = findings(contents, codes, facts, file=file, judgement=job.judgement or Judgement())
    if placed.why:
        say(f"{job.shown}: not every line of {file} is known: {placed.why}")
    staged = facts is None or facts.target is not None
    if placed.file:
        yield _outcome(replace(job, shown=file), placed.file, staged=staged)
    yield _outcome(job, placed.image, staged=staged)


def _outcome(job: Job, result: LintResult, *, staged: bool) -> Outcome:
    return Outcome(job, result, data=result.source.data, staged=staged)
