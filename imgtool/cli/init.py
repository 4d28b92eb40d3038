"""``imgtool init``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from imgtool import config as configs
from imgtool.cli.basics import UNREADABLE
from imgtool.cli.output import say
from imgtool.config import ConfigError
from imgtool.edits import write_atomic
from imgtool.lint.hadolint_config import NAMES, explained

_OURS = configs.NAMES[0]

_TEMPLATE = """\
# imgtool's settings for the Dockerfiles in this folder and below.

# files and folders that are not searched, as in .gitignore
exclude = []

# the folder that images are built from, where it is not the Dockerfile's
# context = "."

[lint]
# the set of rules to begin with: default, hadolint, all
profile = "default"
# rules to run besides, and rules to leave out: codes, prefixes of codes, names
extend-select = []
ignore = []
# the mildest finding that makes the exit code 1: error, warning, info, style, never
fail-on = "style"

# how severe the findings of a code are here
[lint.severity]
# IMG201 = "info"

# rules to leave out in some files
[lint.per-file-ignores]
# "docker/ci/" = ["IMG101"]
"""


def init(
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="With --from-hadolint: its configuration; else .hadolint.yaml."
        ),
    ] = None,
    *,
    from_hadolint: Annotated[
        bool, typer.Option("--from-hadolint", help="Say what hadolint's configuration says.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file that is there.")] = False,
) -> None:
    r"""Write a .imgtool.toml for this folder.

    \b
    Examples:
      imgtool init
      imgtool init --from-hadolint
      imgtool init --from-hadolint ci/hadolint.yml --force

    Exit code: 0 written; 2 wrong usage, or there is a configuration already.
    """
    if source and not from_hadolint:
        raise typer.BadParameter("FILE is for --from-hadolint")
    try:
        text = _converted(source or _here()) if from_hadolint else _TEMPLATE
        _refuse_to_hide(force=force, hadolint=not from_hadolint)
        write_atomic(Path(_OURS), text.encode())
    except ConfigError as error:
        say(str(error))
        raise typer.Exit(UNREADABLE) from None
    except OSError as error:
        say(f"{_OURS} cannot be written: {error.strerror}")
        raise typer.Exit(UNREADABLE) from None
    sys.stdout.write(f"{_OURS}\n")


def _refuse_to_hide(*, force: bool, hadolint: bool) -> None:
    """Refuse to write over, or above, what counts here; with ``hadolint`` its configuration, too."""
    there = configs.for_file(Path("Dockerfile"), {})
    if there and there.folder.resolve() == Path.cwd() and not (force and there.path.name == _OURS):
        more = "; --force replaces it" if there.path.name == _OURS else f", which {_OURS} would hide"
        raise ConfigError(there.path, f"is the configuration here already{more}")
    # with one of ours, here or above, hadolint's does not count as it is
    theirs = _hadolint() if hadolint and not there else None
    if theirs:
        raise ConfigError(
            theirs,
            f"is the configuration here already, which {_OURS} would hide; --from-hadolint takes it over",
        )


def _hadolint() -> Path | None:
    return next((Path(name) for name in NAMES if Path(name).is_file()), None)


def _here() -> Path:
    found = _hadolint()
    if found is None:
        raise ConfigError(Path(NAMES[0]), "is not here; name hadolint's configuration")
    return found


def _converted(path: Path) -> str:
    table, notes = explained(path)
    for note in notes:
        say(f"{path}: left out: {note}")
    head = f"# from {path.name}. profile: all is hadolint's rules and imgtool's, hadolint its own alone\n"
    return head + "".join(f"{line}\n" for line in _toml("lint", table))


def _toml(name: str, table: Mapping[str, Any]) -> Iterator[str]:
    """A table as TOML; its own tables come last."""
    yield f"[{name}]"
    for key, value in table.items():
        if not isinstance(value, Mapping):
            yield f"{configs.dotted([key])} = {_value(value)}"
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield ""
            yield from _toml(f"{name}.{configs.dotted([key])}", value)


def _value(value: bool | str | list[str]) -> str:
    import json

    return json.dumps(value)
