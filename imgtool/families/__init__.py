"""What is known of image families, as data with sources: which image a reference names, what it hands down.

What fewer callers need stands in modules of its own: ``contents``, ``life``, ``needs`` (Python packages),
``drivers``, ``packages`` (system packages), ``analogues``.
"""

from __future__ import annotations

from imgtool.families.images import (
    BaseImage,
    Swap,
    Toolchain,
    canonical,
    flavour_token,
    identify,
    installs_driver,
    sibling,
    swap,
    toolchain,
)
from imgtool.families.inherited import InheritedConfig, System, config, system
from imgtool.families.reference import ImageRef, parse_reference

__all__ = [
    "BaseImage",
    "ImageRef",
    "InheritedConfig",
    "Swap",
    "System",
    "Toolchain",
    "canonical",
    "config",
    "flavour_token",
    "identify",
    "installs_driver",
    "parse_reference",
    "sibling",
    "swap",
    "system",
    "toolchain",
]
