"""Progress bar of wget in the build log.

## What it does
Reports `wget` without one of `--progress`, `-q`, `-nv`, `-o`, `-a` and their long forms.

## Why is this bad
`wget` writes a line for every 50 kB where it has no terminal: thousands for a model or an installer, and what matters
drowns in the log.

## Bad
```dockerfile
FROM debian:bookworm
RUN wget https://example.com/data.bin
```

## Good
```dockerfile
FROM debian:bookworm
RUN wget --progress=dot:giga https://example.com/data.bin
```

## Fix safety
Safe: the option changes only what is printed. Unsafe where the stage does not install GNU `wget` from Debian's or
Alpine's packages: BusyBox's has no such option.
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Applicability,
    Edit,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    PackageOperation,
    RuleMeta,
    Run,
    Severity,
    Stage,
    per_file,
)

from ._found import at, called, earliest

META = RuleMeta(
    "DL3047",
    "wget-progress-bar",
    severity=Severity.INFO,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("wget",),
)

_QUIET = ("--progress", "--quiet", "--output-file", "--append-output", "--no-verbose")
_OPTION = "--progress=dot:giga"
# there, wget is another name of Invoke-WebRequest
_POWERSHELL = frozenset({"powershell", "powershell.exe", "pwsh"})


def check(run: Run, facts: Facts) -> Iterator[Finding]:
    for operation in () if called(run, _POWERSHELL) else run.operations:
        if operation.manager == "wget" and not operation.has(*_QUIET):
            word = operation.command.argv[0]
            message = f"wget fills the log with its progress; add {_OPTION}"
            yield from at(META, (word.span,), message, _fix(run, facts, operation))


def _fix(run: Run, facts: Facts, operation: PackageOperation) -> Fix:
    end = operation.command.argv[0].span.end
    node = run.instruction.inner or run.instruction
    text = f', "{_OPTION}"' if node.json and not operation.command.context else f" {_OPTION}"
    edits = (Edit(end, end, text),)
    if _is_gnu(run, facts):
        return Fix(f"Add {_OPTION}", edits, Applicability.SAFE)
    return Fix(f"Add {_OPTION} (unsafe: BusyBox's wget has no such option)", edits)


def _is_gnu(run: Run, facts: Facts) -> bool:
    """Whether the stage installs the wget that knows the option."""
    start = _gnu(facts).get(run.stage)
    return start is not None and start <= run.instruction.span.start


@per_file
def _gnu(facts: Facts) -> dict[Stage, int]:
    return earliest(facts, lambda stage: next(_installing(facts, stage), None))


def _installing(facts: Facts, stage: Stage) -> Iterator[int]:
    for run in facts.runs(stage):
        for operation in run.operations:
            if operation.ecosystem in ("deb", "apk") and any(p.name == "wget" for p in operation.packages):
                yield run.instruction.span.start
