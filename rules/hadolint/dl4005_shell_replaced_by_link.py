"""Shell of the image replaced by a link.

## What it does
Reports `ln` with `/bin/sh` among its arguments.

## Why is this bad
Every program of the image that starts `/bin/sh` gets the other shell from then on, not only the Dockerfile. `SHELL` says
for the RUN instructions alone which shell they want.

## Bad
```dockerfile
FROM debian:bookworm
RUN ln -sf /bin/bash /bin/sh
```

## Good
```dockerfile
FROM debian:bookworm
SHELL ["/bin/bash", "-c"]
RUN echo "${BASH_VERSION}"
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, RuleMeta, Run, Severity

from ._found import at, called

META = RuleMeta(
    "DL4005", "shell-replaced-by-link", severity=Severity.WARNING, since="0.2.0", needs=("/bin/sh",)
)

_LN = frozenset({"ln"})


def check(run: Run, _facts: Facts) -> Iterator[Finding]:
    words = [word.span for command in called(run, _LN) for word in command.args if word.text == "/bin/sh"]
    yield from at(META, words, "this changes the shell of every program; choose one for RUN with SHELL")
