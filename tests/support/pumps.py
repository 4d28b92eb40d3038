"""Regular expressions in the source, and strings that make them slow if anything does."""

from __future__ import annotations

import ast
import importlib
import re
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
CALLS = frozenset(("regex", "compiled"))
METHODS = frozenset(
    ("compile", "match", "search", "fullmatch", "sub", "subn", "findall", "finditer", "split")
)
FLAGS = ("IGNORECASE", "MULTILINE", "DOTALL", "VERBOSE", "ASCII")

# sizes to try: an exponential expression shows in the first ones, a quadratic in the last
SIZES = (10, 13, 16, 19, 22, 25, 28, 31, 34, 37, 40, 44, 50, 60, 200, 1000, 6000)
SLOW = 0.05
"""Seconds of processor time: a linear expression reads 6,000 characters in 1 ms, a quadratic one takes 0.2 s."""


class Expression(NamedTuple):
    """A pattern in the source. ``where`` is its module, ``name`` what it is assigned to; ``searched``: not only matched."""

    where: str
    name: str
    pattern: str | bytes
    flags: int
    searched: bool


@cache
def modules() -> dict[str, Path]:
    """The modules of imgtool and its rules that may have an expression, as far as a look at their text tells."""
    found = {}
    for package, folder in (("imgtool", ROOT / "imgtool"), ("imgtool_rules", ROOT / "rules")):
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            module = ".".join((package, *(part for part in parts if part != "__init__")))
            others = ("__main__", "rule_index", "_data", "regex", "prepared", "_prepared")
            text = path.read_text("utf-8")
            if parts[-1] not in others and re.search(r"\bre\.|regex\(|compiled\(", text):
                found[module] = path
    return found


def expressions(module: str) -> Iterator[Expression]:
    """Those of a module whose pattern stands in the source."""
    text = modules()[module].read_text("utf-8")
    tree = ast.parse(text)
    names = {
        id(statement.value): statement.targets[0].id
        for statement in ast.walk(tree)
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
    }
    space = vars(importlib.import_module(module))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and _is_call(node.func):
            name = names.get(id(node), "")
            for pattern, flags in _values(node, space):
                yield Expression(module, name, pattern, flags, _searched(node, name, text))


