"""The eighth check: the user's own commands, which must end alike in both images. Runs the images' code."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

from imgtool.values import dataclass
from imgtool.verify.model import CheckResult, Difference, Image, Weight, result, skipped
from imgtool.verify.run import TIMEOUT, Ran, run

NAME = "smoke"
#: Lines of a difference between outputs that are told.
_MAX_LINES = 8
_START = "what the image starts"


@dataclass(frozen=True, slots=True)
class Smoke:
    """What to run in both images. ``commands`` are lines for the image's own shell, in place of its ENTRYPOINT.

    ``start``: also what the image starts by itself. What ``ignored`` matches in an output counts as nothing.
    ``timeout`` is in seconds, for each.
    """

    commands: tuple[str, ...] = ()
    start: bool = False
    ignored: tuple[re.Pattern[str], ...] = ()
    network: bool = True
    timeout: float = TIMEOUT
    platform: str | None = None


def check(before: Image, after: Image, smoke: Smoke) -> CheckResult:
    """Whether each command ends with the same exit code and the same output in both images.

    Raises:
        NotEstablishedError: the engine starts no container.
    """
    if not smoke.commands and not smoke.start:
        return skipped(NAME, "no command was given: name one that shows that the image works")
    for image in (before, after):
        if image.engine is None:
            why = f"{image.reference} is an archive: load it into the engine to run it"
            return skipped(NAME, why, needed=True)
    lines: list[str | None] = [*smoke.commands, *([None] if smoke.start else [])]
    found = [one for line in lines for one in _compared(before, after, line, smoke)]
    return result(NAME, tuple(found), f"{len(lines)} commands in both images")


def _compared(before: Image, after: Image, line: str | None, smoke: Smoke) -> Iterator[Difference]:
    was, now = (_ran(image, line, smoke) for image in (before, after))
    what = _START if line is None else line
    if was.code != now.code:
        message = f"`{what}` {_ended(now)} instead of {_ended(was)}{_last_words(now)}"
        yield Difference(NAME, Weight.FAIL, None, message)
        return
    if was.code != 0:
        message = f"`{what}` {_ended(was)} in both images: that it is the same shows little{_last_words(was)}"
        yield Difference(NAME, Weight.WARN, None, message)
    for weight, stream, one, other in (
        (Weight.FAIL, "prints", was.out, now.out),
        (Weight.NOTE, "complains", was.err, now.err),
    ):
        changed = _difference(_text(one, smoke.ignored), _text(other, smoke.ignored))
        if changed:
            yield Difference(NAME, weight, None, f"`{what}` {stream} something else:\n{changed}")


def _ran(image: Image, line: str | None, smoke: Smoke) -> Ran:
    argv = None if line is None else ["/bin/sh", "-c", line]
    return run(
        image.engine or image.reference,
        argv,
        network=smoke.network,
        timeout=smoke.timeout,
        platform=smoke.platform,
    )


def _ended(ran: Ran) -> str:
    return "does not end in time" if ran.code is None else f"ends with exit code {ran.code}"


def _last_words(ran: Ran) -> str:
    lines = (ran.err or ran.out).decode("utf-8", "replace").strip().splitlines()[-_MAX_LINES:]
    return "".join(f"\n  {line}" for line in lines)


def _text(output: bytes, ignored: Sequence[re.Pattern[str]]) -> list[str]:
    text = output.decode("utf-8", "replace")
    for pattern in ignored:
        text = pattern.sub("", text)
    return text.splitlines()


def _difference(before: Sequence[str], after: Sequence[str]) -> str:
    """The first lines of a difference; empty where there is none."""
    if before == after:
        return ""
    # after two lines of names
    changed = list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:]
    found = [line for line in changed if not line.startswith("@@")]
    more = [f"… {len(found) - _MAX_LINES} more lines"] if len(found) > _MAX_LINES else []
    return "\n".join(f"  {line}" for line in [*found[:_MAX_LINES], *more])
