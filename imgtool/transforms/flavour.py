"""Another flavour of the same base image: only its token changes, variables in the tag stay."""

from __future__ import annotations

import re

from imgtool.families import BaseImage, sibling, swap
from imgtool.regex import regex


def other_flavour(written: str, base: BaseImage, flavour: str) -> str | None:
    """FROM's operand as the author wrote it, with the flavour's token changed; None where that is not possible.

    Not possible: the family has no such image at this version, or the token does not stand in the operand
    itself (it comes from an ARG whose value a build may change).
    """
    if "$" not in written:
        return sibling(base, flavour)
    change = swap(base, flavour)
    if change is None:
        return None
    repository, colon, tag = written.rpartition(":")
    token = regex(rf"(?<![A-Za-z0-9]){re.escape(change.old)}(?![A-Za-z0-9])")
    if "/" in tag or len(token.findall(tag)) != 1:
        return None
    return f"{repository}{colon}{token.sub(lambda _: change.new, tag)}"
