"""Linting many files: which, with which settings, and over several processes where that pays."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from imgtool import loading
from imgtool.config import ConfigFile, Section
from imgtool.discover import STDIN, Discovery, discover
from imgtool.facts.context import share_listings
from imgtool.facts.given import FactOptions
from imgtool.facts.looks import comparing
from imgtool.findings import Finding, Severity
from imgtool.gitignore import Patterns
from imgtool.lint import cache
from imgtool.lint.registry import (
    PROFILES,
    IndexEntry,
    Selection,
    ShellCodes,
    load,
    select,
    silenced,
)
from imgtool.lint.registry import find as by_name
from imgtool.lint.result import Judgement, LintResult
from imgtool.lint.settings import LintSettings, SettingsFinder
from imgtool.syntax import source
from imgtool.values import dataclass, field, replace

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

    from imgtool.lint.fixer import FixResult

# bytes of Dockerfiles, half a second's work. Measured where processes fork: two win from a tenth of a second on;
# where each has to import everything again, they need a quarter
WORTH_PROCESSES = 250_000

# concurrent.futures refuses more workers on Windows, which waits for 63 things at most
_MOST_PROCESSES = 61
# files whose findings a worker holds before it hands them over; fewer would start ShellCheck too often
_LARGEST_PART = 128

_select = lru_cache(maxsize=256)(select)
_silenced = lru_cache(maxsize=256)(silenced)


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line says; each file's configuration says the rest.

    ``fix`` applies safe fixes, with ``unsafe`` those too. ``cache``: what linting gives may be kept, and found again.
    """

    selection: Selection = field(default_factory=Selection)
    profile: str | None = None
    preview: bool = False
    shellcheck: bool | None = None
    build_args: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    stage: str | None = None
    context: Path | None = None
    baseline: Path | None = None
    config: ConfigFile | None = None
    isolated: bool = False
    exclude: tuple[str, ...] = ()
    force_exclude: bool = False
    stdin_name: Path | None = None
    fix: bool = False
    unsafe: bool = False
    cache: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """One file with its settings. ``data`` is given for standard input alone; ``plugins`` are the rule packs it has.

    ``shell`` is None where ShellCheck is not to run; ``shell_wanted``: that it cannot is an error.
    """

    path: Path
    shown: str
    rules: tuple[IndexEntry, ...]
    options: Mapping[str, Any]
    facts: FactOptions
    fail_on: Severity | None
    fix: bool
    unsafe: bool
    data: bytes | None = None
    judgement: Judgement | None = None
    baseline: Path | None = None
    shell: ShellCodes | None = None
    shell_wanted: bool = False
    plugins: tuple[str, ...] = ()
    cache: Path | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job gave: findings (those left, with fixes applied), or the ``problem`` of reading the file.

    ``notice`` says why ShellCheck has not been asked. ``data`` is the file as read, ``fixed`` is set where fixes were
    asked for. ``staged``: the target stage exists.
    """

    job: Job
    result: LintResult | None
    problem: str = ""
    notice: str = ""
    data: bytes = field(default=b"", repr=False)
    fixed: FixResult | None = None
    staged: bool = True

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.result.findings if self.result else ()

    @property
    def changed(self) -> bytes | None:
        """The bytes with fixes applied, where they differ."""
        return self.fixed.data if self.fixed and self.fixed.data != self.data else None

    @property
    def creates(self) -> tuple[tuple[str, str], ...]:
        """Files that fixes write where there are none: paths with their texts."""
        return self.fixed.creates if self.fixed else ()

    @property
    def differs(self) -> bool:
        """Whether fixes change the file, or write another."""
        return self.changed is not None or bool(self.creates)

    def fails(self, fail_on: Severity | None = None) -> bool:
        """Whether a finding is as severe as ``fail_on``, or as the file's configuration says."""
        least = fail_on or self.job.fail_on
        return least is not None and any(f.severity.rank <= least.rank for f in self.findings)


# --- which files -----------------------------------------------------------------------------------------


def find(paths: Iterable[Path], request: Request) -> Discovery:
    """The Dockerfiles among and under ``paths``, less what command line and configuration exclude.

    Raises:
        ConfigError: a configuration file cannot be read or used.
    """
    settings = SettingsFinder(request.config, request.isolated)
    ours = (Patterns.of(Path.cwd(), request.exclude),)

    def excluded(path: Path) -> tuple[Patterns, ...]:
        return *settings.exclusions(path), *ours

    def how(path: Path) -> tuple[bool, bool]:
        there = settings.of(path / "Dockerfile" if os.path.isdir(path) else path)  # noqa: PTH112 - in a third of the time
        return request.force_exclude or there.force_exclude, there.respect_gitignore

    files: dict[str, Path] = {}
    problems: list[str] = []
    for (force, respect), alike in groupby(paths, how):
        found = discover(alike, exclude=excluded, force_exclude=force, respect_gitignore=respect)
        problems += found.problems
        for real, file in zip(found.real, found.files, strict=True):
            files.setdefault(real, file)
    return Discovery(tuple(files.values()), tuple(problems), tuple(files))


# --- with which settings ---------------------------------------------------------------------------------


def plan(files: Iterable[Path], request: Request, stdin: Callable[[], bytes]) -> list[Job]:
    """A job a file, in the order of the files. ``stdin`` is asked for the bytes of :data:`STDIN`.

    Raises:
        ConfigError: a configuration file cannot be read or used.
        OSError: standard input cannot be read.
    """
    finder = SettingsFinder(request.config, request.isolated)
    drafts: _Drafts = {}
    return [_job(file, request, finder, drafts, stdin) for file in files]


_Drafts: TypeAlias = dict[int, tuple[LintSettings, Job]]
"""A job without a file, by where in memory the settings are that it was made with; these stay there meanwhile."""


