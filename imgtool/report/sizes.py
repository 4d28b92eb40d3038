"""What images weigh, as text and as JSON. Pure: values in, a string out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from imgtool.images.budget import Verdict
from imgtool.images.compare import Comparison, Measure
from imgtool.images.measure import Measures
from imgtool.images.model import Layer
from imgtool.leaks import hide
from imgtool.regex import regex
from imgtool.report.style import Style, printable, size

#: Columns of what made a layer, in text.
_STEP_WIDTH = 90
_MEANINGS = {
    "transfer": "compressed blobs and configuration: what a pull moves",
    "unpacked": "layer tars: what unpacking writes",
    "flattened": "file content to be seen in the end",
    "waste": "overwritten, deleted or copied by a later layer",
}
#: The shell, arguments and marks that builders put around the instruction in an image's history.
_WRAPPING = regex(r"^(?:RUN )?(?:\|\d+ .*?)?/bin/(?:ba)?sh -c (?:#\(nop\) +)?")
_SECRET = regex(
    r"""(\b\w*(?:token|secret|passw(?:or)?d|api_?key|access_?key|private_?key|credentials?)\w*=)("[^"]*"|'[^']*'|\S+)""",
    re.IGNORECASE,
)
_USERINFO = regex(r"(://)[^/\s@]+@")


def text(results: Sequence[Measures], style: Style) -> str:
    """Each image with its layers and its measures, rounded and in exact bytes."""
    return "\n".join("".join(f"{line}\n" for line in _lines(result, style)) for result in results)


def _lines(result: Measures, style: Style) -> Iterator[str]:
    image = result.image
    yield style.paint(f"{printable(image.reference)}  ({image.source}, {image.platform})", "bold")
    yield style.paint(f"  {'unpacked':>10}  {'content':>10}  {'transfer':>10}  layer", "dim")
    for layer in image.layers:
        sizes = "  ".join(f"{_size(count):>10}" for count in (layer.unpacked, layer.content, layer.transfer))
        yield f"  {sizes}  {step(layer.created_by)}"
    for name in ("transfer", "unpacked", "flattened", "waste"):
        count = getattr(result, name)
        exact = "(not every layer is compressed here)" if count is None else f"{count:,} bytes"
        meaning = "" if count is None else style.paint(_MEANINGS[name] + _share(result, name), "dim")
        yield f"  {name:<10}  {_size(count):>10}  {exact:>20}  {meaning}".rstrip()


def _share(result: Measures, name: str) -> str:
    content = (result.flattened or 0) + (result.waste or 0)
    return f": {(result.waste or 0) / content:.1%} of all file content" if name == "waste" and content else ""


def _size(count: int | None) -> str:
    return "unknown" if count is None else size(count)


def step(created_by: str | None) -> str:
    """What made a layer, in one line: the instruction alone, no secrets, no control characters."""
    if created_by is None:
        return "(not said in the image's history)"
    line = printable(" ".join(_masked(created_by).split())).removesuffix(" # buildkit")
    bare = _WRAPPING.sub("", line)
    line = f"RUN {bare}" if bare != line and "#(nop)" not in line else bare
    return line if len(line) <= _STEP_WIDTH else f"{line[: _STEP_WIDTH - 3]}..."


def _masked(text: str) -> str:
    return hide(_USERINFO.sub(r"\1***@", _SECRET.sub(r"\1***", text)))


def as_json(results: Sequence[Measures]) -> str:
    """One array of images, all sizes in bytes, null where a source does not know one."""
    return json.dumps([_row(result) for result in results], indent=2) + "\n"


def _row(result: Measures) -> dict[str, Any]:
    image = result.image
    return {
        "reference": image.reference,
        "source": image.source,
        "platform": image.platform,
        "layers": [_layer_row(layer) for layer in image.layers],
        "transfer": result.transfer,
        "unpacked": result.unpacked,
        "flattened": result.flattened,
        "waste": result.waste,
    }


def _layer_row(layer: Layer) -> dict[str, Any]:
    return {
        "digest": layer.digest,
        "diff_id": layer.diff_id,
        "compression": layer.compression,
        "transfer": layer.transfer,
        "unpacked": layer.unpacked,
        "content": layer.content,
        "created_by": None if layer.created_by is None else _masked(layer.created_by),
    }


def gate_text(comparison: Comparison, verdicts: Sequence[Verdict], style: Style) -> str:
    """Both images on all measures, then each budget with what it allows and what there is."""
    return "".join(f"{line}\n" for line in _gate_lines(comparison, verdicts, style))


def _gate_lines(comparison: Comparison, verdicts: Sequence[Verdict], style: Style) -> Iterator[str]:
    base, head = comparison.base, comparison.head
    yield f"base  {printable(base.image.reference)}  ({base.image.source}, {base.image.platform})"
    yield f"head  {printable(head.image.reference)}  ({head.image.source}, {head.image.platform})"
    yield style.paint(f"  {'':<10}  {'base':>10}  {'head':>10}  {'growth'}", "dim")
    for name in ("transfer", "unpacked", "flattened", "waste"):
        before, after = getattr(base, name), getattr(head, name)
        line = f"  {name:<10}  {_size(before):>10}  {_size(after):>10}  {_growth(before, after)}"
        yield style.paint(line, "bold") + "  <- gated" if name == comparison.measure else line
    for verdict in verdicts:
        yield _verdict_line(verdict, comparison.measure, style)


def _growth(before: int | None, after: int | None) -> str:
    if before is None or after is None:
        return "-"
    growth = f"{'+' if after >= before else '-'}{size(abs(after - before))}"
    return f"{growth} ({(after - before) / before:+.1%})" if before else growth


def _verdict_line(verdict: Verdict, measure: Measure, style: Style) -> str:
    what = "growth" if verdict.budget.kind == "max-growth" else "size"
    over = verdict.actual - verdict.allowed
    word = style.paint("over  ", "red") if over > 0 else style.paint("within", "green")
    line = (
        f"{word}  --{verdict.budget.kind} {verdict.budget.text}: "
        f"{measure} {what} {verdict.actual:,} bytes, allowed {verdict.allowed:,}"
    )
    return f"{line}, {size(over)} too many" if over > 0 else line


def gate_json(comparison: Comparison, verdicts: Sequence[Verdict]) -> str:
    """The comparison and its verdicts, all sizes in bytes; ``growth_percent`` is null over nothing."""
    growth, before = comparison.growth, comparison.before
    return (
        json.dumps(
            {
                "measure": str(comparison.measure),
                "before": before,
                "after": comparison.after,
                "growth": growth,
                "growth_percent": round(100 * growth / before, 3) if before else None,
                "within": all(verdict.within for verdict in verdicts),
                "budgets": [_verdict_row(verdict) for verdict in verdicts],
                "base": _row(comparison.base),
                "head": _row(comparison.head),
            },
            indent=2,
        )
        + "\n"
    )


def _verdict_row(verdict: Verdict) -> dict[str, Any]:
    return {
        "budget": verdict.budget.kind,
        "limit": verdict.budget.text,
        "allowed": verdict.allowed,
        "actual": verdict.actual,
        "within": verdict.within,
    }
