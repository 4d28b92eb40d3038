"""Image references, as BuildKit reads the operand of FROM.

Grammar and normalisation: ``github.com/distribution/reference`` (``regexp.go``, ``normalize.go``).
"""

from __future__ import annotations

from functools import lru_cache

from imgtool.regex import regex
from imgtool.values import dataclass

_DOMAIN = regex(
    r"(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
    r"(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
)
_REPOSITORY = regex(r"[a-z0-9]+(?:(?:[./_]|__|-+)[a-z0-9]+)*")
_TAG = regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = regex(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")
_IDENTIFIER = regex(r"[a-f0-9]{64}")

_HUB = "docker.io"
_MAX_NAME = 255
MAX_TEXT = 1024
"""Characters of the longest reference that is read."""


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A reference. ``repository`` is without the registry and, on Docker Hub, with ``library/``.

    ``text`` is the reference as written. ``tag`` is None where none is written, which means ``latest``
    unless there is a digest.
    """

    registry: str
    repository: str
    tag: str | None
    digest: str | None
    text: str

    def __hash__(self) -> int:
        # all else is read from it
        return hash(self.text)

    @property
    def name(self) -> str:
        """Registry and repository in full."""
        return f"{self.registry}/{self.repository}"


def parse_reference(text: str) -> ImageRef | None:
    """The reference that ``text`` is, or None where the engine would refuse it. Variables are not expanded."""
    return _parsed(text) if len(text) <= MAX_TEXT else None


# a file's images are asked about several times, and many files stand on one
@lru_cache(maxsize=1024)
def _parsed(text: str) -> ImageRef | None:
    if _IDENTIFIER.fullmatch(text):
        return None
    rest, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        return None
    name, tag = split_tag(rest)
    if tag is not None and not _TAG.fullmatch(tag):
        return None
    registry, repository = _split_domain(name)
    if registry != _HUB and not _DOMAIN.fullmatch(registry):
        return None
    if len(repository) > _MAX_NAME or not _REPOSITORY.fullmatch(repository):
        return None
    return ImageRef(registry, repository, tag, digest or None, text)


def split_tag(text: str) -> tuple[str, str | None]:
    """Name and tag of a reference without digest; a colon before the last slash belongs to the port."""
    head, colon, tail = text.rpartition(":")
    return (head, tail) if colon and "/" not in tail else (text, None)


def _split_domain(name: str) -> tuple[str, str]:
    first, slash, rest = name.partition("/")
    if slash and (set(first) & set(".:") or first == "localhost" or first != first.lower()):
        registry, repository = first, rest
    else:
        registry, repository = _HUB, name
    if registry == "index.docker.io":
        registry = _HUB
    if registry == _HUB and "/" not in repository:
        repository = f"library/{repository}"
    return registry, repository
