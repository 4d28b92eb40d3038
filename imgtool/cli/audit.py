"""``imgtool audit``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from imgtool import config as configs
from imgtool.audit import items, pools, work
from imgtool.audit.errors import AuditError
from imgtool.audit.items import Item
from imgtool.audit.pools import Submit
from imgtool.audit.work import Record, Row
from imgtool.cli import progress
from imgtool.cli.basics import STDIN, UNREADABLE
from imgtool.cli.images import NOT_MEASURABLE, Cached, PlainHttp, Platform, access
from imgtool.cli.inputs import Config, Isolated, ShellCheck
from imgtool.cli.output import say
from imgtool.config import ConfigError
from imgtool.images.reading import Access
from imgtool.leaks import hide
from imgtool.lint.batch import Request, processors
from imgtool.report.style import counted
from imgtool.values import dataclass, field

_EXTRA = {"pyarrow", "distributed", "dask"}
_MEMORY = 4 << 30
#: Failures that are named; all are in the tables.
_NAMED = 10

Reading: TypeAlias = tuple[str | None, Access]
"""Which platform of an image, and how it is reached."""

Pool: TypeAlias = tuple[Submit[Item, Record], int]
"""What begins the work on an item, and how many may be under way."""


def audit(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH|REF]...", help="Folders, Dockerfiles and images."),
    ] = None,
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where the tables are: a folder of its own.")
    ],
    images: Annotated[
        Path | None,
        typer.Option("--images", metavar="FILE", help="Images too, one a line; - for standard input."),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Do what the tables do not have yet, and forget what is gone."),
    ] = False,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, help="Processes; else as many as processors.")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", metavar="ADDRESS", help="Work on this Dask cluster: tcp://HOST:8786."),
    ] = None,
    seconds: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=0.1, help="That one item may take.")
    ] = 1800,
    config: Config = None,
    isolated: Isolated = False,
    shellcheck: ShellCheck = None,
    platform: Platform = None,
    plain_http: PlainHttp = False,
    cache: Cached = True,
) -> None:
    r"""Lint and measure a whole estate into Parquet tables.

    Folders are searched for Dockerfiles as imgtool lint does; each is linted by itself, without what lies beside
    it. Images are named as in imgtool size, and linted as by imgtool lint --image. DIR/items has a row for each of
    them, DIR/findings one for each finding: DuckDB, Spark and Pandas read them. What cannot be read, takes too long
    or ends its process is a row that says so.

    A run that was stopped goes on with --resume: what is done is not done again, unless the file, its settings or
    imgtool have changed; what failed is tried again; what is no longer there leaves the tables, once nothing fails
    that it may be behind.

    It needs the extra audit: pip install "imgtool-containers[audit]".

    \b
    Examples:
      imgtool audit ~/repositories --output estate.parquet
      imgtool audit ~/repositories --images images.txt --output estate.parquet --resume
      imgtool audit --images images.txt --output estate.parquet --scheduler tcp://scheduler:8786

    Exit code: 0 everything is in the tables, 2 wrong usage, nothing to do, no such cluster or the tables cannot be
    written, 3 some items failed.
    """
    if config and isolated:
        raise typer.BadParameter("--isolated reads no configuration, --config one")
    _refuse_inside(output, paths or [])
    try:
        request = Request(
            config=configs.load(config) if config else None, isolated=isolated, shellcheck=shellcheck
        )
        read = platform, access(plain_http=plain_http, cache=cache)
        coming = _items(paths or [], _listed(images), request, read)
        failed = _audited(coming, output, _pool(scheduler, jobs, seconds), resume=resume)
    except (ConfigError, UnicodeDecodeError, AuditError) as error:
        say(str(error))
        raise typer.Exit(UNREADABLE) from None
    except OSError as error:
        say(f"{error.filename or output} cannot be used: {error.strerror}")
        raise typer.Exit(UNREADABLE) from None
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        say('audit is an extra: pip install "imgtool-containers[audit]"')
        raise typer.Exit(UNREADABLE) from None
    raise typer.Exit(NOT_MEASURABLE if failed else 0)


def _refuse_inside(output: Path, words: Iterable[str]) -> None:
    """Refuse to write tables right among what is audited; a folder of their own in it is nobody's Dockerfile."""
    for word in words:
        if Path(word).is_dir() and output.resolve() == Path(word).resolve():
            raise typer.BadParameter(f"--output {output} is what is audited: give a folder of its own")


