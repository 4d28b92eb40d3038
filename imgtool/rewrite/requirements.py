"""What a requirement file asks for, and whether that can go through a wheelhouse."""

from __future__ import annotations

from imgtool.regex import regex
from imgtool.values import dataclass

# options of a requirement file that leave the wheelhouse route sound: they say where wheels come from
_HARMLESS = (
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "--trusted-host",
    "--pre",
    "--prefer-binary",
)
_CONTINUED = regex(r"\\\r?\n")
_COMMENT = regex(r"(?:^|\s)#.*")


class UnsupportedRequirementError(ValueError):
    """A line that a wheelhouse cannot serve; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """A named requirement: normalised name (PEP 503) and extras."""

    name: str
    extras: tuple[str, ...]


def parse(data: bytes) -> tuple[Requirement, ...]:
    """The named requirements of a file.

    Raises:
        UnsupportedRequirementError: a line is a path, a URL, a repository, editable, hashed, or another file.
    """
    text = _CONTINUED.sub(" ", data.decode("utf-8-sig", "replace"))
    lines = (_COMMENT.sub("", line).strip() for line in text.splitlines())
    return tuple(_requirement(line) for line in lines if line and not line.startswith(_HARMLESS))


def _requirement(line: str) -> Requirement:
    from packaging.requirements import InvalidRequirement  # noqa: PLC0415 - 40 ms that only rewrite needs
    from packaging.requirements import Requirement as Parsed  # noqa: PLC0415
    from packaging.utils import canonicalize_name  # noqa: PLC0415

    if line.startswith("-"):
        raise UnsupportedRequirementError(f"{line.split(maxsplit=1)[0]} in a requirement file is not covered")
    if "--hash" in line:
        raise UnsupportedRequirementError("hashes of wheels that are built here cannot match")
    try:
        parsed = Parsed(line.split(" --", maxsplit=1)[0])
    except InvalidRequirement:
        raise UnsupportedRequirementError(f"{line[:80]!r} is not a named requirement") from None
    if parsed.url:
        raise UnsupportedRequirementError(f"{parsed.name} comes from a URL")
    return Requirement(canonicalize_name(parsed.name), tuple(sorted(parsed.extras)))
