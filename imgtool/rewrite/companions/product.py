"""One image of an application: its target, its Dockerfile and the name it gets."""

from __future__ import annotations

import re

from imgtool.families import BaseImage, parse_reference
from imgtool.families.inherited import cuda_of
from imgtool.values import dataclass


@dataclass(frozen=True, slots=True)
class Product:
    """``dockerfile`` is its path from the context's root, ``tag`` the whole reference of the image, ``chip`` CANN's."""

    target: str
    dockerfile: str
    tag: str
    chip: str | None = None


def suffix(base: BaseImage) -> str:
    """What the accelerator adds to a tag: ``cuda12.1``, ``cann8.0``, ``cann8.3.rc1``; without version where none is told."""
    version = (cuda_of(base) if base.accelerator == "cuda" else base.version) or ""
    short = re.match(r"\d+(?:\.\d+)?(?:\.rc\d+)?", version)
    return f"{base.accelerator}{short[0] if short else ''}"


def tag_of(name: str, version: str, base: BaseImage) -> str | None:
    """The reference of an application's image on a base; None where name and version make none."""
    text = f"{name}:{version}-{suffix(base)}"
    found = parse_reference(text)
    return text if found and found.tag == f"{version}-{suffix(base)}" else None
