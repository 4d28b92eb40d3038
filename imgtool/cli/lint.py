"""``imgtool lint``."""

from __future__ import annotations

import enum
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imgtool import config as configs
from imgtool.cli.inputs import STDIN, UNREADABLE, BuildArgs, build_args
from imgtool.cli.lint_options import (
    BaselineOption,
    FormatOption,
    LintFormat,
    OutputFile,
    Statistics,
    UpdateBaseline,
)
from imgtool.cli.lint_report import show, write, write_statistics
from imgtool.cli.output import say
from imgtool.config import ConfigError, ConfigFile
from imgtool.edits import write_atomic
from imgtool.findings import Applicability, Severity
from imgtool.lint import batch
from imgtool.lint.batch import Job, Outcome, Request
from imgtool.lint.registry import RuleError, Selection, check_selectors
from imgtool.report.style import counted, printable
from imgtool.syntax.source import bounded, decode

if TYPE_CHECKING:
    from imgtool.cli.lint_baseline import Baselines

# seconds after which a terminal is told how far it is
_PATIENCE = 1.0


class FailOn(enum.StrEnum):
    """The mildest severity that makes the exit code 1."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    STYLE = "style"
    NEVER = "never"


class Profile(enum.StrEnum):
    """The set of rules to begin with."""

    DEFAULT = "default"
    HADOLINT = "hadolint"
    ALL = "all"


Selectors = list[str] | None


def lint(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...", help="Dockerfiles, folders, or - for standard input; else this folder."
        ),
    ] = None,
    select: Annotated[
        Selectors, typer.Option(metavar="CODES", help="Run these rules, whatever the configuration selects.")
    ] = None,
    ignore: Annotated[Selectors, typer.Option(metavar="CODES", help="Leave these rules out.")] = None,
    extend_select: Annotated[
        Selectors, typer.Option("--extend-select", metavar="CODES", help="Run these rules as well.")
    ] = None,
    profile: Annotated[
        Profile | None,
        typer.Option(metavar="NAME", help="The set to begin with: default, hadolint (its rules), or all."),
    ] = None,
    output: FormatOption = LintFormat.TEXT,
    output_file: OutputFile = None,
    baseline: BaselineOption = None,
    *,
    update_baseline: UpdateBaseline = False,
    statistics: Statistics = False,
    preview: Annotated[bool, typer.Option("--preview", help="New rules, too.")] = False,
    shellcheck: Annotated[
        bool | None,
        typer.Option(
            "--shellcheck/--no-shellcheck",
            help="Have ShellCheck read shell code; else where it is installed.",
        ),
    ] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Apply safe fixes to the files.")] = False,
    unsafe_fixes: Annotated[
        bool,
        typer.Option("--unsafe-fixes", help="With --fix or --diff: fixes that may change the image, too."),
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Print what --fix would change, and change nothing.")
    ] = False,
    build_arg: BuildArgs = None,
    stage: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The stage that ships: name or number; else the last."),
    ] = None,
    context: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="The build context.", exists=True, file_okay=False),
    ] = None,
    fail_on: Annotated[
        FailOn | None,
        typer.Option(
            "--fail-on", help="The mildest severity that makes the exit code 1; else any finding does."
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Use this configuration for every file.")
    ] = None,
    isolated: Annotated[bool, typer.Option("--isolated", help="Read no configuration.")] = False,
    exclude: Annotated[
        Selectors, typer.Option(metavar="PATTERN", help="Leave out of folders, as .gitignore would.")
    ] = None,
    force_exclude: Annotated[
        bool, typer.Option("--force-exclude", help="Exclude files that are named here, too.")
    ] = False,
    stdin_filename: Annotated[
        Path | None, typer.Option("--stdin-filename", metavar="NAME", help="What standard input is called.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", metavar="N", min=1, help="Processes; else as many as pay.")
    ] = None,
) -> None:
    r"""Find what makes a GPU or NPU image too big, too slow or wrong.

    A file that is named is linted whatever its name. In folders, Dockerfiles are found by name (Dockerfile,
    Containerfile, X.Dockerfile, Dockerfile.X, Dockerfile-X, Dockerfile_X, any case), and .gitignore is honoured. CODES are
    codes, prefixes of codes, names or ALL, separated by commas; an option may be repeated. The longest one
    that covers a rule decides.

    \b
    Examples:
      imgtool lint
      imgtool lint --select IMG1,driver-in-image --ignore IMG104 docker/
      imgtool lint --diff Dockerfile && imgtool lint --fix Dockerfile
      imgtool lint --format sarif --output-file imgtool.sarif
      imgtool lint --baseline known.json --update-baseline
      imgtool lint --fix - --stdin-filename docker/Dockerfile < docker/Dockerfile

    The settings of a file are in the nearest .imgtool.toml, imgtool.toml or pyproject.toml ([tool.imgtool])
    above it. Findings go to standard output, all else to standard error; with --fix and standard input it is
    the fixed text that goes to standard output.

    Exit code: 0 clean, or no Dockerfile found; 1 findings (with --fix, findings that are left; with --diff, a
    difference); 2 wrong usage, a file that cannot be read or written, or a rule that failed.
    """
    reported = output is not LintFormat.TEXT or output_file or statistics
    _refuse_usage(diff and reported, "--diff prints a diff: no --format, --output-file or --statistics")
    _refuse_usage(
        statistics and output not in (LintFormat.TEXT, LintFormat.JSON), "--statistics are text or json"
    )
    _refuse_usage(diff and update_baseline, "--diff writes nothing, --update-baseline a file")
    _refuse_usage(config and isolated, "--isolated reads no configuration, --config one")
    if unsafe_fixes and not (fix or diff):
        say("--unsafe-fixes does nothing without --fix or --diff")
    names = paths or ["."]
    request = Request(
        selection=_selection(select, ignore, extend_select),
        profile=profile,
        preview=preview,
        shellcheck=shellcheck,
        build_args=build_args(build_arg),
        stage=stage,
        context=context,
        baseline=baseline,
        config=_config(config) if config else None,
        isolated=isolated,
        exclude=tuple(exclude or ()),
        force_exclude=force_exclude,
        stdin_name=stdin_filename,
        fix=fix or diff,
        unsafe=unsafe_fixes,
    )
    planned, complaints = _planned(names, request)
    known = None if diff else _baselines(planned, request, update=update_baseline)
    # with fixes, what comes in goes out
    out = sys.stderr if STDIN in names and fix and not diff else sys.stdout
    readable = output is LintFormat.TEXT or output_file is not None
    done: list[Outcome] = []
    for result in _watched(batch.run(planned, jobs), len(planned)):
        outcome = known.sift(result) if known else result
        done.append(outcome)
        complaints += _complaints(outcome)
        if diff:
            _print_diff(outcome)
            continue
        complaints += _write(outcome)
        if readable and not statistics and outcome.result:
            show(outcome.result, out)
    if reported:
        results = [outcome.result for outcome in done if outcome.result]
        complaints += (write_statistics if statistics else write)(results, output, output_file, out)
    if readable and done:
        say(_summary(done, known.hidden if known else 0, diff=diff))
    if known:
        complaints += known.finish()
    if stage is not None and done and not any(outcome.staged for outcome in done):
        complaints.append(f"no file has a stage {stage}")
    complaints += _unchecked(done)
    for complaint in complaints:
        say(complaint)
    raise typer.Exit(_exit_code(done, complaints, fail_on, diff=diff))


def _unchecked(done: Sequence[Outcome]) -> list[str]:
    """Why ShellCheck has not looked at shell code: a complaint where that was asked for, else just said."""
    notices = {outcome.notice: outcome.job.shell_wanted for outcome in done if outcome.notice}
    texts = {f"{notice}; shell code is not checked": wanted for notice, wanted in notices.items()}
    for text, wanted in texts.items():
        if not wanted:
            say(f"{text} (--no-shellcheck if that is meant)")
    return [text for text, wanted in texts.items() if wanted]


def _refuse_usage(wrong: object, message: str) -> None:
    if wrong:
        raise typer.BadParameter(message)


def _planned(names: list[str], request: Request) -> tuple[list[Job], list[str]]:
    """What is to be done, and what is wrong with the names; ends the command where configuration is wrong."""
    try:
        found = batch.find(map(Path, names), request)
        if not found.files and not found.problems:
            say(f"no Dockerfile found in {', '.join(names)}")
        return batch.plan(found.files, request, lambda: bounded(sys.stdin.buffer)), [*found.problems]
    except ConfigError as error:
        say(str(error))
    except OSError as error:
        say(f"standard input cannot be read: {error.strerror}")
    raise typer.Exit(UNREADABLE)


def _baselines(planned: Sequence[Job], request: Request, *, update: bool) -> Baselines | None:
    paths = [request.baseline, *(job.baseline for job in planned)]
    if not update and not any(paths):
        return None
    from imgtool.cli.lint_baseline import baselines

    chosen = request.selection != Selection() or request.profile or request.preview
    return baselines(paths, update=update, narrowed=bool(chosen))


def _config(path: Path) -> ConfigFile:
    try:
        return configs.load(path)
    except ConfigError as error:
        say(str(error))
        raise typer.Exit(UNREADABLE) from None


def _selection(select: Selectors, ignore: Selectors, extend: Selectors) -> Selection:
    given = {"--select": select, "--ignore": ignore, "--extend-select": extend}
    for option, texts in given.items():
        # a variable of a script that is empty would select nothing, and everything would pass
        if not all(_listed([text]) for text in texts or ()):
            raise typer.BadParameter(f"{option} names no rule")
    asked = Selection(None if select is None else _listed(select), _listed(ignore), _listed(extend))
    try:
        check_selectors([*(asked.select or ()), *asked.ignore, *asked.extend])
    except RuleError as error:
        raise typer.BadParameter(str(error)) from None
    return asked


def _listed(texts: Selectors) -> tuple[str, ...]:
    words = (word.strip() for text in texts or () for word in text.split(","))
    return tuple(word for word in words if word)


def _watched(outcomes: Iterable[Outcome], total: int) -> Iterator[Outcome]:
    """The outcomes as they come; a terminal is told how many, once it takes long."""
    if not sys.stderr.isatty():
        yield from outcomes
        return
    start = time.monotonic()
    for number, outcome in enumerate(outcomes, 1):
        sys.stderr.write("\r\x1b[K")
        yield outcome
        if time.monotonic() - start > _PATIENCE:
            sys.stderr.write(f"linted {number} of {total}")
            sys.stderr.flush()
    sys.stderr.write("\r\x1b[K")


def _complaints(outcome: Outcome) -> Iterator[str]:
    if outcome.problem:
        yield outcome.problem
    if outcome.result:
        for failure in outcome.result.failures:
            error = outcome.result.mask.text(failure.error)
            yield f"{outcome.job.shown}: rule {failure.code} failed, a defect of imgtool: {error}"


def _write(outcome: Outcome) -> Iterator[str]:
    """Put fixes where they belong; yields why that is not possible."""
    if outcome.fixed is None:
        return
    if not outcome.fixed.converged:
        yield f"{outcome.job.shown}: fixes undo each other, a defect of imgtool; the file is as it was"
    if outcome.job.data is not None:
        sys.stdout.buffer.write(outcome.fixed.data)
        sys.stdout.buffer.flush()
    elif outcome.changed is not None:
        try:
            write_atomic(outcome.job.path, outcome.changed)
        except OSError as error:
            yield f"{outcome.job.shown}: cannot be written: {error.strerror}"


def _print_diff(outcome: Outcome) -> None:
    from imgtool.report.diff import hides, unified

    if outcome.changed is not None:
        if hides(outcome.data, outcome.changed):
            say(f"{outcome.job.shown}: the diff hides a secret, so it cannot be applied; --fix can")
        change = unified(outcome.data, outcome.changed, outcome.job.shown)
        if sys.stdout.isatty():
            sys.stdout.write("".join(f"{printable(line)}\n" for line in decode(change).splitlines()))
        else:
            sys.stdout.buffer.write(change)


def _summary(done: Sequence[Outcome], hidden: int, *, diff: bool) -> str:
    if diff:
        return f"{counted(sum(outcome.changed is not None for outcome in done), 'file')} would change"
    found = [finding for outcome in done for finding in outcome.findings]
    fixed = sum(outcome.fixed.fixed.total() for outcome in done if outcome.fixed)
    parts = [f"{fixed} fixed"] if fixed else []
    known = [f"{hidden} hidden by the baseline"] if hidden else []
    if not found:
        return ", ".join([*parts, f"no findings in {counted(len(done), 'file')}", *known])
    parts.append(
        f"{counted(len(found), 'finding')} in {counted(sum(bool(o.findings) for o in done), 'file')}"
    )
    offers = Counter(finding.fix.applicability for finding in found if finding.fix)
    if safe := offers[Applicability.SAFE]:
        parts.append(f"{safe} fixable with --fix")
    if unsafe := offers[Applicability.UNSAFE]:
        parts.append(f"{unsafe} with --fix --unsafe-fixes")
    return ", ".join([*parts, *known])


def _exit_code(
    done: Sequence[Outcome], complaints: Sequence[str], fail_on: FailOn | None, *, diff: bool
) -> int:
    if complaints:
        return UNREADABLE
    if diff:
        return int(any(outcome.changed is not None for outcome in done))
    if fail_on is FailOn.NEVER:
        return 0
    least = Severity(fail_on) if fail_on else None
    return int(any(outcome.fails(least) for outcome in done))
