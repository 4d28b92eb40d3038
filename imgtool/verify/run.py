"""Commands inside the images that are compared: this runs the images' own code, in containers that are thrown away."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Thread, Timer
from typing import IO

from imgtool.values import dataclass
from imgtool.verify.errors import NotEstablishedError

#: Seconds that one command may take, bytes of memory, processes, and bytes kept of each of its outputs.
TIMEOUT = 600
MEMORY = 8 << 30
PROCESSES = 4096
MAX_OUTPUT = 8 << 20
#: Seconds for the engine to remove a container.
_REMOVAL = 60
#: The exit code of ``docker run`` where no container started; a program's own 125 has no such words.
_NO_CONTAINER, _ITS_WORDS = 125, b"docker: "


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended. ``code`` is None where it was stopped for its time."""

    code: int | None
    out: bytes
    err: bytes


def run(
    image: str,
    argv: Sequence[str] | None,
    *,
    network: bool = False,
    read_only: bool = False,
    user: str | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    timeout: float = TIMEOUT,
    platform: str | None = None,
) -> Ran:
    """Run ``argv`` in a new container of an image of the engine, in place of its ENTRYPOINT and CMD.

    Without ``argv`` what the image starts by itself runs. The user, the working folder and the environment are
    those of the image's configuration. ``read_only`` leaves /tmp writable alone.

    Raises:
        NotEstablishedError: there is no docker command, or the engine cannot create the container.
    """
    name = f"imgtool-verify-{uuid.uuid4().hex}"
    command = ["docker", "run", "--rm", "--interactive", f"--name={name}", f"--memory={MEMORY}"]
    command += [f"--pids-limit={PROCESSES}", "--pull=never"]
    command += [] if network else ["--network=none"]
    command += ["--read-only", "--tmpfs=/tmp:exec"] if read_only else []
    command += [f"--user={user}"] if user else []
    command += [f"--platform={platform}"] if platform else []
    command += [f"--env={key}={value}" for key, value in (env or {}).items()]
    command += [image] if argv is None else [f"--entrypoint={argv[0]}", image, *argv[1:]]
    return _ended(command, name, stdin, timeout)


def _ended(command: Sequence[str], container: str, stdin: bytes, timeout: float) -> Ran:
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except OSError as error:
        raise NotEstablishedError(f"the docker command does not run ({error.strerror})") from None
    assert process.stdin and process.stdout and process.stderr  # noqa: S101, PT018 - asked for above
    out, err = bytearray(), bytearray()
    threads = [
        Thread(target=_feed, args=(process.stdin, stdin), daemon=True),
        Thread(target=_drain, args=(process.stdout, out), daemon=True),
        Thread(target=_drain, args=(process.stderr, err), daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        code: int | None = process.wait(timeout)
    except subprocess.TimeoutExpired:
        code = None
    finally:
        if process.returncode is None:
            # first, or it could still start what is to go
            process.kill()
            process.wait()
            throw_away(["docker", "rm", "--force", container], _REMOVAL)
    for thread in threads:
        thread.join(_REMOVAL)
    if code == _NO_CONTAINER and _ITS_WORDS in err:
        said = bytes(err).decode("utf-8", "replace").split("\n")[0]
        raise NotEstablishedError(f"the engine starts no container: {said}")
    return Ran(code, bytes(out), bytes(err))


def _feed(pipe: IO[bytes], data: bytes) -> None:
    # a program need not read what it is given
    with suppress(OSError), pipe:
        pipe.write(data)


def _drain(pipe: IO[bytes], kept: bytearray) -> None:
    with pipe:
        while data := pipe.read1(1 << 16):  # type: ignore[attr-defined]
            kept += data[: MAX_OUTPUT - len(kept)]


def throw_away(command: Sequence[str], seconds: float) -> None:
    """Have the docker command remove something, in so many seconds at most.

    A signal that ends this process, or its group, does not end that, and is not obeyed before it is done.
    """
    nowhere = subprocess.DEVNULL
    with suppress(OSError):
        process = subprocess.Popen(
            command, stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
        )
        late = Timer(seconds, process.kill)
        late.start()
        try:
            # leaving it waits once more
            with process:
                process.wait()
        finally:
            late.cancel()
