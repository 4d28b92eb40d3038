"""What an editor shows at a place: rules, base images, instructions. CommonMark texts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from imgtool.edits import Span
from imgtool.families import BaseImage, identify, sibling, toolchain
from imgtool.families.contents import contents, saving
from imgtool.families.images import image_of, release_of
from imgtool.families.life import life, successor, system_life
from imgtool.families.model import collected
from imgtool.lint.registry import RuleError, find, is_shellcheck, load
from imgtool.lint.suppress import suppressions
from imgtool.lsp.analysis import Analysis
from imgtool.lsp.keywords import KEYWORDS
from imgtool.report.lint.common import page
from imgtool.report.style import size
from imgtool.syntax.nodes import Instruction
from imgtool.values import dataclass

MAX_RULES = 3
"""Rules that one place tells of."""


@dataclass(frozen=True, slots=True)
class Hover:
    """A text about a part of the document."""

    text: str
    span: Span


def hover(analysis: Analysis, offset: int) -> Hover | None:
    """What is known of a place; None where that is nothing. It holds no secret of the document."""
    parts = [*_code(analysis, offset)] or [
        *_image(analysis, offset),
        *_keyword(analysis, offset),
        *_findings(analysis, offset),
    ]
    if not parts:
        return None
    # the smallest is what the pointer is on
    span = min((part.span for part in parts), key=lambda s: s.end - s.start)
    texts = dict.fromkeys(part.text for part in parts)
    return Hover(analysis.mask.text("\n\n---\n\n".join(texts)), span)


# --- rules -----------------------------------------------------------------------------------------------


def _code(analysis: Analysis, offset: int) -> Iterator[Hover]:
    """The rule that a suppression names."""
    for comment in suppressions(analysis.facts.document):
        for code in comment.codes:
            if code.span.start <= offset <= code.span.end and (text := rule(code.text)):
                yield Hover(text, code.span)


def _findings(analysis: Analysis, offset: int) -> Iterator[Hover]:
    shown: dict[str, Span] = {}
    for finding in sorted(analysis.at(Span(offset, offset)), key=lambda f: f.span.end - f.span.start):
        shown.setdefault(finding.code, finding.span)
    for code, span in list(shown.items())[:MAX_RULES]:
        if text := rule(code):
            yield Hover(text, span)


def rule(name: str) -> str | None:
    """The page of a rule, by code, name or alias."""
    if is_shellcheck(name, whole=True):
        return f"**{name.upper()}** is ShellCheck's: <{page(name.upper())}>"
    try:
        found = load(find(name))
    except RuleError:
        return None
    title, _, body = found.page.strip().partition("\n")
    meta = found.meta
    facts = f"{meta.severity}, fix: {meta.fix}, since {meta.since}"
    # a heading would be larger than the editor's own text
    plain = re.sub(r"^## (.*)$", r"**\1**\n", body.strip(), flags=re.MULTILINE)
    return f"**{meta.code}** `{meta.name}`: {title.rstrip('.')}\n\n*{facts}*\n\n{plain}"


# --- instructions ----------------------------------------------------------------------------------------


def _keyword(analysis: Analysis, offset: int) -> Iterator[Hover]:
    for instruction in analysis.facts.document.instructions:
        for each in _with_trigger(instruction):
            start, end = each.word.span
            if start <= offset < end and each.keyword in KEYWORDS:
                yield Hover(f"**{each.keyword}**: {KEYWORDS[each.keyword]}", each.word.span)


def _with_trigger(instruction: Instruction) -> Iterator[Instruction]:
    yield instruction
    if instruction.inner:
        yield instruction.inner


# --- base images -----------------------------------------------------------------------------------------


def _image(analysis: Analysis, offset: int) -> Iterator[Hover]:
    facts = analysis.facts
    for stage in facts.stages:
        if not stage.base_span.start <= offset <= stage.base_span.end:
            continue
        if stage.parent:
            text = f"Stage **{stage.parent.title}** of this file"
            base = facts.base(stage)
            yield Hover(f"{text}, on `{base.ref.text}`" if base else text, stage.base_span)
        elif stage.reference == "scratch":
            yield Hover("**scratch**: an empty image, no image of a registry", stage.base_span)
        elif stage.reference and (base := identify(stage.reference)):
            yield Hover("\n".join(_about(base)), stage.base_span)


def _about(base: BaseImage) -> Iterator[str]:
    """Lines about an image; nothing beyond its name is claimed where the data does not list it."""
    yield f"**`{base.ref.text}`**\n"
    yield f"- {', '.join(_kind(base))}"
    held = contents(base)
    if held.has:
        yield f"- holds {', '.join(sorted(held.has))}"
    if held.lacks:
        yield f"- lacks {', '.join(sorted(held.lacks))}"
    yield from _ships(base)
    yield from _ends(base)
    if not base.known:
        yield "- this tag is not in imgtool's data"
    if note := image_of(base).note:
        yield f"- {note}"
    yield f"\n*As of {collected()}.*"


def _kind(base: BaseImage) -> Iterator[str]:
    yield f"family {base.family}"
    for name in ("version", "flavour", "addon", "chip", "python"):
        value = getattr(base, name)
        if value:
            yield f"{name} {value}"
    if base.os:
        yield " ".join(filter(None, (base.os, base.os_version)))
    if base.accelerator:
        yield f"for {base.accelerator}"


def _ships(base: BaseImage) -> Iterator[str]:
    """Why it should not ship, what may instead, and what that saves."""
    tool = toolchain(base)
    if tool is None:
        return
    yield f"- for building: {tool.why}"
    other = tool.sibling or (sibling(base, tool.flavour) if tool.flavour else None)
    if other:
        yield f"- to ship: `{other}`{_saved(base, other)}"


def _saved(base: BaseImage, other: str) -> str:
    image = identify(other)
    parts = []
    for measure, word in (("unpacked", "unpacked"), ("transfer", "compressed")):
        saved = saving(base, image, measure) if image else None  # type: ignore[arg-type] # of a tuple of literals
        if saved:
            parts.append(f"{'about ' if saved.estimate else ''}{size(saved.bytes)} {word}")
    return f", which is smaller by {', '.join(parts)}" if parts else ""


def _ends(base: BaseImage) -> Iterator[str]:
    """Support of the image, and of the system under it."""
    release, now = release_of(base), life(base)
    if now.status in ("withdrawn", "superseded"):
        move = now.move_to or successor(base)
        yield f"- **{now.status}**: {now.why}{f'; move to `{move}`' if move else ''}"
    elif release and release.ends:
        yield f"- supported until {release.ends}"
    elif now.status == "supported":
        yield "- supported"
    below = system_life(base)
    if below.status == "withdrawn":
        yield f"- its system: {below.why}"
