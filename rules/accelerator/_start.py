"""What starts in the image that ships."""

from __future__ import annotations

from imgtool.rule import Facts, Instruction, Operation

SHELLS = frozenset("sh bash dash ash zsh ksh fish source .".split())
# keep a container alive for somebody to work in it
_WAITS = frozenset({"tail", "sleep"})
_NOTEBOOKS = frozenset({"jupyter", "jupyterlab", "notebook", "code-server"})
# images of the Python Packaging Authority to build wheels in, and what others make of them
_WHEEL_BUILDERS = ("manylinux", "musllinux")


def start(facts: Facts) -> list[str]:
    """The words of ENTRYPOINT and CMD; ``sh`` stands for a line that only a shell can take apart."""
    return [word for node in _started(facts) for word in _words(node)]


def starts_a_program(facts: Facts) -> bool:
    """Whether the Dockerfile says what runs: more than a shell to work in, or nothing."""
    words = start(facts)
    name = words[0].rpartition("/")[2] if words else ""
    return bool(words) and name not in _WAITS and (name not in SHELLS or len(words) > 1)


def ends_in_a_shell(facts: Facts) -> bool:
    """Whether CMD is a shell to work in, by itself or for an entrypoint to start."""
    words = _words(_started(facts)[1])
    return len(words) == 1 and words[0].rpartition("/")[2] in SHELLS


def starts_a_shell(facts: Facts) -> bool:
    """Whether nothing starts that the Dockerfile names, but a shell."""
    return not starts_a_program(facts) or ends_in_a_shell(facts)


def is_worked_in(facts: Facts) -> bool:
    """Whether people work in the image, and may compile: a shell starts, or notebooks are there."""
    return starts_a_shell(facts) or holds_notebooks(facts)


def holds_notebooks(facts: Facts) -> bool:
    """Whether notebooks are installed or start: people bring code to such an image."""
    installed = (
        package.name
        for stage in facts.shipped
        for run in facts.runs(stage)
        for operation in run.operations
        if operation.operation is Operation.INSTALL
        for package in operation.packages
    )
    lines = [node.args if node.json else str(node.rest).split() for node in _started(facts) if node]
    words = (word.rpartition("/")[2] for line in lines for word in line)
    return not _NOTEBOOKS.isdisjoint(installed) or not _NOTEBOOKS.isdisjoint(words)


def builds_wheels(facts: Facts) -> bool:
    """Whether what ships stands on an image to build wheels in, where no device ever is."""
    reference = facts.shipped[-1].reference if facts.shipped else None
    return (reference or "").rpartition("/")[2].startswith(_WHEEL_BUILDERS)


def _started(facts: Facts) -> tuple[Instruction | None, Instruction | None]:
    """ENTRYPOINT and CMD in effect in what ships: an ENTRYPOINT takes the CMD of the stages below away."""
    command = None
    for stage in facts.shipped:
        last = {i.keyword: i for i in stage.instructions if i.keyword in ("ENTRYPOINT", "CMD")}
        command = command or last.get("CMD")
        if "ENTRYPOINT" in last:
            return last["ENTRYPOINT"], command
    return None, command


def _words(instruction: Instruction | None) -> list[str]:
    if instruction is None:
        return []
    if instruction.json:
        return list(instruction.args)
    text = str(instruction.rest)
    return ["sh", "-c"] if set(text) & set("&|;<>`$(){}*\"'\\") else text.split()
