"""Archive or installer kept beside what came out of it.

## What it does
Reports an archive, a package file or an installer, in a stage that ships, that a command unpacks or installs and
nothing deletes: a download of `wget`, `curl` or `aria2c`, and what COPY took from the build context or from another
stage. Files that are data by themselves, which no command unpacks, are left alone, and so are
small ones: key rings, scripts.

Where a later RUN deletes it, IMG202 says so.

## Why is this bad
The image holds the contents twice: packed and unpacked. Installers of toolkits and frameworks weigh gigabytes, wheels
as much as what they install.

## Bad
```dockerfile
FROM debian:bookworm
RUN wget -q https://example.com/engine-1.2.tar.gz && tar -xzf engine-1.2.tar.gz -C /opt
```
```dockerfile
FROM python:3.12-slim
COPY dist/engine-1.2-py3-none-any.whl /tmp/
RUN pip install --no-cache-dir /tmp/engine-1.2-py3-none-any.whl
```

## Good
```dockerfile
FROM debian:bookworm
RUN wget -q https://example.com/engine-1.2.tar.gz && tar -xzf engine-1.2.tar.gz -C /opt && rm -f engine-1.2.tar.gz
```
```dockerfile
FROM python:3.12-slim
RUN --mount=type=bind,source=dist,target=/tmp/dist \
    pip install --no-cache-dir /tmp/dist/engine-1.2-py3-none-any.whl
```

## Fix safety
Unsafe: the file is gone from the image, and something that cannot be seen here may want it. The fix deletes a
download at the end of its RUN; there is none where a later RUN unpacks it, where the RUN changes folders and the download's place
is relative, and for COPY, whose file is to come from a bind mount.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from imgtool.rule import (
    MEGABYTE,
    Applicability,
    Arg,
    Content,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    RuleMeta,
    Run,
    Severity,
    Span,
    Stage,
    append_command,
    copy_source,
    layers,
    regex,
    weight,
)

from ._uses import Use, last, used

META = RuleMeta(
    "IMG209",
    "archive-kept",
    severity=Severity.WARNING,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    aliases=("DL3010",),
    needs=(".tar", ".tgz", ".txz", ".tbz", ".zip", ".7z", ".deb", ".rpm", ".whl", ".run", ".sh", ".bin"),
)

_DOWNLOADS = frozenset({"wget", "curl", "aria2c", "axel"})
_ARCHIVE = regex(r"\.(?:tar(?:\.\w+)?|tgz|tbz2?|txz|zip|7z|deb|rpm|whl|run)\Z")
# a script is large where it carries what it installs
_INSTALLER = regex(
    r"(?:conda|forge|cmake|mamba|bazel|cuda|tensorrt|doca|mlnx|nsight)[\w.-]*\.(?:sh|bin)\Z", re.IGNORECASE
)
# packages that only name a repository
_SMALL = regex(r"keyring|release|apt-config|repo(?!.*local)|get-pip", re.IGNORECASE)
# the installers of CANN have a rule of their own
_OWN = regex(r"(?:ascend|cann)[\w.-]*\.run\Z", re.IGNORECASE)
_UNPACKS = frozenset(
    "tar bsdtar unzip 7z 7za 7zr dpkg dpkg-deb rpm rpm2cpio apt apt-get dnf yum microdnf zypper pip pip3 uv easy_install sh"
    " bash zsh gdebi wheel conda mamba micromamba unsquashfs alien patool".split()
)
# these delete what they unpack, or what they are given is gone for another reason
_TAKES_AWAY = frozenset(
    {"gunzip", "bunzip2", "unxz", "unzstd", "xz", "gzip", "bzip2", "rm", "mv", "find", "shred", "unlink"}
)


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage not in facts.shipped:
        return
    seen: set[Span] = set()
    for content in layers(facts).left:
        if not _is_archive(facts, content) or facts.graph.stage_of(content.instruction) is not stage:
            continue
        use = _unpacked(facts, content)
        span = _place(content)
        if use is not None and span not in seen:
            seen.add(span)
            run = next((run for run in facts.runs(stage) if run.instruction is content.instruction), None)
            yield _finding(facts, content, use, span, run)


def _is_archive(facts: Facts, content: Content) -> bool:
    if content.tree or ("." not in content.path and "." not in content.source):
        return False
    name = last(content.path)
    if not (_ARCHIVE.search(name) or _carries(content, name)):
        return False
    if _SMALL.search(name) or _OWN.search(name):
        return False
    if content.command is not None:
        return content.command.name in _DOWNLOADS
    if content.instruction.keyword == "ADD" and "://" not in content.source:
        # a local archive is unpacked, and other files are rarely added
        return False
    size = weight(facts, content)
    return size is None or size >= MEGABYTE


def _carries(content: Content, name: str) -> bool:
    """Whether a script holds what it installs; those in a context are mostly one's own."""
    if not _is_installer(name) and not _is_installer(last(content.source)):
        return False
    remote = content.command is not None or "://" in content.source
    return remote or any(word in content.source.lower() for word in ("x86_64", "aarch64", "linux"))