def _job(
    file: Path, request: Request, finder: SettingsFinder, drafts: _Drafts, stdin: Callable[[], bytes]
) -> Job:
    piped = file == STDIN
    name = request.stdin_name if piped else file
    settings = finder.of(name or file)
    known = drafts.get(id(settings))
    if known is None or settings.per_file_ignores:
        known = drafts[id(settings)] = settings, _draft(settings, name, request)
    draft = known[1]
    return replace(
        draft,
        path=file,
        shown=str(name or file),
        facts=draft.facts if piped else replace(draft.facts, dockerfile=file),
        data=stdin() if piped else None,
    )


def _draft(settings: LintSettings, name: Path | None, request: Request) -> Job:
    """A job, but for its file. ``name`` is what the file is called, which some settings depend on."""
    facts = FactOptions(
        build_args={**settings.build_args, **request.build_args},
        stage=request.stage,
        context=request.context or settings.context,
        context_how="option" if request.context else "config",
        policy=settings.policy,
    )
    layers = _layers(settings, name, request.selection)
    profile = request.profile or settings.profile
    shell = ShellCodes((PROFILES[profile], *layers))
    checked = settings.shellcheck if request.shellcheck is None else request.shellcheck
    return Job(
        path=STDIN,
        shown="",
        rules=_select(
            *layers,
            profile=profile,
            preview=request.preview or settings.preview,
            packs=settings.plugins,
        ),
        plugins=settings.plugins,
        options=_options(settings.rules),
        facts=facts,
        fail_on=settings.fail_on,
        fix=request.fix,
        unsafe=request.unsafe,
        judgement=Judgement(_silenced(*layers), settings.severities, settings.suppressions),
        baseline=request.baseline or settings.baseline,
        shell=shell if checked is not False and shell.any else None,
        shell_wanted=checked is True or bool(shell.named),
        cache=cache.folder(settings.cache) if request.cache else None,
    )


def _layers(settings: LintSettings, file: Path | None, asked: Selection) -> tuple[Selection, ...]:
    configured = Selection(settings.select, settings.ignore, settings.extend_select)
    # what a configuration leaves out of some files stays out, whatever the command line selects
    here = replace(settings, ignore=()).ignored_in(file) if file and settings.per_file_ignores else ()
    return configured, asked, Selection(ignore=here)


def _options(tables: Mapping[str, Section]) -> dict[str, Any]:
    found = {}
    for code, table in tables.items():
        kind = load(by_name(code)).options
        if kind is None:
            table.only(())
        else:
            found[code] = table.build(kind)
    return found


# --- doing it --------------------------------------------------------------------------------------------


def run(jobs: Sequence[Job], workers: int | None = None) -> Generator[Outcome]:
    """The outcomes in the order of the jobs, as they come. ``workers`` None: as many processes as pay."""
    share_listings()
    try:
        known = _known(jobs)
        done = _worked([job for number, job in enumerate(jobs) if number not in known], workers)
        for number in range(len(jobs)):
            yield known.pop(number) if number in known else next(done)
    finally:
        share_listings(share=False)


def _known(jobs: Sequence[Job]) -> dict[int, Outcome]:
    """The outcomes that an earlier run has kept, by the numbers of their jobs."""
    with comparing():
        kept = ((number, _kept(job)) for number, job in enumerate(jobs) if job.cache and not job.fix)
        return {number: outcome for number, outcome in kept if outcome}


def _kept(job: Job) -> Outcome | None:
    try:
        data = source.load(job.path) if job.data is None else job.data
    except OSError:
        return None
    found = cache.recall(job.cache, cache.key(job, data), len(data)) if job.cache else None
    if found is None:
        return None
    result = LintResult(job.shown, source.Source(data), found.findings)
    return Outcome(job, result, notice=notice(job), data=data, staged=found.staged)


def _worked(jobs: Sequence[Job], workers: int | None) -> Iterator[Outcome]:
    if not jobs:
        return
    # rules, families and the parser, which nothing else here needs
    loading.load("imgtool.lint.work")
    from imgtool.lint.work import in_turn, part  # noqa: PLC0415

    count = min(len(jobs), _worth(jobs) if workers is None else workers)
    if count < 2:
        yield from in_turn(jobs)
        return
    # 40 ms that small runs do not pay
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415
    from multiprocessing import Event  # noqa: PLC0415

    size = max(1, min(_LARGEST_PART, len(jobs) // (8 * count)))
    parts = [jobs[start : start + size] for start in range(0, len(jobs), size)]
    abandoned = Event()
    with ProcessPoolExecutor(count, initializer=_begin, initargs=(abandoned,)) as pool:
        try:
            for outcomes in pool.map(part, parts):
                yield from outcomes
        finally:
            # parts that have begun are waited for
            abandoned.set()


def _begin(abandoned: Event) -> None:
    """What a process of ours begins with."""
    import signal  # noqa: PLC0415 - one process needs none of it

    from imgtool.lint.work import end_when  # noqa: PLC0415

    # who interrupts the run ends this one
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()
    share_listings()
    end_when(abandoned.is_set)


def notice(job: Job) -> str:
    """Why ShellCheck says nothing of a file of which it was to say something."""
    if job.shell is None:
        return ""
    from imgtool.lint.shellcheck import problem  # noqa: PLC0415 - not every run needs it

    return problem(wanted=job.shell_wanted)


def _worth(jobs: Sequence[Job]) -> int:
    size = 0
    for job in jobs:
        with suppress(OSError):
            size += job.path.stat().st_size
    if size < WORTH_PROCESSES:
        return 1
    return min(processors(), _MOST_PROCESSES)


def processors() -> int:
    """How many this process may use: a container may have fewer than the machine."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1
