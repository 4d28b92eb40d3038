"""What a suppression is, whichever tool's comment it stands in."""

from __future__ import annotations

from collections.abc import Collection

from imgtool.edits import Span
from imgtool.regex import regex
from imgtool.syntax.nodes import Comment, Document
from imgtool.values import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a suppression as written, and where it stands.

    ``silences`` are the names that it stands for, in lower case. Without any it has no effect where it stands;
    ``known`` tells whether its dialect has such a code at all, None that every name of a rule is one. Where it is
    not ``judged``, it may be of use to its own tool though nothing is found here.
    """

    text: str
    span: Span
    silences: frozenset[str]
    known: bool | None = None
    judged: bool = True

    def needless(self, ran: Collection[str]) -> bool:
        """Whether it has no effect, given that it silenced none of what the rules of these names found."""
        return self.judged and self.known is not False and self.silences.issubset(ran)


@dataclass(frozen=True, slots=True)
class Suppression:
    """A suppression comment.

    ``covers`` is the part of the file that it silences; None where nothing follows it. ``whole`` is what to remove
    where no code of it is of use: the comment's lines, or the option of a comment that says more. ``tool`` is whose
    comment it is, where that is not imgtool.
    """

    comment: Comment
    codes: tuple[Code, ...]
    covers: Span | None
    whole: Span
    tool: str = ""


# how BuildKit's begin; prose has the word, too
_CHECK = regex(r"\n(?:[^\S\n]|\x00)*+check[^\S\n]*+=")


def may_silence(document: Document) -> bool:
    """Whether a comment may be a suppression: few files have one, and each dialect has to match every comment."""
    texts = "\n" + "\n".join([comment.text for comment in document.comments]).lower()
    if "imgtool" in texts or "hadolint" in texts or ("check" in texts and _CHECK.search(texts)):
        return True
    return "check" in [directive.name for directive in document.directives]
