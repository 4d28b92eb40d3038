"""The façade: all that a rule imports.

A rule is a module with a docstring (its documentation page), ``META`` and ``check``. The annotation of
``check``'s first parameter says how often it is called: ``Document`` once a file, ``Stage`` once a stage,
``Run`` for every RUN, ``Instruction`` for every instruction. A module may define a frozen dataclass
``Options``; ``check`` then takes one as its third parameter.
"""

from __future__ import annotations

from dataclasses import dataclass

from imgtool.edits import Edit, Span, cut
from imgtool.facts.facts import Facts, Run, local_sources
from imgtool.facts.packages import Operation, Package, PackageOperation
from imgtool.facts.shell import Arg, Command, Script
from imgtool.facts.stages import Edge, Stage, Via, copy_source
from imgtool.findings import Applicability, Finding, Fix, FixAvailability, Severity
from imgtool.syntax.nodes import Comment, Document, Flag, Instruction, Word

__all__ = [
    "Applicability",
    "Arg",
    "Command",
    "Comment",
    "Document",
    "Edge",
    "Edit",
    "Facts",
    "Finding",
    "Fix",
    "FixAvailability",
    "Flag",
    "Instruction",
    "Operation",
    "Package",
    "PackageOperation",
    "RuleMeta",
    "Run",
    "Script",
    "Severity",
    "Span",
    "Stage",
    "Via",
    "Word",
    "copy_source",
    "cut",
    "local_sources",
]


@dataclass(frozen=True, slots=True)
class RuleMeta:
    """What a rule is. ``aliases`` are other tools' codes for the same defect; a ``preview`` rule is off by default."""

    code: str
    name: str
    severity: Severity
    since: str
    fix: FixAvailability = FixAvailability.NONE
    aliases: tuple[str, ...] = ()
    preview: bool = False

    def finding(
        self,
        span: Span,
        message: str,
        *,
        severity: Severity | None = None,
        fix: Fix | None = None,
        saves_bytes: int | None = None,
    ) -> Finding:
        """A finding of this rule at ``span``."""
        return Finding(
            self.code, self.name, severity or self.severity, span, message, self.aliases, fix, saves_bytes
        )
