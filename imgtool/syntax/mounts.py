"""The value of RUN's ``--mount``: comma-separated ``key=value``.

Source of every rule: ``instructions/commands_runmount.go`` and ``dockerfile2llb/convert_runmount.go`` of moby/buildkit.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from imgtool.regex import regex
from imgtool.syntax.golang import parse_bool, parse_uint, quote
from imgtool.syntax.suggest import suggest
from imgtool.values import NamedTuple

TYPES = ("bind", "cache", "tmpfs", "secret", "ssh")
SHARING = ("shared", "private", "locked")

# which field of Mount a key sets
_KEYS = {
    "type": "type", "from": "from_", "source": "source", "target": "target", "readonly": "readonly", "id": "id",
    "sharing": "sharing", "required": "required", "size": "size", "mode": "mode", "uid": "uid", "gid": "gid",
    "src": "source", "dst": "target", "destination": "target", "ro": "readonly", "rw": "readwrite",
    "readwrite": "readwrite", "env": "env",
}  # fmt: skip
# what may stand without a value
_SWITCHES = frozenset({"readonly", "readwrite", "required"})
# units.RAMInBytes: a number as Go reads it, then perhaps one blank and a unit
_SIZE = regex(
    r"\+?(?:(?:[0-9][0-9_]*+(?:\.[0-9]*+)?|\.[0-9]+)(?:e[+-]?[0-9]+)?|0x[0-9a-f]+p[+-]?[0-9]+) ?(?:[kmgtp](?:i?b)?|b)?",
    re.ASCII | re.IGNORECASE,
)
_OWNERS = ("mode", "uid", "gid")


class MountError(ValueError):
    """BuildKit refuses the mount; the text is its message."""


class Mount(NamedTuple):
    """A mount as written: variables are not expanded, quotes inside values are kept.

    ``type``, ``sharing`` and keys are lower case. ``readonly`` is what BuildKit makes of the type where neither
    ``ro`` nor ``rw`` is given. ``size``, ``mode`` (octal), ``uid``, ``gid`` and ``env`` are None where absent, other
    texts empty. ``options`` is every key as written, in order; its value is None where there is no ``=``.
    """

    type: str = "bind"
    from_: str = ""
    source: str = ""
    target: str = ""
    readonly: bool = True
    id: str = ""
    sharing: str = ""
    required: bool = False
    size: str | None = None
    mode: str | None = None
    uid: str | None = None
    gid: str | None = None
    env: str | None = None
    options: tuple[tuple[str, str | None], ...] = ()


@lru_cache(maxsize=256)
def parse(value: str) -> Mount:
    """Read a mount without expanding it.

    Raises:
        MountError: BuildKit's parser refuses it: no CSV, or a variable in ``from``.
    """
    options = tuple(_option(part) for part in fields(value, "mounts"))
    seen: dict[str, str | None] = {}
    for key, text in options:
        name = _KEYS.get(key.lower(), "")
        if name == "from_" and text is not None and "$" in text[:-1]:
            raise MountError(
                f"'{key.lower()}' doesn't support variable expansion, define alias stage instead"
            )
        if name in ("readonly", "readwrite"):
            on = text is None or parse_bool(text) is not False
            seen["readonly"] = "1" if on == (name == "readonly") else "0"
        elif name:
            seen[name] = text
    kind = (seen.get("type") or "bind").lower()
    given = seen.get("readonly")
    required = "required" in seen and (seen["required"] is None or parse_bool(seen["required"]) is not False)
    return Mount(
        type=kind,
        from_=seen.get("from_") or "",
        source=seen.get("source") or "",
        target=seen.get("target") or "",
        readonly=given == "1" if given else kind not in ("cache", "tmpfs"),
        id=seen.get("id") or "",
        sharing=(seen.get("sharing") or "").lower(),
        required=required,
        size=seen.get("size"),
        mode=seen.get("mode"),
        uid=seen.get("uid"),
        gid=seen.get("gid"),
        env=seen.get("env"),
        options=options,
    )


def fields(value: str, what: str) -> list[str]:
    """The fields of one line of CSV; ``what`` names it in the message.

    Raises:
        MountError: the quotes are not CSV's.
    """
    line = value.removesuffix("\n").removesuffix("\r") if value.endswith("\n") else value
    failure = f"failed to parse csv {what}: "
    if not line:
        raise MountError(failure + "EOF")
    if '"' not in line:
        return line.split(",")
    found: list[str] = []
    at = 0
    while True:
        if line.startswith('"', at):
            text, at = _quoted(line, at, failure)
        else:
            comma = line.find(",", at)
            end = comma if comma >= 0 else len(line)
            bare = line.find('"', at, end)
            if bare >= 0:
                raise MountError(
                    f'{failure}parse error on line 1, column {_column(line, bare)}: bare " in non-quoted-field'
                )
            text, at = line[at:end], end
        found.append(text)
        if at >= len(line):
            return found
        at += 1


def _quoted(line: str, at: int, failure: str) -> tuple[str, int]:
    """A field that begins with a quote, and where its comma or the end is."""
    parts: list[str] = []
    at += 1
    while True:
        end = line.find('"', at)
        if end < 0:
            break
        parts.append(line[at:end])
        at = end + 1
        if at == len(line) or line[at] == ",":
            return "".join(parts), at
        if line[at] != '"':
            at = end
            break
        parts.append('"')
        at += 1
    raise MountError(
        f'{failure}parse error on line 1, column {_column(line, at)}: extraneous or missing " in quoted-field'
    )


def _column(line: str, at: int) -> int:
    return len(line[:at].encode("utf-8", "surrogateescape")) + 1


def _option(text: str) -> tuple[str, str | None]:
    key, equals, value = text.partition("=")
    return key, value if equals else None


class _Check:
    """A mount while its options are read in order; ``type`` and other values are None where not known."""

    __slots__ = ("type", "values")

    def __init__(self) -> None:
        self.type: str | None = "bind"
        self.values: dict[str, str | None] = {}


def check(mount: Mount, expand: Callable[[str], str | None]) -> None:
    """Hold a mount to BuildKit's rules, values expanded by ``expand`` (None: not known, and then not judged).

    Raises:
        MountError: BuildKit refuses it.
        WordError: ``expand`` raised it.
    """
    state = _Check()
    for key, text in mount.options:
        _option_check(state, key, text, expand)
    _whole_check(state)


def _option_check(state: _Check, key: str, text: str | None, expand: Callable[[str], str | None]) -> None:
    name = _KEYS.get(key.lower(), "")
    if text is None:
        if name not in _SWITCHES:
            raise MountError(f"invalid field '{key}' must be a key=value pair")
        value: str | None = "true"
    else:
        value = expand(text)
    if not name:
        shown = f"'{key.lower()}' in '{key}={text}'"
        raise MountError(f"unexpected key {shown}{suggest(key.lower(), _KEYS)}")
    _belongs(state, key.lower(), name)
    if value is not None:
        _value_check(key.lower(), name, value)
    if name == "type":
        state.type = value and value.lower()
    state.values[name] = value


def _belongs(state: _Check, key: str, name: str) -> None:
    allowed = {"required": ("secret", "ssh"), "size": ("tmpfs",)}.get(name)
    if allowed and state.type and state.type not in allowed:
        raise MountError(f"unexpected key '{key}' for mount type '{state.type}'")


def _value_check(key: str, name: str, value: str) -> None:
    if name == "type" and value.lower() not in TYPES:
        raise MountError(f"unsupported mount type {quote(value)}{suggest(value, TYPES)}")
    if name == "sharing" and value.lower() not in SHARING:
        raise MountError(f"unsupported sharing value {quote(value)}{suggest(value, SHARING)}")
    if name in _OWNERS and parse_uint(value, 8 if name == "mode" else 10) is None:
        raise MountError(f"invalid value {value} for {name}")
    if (name in _SWITCHES and parse_bool(value) is None) or (name == "size" and not _SIZE.fullmatch(value)):
        raise MountError(f"invalid value for {key}: {value}")


def _whole_check(state: _Check) -> None:
    kind, values = state.type, state.values
    if kind is None:
        return
    for name in _OWNERS:
        if name in values and kind in ("bind", "tmpfs"):
            raise MountError(f"{name} not allowed for {quote(kind)} type mounts")
    if kind == "secret":
        _secret_check(values)
    if values.get("sharing") and kind != "cache":
        raise MountError(f"invalid cache sharing set for {kind} mount")


def _secret_check(values: dict[str, str | None]) -> None:
    # "" is absent, None is set to something unknown
    has = {name for name in ("from_", "sharing", "source", "target", "id") if values.get(name, "") != ""}
    sure = {name for name in has if values[name] is not None}
    if "from_" in sure:
        raise MountError("secret mount should not have a from")
    if "sharing" in sure:
        raise MountError("secret mount should not define sharing")
    if not has & {"source", "target", "id"}:
        raise MountError("invalid secret mount. one of source, target required")
    if {"source", "id"} <= sure:
        raise MountError("both source and id can't be set")
