"""Baselines of ``imgtool lint``: reading them, leaving out what they know, and writing them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from imgtool.cli.basics import UNREADABLE, UsageError
from imgtool.cli.output import say
from imgtool.edits import write_atomic
from imgtool.lint import baseline
from imgtool.lint import img002_unused_suppression as unused
from imgtool.lint.baseline import Baseline, BaselineError, Seen
from imgtool.lint.batch import Outcome
from imgtool.lint.fingerprint import relative
from imgtool.report.style import counted
from imgtool.values import dataclass, field, replace


@dataclass(slots=True)
class Baselines:
    """The baselines of a run, by their paths, and what was seen of them so far.

    ``narrowed``: the command line chose the rules, so nothing is known of the others.
    """

    known: Mapping[Path, Baseline]
    update: bool
    narrowed: bool
    seen: dict[Path, list[Seen]] = field(default_factory=dict)
    hidden: int = 0

    def sift(self, outcome: Outcome) -> Outcome:
        """The outcome less what its baseline knows; with ``update``, that will be everything."""
        path = outcome.job.baseline
        if path is None or outcome.result is None:
            return outcome
        result, entries = baseline.sift(outcome.result, self.known[path])
        file = relative(outcome.job.shown, path.parent)
        seen = Seen(
            file,
            entries,
            judged=_judged(outcome) if self.narrowed else None,
            failed=frozenset(failure.code for failure in outcome.result.failures),
            # which of its codes were asked for is not told, so a narrowed run judges none
            shell=not (self.narrowed or outcome.job.shell is None or outcome.notice),
        )
        self.seen.setdefault(path, []).append(seen)
        if self.update:
            result = replace(result, findings=())
        self.hidden += len(outcome.result.findings) - len(result.findings)
        return replace(outcome, result=result)

    def finish(self) -> Iterator[str]:
        """Say what is gone, or write what is there; yields why that is not possible."""
        for path, old in self.known.items():
            seen = self.seen.get(path, [])
            gone = len(baseline.gone(old, seen))
            if self.update:
                yield from _write(old, seen, gone)
            elif gone:
                say(f"{path}: {_are_gone(gone)} (--update-baseline removes what is gone)")


def _judged(outcome: Outcome) -> frozenset[str]:
    # whether a suppression is idle depends on the other rules
    return frozenset(rule.code for rule in outcome.job.rules if rule.code != unused.META.code)


def _are_gone(number: int) -> str:
    return "1 known finding is gone" if number == 1 else f"{number} known findings are gone"


def _write(old: Baseline, seen: Sequence[Seen], gone: int) -> Iterator[str]:
    entries = baseline.updated(old, seen)
    try:
        write_atomic(old.path, baseline.dump(entries))
    except OSError as error:
        yield f"{old.path}: cannot be written: {error.strerror}"
        return
    new = len(entries) - len(old.entries) + gone
    say(f"{old.path}: {counted(len(entries), 'finding')}, {new} new, {gone} gone")


def baselines(paths: Iterable[Path | None], *, update: bool, narrowed: bool) -> Baselines:
    """Read the baselines at ``paths``; ends the command where one cannot be used."""
    named = [path for path in dict.fromkeys(paths) if path is not None]
    if update and not named:
        raise UsageError("--update-baseline needs --baseline FILE, or baseline in the configuration")
    try:
        known = {path: _load(path, new=update) for path in named}
    except BaselineError as error:
        say(str(error))
        raise SystemExit(UNREADABLE) from None
    return Baselines(known, update, narrowed)


def _load(path: Path, *, new: bool) -> Baseline:
    return Baseline(path) if new and not path.exists() else baseline.load(path)
