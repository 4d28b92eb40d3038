"""Platforms as OCI and Docker write them, brought to one spelling."""

from __future__ import annotations

import platform as machine
import re
from typing import Any

from imgtool.images import documents

#: What attestations state.
UNKNOWN = "unknown/unknown"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm/v7", "i686": "386"}
#: Variants that go without saying.
_DEFAULT_VARIANTS = {"amd64/v1": "amd64", "arm64/v8": "arm64", "arm": "arm/v7"}


def normal_platform(platform: str) -> str:
    """``os/architecture[/variant]`` without the variants that go without saying.

    Raises:
        ValueError: it has another form.
    """
    if not re.fullmatch(r"\w+/[\w.-]+(/[\w.-]+)?", platform):
        raise ValueError(f"{platform!r} is no platform: write os/architecture, as in linux/arm64")
    system, _, architecture = platform.lower().partition("/")
    return _normal(system, architecture)


def of_machine() -> str:
    """What containers on this machine run as, whatever system it has itself."""
    return _normal("linux", machine.machine().lower())


def of_document(document: Any) -> str:
    """What a configuration, or the ``platform`` of a descriptor, states.

    Raises:
        ImageError: it states something else than texts.
    """
    system, *architecture = (
        documents.get(document, key, str, "a platform") for key in ("os", "architecture", "variant")
    )
    return _normal(system or "linux", "/".join(filter(None, architecture)) or "unknown")


def _normal(system: str, architecture: str) -> str:
    architecture = _ARCHITECTURES.get(architecture, architecture)
    return f"{system}/{_DEFAULT_VARIANTS.get(architecture, architecture)}"
