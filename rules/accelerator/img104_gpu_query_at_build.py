"""GPU queried at build time.

## What it does
Reports programs that ask for a device (`nvidia-smi`, `npu-smi`, `rocm-smi`, `torch.cuda.is_available()`, …) in a RUN:
as a command, in `python -c`, in a here-document or a pipe that Python reads. Every stage counts, a builder too.

CMD, ENTRYPOINT and HEALTHCHECK run where there is a device and are left alone. So are a RUN with `--device`, and a
query whose failure is thrown away (`nvidia-smi || true`) and Python that only prints the answer: nothing depends on it.

## Why is this bad
No device is visible while an image is built. `nvidia-smi` is not even there, and ends the build;
`torch.cuda.is_available()` is False, and whatever it decides goes the way of a machine without a GPU, without a word.

## Bad
```dockerfile
FROM pytorch/pytorch:2.6.0-cuda12.4-cudnn9-runtime
RUN python -c "import torch; assert torch.cuda.is_available()"
COPY app.py /app/
CMD ["python", "/app/app.py"]
```

## Good
```dockerfile
FROM pytorch/pytorch:2.6.0-cuda12.4-cudnn9-runtime
COPY app.py /app/
HEALTHCHECK CMD ["python", "-c", "import torch; assert torch.cuda.is_available()"]
CMD ["python", "/app/app.py"]
```
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imgtool.rule import (
    Command,
    Document,
    DriverFact,
    Facts,
    Finding,
    RuleMeta,
    Run,
    Severity,
    Span,
    driver_command,
    driver_program,
    regex,
)

from ._commands import input_lines, judged, line, lines, of_interest

META = RuleMeta("IMG104", "gpu-query-at-build", severity=Severity.WARNING, since="0.1.0")

# Python that does more with the answer than print it
_DECIDES = regex(r"\b(?:assert|if|while|raise|exit|sys)\b")
_NO_EFFECT = frozenset({"true", ":", "echo", "printf"})


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    interesting = of_interest(facts)
    for stage in facts.stages:
        for run in facts.runs(stage):
            if run in interesting or not run.script.commands:
                yield from _in_run(run, interesting.get(run, ()), facts)


def _in_run(run: Run, interesting: Sequence[int], facts: Facts) -> Iterator[Finding]:
    commands = run.script.commands
    node = run.instruction.inner or run.instruction
    if node.flag("device") is not None:
        return
    for position in interesting:
        found = list(_in_command(run, position, facts))
        if found and not _ignored(commands, position):
            yield from found
    if not commands:
        # a here-document or a SHELL that is Python
        yield from _in_lines(list(lines(run.script.text)), run.script.dialect, facts)


def _in_command(run: Run, position: int, facts: Facts) -> Iterator[Finding]:
    command = run.script.commands[position]
    query = judged(command, run, facts)
    if query is not None:
        yield from _found(query, line(command, run, facts), command.span, facts)
    if driver_program(command.name):
        yield from _in_lines(list(input_lines(run.script.commands, position)), command.name, facts)


def _in_lines(given: Sequence[tuple[str, Span]], program: str, facts: Facts) -> Iterator[Finding]:
    """What a program reads."""
    if not given:
        return
    whole = "\n".join(text for text, _ in given)
    for text, span in given:
        query = driver_command(text, program)
        if query is not None:
            yield from _found(query, whole, span, facts)


def _found(query: DriverFact, text: str, span: Span, facts: Facts) -> Iterator[Finding]:
    if query.kind != "query" or query.found is None:
        return
    written = query.found.encode("utf-8", "replace")
    at = facts.document.data.find(written, span.start, span.end)
    place = Span(at, at + len(written)) if at >= 0 else span
    message = f"{query.found.rstrip('(')} asks for a device, and {query.why}; ask when the container starts"
    if not query.found.endswith("(") or _DECIDES.search(text):
        yield META.finding(place, message, severity=query.severity)


def _ignored(commands: Sequence[Command], position: int) -> bool:
    """Whether a failure of the command, or of the pipe it is in, has no effect."""
    for following in commands[position + 1 :]:
        if following.connector in ("|", "|&"):
            continue
        return following.connector == "||" and following.name in _NO_EFFECT
    return False
