"""What requirement and project files ask for, and whether that can go through a wheelhouse."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from imgtool.edits import Span
from imgtool.facts.facts import Facts, Run
from imgtool.facts.packages import PackageOperation
from imgtool.regex import regex
from imgtool.rewrite import context_files
from imgtool.rewrite.commands import folder_of, joined, value_of
from imgtool.values import dataclass

MAX_FILES = 50
"""Requirement files that one installation may lead to."""

# options of a requirement file that leave the wheelhouse route sound: they say where wheels come from
_HARMLESS = (
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "--trusted-host",
    "--pre",
    "--prefer-binary",
)
_CONTINUED = regex(r"\\\r?\n")
_COMMENT = regex(r"(?:^|\s)#.*")
_OPTION = regex(r"(-r|-c|-e|--requirement|--constraint|--editable)(?:\s+|\s*=\s*|(?<=-[rce]))(\S.*)")
_EGG = regex(r"[#&]egg=([A-Za-z0-9._-]+)(?:\[([^\[\]#&]*)\])?")
# the name of a repository or a project's folder
_LAST = regex(r"([A-Za-z0-9._-]+)(?:@.*)?\Z")
_NAME = regex(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")
# names in calls of setup() and in Pipfile, which are read without being run
_QUOTED = regex(rb"[\"']([A-Za-z0-9][A-Za-z0-9._-]*(?:\[[^\]\"']*\])?)\s*(?:[<>=!~;@][^\"']*)?[\"']")
_LIST_BEGINS = regex(rb"(?:install_requires|extras_require)\s*=\s*[\[{]")
_LIST_ENDS = regex(rb"[\]}]\s*+[,)]")


class UnsupportedRequirementError(ValueError):
    """A line that a wheelhouse cannot serve; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """A named requirement: normalised name (PEP 503) and extras."""

    name: str
    extras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RequirementFile:
    """What a file says. ``unserved`` are lines that a wheelhouse cannot serve, each with the reason.

    ``named`` holds the names among those, too. ``files`` and ``constraints`` are paths of further files as written.
    """

    named: tuple[Requirement, ...] = ()
    files: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    unserved: tuple[str, ...] = ()


def parse(data: bytes) -> RequirementFile:
    """A requirement file as pip reads it; never raises."""
    text = _CONTINUED.sub(" ", data.decode("utf-8-sig", "replace"))
    named: list[Requirement] = []
    files: list[str] = []
    constraints: list[str] = []
    unserved: list[str] = []
    for line in (_COMMENT.sub("", line).strip() for line in text.splitlines()):
        option = _OPTION.fullmatch(line)
        if option and option[1] in ("-r", "--requirement"):
            files.append(option[2].strip())
        elif option and option[1] in ("-c", "--constraint"):
            constraints.append(option[2].strip())
        elif line and not line.startswith(_HARMLESS):
            requirement, reason = _line(line, editable=option[2] if option else None)
            named += [requirement] if requirement else []
            unserved += [reason] if reason else []
    return RequirementFile(tuple(named), tuple(files), tuple(constraints), tuple(unserved))


def _line(line: str, editable: str | None) -> tuple[Requirement | None, str | None]:
    """A line's requirement, and why a wheelhouse cannot serve it."""
    if editable is not None:
        return _by_place(editable), "an editable installation needs its sources at the same place"
    if line.startswith("-"):
        return None, f"{line.split(maxsplit=1)[0]} in a requirement file is not covered"
    if "://" in line.partition("@")[0] or line.startswith((".", "/", "~")) or line.endswith((".whl", ".gz")):
        return _by_place(line), f"{line[:80]!r} is not a named requirement"
    found = _NAME.match(line)
    if found is None:
        return None, f"{line[:80]!r} is not a named requirement"
    requirement = named(found[1], found[2])
    if "--hash" in line:
        return requirement, "hashes of wheels that are built here cannot match"
    if "@" in line[found.end() :].partition(";")[0]:
        return requirement, f"{found[1]} comes from a URL"
    return requirement, None


def named(name: str, extras: str | None = None) -> Requirement:
    """A requirement by its name in any spelling, and the text between its brackets."""
    wanted = (extra.strip() for extra in (extras or "").split(","))
    return Requirement(_normal(name), tuple(sorted(_normal(extra) for extra in wanted if extra)))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _by_place(text: str) -> Requirement | None:
    """The package that a URL, a repository or a folder holds, by its name."""
    egg = _EGG.search(text)
    if egg:
        return named(egg[1], egg[2])
    place = text.split(" ", maxsplit=1)[0].partition("[")[0]
    if place.partition("#")[0].endswith(".whl"):
        return named(posixpath.basename(place).partition("-")[0])
    last = _LAST.match(place.partition("#")[0].rstrip("/").rpartition("/")[2])
    name = last[1].removesuffix(".git") if last else ""
    return named(name) if name.strip(".") else None


# --- the files of an installation --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """What an installation asks for by files. ``unread`` are the words that name files which cannot be read."""

    named: tuple[Requirement, ...] = ()
    unserved: tuple[str, ...] = ()
    unread: tuple[Span, ...] = ()


