"""The applications of ``fixtures/projects``: what each needs served, how it is built, and what it must print.

Each has a ``project.toml``, which is no part of its build context::

    kind = "what it is an example of"
    target = "cuda"                     # the default
    serves = ["git"]                    # of SERVED, on the loopback address while it builds
    notes = "what is hard about it"
    status = "converted"                # what a rewrite of it comes to; the default
    least = 1.8                         # the factor by which it must shrink on the stand-in bases
    [build-args]                        # docker build --build-arg
    [[smoke]]                           # docker run IMAGE COMMAND…; at least one
    command = []
    output = "the whole standard output"
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = ROOT / "fixtures" / "projects"
SOURCES = ROOT / "fixtures" / "served"
# part of addresses in the projects' own files, and so of the engine's cache keys
PORT = 8931


@dataclass(frozen=True, slots=True)
class Smoke:
    """A container that is run, and all that it writes to standard output, line ends apart."""

    command: tuple[str, ...]
    output: str


@dataclass(frozen=True, slots=True)
class Project:
    name: str
    folder: Path
    kind: str
    target: str
    serves: tuple[str, ...]
    arguments: Mapping[str, str] = field(hash=False)
    smokes: tuple[Smoke, ...]
    notes: str
    status: str
    least: float

    def words(self) -> list[str]:
        """``--build-arg`` options, which docker and imgtool share."""
        return [word for item in self.arguments.items() for word in ("--build-arg", "=".join(item))]

    def context(self, folder: Path) -> Path:
        """A copy of what the project's author has; made in ``folder``."""
        made = folder / self.name
        shutil.copytree(self.folder, made, ignore=shutil.ignore_patterns("project.toml", "__pycache__"))
        return made


def load(folder: Path) -> Project:
    text = tomllib.loads((folder / "project.toml").read_text("utf-8"))
    smokes = tuple(Smoke(tuple(row.get("command", ())), row["output"].lstrip("\n")) for row in text["smoke"])
    assert smokes, folder
    return Project(
        name=folder.name,
        folder=folder,
        kind=text["kind"],
        target=text.get("target", "cuda"),
        serves=tuple(text.get("serves", ())),
        arguments=text.get("build-args", {}),
        smokes=smokes,
        notes=text["notes"],
        status=text.get("status", "converted"),
        least=text.get("least", 1.0),
    )


def every() -> list[Project]:
    return [load(path.parent) for path in sorted(PROJECTS.glob("*/project.toml"))]


# --- what builds fetch ---------------------------------------------------------------------------------


class CannotServeError(Exception):
    """Something that a project fetches cannot be had here."""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        pass


