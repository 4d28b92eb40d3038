"""Which stages are Windows: their shell is another one, their paths have drives, their users no numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imgtool.facts.stages import Stage
from imgtool.families import identify
from imgtool.families.images import named_for_windows
from imgtool.regex import regex
from imgtool.syntax.nodes import Instruction

SHELL = ("cmd", "/S", "/C")
"""What a RUN there is given to, where nothing else is said (``defaultShell`` of BuildKit's dockerfile2llb)."""

# pwsh runs anywhere
_SHELLS = frozenset(("cmd", "powershell"))
_DRIVE = regex(r"""["']?[A-Za-z]:[\\/]""")
_PATHS = frozenset(("WORKDIR", "VOLUME", "COPY", "ADD"))


def windows_stages(stages: Sequence[Stage], escape: str) -> frozenset[Stage]:
    """The stages of a file, given in its order, that are Windows: by platform, image or SHELL.

    An image that nobody knows is Windows, too, where the file escapes with a backtick or names drives in it.
    """
    roots: dict[Stage, Stage] = {}
    told: set[Stage] = set()
    hinted: set[Stage] = set()
    for stage in stages:
        root = roots[stage] = roots[stage.parent] if stage.parent else stage
        for instruction in stage.instructions:
            if instruction.keyword == "SHELL" and _of_windows(instruction):
                told.add(root)
            elif instruction.keyword in _PATHS and instruction.args and _DRIVE.match(instruction.args[-1]):
                hinted.add(root)
    here = frozenset(_windows_roots({*roots.values()}, told, hinted, escape))
    return frozenset(stage for stage, root in roots.items() if root in here)


def _windows_roots(roots: set[Stage], told: set[Stage], hinted: set[Stage], escape: str) -> Iterator[Stage]:
    for root in roots:
        platform = (root.from_.flag_value("platform") or "").lower()
        image = root.reference or root.base
        if platform.startswith("linux") or image == "scratch":
            continue
        hint = escape == "`" or root in hinted
        if (
            platform.startswith("windows")
            or root in told
            or named_for_windows(image)
            or (hint and identify(image) is None)
        ):
            yield root


def _of_windows(instruction: Instruction) -> bool:
    program = instruction.args[0] if instruction.json and instruction.args else ""
    name = program.replace("\\", "/").rpartition("/")[2].lower()
    return name.removesuffix(".exe") in _SHELLS
