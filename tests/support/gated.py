"""Images to gate: archives written for a test, and read as the command reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from archives import classic, files, layer, oci

from imgtool.gates.model import Weighed
from imgtool.images import packages
from imgtool.images.contents import read_contents


def archive(path: Path, *layers: str, compress: bool = False, **config: Any) -> Path:
    """An archive of layers, each as :func:`archives.layer` has it; ``compress``: as a containerd store saves it."""
    tars = [layer(text) for text in layers]
    path.write_bytes(files(oci(tars, **config) if compress else classic(tars, **config)))
    return path


def weighed(path: Path) -> Weighed:
    """An image with all that is in it."""
    contents = read_contents(f"docker-archive:{path}", keep=packages.KEEP)
    return Weighed(contents.measures, contents, tuple(packages.read(contents)))
