"""The hadolint program: what it reports of many files, by rule and first line of the instruction."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from imgtool.facts.facts import Policy

# it stops for all files of a process where one makes it crash
CHUNK = 50
NO_POLICY = Policy()
# codes that it has off by default; imgtool has them in preview
OFF = ("DL1001", "DL3057")


class Place(NamedTuple):
    """A finding: the rule, and the first line of the instruction that it is about."""

    code: str
    line: int


def _words(policy: Policy) -> Iterator[str]:
    """The options of hadolint that say the same."""
    for name, kind in policy.label_schema.items():
        yield from ("--require-label", f"{name}:{kind}")
    for registry in policy.trusted_registries:
        yield from ("--trusted-registry", registry)
    yield from ("--strict-labels",) if policy.strict_labels else ()


def program() -> str | None:
    """hadolint beside this interpreter, or on PATH."""
    own = Path(sys.executable).with_name("hadolint")
    return str(own) if own.exists() else shutil.which("hadolint")


def report(files: Sequence[bytes], policy: Policy = NO_POLICY) -> list[frozenset[Place] | str]:
    """hadolint's DL findings of each file: all rules, no suppressions.

    In place of findings: ``DL1000`` where it cannot parse the file, ``crash`` where it does not survive it.
    """
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.Dockerfile" for number in range(len(files))]
        for path, data in zip(paths, files, strict=True):
            path.write_bytes(data)
        found: dict[str, frozenset[Place] | str] = {}
        rest = iter(paths)
        while chunk := list(islice(rest, CHUNK)):
            found |= _chunk(chunk, policy)
    return [found[str(path)] for path in paths]


def _chunk(paths: Sequence[Path], policy: Policy) -> dict[str, frozenset[Place] | str]:
    rows = _run(paths, policy)
    if rows is not None:
        return {str(path): _places(r for r in rows if r["file"] == str(path)) for path in paths}
    if len(paths) == 1:
        return {str(paths[0]): "crash"}
    half = len(paths) // 2
    return _chunk(paths[:half], policy) | _chunk(paths[half:], policy)


def _run(paths: Sequence[Path], policy: Policy) -> list[dict[str, object]] | None:
    words = [program() or "hadolint", "--no-fail", "-f", "json", "--disable-ignore-pragma", *_words(policy)]
    words += [word for code in OFF for word in ("--info", code)]
    # away from any configuration file
    done = subprocess.run(
        [*words, *map(str, paths)], capture_output=True, cwd=paths[0].parent, check=False, env={}
    )
    return json.loads(done.stdout) if done.returncode == 0 and done.stdout else None


def _places(rows: Iterable[dict[str, object]]) -> frozenset[Place] | str:
    places = frozenset(Place(str(row["code"]), int(str(row["line"]))) for row in rows)
    if any(place.code == "DL1000" for place in places):
        return "DL1000"
    return frozenset(place for place in places if place.code.startswith("DL"))
