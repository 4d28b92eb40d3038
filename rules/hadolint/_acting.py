"""What an instruction does: itself, or what its ONBUILD triggers."""

from __future__ import annotations

from imgtool.rule import Instruction


def acting(instruction: Instruction, *keywords: str) -> Instruction | None:
    """The instruction, or the one that it triggers, where it is one of ``keywords`` and BuildKit can read it."""
    node = instruction.inner or instruction
    return node if node.keyword in keywords and not node.problem else None
