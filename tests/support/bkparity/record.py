"""What an engine said of the files of a folder, kept in a table so that all can be compared where there is none.

``PYTHONPATH=tests/support python -m bkparity.record FOLDER`` writes it anew; 1,000 files take three minutes.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from uuid import uuid4

from bkparity.engine import Engine, Said
from bkparity.places import Place
from bkparity.table import FOLDER

RECORD = FOLDER / "buildkit_recorded.tsv"
_WORKERS = 3
# an image that no stand-in could be given for
_UNRESOLVED = "failed to resolve source metadata"


def key(data: bytes) -> str:
    """What a file is called in the table: no name, no text."""
    return hashlib.sha256(data).hexdigest()[:16]


def ask(files: Iterable[bytes], contexts: Iterable[Path | None] = repeat(None)) -> list[Said]:
    """What the engine says of each file, in order; a context of None is an empty folder."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(_WORKERS) as pool:
        engine = Engine(f"imgtool-parity-{uuid4().hex[:8]}", Path(folder))
        try:
            return list(pool.map(engine.check, files, contexts))
        finally:
            engine.close()


def rows(files: Iterable[bytes]) -> Iterator[str]:
    """The lines of the table, those of files whose images cannot be looked up left out."""
    every = sorted({key(data): data for data in files}.items())
    for (name, _), said in zip(every, ask(data for _, data in every), strict=True):
        if _UNRESOLVED not in (said.error or ""):
            lines: dict[str, list[str]] = {}
            for place in sorted(said.places):
                lines.setdefault(place.check, []).append(str(place.line))
            found = " ".join(f"{check}:{','.join(at)}" for check, at in lines.items())
            yield f"{name}\t{'stopped' if said.error else ''}\t{found}\n"


def read() -> dict[str, Said]:
    """The table, by :func:`key`; of an error only that there was one."""
    found: dict[str, Said] = {}
    for line in RECORD.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            name, error, checks = line.split("\t")
            places = (
                Place(check, int(at))
                for check, _, lines in (entry.partition(":") for entry in checks.split())
                for at in lines.split(",")
            )
            found[name] = Said(frozenset(places), error or None)
    return found


def main() -> None:
    """Write the table."""
    files = [path.read_bytes() for path in sorted(Path(sys.argv[1]).iterdir())]
    header = "# BuildKit's checks: SHA-256 of a file, whether it stopped at an error, what it reported as CHECK:LINE,LINE\n"
    RECORD.write_text(header + "".join(rows(files)), "utf-8")


if __name__ == "__main__":
    main()
