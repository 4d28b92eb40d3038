"""What BuildKit refuses in one instruction, once its parser has read it.

Source of every rule and message: ``frontend/dockerfile/instructions`` of moby/buildkit (``parse.go``, ``bflag.go``,
``commands_run*.go``).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from imgtool.edits import Span
from imgtool.regex import regex
from imgtool.syntax import mounts, words
from imgtool.syntax.golang import parse_bool, parse_duration, parse_int, quote
from imgtool.syntax.nodes import Flag, Instruction, SyntaxProblem
from imgtool.syntax.suggest import suggest

# the more common one first: of two that are equally near to a misspelt name, it is meant
KEYWORDS = (
    "RUN", "COPY", "ENV", "FROM", "ARG", "WORKDIR", "CMD", "LABEL", "ENTRYPOINT", "EXPOSE", "USER", "ADD", "VOLUME",
    "SHELL", "HEALTHCHECK", "ONBUILD", "STOPSIGNAL", "MAINTAINER",
)  # fmt: skip

_BOOL, _STRING, _STRINGS = "bool", "string", "strings"
_INTERVALS = ("interval", "timeout", "start-period", "start-interval")

FLAGS: dict[str, dict[str, str]] = {
    "FROM": {"platform": _STRING},
    "ADD": {
        "chown": _STRING, "chmod": _STRING, "link": _BOOL, "keep-git-dir": _BOOL, "checksum": _STRING,
        "unpack": _BOOL, "exclude": _STRINGS,
    },
    "COPY": {
        "chown": _STRING, "from": _STRING, "chmod": _STRING, "link": _BOOL, "exclude": _STRINGS, "parents": _BOOL,
    },
    "RUN": {"device": _STRINGS, "mount": _STRINGS, "network": _STRING, "security": _STRING},
    "HEALTHCHECK": {**dict.fromkeys(_INTERVALS, _STRING), "retries": _STRING},
}  # fmt: skip
_NO_FLAGS: dict[str, str] = {}

_STAGE_NAME = regex(r"[a-z][a-z0-9_.-]*", re.ASCII)
_NETWORKS = ("default", "none", "host")
_SECURITY = ("sandbox", "insecure")
_MILLISECOND = 10**6


class RefusedError(ValueError):
    """BuildKit refuses the instruction; the text is its message, ``span`` the part that is at fault."""

    def __init__(self, message: str, span: Span | None = None) -> None:
        super().__init__(message)
        self.span = span


def problem(instruction: Instruction) -> SyntaxProblem | None:
    """Why BuildKit's instruction parser would refuse an instruction that its line parser accepts."""
    check = _CHECKS.get(instruction.keyword)
    if check is None:
        name = instruction.word.text
        message = f"unknown instruction: {name}{suggest(name, KEYWORDS, ignore_case=True)}"
        return SyntaxProblem(message, instruction.word.span, instruction.start_line)
    try:
        check(instruction)
    except (RefusedError, mounts.MountError) as error:
        span = getattr(error, "span", None) or instruction.span
        return SyntaxProblem(str(error), span, instruction.start_line)
    return None


# --- flags -------------------------------------------------------------------------------------------


def _flags(instruction: Instruction) -> None:
    if instruction.flags:
        kinds = FLAGS.get(instruction.keyword, _NO_FLAGS)
        used: set[str] = set()
        for flag in instruction.flags:
            _flag(flag, kinds, used)
            used.add(flag.name)


def _flag(flag: Flag, kinds: dict[str, str], used: set[str]) -> None:
    shown = f"--{flag.name}"
    kind = kinds.get(flag.name)
    if kind is None:
        raise RefusedError(f"unknown flag: {shown}{suggest(flag.name, kinds)}", flag.span)
    if flag.name in used and kind != _STRINGS:
        raise RefusedError(f"duplicate flag specified: {shown}", flag.span)
    if (flag.value == "") if kind == _BOOL else flag.value is None:
        raise RefusedError(f"missing a value on flag: {shown}", flag.span)
    if kind == _BOOL and (flag.value or "true").lower() not in ("true", "false"):
        raise RefusedError(f"expecting boolean value for flag {shown}, not: {flag.value}", flag.span)


# --- instructions ------------------------------------------------------------------------------------


def _some(instruction: Instruction) -> None:
    if not instruction.args:
        raise RefusedError(f"{instruction.keyword} requires at least one argument")


def _one(instruction: Instruction) -> None:
    if len(instruction.args) != 1:
        raise RefusedError(f"{instruction.keyword} requires exactly one argument")


def _one_operand(instruction: Instruction) -> None:
    _one(instruction)
    _flags(instruction)


def _expose(instruction: Instruction) -> None:
    _some(instruction)
    _flags(instruction)


def _pairs(instruction: Instruction) -> None:
    _flags(instruction)
    _some(instruction)
    if "" in instruction.args[::3]:
        raise RefusedError(f"{instruction.keyword} names can not be blank")


def _arg(instruction: Instruction) -> None:
    # like STOPSIGNAL, ARG does not look at its flags
    _some(instruction)
    for word in instruction.words:
        if word.text.startswith("="):
            raise RefusedError("ARG names can not be blank", word.span)


def _volume(instruction: Instruction) -> None:
    _expose(instruction)
    if not all(path.strip() for path in instruction.args):
        raise RefusedError("VOLUME specified can not be an empty string")


