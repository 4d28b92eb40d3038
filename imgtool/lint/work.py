"""Linting the files of a run that nothing is kept of: reading them, asking ShellCheck, running the rules."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from itertools import takewhile
from typing import TYPE_CHECKING

from imgtool.facts.facts import Facts
from imgtool.lint import cache
from imgtool.lint.batch import Job, Outcome, notice
from imgtool.lint.cache import Kept
from imgtool.lint.fixer import FixResult, fix
from imgtool.lint.registry import ShellCodes, add_packs, load_all, needed
from imgtool.lint.result import Judgement, LintResult
from imgtool.lint.runner import ShellFindings, Task, lint_together
from imgtool.syntax import parse, source
from imgtool.values import NamedTuple, replace

if TYPE_CHECKING:
    from imgtool.lint.shellcheck import Pending

TOGETHER = 32
"""Files that each rule is asked about before the next rule is, and whose scripts ShellCheck gets at once: it starts in 5 ms
and takes 13 ms for a file's scripts.
"""

ENOUGH = 1 << 17
"""Bytes of Dockerfiles that are enough for that, be they fewer files: what is known of one takes fifty times as many."""

UNSWEPT = 1 << 20
"""New objects between two searches for garbage, where Python itself does not search. Of ours none is garbage; rule packs
may make some. A thousand files come to 360,000, most of them in caches.
"""


def in_turn(jobs: Sequence[Job]) -> Iterator[Outcome]:
    """Work through the jobs; while the rules read some files, ShellCheck reads the scripts of the next ones."""
    ahead: list[_Read] = []
    for group in _groups(jobs):
        read = _asked(group)
        yield from _finish(ahead)
        ahead = read
        # what was made less what went, counted whether Python searches or not
        if gc.get_count()[0] > UNSWEPT and not gc.isenabled():
            gc.collect()
            if not gc.get_freeze_count():
                # code and tables, which stay, and a few files
                gc.freeze()
    yield from _finish(ahead)


def part(jobs: Sequence[Job]) -> list[Outcome]:
    """Likewise, in another process; not all of them once nobody waits for them."""
    # one that was not forked has none of them
    add_packs(dict.fromkeys(name for job in jobs for name in job.plugins))
    return list(takewhile(_is_awaited, in_turn(jobs)))


# no, unless somebody says otherwise
_abandoned: ContextVar[Callable[[], bool]] = ContextVar("_abandoned", default=bool)


def end_when(abandoned: Callable[[], bool]) -> None:
    """From now on :func:`part` ends early where ``abandoned`` says so."""
    _abandoned.set(abandoned)


def _is_awaited(_outcome: Outcome) -> bool:
    return not _abandoned.get()()


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


def _groups(jobs: Sequence[Job]) -> Iterator[list[_Read]]:
    """The files of jobs, read, so many as are linted together."""
    group: list[_Read] = []
    size = 0
    for job in jobs:
        read = _read(job)
        group.append(read)
        size += len(read.data)
        if len(group) == TOGETHER or size > ENOUGH:
            yield group
            group, size = [], 0
    yield group


def _asked(read: list[_Read]) -> list[_Read]:
    """The same, with ShellCheck begun on the scripts of them all."""
    if not any(file.job.shell for file in read):
        return read
    from imgtool.lint.shellcheck import ask  # noqa: PLC0415 - not every run needs it

    answers = iter(ask(file.facts for file in read if file.job.shell and file.facts))
    return [file._replace(pending=next(answers)) if file.job.shell and file.facts else file for file in read]


def _finish(read: Sequence[_Read]) -> Iterator[Outcome]:
    """What linting some files gives, in their order; with fixes where their jobs ask for them, nothing written."""
    tasks = [_task(file) for file in read]
    results = iter(lint_together([t for t, file in zip(tasks, read, strict=True) if t and not file.job.fix]))
    for task, file in zip(tasks, read, strict=True):
        if task is None:
            yield Outcome(file.job, None, file.problem)
        elif file.job.fix:
            fixed = _fixed(task, file)
            yield _outcome(file, fixed.left, fixed)
        else:
            outcome = _outcome(file, next(results))
            _keep(outcome, task)
            yield outcome


def _task(read: _Read) -> Task | None:
    """With what a file is linted; None where it cannot be read."""
    job = read.job
    if read.facts is None:
        return None
    wanted, spared = needed(job.rules, read.data)
    return Task(
        job.shown,
        read.facts,
        load_all(wanted),
        job.options,
        job.judgement or Judgement(),
        spared,
        _shell(job.shell, read) if job.shell else None,
        # where nothing is kept, nothing is compared later
        {} if job.cache and not job.fix else None,
    )


def _fixed(task: Task, read: _Read) -> FixResult:
    known = iter([task])

    def once(current: bytes) -> LintResult:
        # the same bytes may come again, where the build context is another
        fresh = next(known, None) or replace(task, knowledge=Facts(parse(current), read.job.facts))
        return lint_together([fresh])[0]

    return fix(read.data, once, unsafe=read.job.unsafe)


def _outcome(read: _Read, result: LintResult, fixed: FixResult | None = None) -> Outcome:
    job = read.job
    staged = read.facts is None or job.facts.stage is None or read.facts.target is not None
    return Outcome(job, result, notice=notice(job), data=read.data, fixed=fixed, staged=staged)


def _keep(outcome: Outcome, task: Task) -> None:
    """Keep an outcome for a later run, where that is asked for, and nothing of it is secret or missing."""
    job = outcome.job
    secret = task.knowledge.secrets or (outcome.result and outcome.result.mask.places)
    if job.cache and task.looks is not None and not secret and _is_whole(outcome):
        kept = Kept(outcome.findings, outcome.staged)
        cache.keep(job.cache, cache.key(job, outcome.data), kept, task.looks)


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
