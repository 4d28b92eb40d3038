"""Verdicts about two images as text, as Markdown and as JSON. Pure: values in, a string out.

Secrets that images hold in their variables are ``*``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from imgtool.leaks import hide
from imgtool.report.style import Style, counted, printable, size
from imgtool.verify.model import CheckResult, Difference, Status, Weight
from imgtool.verify.verdict import Verdict

#: Differences of one check in text; JSON has all.
_SHOWN = 12
_COLOURS = {Status.PASSED: "green", Status.FAILED: "red", Status.SKIPPED: "yellow"}
_WEIGHTS = {Weight.FAIL: "red", Weight.WARN: "yellow", Weight.NOTE: "dim"}
#: What each check asks, for people.
_ASKS = {
    "build": "the second Dockerfile builds",
    "config": "same configuration, and what starts is there",
    "files": "nothing is gone or changed without a reason",
    "libraries": "every program finds its libraries",
    "scripts": "links, interpreters and search paths lead somewhere",
    "python": "same Python packages, whole",
    "imports": "every module that was importable still is",
    "compilers": "tools that run-time compilers start are there",
    "smoke": "your commands end alike",
    "size": "the second image is smaller",
}
#: What to do about a check that failed.
_HELP = {
    "config": "set it in the final stage as the first Dockerfile does",
    "files": "copy or make it in the final stage; if it may go, say so with --drop 'GLOB' or --drop package:NAME",
    "libraries": "install the package that holds the library, or stand on a runtime base that has it",
    "scripts": "install the interpreter, or copy what the link leads to to the same place",
    "python": "install the same versions in the final stage",
    "imports": "install what the module needs: its error names it",
    "compilers": "keep the compiler and its headers in the final stage: the program compiles while it runs",
    "smoke": "run the command in the second image to see why; what changes at every run goes with --ignore-output",
    "size": "the split gains nothing here: keep the first file",
}


def text(verdict: Verdict, style: Style) -> str:
    """A line a check with what it found, sizes, and what follows from it."""
    return hide("".join(f"{line}\n" for line in _lines(verdict, style)))


def _lines(verdict: Verdict, style: Style) -> Iterator[str]:
    yield f"first   {printable(verdict.before)}"
    yield f"second  {printable(verdict.after)}"
    yield ""
    for one in verdict.checks:
        mark = style.paint(f"{one.status:<7}", _COLOURS[one.status])
        yield f"{mark}  {one.name:<9}  {_ASKS.get(one.name, one.name)}{_aside(one, style)}"
        yield from _differences(one, style)
        if one.status is Status.FAILED and one.name in _HELP:
            yield f"{'':9}{style.paint('to do', 'bold')}: {_HELP[one.name]}"
    yield ""
    yield from (
        f"{name:<9}  {size(was):>9} -> {size(now):>9}  {_change(was, now)}"
        for name, was, now in _sizes(verdict)
    )
    yield style.paint(_conclusion(verdict), "bold")


def _aside(one: CheckResult, style: Style) -> str:
    why = one.skipped_why or one.looked_at
    return style.paint(f"  ({printable(why)})", "dim") if why else ""


def _differences(one: CheckResult, style: Style) -> Iterator[str]:
    shown = _ordered(one.differences)
    for difference in shown[:_SHOWN]:
        word = "right" if difference.explained_by else str(difference.weight)
        colour = "dim" if difference.explained_by else _WEIGHTS[difference.weight]
        first, *more = _said(difference).split("\n")
        yield f"{'':9}{style.paint(f'{word:<5}', colour)}  {printable(first)}"
        yield from (f"{'':16}{printable(line)}" for line in more)
    if len(shown) > _SHOWN:
        yield f"{'':9}… {counted(len(shown) - _SHOWN, 'more difference')}: --format json has all"


def _ordered(differences: Sequence[Difference]) -> list[Difference]:
    """The worst first, what is explained last."""
    worst = list(Weight)
    return sorted(differences, key=lambda one: (one.explained_by is not None, worst.index(one.weight)))


def _said(one: Difference) -> str:
    path = f"{one.path}: " if one.path else ""
    return f"{path}{one.message}{f' [{one.explained_by}]' if one.explained_by else ''}"


def _sizes(verdict: Verdict) -> Iterator[tuple[str, int, int]]:
    """Each measure with both images' bytes."""
    if verdict.sizes:
        before, after = verdict.sizes
        yield "unpacked", before.unpacked, after.unpacked
        yield "flattened", before.flattened, after.flattened


