"""The first check: what both images run with."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from imgtool.families.inherited import Default
from imgtool.families.model import rows
from imgtool.regex import regex
from imgtool.verify.model import CheckResult, Difference, Dropped, Image, Kind, Weight, result

NAME = "config"

#: Fields of an image's configuration whose values must be the same, and what none at all means.
_FIELDS: dict[str, Any] = {
    "Entrypoint": [],
    "Cmd": [],
    "WorkingDir": "/",
    "ExposedPorts": {},
    "Volumes": {},
    "Healthcheck": {},
    "StopSignal": "SIGTERM",
    "Shell": ["/bin/sh", "-c"],
    "OnBuild": [],
}
_ROOT = ("", "0", "root", "0:0", "root:root")
#: Variables of development images that only compiling reads: versions of packages, and where stubs lie.
_BUILD_VARIABLES = ("NV_", "NCCL_VERSION")
_STUBS = "/usr/local/cuda/lib64/stubs"
_WORDS = regex(r"[\s:;,=\"'|&<>()]+")
#: Labels that say when and from what an image was built.
_OF_THE_BUILD = ("org.opencontainers.image.created", "org.opencontainers.image.revision")


def check(before: Image, after: Image, dropped: Dropped) -> CheckResult:
    """Whether both images start the same program in the same way, and that program is there."""
    found = (
        *_fields(before.config, after.config),
        *_user(before, after),
        *_variables(environment(before.config), environment(after.config)),
        *_labels(before.config.get("Labels") or {}, after.config.get("Labels") or {}),
        *_program(before, after, dropped),
    )
    return result(NAME, found, f"{len(_FIELDS) + 3} fields")


def environment(config: Mapping[str, Any]) -> dict[str, str]:
    """The variables of a configuration; of a name that is given twice, the last value."""
    pairs = (text.partition("=") for text in config.get("Env") or () if isinstance(text, str))
    return {name: value for name, _, value in pairs}


def mentioned(image: Image) -> Iterator[str]:
    """Paths that an image's configuration speaks of: in commands, in variables, as working folder or volume."""
    config = image.config
    folder = config.get("WorkingDir") or "/"
    yield folder
    yield from config.get("Volumes") or ()
    for text in (
        *(config.get("Entrypoint") or ()),
        *(config.get("Cmd") or ()),
        *environment(config).values(),
    ):
        if isinstance(text, str):
            yield from (
                posixpath.normpath(posixpath.join(folder, word)) for word in _WORDS.split(text) if word
            )


def program(image: Image, argv: Sequence[str]) -> str | None:
    """The file that a command line of an image starts, links followed; None where there is none."""
    if not argv or not isinstance(argv[0], str) or not argv[0]:
        return None
    if "/" in argv[0]:
        path = posixpath.join(image.config.get("WorkingDir") or "/", argv[0])
        return _file(image, path)
    path = environment(image.config).get("PATH", rows("systems", "default", Default)[0].path)
    places = (posixpath.join("/", folder, argv[0]) for folder in path.split(":"))
    return next((found for place in places if (found := _file(image, place))), None)


def _file(image: Image, path: str) -> str | None:
    found = image.tree.resolve(path)
    node = image.tree.nodes.get(found or "")
    return found if node is not None and node.kind is Kind.FILE and (node.mode or 0) & 0o111 else None


def _fail(message: str, explained_by: str | None = None) -> Difference:
    return Difference(NAME, Weight.FAIL, None, message, explained_by)


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for name, nothing in _FIELDS.items():
        values = [config.get(name) or nothing for config in (before, after)]
        if values[0] != values[1]:
            yield _fail(f"{name} is {_shown(values[1])} instead of {_shown(values[0])}")


def _shown(value: object) -> str:
    if not value:
        return "empty"
    return repr(list(value) if isinstance(value, dict) and not any(value.values()) else value)


def _user(before: Image, after: Image) -> Iterator[Difference]:
    users = [str(image.config.get("User") or "") for image in (before, after)]
    if users[0] != users[1] and not all(user in _ROOT for user in users):
        yield _fail(f"User is {users[1] or 'root'!r} instead of {users[0] or 'root'!r}")


def _variables(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    for name, value in before.items():
        if after.get(name) == value:
            continue
        why = "devel-delta" if name.startswith(_BUILD_VARIABLES) or value == _STUBS else None
        was = "is missing" if name not in after else f"is {after[name]!r}"
        yield _fail(f"variable {name} {was} instead of {value!r}", why)
    for name in after.keys() - before.keys():
        weight = Weight.NOTE if name.startswith(_BUILD_VARIABLES) else Weight.WARN
        yield Difference(NAME, weight, None, f"variable {name} is new: {after[name]!r}")


def _labels(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    for name in sorted({**before, **after}):
        if before.get(name) != after.get(name):
            weight = Weight.NOTE if name in _OF_THE_BUILD else Weight.FAIL if name in before else Weight.WARN
            message = f"label {name} is {after.get(name)!r} instead of {before.get(name)!r}"
            yield Difference(NAME, weight, None, message)


def _program(before: Image, after: Image, dropped: Dropped) -> Iterator[Difference]:
    """What starts must be there: nothing else would notice before it starts."""
    for field in ("Entrypoint", "Cmd"):
        argv: Sequence[str] = before.config.get(field) or ()
        found = program(before, argv)
        if found and program(after, argv) is None:
            yield Difference(NAME, Weight.FAIL, found, f"{field} starts {argv[0]}, which is missing")
    for path in sorted(set(mentioned(before))):
        if path in before.tree.nodes and after.tree.resolve(path) is None:
            message = "it is missing, and the configuration names it"
            yield Difference(NAME, Weight.FAIL, path, message, dropped(path))
