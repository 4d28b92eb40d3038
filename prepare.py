"""What Python makes of the regular expressions and constructors of a built tree, as a module of the wheel.

    python prepare.py BUILD_FOLDER

Called by setup.py; :mod:`imgtool.prepared` reads it.
"""

from __future__ import annotations

import _sre
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

# fields of the families' tables that hold expressions
_FIELDS = frozenset(
    {"regex", "allow", "argv0", "repository", "tags", "version", "requires", "addon", "pattern", "name"}
)
_ANY_CASE = frozenset({"regex"})
_SIGNS = frozenset("\\[](){}|*+?^$")


def main(folder: Path) -> None:
    sys.path.insert(0, str(folder))
    for package in ("imgtool", "imgtool_rules"):
        found = importlib.import_module(package)
        for module in pkgutil.walk_packages(found.__path__, f"{package}.", onerror=lambda _: None):
            # a build has no dependencies; linting imports without them
            with suppress(ImportError):
                importlib.import_module(module.name)
    from imgtool.prepared import maker  # noqa: PLC0415 - that of the built tree

    text = (
        '"""What Python makes of regular expressions and constructors. Generated when the wheel is built."""\n\n'
        f"MAKER = {maker()!r}\n\nEXPRESSIONS = {{\n"
    )
    expressions = _made()
    for kind in sorted({kind for kind, _ in expressions}):
        text += f"    {kind!r}: {_mapping({p: v for (k, p), v in expressions.items() if k == kind})},\n"
    code = {given: dumps(compile(given, "<prepared>", "exec")) for given in _constructors()}
    text += f"}}\n\nCODE = {_mapping(code)}\n"
    (folder / "imgtool" / "_prepared.py").write_text(text, "utf-8")


def _mapping(table: dict[Any, bytes]) -> str:
    """A dictionary as two constants, which load at once."""
    keys = sorted(table)
    return f"dict(zip({tuple(keys)!r}, {tuple(table[key] for key in keys)!r}))"


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
            table[key] = dumps((int(final), array("I", code).tobytes(), groups, dict(groupindex), indexgroup))
    _sre.compile = take
    return table


def _expressions() -> Iterator[tuple[Any, int]]:
    from imgtool.families._data import TABLES  # noqa: PLC0415 - that of the built tree

    from imgtool.regex import _Lazy  # noqa: PLC0415 - likewise

    yield from (o._given for o in gc.get_objects() if isinstance(o, _Lazy))  # noqa: SLF001 - for this it is
    for field, text in _texts(TABLES, ""):
        yield text, 0
        if field in _ANY_CASE:
            yield text, re.IGNORECASE


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
