r"""Package cache kept in a layer.

## What it does
Reports a RUN, in a stage that ships, that leaves the cache of a package manager in its layer: the lists of
`apt-get update`, the index of `apk`, the metadata of `dnf`, `yum`, `microdnf` and `zypper`, the downloads of `pip`,
`uv`, `poetry`, `pipenv`, `pdm`, `conda`, `mamba`, `micromamba`, `npm` and `yarn`, those of `cargo install` and
`go install`; by whatever path or variable of the build the program is called, and in whatever shell construct.

A cache or tmpfs mount, a variable (`PIP_NO_CACHE_DIR`, also inherited), an option of the command, a
configuration file, or a deletion later in the same RUN makes it fine. So does `apt-get clean` being absent:
Debian's and Ubuntu's images delete archives by themselves, but never the lists. A manager that the base's system does not
have and nothing installs (`yum` on Ubuntu) is left alone, as it leaves nothing. Where only a later RUN deletes the
cache, IMG202 says so instead.

## Why is this bad
Nothing in the image reads it. Lists weigh some 20 to 50 MB, pip's cache as much as the wheels it
installed: gigabytes where one of them is `torch`.

## Bad
```dockerfile
FROM debian:bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3-pip
RUN pip install --break-system-packages numpy==2.1.3
```

## Good
```dockerfile
FROM debian:bookworm
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3-pip \
    && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir --break-system-packages numpy==2.1.3
```

## Fix safety
Safe: the option, or the deletion at the end of the same list of commands (in a here-document, on a line of its own behind
the last that uses the cache), changes nothing but the cache; so does leaving out an update of the index that no command
reads, as all that install have `--no-cache`.
Unsafe where a script that cannot be read runs later and may install packages without `apt-get update`. There is no
fix where a later RUN does so for certain, where the RUN fetches lists and installs nothing, in exec form, and where
the RUN ends in something that a command cannot be added to.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Facts,
    Finding,
    FixAvailability,
    RuleMeta,
    Severity,
    Stage,
    history,
    is_foreign_manager,
)

from ._known_as import known_as
from ._relief import reported

META = RuleMeta(
    "IMG204",
    "package-cache-kept",
    severity=Severity.WARNING,
    since="0.1.0",
    fix=FixAvailability.SOMETIMES,
    aliases=("DL3009", "DL3019", "DL3032", "DL3036", "DL3040", "DL3042", "DL3060"),
)


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage in facts.shipped:
        for kept in history(facts).kept:
            if kept.run.stage is stage and not is_foreign_manager(facts, kept):
                yield reported(META, facts, kept, known_as(kept))
