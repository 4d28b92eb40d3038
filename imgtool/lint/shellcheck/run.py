"""Asking ShellCheck about many scripts at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from imgtool.values import NamedTuple

BATCH_SCRIPTS = 100
BATCH_BYTES = 1 << 17
"""What one process is asked. A process starts in 5 ms, a script takes 3 ms; in long batches the heap costs more."""

BATCH_SECONDS = 60.0
SCRIPT_SECONDS = 5.0
MAX_LOST = 3
"""Scripts that may run out of time before the rest of a run is given up."""

MAX_OUTPUT = 1 << 26
MAX_REMARKS = 1000
"""Bytes that a process may say, and remarks on one script that are taken."""


class _TimeoutError(Exception):
    """The program has not ended in time."""


class ShellCheckError(Exception):
    """ShellCheck cannot be started, or does not answer as it should."""


class Place(NamedTuple):
    """From line and column up to, not with, the end; all from 1, columns in code points."""

    line: int
    column: int
    end_line: int
    end_column: int


class Replacement(NamedTuple):
    """A change that ShellCheck proposes. ``after``: what is inserted belongs to what stands before it."""

    place: Place
    text: str
    after: bool


class Remark(NamedTuple):
    """What ShellCheck says about one place of a script."""

    code: str
    level: str
    message: str
    place: Place
    replacements: tuple[Replacement, ...]


Remarks = Mapping[bytes, tuple[Remark, ...]]


def check(scripts: Iterable[bytes], program: Path) -> dict[bytes, tuple[Remark, ...]]:
    """What ShellCheck says about each script. Each begins with a shebang; nothing of them is executed.

    A script that takes it longer than :data:`SCRIPT_SECONDS` has no answer.

    Raises:
        ShellCheckError: the program cannot be started or gives something else than an answer, or
            :data:`MAX_LOST` scripts have run out of time.
    """
    answers: dict[bytes, tuple[Remark, ...]] = {}
    lost = 0
    for batch in _batches(dict.fromkeys(scripts)):
        try:
            answers |= _ask(batch, program, BATCH_SECONDS)
            continue
        except _TimeoutError:
            pass
        for script in batch:
            try:
                answers |= _ask([script], program, SCRIPT_SECONDS)
            except _TimeoutError:
                lost += 1
                if lost == MAX_LOST:
                    raise ShellCheckError("it takes too long") from None
    return answers


def _batches(scripts: Iterable[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for script in scripts:
        if batch and (len(batch) == BATCH_SCRIPTS or size + len(script) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(script)
        size += len(script)
    if batch:
        yield batch


# reading the user's settings or a script's neighbours would make findings depend on the machine; what a script
# sources is not there
_OPTIONS = ("--norc", "--format=json1", "--exclude=SC1090,SC1091,SC2187")
_KEPT = ("SYSTEMROOT", "TEMP", "TMP", "TMPDIR")


def _ask(scripts: Sequence[bytes], program: Path, seconds: float) -> dict[bytes, tuple[Remark, ...]]:
    """One process.

    Raises:
        ShellCheckError: see :func:`check`.
        _TimeoutError: it has not ended in time.
    """
    import tempfile  # noqa: PLC0415 - 5 ms that only this needs

    with tempfile.TemporaryDirectory(prefix="imgtool-") as name:
        folder = Path(name)
        # a script must not be able to name another one
        token = os.urandom(8).hex()
        files = {f"{token}{number}": script for number, script in enumerate(scripts)}
        try:
            for file, script in files.items():
                (folder / file).write_bytes(script)
            said = _say(program, [*_OPTIONS, *files], folder, seconds)
        except OSError as error:
            raise ShellCheckError(f"{program}: {error.strerror}") from None
    remarks: dict[bytes, list[Remark]] = {script: [] for script in scripts}
    try:
        for comment in said["comments"]:
            found = remarks[files[comment["file"]]]
            if len(found) < MAX_REMARKS:
                found.append(_remark(comment))
    except (KeyError, TypeError):
        raise ShellCheckError(f"{program}: this is not ShellCheck 0.7 or later") from None
    return {script: tuple(found) for script, found in remarks.items()}


def _say(program: Path, arguments: Sequence[str], folder: Path, seconds: float) -> Any:
    import json  # noqa: PLC0415 - likewise
    import subprocess  # noqa: PLC0415 - 10 ms

    environment = {key: os.environ[key] for key in _KEPT if key in os.environ} | {"LC_ALL": "C.UTF-8"}
    output = folder / "answer"
    with output.open("xb") as stream:
        try:
            done = subprocess.run(
                [program, *arguments],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.DEVNULL,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _TimeoutError from None
    if done.returncode not in (0, 1) or output.stat().st_size > MAX_OUTPUT:
        raise ShellCheckError(f"{program}: exit code {done.returncode}")
    try:
        return json.loads(output.read_bytes())
    except ValueError:
        raise ShellCheckError(f"{program}: this is not ShellCheck 0.7 or later") from None


def _remark(comment: Mapping[str, Any]) -> Remark:
    changes = (comment.get("fix") or {}).get("replacements", ())
    return Remark(
        f"SC{comment['code']:04}",
        comment["level"],
        comment["message"],
        _place(comment),
        tuple(Replacement(_place(c), c["replacement"], c["insertionPoint"] == "afterEnd") for c in changes),
    )


def _place(at: Mapping[str, Any]) -> Place:
    return Place(at["line"], at["column"], at["endLine"], at["endColumn"])
