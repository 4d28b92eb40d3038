"""Dockerfiles to images in the engine, with the docker command and BuildKit. This runs the project's own code."""

from __future__ import annotations

import os
import signal
import subprocess
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Timer
from typing import IO

from imgtool.regex import regex
from imgtool.values import dataclass, field
from imgtool.verify.errors import NotEstablishedError
from imgtool.verify.run import throw_away

#: Seconds that a build may take, that it has to end itself when it is stopped, and that images are removed in.
TIMEOUT = 7200
_GRACE, _REMOVAL = 20, 120
#: Lines of a build's own words that are kept for the case that it fails, and characters of one.
_LAST_LINES, _MAX_LINE = 60, 2000
#: ``#7 [builder 3/9] RUN make``: what BuildKit's plain progress says when a step begins.
_STEP = regex(r"#\d+ (\[.+)")
_FAILED = "ERROR: "
#: What the docker command says where nothing builds at all.
_NO_ENGINE = ("Cannot connect to the Docker daemon", "buildx component is missing", "no builder ")

#: Is shown what a build is at: the text of its current step.
Show = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How images are built: as ``docker build`` has it. ``network`` is none, host or default.

    ``secrets``, ``ssh`` and ``contexts`` are handed on as they were written.
    """

    context: Path
    args: Mapping[str, str] = field(default_factory=dict, repr=False)
    network: str | None = None
    platform: str | None = None
    secrets: tuple[str, ...] = ()
    ssh: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    timeout: float = TIMEOUT


class BuildError(Exception):
    """A Dockerfile does not build. ``log`` are the last lines that the build wrote."""

    def __init__(self, reason: str, log: tuple[str, ...]) -> None:
        super().__init__(reason)
        self.reason, self.log = reason, log


def build(dockerfile: Path, recipe: Recipe, stage: str | None, show: Show) -> str:
    """Build a Dockerfile; the name of its image in the engine, for :func:`remove`.

    Without attestations, so that both images hold nothing but what the file asks for.

    Raises:
        BuildError: the file does not build.
        NotEstablishedError: there is no docker command, no BuildKit or no engine.
    """
    name = f"imgtool-verify:{uuid.uuid4().hex}"
    last = deque[str](maxlen=_LAST_LINES)
    code = None
    try:
        code = _built(_command(dockerfile, recipe, stage, name), recipe.timeout, last, show)
    finally:
        if code != 0:
            remove(name)
    if code == 0:
        return name
    raise _failure(code, recipe.timeout, tuple(last))


def remove(*names: str) -> None:
    """Take images' names from the engine, and an image with its last name."""
    if names:
        throw_away(["docker", "image", "rm", "--force", *names], _REMOVAL)


def _command(dockerfile: Path, recipe: Recipe, stage: str | None, name: str) -> list[str]:
    command = ["docker", "build", "--progress=plain", "--provenance=false", "--sbom=false", "--load"]
    command += [f"--tag={name}", f"--file={dockerfile}"]
    command += [f"--build-arg={key}={value}" for key, value in recipe.args.items()]
    command += [f"--network={recipe.network}"] if recipe.network else []
    command += [f"--platform={recipe.platform}"] if recipe.platform else []
    command += [f"--target={stage}"] if stage else []
    command += [f"--secret={secret}" for secret in recipe.secrets]
    command += [f"--ssh={agent}" for agent in recipe.ssh]
    command += [f"--build-context={named}" for named in recipe.contexts]
    return [*command, str(recipe.context)]


def _built(command: list[str], timeout: float, last: deque[str], show: Show) -> int | None:
    """The exit code of a build; None where it was stopped for its time."""
    variables = {**os.environ, "DOCKER_BUILDKIT": "1"}
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=variables
        )
    except OSError as error:
        raise NotEstablishedError(f"the docker command does not run ({error.strerror})") from None
    late = Event()

    def stop() -> None:
        late.set()
        process.terminate()

    timer = Timer(timeout, stop)
    timer.start()
    try:
        assert process.stdout  # noqa: S101 - asked for above
        _follow(process.stdout, last, show)
        code = process.wait()
    finally:
        timer.cancel()
        _end(process)
    return None if late.is_set() else code


def _follow(output: IO[bytes], last: deque[str], show: Show) -> None:
    while line := output.readline(_MAX_LINE):
        text = line.decode("utf-8", "replace").rstrip()
        last.append(text)
        step = _STEP.match(text)
        if step:
            show(step[1])


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop a build that is still there, as after Ctrl-C: the command tells BuildKit when it is interrupted."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout:
        process.stdout.close()


def _failure(code: int | None, timeout: float, last: tuple[str, ...]) -> Exception:
    if code is None:
        return BuildError(f"it was stopped after {timeout:.0f} seconds", last)
    # the last one: builds print such lines too
    said = next((line.removeprefix(_FAILED) for line in reversed(last) if line.startswith(_FAILED)), "")
    if any(words in said for words in _NO_ENGINE) or not any(line.startswith("#") for line in last):
        return NotEstablishedError(f"the engine does not build: {said or ' '.join(last[-1:])}")
    return BuildError(said or f"docker build ended with exit code {code}", last)
