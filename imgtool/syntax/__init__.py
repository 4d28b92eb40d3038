"""Bytes to a lossless tree. Knows the grammar, nothing of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imgtool.syntax.nodes import Document, Instruction
    from imgtool.syntax.parser import parse

__all__ = ["Document", "Instruction", "parse"]


def __getattr__(name: str) -> Any:
    """Load the parser when it is asked for: who needs the bytes of a file alone does without."""
    if name not in __all__:
        raise AttributeError(name)
    from imgtool.syntax import nodes, parser  # noqa: PLC0415

    globals().update(Document=nodes.Document, Instruction=nodes.Instruction, parse=parser.parse)
    return globals()[name]
