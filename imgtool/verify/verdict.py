"""The nine checks together, and what they say of two images."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from imgtool.values import dataclass, field
from imgtool.verify import config, files, jit, libraries, python, scripts, smoke, sweep
from imgtool.verify.build import BuildError
from imgtool.verify.drops import Bases, Gone, Named, gone
from imgtool.verify.model import CheckResult, Difference, Image, Status, Tree, Weight, result, skipped
from imgtool.verify.smoke import Smoke
from imgtool.verify.subjects import Opened

BUILD, SIZE = "build", "size"
#: Lines of a build that failed.
_LOG_LINES = 25


@dataclass(frozen=True, slots=True)
class Options:
    """What a verification takes for granted, runs and demands.

    ``named`` are drops that the user or a plan names. ``min_gain`` is the least share of the unpacked size that
    the second image must save, 0.1 being a tenth. ``sweep``: Python modules are imported, in containers.
    """

    named: tuple[Named, ...] = ()
    smoke: Smoke = field(default_factory=Smoke)
    min_gain: float = 0.0
    sweep: bool = True


@dataclass(frozen=True, slots=True)
class Sizes:
    """What an image weighs, in bytes; the words are those of :mod:`imgtool.images.measure`."""

    unpacked: int
    flattened: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of two images. ``equivalent`` is None where a check that matters could not be carried out.

    ``sizes`` is None where the second one was not built. ``smaller``: it saves what was demanded, on both measures.
    """

    before: str
    after: str
    checks: tuple[CheckResult, ...]
    sizes: tuple[Sizes, Sizes] | None
    equivalent: bool | None
    smaller: bool

    @property
    def established(self) -> bool:
        """Whether anything can be said at all."""
        return self.equivalent is not None

    @property
    def good(self) -> bool:
        """Equivalent and smaller."""
        return self.equivalent is True and self.smaller


def not_built(before: str, after: str, error: BuildError) -> Verdict:
    """The verdict where the first image builds and the second one does not."""
    message = "\n".join((error.reason, *error.log[-_LOG_LINES:]))
    check = result(BUILD, (Difference(BUILD, Weight.FAIL, None, message),))
    return Verdict(before, after, (check,), None, equivalent=False, smaller=False)


def compare(
    before: Opened, after: Opened, options: Options, show: Callable[[str], object] = lambda _: None
) -> tuple[Verdict, Gone]:
    """Carry out the checks; ``show`` is told the name of each as it begins. What is gone comes along.

    Raises:
        ImageError: an image cannot be read any more.
        NotEstablishedError: the engine starts no container.
    """
    one, other = before.image, after.image
    bases = _bases(before, after)
    show(files.NAME)
    lost = gone(one, other, bases, options.named)
    steps: list[tuple[str, Callable[[], CheckResult]]] = [
        (config.NAME, lambda: config.check(one, other, lost.why)),
        (files.NAME, lambda: files.check(one, other, lost, bases)),
        (libraries.NAME, lambda: libraries.check(one, other, lost.why)),
        (scripts.NAME, lambda: scripts.check(one, other, lost.why)),
        (python.NAME, lambda: python.check(one, other, lost.why)),
        (sweep.NAME, lambda: _swept(one, other, lost, wanted=options.sweep)),
        (jit.NAME, lambda: jit.check(one, other, lost.why)),
        (smoke.NAME, lambda: smoke.check(one, other, options.smoke)),
        (SIZE, lambda: size(sizes, options.min_gain)),
    ]
    sizes = _sizes(one), _sizes(other)
    checks = []
    for name, check in steps:
        show(name)
        checks.append(check())
    return _verdict((one, other), tuple(checks), sizes), lost


def _swept(before: Image, after: Image, lost: Gone, *, wanted: bool) -> CheckResult:
    return sweep.check(before, after, lost.why) if wanted else skipped(sweep.NAME, "you left it out")


def _bases(before: Opened, after: Opened) -> Bases:
    if before.base is None or after.base is None:
        nothing = Tree({}, before.image.tree.file)
        return Bases(nothing, nothing)
    return Bases(before.base, after.base)


def _sizes(image: Image) -> Sizes:
    # all layers were read into the spool, so both are known
    return Sizes(image.measures.unpacked or 0, image.measures.flattened or 0)


def size(sizes: tuple[Sizes, Sizes], min_gain: float) -> CheckResult:
    """The ninth check: whether the second image is smaller, in what is unpacked and in what is to be seen."""
    found = tuple(_too_big(sizes, min_gain))
    return result(SIZE, found, "unpacked and flattened bytes")


def _too_big(sizes: tuple[Sizes, Sizes], min_gain: float) -> Iterator[Difference]:
    before, after = sizes
    for name, was, now in (
        ("unpacked", before.unpacked, after.unpacked),
        ("flattened", before.flattened, after.flattened),
    ):
        if now >= was:
            message = f"{name}: {now:,} bytes are not smaller than {was:,}"
            yield Difference(SIZE, Weight.FAIL, None, message)
        elif was - now < min_gain * was:
            message = f"{name}: {now:,} bytes save {1 - now / was:.1%} of {was:,}, and not {min_gain:.1%}"
            yield Difference(SIZE, Weight.FAIL, None, message)


def _verdict(
    images: tuple[Image, Image], checks: tuple[CheckResult, ...], sizes: tuple[Sizes, Sizes]
) -> Verdict:
    failed = {one.name for one in checks if one.status is Status.FAILED}
    unknown = any(one.needed and one.status is Status.SKIPPED for one in checks)
    equivalent = False if failed - {SIZE} else None if unknown else True
    before, after = (image.reference for image in images)
    return Verdict(before, after, checks, sizes, equivalent, SIZE not in failed)
