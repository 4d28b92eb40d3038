"""What linting a file gave, kept for the next run, which then loads neither rules nor the parser.

An entry is called after a digest of all that its findings depend on: the file's bytes, the rules and settings of the run,
imgtool itself with the grammar it reads shell code with, and ShellCheck. What the rules have seen of the build context
stands in the entry, and is looked at again before the entry counts. It is JSON, so a forged one can say something
wrong and do nothing. Findings of files that hold secrets, and those of rules that failed, are not kept.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgtool import __version__, cachedir
from imgtool.config import ConfigError
from imgtool.digests import digest
from imgtool.edits import Edit, Span
from imgtool.facts.looks import Look, same
from imgtool.findings import Applicability, Finding, Fix, Severity
from imgtool.values import NamedTuple

if TYPE_CHECKING:
    from imgtool.facts.given import FactOptions
    from imgtool.lint.batch import Job

FORMAT = 1
"""Of entries; another one is another folder."""

MAX_ENTRY = 1 << 20
"""Bytes of the largest entry."""

MAX_LOOKS = 2000
"""What rules may have looked at in the context of a file whose findings are kept."""

MAX_IN_FOLDER = 160
"""Entries in each of the 256 folders; a file has one to three kilobytes."""

# how old an entry is counts from its last use, to the day
_FRESH_SECONDS = 86_400

_VARIABLE = "IMGTOOL_CACHE_DIR"

_OURS = ("imgtool.", "imgtool_rules.")


class Kept(NamedTuple):
    """What is kept of a result. ``staged``: the target stage exists."""

    findings: tuple[Finding, ...]
    staged: bool


def folder(configured: Path | bool | None) -> Path | None:
    """Where entries are: as the environment says, as the project says, or where the system keeps such files.

    Raises:
        ConfigError: the environment names a folder that holds other files.
    """
    given = os.environ.get(_VARIABLE)
    if configured is False:
        return None
    if given:
        return _own(given)
    return configured if isinstance(configured, Path) else _usual()


# each folder with a configuration asks
@cache
def _own(given: str) -> Path:
    place = Path(given)
    if place.is_dir() and not cachedir.is_free(place):
        raise ConfigError(Path(_VARIABLE), f"{given} holds other files: it takes a folder of its own")
    return place


def unusable(top: Path) -> str:
    """Why nothing is kept in a folder that somebody has chosen; ``""`` where it is, or is not meant to be."""
    if top in (Path(os.devnull), _usual()):
        return ""
    try:
        cachedir.make(top)
    except OSError as error:
        reason = "it is no folder" if isinstance(error, FileExistsError) else error.strerror
    else:
        reason = "" if os.access(top, os.W_OK) else "it cannot be written to"
    return f"nothing is kept in {top}: {reason}" if reason else ""


@cache
def _usual() -> Path | None:
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "imgtool" / "Cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "imgtool"
    given = Path(os.environ.get("XDG_CACHE_HOME") or "")
    return (given if given.is_absolute() else home / ".cache") / "imgtool"


# --- what an entry is called ------------------------------------------------------------------------------


def key(job: Job, data: bytes) -> str:
    """The name of the entry for a job on these bytes; ``""`` where a rule is not ours, so its code is not known."""
    said = _settings(job)
    return digest(said, data) if said else ""


def _settings(job: Job) -> bytes:
    # packs change what codes there are, also where none of their rules runs
    if job.plugins or not all(rule.module.startswith(_OURS) for rule in job.rules):
        return b""
    return digest(_installed().encode(), settings(job)).encode()


def settings(job: Job) -> bytes:
    """All that a job's findings depend on beside the file's bytes and what of imgtool is installed."""
    judgement = job.judgement
    said = (
        [rule.code for rule in job.rules],
        sorted(job.options.items(), key=_first),
        _given(job.facts),
        judgement and (sorted(judgement.silenced), sorted(judgement.severities.items()), judgement.comments),
        job.shell and (job.shell, _shellcheck()),
    )
    return repr(said).encode("utf-8", "surrogateescape")


def _first(pair: tuple[str, Any]) -> str:
    return pair[0]


def _given(facts: FactOptions) -> tuple[Any, ...]:
    policy = facts.policy
    return (
        sorted(facts.build_args.items()),
        facts.stage,
        facts.dockerfile and (_real(facts.dockerfile.parent.absolute()), facts.dockerfile.name),
        facts.context and (_real(facts.context.absolute()), facts.context_how),
        (list(policy.label_schema.items()), policy.strict_labels, policy.trusted_registries),
    )


@cache
def _real(path: Path) -> str:
    return os.path.realpath(path)


@cache
def _installed() -> str:
    """A digest of imgtool's own files and of the grammar, by their sizes and times."""
    home = Path(__file__).parents[1]
    files = [f"{__version__} {sys.hexversion}"]
    for name in (home.name, "imgtool_rules", "rules"):
        files += _listed(home.with_name(name))
    for place in sys.path:
        for name in ("tree_sitter", "tree_sitter_bash"):
            with suppress(OSError):
                files.append(f"{name} {os.stat(os.path.join(place, name)).st_mtime_ns}")  # noqa: PTH116, PTH118
    return digest("\n".join(files).encode("utf-8", "surrogateescape"))


