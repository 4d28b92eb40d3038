"""Rewrites that are proven: a draft is built, verified, and mended by what verification shows, until it holds.

This builds and runs the project's own code. What is missing (a library, an interpreter, a tool) becomes a package of
the final stage or a larger flavour of its base; a flavour that nothing needs becomes a smaller one. The file that
comes out needs nothing of this to build.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

from imgtool.edits import Span
from imgtool.facts.facts import Facts
from imgtool.facts.given import FactOptions
from imgtool.families import BaseImage
from imgtool.families.images import built_on
from imgtool.images.spool import Spool
from imgtool.rewrite import Rewrite, rewrite
from imgtool.rewrite.choices import Choices
from imgtool.rewrite.plan import Plan, Reason, Status
from imgtool.syntax import parse
from imgtool.values import dataclass, field, replace
from imgtool.verify import libraries
from imgtool.verify.build import BuildError, Recipe
from imgtool.verify.model import Weight
from imgtool.verify.owners import Remedy, of_log, remedy
from imgtool.verify.subjects import Opened, Subject, close, opened
from imgtool.verify.verdict import Options, Verdict, compare

#: Drafts that are built at most.
ROUNDS = 5

Show = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Job:
    """What is rewritten and how it is proven. ``data`` is the Dockerfile at ``path``, as it is read."""

    path: Path
    data: bytes
    target: str | None
    facts: FactOptions
    choices: Choices
    recipe: Recipe
    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class Round:
    """One draft. ``flavour`` and ``packages`` are what it took from outside, ``outcome`` how it ended, for people.

    ``verdict`` is None where it did not build.
    """

    flavour: str | None
    packages: tuple[str, ...]
    outcome: str
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Proven:
    """A rewrite that was verified, or one that is refused, and the rounds that it took.

    ``verdict`` is that of the result; None where nothing was built because there was nothing to rewrite.
    """

    made: Rewrite
    verdict: Verdict | None
    rounds: tuple[Round, ...]


@dataclass(frozen=True, slots=True)
class _Attempt:
    made: Rewrite
    verdict: Verdict | None
    remedy: Remedy
    outcome: str

    @property
    def good(self) -> bool:
        return self.verdict is not None and self.verdict.good


def prove(job: Job, show: Show) -> Proven:
    """Rewrite a Dockerfile, and build and compare until the result holds or is refused as ``not-verified``.

    ``show`` is told what is being done. At most :data:`ROUNDS` drafts are built.

    Raises:
        BuildError: the original does not build.
        ImageError: an image cannot be read.
        NotEstablishedError: nothing can be built or run.
        OSError: the Dockerfile cannot be read.
        ValueError: the platform is none.
    """
    made = _drafted(job, job.choices)
    if made.plan.status is not Status.CONVERTED:
        return Proven(made, None, ())
    spool = Spool()
    try:
        before = opened(Subject(str(job.path), job.facts.stage), job.recipe, spool, _told(show, "original"))
        try:
            return _ended(job, tuple(_attempts(job, before, spool, show)))
        finally:
            close(before)
    finally:
        spool.close()


def _told(show: Show, what: str) -> Show:
    return lambda step: show(f"{what}: {step}")


def _drafted(job: Job, choices: Choices) -> Rewrite:
    return rewrite(job.data, job.target, job.facts, choices)


# --- rounds -------------------------------------------------------------------------------------------


def _attempts(job: Job, before: Opened, spool: Spool, show: Show) -> Iterator[tuple[Choices, _Attempt]]:
    """Drafts, each made of what the one before showed; behind a good one only one with a smaller flavour."""
    choices: Choices | None = job.choices
    found_good = False
    for number in range(1, ROUNDS + 1):
        made = _drafted(job, choices) if choices else None
        if choices is None or made is None or made.plan.status is not Status.CONVERTED:
            return
        one = _attempt(job, before, made, spool, _told(show, f"draft {number}"))
        yield choices, one
        if found_good:
            return
        found_good = one.good
        choices = _smaller(job, choices, made) if one.good else _larger(job, choices, one)


def _attempt(job: Job, before: Opened, made: Rewrite, spool: Spool, show: Show) -> _Attempt:
    with TemporaryDirectory(prefix="imgtool-") as folder:
        draft = Path(folder) / job.path.name
        draft.write_bytes(made.data)
        ignored = job.path.with_name(f"{job.path.name}.dockerignore")
        if ignored.is_file():
            copyfile(ignored, draft.with_name(ignored.name))
        try:
            after = opened(Subject(str(draft), job.facts.stage), job.recipe, spool, show)
        except BuildError as error:
            return _Attempt(made, None, of_log(before.image, error.log), f"it does not build: {error.reason}")
    try:
        verdict, _ = compare(before, after, job.options, show)
        differences = [one for check in verdict.checks for one in check.differences]
        return _Attempt(made, verdict, remedy(before.image, after.image, differences), _outcome(verdict))
    finally:
        close(after)


def _outcome(verdict: Verdict) -> str:
    if verdict.good:
        return "verified"
    failing = list(_failing(verdict))
    if not failing:
        why = (one.skipped_why for one in verdict.checks if one.needed and one.skipped_why)
        return f"not established: {next(why, 'a check was left out')}"
    more = f" (and {len(failing) - 1} more)" if len(failing) > 1 else ""
    return f"{failing[0]}{more}"


def _failing(verdict: Verdict) -> Iterator[str]:
    for check in verdict.checks:
        for one in check.differences:
            if one.weight is Weight.FAIL and one.explained_by is None:
                yield f"{check.name}: {f'{one.path}: ' if one.path else ''}{one.message}"


def _larger(job: Job, choices: Choices, one: _Attempt) -> Choices | None:
    """The choices that bring back what a draft lacks; None where nothing new does."""
    flavour = _flavour_above(job, one.made) if one.remedy.accelerator else choices.flavour
    packages = tuple(dict.fromkeys((*choices.extra_packages, *one.remedy.packages)))
    larger = replace(choices, extra_packages=packages, flavour=flavour)
    return None if larger == choices else larger


def _flavour_above(job: Job, made: Rewrite) -> str | None:
    """The next larger flavour below the original's own."""
    larger, _ = _flavours(job, made)
    return larger[-1] if larger else None