def _change(was: int, now: int) -> str:
    if not was or not now:
        return ""
    return f"{now / was - 1:+.1%}, {was / now:.2f} times smaller" if now < was else f"{now / was - 1:+.1%}"


def _conclusion(verdict: Verdict) -> str:
    if verdict.equivalent is None:
        skipped = [one.name for one in verdict.checks if one.needed and one.status is Status.SKIPPED]
        return f"not established: {', '.join(skipped)} could not be carried out"
    smaller = "smaller" if verdict.smaller else "not smaller"
    if verdict.equivalent:
        return f"equivalent in all that was checked, and {smaller}"
    failed = [one.name for one in verdict.checks if one.status is Status.FAILED and one.name != "size"]
    return f"not equivalent ({', '.join(failed)}), {smaller}"


def markdown(verdict: Verdict) -> str:
    """A table for a pull request."""
    return "".join(f"{line}\n" for line in _markdown_lines(verdict))


def _markdown_lines(verdict: Verdict) -> Iterator[str]:
    yield f"### {_cell(verdict.before)} and {_cell(verdict.after)}: {_conclusion(verdict)}"
    yield ""
    yield "| check | result | |"
    yield "|---|---|---|"
    for one in verdict.checks:
        yield f"| {one.name}: {_ASKS.get(one.name, '')} | {one.status} | {_cell(one.skipped_why or one.looked_at)} |"
    yield ""
    yield "| size | first | second | |"
    yield "|---|---:|---:|---|"
    for name, was, now in _sizes(verdict):
        yield f"| {name} | {size(was)} | {size(now)} | {_change(was, now)} |"
    for one in verdict.checks:
        yield from _markdown_differences(one)


def _markdown_differences(one: CheckResult) -> Iterator[str]:
    shown = _ordered(one.differences)
    if shown:
        yield ""
        yield f"<details><summary>{one.name}: {counted(len(shown), 'difference')}</summary>"
        yield ""
        for difference in shown[:_SHOWN]:
            weight = "right" if difference.explained_by else difference.weight
            yield f"- **{weight}** {_cell(_said(difference))}"
        if len(shown) > _SHOWN:
            yield f"- … {len(shown) - _SHOWN} more"
        yield ""
        yield "</details>"


def _cell(text: str) -> str:
    """A text that is no markup: images choose the names of their files."""
    flat = printable(hide(" ".join(text.split())))
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>|#!" else char for char in flat)


def as_json(verdict: Verdict) -> str:
    """The verdict with every difference; sizes in bytes, ``equivalent`` null where it is not established."""
    before, after = map(asdict, verdict.sizes) if verdict.sizes else ({}, {})
    row = {
        "before": {"reference": verdict.before, **before},
        "after": {"reference": verdict.after, **after},
        "established": verdict.established,
        "equivalent": verdict.equivalent,
        "smaller": verdict.smaller,
        "checks": [_row(one) for one in verdict.checks],
    }
    return json.dumps(row, indent=2) + "\n"


def _row(one: CheckResult) -> dict[str, object]:
    return {
        "name": one.name,
        "status": str(one.status),
        "skipped_why": one.skipped_why,
        "looked_at": one.looked_at,
        "differences": [
            {
                "weight": str(each.weight),
                "path": None if each.path is None else _utf8(each.path),
                "message": hide(_utf8(each.message)),
                "explained_by": each.explained_by,
            }
            for each in one.differences
        ],
    }


def _utf8(text: str) -> str:
    """A path of an image as valid Unicode; bytes that are not UTF-8 become U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
