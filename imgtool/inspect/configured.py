"""What is wrong with a built image by its configuration, its history and the system that it says it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from imgtool.facts.told import read
from imgtool.families import BaseImage, identify
from imgtool.families.drivers import stub_path
from imgtool.families.life import life, system_life
from imgtool.families.model import collected
from imgtool.families.needs import (
    accelerator_of,
    device_variables,
    driver_folders,
    names_devices,
    software_of,
)
from imgtool.findings import Severity
from imgtool.images.contents import Contents
from imgtool.inspect.defects import LEAST, Defect, Survey
from imgtool.leaks import scan

#: Files that are read whole, without their first slash.
OS_RELEASE = frozenset({"etc/os-release", "usr/lib/os-release"})
LOADER_CONFIG = "etc/ld.so.conf"
MAX_CONFIG = 1 << 16

#: Characters of a history and an environment that are looked through for secrets; 5 s at worst.
_MAX_SCANNED = 1 << 20
_LIBRARY_PATH = "LD_LIBRARY_PATH"
_BASE_NAME = "org.opencontainers.image.base.name"
_SCRIPT = "set_env.sh"
_SHELLS = frozenset("sh bash dash ash zsh ksh fish".split())
_CUDA, _CANN = "cuda", "cann"
#: Kinds that are not there for programs to run with.
_NOT_RUN = frozenset({"cuda-compat", "cuda-static", "cuda-headers", "cuda-compiler", "nsight"})


def is_config(path: str, size: int) -> bool:
    """Whether a file, at a path without its first slash, is one that is read here."""
    return size <= MAX_CONFIG and (path in OS_RELEASE or path.startswith(LOADER_CONFIG))


def environment(config: Mapping[str, Any]) -> dict[str, str]:
    """The variables of an image's configuration."""
    inner = config.get("config")
    listed = inner.get("Env") if isinstance(inner, dict) else None
    words = (word for word in listed if isinstance(word, str)) if isinstance(listed, list) else ()
    return {name: value for name, equals, value in (word.partition("=") for word in words) if equals}


def of_config(contents: Contents, found: Survey) -> Iterator[Defect]:
    """Everything that this module knows to look for."""
    image = contents.measures.image
    env = environment(image.config)
    steps = _set_in(image.history)
    yield from _stubs(env, steps, contents, found)
    yield from _devices(env, steps)
    yield from _nvidia_variables(env, found)
    yield from _cann_variables(env, image.config, found)
    yield from _end_of_life(env, image.config, contents)
    yield from _secrets(env, steps, image.history)


def _set_in(history: tuple[Mapping[str, Any], ...]) -> dict[str, int]:
    """The last step of a history that sets each variable."""
    found: dict[str, int] = {}
    for number, entry in enumerate(history):
        step = read(entry)
        if step.keyword == "ENV":
            names = (word.partition("=")[0] for word in step.text.split())
            found.update(dict.fromkeys(names, number))
    return found


def _stubs(
    env: Mapping[str, str], steps: Mapping[str, int], contents: Contents, found: Survey
) -> Iterator[Defect]:
    for path, layer in found.stubs.items():
        yield Defect("IMG103", f"{path} leads to a stub, which is loaded instead of the driver", layer)
    if "stubs" not in found.sizes():
        return
    before: set[str] = set()
    for folder in filter(None, env.get(_LIBRARY_PATH, "").split(":")):
        fact = stub_path(folder, "env")
        if fact is not None and not before & set(driver_folders(fact.vendor)):
            about = f"{folder} on {_LIBRARY_PATH}: {fact.why}"
            yield Defect("IMG103", about, step=steps.get(_LIBRARY_PATH), severity=fact.severity)
        before.add(folder.rstrip("/"))
    for path, layer in found.kept.items():
        lines = contents.kept[path].decode("utf-8", "replace").splitlines() if LOADER_CONFIG in path else ()
        for line in lines:
            fact = None if line.startswith("#") else stub_path(line.strip(), "ldconfig")
            if fact is not None:
                yield Defect("IMG103", f"{line.strip()} in {path}: {fact.why}", layer, severity=fact.severity)


def _devices(env: Mapping[str, str], steps: Mapping[str, int]) -> Iterator[Defect]:
    within = device_variables(within=True)
    for name in sorted(device_variables() & env.keys()):
        if names_devices(env[name]):
            first = env[name].strip() == "0" and name in within
            yield Defect(
                "IMG117",
                f"{name}={env[name]}",
                step=steps.get(name),
                severity=Severity.INFO if first else None,
            )


