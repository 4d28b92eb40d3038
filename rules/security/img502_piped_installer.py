"""Script from the network run unseen.

## What it does
Reports a script that is downloaded and run at once, where its URL names no version: `curl … | sh`,
`wget -O- … | sudo bash`, `bash <(curl …)`, `sh -c "$(curl …)"`, `eval "$(curl …)"`, `source <(…)`, and a file that is
downloaded and run in the same RUN without a look at its checksum or signature. Python, Perl, Ruby, PHP and Node count
like a shell. In every stage.

A URL with a version, a date, a commit or a variable that chooses one in its path is left alone, unless it is plain
`http://`. Where only the words for the script name a version (`sh -s -- v1.2.3`), it is information.

## Why is this bad
The script runs as root with all of the network, and is another one tomorrow: two builds of one commit differ, and
whoever can change that file owns the image. A transfer that is cut off runs half a script. `set -o pipefail` notices
a failed download, and none of this.

## Bad
```dockerfile
FROM debian:bookworm-slim
RUN curl -LsSf https://astral.sh/uv/install.sh | sh
CMD ["uv"]
```

## Good
```dockerfile
FROM python:3.12-slim
COPY --from=ghcr.io/astral-sh/uv:0.9.2 /uv /usr/local/bin/
CMD ["uv"]
```

Many projects serve the installer of each version, or publish a checksum:

```dockerfile
FROM python:3.12-slim
ADD --checksum=sha256:9a3f2d1c0b5e4f6a7d8c9b0a1e2f3d4c5b6a79880f1e2d3c4b5a697887960f1e https://example.org/tool/1.4.2/install.sh /tmp/
RUN sh /tmp/install.sh
CMD ["tool"]
```

## References
<https://docs.docker.com/reference/dockerfile/#add---checksum>
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from imgtool.rule import (
    Arg,
    Command,
    Document,
    Facts,
    Finding,
    NamedTuple,
    PackageOperation,
    RuleMeta,
    Run,
    Severity,
)

from .._patterns import compiled
from ._checks import after, verifies
from ._urls import host, near, pinned, value

META = RuleMeta("IMG502", "piped-installer", severity=Severity.WARNING, since="0.2.0", needs=("curl", "wget"))

_SHELLS = frozenset("sh bash dash ash zsh ksh".split())
_INTERPRETERS = _SHELLS | frozenset("python python2 python3 perl ruby node php pwsh".split())
_INLINE = r"(?:\$\(|`)\s*(?:curl|wget)\s[^)`]{0,2000}?(\w{1,10}://[^\s\"')`]+)"
_VERSION = r"v?\d+\.\d+[\w.-]*\Z"
_PIPES = ("|", "|&")


class _Script(NamedTuple):
    """A script's URL, and the command that runs it; ``given`` are the words for the script."""

    url: Arg
    command: Command
    given: tuple[Arg, ...]


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    interpreted = not _INTERPRETERS.isdisjoint(facts.programs)
    for stage in facts.stages:
        for run in facts.runs(stage):
            fetches = (
                [o for o in run.operations if o.ecosystem == "http" and o.urls] if run.operations else ()
            )
            downloads = {id(o.command): o for o in fetches} if fetches else {}
            if downloads or interpreted:
                yield from _in_run(run, downloads, facts)


def _in_run(run: Run, downloads: Mapping[int, PackageOperation], facts: Facts) -> Iterator[Finding]:
    commands = run.script.commands
    for index, command in enumerate(commands):
        if command.name in _INTERPRETERS:
            found = _inline(command)
        elif downloads and (operation := downloads.get(id(command))):
            found = _piped(commands, index, operation) or _saved(commands, index, operation)
        else:
            continue
        if found and (finding := _judged(found, run, facts)):
            yield finding


def _judged(found: _Script, run: Run, facts: Facts) -> Finding | None:
    url = value(found.url, run, facts)
    name, plain = host(url), url.startswith("http://")
    if not name or near(name) or (pinned(url) and not plain):
        return None
    what = url.split("?")[0].rstrip("/").rpartition("/")[2] if "/" in url.partition("://")[2] else ""
    script = f"{what} from {name}" if what and what != name and "$" not in what else f"a script from {name}"
    way = "over plain http, as anybody on the way may change it" if plain else "as it is served that day"
    message = f"{script} is run {way}; name a version in its URL, or check its checksum first"
    chosen = any(compiled(_VERSION).match(arg.text.rpartition("=")[2]) for arg in found.given) and not plain
    return META.finding(found.url.span, message, severity=Severity.INFO if chosen else None)


