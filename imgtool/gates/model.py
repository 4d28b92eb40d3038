"""What a gate says, as values."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from imgtool.images.compare import Change, Comparison, Measure
from imgtool.images.contents import Contents
from imgtool.images.measure import Measures
from imgtool.images.packages import Package
from imgtool.values import NamedTuple, dataclass, field


class Outcome(enum.StrEnum):
    """What became of one budget.

    ``NOISE``: exceeded by no more than the noise floor. ``ENOUGH``: exceeded, while another budget of growth holds and
    one is enough. ``WAIVED``: exceeded for a time and a reason. ``NOT_JUDGED``: there is no baseline, which is
    neutral here; ``MISSING``: likewise, and a failure here.
    """

    WITHIN = "within"
    NOISE = "noise"
    ENOUGH = "enough"
    WAIVED = "waived"
    NOT_JUDGED = "not judged"
    MISSING = "missing"
    OVER = "over"

    @property
    def fails(self) -> bool:
        return self in {Outcome.OVER, Outcome.MISSING}


class Status(enum.StrEnum):
    """What became of one image. ``UNKNOWN``: it could not be measured, or not be compared."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Place(NamedTuple):
    """A path or a package that is forbidden, with its bytes of file content and the number of its layer from 0."""

    name: str
    size: int
    layer: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """One budget held against an image. ``limit`` is as the user wrote it.

    ``actual`` and ``allowed`` are bytes for sizes, growth and waste, else numbers: of layers, or of ``places``. They
    are None where nothing was judged. ``measure`` says which bytes they are, empty where there are none.
    """

    kind: str
    limit: str
    outcome: Outcome
    actual: int | None = None
    allowed: int | None = None
    measure: str = ""
    note: str = ""
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Grown:
    """What has another size than in the baseline, most bytes first: layers on the measure, the rest on flattened."""

    layers: tuple[Change, ...] = ()
    packages: tuple[Change, ...] = ()
    paths: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Weighed:
    """An image that was read. ``contents`` and ``packages`` are None where that was not asked for, or is not known."""

    measures: Measures
    contents: Contents | None = None
    packages: tuple[Package, ...] | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """One image with what became of its budgets.

    ``error`` says why something could not be established; what could be is in ``held`` all the same. ``measure`` is
    what was asked for; a ``comparison`` may have fallen back on another one, and says why. ``lines`` are those of the
    Dockerfile, by what the image's history says of an instruction, where it was built of one.
    """

    name: str
    measure: Measure
    held: tuple[Held, ...] = ()
    head: Measures | None = None
    comparison: Comparison | None = None
    grown: Grown | None = None
    notes: tuple[str, ...] = ()
    error: str = ""
    lines: Mapping[str, int] = field(default_factory=dict, repr=False)

    @property
    def status(self) -> Status:
        """Exceeding a budget outweighs what is not known."""
        if any(one.outcome.fails for one in self.held):
            return Status.FAILED
        return Status.UNKNOWN if self.error else Status.PASSED