def _is_installer(name: str) -> bool:
    return name.lower().endswith((".sh", ".bin")) and _INSTALLER.search(name) is not None


def _unpacked(facts: Facts, content: Content) -> Use | None:
    """The command that unpacks or installs it, where no command takes it away."""
    found = None
    for use in used(facts, content):
        name = use.command.name
        if name in _TAKES_AWAY:
            return None
        runs_itself = use.word is use.command.argv[0]
        if name in _UNPACKS or name.startswith(("pip", "python")) or runs_itself:
            found = found or use
    return found if found is not None and found.run.script.understood else None


def _place(content: Content) -> Span:
    """The word that names the source."""
    words = content.command.args if content.command else content.instruction.words
    word = next((word for word in words if word.text == content.source), None)
    if word is not None:
        return word.span
    return content.command.argv[0].span if content.command else content.instruction.word.span


def _finding(facts: Facts, content: Content, use: Use, span: Span, run: Run | None) -> Finding:
    name = last(content.path)
    tool = use.command.name if use.word is not use.command.argv[0] else "it"
    has = f"{tool} has read it" if tool != "it" else "it has run"
    if content.command is not None:
        same = use.run is run
        advice = "delete it in the same RUN" if same else "unpack and delete it in the RUN that downloads it"
        message = f"{name} stays in the image after {has}; {advice}"
        fix = _fix(facts, content, use, run) if run and same else None
        return META.finding(span, message, fix=fix, aliases=())
    message = f"{name} stays in the image after {has}; {_instead(content)}"
    return META.finding(span, message, saves_bytes=weight(facts, content))


def _instead(content: Content) -> str:
    if "://" in content.source:
        return "download, unpack and delete it in one RUN"
    source = copy_source(content.instruction)
    mount = f"--mount=type=bind,from={source}" if source else "--mount=type=bind"
    return f"give it to that RUN by {mount} in place of {content.instruction.keyword}"


def _fix(facts: Facts, content: Content, use: Use, run: Run) -> Fix | None:
    word = _deletable(content, use.word, run)
    edit = append_command(facts.document, run, f"rm -f {word}") if word else None
    return (
        Fix(
            f"Delete {word} in the same RUN (unsafe: something else may want it)",
            (edit,),
            Applicability.UNSAFE,
        )
        if edit
        else None
    )


_PLAIN = regex(r"[\w./+-]+")


def _deletable(content: Content, word: Arg, run: Run) -> str | None:
    """How to name the file at the end of the RUN; None where that is not plain."""
    if not content.path.startswith("//") and _PLAIN.fullmatch(content.path):
        return content.path
    moves = any(command.name in ("cd", "pushd", "popd") for command in run.script.commands)
    return word.text if not moves and word.literal and _PLAIN.fullmatch(word.text) else None
