"""Importing our own modules, one after the other, those first that others need.

What :func:`importlib.import_module` does beside reading and running a module is five sixths of the time that a small one
takes, and linting a file needs two hundred. A wheel knows which modules another needs (:func:`imgtool.prepared.order`), and
what has been compiled of each is taken where it is as new as its source, as importlib does. All else is left to importlib.
"""

from __future__ import annotations

import os
import sys
from marshal import loads
from types import CodeType, ModuleType
from typing import Any

from imgtool.prepared import order

try:
    # importlib under the names that cost no further modules
    from _frozen_importlib import ModuleSpec
    from _frozen_importlib_external import MAGIC_NUMBER, SourceFileLoader
    from _imp import _fix_co_filename  # type: ignore[attr-defined]
except ImportError:  # another interpreter's
    _fix_co_filename = None

_SUFFIX = f".{sys.implementation.cache_tag}.pyc"
# flags of a file that is compared with its source by time and size
_CHECKED = MAGIC_NUMBER + b"\0\0\0\0"
_BINARY = getattr(os, "O_BINARY", 0)


def load(name: str) -> ModuleType:
    """The module of that name, and before it those that it needs.

    Raises:
        ImportError: there is none.
    """
    if name not in sys.modules:
        for needed in (*order(name), name):
            if needed not in sys.modules and not _load(needed):
                __import__(needed)
    return sys.modules[name]


def _load(name: str) -> bool:
    """Import one module, if what has been compiled of it is in its usual place and new."""
    above, _, last = name.rpartition(".")
    package = sys.modules.get(above)
    if (
        _fix_co_filename is None
        or package is None
        or sys.pycache_prefix
        or sys.flags.optimize
        or len(package.__path__) != 1
    ):
        return False
    (top,) = package.__path__
    for folder, stem in ((top, last), (f"{top}/{last}", "__init__")):
        source, cached = f"{folder}/{stem}.py", f"{folder}/__pycache__/{stem}{_SUFFIX}"
        code = _code(source, cached)
        if code is not None:
            _fix_co_filename(code, source)
            _run(name, code, source, cached, None if folder is top else folder)
            setattr(package, last, sys.modules[name])
            return True
    return False


def _run(name: str, code: CodeType, source: str, cached: str, folder: str | None) -> None:
    """Make the module and run its code. ``folder`` is that of a package."""
    spec = ModuleSpec(name, SourceFileLoader(name, source), origin=source, is_package=folder is not None)
    spec.has_location, spec.cached = True, cached
    module = ModuleType(name)
    space: dict[str, Any] = {
        "__spec__": spec, "__loader__": spec.loader, "__package__": spec.parent, "__file__": source, "__cached__": cached,
    }  # fmt: skip
    if folder is not None:
        space["__path__"] = spec.submodule_search_locations = [folder]
    module.__dict__.update(space)
    sys.modules[name] = module
    try:
        exec(code, module.__dict__)  # noqa: S102 - as importlib does
    except BaseException:
        sys.modules.pop(name, None)
        raise


def _code(source: str, cached: str) -> CodeType | None:
    """What has been compiled of a source, if it is of this Python and of that time and size of the source."""
    try:
        descriptor = os.open(cached, os.O_RDONLY | _BINARY)
        try:
            data = os.read(descriptor, os.fstat(descriptor).st_size)
        finally:
            os.close(descriptor)
        known = os.stat(source)  # noqa: PTH116 - pathlib takes longer than all the rest
    except OSError:
        return None
    made = (int(known.st_mtime) & 0xFFFF_FFFF).to_bytes(4, "little")
    size = (known.st_size & 0xFFFF_FFFF).to_bytes(4, "little")
    if data[:16] != _CHECKED + made + size:
        return None
    code: CodeType = loads(memoryview(data)[16:])  # noqa: S302 - as importlib does
    return code
