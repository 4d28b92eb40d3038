"""hadolint's configuration, said in our keys.

Source of the keys: hadolint's README, "Configure". Where one code stands in several lists of ``override``, the more severe one
counts; the threshold is ``info`` where none is given. What has no counterpart is left out, and :func:`translate` says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from imgtool.config import ConfigError, ConfigFile, read_text
from imgtool.findings import Severity
from imgtool.lint.registry import RuleError, check_selectors
from imgtool.regex import regex

NAMES = (".hadolint.yaml", ".hadolint.yml")

_CODE = regex(r"(?:DL|SC)\d{4}")

# levels of a configuration; hadolint's have three
_DEEPEST = 20

_ON_THE_COMMAND_LINE = {
    "format": "--format",
    "formats": "--format",
    "no-color": "NO_COLOR=1 in the environment",
}


def load(path: Path) -> ConfigFile:
    """A ``.hadolint.yaml`` as a configuration file of ours.

    Raises:
        ConfigError: it cannot be read, is not YAML, or a key has a value of another kind.
    """
    text = read_text(path)
    table, _ = translate(path, _parsed(path, text))
    return ConfigFile(path, MappingProxyType({"lint": table}), text=text)


def nearest(folder: Path, cache: dict[Path, Path | None]) -> Path | None:
    """The ``.hadolint.yaml`` of a folder or of the nearest one above it; ``cache`` remembers folders between calls."""
    if folder not in cache:
        here = next((folder / name for name in NAMES if (folder / name).is_file()), None)
        cache[folder] = here or (nearest(folder.parent, cache) if folder != folder.parent else None)
    return cache[folder]


def explained(path: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The ``lint`` table that says the same, and what could not be said; raises as :func:`load` does."""
    return translate(path, _parsed(path, read_text(path)))


def translate(path: Path, table: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The ``lint`` table that says what hadolint's keys say, and a line for each that is left out.

    The profile is ``all``: what hadolint finds, and what it does not.

    Raises:
        ConfigError: a key has a value of another kind.
    """
    keys = _Keys(path, table)
    notes: list[str] = []
    lint: dict[str, Any] = {"profile": "all", "fail-on": _threshold(keys)}
    if ignored := list(_known(path, keys.strings("ignored"), notes)):
        lint["ignore"] = ignored
    if keys.boolean("disable-ignore-pragma"):
        lint["suppressions"] = False
    if keys.boolean("strict-labels"):
        lint["strict-labels"] = True
    if registries := keys.strings("trustedRegistries"):
        lint["trusted-registries"] = registries
    if schema := keys.table("label-schema"):
        lint["label-schema"] = {str(name): str(kind or "text") for name, kind in schema.items()}
    override = _Keys(path, keys.table("override"), "override.")
    severities = {
        code: str(severity)
        for severity in reversed(Severity)
        for code in _known(path, override.strings(str(severity)), notes)
    }
    if severities:
        lint["severity"] = severities
    notes += [
        f"{key}: {_ON_THE_COMMAND_LINE.get(key, 'has no counterpart')}" for key in table if key not in _READ
    ]
    return lint, tuple(notes)


_READ = frozenset(
    {
        "disable-ignore-pragma",
        "failure-threshold",
        "ignored",
        "label-schema",
        "no-fail",
        "override",
        "strict-labels",
        "trustedRegistries",
    }
)


class _Keys:
    """Typed looks into a table of YAML."""

    def __init__(self, path: Path, table: Mapping[str, Any], prefix: str = "") -> None:
        self.path, self.values, self.prefix = path, table, prefix

    def get(self, key: str, kind: type, expected: str) -> Any:
        value = self.values.get(key)
        if value is not None and type(value) is not kind:
            raise ConfigError(self.path, f"{self.prefix}{key}: must be {expected}")
        return value

    def boolean(self, key: str) -> bool:
        return bool(self.get(key, bool, "true or false"))

    def strings(self, key: str) -> list[str]:
        values = self.get(key, list, "a list of strings") or []
        if not all(type(value) is str for value in values):
            raise ConfigError(self.path, f"{self.prefix}{key}: must be a list of strings")
        return list(values)

    def table(self, key: str) -> Mapping[str, Any]:
        return self.get(key, dict, "a table") or {}


def _threshold(keys: _Keys) -> str:
    if keys.boolean("no-fail"):
        return "never"
    given = keys.get("failure-threshold", str, "a string") or "info"
    found = {"ignore": "never", "none": "never"}.get(given, given)
    if found not in (*Severity, "never"):
        raise ConfigError(
            keys.path, f"failure-threshold: must be error, warning, info, style or none, not {given!r}"
        )
    return str(found)


def _known(path: Path, codes: list[str], notes: list[str]) -> Iterator[str]:
    """The codes that we have; hadolint has retired some, and nobody misses them."""
    for code in codes:
        if not _CODE.fullmatch(code):
            raise ConfigError(path, f"{code!r} is no code of hadolint's or ShellCheck's")
        try:
            check_selectors([code])
        except RuleError:
            notes.append(f"{code}: there is no such rule")
        else:
            yield code


def _parsed(path: Path, text: str) -> dict[str, Any]:
    import yaml  # noqa: PLC0415 - 25 ms that most runs do not need

    try:
        _hold(path, yaml.parse(text, yaml.SafeLoader))
        table = yaml.safe_load(text)
    except ConfigError:
        raise
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "cannot be parsed"
        raise ConfigError(path, f"is not YAML: {problem}", mark.line + 1 if mark else None) from None
    except (RecursionError, ValueError) as error:
        raise ConfigError(path, f"is not YAML: {error}") from None
    if table is None:
        return {}
    if not isinstance(table, dict):
        raise ConfigError(path, "must be a table")
    return {str(key): value for key, value in table.items()}


def _hold(path: Path, events: Iterable[Any]) -> None:
    """Refuse what would take long: an alias may stand for a tree that doubles with every level, and a level's time grows
    with the levels above it.
    """
    import yaml  # noqa: PLC0415 - likewise

    depth = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            raise ConfigError(path, "has YAML aliases, which are not read")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ConfigError(path, "is nested too deeply")