def asked(facts: Facts, run: Run, operation: PackageOperation) -> Asked:
    """What the requirement files, and those they name, ask for; constraints ask for nothing. Never raises."""
    found: list[Requirement] = []
    unserved: list[str] = []
    unread: list[Span] = []
    for word in (*operation.requirement_files, *operation.constraint_files):
        path = joined(folder_of(operation.command, run, facts), value_of(word, run, facts))
        for content in _followed(facts, run, path):
            if content is None:
                unread.append(word.span)
            elif word in operation.requirement_files:
                found += content.named
                unserved += content.unserved
    return Asked(tuple(dict.fromkeys(found)), tuple(unserved), tuple(dict.fromkeys(unread)))


def _followed(facts: Facts, run: Run, path: str | None) -> Iterator[RequirementFile | None]:
    """A requirement file and those it leads to; None for each that cannot be read."""
    queue, seen = [path], {path}
    while queue:
        current = queue.pop()
        data = context_files.read(facts, run.stage, run.instruction, current) if current else None
        if current is None or data is None or len(seen) > MAX_FILES:
            yield None
            continue
        content = parse(data)
        yield content
        for nested in (*content.files, *content.constraints):
            place = joined(posixpath.dirname(current), nested)
            if place not in seen:
                seen.add(place)
                queue.append(place)


# --- projects ----------------------------------------------------------------------------------------


def of_project(facts: Facts, run: Run, folder: str | None) -> tuple[Requirement, ...] | None:
    """What a project's own files ask for directly; None where none of them can be read. Locks are not read:

    what a dependency brings is a fact about that dependency.
    """
    if folder is None:
        return None
    found: list[Requirement] = []
    seen = False
    for name, reader in _PROJECT_FILES.items():
        data = context_files.read(facts, run.stage, run.instruction, posixpath.join(folder, name))
        if data is not None:
            seen = True
            found += reader(data)
    return tuple(dict.fromkeys(found)) if seen else None


def _toml(data: bytes) -> Mapping[str, Any]:
    import tomllib  # noqa: PLC0415 - only projects need it

    try:
        return tomllib.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return {}


def _pyproject(data: bytes) -> Iterator[Requirement]:
    content = _toml(data)
    for path in ("project.dependencies", "project.optional-dependencies", "dependency-groups", "tool.uv"):
        yield from _listed(_at(content, path))
    for path in ("tool.poetry.dependencies", "tool.poetry.group", "tool.pdm.dev-dependencies"):
        yield from _keyed(_at(content, path))


def _at(content: object, path: str) -> object:
    for key in path.split("."):
        content = content.get(key) if isinstance(content, dict) else None
    return content


def _listed(value: object, depth: int = 0) -> Iterator[Requirement]:
    """The requirements in lists of texts, however deep."""
    if isinstance(value, str):
        found = _NAME.match(value)
        if found:
            yield named(found[1], found[2])
    elif isinstance(value, dict | list) and depth < 5:
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _listed(inner, depth + 1)


def _keyed(value: object, depth: int = 0) -> Iterator[Requirement]:
    """The requirements that are keys of a table, as Poetry and Pipenv write them."""
    for key, inner in value.items() if isinstance(value, dict) else ():
        extras = inner.get("extras") if isinstance(inner, dict) else None
        yield named(key, ",".join(map(str, extras)) if isinstance(extras, list) else None)
        if depth < 3:
            yield from _keyed(inner, depth + 1)


def _pipfile(data: bytes) -> Iterator[Requirement]:
    content = _toml(data)
    yield from _keyed(content.get("packages"))


def _setup(data: bytes) -> Iterator[Requirement]:
    """The texts in install_requires; setup.py is not run."""
    end = 0
    # one expression for both would look for the end from each beginning anew
    while (begins := _LIST_BEGINS.search(data, end)) and (ends := _LIST_ENDS.search(data, begins.end())):
        end = ends.end()
        for found in _QUOTED.finditer(data, begins.end(), ends.start()):
            name, _, extras = found[1].decode().partition("[")
            yield named(name, extras.rstrip("]"))


def _setup_cfg(data: bytes) -> Iterator[Requirement]:
    lines = data.decode("utf-8", "replace").splitlines()
    for line in lines:
        found = _NAME.fullmatch(re.split(r"[<>=!~;]", line)[0]) if line[:1].isspace() else None
        if found:
            yield named(found[1], found[2])


def _conda(data: bytes) -> Iterator[Requirement]:
    """The items of the lists of an environment file, those of pip among them."""
    for line in data.decode("utf-8", "replace").splitlines():
        item = line.strip().removeprefix("- ").strip("\"'")
        found = _NAME.match(item.rpartition("::")[2]) if line.strip().startswith("- ") else None
        if found:
            yield named(found[1], found[2])


_PROJECT_FILES = {
    "pyproject.toml": _pyproject,
    "setup.py": _setup,
    "setup.cfg": _setup_cfg,
    "Pipfile": _pipfile,
    "environment.yml": _conda,
    "environment.yaml": _conda,
}


def of_conda_file(data: bytes) -> tuple[Requirement, ...]:
    """What an environment file of conda asks for."""
    return tuple(_conda(data))
