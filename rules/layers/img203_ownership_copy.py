"""Ownership or mode changed in a later layer.

## What it does
Reports `chown -R`, `chgrp -R` and `chmod -R`, in an image that ships, of a folder that an earlier instruction filled:
COPY, ADD, a clone, an unpacked archive, a virtual environment.

A single small file is left out, and so are folders of scripts or settings by their name, and what the same RUN made.

## Why is this bad
A layer holds files whole. Changing the owner of a file stores the file again: the folder is in the image twice.
Published images have lost half their size this way, one of them 22 GB.

## Bad
```dockerfile
FROM debian:bookworm
RUN useradd --create-home app
WORKDIR /srv/app
COPY . .
RUN chown -R app:app /srv/app
USER app
```

## Good
```dockerfile
FROM debian:bookworm
RUN useradd --create-home app
WORKDIR /srv/app
COPY --chown=app:app . .
RUN chown app:app /srv/app
USER app
```

## Fix safety
The owner or mode goes into the COPY, and the command keeps the folder itself, which WORKDIR may have made.
Safe where the COPY alone fills the folder, it stands directly before in a known base image that has no such
folder, and its parent is there already: every file, folder and link is then the same as before (for a mode: an octal
one). Unsafe otherwise: files that the base image or a RUN between them put there keep their owner, and folders
above that COPY makes get it too.
Where the RUN that filled the folder stands directly before, the two become one, as for IMG202; that is safe.
There is no fix where the owner does not exist when COPY runs, where several instructions filled the folder, or where
the command names what is in it by a wildcard.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Facts, Finding, FixAvailability, Recopy, RuleMeta, Severity, Stage, folded, recopies
from imgtool.rule import ownership_advice as advice

META = RuleMeta(
    "IMG203", "ownership-copy", severity=Severity.WARNING, since="0.1.0", fix=FixAvailability.SOMETIMES
)


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage in facts.shipped:
        for recopy in recopies(facts, stage):
            yield _finding(facts, recopy)


def _finding(facts: Facts, recopy: Recopy) -> Finding:
    lines = sorted({maker.start_line for maker in recopy.makers})
    from_ = f"line {lines[0]}" if len(lines) == 1 else f"lines {lines[0]} to {lines[-1]}"
    folders = " and ".join(word.text for word, _ in recopy.hits)
    program = recopy.found.command.name
    message = f"{program} -R stores what {from_} put in {folders} a second time; {advice(facts, recopy)}"
    return META.finding(recopy.hits[0][0].span, message, fix=folded(facts, recopy))
