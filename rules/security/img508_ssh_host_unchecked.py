"""SSH to a host that nobody has checked.

## What it does
Reports `StrictHostKeyChecking no` and `UserKnownHostsFile /dev/null`, given to `ssh`, `scp` or git while the image is
built, or written into a configuration of ssh that stays in the image. In every stage; once an instruction. Written
into a configuration, it is information: clusters whose hosts are made anew with every job live with it.

## Why is this bad
A host key is all that tells a server from one that stands in between. Without it, the sources that a build clones, or
the jobs that a container starts elsewhere, are whatever answers.

## Bad
```dockerfile
FROM debian:bookworm-slim
RUN --mount=type=ssh GIT_SSH_COMMAND="ssh -o StrictHostKeyChecking=no" git clone --depth 1 git@github.com:example/kernels.git /src
CMD ["/src/run.sh"]
```

## Good
```dockerfile
FROM debian:bookworm-slim
COPY known_hosts /root/.ssh/known_hosts
RUN --mount=type=ssh git clone --depth 1 --branch v1.2.0 git@github.com:example/kernels.git /src && rm -rf /src/.git
CMD ["/src/run.sh"]
```

`known_hosts` holds the keys that the host publishes, such as those of
<https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/githubs-ssh-key-fingerprints>.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Document, Facts, Finding, RuleMeta, Severity

from .._patterns import compiled
from ._texts import matches, place

META = RuleMeta(
    "IMG508",
    "ssh-host-unchecked",
    severity=Severity.WARNING,
    since="0.2.0",
    preview=True,
    needs=("stricthostkeychecking", "userknownhostsfile"),
)

# sed puts a group between the name and the value
_OFF = (
    rb"(?i)StrictHostKeyChecking(?:[ \t=]+(?:no|off)\b|[ \t]*[^\s;&|]{0,12}[^\n;&|]{0,4}/[^\n/;&|]{0,6}no/)"
    rb"|UserKnownHostsFile[ \t=]+/dev/null\b"
)
_OPTION = rb"(?s)(?:-o[ \t]*[\"']?|GIT_SSH_COMMAND\b.*)\Z"


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    told: set[int] = set()
    for instruction, match, text in matches(facts, _OFF, (b"hostkeychecking", b"knownhostsfile")):
        if instruction.span.start in told:
            continue
        told.add(instruction.span.start)
        used = compiled(_OPTION).search(text.data[max(match.start() - 80, 0) : match.start()]) is not None
        what = match[0].partition(b" ")[0].partition(b"=")[0].decode("ascii", "replace")
        message = (
            f"{what} is off: whoever answers is taken for the host that was meant; list its key in known_hosts"
            if what.lower() != "userknownhostsfile"
            else "no host is known, so whoever answers is taken for the one that was meant; list its key in known_hosts"
        )
        yield META.finding(place(text, match), message, severity=None if used else Severity.INFO)
