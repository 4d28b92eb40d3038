"""Where the work of an audit is done: in processes of this machine, or on a Dask cluster.

Both begin work and give futures of the standard library. What is lost with a process becomes a result like others.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeAlias, TypeVar

from imgtool.audit.errors import AuditError
from imgtool.values import NamedTuple

T = TypeVar("T")
R = TypeVar("R")

Submit: TypeAlias = Callable[[T], Future[R]]
"""Begins the work on one thing."""

AHEAD = 4
"""Things that wait for each worker, so that none idles."""

ATTEMPTS = 2
"""A system that is short of memory ends the process of one for another's sake; who dies twice is at fault."""


class LostError(Exception):
    """There is no result; the text says why in one clause."""


def run(things: Iterable[T], submit: Submit[T, R], width: int, lost: Callable[[T, str], R]) -> Iterator[R]:
    """The results, as they come, one for each thing; never more than ``width`` are under way.

    ``lost`` makes the result of a thing whose worker gave none, for a reason in one clause.
    """
    coming = iter(things)
    pending = {submit(thing): thing for thing in islice(coming, width)}
    while pending:
        for future in wait(pending, return_when=FIRST_COMPLETED).done:
            thing = pending.pop(future)
            reason = _reason(future)
            yield future.result() if reason is None else lost(thing, reason)
            pending |= {submit(thing): thing for thing in islice(coming, 1)}


def _reason(future: Future[R]) -> str | None:
    """Why there is no result; None where there is one."""
    try:
        error = future.exception()
    except CancelledError:
        return "the cluster gave it up"
    if error is None:
        return None
    match type(error).__name__:
        case "LostError":
            return str(error)
        case "KilledWorker":
            return "the workers that were at it died"
        case name:
            return f"{name}: {error}"


# --- processes here ---------------------------------------------------------------------------------------


class _Worker(NamedTuple):
    process: BaseProcess
    pipe: Connection


class _DiedError(Exception):
    """A process ended before it answered."""


@contextmanager
def embedded(
    work: Callable[[T], R], workers: int, *, seconds: float, memory: int | None
) -> Iterator[Submit[T, R]]:
    """Processes of this machine. Each thing may take ``seconds``; on Linux each process may have ``memory`` bytes.

    A thread for each process sends it one thing at a time, so it is known what a process that dies was at.
    """
    # one that has threads is not forked
    context = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
    if sys.platform != "win32":
        # a process that is replaced starts with all that was imported
        context.set_forkserver_preload([work.__module__])
    here, started, over = threading.local(), list[_Worker](), threading.Event()

    def worker() -> _Worker:
        if not hasattr(here, "worker") or not here.worker.process.is_alive():
            here.worker = _start(context, work, memory)
            started.append(here.worker)
        return here.worker  # type: ignore[no-any-return]

    def ask(thing: T) -> R:
        reason = "the audit is over"
        for _ in range(ATTEMPTS):
            if over.is_set():
                break
            try:
                return _answer(worker(), thing, seconds)  # type: ignore[no-any-return]
            except _DiedError as died:
                reason = str(died)
        raise LostError(reason)

    with ThreadPoolExecutor(workers) as threads:
        try:
            yield lambda thing: threads.submit(ask, thing)
        finally:
            over.set()
            threads.shutdown(wait=False, cancel_futures=True)
            for one in started:
                one.process.kill()


def _answer(worker: _Worker, thing: Any, seconds: float) -> Any:
    try:
        worker.pipe.send(thing)
        if not worker.pipe.poll(seconds):
            worker.process.kill()
            worker.process.join()
            raise LostError(f"it took longer than {seconds:g} seconds")
        fault, answer = worker.pipe.recv()
    except (EOFError, OSError):
        worker.process.join()
        code = worker.process.exitcode or 0
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        raise _DiedError(f"its process died ({how})") from None
    if fault:
        raise LostError(fault)
    return answer


def _start(context: Any, work: Callable[[T], R], memory: int | None) -> _Worker:
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, work, memory), daemon=True)
    process.start()
    # it ends when ours is closed, and ours says so when it ends
    theirs.close()
    return _Worker(process, ours)


def _serve(pipe: Connection, work: Callable[[T], R], memory: int | None) -> None:
    """Do one thing after another, until nobody asks any more."""
    # who interrupts the audit ends this one
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit(memory)
    while True:
        try:
            thing = pipe.recv()
        except EOFError:
            return
        try:
            answer = work(thing)
        except Exception as error:  # noqa: BLE001 - it is theirs to judge
            pipe.send((f"{type(error).__name__}: {error}", None))
        else:
            pipe.send(("", answer))


def _limit(memory: int | None) -> None:
    if memory is None or sys.platform != "linux":
        return
    import resource  # noqa: PLC0415 - Windows has none

    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard == resource.RLIM_INFINITY or memory < hard:
        resource.setrlimit(resource.RLIMIT_AS, (memory, hard))


# --- a cluster --------------------------------------------------------------------------------------------


@contextmanager
def cluster(
    address: str, work: Callable[[T], R], version: Callable[[], str]
) -> Iterator[tuple[Submit[T, R], int]]:
    """A Dask cluster by its scheduler's address, and how many threads it has. All of it has to be of our ``version``.

    What a worker was at that dies is given to another one, as often as the scheduler allows.

    Raises:
        AuditError: no scheduler answers, it has no workers, or it or one of them has another imgtool or none.
    """
    from distributed import Client  # noqa: PLC0415 - an extra that takes a second to load

    try:
        client = Client(address, timeout=10, set_as_default=False)
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
        # the scheduler looks into what it hands on
        theirs = {client.run_on_scheduler(version), *client.run(version).values()}
    except Exception as error:  # noqa: BLE001 - what a worker raises, it raises here
        raise AuditError(f"the cluster has no imgtool like this one ({type(error).__name__})") from None
    if theirs != {version()}:
        raise AuditError(f"the cluster has imgtool {', '.join(sorted(theirs))}, this is {version()}")
