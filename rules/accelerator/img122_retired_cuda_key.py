"""Retired key of the CUDA repository.

## What it does
Reports commands, and files that ADD fetches, that bring the key `7fa2af80` of NVIDIA's CUDA repositories. As
information it reports `apt-key` for the key that is in use.

`apt-key del 7fa2af80` is left alone, and so are the machine-learning repositories: they are not updated any more
and still have the old key.

## Why is this bad
NVIDIA signs the CUDA repositories with another key since April 2022. With the old one `apt-get update` ends with
`NO_PUBKEY A4B469963BF863CC`. `apt-key` trusts a key for every repository, and newer distributions do not have it; the
package `cuda-keyring` brings key and repository.

## Bad
```dockerfile
FROM ubuntu:22.04
RUN apt-key adv --fetch-keys https://developer.download.nvidia.com/compute/cuda/repos/ubuntu2204/x86_64/7fa2af80.pub
```

## Good
```dockerfile
FROM ubuntu:22.04
ADD --checksum=sha256:d93190d50b98ad4699ff40f4f7af50f16a76dac3bb8da1eaaf366d47898ff8df \
    https://developer.download.nvidia.com/compute/cuda/repos/ubuntu2204/x86_64/cuda-keyring_1.1-1_all.deb /opt/
```

## Fix safety
Unsafe: another key is trusted. Offered for URLs of Debian and Ubuntu, whose folders hold the new key beside the old.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Document,
    Edit,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    RuleMeta,
    Run,
    Severity,
    Span,
    retired_key,
)

from ._commands import known

META = RuleMeta(
    "IMG122",
    "retired-cuda-key",
    severity=Severity.ERROR,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("7fa2af80", "3bf863cc"),
)

_NEW = ".pub"
_SYSTEMS = ("/ubuntu", "/debian", "/wsl-ubuntu")


def check(document: Document, facts: Facts) -> Iterator[Finding]:
    for stage in facts.stages:
        for instruction in stage.instructions:
            if instruction.keyword == "ADD":
                for word in instruction.words[:-1]:
                    yield from _fetched(
                        facts.expand(instruction, word.text) or word.text, word.span, document
                    )
        for run in facts.runs(stage):
            yield from _in_run(run, document, facts)


def _in_run(run: Run, document: Document, facts: Facts) -> Iterator[Finding]:
    for command in run.script.commands:
        for arg in command.args:
            text = known(arg.text, run, facts)
            yield from _fetched(text, arg.span, document)
            if command.name == "apt-key" and _in_use(text):
                yield META.finding(
                    command.argv[0].span,
                    "apt-key trusts the key for every repository, and newer distributions do not have it; "
                    "install cuda-keyring",
                    severity=Severity.INFO,
                )


def _in_use(text: str) -> bool:
    """Whether it is the URL of a CUDA repository's key that is not retired."""
    return text.endswith(_NEW) and "/compute/cuda/repos/" in text and retired_key(text) is None


def _fetched(text: str, span: Span, document: Document) -> Iterator[Finding]:
    key = retired_key(text)
    if key is None:
        return
    at = document.data.lower().find(key.id.encode(), span.start, span.end)
    place = Span(at, at + len(key.id)) if at >= 0 else span
    fix = None
    if at >= 0 and any(system in text for system in _SYSTEMS):
        fix = Fix(
            f"Fetch {key.instead} (unsafe: another key is trusted)",
            (Edit(place.start, place.end, key.instead),),
        )
    yield META.finding(
        place,
        f"the CUDA repositories are not signed with {key.id} since {key.retired}; "
        f"install {key.package}, or fetch {key.instead}",
        fix=fix,
    )
