"""What made-up images hold: read from real archives of layers that are given path by path."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from pathlib import Path

from archives import classic, files, member, pack

from imgtool.images.contents import Contents, read_contents
from imgtool.inspect.analysis import KEEP

#: bytes are a file, a text is where a symbolic link leads
Layer = Mapping[str, bytes | str]


def held(folder: Path, *layers: Layer, keep: bool = True) -> Contents:
    """An image of layers whose paths are absolute; ``keep``: package databases are kept."""
    path = folder / "image.tar"
    tars = [pack([_member(name, given) for name, given in one.items()]) for one in layers]
    path.write_bytes(files(classic(tars)))
    return read_contents(str(path), keep=KEEP) if keep else read_contents(str(path))


def _member(path: str, given: bytes | str) -> tuple[tarfile.TarInfo, bytes]:
    name = path.lstrip("/")
    if isinstance(given, str):
        return member(name, kind=tarfile.SYMTYPE, link=given)
    return member(name, given)