def _smaller(job: Job, choices: Choices, made: Rewrite) -> Choices | None:
    """The choices with the smallest flavour of the family; None where what ships stands on that one."""
    _, below = _flavours(job, made)
    return replace(choices, flavour=below[-1]) if below and choices.runtime_base is None else None


def _flavours(job: Job, made: Rewrite) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The flavours between the original's own and that of what ships, and the smaller ones; the largest first."""
    original, final = _base(job, job.data), _base(job, made.data)
    known = built_on(original) if original else ()
    if final is None or final.flavour not in known:
        return (), ()
    place = known.index(final.flavour)
    return known[:place], known[place + 1 :]


def _base(job: Job, data: bytes) -> BaseImage | None:
    """The image that what ships of a Dockerfile stands on."""
    facts = Facts(parse(data), job.facts)
    return facts.base(facts.target) if facts.target else None


# --- what comes out -----------------------------------------------------------------------------------


def _ended(job: Job, attempts: tuple[tuple[Choices, _Attempt], ...]) -> Proven:
    rounds = tuple(Round(c.flavour, c.extra_packages, one.outcome, one.verdict) for c, one in attempts)
    good = [one for _, one in attempts if one.good]
    if len(good) > 1 and (news := _warnings(good[-1]) - _warnings(good[0])):
        # a smaller flavour that is only probably enough is not
        good.pop()
        rounds = (*rounds[:-1], replace(rounds[-1], outcome=f"not certain: {min(news)}"))
    if good:
        return Proven(good[-1].made, good[-1].verdict, rounds)
    last = attempts[-1][1]
    code = "no-gain" if last.verdict and last.verdict.equivalent else "not-verified"
    reason = Reason(code, f"on built images: {last.outcome}", Span(0, len(job.data)))
    plan = Plan(last.made.plan.target, Status.REFUSED, reasons=(reason,))
    return Proven(Rewrite(last.made.source, plan, job.data), last.verdict, rounds)


def _warnings(one: _Attempt) -> frozenset[str]:
    checks = one.verdict.checks if one.verdict else ()
    found = (d for check in checks if check.name == libraries.NAME for d in check.differences)
    return frozenset(f"{d.path} {d.message}" for d in found if d.weight is not Weight.NOTE)