def _is_call(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        return isinstance(function.value, ast.Name) and function.value.id == "re" and function.attr in METHODS
    return isinstance(function, ast.Name) and function.id in CALLS


def _searched(node: ast.Call, name: str, text: str) -> bool:
    """Whether an expression may be looked for at every place of a text, as far as its module tells."""
    if isinstance(node.func, ast.Attribute) and node.func.attr != "compile":
        return node.func.attr not in ("match", "fullmatch")
    used = set(re.findall(rf"\b{name}\)?\.(\w+)", text)) if name else set()
    return not used or not used <= {"match", "fullmatch", "pattern"}


def _values(node: ast.Call, space: dict[str, Any]) -> Iterator[tuple[str | bytes, int]]:
    source = ast.Expression(node.args[0])
    try:
        value = eval(compile(source, "", "eval"), space)  # noqa: S307 - our own source
    except NameError:
        # made of what a function gets
        return
    text = ast.unparse(node)
    flags = sum(getattr(re, flag) for flag in FLAGS if f"re.{flag}" in text)
    if isinstance(value, str | bytes):
        yield value, flags


# --- strings -----------------------------------------------------------------------------------------------


class Pump(NamedTuple):
    """What a repeat may read again and again, behind what leads to it."""

    lead: str
    unit: str


def pumps(pattern: str | bytes, flags: int) -> Iterator[Pump]:
    """A pump for each unbounded repeat, and for each of some things that it repeats."""
    text = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
    tree = re._parser.parse(text, flags)  # type: ignore[attr-defined]
    yield from dict.fromkeys(_pumps(tree, ""))


def _pumps(tree: Any, lead: str) -> Iterator[Pump]:
    for op, argument in tree:
        kind = str(op)
        if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            _, most, body = argument
            if most > 200:
                yield from (Pump(lead, unit) for unit in _samples(body) if unit)
            yield from _pumps(body, lead)
        elif kind in ("SUBPATTERN", "ATOMIC_GROUP"):
            yield from _pumps(argument[-1] if kind == "SUBPATTERN" else argument, lead)
        elif kind == "BRANCH":
            for branch in argument[1]:
                yield from _pumps(branch, lead)
        elif kind in ("ASSERT", "ASSERT_NOT"):
            yield from _pumps(argument[1], lead)
        lead += next(iter(_samples([(op, argument)])), "")


def _samples(tree: Any) -> list[str]:
    """Some texts that a part matches; the first is short."""
    found = [""]
    for op, argument in tree:
        options = _options(str(op), argument)
        found = [text + option for text in found[:4] for option in options[:6]]
    return list(dict.fromkeys(found))[:12]


def _options(kind: str, argument: Any) -> list[str]:
    match kind:
        case "LITERAL":
            return [chr(argument)]
        case "NOT_LITERAL":
            return [next(char for char in "a 1" if ord(char) != argument)]
        case "ANY":
            return ["a", " "]
        case "IN":
            return [char for char in "a1 -._/\\\"'\n=,:;|&$A" if _is_in(char, argument)] or [_first(argument)]
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, _, body = argument
            return [text * max(least, 1) for text in _samples(body)] if least else ["", *_samples(body)]
        case "SUBPATTERN":
            return _samples(argument[-1])
        case "ATOMIC_GROUP":
            return _samples(argument)
        case "BRANCH":
            return [text for branch in argument[1] for text in _samples(branch)[:2]]
        case _:
            return [""]


def _first(items: Any) -> str:
    for op, argument in items:
        if str(op) == "LITERAL":
            return chr(argument)
        if str(op) == "RANGE":
            return chr(argument[0])
    return "a"


def _is_in(char: str, items: Any) -> bool:
    negated, hit = False, False
    for op, argument in items:
        match str(op):
            case "NEGATE":
                negated = True
            case "LITERAL":
                hit |= ord(char) == argument
            case "RANGE":
                hit |= argument[0] <= ord(char) <= argument[1]
            case "CATEGORY":
                hit |= _category(str(argument), char)
    return hit != negated


def _category(name: str, char: str) -> bool:
    kind = name.removeprefix("CATEGORY_").removeprefix("NOT_").lower()
    hit = {"digit": char.isdigit(), "space": char.isspace(), "word": char.isalnum() or char == "_"}[kind]
    return hit != ("_NOT_" in name)


# --- time --------------------------------------------------------------------------------------------------


def slow(expression: Expression) -> tuple[Pump, int] | None:
    """The pump, and how many characters of it, that take too long; None where none does."""
    pattern = re.compile(expression.pattern, expression.flags)
    calls: list[Callable[[Any], Any]] = [pattern.fullmatch]
    if expression.searched:
        calls.append(lambda text: sum(1 for _ in pattern.finditer(text)))
    for pump in pumps(expression.pattern, expression.flags):
        for make in (_led, _restarted, _leads):
            for size in SIZES:
                text = make(pump, size) + "\0"
                data = text.encode("utf-8") if isinstance(expression.pattern, bytes) else text
                # once may be the machine's fault
                if _seconds(calls, data) > SLOW and min(_seconds(calls, data) for _ in range(2)) > SLOW:
                    return pump, size
    return None


def _seconds(calls: list[Callable[[Any], Any]], data: str | bytes) -> float:
    started = time.process_time()
    for call in calls:
        call(data)
    return time.process_time() - started


def _led(pump: Pump, size: int) -> str:
    return pump.lead + pump.unit * (size // len(pump.unit))


def _restarted(pump: Pump, size: int) -> str:
    return (pump.lead + pump.unit) * (size // len(pump.lead + pump.unit))


def _leads(pump: Pump, size: int) -> str:
    return pump.lead * (size // len(pump.lead)) if pump.lead else ""
