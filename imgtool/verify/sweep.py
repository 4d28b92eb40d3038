"""The import sweep: every module that imports in the first image imports in the second one.

This runs the images' own code: in containers without network whose file systems are read-only, with the image's own
user, folder and environment.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files

from imgtool.regex import regex
from imgtool.values import dataclass
from imgtool.verify.config import environment
from imgtool.verify.inside import MARK
from imgtool.verify.model import CheckResult, Difference, Dropped, Image, Kind, Weight, result, skipped
from imgtool.verify.python import Environment, environments, interpreter
from imgtool.verify.run import run

NAME = "imports"
#: Seconds for one module and for all of one environment.
_EACH, _ALL = 60, 900
_MAX_MODULES = 5_000
_LIBRARY = regex(r"(?<![\w.+-])(lib[\w.+-]++): cannot open shared object")


@dataclass(frozen=True, slots=True)
class Imported:
    """How importing a module ended: ``file`` is what was imported, ``why`` what went wrong."""

    file: str | None
    why: str | None


def check(before: Image, after: Image, dropped: Dropped) -> CheckResult:
    """Import every module of each environment of the first image, and those that did in the second one.

    Raises:
        NotEstablishedError: the engine runs no containers.
    """
    if before.engine is None or after.engine is None:
        return skipped(NAME, "an image in an archive cannot be run")
    found: list[Difference] = []
    count = 0
    for prefix, here in environments(before.tree).items():
        python = interpreter(before, prefix)
        if python is None:
            continue
        other = interpreter(after, prefix)
        if other is None:
            rule = dropped(before.tree.resolve(python) or python)
            message = f"{python} is missing, and so is all that it imports"
            found.append(Difference(NAME, Weight.FAIL, python, message, rule))
            continue
        modules = top_level(before, here)[:_MAX_MODULES]
        worked = {
            name for name, one in sweep(before, python, modules, library=True).items() if one.why is None
        }
        count += len(worked)
        found += _lost((before, python), (after, other), sorted(worked), dropped)
    return result(NAME, tuple(found), f"{count:,} modules")


def _lost(
    before: tuple[Image, str], after: tuple[Image, str], names: list[str], dropped: Dropped
) -> Iterator[Difference]:
    """Modules that the second image does not import, neither after others nor in a process of their own."""
    failed = [name for name, one in sweep(*after, names).items() if one.why]
    again = sweep(*after, failed, alone=True) if failed else {}
    failed = [name for name in failed if again[name].why]
    # what works in the first image by what came before it does not work by itself
    was = sweep(*before, failed, alone=True) if failed else {}
    for name in failed:
        if was[name].why is None:
            file = was[name].file
            rule = dropped(before[0].tree.resolve(file) or file) if file else None
            why = again[name].why or ""
            yield Difference(
                NAME, Weight.FAIL, file, f"import {name}: {why}", rule, _lost_by(before[0], why) or file
            )


def _lost_by(image: Image, why: str) -> str | None:
    """The library of an image that an error says is missing."""
    named = _LIBRARY.search(why)
    ends = f"/{named[1]}" if named else "\0"
    return next((path for path in image.tree.nodes if path.endswith(ends)), None)


def top_level(image: Image, one: Environment) -> tuple[str, ...]:
    """Names of what an environment can import: the modules of its folders, and extension modules beside the program.

    What lies beside the program is not imported else: it may be the program.
    """
    beside = [image.config.get("WorkingDir") or "/"]
    beside += environment(image.config).get("PYTHONPATH", "").split(":")
    folders = {image.tree.resolve(folder): True for folder in beside if folder}
    folders |= {image.tree.resolve(folder): False for folder in (*one.sites, *one.folders)}
    names = {name for each in one.distributions.values() for name in each.modules}
    for path, node in image.tree.nodes.items():
        folder, _, base = path.rpartition("/")
        if (folder or "/") in folders:
            name, _, suffix = base.partition(".")
            package = node.kind is Kind.FOLDER or suffix == "py"
            if suffix.endswith("so") or (package and not folders[folder or "/"]):
                names.add(name if node.kind is not Kind.FOLDER else base)
    return tuple(sorted(name for name in names if name.isidentifier() and not name.startswith("__")))


def sweep(
    image: Image, python: str, modules: Iterable[str], *, library: bool = False, alone: bool = False
) -> Mapping[str, Imported]:
    """Import modules in a container; ``library`` those of the standard library too, ``alone`` each in a process.

    Raises:
        NotEstablishedError: the engine runs no container.
    """
    names = list(modules)
    asked = json.dumps({"modules": names, "library": library, "alone": alone, "seconds": _EACH})
    code = files("imgtool.verify").joinpath("inside.py").read_text("utf-8")
    ran = run(
        image.engine or "", [python, "-B", "-c", code], read_only=True, stdin=asked.encode(), timeout=_ALL
    )
    _, mark, answer = ran.out.rpartition(MARK.encode())
    try:
        found = json.loads(answer) if mark else {}
    except ValueError:
        found = {}
    why = "Python did not answer in time" if ran.code is None else f"Python ended with exit code {ran.code}"
    return {name: Imported(None, why) for name in names} | dict(_read(found))


def _read(answer: object) -> Iterator[tuple[str, Imported]]:
    for name, value in answer.items() if isinstance(answer, dict) else ():
        match value:
            case [True, str(file)]:
                yield name, Imported(file or None, None)
            case [_, str(why)]:
                yield name, Imported(None, " ".join(why.split()))
