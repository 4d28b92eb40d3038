"""What the engine's BuildKit says of a Dockerfile.

No image is fetched: each base image is an empty one that hands down the environment that imgtool's data knows of it,
given as a named context, so that the engine's images stay what they are.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from bkparity.places import Place, first_line
from imgtool.facts.facts import FactOptions, Facts
from imgtool.families import config, identify
from imgtool.syntax import parse
from imgtool.syntax.nodes import Document
from imgtool.syntax.operands import image

# what the engine's own platform gives; a name in FROM may depend on it
PLATFORM = {
    "BUILDPLATFORM": "linux/amd64", "BUILDOS": "linux", "BUILDOSVERSION": "", "BUILDARCH": "amd64",
    "BUILDVARIANT": "", "TARGETPLATFORM": "linux/amd64", "TARGETOS": "linux", "TARGETOSVERSION": "",
    "TARGETARCH": "amd64", "TARGETVARIANT": "", "TARGETSTAGE": "default",
}  # fmt: skip
_SECONDS = 60
# a frontend would be fetched from a registry
_DIRECTIVES = re.compile(rb"\A(?:[ \t]*#[ \t]*(?:syntax|escape|check)[ \t]*=[^\n]*(?:\n|\Z))+", re.IGNORECASE)
_SYNTAX = re.compile(rb"[ \t]*#[ \t]*syntax", re.IGNORECASE)
# said of the empty image, not of the one that is meant
_OF_THE_BASE = frozenset({"InvalidBaseImagePlatform"})


@dataclass(frozen=True, slots=True)
class Said:
    """The checks that fired, and the message of the error at which BuildKit stopped."""

    places: frozenset[Place]
    error: str | None = None
    line: int | None = None


@dataclass(slots=True)
class Engine:
    """The engine at DOCKER_HOST with the empty images made there; :meth:`close` removes them."""

    name: str
    folder: Path
    images: dict[tuple[str, ...], str] = field(default_factory=dict)
    _making: Lock = field(default_factory=Lock, repr=False)

    def check(self, data: bytes, context: Path | None = None) -> Said:
        """Run the build checks on a Dockerfile, ``context`` empty where not given."""
        document = parse(data)
        folder = self.folder / "empty"
        folder.mkdir(exist_ok=True)
        given = [f"--build-context={name}=docker-image://{stub}" for name, stub in self._stubs(document)]
        command = ["docker", "buildx", "build", "--progress=quiet", "--call=check,format=json", *given]
        done = subprocess.run(
            [*command, "--file=-", str(context or folder)],
            input=without_syntax(data),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
        if not done.stdout:
            return Said(frozenset(), done.stderr.decode("utf-8", "replace"))
        return _read(json.loads(done.stdout), document)

    def _stubs(self, document: Document) -> Iterator[tuple[str, str]]:
        facts = Facts(document, FactOptions(build_args=PLATFORM))
        names = {stage.name for stage in facts.stages}
        for reference in sorted(_images(facts) - names):
            yield reference, self._stub(reference)

    def _stub(self, reference: str) -> str:
        base = identify(reference)
        known = config(base).env if base else {}
        env = tuple(sorted(known))
        # files are asked about side by side
        with self._making:
            if env not in self.images:
                self.images[env] = self._make(env)
        return self.images[env]

    def _make(self, env: tuple[str, ...]) -> str:
        tag = f"{self.name}:{len(self.images)}"
        # no check looks at a value
        changes = [f"--change=ENV {name}=x" for name in env]
        command = ["docker", "import", *changes, "-", tag]
        subprocess.run(command, input=_empty(), capture_output=True, timeout=_SECONDS, check=True)
        return tag

    def close(self) -> None:
        """Remove the images made here."""
        for tag in self.images.values():
            subprocess.run(["docker", "rmi", tag], capture_output=True, timeout=_SECONDS, check=False)


def _images(facts: Facts) -> set[str]:
    """The images that the builder would look up."""
    bases = {stage.reference for stage in facts.stages if stage.parent is None}
    sources = {edge.source for edge in facts.graph.edges if edge.target is None and edge.via != "from"}
    named = {name for name in (*bases, *sources) if name and name != "scratch" and not name.isdigit()}
    return {name for name in named if image(name) is None}


def _empty() -> bytes:
    buffer = io.BytesIO()
    tarfile.open(fileobj=buffer, mode="w").close()
    return buffer.getvalue()


def without_syntax(data: bytes) -> bytes:
    """The file without its ``# syntax=``; a comment below the other directives takes its line."""
    found = _DIRECTIVES.match(data)
    lines = found[0].splitlines(keepends=True) if found else []
    kept = [line for line in lines if not _SYNTAX.match(line)]
    if found is None or kept == lines:
        return data
    return b"".join(kept) + b"# syntax\n" * (len(lines) - len(kept)) + data[found.end() :]


def _read(said: dict[str, Any], document: Document) -> Said:
    places = frozenset(
        Place(warning["ruleName"], first_line(document, span["start"]["line"]))
        for warning in said.get("warnings") or ()
        for span in warning["location"]["ranges"][:1]
        if warning["ruleName"] not in _OF_THE_BASE
    )
    error = said.get("buildError")
    if not error:
        return Said(places)
    spans = (error.get("location") or {}).get("ranges") or ()
    return Said(places, error["message"], spans[0]["start"]["line"] if spans else None)