def _listed(path: Path | None) -> list[str]:
    """The images that a file lists; a line may end in a comment."""
    if path is None:
        return []
    text = sys.stdin.read() if str(path) == STDIN else path.read_text("utf-8")
    lines = (line.partition(" #")[0].strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _items(words: list[str], listed: list[str], request: Request, read: Reading) -> Iterator[Item]:
    """Everything there is to do."""
    images = dict.fromkeys([*filter(items.is_image, words), *listed])
    paths = [Path(word) for word in words if not items.is_image(word)]
    yield from items.dockerfiles(paths, request)
    if images:
        yield from items.images(images, request, *read)


@contextmanager
def _pool(scheduler: str | None, jobs: int | None, seconds: float) -> Iterator[Pool]:
    if scheduler is None:
        workers = jobs or processors()
        with pools.embedded(work.examine, workers, seconds=seconds, memory=_MEMORY) as submit:
            yield submit, workers * pools.AHEAD
    else:
        with pools.cluster(scheduler, work.examine, work.version) as (submit, threads):
            yield submit, threads * pools.AHEAD


@dataclass(slots=True)
class _Seen:
    """The keys and names of what there is, and how much of it failed, with why for the first ones."""

    keys: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    failed: int = 0
    reasons: list[str] = field(default_factory=list)

    def new(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, each once."""
        for item in items:
            if item.key not in self.keys:
                self.keys.add(item.key)
                self.names.add(item.name)
                yield item

    def note(self, row: Row) -> None:
        """Count a row that failed."""
        if row["status"] != work.OK:
            self.failed += 1
            if self.failed <= _NAMED:
                self.reasons.append(f"{row['path']}: {row['error']}")

    def keeps(self, row: Row) -> bool:
        """Whether a row of a run before stays: its item is there as it was, or may be behind what failed."""
        return row["key"] in self.keys or (bool(self.failed) and row["path"] not in self.names)


def _audited(
    coming: Iterable[Item], output: Path, pool: AbstractContextManager[Pool], *, resume: bool
) -> int:
    """Do what is not done, and write it; how many items failed.

    Raises:
        ConfigError: a configuration file cannot be read or used.
        AuditError: there is no such cluster, the folder cannot take an audit, or there is nothing to audit.
        OSError: the tables cannot be written.
    """
    from imgtool.audit import tables

    seen, number = _Seen(), 0
    with tables.opened(output, resume=resume) as table, pool as (submit, width), progress.line() as show:
        done = table.keys()
        left = (item for item in seen.new(coming) if item.key not in done)
        for record in pools.run(left, submit, width, work.failure):
            table.add(record)
            number += 1
            seen.note(record.item)
            show(f"{number} done, {seen.failed} failed: {record.item['path']}", passing=True)
        if not seen.keys:
            raise AuditError("nothing to audit: there is no Dockerfile, and no image is named")
        gone = table.keep(seen.keeps)
    before = len(seen.keys) - number
    for reason in seen.reasons:
        say(hide(reason))
    if seen.failed > _NAMED:
        say(f"{seen.failed - _NAMED} more failed: the column error of {output}/items says why")
    if gone:
        say(f"{counted(gone, 'item')} gone from the tables: no longer there, or no longer named")
    say(
        f"{counted(number - seen.failed, 'item')} audited, {seen.failed} failed, {before} done before: {output}"
    )
    return seen.failed
