"""Elements of XML reports. Every text is printable, since XML 1.0 has no way to write most control characters."""

from __future__ import annotations

from imgtool.report.style import printable

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})

HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n'


def element(name: str, attributes: dict[str, str | int], *inside: str) -> str:
    """An element; ``inside`` are elements already, each on lines of its own."""
    listed = "".join(f' {key}="{escaped(str(value))}"' for key, value in attributes.items())
    if not inside:
        return f"<{name}{listed}/>"
    lines = "\n".join(inside).replace("\n", "\n  ")
    return f"<{name}{listed}>\n  {lines}\n</{name}>"


def escaped(text: str) -> str:
    """A text for an attribute, or between tags."""
    return printable(text).translate(_ESCAPES)
