"""What conda installed in an environment: a JSON file a package below ``conda-meta``.

https://docs.conda.io/projects/conda/en/stable/dev-guide/specs/ and conda's ``PrefixRecord``.
"""

from __future__ import annotations

import json
import posixpath
from itertools import chain

from imgtool.images.packages.model import Files, Listed

#: Bytes; those of the largest packages, of documentation, have some megabytes.
_MAX_FILE = 8 << 20
_FOLDER = "/conda-meta"


def keep(path: str, size: int) -> bool:
    """Whether a file is one that :func:`package` reads; ``history`` and the like are none."""
    return size <= _MAX_FILE and path.endswith(".json") and posixpath.dirname(f"/{path}").endswith(_FOLDER)


def package(files: Files, path: str) -> Listed | None:
    """What one of these files says; None where it is damaged."""
    try:
        record = json.loads(files.read(path, _MAX_FILE) or b"")
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or not isinstance(record.get("name"), str):
        return None
    prefix = path.removesuffix(posixpath.join(_FOLDER, posixpath.basename(path)))
    found = record.get("files")
    names = found if isinstance(found, list) else []
    paths = (posixpath.normpath(f"{prefix}/{name}") for name in names if isinstance(name, str))
    version = record.get("version")
    return Listed(record["name"], version if isinstance(version, str) else "", chain(paths, (path,)))
