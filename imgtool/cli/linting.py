"""Doing what a command line of ``imgtool lint`` asks for: the only place of it that prints."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from imgtool import config as configs
from imgtool.cli.basics import STDIN, UNREADABLE, UsageError, build_args
from imgtool.cli.lint_call import FailOn, LintCall, LintFormat
from imgtool.cli.lint_report import show, write, write_statistics
from imgtool.cli.lint_tally import Tally
from imgtool.cli.output import diff_name, put, say
from imgtool.config import ConfigError, ConfigFile
from imgtool.discover import is_dockerfile_name
from imgtool.edits import write_atomic
from imgtool.findings import Severity
from imgtool.lint import batch
from imgtool.lint.batch import Job, Outcome, Request
from imgtool.lint.cache import unusable
from imgtool.lint.registry import RuleError, Selection, check_selectors
from imgtool.lint.registry import find as registered
from imgtool.lint.result import LintResult
from imgtool.report.style import counted, obeys, style_for
from imgtool.syntax.source import bounded, load

if TYPE_CHECKING:
    from imgtool.cli.lint_baseline import Baselines

# as imgtool.cli.images has it, which takes longer to load than a file takes to lint
UNMEASURABLE = 3
_ARCHIVES = {".tar", ".gz", ".tgz", ".zst"}
# seconds after which a terminal is told how far it is
_PATIENCE = 1.0

Selectors = list[str] | None


def run(call: LintCall) -> int:
    """Lint, print, write; the exit code.

    Raises:
        UsageError: options do not go together, or a selector names no rule.
        SystemExit: a configuration or standard input cannot be read, or no file has the stage; that was said.
        KeyboardInterrupt: somebody ended it; how far it came was said.
    """
    _refuse_usage(call)
    names = call.paths or [str(call.dockerfile or ".")]
    request = _request(call)
    _refuse_unknown(names, request)
    if call.unsafe_fixes and not (call.fix or call.diff):
        say("--unsafe-fixes does nothing without --fix or --diff")
    planned, outcomes, complaints = _work(names, request, call)
    if call.output_file:
        _refuse_overwriting(call.output_file, [call.dockerfile, *(job.path for job in planned)])
    known = None if call.diff else _baselines(planned, request, update=call.update_baseline)
    # with fixes, what comes in goes out
    out = sys.stderr if STDIN in names and call.fix and not call.diff else sys.stdout
    readable = call.output is LintFormat.TEXT or call.output_file is not None
    least = Severity(call.fail_on) if call.fail_on and call.fail_on is not FailOn.NEVER else None
    tally, results, style = Tally(), list[LintResult](), style_for(out)
    watched = _watched(outcomes, len(planned))
    try:
        for result in watched if call.stage is None else _staged(watched, call.stage, complaints):
            outcome = known.sift(result) if known else result
            tally.add(outcome, least)
            results += [outcome.result] if outcome.result and _is_report(call) else []
            complaints += _complaints(outcome)
            if call.diff:
                _print_diff(outcome)
                continue
            complaints += _write(outcome)
            if readable and not call.statistics and outcome.result:
                show(outcome.result, style, out)
    except KeyboardInterrupt:
        _interrupted(
            call, results, complaints, f"{tally.files} of {counted(len(planned), 'file')} linted", out
        )
        raise
    finally:
        # an exception holds it, and ending the process waits for the processes that it has
        outcomes.close()
    if _is_report(call):
        complaints += (write_statistics if call.statistics else write)(
            results, call.output, call.output_file, out
        )
    if readable and tally.told:
        say(tally.summary(known.hidden if known else 0, diff=call.diff, images=bool(call.image)))
    complaints += known.finish() if known else ()
    complaints += _unchecked(tally.notices)
    for complaint in complaints:
        say(complaint)
    _hint_at_images(call.paths if tally.findings or complaints or not planned else ())
    return _exit_code(tally, complaints, call.fail_on, diff=call.diff)


def _interrupted(
    call: LintCall, results: Sequence[LintResult], complaints: Iterable[str], linted: str, out: TextIO
) -> None:
    """Print what was found before somebody ended the run, and say how far it came."""
    # each line is whole; half of another report would pass for all of it
    lines = call.output is LintFormat.JSONL and not call.output_file
    failures = write(results, call.output, None, out) if lines else ()
    for complaint in (*failures, *complaints):
        say(complaint)
    say("interrupted" if call.image else f"interrupted: {linted}")


def _hint_at_images(words: Iterable[str] | None) -> None:
    """Say how images are linted that stand where files do."""
    for word in words or ():
        # what is a file by another name costs no import; a path object takes longer
        if os.path.splitext(word)[1] in _ARCHIVES or not os.path.isfile(word):  # noqa: PTH113, PTH122
            import shlex

            from imgtool.images.reference import looks_like_image

            if looks_like_image(word):
                say(f"{word} looks like an image: imgtool lint --image {shlex.quote(word)}")


def _refuse_usage(call: LintCall) -> None:
    """Refuse options that do not go together."""
    reported = _is_report(call)
    wrong = {
        "--diff prints a diff: no --format, --output-file or --statistics": call.diff and reported,
        "--statistics are text or json": call.statistics
        and call.output not in (LintFormat.TEXT, LintFormat.JSON),
        "--diff writes nothing, --update-baseline a file": call.diff and call.update_baseline,
        "--isolated reads no configuration, --config one": call.config and call.isolated,
        "--image looks into images: no PATH, --fix or --diff": call.image
        and (call.paths or call.fix or call.diff),
        "--dockerfile and --platform are about an --image": (call.dockerfile or call.platform)
        and not call.image,
    }
    for message, is_so in wrong.items():
        if is_so:
            raise UsageError(message)


def _refuse_overwriting(file: Path, linted: Iterable[Path | None]) -> None:
    """Refuse to write a report over what is linted, or over another Dockerfile."""
    if not file.is_file():
        return
    if _is_dockerfile(file) or any(path and path.exists() and file.samefile(path) for path in linted):
        raise UsageError(f"--output-file would overwrite {file}, a Dockerfile: name another file")


def _is_dockerfile(file: Path) -> bool:
    """Whether a file is one by its name and its text: Dockerfile.sarif may be an earlier report."""
    try:
        return is_dockerfile_name(file.name) and b"\nFROM " in b"\n" + load(file).upper()
    except OSError:
        return False


def _is_report(call: LintCall) -> bool:
    return bool(call.output is not LintFormat.TEXT or call.output_file or call.statistics)


def _request(call: LintCall) -> Request:
    return Request(
        selection=_selection(call.select, call.ignore, call.extend_select),
        profile=call.profile,
        preview=call.preview,
        shellcheck=call.shellcheck,
        build_args=build_args(call.build_arg),
        stage=call.stage,
        context=call.context,
        baseline=call.baseline,
        config=_config(call.config) if call.config else None,
        isolated=call.isolated,
        exclude=tuple(call.exclude or ()),
        force_exclude=call.force_exclude,
        stdin_name=call.stdin_filename,
        fix=call.fix or call.diff,
        unsafe=call.unsafe_fixes,
        cache=call.cache,
    )


def _unchecked(notices: Mapping[str, bool]) -> list[str]:
    """Why ShellCheck has not looked at shell code: a complaint where that was asked for, else just said."""
    texts = {f"{notice}; shell code is not checked": wanted for notice, wanted in notices.items()}
    for text, wanted in texts.items():
        if not wanted:
            say(f"{text} (--no-shellcheck if that is meant)")
    return [text for text, wanted in texts.items() if wanted]


def _work(
    names: list[str], request: Request, call: LintCall
) -> tuple[list[Job], Generator[Outcome], list[str]]:
    """What is to be done and doing it, and what is wrong with the names; ends where configuration is wrong."""
    try:
        if call.image:
            from imgtool.cli import lint_image

            planned = lint_image.jobs(call, request)
            return planned, lint_image.run(planned, call), []
        found = batch.find(map(Path, names), request)
        if not found.files and not found.problems:
            say(f"no Dockerfile found in {', '.join(names)}")
        planned = batch.plan(found.files, request, lambda: bounded(sys.stdin.buffer))
        for place in dict.fromkeys(job.cache for job in planned if job.cache):
            if problem := unusable(place):
                say(problem)
        return planned, batch.run(planned, call.jobs), [*found.problems]
    except ConfigError as error:
        say(str(error))
    except OSError as error:
        say(f"standard input cannot be read: {error.strerror}")
    raise SystemExit(UNREADABLE)


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
        raise SystemExit(UNREADABLE) from None


def _selection(select: Selectors, ignore: Selectors, extend: Selectors) -> Selection:
    given = {"--select": select, "--ignore": ignore, "--extend-select": extend}
    for option, texts in given.items():
        # a variable of a script that is empty would select nothing, and everything would pass
        if not all(_listed([text]) for text in texts or ()):
            raise UsageError(f"{option} names no rule")
    return Selection(None if select is None else _listed(select), _listed(ignore), _listed(extend))


def _refuse_unknown(names: Sequence[str], request: Request) -> None:
    """Refuse a selector that covers no rule, of rule packs neither."""
    asked = request.selection
    selectors = [*(asked.select or ()), *asked.ignore, *asked.extend]
    try:
        check_selectors(selectors)
    except RuleError:
        from imgtool.cli import packs

        files = (str(request.stdin_name or name) if name == STDIN else name for name in names)
        packs.load(files, request.config, isolated=request.isolated)
    try:
        check_selectors(selectors)
    except RuleError as error:
        raise UsageError(str(error)) from None


def _listed(texts: Selectors) -> tuple[str, ...]:
    words = (word.strip() for text in texts or () for word in text.split(","))
    return tuple(word for word in words if word)


def _watched(outcomes: Iterable[Outcome], total: int) -> Iterator[Outcome]:
    """The outcomes as they come; a terminal is told how many, once it takes long."""
    if not obeys(sys.stderr):
        yield from outcomes
        return
    start = time.monotonic()
    # what takes away the line that is there
    wipe = ""
    try:
        for number, outcome in enumerate(outcomes, 1):
            sys.stderr.write(wipe)
            yield outcome
            if time.monotonic() - start > _PATIENCE:
                wipe = "\r\x1b[K"
                sys.stderr.write(f"linted {number} of {total}")
                sys.stderr.flush()
    finally:
        sys.stderr.write(wipe)


def _staged(outcomes: Iterator[Outcome], stage: str, complaints: list[str]) -> Iterator[Outcome]:
    """The outcomes, none before a file is known to have the stage: where none has, all is about another one.

    Raises:
        SystemExit: no file has it; that was said, after the complaints.
    """
    held: list[Outcome] = []
    for outcome in outcomes:
        held.append(outcome)
        if outcome.staged:
            yield from held
            # long runs need not hold them any longer
            held.clear()
            yield from outcomes
    if held:
        failures = (failure for outcome in held for failure in _complaints(outcome))
        for complaint in (*complaints, *failures, f"no file has a stage {stage}"):
            say(complaint)
        raise SystemExit(UNREADABLE)


def _complaints(outcome: Outcome) -> Iterator[str]:
    if outcome.problem:
        yield outcome.problem
    if outcome.result:
        for failure in outcome.result.failures:
            error = outcome.result.mask.message(failure.error)
            whose = registered(failure.code).pack or "imgtool"
            yield f"{outcome.job.shown}: rule {failure.code} failed, a defect of {whose}: {error}"


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
    for path, text in outcome.creates:
        yield from _create(path, text)


def _create(path: str, text: str) -> Iterator[str]:
    """Write a new file; what is there stays, as another Dockerfile's fix may just have made it."""
    begun = False
    try:
        with Path(path).open("x", encoding="utf-8", newline="\n") as file:
            begun = True
            file.write(text)
    except FileExistsError:
        return
    except OSError as error:
        if begun:
            # half of it would be taken for what somebody wants
            Path(path).unlink()
        yield f"{path}: cannot be written: {error.strerror}"
    else:
        say(f"{_shown(path)} is new")


def _shown(path: str) -> str:
    """A path from here, where it is below."""
    file, here = Path(path), Path.cwd()
    return str(file.relative_to(here)) if file.is_relative_to(here) else path


def _print_diff(outcome: Outcome) -> None:
    from imgtool.report.diff import created, hides, unified

    changes = [created(text, diff_name(path)) for path, text in outcome.creates]
    if outcome.changed is not None:
        if hides(outcome.data, outcome.changed):
            say(f"{outcome.job.shown}: the diff hides a secret, so it cannot be applied; --fix can")
        changes.append(unified(outcome.data, outcome.changed, diff_name(outcome.job.shown)))
    for change in changes:
        put(change)


def _exit_code(tally: Tally, complaints: Sequence[str], fail_on: FailOn | None, *, diff: bool) -> int:
    if complaints:
        return UNREADABLE
    if tally.unread:
        # an image that cannot be read, which was said
        return UNMEASURABLE
    if diff:
        return int(tally.differ > 0)
    return 0 if fail_on is FailOn.NEVER else int(tally.fails)