def _listed(top: Path) -> Iterator[str]:
    folders = [os.fspath(top)]
    for each in folders:
        try:
            entries = sorted(os.scandir(each), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir():
                folders += [] if entry.name == "__pycache__" else [entry.path]
            else:
                known = entry.stat()
                yield f"{entry.path} {known.st_size} {known.st_mtime_ns}"


@cache
def _shellcheck() -> tuple[str, int, int] | None:
    from imgtool.lint.shellcheck.program import find  # noqa: PLC0415 - not every run needs it

    program = find()
    if program is None:
        return None
    known = program.stat()
    return str(program), known.st_size, known.st_mtime_ns


# --- reading ----------------------------------------------------------------------------------------------


def recall(top: Path, name: str, size: int) -> Kept | None:
    """What is kept under that name, for a file of ``size`` bytes, where the build context is as it was."""
    if not name:
        return None
    import json  # noqa: PLC0415 - a run without a cache needs none

    path = _path(top, name)
    try:
        entry = json.loads(cachedir.read(path, MAX_ENTRY, _FRESH_SECONDS))
        looks, staged, rows = entry["looks"], entry["staged"], entry["findings"]
        findings = tuple(_finding(row, size) for row in rows)
        known = all(same(Look(str(kind), tuple(map(str, where)), str(seen))) for kind, where, seen in looks)
    # torn, forged, or gone
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return Kept(findings, staged is True) if known else None


def _path(top: Path, name: str) -> str:
    return f"{top}/v{FORMAT}/{name[:2]}/{name[2:]}.json"


def _finding(row: Sequence[Any], size: int) -> Finding:
    code, name, severity, span, message, aliases, fix, saves, related = row
    return Finding(
        _text(code),
        _text(name),
        Severity(severity),
        _span(span, size),
        _text(message),
        tuple(map(_text, aliases)),
        _fix(fix, size) if fix else None,
        None if saves is None else int(saves),
        tuple(_span(other, size) for other in related),
    )


def _fix(row: Sequence[Any], size: int) -> Fix:
    message, edits, applicability, creates = row
    return Fix(
        _text(message),
        tuple(Edit(*_span(edit[:2], size), _text(edit[2])) for edit in edits),
        Applicability(applicability),
        tuple((_text(path), _text(text)) for path, text in creates),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _span(value: Sequence[Any], size: int) -> Span:
    start, end = value
    if type(start) is not int or type(end) is not int or not 0 <= start <= end <= size:
        raise ValueError
    return Span(start, end)


# --- writing ----------------------------------------------------------------------------------------------


def keep(top: Path, name: str, kept: Kept, looks: Mapping[tuple[str, tuple[str, ...]], str]) -> None:
    """Write an entry, whole or not at all; where that is not possible, there is none."""
    # a listing that was cut short has no digest
    if not name or len(looks) > MAX_LOOKS or "" in looks.values():
        return
    if not all(map(_shows_nothing, _texts(kept.findings))):
        return
    import json  # noqa: PLC0415 - likewise

    entry = {
        "looks": [[kind, where, seen] for (kind, where), seen in looks.items()],
        "staged": kept.staged,
        "findings": [_row(finding) for finding in kept.findings],
    }
    data = json.dumps(entry, separators=(",", ":")).encode("ascii")
    if len(data) <= MAX_ENTRY:
        path = _path(top, name)
        with suppress(OSError):
            cachedir.write(top, path, data)
            _prune(os.path.dirname(path))  # noqa: PTH120 - paths are texts here


def _texts(findings: Iterable[Finding]) -> Iterator[str]:
    for finding in findings:
        yield finding.message
        if finding.fix:
            yield finding.fix.message
            yield from (edit.text for edit in finding.fix.edits)
            yield from (text for _, text in finding.fix.creates)


def _shows_nothing(text: str) -> bool:
    """Whether a text holds nothing that reports hide."""
    from imgtool.leaks import hide  # noqa: PLC0415 - a run that finds all entries does without

    return hide(text, ()) == text


def _row(finding: Finding) -> list[Any]:
    fix = finding.fix
    return [
        finding.code,
        finding.name,
        finding.severity,
        finding.span,
        finding.message,
        finding.aliases,
        fix and [fix.message, fix.edits, fix.applicability, fix.creates],
        finding.saves_bytes,
        finding.related,
    ]


def _prune(folder: str) -> None:
    """Remove the entries that have not been used for longest, where there are too many."""
    names = os.listdir(folder)  # noqa: PTH208 - likewise
    if len(names) <= MAX_IN_FOLDER:
        return
    ages = []
    for name in names:
        path = f"{folder}/{name}"
        with suppress(OSError):
            ages.append((os.stat(path).st_mtime, path))  # noqa: PTH116 - likewise
    # some more, or each new one would come here
    for _, path in sorted(ages)[: len(ages) - MAX_IN_FOLDER * 3 // 4]:
        with suppress(OSError):
            os.unlink(path)  # noqa: PTH108 - likewise
