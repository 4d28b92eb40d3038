"""Bytes to a lossless tree. Knows the grammar, nothing of images."""

from imgtool.syntax.nodes import Document, Instruction
from imgtool.syntax.parser import parse

__all__ = ["Document", "Instruction", "parse"]