def _nvidia_variables(env: Mapping[str, str], found: Survey) -> Iterator[Defect]:
    row = accelerator_of(_CUDA)
    held = [
        (files, layer)
        for (kind, layer), files in found.kinds.items()
        if kind.group == _CUDA and kind.id not in _NOT_RUN and files.size >= LEAST
    ]
    missing = [name for name in row.env if name not in env] if row else []
    if missing and held:
        files, layer = max(held, key=lambda one: one[0].size)
        yield Defect("IMG116", f"{' and '.join(missing)}, with {files.named}", layer)


def _cann_variables(env: Mapping[str, str], config: Mapping[str, Any], found: Survey) -> Iterator[Defect]:
    held = [(files, layer) for (kind, layer), files in found.kinds.items() if kind.id == f"{_CANN}-runtime"]
    if not held or any(_names_cann(entry) for value in env.values() for entry in value.split(":")):
        return
    words = _start(config)
    programs = {word.rpartition("/")[2] for word in words}
    # a script may source it, and so may a shell that somebody works in
    scripts = any(name.endswith((".sh", ".bash")) or "entrypoint" in name for name in programs)
    if words and not scripts and not programs & _SHELLS and _SCRIPT not in " ".join(words):
        files, layer = max(held, key=lambda one: one[0].size)
        yield Defect(
            "IMG112", f"{files.path} is there, and {words[0]} starts without what {_SCRIPT} sets", layer
        )


def _names_cann(value: str) -> bool:
    row = software_of("files", value)
    return row is not None and row.id == _CANN


def _start(config: Mapping[str, Any]) -> list[str]:
    """The words of ENTRYPOINT and CMD."""
    inner = config.get("config")
    parts = [inner.get(name) for name in ("Entrypoint", "Cmd")] if isinstance(inner, dict) else []
    return [word for part in parts if isinstance(part, list) for word in part if isinstance(word, str)]


# --- the system ------------------------------------------------------------------------------------------------


def _end_of_life(env: Mapping[str, str], config: Mapping[str, Any], contents: Contents) -> Iterator[Defect]:
    for base in filter(None, _bases(env, config, contents)):
        own, system = life(base), system_life(base)
        dead = system.status == "withdrawn"
        if own.status == "withdrawn" or (own.status == "superseded" and not dead):
            severity = Severity.INFO if own.status == "superseded" else None
            yield Defect("IMG115", f"{own.why} (as of {collected()})", severity=severity)
            return
        if dead:
            yield Defect("IMG115", f"{system.why} (as of {collected()})")
            return


def _bases(
    env: Mapping[str, str], config: Mapping[str, Any], contents: Contents
) -> Iterator[BaseImage | None]:
    """What the image says it is built on: its label, what NVIDIA's images set, the system's own file."""
    inner = config.get("config")
    labels = inner.get("Labels") if isinstance(inner, dict) else None
    name = labels.get(_BASE_NAME) if isinstance(labels, dict) else None
    if isinstance(name, str):
        yield identify(name)
    system = next((contents.kept[f"/{path}"] for path in OS_RELEASE if f"/{path}" in contents.kept), b"")
    release = dict(_assignments(system.decode("utf-8", "replace")))
    os, version = release.get("ID", ""), release.get("VERSION_ID", "")
    if "NVARCH" in env and "CUDA_VERSION" in env:
        yield identify(f"nvidia/cuda:{env['CUDA_VERSION']}-base-{os}{version}")
    if os and version:
        yield identify(f"{os}:{version}")


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals:
            yield name, value.strip().strip("\"'")


# --- secrets ---------------------------------------------------------------------------------------------------


def _secrets(
    env: Mapping[str, str], steps: Mapping[str, int], history: tuple[Mapping[str, Any], ...]
) -> Iterator[Defect]:
    """Secrets in the configuration and in the history, which everybody reads who has the image."""
    told: set[int] = set()
    left = _MAX_SCANNED
    for number, entry in enumerate(history):
        said = entry.get("created_by")
        text = said[:left] if isinstance(said, str) else ""
        left -= len(text)
        what = _secret(text)
        if what:
            told.add(number)
            yield Defect("IMG501", f"the image's history has the {what}", step=number)
    for name, value in env.items():
        text = f"{name}={value}"[:left]
        left -= len(text)
        what = _secret(text)
        if what and steps.get(name) not in told:
            yield Defect("IMG501", f"the image's environment has the {what}", step=steps.get(name))


def _secret(text: str) -> str | None:
    """What the first secret in a text is that is no mere word."""
    found = scan(text.encode("utf-8", "replace"))
    return next((one.what for one in found if not one.weak), None)
