"""Another flavour of the same base image: only its token changes, variables in the tag stay."""

from __future__ import annotations

import re

from imgtool.families import BaseImage, identify, sibling


def other_flavour(written: str, base: BaseImage, flavour: str) -> str | None:
    """FROM's operand as the author wrote it, with the flavour's token changed; None where that is not possible.

    Not possible: the family has no such image at this version, or the token does not stand in the operand
    itself (it comes from an ARG whose value a build may change).
    """
    wanted = sibling(base, flavour)
    if wanted is None:
        return None
    if "$" not in written:
        return wanted
    new = identify(wanted)
    if new is None or not base.token:
        return None
    token = re.compile(rf"(?<![A-Za-z0-9]){re.escape(base.token)}(?![A-Za-z0-9])")
    repository, colon, tag = written.rpartition(":")
    if len(token.findall(tag)) != 1 or "/" in tag:
        return None
    return f"{repository}{colon}{token.sub(new.token, tag)}"