def _shell(instruction: Instruction) -> None:
    _flags(instruction)
    _some(instruction)
    if not instruction.json:
        raise RefusedError("SHELL requires the arguments to be in JSON form")


def _copy(instruction: Instruction) -> None:
    keyword = instruction.keyword
    if len(instruction.args) < 2:
        raise RefusedError(
            f"{keyword} requires at least two arguments, but only one was provided. "
            "Destination could not be determined"
        )
    _flags(instruction)
    if is_heredoc(instruction.args[-1]):
        raise RefusedError(f"{keyword} cannot accept a heredoc as a destination", instruction.words[-1].span)


def is_heredoc(word: str) -> bool:
    """Whether a word of COPY or ADD is the marker of a here-document."""
    if "<<" not in word:
        return False
    try:
        return words.heredoc(word) is not None
    except words.WordError:
        return False


def _from(instruction: Instruction) -> None:
    args = instruction.args
    if len(args) == 3 and args[1].lower() == "as":
        if not _STAGE_NAME.fullmatch(args[2].lower()):
            raise RefusedError(
                f"invalid name for build stage: {quote(args[2])}, name can't start with a number or contain symbols",
                instruction.words[2].span,
            )
    elif len(args) != 1:
        raise RefusedError("FROM requires either one or three arguments")
    _flags(instruction)


CHAINED = "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"


def _onbuild(instruction: Instruction) -> None:
    inner = instruction.inner
    if inner is None:
        raise RefusedError("ONBUILD requires at least one argument")
    _flags(instruction)
    if inner.keyword == "ONBUILD":
        raise RefusedError(CHAINED, inner.word.span)
    if inner.keyword in ("MAINTAINER", "FROM"):
        raise RefusedError(f"{inner.keyword} isn't allowed as an ONBUILD trigger", inner.word.span)


def _healthcheck(instruction: Instruction) -> None:
    _some(instruction)
    kind = instruction.args[0].upper()
    if kind == "NONE":
        if len(instruction.args) > 1:
            raise RefusedError("HEALTHCHECK NONE takes no arguments")
        return
    _flags(instruction)
    if kind != "CMD":
        raise RefusedError(f"Unknown type {quote(kind)} in HEALTHCHECK (try CMD)", instruction.words[0].span)
    if len(instruction.args) < 2:
        raise RefusedError("Missing command after HEALTHCHECK CMD")
    for name in _INTERVALS:
        if (flag := instruction.flag(name)) and flag.value:
            _interval(flag, flag.value)
    if (flag := instruction.flag("retries")) and flag.value:
        _retries(flag, flag.value)


def _interval(flag: Flag, value: str) -> None:
    try:
        nanoseconds = parse_duration(value)
    except ValueError as error:
        raise RefusedError(str(error), flag.span) from None
    if nanoseconds != 0 and nanoseconds < _MILLISECOND:
        raise RefusedError(f"Interval {quote(flag.name)} cannot be less than 1ms", flag.span)


def _retries(flag: Flag, value: str) -> None:
    try:
        retries = parse_int(value, bits=32)
    except ValueError as error:
        raise RefusedError(str(error), flag.span) from None
    if retries < 0:
        raise RefusedError(f"--retries cannot be negative ({retries})", flag.span)


def _run(instruction: Instruction) -> None:
    if not instruction.flags:
        return
    _flags(instruction)
    # BuildKit looks at the flags by name, not in the order in which they are written
    for flag in sorted(instruction.flags, key=lambda f: f.name):
        _RUN_FLAGS[flag.name](flag, flag.value or "")


def _device(flag: Flag, value: str) -> None:
    name = ""
    for field in mounts.fields(value, "devices"):
        key, equals, text = field.partition("=")
        key = key.lower()
        if key == "required":
            if equals and parse_bool(text) is None:
                raise RefusedError(f"invalid value for required: {text}", flag.span)
        elif equals and key == "name":
            if name:
                raise RefusedError(f"device name already set to {name}", flag.span)
            name = text
        elif not name:
            name = field
        elif equals:
            hint = suggest(key, ("name", "required"))
            raise RefusedError(f"unexpected key '{key}' in '{field}'{hint}", flag.span)
        else:
            raise RefusedError(f"invalid field '{field}' must be a key=value pair", flag.span)


def _mount(flag: Flag, value: str) -> None:
    try:
        mounts.parse(value)
    except mounts.MountError as error:
        raise RefusedError(str(error), flag.span) from None


def _network(flag: Flag, value: str) -> None:
    if value not in _NETWORKS:
        raise RefusedError(f"invalid network mode {quote(value)}", flag.span)


def _security(flag: Flag, value: str) -> None:
    if value not in _SECURITY:
        raise RefusedError(f"security {quote(value)} is not valid", flag.span)


_RUN_FLAGS: dict[str, Callable[[Flag, str], None]] = {
    "device": _device,
    "mount": _mount,
    "network": _network,
    "security": _security,
}

_CHECKS: dict[str, Callable[[Instruction], None]] = {
    "ADD": _copy,
    "ARG": _arg,
    "CMD": _flags,
    "COPY": _copy,
    "ENTRYPOINT": _flags,
    "ENV": _pairs,
    "EXPOSE": _expose,
    "FROM": _from,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _pairs,
    "MAINTAINER": _one_operand,
    "ONBUILD": _onbuild,
    "RUN": _run,
    "SHELL": _shell,
    "STOPSIGNAL": _one,
    "USER": _one_operand,
    "VOLUME": _volume,
    "WORKDIR": _one_operand,
}
