"""Image that runs as root.

## What it does
Reports the last USER of an image where it is `root`, by name or number, its variables replaced where they are known. Images
are the last stage and those that no other stage needs; where they say nothing, the USER of the stage they are FROM counts.
Without any USER nothing is said.

## Why is this bad
The container's processes run as root, and what breaks out of it is root on the host. Whoever wrote `USER root` meant it
for the RUNs that follow.

## Bad
```dockerfile
FROM debian:bookworm-slim
USER root
RUN ["useradd", "app"]
CMD ["sleep", "1"]
```

## Good
```dockerfile
FROM debian:bookworm-slim
USER root
RUN ["useradd", "--uid", "1000", "app"]
USER 1000
CMD ["sleep", "1"]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Document, Facts, Finding, Instruction, RuleMeta, Severity

from ._images import images, last

META = RuleMeta("DL3002", "root-user", severity=Severity.WARNING, since="0.2.0", needs=("user",))


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    users = dict.fromkeys(last(stage, "USER") for stage in images(facts))
    for user in users:
        if user and _is_root(user, facts):
            message = "the image runs as root; end with a USER that is not"
            yield META.finding(user.words[0].span, message)


def _is_root(user: Instruction, facts: Facts) -> bool:
    name = (facts.expand(user, user.args[0]) or "").partition(":")[0]
    return name == "root" or (name != "" and not name.strip("0"))
