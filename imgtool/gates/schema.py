"""The JSON Schema of the table ``gate``: what :func:`imgtool.gates.settings.settings` takes."""

from __future__ import annotations

from typing import Any

from imgtool.gates.settings import BUDGETS, Missing, Require
from imgtool.images.compare import Measure

_STRING: dict[str, Any] = {"type": "string"}
_NAME: dict[str, Any] = {"type": "string", "pattern": r"\S"}
_STRINGS: dict[str, Any] = {"type": "array", "items": _STRING}
_SIZE: dict[str, Any] = {
    "type": "string",
    "pattern": r"^\s*(0+(\.0+)?|\d+(\.\d+)?\s*([kKmMgGtT]?[iI]?[bB]))\s*$",
}
_LIMIT: dict[str, Any] = {
    "type": "string",
    "pattern": r"^\s*(0+(\.0+)?|\d+(\.\d+)?\s*(%|[kKmMgGtT]?[iI]?[bB]))\s*$",
}


def _several(one: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [one, {"type": "array", "items": one}]}


POLICY: dict[str, tuple[dict[str, Any], str]] = {
    "forbid-packages": (_STRINGS, "Packages that must not be there, as dpkg:gcc*."),
    "forbid-paths": (_STRINGS, "Paths that must not be there, as in .gitignore."),
    "max-growth": (_several(_LIMIT), "Over the baseline: 5%, 200MB, 0."),
    "max-layers": ({"type": "integer", "minimum": 1}, "The number of layers."),
    "max-size": (_several(_SIZE), "Of the image itself: 8GB."),
    "max-waste": (_several(_LIMIT), "File content that is not to be seen in the end: 2% of all, 100MB."),
    "measure": ({"enum": [*Measure]}, "What is held against max-size and max-growth."),
    "missing-baseline": ({"enum": [*Missing]}, "What an image without a baseline is."),
    "noise-floor": (_SIZE, "Growth up to this is none."),
    "platform": (_STRING, "As linux/arm64: which one of several."),
    "require": ({"enum": [*Require]}, "Whether all budgets of growth have to hold, or any."),
}
"""Keys that hold for all images, or for one."""

IMAGE: dict[str, tuple[dict[str, Any], str]] = {
    **POLICY,
    "baseline": (_STRING, "What it is compared with: an image, or a file of imgtool size --format json."),
    "image": (_STRING, "Which it is, as imgtool size has it."),
    "name": (_NAME, "What it is called."),
    "target": (_STRING, "The stage that is built for it."),
}

WAIVER: dict[str, tuple[dict[str, Any], str]] = {
    "budget": ({"enum": [*BUDGETS]}, "The budget that may be exceeded."),
    "image": (_NAME, "The name of the image that may."),
    "reason": (_NAME, "Why."),
    # TOML's dates have no type of JSON; editors give them as strings
    "until": ({}, "The last day, as 2030-12-31 without quotes."),
}


def schema() -> dict[str, Any]:
    """The schema as JSON values."""
    properties = {key: {**kind, "description": text} for key, (kind, text) in POLICY.items()}
    return {
        "description": "What imgtool gate holds images to.",
        "type": "object",
        "properties": {
            **properties,
            "images": _list(IMAGE, ["name"], "Images, each with what it does not share with the others."),
            "ratchet": {"type": "string", "description": "A file of sizes that lies with the project."},
            "waivers": _list(WAIVER, sorted(WAIVER), "Budgets that may be exceeded for a time."),
        },
        "additionalProperties": False,
    }


def _list(keys: dict[str, tuple[dict[str, Any], str]], required: list[str], text: str) -> dict[str, Any]:
    table = {
        "type": "object",
        "properties": {key: {**kind, "description": text} for key, (kind, text) in sorted(keys.items())},
        "required": required,
        "additionalProperties": False,
    }
    return {"description": text, "type": "array", "items": table}
