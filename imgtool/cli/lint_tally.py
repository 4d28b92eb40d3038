"""What a run of ``imgtool lint`` comes to: counted file by file, so that no file's findings need to be held."""

from __future__ import annotations

from collections.abc import Iterable

from imgtool.findings import Applicability, Severity
from imgtool.lint.batch import Outcome
from imgtool.report.style import counted
from imgtool.values import dataclass, field


@dataclass(slots=True)
class Tally:
    """``notices`` are why ShellCheck has not been asked, and whether that was wanted for a file.

    ``unread`` are files and images of which nothing is known; ``told``: one of them was read.
    """

    files: int = 0
    findings: int = 0
    found_in: int = 0
    safe: int = 0
    unsafe: int = 0
    fixed: int = 0
    differ: int = 0
    unread: int = 0
    told: bool = False
    fails: bool = False
    notices: dict[str, bool] = field(default_factory=dict)

    def add(self, outcome: Outcome, least: Severity | None) -> None:
        """Count one file; it fails by ``least`` or by its configuration, or where a fix made a file."""
        offers = [finding.fix.applicability for finding in outcome.findings if finding.fix]
        self.files += 1
        self.findings += len(outcome.findings)
        self.found_in += bool(outcome.findings)
        self.safe += offers.count(Applicability.SAFE)
        self.unsafe += offers.count(Applicability.UNSAFE)
        self.fixed += outcome.fixed.fixed.total() if outcome.fixed else 0
        self.differ += outcome.differs
        self.unread += outcome.result is None
        self.told |= outcome.result is not None
        # pre-commit does not see a new file
        self.fails |= bool(outcome.creates) or outcome.fails(least)
        if outcome.notice:
            wanted = self.notices.get(outcome.notice, False) or outcome.job.shell_wanted
            self.notices[outcome.notice] = wanted

    def summary(self, hidden: int, *, diff: bool, images: bool = False) -> str:
        """One line for people; ``hidden`` findings a baseline knows. ``images`` are not counted as files."""
        if diff:
            return f"{counted(self.differ, 'file')} would change"
        parts = [f"{self.fixed} fixed"] if self.fixed else []
        known = [f"{hidden} hidden by the baseline"] if hidden else []
        if not self.findings:
            where = "" if images else f" in {counted(self.files - self.unread, 'file')}"
            return ", ".join([*parts, f"no findings{where}", *known])
        where = "" if images else f" in {counted(self.found_in, 'file')}"
        parts.append(f"{counted(self.findings, 'finding')}{where}")
        parts += _offers(self.safe, self.unsafe)
        return ", ".join([*parts, *known])


def _offers(safe: int, unsafe: int) -> Iterable[str]:
    if safe:
        yield f"{safe} fixable with --fix"
    if unsafe:
        yield f"{unsafe} with --fix --unsafe-fixes"