def _inline(command: Command) -> _Script | None:
    """``sh -c "$(curl …)"``, whose string is not read as a script."""
    words = [arg for before, arg in pairwise(command.argv) if before.text == "-c"]
    for arg in words:
        if (match := compiled(_INLINE).match(arg.text)) is not None:
            return _Script(arg._replace(text=match[1]), command, command.args)
    return None


def _piped(commands: Sequence[Command], index: int, download: PackageOperation) -> _Script | None:
    """What a download writes to its output, and who runs that."""
    command = commands[index]
    if not _prints(download):
        return None
    for later in after(commands, index):
        if later.connector not in _PIPES or verifies(later):
            break
        if _reads_script(later):
            return _Script(download.urls[0], later, later.args)
    if "substitution" in command.context:
        outer = next((c for c in after(commands, index) if c.span.holds(command.span)), None)
        if outer and _takes_script(outer, command):
            return _Script(download.urls[0], outer, outer.args)
    return None


def _prints(download: PackageOperation) -> bool:
    if any(redirect.operator.startswith(">") for redirect in download.command.redirects):
        return False
    if download.manager == "curl":
        return not download.has("remote-name") and (download.output is None or download.output.text == "-")
    return download.output is not None and download.output.text in ("-", "/dev/stdout")


def _reads_script(command: Command) -> bool:
    """Whether a command runs what is on its input: ``sh``, ``bash -s -- x``, ``python3 -``."""
    if command.name not in _INTERPRETERS:
        return False
    words = [arg.text for arg in command.args]
    if "-c" in words or "-m" in words or ("-e" in words[:1] and command.name not in _SHELLS):
        return False
    operand = next((word for word in words if not word.startswith("-") or word in ("-", "-s")), "-")
    return operand in ("-", "-s", "/dev/stdin")


def _takes_script(outer: Command, inner: Command) -> bool:
    """Whether the output of a substitution is what the outer command runs."""
    if outer.name in ("eval", "source", ".") or (outer.argv and outer.argv[0].span.holds(inner.span)):
        return True
    holder = next((arg for arg in outer.args if arg.span.holds(inner.span)), None)
    if holder is None:
        return outer.name in _INTERPRETERS and any(
            redirect.target is not None and redirect.target.span.holds(inner.span)
            for redirect in outer.redirects
        )
    position = outer.args.index(holder)
    before = outer.args[position - 1].text if position else ""
    first = all(arg.text.startswith("-") for arg in outer.args[:position])
    return outer.name in _INTERPRETERS and (before == "-c" or (first and holder.text.startswith("<(")))


def _saved(commands: Sequence[Command], index: int, download: PackageOperation) -> _Script | None:
    """A file that is downloaded and then run in the same RUN, nothing checked in between."""
    name = _file(download)
    if not name:
        return None
    for later in after(commands, index):
        if verifies(later):
            return None
        if _runs(later, name):
            return _Script(download.urls[0], later, later.args)
    return None


def _file(download: PackageOperation) -> str:
    """The name of the file that a download leaves, ``""`` where it is not in sight."""
    target = next((r.target for r in download.command.redirects if r.operator in (">", ">|", "&>")), None)
    output = target or download.output
    if output is None and (download.manager == "wget" or download.has("remote-name")):
        output = download.urls[0]
    name = output.text.split("?")[0].rpartition("/")[2] if output else ""
    return "" if name in ("", "-", "null", "stdout") or name.startswith("$(") else name


def _runs(command: Command, name: str) -> bool:
    if not command.argv:
        return False
    program = command.argv[0].text
    if command.name in _INTERPRETERS or command.name in ("source", "."):
        program = next((arg.text for arg in command.args if not arg.text.startswith("-")), "")
        return program.rpartition("/")[2] == name
    return (
        "/" in program
        and program.rpartition("/")[2] == name
        and name.endswith((".sh", ".py", ".run", ".bash"))
    )
