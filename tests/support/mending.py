"""What became of a Dockerfile that a tool has mended, judged by the file alone."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import reduce
from operator import or_
from pathlib import Path

from effective import CACHES, LEEWAY, Step, differences, keeping, loosened, steps

from imgtool.syntax import parse

CASES = Path(__file__).resolve().parents[2] / "fixtures" / "corruption"
EVERY = reduce(or_, LEEWAY.values(), CACHES)
"""Whatever leaves configuration and files as they were, caches aside, is right."""


def cases() -> dict[str, bytes]:
    """Dockerfiles by the name of their trap."""
    return {p.name.removesuffix(".Dockerfile"): p.read_bytes() for p in sorted(CASES.glob("*.Dockerfile"))}


def judge(before: bytes, after: bytes | None) -> str:
    """``refuses``, ``same`` (not a byte changed), ``ok``, or what is broken, lost and changed."""
    if after is None:
        return "refuses"
    if after == before:
        return "same"
    if len(parse(after).problems) > len(parse(before).problems):
        return "**does not parse**"
    return "; ".join(dict.fromkeys([*_of_layout(before, after), *_of_steps(before, after)])) or "ok"


def _of_layout(before: bytes, after: bytes) -> Iterator[str]:
    was, now = keeping(before), keeping(after)
    if set(was.bodies) - set(now.bodies):
        yield "**changes a here-document**"
    if Counter(was.comments) - Counter(now.comments):
        yield "loses comments"
    if set(was.directives) - set(now.directives) or was.escape != now.escape:
        yield "**loses a directive**"
    if was.mark and not now.mark:
        yield "loses the byte-order mark"
    if was.newlines and not now.newlines <= was.newlines:
        yield "mixes newlines" if len(now.newlines) > 1 else "changes newlines"
    if was.ends != now.ends:
        yield "loses the last newline" if was.ends else "adds a last newline"


def _of_steps(before: bytes, after: bytes) -> Iterator[str]:
    was, now = ([_unlaid(step) for step in steps(data)] for data in (before, after))
    wrong = differences(was, now, EVERY)
    if not wrong:
        return
    found = [*_of_instructions(was, now), *_of_commands(was, now)]
    joined = any(fault.startswith("merged: ") for fault in wrong)
    yield from found or (["joins RUNs that share a shell's state"] if joined else ["moves instructions"])


_BLANKS = re.compile(r"(?:(?<=[<>])[ \t]+|(?<!\S)[ \t]+|[ \t]+(?=$))")
_INSTALLS = re.compile(r"[\w./-]+ +(?:-\S+ +)*install ")


def _unlaid(step: Step) -> Step:
    """A step without the layout of its commands; the order and quotes of what is installed do not count either."""
    return replace(step, items=tuple((gap, _unlaid_text(text)) for gap, text in step.items))


def _unlaid_text(text: str) -> str:
    plain = _BLANKS.sub("", " ".join(text.split()))
    if _INSTALLS.match(plain) and "|" not in plain:
        with suppress(ValueError):
            words = shlex.split(plain)
            at = words.index("install") + 1
            return " ".join([*words[:at], *sorted(words[at:])])
    return plain


def _of_instructions(was: list[Step], now: list[Step]) -> Iterator[str]:
    """Instructions but RUN that come, go and change."""
    for keyword in dict.fromkeys(step.keyword for step in (*was, *now)):
        old, new = (_every(each, keyword) for each in (was, now))
        if keyword == "RUN" or old == new:
            continue
        if not old - new:
            yield f"adds {keyword}"
        elif new.total() < old.total():
            yield f"**loses {keyword}**"
        else:
            yield f"changes {keyword}"


def _every(found: list[Step], keyword: str) -> Counter[str]:
    kept = (loosened(step, EVERY) for step in found)
    return Counter(repr(step) for step in kept if step and step.keyword == keyword)


def _of_commands(was: list[Step], now: list[Step]) -> Iterator[str]:
    old, new = _commands(was), _commands(now)
    gone, come = old - new, new - old
    if gone.total() > come.total():
        yield "**loses a command**"
    elif gone:
        yield "changes a command"
    elif come:
        yield "adds a command"


def _commands(found: list[Step]) -> Counter[str]:
    kept = (loosened(step, EVERY) for step in found if step.keyword == "RUN")
    runs = [step for step in kept if step]
    spread = (text for step in runs for _, text in step.items)
    flags = (repr(step.flags) for step in runs if step.flags)
    return Counter([*spread, *(repr(s.operands) for s in runs if s.operands), *flags])
