"""Byte-code, tests or static libraries removed in a layer of their own.

## What it does
Reports a RUN, in an image that ships, that makes or installs nothing and only takes away what earlier layers hold to make the
image smaller: byte-code (`__pycache__`, `*.pyc`), tests, static libraries and objects (`*.a`, `*.la`, `*.o`), documentation
(`/usr/share/doc`, `man`, `info`, `locale`), by `find` or `rm`; and one that runs `strip` on binaries of earlier layers.

Where it is known which instruction made a file that is deleted, IMG202 says so.

## Why is this bad
A layer only adds. What such a RUN deletes stays in the layer that holds it, and each file that it strips is stored a second
time: the image grows.

## Bad
```dockerfile
FROM python:3.12-slim
RUN pip install --no-cache-dir scipy==1.14.1
RUN find /usr/local/lib -type d -name tests -exec rm -rf {} +
```

## Good
```dockerfile
FROM python:3.12-slim
RUN pip install --no-cache-dir scipy==1.14.1 \
    && find /usr/local/lib -type d -name tests -exec rm -rf {} +
```
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import (
    Arg,
    Command,
    Facts,
    Finding,
    RuleMeta,
    Run,
    Severity,
    Stage,
    deletions,
    mounts_of,
    regex,
)

META = RuleMeta(
    "IMG214",
    "slimmed-too-late",
    severity=Severity.WARNING,
    since="0.2.0",
    needs=(".py", "test", ".a", ".o", ".la", "strip", "__pycache__", "/usr/share/"),
)

# what may stand beside it without making anything
_ALONE = frozenset(
    {"find", "xargs", "rm", "strip", "true", ":", "set", "echo", "ls", "du", "cd", "test", "["}
)
_FOLDERS = frozenset({"__pycache__", "test", "tests"})
_SUFFIXES = frozenset({"pyc", "pyo", "a", "la", "o"})
_DOCUMENTS = regex(r"/usr/share/(?:doc|man|info|locale)(?:/\*)?/?\Z")
_NAMES = frozenset({"-name", "-iname", "-path", "-wholename"})


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    for run in facts.runs(stage) if stage in facts.shipped else ():
        commands = run.script.commands
        # most begin with something else
        if commands and commands[0].name in _ALONE and not run.onbuild and run.script.understood:
            yield from _in_run(run, facts)


def _in_run(run: Run, facts: Facts) -> Iterator[Finding]:
    commands = run.script.commands
    if not _ALONE.issuperset([command.name for command in commands]) or mounts_of(
        run.instruction.inner or run.instruction
    ):
        return
    found = [each for command in commands if (each := _of(command, piped=len(commands) > 1))]
    said = {id(deletion.word) for deletion in deletions(facts)} if found else ()
    words = [(word, strips) for word, strips in found if id(word) not in said]
    if words:
        yield _finding(*words[0], tuple(word for word, _ in words[1:]))


def _of(command: Command, *, piped: bool) -> tuple[Arg, bool] | None:
    """The word for what a command takes away, and whether it strips that."""
    texts = [word.text for word in command.args]
    if command.name == "strip" and texts:
        return command.args[-1], True
    if command.name == "rm":
        paths = (w for w in command.args if "/" in w.text)
        word = next((w for w in paths if _DOCUMENTS.search(w.text) or _is_unneeded(w.text)), None)
        return (word, False) if word else None
    if command.name != "find" or not command.args:
        return None
    if "-exec" in texts and "strip" in texts:
        return command.args[0], True
    deletes = "-delete" in texts or ("-exec" in texts and "rm" in texts) or piped
    named = (word for option, word in zip(texts, command.args[1:], strict=False) if option in _NAMES)
    word = next((w for w in named if _is_unneeded(w.text)), None)
    return (word, False) if word and deletes else None


def _is_unneeded(text: str) -> bool:
    name = text.removesuffix("/*").rstrip("/").rpartition("/")[2]
    return name in _FOLDERS or ("*" in name and name.rpartition(".")[2] in _SUFFIXES)


def _finding(word: Arg, strips: bool, others: tuple[Arg, ...]) -> Finding:
    if strips:
        message = (
            f"strip stores what it shortens in {word.text} a second time; run it where the files are made"
        )
    else:
        message = f"{word.text} stays in the layers below, and this one frees nothing; delete it in the RUN that made it"
    return META.finding(word.span, message, related=tuple(other.span for other in others))
