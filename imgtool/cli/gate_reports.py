"""What ``imgtool gate`` writes where: reports in any form, files of them, a job's summary, the trend."""

from __future__ import annotations

import enum
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from imgtool.cli.basics import UsageError
from imgtool.cli.output import say
from imgtool.config import nearest
from imgtool.edits import write_atomic
from imgtool.gates import ratchet, trend
from imgtool.gates.model import Judged
from imgtool.images.measure import Measures
from imgtool.report.gates.common import Where
from imgtool.report.gates.data import as_json
from imgtool.report.gates.github import as_github
from imgtool.report.gates.gitlab import as_gitlab, as_metrics
from imgtool.report.gates.junit import as_junit
from imgtool.report.gates.markdown import as_markdown
from imgtool.report.gates.text import as_text
from imgtool.report.style import Style, counted, known, style_for
from imgtool.values import dataclass

_SUMMARY = "GITHUB_STEP_SUMMARY"
#: GitLab shows nothing that has no place; this is the file that calls the gate.
_GITLAB = Where(".gitlab-ci.yml")


class Format(enum.StrEnum):
    """How judgements are written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    GITHUB = "github"
    JUNIT = "junit"
    GITLAB = "gitlab"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class Reports:
    """What is written: ``printed`` to standard output, each of ``files`` in its form, a job's ``summary``, a ``trend``.

    ``key`` tells the comments of several gates on one change apart. ``where`` is what reports can point to.
    """

    printed: Format = Format.TEXT
    files: tuple[tuple[Format, Path], ...] = ()
    summary: Path | None = None
    trend: Path | None = None
    key: str = "default"
    where: Where | None = None


def outputs(texts: Iterable[str]) -> tuple[tuple[Format, Path], ...]:
    """Each ``FORMAT=FILE``.

    Raises:
        UsageError: it is of another form.
    """
    found = []
    for text in texts:
        name, _, path = text.partition("=")
        if name not in list(Format) or not path:
            hint = nearest(name, Format) if path else ""
            raise UsageError(f"--output takes FORMAT=FILE with {', '.join(Format)}, not {text!r}{hint}")
        found.append((Format(name), Path(path)))
    return tuple(found)


def summary_file(environ: Mapping[str, str]) -> Path:
    """Where a job's summary is gathered.

    Raises:
        UsageError: no service says where.
    """
    if not environ.get(_SUMMARY):
        raise UsageError(f"--summary appends to the file that {_SUMMARY} names, and it names none")
    return Path(environ[_SUMMARY])


def write(judged: Sequence[Judged], reports: Reports, now: datetime) -> Iterator[str]:
    """Write them all; yields why one cannot be."""
    sys.stdout.write(_report(judged, reports.printed, reports, style_for(sys.stdout)))
    for path, put in _puts(judged, reports, now):
        try:
            put(path)
        except OSError as error:
            yield f"{path}: cannot be written: {error.strerror}"


def _puts(
    judged: Sequence[Judged], reports: Reports, now: datetime
) -> Iterator[tuple[Path, Callable[[Path], None]]]:
    for form, path in reports.files:
        data = _report(judged, form, reports, Style()).encode()
        yield path, partial(write_atomic, data=data)
    if reports.summary:
        yield reports.summary, partial(_append, text=as_markdown(judged, reports.key))
    if reports.trend:
        yield reports.trend, partial(trend.append, judged=judged, now=now, environ=os.environ)


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{text}\n")


def _report(judged: Sequence[Judged], form: Format, reports: Reports, style: Style) -> str:
    match form:
        case Format.TEXT:
            return as_text(judged, style)
        case Format.JSON:
            return as_json(judged)
        case Format.MARKDOWN:
            return as_markdown(judged, reports.key)
        case Format.GITHUB:
            return as_github(judged, reports.where)
        case Format.JUNIT:
            return as_junit(judged)
        case Format.GITLAB:
            return as_gitlab(judged, reports.where or _GITLAB)
        case Format.METRICS:
            return as_metrics(judged)


def move(path: Path, old: Mapping[str, Measures], new: Mapping[str, Measures]) -> Iterator[str]:
    """Write the ratchet, and say what moved; yields why that is not possible."""
    try:
        write_atomic(path, ratchet.dump(new))
    except OSError as error:
        yield f"{path}: cannot be written: {error.strerror}"
        return
    say(f"{path}: {counted(len(new), 'image')}")
    for name in sorted(old.keys() | new.keys()):
        was, now = _weight(old.get(name)), _weight(new.get(name))
        if was != now:
            say(f"  {name}: {was} → {now} unpacked")


def _weight(measures: Measures | None) -> str:
    if measures is None:
        return "nothing"
    return known(measures.unpacked)
