"""Linting the files of a run that nothing is kept of: reading them, asking ShellCheck, running the rules."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from imgtool.facts.facts import Facts
from imgtool.facts.looks import Looks, noting
from imgtool.lint import cache
from imgtool.lint.batch import Job, Outcome, notice
from imgtool.lint.cache import Kept
from imgtool.lint.fixer import fix
from imgtool.lint.registry import ShellCodes, add_packs, load, needed
from imgtool.lint.result import LintResult
from imgtool.lint.runner import ShellFindings, lint
from imgtool.syntax import parse, source
from imgtool.values import NamedTuple

if TYPE_CHECKING:
    from imgtool.lint.shellcheck import Pending

AHEAD = 16
"""Files whose scripts ShellCheck gets at once. It starts in 5 ms and takes 13 ms for a file's scripts."""

UNSWEPT = 1 << 24
"""Bytes of Dockerfiles between two searches for garbage, where Python itself does not search: it has five times as many."""


def in_turn(jobs: Sequence[Job]) -> Iterator[Outcome]:
    """Work through the jobs; while the rules read some files, ShellCheck reads the scripts of the next ones."""
    ahead: list[_Read] = []
    unswept = 0
    for start in range(0, len(jobs), AHEAD):
        read = _asked([_read(job) for job in jobs[start : start + AHEAD]])
        yield from map(_finish, ahead)
        ahead = read
        unswept += sum(len(file.data) for file in read)
        if unswept > UNSWEPT and not gc.isenabled():
            gc.collect()
            if not gc.get_freeze_count():
                # code and tables, which stay, and a few files
                gc.freeze()
            unswept = 0
    yield from map(_finish, ahead)


def part(jobs: Sequence[Job]) -> list[Outcome]:
    """Likewise, in another process."""
    # one that was not forked has none of them
    add_packs(dict.fromkeys(name for job in jobs for name in job.plugins))
    return list(in_turn(jobs))


class _Read(NamedTuple):
    """A job whose file has been read, or could not be. ``pending`` is what ShellCheck will say of it."""

    job: Job
    data: bytes = b""
    problem: str = ""
    facts: Facts | None = None
    pending: Pending | None = None


def _read(job: Job) -> _Read:
    try:
        data = source.load(job.path) if job.data is None else job.data
    except OSError as error:
        return _Read(job, problem=f"{job.shown}: cannot be read: {error.strerror}")
    return _Read(job, data, facts=Facts(parse(data), job.facts))


def _asked(read: list[_Read]) -> list[_Read]:
    """The same, with ShellCheck begun on the scripts of them all."""
    if not any(file.job.shell for file in read):
        return read
    from imgtool.lint.shellcheck import ask  # noqa: PLC0415 - not every run needs it

    answers = iter(ask(file.facts for file in read if file.job.shell and file.facts))
    return [file._replace(pending=next(answers)) if file.job.shell and file.facts else file for file in read]


def _finish(read: _Read) -> Outcome:
    """Lint a file; with fixes where the job asks for them, nothing written."""
    job, data = read.job, read.data
    if read.problem:
        return Outcome(job, None, read.problem)
    wanted, spared = needed(job.rules, data)
    rules = [load(entry) for entry in wanted]
    shell = _shell(job.shell, read) if job.shell else None
    facts = read.facts

    def once(current: bytes) -> LintResult:
        return lint(
            current,
            job.shown,
            rules,
            job.facts,
            job.options,
            job.judgement,
            spared,
            shell=shell,
            knowledge=facts if current is data else None,
        )

    # where nothing is kept, nothing is compared later
    noted: AbstractContextManager[Looks] = noting() if job.cache else nullcontext({})
    with noted as looks:
        fixed = fix(data, once, unsafe=job.unsafe) if job.fix else None
        result = fixed.left if fixed else once(data)
    staged = job.facts.stage is None or Facts(parse(data), job.facts).target is not None
    outcome = Outcome(job, result, notice=notice(job), data=data, fixed=fixed, staged=staged)
    if job.cache and not fixed and facts and not facts.secrets and _is_whole(outcome):
        cache.keep(job.cache, cache.key(job, data), Kept(result.findings, staged), looks)
    return outcome


def _is_whole(outcome: Outcome) -> bool:
    """Whether all rules did their work, and ShellCheck did where it is there."""
    if outcome.result is None or outcome.result.failures:
        return False
    if outcome.job.shell is None:
        return True
    from imgtool.lint.shellcheck import complete, problem  # noqa: PLC0415 - not every run needs it

    return complete() and not problem(wanted=False)


def _shell(codes: ShellCodes, read: _Read) -> ShellFindings:
    from imgtool.lint.shellcheck import ask  # noqa: PLC0415 - not every run needs it

    def begin(facts: Facts) -> Pending:
        pending = read.pending if facts is read.facts and read.pending else ask([facts])[0]
        return lambda: [finding for finding in pending() if codes.has(finding.code)]

    return begin
