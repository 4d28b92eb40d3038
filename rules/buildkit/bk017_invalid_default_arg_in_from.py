"""FROM that names no image without build arguments.

## What it does
Reports a FROM with variables whose image is none where each ARG has its default: empty, with an empty tag, or in upper
case. BuildKit's check InvalidDefaultArgInFrom.

## Why is this bad
`docker build .` fails, and so does every tool that reads the file without knowing the arguments.

## Bad
```dockerfile
ARG TAG
FROM debian:${TAG}
```

## Good
```dockerfile
ARG TAG=bookworm
FROM debian:${TAG}
```

## References
<https://docs.docker.com/reference/build-checks/invalid-default-arg-in-from/>
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from imgtool.rule import Document, Facts, Finding, RuleMeta, Severity, WordError, expand, image_problem

META = RuleMeta(
    "BK017",
    "invalid-default-arg-in-from",
    severity=Severity.WARNING,
    since="0.2.0",
    aliases=("InvalidDefaultArgInFrom",),
    needs=("$",),
)

# as on the machine that most images are built on; a name is valid with any other platform as well
_PLATFORM: dict[str, str | None] = {
    "BUILDPLATFORM": "linux/amd64", "BUILDOS": "linux", "BUILDOSVERSION": "", "BUILDARCH": "amd64",
    "BUILDVARIANT": "", "TARGETPLATFORM": "linux/amd64", "TARGETOS": "linux", "TARGETOSVERSION": "",
    "TARGETARCH": "amd64", "TARGETVARIANT": "", "TARGETSTAGE": "default",
}  # fmt: skip


def check(document: Document, facts: Facts) -> Iterator[Finding]:
    if not [stage for stage in facts.stages if "$" in stage.base]:
        return
    try:
        defaults = _defaults(document)
        for stage in facts.stages:
            image = expand(stage.base, defaults, document.escape).text
            if "$" in stage.base and image is not None and not stage.from_.problem and image_problem(image):
                shown = image or "empty"
                message = (
                    f"{stage.base} is {shown} without build arguments, which is no image; give a default"
                )
                yield META.finding(stage.base_span, message)
    except WordError:
        # the builder goes no further, either
        return


def _defaults(document: Document) -> dict[str, str | None]:
    """What FROM sees where nobody gives a build argument.

    Raises:
        WordError: the builder refuses a default.
    """
    values = dict(_PLATFORM)
    for node in takewhile(lambda i: i.keyword != "FROM", document.instructions):
        for word in node.args if node.keyword == "ARG" and not node.problem else ():
            name, given, default = word.partition("=")
            if given:
                values[name] = expand(default, values, document.escape).text
    return values
