"""What explains a difference between BuildKit and imgtool in a real file: the classes of the table of divergences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bkparity.engine import Said
from bkparity.places import Place
from imgtool.facts.facts import Facts
from imgtool.facts.stages import triggers
from imgtool.syntax.nodes import Instruction


@dataclass(frozen=True, slots=True)
class Difference:
    """A finding of one alone: of imgtool (``ours``) or of BuildKit, and all that BuildKit said of the file."""

    place: Place
    ours: bool
    facts: Facts
    said: Said

    @property
    def instruction(self) -> Instruction | None:
        """The one that the finding is about."""
        found = (i for i in self.facts.document.instructions if i.start_line == self.place.line)
        return next(found, None)


def base_not_known(difference: Difference) -> bool:
    """BuildKit's, about a variable or path that the base image may set, on one whose environment is not known whole."""
    node = difference.instruction
    known = node is None or difference.facts.state(node).closed
    return (
        not difference.ours
        and not known
        and difference.place.check in ("UndefinedVar", "WorkdirRelativePath")
    )


def argument_not_known(difference: Difference) -> bool:
    """BuildKit's, about a path that depends on an ARG without default."""
    node = difference.instruction
    if difference.ours or node is None or difference.place.check != "WorkdirRelativePath":
        return False
    return difference.facts.expand(node, node.args[0]) is None


def windows(difference: Difference) -> bool:
    """BuildKit's, about a path with a drive."""
    node = difference.instruction
    drive = node is not None and node.args[0][1:2] == ":"
    return not difference.ours and difference.place.check == "WorkdirRelativePath" and drive


def stopped(difference: Difference) -> bool:
    """imgtool's, in a file that BuildKit stopped in."""
    return (
        difference.ours
        and difference.said.error is not None
        and "lint violation" not in difference.said.error
    )


def older_engine(difference: Difference) -> bool:
    """A check that is newer than the engine, or was stricter there, or a comment that it does not know."""
    node, check = difference.instruction, difference.place.check
    if difference.ours or check == "CopyIgnoredFile":
        return check == "CopyIgnoredFile"
    words = {part for arg in (node.args if node else ()) for part in arg.partition("=")[0].lower().split("_")}
    if check == "SecretsUsedInArgOrEnv" and words & {"file", "version"}:
        return True
    return node is not None and any(comment.text.startswith("check=") for comment in node.comments)


def literal(difference: Difference) -> bool:
    """BuildKit's, about the default argument of a FROM without variables."""
    node = difference.instruction
    fixed = node is not None and "$" not in node.args[0]
    return not difference.ours and difference.place.check == "InvalidDefaultArgInFrom" and fixed


def absolute(difference: Difference) -> bool:
    """imgtool's, about a source of COPY that begins with a slash."""
    node = difference.instruction
    rooted = node is not None and any(word.startswith("/") for word in node.args[:-1])
    return difference.ours and difference.place.check == "CopyIgnoredFile" and rooted


def no_registry(difference: Difference) -> bool:
    """imgtool's, about the platform of an image that the engine was not given."""
    return difference.ours and difference.place.check == "InvalidBaseImagePlatform"


def trigger(difference: Difference) -> bool:
    """BuildKit's, at the FROM of a stage in which triggers fire."""
    stages = difference.facts.stages
    fired = any(stage.from_.start_line == difference.place.line and triggers(stage) for stage in stages)
    return not difference.ours and fired


CLASSES: dict[str, Callable[[Difference], bool]] = {
    "base-not-known": base_not_known,
    "argument-not-known": argument_not_known,
    "windows": windows,
    "stopped": stopped,
    "older-engine": older_engine,
    "literal": literal,
    "absolute": absolute,
    "no-registry": no_registry,
    "trigger": trigger,
}


def explanation(difference: Difference) -> str | None:
    """The name of the first class that explains a difference."""
    return next((name for name, explains in CLASSES.items() if explains(difference)), None)
