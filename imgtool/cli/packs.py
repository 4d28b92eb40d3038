"""Rule packs of the project that a command is called in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from imgtool.cli.output import say
from imgtool.config import ConfigError, ConfigFile
from imgtool.lint.settings import SettingsFinder


def load(names: Iterable[str] = (".",), config: ConfigFile | None = None, *, isolated: bool = False) -> None:
    """Load the packs that the configurations of files and folders name; what is wrong with them is said, no more."""
    finder = SettingsFinder(config, isolated)
    for path in map(Path, names):
        try:
            finder.of(path / "Dockerfile" if path.is_dir() else path)
        except ConfigError as error:
            say(str(error))
