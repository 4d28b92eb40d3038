"""A Dockerfile for a named accelerator: retargeted where it stands on the other one's images, then split."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from imgtool.facts.facts import FactOptions, Facts
from imgtool.rewrite.choices import Choices
from imgtool.rewrite.convert import Rewrite, rewrite
from imgtool.rewrite.plan import Plan, Status
from imgtool.rewrite.retarget import Change, retarget
from imgtool.syntax import parse
from imgtool.syntax.source import Source
from imgtool.values import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Targeted:
    """The rewrite for one accelerator. ``original`` is the author's file, and ``changes`` are what turned it into the
    one that the rewrite's plan is about; without changes they are the same.

    ``files`` are files that the build context has to get, by their paths in it.
    """

    original: Source
    rewrite: Rewrite
    changes: tuple[Change, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def whole(self) -> Rewrite:
        """The rewrite with the author's file as its source, for a diff from there."""
        return replace(self.rewrite, source=self.original)


def rewrite_for(
    data: bytes,
    target: str | None = None,
    options: FactOptions | None = None,
    choices: Choices | None = None,
) -> Targeted:
    """Like :func:`imgtool.rewrite.rewrite`, also for a target that the file's base image is not made for.

    A file that was turned to the target and then cannot be split is converted nevertheless: the plan has the reason
    and no steps. Deterministic; never raises on any input.
    """
    source = Source(data)
    turned = retarget(data, target, options, choices) if target else None
    if turned is None:
        return Targeted(source, rewrite(data, target, options, choices))
    if turned.reasons:
        return Targeted(source, Rewrite(source, Plan(target or "", Status.REFUSED, (), turned.reasons), data))
    made = rewrite(turned.data, target, _overlaid(data, options or FactOptions(), turned.files), choices)
    if made.plan.status is not Status.CONVERTED:
        plan = Plan(made.plan.target, Status.CONVERTED, (), made.plan.reasons)
        made = Rewrite(made.source, plan, turned.data)
    return Targeted(source, made, turned.changes, turned.files)


def _overlaid(data: bytes, options: FactOptions, files: Mapping[str, bytes]) -> FactOptions:
    """The options with files that are yet to be written, in the context that the author's file has."""
    if not files:
        return options
    context = Facts(parse(data), options).context
    return replace(options, overlay=files, context=context.root if context else options.context)
