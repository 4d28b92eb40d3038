"""What Python makes of the regular expressions of a built tree, its constructors, and which modules need which others,
as two modules of the wheel.

    python prepare.py BUILD_FOLDER

Called by setup.py; :mod:`imgtool.prepared` reads it.
"""

from __future__ import annotations

import _sre
import ast
import gc
import importlib
import pkgutil
import re
import sys
from array import array
from collections.abc import Iterator
from contextlib import suppress
from marshal import dumps
from pathlib import Path
from typing import Any

_PACKAGES = ("imgtool", "imgtool_rules")
# what a run of the linter begins with, in its order
_STARTED = ("imgtool.cli.linting", "imgtool.lint.work")
# fields of the families' tables that hold expressions
_FIELDS = frozenset(
    {"regex", "allow", "argv0", "repository", "tags", "version", "requires", "addon", "pattern", "name"}
)
_ANY_CASE = frozenset({"regex"})
_SIGNS = frozenset("\\[](){}|*+?^$")


def main(folder: Path) -> None:
    sys.path.insert(0, str(folder))
    for package in _PACKAGES:
        found = importlib.import_module(package)
        for module in pkgutil.walk_packages(found.__path__, f"{package}.", onerror=lambda _: None):
            # a build has no dependencies; linting imports without them
            with suppress(ImportError):
                importlib.import_module(module.name)
    from imgtool.prepared import maker  # noqa: PLC0415 - that of the built tree

    text = (
        '"""What is made of regular expressions. Generated when the wheel is built."""\n\n'
        f"MAKER = {maker()!r}\n\nEXPRESSIONS = {{\n"
    )
    expressions = _made()
    for kind in sorted({kind for kind, _ in expressions}):
        text += f"    {kind!r}: {_mapping({p: v for (k, p), v in expressions.items() if k == kind})},\n"
    text += f"}}\n\nORDER = {_orders(folder)!r}\n"
    (folder / "imgtool" / "_prepared.py").write_text(text, "utf-8")
    (folder / "imgtool" / "_constructors.py").write_text(_definitions(), "utf-8")


def _definitions() -> str:
    """A module of the constructors, and the code of each by its text."""
    text = '"""Constructors. Generated when the wheel is built."""\n\nCODE = {}\n'
    for given in sorted({*_constructors()}):
        name = given[len("def ") : given.index("(")]
        text += f"\n\n{given}\n\n\nCODE[{given!r}] = {name}.__code__\n"
    return text


def _mapping(table: dict[Any, bytes]) -> str:
    """A dictionary as two constants, which load at once."""
    keys = sorted(table)
    return f"dict(zip({tuple(keys)!r}, {tuple(table[key] for key in keys)!r}))"


def _orders(folder: Path) -> dict[str, tuple[str, ...]]:
    """By module that :mod:`imgtool.loading` is asked for, those that it needs, the deepest first."""
    from imgtool.lint.rule_index import RULES  # noqa: PLC0415 - likewise

    table: dict[str, tuple[str, ...]] = {}
    loaded: dict[str, None] = {}
    for name in _STARTED:
        before = {**loaded}
        _visit(name, folder, loaded)
        table[name] = tuple(one for one in loaded if one not in before and one != name)
    for _, _, _, _, name, _ in RULES:
        found = {**loaded}
        _visit(name, folder, found)
        table[name] = tuple(one for one in found if one not in loaded and one != name)
    return {name: needed for name, needed in table.items() if needed}


def _visit(name: str, folder: Path, seen: dict[str, None]) -> None:
    """Add a module behind all that it imports while it is imported."""
    path = folder.joinpath(*name.split("."))
    is_package = path.is_dir()
    path = path / "__init__.py" if is_package else path.with_suffix(".py")
    if name in seen or not path.is_file():
        return
    seen[name] = None
    above = name.rpartition(".")[0]
    if above:
        _visit(above, folder, seen)
    for statement in ast.parse(path.read_text("utf-8")).body:
        if isinstance(statement, ast.ImportFrom):
            package = name if is_package else above
            for _ in range(statement.level - 1):
                package = package.rpartition(".")[0]
            found = ".".join(filter(None, (package if statement.level else "", statement.module)))
            if found.partition(".")[0] in _PACKAGES:
                _visit(found, folder, seen)
                for alias in statement.names:
                    _visit(f"{found}.{alias.name}", folder, seen)
    # to the end: what it imports may import it
    seen[name] = seen.pop(name)


def _constructors() -> Iterator[str]:
    """The texts that :mod:`imgtool.values` compiles for the classes of the built tree."""
    from imgtool import values  # noqa: PLC0415 - likewise

    for one in gc.get_objects():
        if isinstance(one, type):
            yield from values.texts(one)


def _made() -> dict[tuple[tuple[int, bool], Any], bytes]:
    """By flags, kind of text and pattern, what :mod:`re` hands on to its engine."""
    table: dict[tuple[tuple[int, bool], Any], bytes] = {}
    given: list[tuple[Any, ...]] = []
    take = _sre.compile

    def note(*found: Any) -> Any:
        given.append(found)
        return take(*found)

    _sre.compile = note
    for pattern, flags in _expressions():
        re.purge()
        given.clear()
        with suppress(re.error):
            re.compile(pattern, flags)
        for _, final, code, groups, groupindex, indexgroup in given:
            key = (int(flags), isinstance(pattern, bytes)), pattern
            held = int(final), array("I", code).tobytes(), groups, dict(groupindex), indexgroup
            # the version that all of our Pythons read
            table[key] = dumps(held, 4)
    _sre.compile = take
    return table


def _expressions() -> Iterator[tuple[Any, int]]:
    from imgtool.families._data import TABLES  # noqa: PLC0415 - that of the built tree

    from imgtool.regex import _Lazy  # noqa: PLC0415 - likewise

    yield from (o._given for o in gc.get_objects() if isinstance(o, _Lazy))  # noqa: SLF001 - for this it is
    for name, module in sorted(sys.modules.items()):
        if name.startswith("imgtool_rules."):
            # what they hand to compiled()
            given = [o for key, o in vars(module).items() if key.isupper() and isinstance(o, (str, bytes))]
            yield from ((text, 0) for text in given if _has_signs(text))
    for field, text in _texts(TABLES, ""):
        yield text, 0
        if field in _ANY_CASE:
            yield text, re.IGNORECASE


def _has_signs(text: str | bytes) -> bool:
    signs = _SIGNS if isinstance(text, str) else frozenset("".join(_SIGNS).encode())
    return not signs.isdisjoint(text)


def _texts(value: Any, field: str) -> Iterator[tuple[str, str]]:
    """Fields and the expressions in them."""
    if isinstance(value, str) and field and not _SIGNS.isdisjoint(value):
        yield field, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, key if key in _FIELDS else field)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner, field)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
