"""What other linters call a cache that is kept."""

from __future__ import annotations

from imgtool.rule import Kept

# what others call it, by manager
_KNOWN_AS = {
    "apk": "DL3019",
    "yum": "DL3032",
    "zypper": "DL3036",
    "pip": "DL3042",
    "yarn": "DL3060",
    **dict.fromkeys(("apt", "apt-get", "aptitude"), "DL3009"),
    **dict.fromkeys(("dnf", "dnf5", "dnf-3", "microdnf", "tdnf"), "DL3040"),
}


def known_as(kept: Kept) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_KNOWN_AS[o.manager] for o in kept.fills if o.manager in _KNOWN_AS))
