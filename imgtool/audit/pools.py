"""Where the work of an audit is done: in processes of this machine, or on a Dask cluster.

Both are executors as the standard library knows them; what is lost with a process is tried again or becomes a row.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeAlias, TypeVar

from imgtool.audit.errors import AuditError

T = TypeVar("T")
R = TypeVar("R")

Submit: TypeAlias = Callable[[T], Future[R]]
"""Begins the work on one thing."""

AHEAD = 4
"""Things that wait for each worker, so that none idles."""


def run(things: Iterable[T], submit: Submit[T, R], width: int, lost: Callable[[T, str], R]) -> Iterator[R]:
    """The results, as they come, each thing once; never more than ``width`` are under way.

    ``lost`` makes a result of a thing whose worker gave none, for a reason in one clause. The one that a worker
    was at when it died is given to another, once.
    """
    coming = iter(things)
    pending = {submit(thing): (thing, 1) for thing in islice(coming, width)}
    while pending:
        ended, _ = wait(pending, return_when=FIRST_COMPLETED)
        for future in ended:
            thing, attempt = pending.pop(future)
            reason = _reason(future)
            if reason is not None and attempt == 1 and _died(future):
                pending[submit(thing)] = (thing, 2)
                continue
            yield future.result() if reason is None else lost(thing, reason)
            pending |= {submit(thing): (thing, 1) for thing in islice(coming, 1)}


def _died(future: Future[R]) -> bool:
    return type(future.exception()).__name__ == "ProcessExpired"


def _reason(future: Future[R]) -> str | None:
    """Why there is no result; None where there is one."""
    try:
        error = future.exception()
    except CancelledError:
        return "the cluster gave it up"
    if error is None:
        return None
    match type(error).__name__:
        case "TimeoutError":
            return f"it took longer than {error.args[1]:g} seconds"
        case "ProcessExpired":
            return f"its process died ({_code(getattr(error, 'exitcode', None))})"
        case "KilledWorker":
            return "the workers that were at it died"
        case name:
            return f"{name}: {error}"


def _code(code: int | None) -> str:
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"


def processors() -> int:
    """How many this process may use: a container may have fewer than the machine."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


@contextmanager
def embedded(
    work: Callable[[T], R], workers: int, *, seconds: float, memory: int | None
) -> Iterator[Submit[T, R]]:
    """Processes of this machine. Each thing may take ``seconds``, and on Linux each process ``memory`` bytes of addresses."""
    from pebble import ProcessPool  # noqa: PLC0415 - an extra

    # one that has threads is not forked
    context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
    pool = ProcessPool(workers, initializer=_limited, initargs=(memory,), context=context)
    try:
        yield lambda thing: pool.schedule(work, args=(thing,), timeout=seconds)
    finally:
        pool.stop()
        pool.join()


def _limited(memory: int | None) -> None:
    if memory is None or sys.platform != "linux":
        return
    import resource  # noqa: PLC0415 - Windows has none

    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard == resource.RLIM_INFINITY or memory < hard:
        resource.setrlimit(resource.RLIMIT_AS, (memory, hard))


@contextmanager
def cluster(
    address: str, work: Callable[[T], R], version: Callable[[], str]
) -> Iterator[tuple[Submit[T, R], int]]:
    """A Dask cluster by its scheduler's address, and how many threads it has. All of it has to be of our ``version``.

    Raises:
        AuditError: no scheduler answers, it has no workers, or one has another imgtool or none.
    """
    from distributed import Client  # noqa: PLC0415 - an extra that takes a second to load

    try:
        client = Client(address, timeout=20, set_as_default=False)
    except (OSError, ValueError) as error:
        raise AuditError(f"no scheduler answers at {address} ({type(error).__name__})") from None
    try:
        threads = sum(client.nthreads().values())
        if not threads:
            raise AuditError("the cluster has no workers")
        _check_versions(client, version)
        executor = client.get_executor(pure=False)
        yield lambda thing: executor.submit(work, thing), threads
    finally:
        client.close()


def _check_versions(client: Any, version: Callable[[], str]) -> None:
    try:
        theirs = set(client.run(version).values())
    except Exception as error:  # noqa: BLE001 - what a worker raises, it raises here
        raise AuditError(
            f"the cluster's workers have no imgtool like this one ({type(error).__name__})"
        ) from None
    if theirs != {version()}:
        raise AuditError(
            f"the cluster's workers have imgtool {', '.join(sorted(theirs))}, this is {version()}"
        )
