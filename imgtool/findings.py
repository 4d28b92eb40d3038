"""Finding, Severity and Fix: the words that every room shares."""

from __future__ import annotations

import enum

from imgtool.edits import Edit, Span
from imgtool.values import dataclass, field


class Severity(enum.StrEnum):
    """How bad a finding is; ``rank`` orders them, worst first."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    STYLE = "style"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class Applicability(enum.StrEnum):
    """When a fix may be applied.

    ``SAFE``: equal effective config and equal file tree, minus package-manager caches and lists.
    ``UNSAFE``: changes one of them, and says why. ``DISPLAY``: shown, never applied.
    """

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY = "display"


class FixAvailability(enum.StrEnum):
    """What a rule promises about its fixes."""

    NONE = "none"
    SOMETIMES = "sometimes"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that end one finding. ``message`` is an imperative sentence; an unsafe one gives its reason.

    ``creates`` are files to write instead, where there are none: paths with their texts.
    """

    message: str
    edits: tuple[Edit, ...]
    applicability: Applicability = Applicability.UNSAFE
    creates: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect at one place of a file.

    ``span`` is what is underlined, ``related`` are further places of the same defect. ``saves_bytes`` is an estimate
    of unpacked bytes, from a sourced fact.
    """

    code: str
    name: str
    severity: Severity
    span: Span
    message: str
    aliases: tuple[str, ...] = ()
    fix: Fix | None = None
    saves_bytes: int | None = field(default=None)
    related: tuple[Span, ...] = ()

    def __hash__(self) -> int:
        # a fix takes long to hash, and hardly tells two findings apart
        return hash((self.code, self.span, self.message))

    @property
    def places(self) -> tuple[Span, ...]:
        """Where the defect is: ``span`` and all that is related."""
        return (self.span, *self.related)
