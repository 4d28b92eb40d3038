"""Rewrites as a diff, as an explanation and as JSON. Pure: values in, a string out.

Secrets are ``*`` in all but the rewritten file itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from imgtool.facts.masks import Mask, mask_of
from imgtool.report.style import Style, printable
from imgtool.rewrite import Rewrite
from imgtool.rewrite.plan import (
    CaptureFiles,
    CopyInstalled,
    CopyPrefixes,
    DropCaches,
    DropPackages,
    EmptyCaches,
    FoldOwner,
    LeaveAlone,
    MergeRuns,
    MountCaches,
    Place,
    Reorder,
    SplitStage,
    Step,
    SwapFlavour,
    TransferWheels,
)
from imgtool.rewrite.retarget import Change
from imgtool.syntax.source import Source, decode

MAX_EXCERPT = 60


def explain(path: str, made: Rewrite, style: Style) -> str:
    """For each instruction and command where it went and why; for a refusal its reasons."""
    shown, mask = _hidden(made)
    head = f"{style.paint(path, 'bold')}: {made.plan.status}"
    lines = [head, *_reasons(path, shown, mask), *(_line(shown, step, style) for step in made.plan.steps)]
    return mask.text("\n".join(lines) + "\n")


def turned(path: str, original: Source, target: str, changes: Sequence[Change]) -> str:
    """What turned the author's file into one for another accelerator; empty where nothing did."""
    if not changes:
        return ""
    mask = mask_of(original.data)
    lines = [f"{original.line_of(c.span.start):>5} | {c.rule}: {printable(c.text)}" for c in changes]
    return mask.text("\n".join([f"{path}: turned to {target}", *lines]) + "\n")


def _hidden(made: Rewrite) -> tuple[Rewrite, Mask]:
    """The rewrite with a source that shows no secrets, and what hides them in texts."""
    mask = mask_of(made.source.data)
    return replace(made, source=Source(mask.file(made.source.data))), mask


def reasons(path: str, made: Rewrite) -> str:
    """Why a file was not converted, one line a reason."""
    mask = mask_of(made.source.data)
    return mask.text("".join(f"{line}\n" for line in _reasons(path, made, mask)))


def _reasons(path: str, made: Rewrite, mask: Mask) -> Iterator[str]:
    for reason in made.plan.reasons:
        place = made.source.place(reason.span.start)
        yield f"{path}:{place.line}:{place.column}: {made.plan.status} [{reason.code}] {printable(mask.message(reason.message))}"


def _line(made: Rewrite, step: Step, style: Style) -> str:
    number = made.source.line_of(step.span.start)
    where, rule, evidence = _told(step)
    what = _excerpt(_what(made, step))
    told = f"{number:>5} | {style.paint(f'{where:<8}', _COLOURS.get(where, 'cyan'))} {what}\n      |   {rule}: {printable(evidence)}"
    added = step.preamble if isinstance(step, SplitStage | SwapFlavour) else ()
    return "\n".join([told, *(f"      |   and {_excerpt(text)}" for text in added)])


def _what(made: Rewrite, step: Step) -> str:
    """The author's text that a step is about, or what the step drops of it."""
    match step:
        case DropPackages():
            return " ".join(step.packages)
        case DropCaches():
            return step.clean_up
    return made.source.text(step.span)


_COLOURS = {"builder": "yellow", "final": "green", "dropped": "red"}


def _excerpt(text: str) -> str:
    flat = printable(re.sub(r"\s*\\?\s*\n\s*|\s+", " ", text))
    return flat if len(flat) <= MAX_EXCERPT else f"{flat[: MAX_EXCERPT - 1]}…"


def _told(step: Step) -> tuple[str, str, str]:
    """Where a step puts something, the rule, and the evidence."""
    match step:
        case SplitStage():
            return (
                "both",
                "split-stage",
                f"builder on {step.base}, final stage on {step.runtime}: {step.evidence}",
            )
        case SwapFlavour():
            return "final", "swap-flavour", f"{step.base} becomes {step.runtime}: {step.evidence}"
        case Place():
            return str(step.placement), step.rule, step.evidence
        case DropPackages():
            instead = f"; {' '.join(step.instead)} instead" if step.instead else ""
            return "dropped", step.rule, f"{step.evidence}{instead}"
        case TransferWheels():
            where = "both" if step.final else "builder"
            return where, "wheelhouse", step.evidence + (f" ({step.wheelhouse})" if step.wheelhouse else "")
        case DropCaches():
            return "final", "package-caches", step.evidence
        case CaptureFiles():
            return "both", "capture", step.evidence
        case CopyInstalled():
            return "both", "destdir", step.evidence
        case CopyPrefixes():
            return "both", "prefix", f"{' '.join(step.folders)}: {step.evidence}"
        case _:
            return _told_alone(step)


_Alone = MergeRuns | FoldOwner | EmptyCaches | MountCaches | Reorder | LeaveAlone


def _told_alone(step: _Alone) -> tuple[str, str, str]:
    """The same for a step that stands on its own."""
    match step:
        case MergeRuns():
            return "merged", "merge-runs", f"{step.evidence}: {step.count} become one"
        case FoldOwner():
            return "folded", "fold-chown", step.evidence
        case EmptyCaches():
            return "emptied", "drop-caches", f"{step.cache}: {step.evidence}"
        case MountCaches():
            return "mounted", "cache-mounts", f"{' and '.join(step.targets)}: {step.evidence}"
        case Reorder():
            return "moved", "reorder", step.evidence
        case LeaveAlone():
            return "left", step.part, step.evidence


def as_json(rewrites: Sequence[tuple[str, Rewrite]], turned: Sequence[Sequence[Change]] | None = None) -> str:
    """One array: ``file``, ``target``, ``status``, ``reasons``, ``changes``, ``steps`` and the new ``dockerfile``.

    ``turned`` are the changes that turned each file to another accelerator before it was split.
    """
    changes = turned or [()] * len(rewrites)
    rows = [_row(path, made, told) for (path, made), told in zip(rewrites, changes, strict=True)]
    return json.dumps(rows, indent=2) + "\n"


def _row(path: str, made: Rewrite, changes: Sequence[Change]) -> dict[str, Any]:
    shown, mask = _hidden(made)
    reasons = [
        {"code": r.code, "message": mask.message(r.message), "line": made.source.line_of(r.span.start)}
        for r in made.plan.reasons
    ]
    return {
        "file": path,
        "target": made.plan.target,
        "status": str(made.plan.status),
        "reasons": reasons,
        "changes": [{"rule": change.rule, "text": mask.text(change.text)} for change in changes],
        "steps": _without(mask, [_step(shown, step) for step in made.plan.steps]),
        "dockerfile": decode(made.data),
    }


def _without(mask: Mask, value: Any) -> Any:
    """JSON without secrets in its texts."""
    match value:
        case str():
            return mask.text(value)
        case dict():
            return {key: _without(mask, inner) for key, inner in value.items()}
        case list() | tuple():
            return [_without(mask, inner) for inner in value]
        case _:
            return value


def _step(made: Rewrite, step: Step) -> dict[str, Any]:
    name = re.sub(r"(?<!^)(?=[A-Z])", "-", type(step).__name__).lower()
    fields = {key: value for key, value in asdict(step).items() if key != "span"}
    return {
        "step": name,
        "line": made.source.line_of(step.span.start),
        "text": made.source.text(step.span),
        **{key: str(value) if key == "placement" else value for key, value in fields.items()},
    }
