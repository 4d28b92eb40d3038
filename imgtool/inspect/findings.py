"""The findings of ``imgtool lint --image``: the same codes as for Dockerfiles, about what was built."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate

from imgtool.edits import Span
from imgtool.facts.facts import Facts
from imgtool.facts.masks import mask
from imgtool.facts.told import holds_several, read
from imgtool.findings import Finding
from imgtool.images.contents import Contents
from imgtool.images.model import Image
from imgtool.inspect.blame import held, spoken
from imgtool.inspect.configured import is_config, of_config
from imgtool.inspect.defects import (
    Defect,
    layers_by_copy,
    may_be_secret,
    of_kinds,
    of_secrets,
    of_waste,
    survey,
)
from imgtool.leaks import hide
from imgtool.lint.registry import called, find, load
from imgtool.lint.result import Judgement, LintResult
from imgtool.lint.runner import one_each
from imgtool.lint.suppress import sift, suppressions
from imgtool.syntax.nodes import Instruction
from imgtool.syntax.source import Source
from imgtool.values import NamedTuple


def keep(path: bytes, size: int) -> bool:
    """What ``read_contents(..., keep=)`` has to keep for :func:`defects`."""
    text = path.decode("utf-8", "surrogateescape")
    return may_be_secret(text, size) or is_config(text, size)


def defects(contents: Contents) -> list[Defect]:
    """All that is found wrong with an image, which was read with :func:`keep`."""
    found = survey(contents)
    return [
        *of_kinds(found),
        *of_waste(contents),
        *of_secrets(contents, found, layers_by_copy(contents.measures.image)),
        *of_config(contents, found),
    ]


class Placed(NamedTuple):
    """Findings of an image: those about instructions of its Dockerfile, and those about the image itself.

    The image's own source is its history, a line for each entry; where that does not tell of its layers, a line for
    each layer. ``why`` says where the file and the history part, if they do.
    """

    image: LintResult
    file: LintResult | None
    why: str | None = None


def findings(
    contents: Contents,
    codes: Iterable[str],
    facts: Facts | None = None,
    *,
    file: str = "",
    judgement: Judgement | None = None,
) -> Placed:
    """What the rules of ``codes`` find. ``facts`` and ``file`` are of the Dockerfile that the image may be built from.

    What stands at an instruction is a finding of the file, which its comments silence; what the file does not tell stays
    one of the image.
    """
    image = contents.measures.image
    judgement = judgement or Judgement()
    chosen = frozenset(codes)
    places = _Places(image, facts)
    own: list[Finding] = []
    built: list[Finding] = []
    for defect in defects(contents):
        if defect.code in chosen:
            step = places.step(defect)
            at = places.instruction(step)
            (built if at else own).append(_finding(defect, at or places.line(step)))
    source = Source(places.text.encode("utf-8", "surrogateescape"))
    told_by = LintResult(image.reference, source, _ordered(judgement.of(own)))
    if facts is None:
        return Placed(told_by, None)
    document = facts.document
    kept = _ordered(judgement.of(built))
    if judgement.comments:
        kept = tuple(sift(kept, suppressions(document), called)[0])
    told_of_file = LintResult(file, document.source, kept, mask=mask(document, facts.secrets))
    return Placed(told_by, told_of_file, places.why)


def _ordered(found: Iterable[Finding]) -> tuple[Finding, ...]:
    each = dict.fromkeys(one_each(found))
    return tuple(sorted(each, key=lambda one: (one.span, one.code, one.message)))


def _finding(defect: Defect, span: Span) -> Finding:
    rule = load(find(defect.code))
    title = rule.page.strip().partition("\n")[0].rstrip(".")
    layer = "" if defect.layer is None else f" (layer {defect.layer + 1})"
    message = f"{title}: {hide(defect.about)}{layer}"
    return rule.meta.finding(span, message, severity=defect.severity, saves_bytes=defect.size or None)


class _Places:
    """Where defects stand: in the text that the history makes, and in the Dockerfile."""

    def __init__(self, image: Image, facts: Facts | None) -> None:
        steps = [number for number, step in enumerate(image.history) if not step.get("empty_layer")]
        self._fits = bool(steps) and len(steps) == len(image.layers)
        self._of_layer: Sequence[int] = steps if self._fits else range(len(image.layers))
        self._lines = _told_lines(image) if self._fits else _layer_lines(image)
        self.text = "".join(f"{line}\n" for line in self._lines)
        lengths = (len(line.encode("utf-8", "surrogateescape")) + 1 for line in self._lines)
        self._starts = [0, *accumulate(lengths)]
        self._known = held(image.history, facts) if facts and self._fits else None
        self.why = self._known.why if self._known else "its history does not tell of its layers"
        self._from = facts.target.root.from_ if facts and facts.target else None
        self._history = image.history

    def step(self, defect: Defect) -> int:
        """The number of a defect's line, from 0; the first one for what is the base image's."""
        if defect.step is not None and self._fits:
            return defect.step
        return self._of_layer[defect.layer] if defect.layer is not None else 0

    def line(self, step: int) -> Span:
        """The first word of a line of the image's own text, as the whole of it would be much to underline."""
        word = self._lines[step].partition(" ")[0].encode("utf-8", "surrogateescape")
        return Span(self._starts[step], self._starts[step] + len(word))

    def instruction(self, step: int) -> Span | None:
        """Where the instruction stands that left a step, FROM for what is below; None where that is not known."""
        if self._known is None:
            return None
        if self._known.below is not None and step < self._known.below:
            return _first_words(self._from) if self._from else None
        at = self._known.instructions[step]
        whole = not self._history[step].get("empty_layer") and holds_several(self._history, step)
        return _first_words(at) if at and not whole else None


def _first_words(instruction: Instruction) -> Span:
    """The keyword and the first operand, as a whole RUN would be much to underline."""
    words = instruction.words
    end = words[0].span.end if words and instruction.keyword != "RUN" else instruction.word.span.end
    return Span(instruction.span.start, end)


def _told_lines(image: Image) -> list[str]:
    return [spoken(read(step)) or "# the history does not say" for step in image.history]


def _layer_lines(image: Image) -> list[str]:
    return [f"# layer {number}" for number, _ in enumerate(image.layers, 1)] or ["# no layer"]