@contextmanager
def served(project: Project) -> Iterator[None]:
    """Serve what the project fetches, for as long as it builds.

    Raises:
        CannotServeError: it cannot be made, or the port is in use.
    """
    if not project.serves:
        yield
        return
    folder = ROOT / "build" / "served"
    for name in project.serves:
        SERVED[name](folder)
    handler = functools.partial(Quiet, directory=str(folder))
    server = _listening(handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _listening(handler: Callable[..., SimpleHTTPRequestHandler]) -> ThreadingHTTPServer:
    """A server on PORT, as soon as another run lets go of it."""
    end = time.monotonic() + 600
    while True:
        try:
            return ThreadingHTTPServer(("127.0.0.1", PORT), handler)
        except OSError as error:
            if time.monotonic() > end:
                raise CannotServeError(f"port {PORT}: {error.strerror}") from None
            time.sleep(2)


def _torch(folder: Path) -> None:
    """The CPU build of torch, in an index of its own."""
    index = folder / "whl" / "cpu" / "torch"
    if list(index.glob("*.whl")):
        return
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
    command += ["--python-version", "3.11", "--platform", "manylinux_2_28_x86_64"]
    command += ["--extra-index-url", "https://download.pytorch.org/whl/cpu", "--dest", str(index)]
    _made(index, [*command, "torch==2.13.0+cpu"])


def _git(folder: Path) -> None:
    """A bare repository with one tag, as a web server without a program for it has one."""
    bare = folder / "git" / "tokenlist.git"
    if bare.exists():
        return
    work = bare.with_name("tokenlist")
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(SOURCES / "tokenlist", work)
    git = ["git", "-C", str(work), "-c", "user.name=fixture", "-c", "user.email=fixture@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "tokenlist 1.2.0"], ["tag", "v1.2.0"]):
        _run(
            [*git, *words], GIT_AUTHOR_DATE="2024-01-01T00:00:00Z", GIT_COMMITTER_DATE="2024-01-01T00:00:00Z"
        )
    made = bare.with_name("new.git")
    shutil.rmtree(made, ignore_errors=True)
    _run(["git", "clone", "-q", "--bare", str(work), str(made)])
    _run(["git", "-C", str(made), "update-server-info"])
    made.rename(bare)


def _miniconda(folder: Path) -> None:
    """An installer of a prefix; see its Dockerfile."""
    made = folder / "miniconda"
    if not made.exists():
        _made(made, ["docker", *BUILD, "--output", f"type=local,dest={made}", str(SOURCES / "miniconda")])


SERVED: Mapping[str, Callable[[Path], None]] = {"torch": _torch, "git": _git, "miniconda": _miniconda}


def _made(place: Path, command: Sequence[str]) -> None:
    try:
        _run(command)
    except CommandError as error:
        shutil.rmtree(place, ignore_errors=True)
        raise CannotServeError(str(error)) from None


# --- the engine ------------------------------------------------------------------------------------------

# the host's network: builds reach package registries, and what is served here, through it
BUILD = ["build", "--network", "host", "--progress", "plain"]


class CommandError(Exception):
    """A command ended with another code than 0."""


def _run(command: Sequence[str], **environment: str) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env={**os.environ, "DOCKER_BUILDKIT": "1", **environment},
    )
    if done.returncode:
        raise CommandError(f"{' '.join(command[:6])} … ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return done.stdout


def build(image: str, dockerfile: Path, context: Path, project: Project, *words: str) -> float:
    """Build an image; the seconds that it took.

    Raises:
        CommandError: the build failed.
    """
    start = time.monotonic()
    _run(["docker", *BUILD, "-t", image, "-f", str(dockerfile), *project.words(), *words, str(context)])
    return time.monotonic() - start


def smoke(image: str, project: Project) -> list[str]:
    """What each container of the project's smokes writes, and how each differs from what it must write."""
    wrong = []
    for row in project.smokes:
        done = subprocess.run(
            ["docker", "run", "--rm", "--network", "none", image, *row.command],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=300,
            check=False,
        )
        if done.returncode or done.stdout != row.output:
            shown = json.dumps([*row.command])
            wrong.append(f"{shown}: code {done.returncode}, {done.stdout!r}\n{done.stderr[-2000:]}")
    return wrong


def remove(*images: str) -> None:
    subprocess.run(["docker", "image", "rm", "-f", *images], capture_output=True, check=False)


# --- a project and its rewrite, side by side -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one project.

    Attributes:
        status: ``converted``, ``unchanged`` or ``refused``, and the codes of the reasons.
        before: Bytes of the files to be seen in the original's merged tree.
        after: Likewise in the rewrite; None where there is none, or it does not build.
        wrong: What went wrong, each a few lines; nothing where every smoke of both images passes.
        failed: Checks of ``imgtool verify`` that did not pass; None where there was nothing to verify.
    """

    name: str
    status: str
    reasons: tuple[str, ...]
    before: int
    after: int | None
    wrong: tuple[str, ...]
    failed: tuple[str, ...] | None


def rewritten(project: Project, context: Path, *words: str) -> tuple[str, tuple[str, ...], Path]:
    """The status and the reasons' codes of a rewrite, and the file beside the context that it is in."""
    made = context.with_name(f"{project.name}.Dockerfile")
    command = [sys.executable, "-m", "imgtool", "rewrite", str(context / "Dockerfile"), "--format", "json"]
    (answer,) = json.loads(_run([*command, "--target", project.target, "--context", str(context), *words]))
    made.write_text(answer["dockerfile"], "utf-8")
    return answer["status"], tuple(reason["code"] for reason in answer["reasons"]), made


def compared(project: Project, folder: Path, *, keep: bool = False) -> Outcome:
    """Build a project and its rewrite, and run and weigh both.

    Raises:
        CannotServeError: what it fetches cannot be had here.
        CommandError: the original does not build, or the rewrite could not be written.
    """
    from imgtool.images.measure import measure  # noqa: PLC0415 - the fixtures are read without it

    context = project.context(folder)
    images = [f"imgtool-project-{project.name}:{word}" for word in ("before", "after")]
    sizes: list[int] = []
    wrong: list[str] = []
    failed = None
    status, reasons, made = rewritten(project, context)
    files = [context / "Dockerfile", made] if status == "converted" else [context / "Dockerfile"]
    try:
        with served(project):
            for image, file in zip(images, files, strict=False):
                try:
                    build(image, file, context, project)
                except CommandError as error:
                    if file != made:
                        raise
                    wrong.append(f"the rewrite does not build: {error}")
                    break
                wrong += [f"{image} {text}" for text in smoke(image, project)]
                sizes.append(measure(f"docker-daemon:{image}").flattened or 0)
            if len(sizes) > 1:
                failed = verified(project, files[0], made, context)
    finally:
        if not keep:
            remove(*images)
    after = sizes[1] if len(sizes) > 1 else None
    return Outcome(project.name, status, reasons, sizes[0], after, tuple(wrong), failed)


def verified(project: Project, first: Path, second: Path, context: Path) -> tuple[str, ...]:
    """The checks of a verdict about two Dockerfiles that did not pass, each with what it found first."""
    command = [sys.executable, "-m", "imgtool", "verify", str(first), str(second), "--context", str(context)]
    command += [*project.words(), "--network", "host", "--start", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout:
        return (f"exit code {done.returncode}: {done.stderr[-500:]}",)
    return tuple(
        ": ".join([check["name"], *wrong[:1]])
        for check in json.loads(done.stdout)["checks"]
        if (wrong := _unexplained(check)) or check["status"] != "passed"
    )


def _unexplained(check: Mapping[str, Any]) -> list[str]:
    rows = check["differences"]
    return [
        f"{row['path'] or ''} {row['message']}"
        for row in rows
        if row["weight"] == "fail" and not row["explained_by"]
    ]
