r"""CANN's environment lost after the build.

## What it does
Reports `set_env.sh` of CANN that is sourced in a RUN, or written to `.bashrc`, where what ships starts a program
without it: no ENV sets the variables, the base image sets none, and neither ENTRYPOINT nor CMD sources the script.

Left alone: CANN images, which set the variables themselves; bases that are not known, unless CANN is installed here;
a start command that is a script, a file of the project or a shell, which may source it; containers that wait for
somebody to work in them (`sleep`, `sshd`); an image whose LD_LIBRARY_PATH has the folders.

## Why is this bad
What `source` sets ends with its RUN, and `.bashrc` is read by interactive shells only. The service starts without
`ASCEND_OPP_PATH` and the library folders and fails with `libascendcl.so: cannot open shared object file` or with
operators that are not found, while everything works in `docker exec -it … bash`.

## Bad
```dockerfile
FROM ubuntu:22.04
RUN --mount=type=bind,source=packages,target=/packages \
    /packages/Ascend-cann-toolkit_8.0.0_linux-aarch64.run --quiet --install --install-for-all \
 && . /usr/local/Ascend/ascend-toolkit/set_env.sh
COPY serve.py /srv/serve.py
CMD ["python3", "/srv/serve.py"]
```

## Good
```dockerfile
FROM ubuntu:22.04
RUN --mount=type=bind,source=packages,target=/packages \
    /packages/Ascend-cann-toolkit_8.0.0_linux-aarch64.run --quiet --install --install-for-all
COPY serve.py /srv/serve.py
ENTRYPOINT ["/bin/bash", "-c", ". /usr/local/Ascend/ascend-toolkit/set_env.sh && exec \"$@\"", "--"]
CMD ["python3", "/srv/serve.py"]
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Document, Facts, Finding, RuleMeta, Run, Severity, Span, local_sources, software_of

from ._brings import By, brought
from ._start import SHELLS, start, starts_a_program

META = RuleMeta(
    "IMG112",
    "cann-env-lost",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=("set_env.sh",),
)

_SCRIPT = "set_env.sh"
_VENDOR = "cann"
_SOURCES = frozenset({"source", "."})
_PROFILES = ("bashrc", ".profile", ".bash_profile", "/etc/profile", "BASH_ENV")
_SCRIPTS = (".sh", ".bash")
_LIBRARIES = "LD_LIBRARY_PATH"
# its sessions are shells
_LOGIN = "sshd"


def check(document: Document, facts: Facts) -> Iterator[Finding]:
    if not facts.shipped or not _starts_without(facts) or _is_set(document, facts):
        return
    found = [
        place for stage in reversed(facts.shipped) for run in facts.runs(stage) for place in _sourced(run)
    ]
    if found:
        what, span = found[0]
        yield META.finding(
            span,
            f"what {_SCRIPT} sets is gone {what}: set the variables with ENV, or source it in ENTRYPOINT",
            related=tuple(span for _, span in found[1:]),
        )


def _starts_without(facts: Facts) -> bool:
    """Whether a program is started that is known not to read the script."""
    words = start(facts)
    text = " ".join(words)
    programs = [word.rpartition("/")[2] for word in words]
    return starts_a_program(facts) and not (
        _SCRIPT in text
        or programs[0] == _LOGIN
        or programs[0] in _own_files(facts)
        or "$" in words[0]
        or any(program in SHELLS for program in programs)
        or any(program.endswith(_SCRIPTS) for program in programs)
        or "entrypoint" in programs[0]
    )


def _own_files(facts: Facts) -> set[str]:
    """The names of what is copied from the context: a program of the project may be a script."""
    nodes = (node for stage in facts.shipped for node in stage.instructions)
    return {source.rpartition("/")[2] for node in nodes for source in local_sources(node)}


def _is_set(document: Document, facts: Facts) -> bool:
    """Whether the image may have the variables all the same."""
    base = facts.base(facts.shipped[-1])
    if base is None or base.accelerator == _VENDOR:
        installed = (b for b in brought(facts) if b.accelerator == _VENDOR)
        if base is not None or not any(b.by is By.INSTALLER for b in installed):
            return True
    env = facts.final_state(facts.shipped[0]).env
    values = ((name, value or "") for name, value in env.items())
    return b"BASH_ENV" in document.data or any(
        name == _LIBRARIES or (name.startswith("ASCEND_") and name.endswith(("_PATH", "_HOME")))
        for name, value in values
        if any(_names_software(entry) for entry in value.split(":"))
    )


def _names_software(value: str) -> bool:
    row = software_of("files", value)
    return row is not None and row.id == _VENDOR


def _sourced(run: Run) -> Iterator[tuple[str, Span]]:
    for command in run.script.commands:
        redirects = (*command.redirects, *command.outer_redirects)
        targets = [r.target.text for r in redirects if r.target is not None and ">" in r.operator]
        for arg in command.args:
            if _SCRIPT not in arg.text:
                continue
            if command.name in _SOURCES and "scend" in arg.text and arg.text.endswith(_SCRIPT):
                yield "when this RUN ends", arg.span
            elif any(name in target for target in targets for name in _PROFILES):
                yield "in a program that no interactive shell starts", arg.span
