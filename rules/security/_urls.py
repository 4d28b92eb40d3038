"""What a URL says of what it serves: where it is, and whether it will be the same tomorrow."""

from __future__ import annotations

from imgtool.rule import Arg, Facts, Run, Span

from .._patterns import compiled

_VERSION = r"\d{1,9}\.\d{1,9}|(?<![0-9A-Za-z])[0-9a-f]{40}(?![0-9A-Za-z])|\d{8}"
# a variable that chooses a version, known or not
_CHOSEN = r"(?i)\$\{?\w{0,64}(?:ver|tag|release|commit|sha|rev|hash|ref)"
_HOST = r"(?i)(?:[a-z][a-z0-9+.-]*://)?(?:[^/@\s]*@)?([^/:?#\s]+)"
_NEAR = frozenset(("localhost", "127.0.0.1", "0.0.0.0", "[", "host.docker.internal"))  # noqa: S104  a name that is read


def value(arg: Arg, run: Run, facts: Facts) -> str:
    """A shell word with the variables of the Dockerfile in place; those of the shell stay."""
    if not arg.expands:
        return arg.text
    # a shell variable of that name would win; it mostly is the same
    return facts.expand(run.instruction, arg.text) or arg.text


def host(url: str) -> str:
    """The host of a URL in lower case, ``""`` where it is not in sight."""
    found = compiled(_HOST).match(url)
    name = found[1].lower() if found else ""
    return "" if "$" in name or "`" in name else name


def near(name: str) -> bool:
    """Whether a host is the machine itself, where nobody is in between."""
    return name in _NEAR or name.endswith(".localhost")


def pinned(url: str) -> bool:
    """Whether the path of a URL names a version, a date, a commit, or a variable that does."""
    path = url.partition("://")[2].partition("/")[2]
    return compiled(_VERSION).search(path) is not None or compiled(_CHOSEN).search(path) is not None


def inside(arg: Arg) -> Span:
    """The place of a word without its quotes."""
    quoted = len(arg.raw) > 1 and arg.raw[0] == arg.raw[-1] and arg.raw[0] in "\"'"
    return Span(arg.span.start + quoted, arg.span.end - quoted)
