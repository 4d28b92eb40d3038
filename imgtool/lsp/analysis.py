"""What linting the text of an open document gives. Nothing is written, and nothing is raised."""

from __future__ import annotations

from pathlib import Path

from imgtool.config import ConfigError
from imgtool.discover import STDIN
from imgtool.edits import Span
from imgtool.facts.facts import Facts
from imgtool.facts.masks import Mask, mask
from imgtool.findings import Finding
from imgtool.lint import baseline, batch
from imgtool.lint.baseline import BaselineError
from imgtool.lint.batch import Job, Outcome, Request
from imgtool.syntax import parse
from imgtool.syntax.source import MAX_FILE
from imgtool.values import lazy, replace


class Analysis:
    """The findings in one version of a document.

    ``problem`` says why there are none to be had: a configuration that cannot be used, a text that is too large.
    ``notes`` are for the log: rules that raised, why ShellCheck was not asked.
    """

    def __init__(self, data: bytes, outcome: Outcome | None = None, problem: str = "") -> None:
        self.data = data
        self.outcome = outcome
        self.problem = problem

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.outcome.findings if self.outcome else ()

    @lazy
    def facts(self) -> Facts:
        """What is known of the document, for what is told besides findings."""
        return Facts(parse(self.data), self.outcome.job.facts if self.outcome else None)

    @lazy
    def mask(self) -> Mask:
        """What hides the document's secrets."""
        result = self.outcome.result if self.outcome else None
        # the runner makes none where it has nothing to tell
        if result and (result.findings or result.failures):
            return result.mask
        return mask(self.facts.document, self.facts.secrets)

    @property
    def notes(self) -> tuple[str, ...]:
        if self.outcome is None or self.outcome.result is None:
            return ()
        failed = (
            f"rule {failure.code} failed, a defect of it and not of the file: {self.mask.message(failure.error)}"
            for failure in self.outcome.result.failures
        )
        return (*failed, *filter(None, [self.outcome.notice]))

    def at(self, where: Span) -> list[Finding]:
        """The findings that touch a span or place."""
        return [f for f in self.findings if f.span.start <= where.end and where.start <= f.span.end]


def analyse(data: bytes, path: Path | None, request: Request) -> Analysis:
    """Lint a document; ``path`` is where it will be saved, None where that is not known. Never raises.

    Of a text that is too large nothing is known.
    """
    if len(data) > MAX_FILE:
        return Analysis(b"", problem=f"larger than {MAX_FILE:,} bytes: not linted")
    try:
        return Analysis(data, _known(_run(_job(data, path, request))))
    except (ConfigError, BaselineError) as error:
        return Analysis(data, problem=str(error))
    except Exception as error:  # noqa: BLE001 - a defect must not end the server with all its documents
        return Analysis(data, problem=f"a defect of imgtool: {type(error).__name__} (nothing was linted)")


def fixed(analysis: Analysis) -> Outcome | None:
    """What all safe fixes make of a document, as ``imgtool lint --fix`` applies them. Never raises."""
    if analysis.outcome is None:
        return None
    try:
        return _run(replace(analysis.outcome.job, fix=True, unsafe=False))
    except Exception:  # noqa: BLE001 - likewise
        return None


def _job(data: bytes, path: Path | None, request: Request) -> Job:
    (job,) = batch.plan([path or STDIN], request, lambda: data)
    return replace(job, data=data)


def _run(job: Job) -> Outcome:
    (outcome,) = batch.run([job], workers=1)
    return outcome


def _known(outcome: Outcome) -> Outcome:
    """The outcome without what the project's baseline has."""
    path = outcome.job.baseline
    if path is None or outcome.result is None or not path.exists():
        return outcome
    return replace(outcome, result=baseline.sift(outcome.result, baseline.load(path))[0])
