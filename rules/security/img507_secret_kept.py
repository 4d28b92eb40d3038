"""Secret written into a layer while the image is built.

## What it does
Reports a RUN that puts a secret where the image keeps it: one that is mounted (`--mount=type=secret`) and copied or
written to a file, or one in an ARG or ENV called a password or a token that is written to a file, to the settings of
git, pip, npm or another tool, or into the URL of a `git clone`, which `.git/config` remembers. Only in stages that
ship; what the same RUN deletes again is left alone, and so are `/run`, mounts,
and `'${TOKEN}'` in single quotes, which is the name alone.

## Why is this bad
A secret mount leaves no trace, unless the command itself does. Whoever has the image reads the file, even if a later
RUN removes it. An ARG is in the image's history as well.

## Bad
```dockerfile
FROM python:3.12-slim
RUN --mount=type=secret,id=netrc cp /run/secrets/netrc /root/.netrc && \
    pip install --no-cache-dir private-package==1.2.0
CMD ["python", "-m", "private_package"]
```
```dockerfile
FROM debian:bookworm-slim
ARG GITHUB_TOKEN
RUN git clone --depth 1 https://x-access-token:${GITHUB_TOKEN}@github.com/example/kernels.git /opt/kernels
CMD ["/opt/kernels/run.sh"]
```

## Good
```dockerfile
FROM python:3.12-slim
RUN --mount=type=secret,id=netrc,target=/root/.netrc \
    pip install --no-cache-dir private-package==1.2.0
CMD ["python", "-m", "private_package"]
```

## References
<https://docs.docker.com/build/building/secrets/>
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from imgtool.rule import (
    Arg,
    Command,
    Facts,
    Finding,
    NamedTuple,
    Operation,
    RuleMeta,
    Run,
    Severity,
    Span,
    kind_of,
    mounts_of,
)

from .._patterns import compiled
from ._checks import after

META = RuleMeta(
    "IMG507",
    "secret-kept",
    severity=Severity.ERROR,
    since="0.2.0",
    needs=("secret", "token", "passw", "pwd", "key", "credential"),
)

_VARIABLE = r"\$\{?([A-Za-z_]\w*)"
_COPIES = frozenset(("cp", "mv", "install"))
_REMOVES = frozenset(("rm", "shred", "unlink"))
# tool, the words that set something, and the words that take it back
_SETTINGS = {
    "git": (("config",), ("--unset", "--unset-all", "--remove-section", "unset", "remove-section")),
    "pip": (("config", "set"), ("unset",)),
    "pip3": (("config", "set"), ("unset",)),
    "npm": (("config", "set"), ("delete", "rm")),
    "pnpm": (("config", "set"), ("delete",)),
    "yarn": (("config", "set"), ("delete", "unset")),
    "poetry": (("config",), ("--unset",)),
    "huggingface-cli": (("login",), ("logout",)),
    "hf": (("auth", "login"), ("logout",)),
    "docker": (("login",), ("logout",)),
    "wandb": (("login",), ("logout",)),
    "aws": (("configure", "set"), ()),
}
# secrets of one RUN that are looked for
_MOST = 50
_FREE = ("/run/", "/dev/", "/proc/", "/sys/")


class _Secret(NamedTuple):
    """What a RUN is given: how it is named in a script, and in words."""

    form: re.Pattern[str]
    what: str


def check(run: Run, facts: Facts) -> Iterator[Finding]:
    node = run.instruction.inner or run.instruction
    # as most
    if run.stage not in facts.shipped or not (node.flags or b"$" in run.script.text.data):
        return
    secrets = list(islice(chain(_mounted(run), _variables(run, facts)), _MOST))
    if not secrets:
        return
    commands = run.script.commands
    for index, command in enumerate(commands):
        for secret in secrets:
            found = _kept(command, secret, run)
            if found and not _undone(after(commands, index), command, found[1]):
                span, goal = found
                yield META.finding(span, _message(secret.what, goal))
                break


def _message(what: str, goal: str) -> str:
    return f"{what} is written to {goal} and stays in the layer; mount the file where it is read, or delete it in the same RUN"


def _mounted(run: Run) -> Iterator[_Secret]:
    node = run.instruction.inner or run.instruction
    for mount in mounts_of(node) if node.flags else ():
        if mount.type != "secret":
            continue
        name = mount.id or mount.target.rpartition("/")[2] or mount.source
        if mount.env:
            yield _Secret(_of_variable(mount.env), f"the secret {name or mount.env}")
        if mount.target or not mount.env:
            path = mount.target or f"/run/secrets/{name}"
            # what was read into a variable first
            forms = [re.escape(path) + r"(?![\w.-])"]
            forms += [_of_variable(v).pattern for v in _read_from(run, path)]
            yield _Secret(re.compile("|".join(forms)), f"the secret {name}")


def _read_from(run: Run, path: str) -> Iterator[str]:
    """Shell variables that hold the content of a file."""
    for command in run.script.commands:
        given = [(a.name, a.value.text) for a in command.assignments if a.value]
        if command.name == "export":
            given += [(name, text) for name, _, text in (arg.text.partition("=") for arg in command.args)]
        yield from (name for name, text in given if path in text and text.startswith(("$(", "`", '"$(')))


def _variables(run: Run, facts: Facts) -> Iterator[_Secret]:
    """ARG and ENV that are called secrets and used here."""
    text = run.script.text.data
    if b"$" not in text:
        return
    used = dict.fromkeys(compiled(_VARIABLE).findall(text.decode("utf-8", "replace")))
    for name in used:
        if kind_of(name) and name in facts.state(run.instruction).values:
            yield _Secret(_of_variable(name), f"the value of {name}")


def _of_variable(name: str) -> re.Pattern[str]:
    return re.compile(rf"\$(?:{re.escape(name)}(?!\w)|\{{{re.escape(name)}(?:\}}|:(?!\+)))")


def _kept(command: Command, secret: _Secret, run: Run) -> tuple[Span, str] | None:
    """The word with the secret, and the file that keeps it."""
    named = next((arg for arg in command.argv if _says(secret, arg.text, expands=arg.expands)), None)
    fed = any(
        r.target and _says(secret, r.target.text, expands=r.target.expands)
        for r in command.redirects
        if r.operator in ("<", "<<<")
    )
    fed = fed or any(
        r.body and _says(secret, r.body.data.decode("utf-8", "replace"), expands=r.expand)
        for r in command.redirects
    )
    if named is None and not fed:
        return None
    span = named.span if named else command.span
    goal = _file(command, named, fed=fed) or _setting(command) or _clone(command, run)
    return (span, goal) if goal else None


def _says(secret: _Secret, text: str, *, expands: bool) -> bool:
    """Whether the secret is in a text; ``'${TOKEN}'`` is its name alone, which npm and others look up later."""
    found = secret.form.search(text)
    return found is not None and (expands or not found[0].startswith("$"))


def _file(command: Command, named: Arg | None, *, fed: bool) -> str | None:
    """The file that a command writes its input or operands to."""
    target = next(
        (
            r.target.text
            for r in (*command.redirects, *command.outer_redirects)
            if r.operator in (">", ">>", ">|") and r.target
        ),
        None,
    )
    if command.name in ("cat", "echo", "printf", "base64", "tr", "envsubst"):
        return _lasting(target)
    if command.name == "tee" and fed:
        return _lasting(next((arg.text for arg in command.args if not arg.text.startswith("-")), None))
    operands = [arg for arg in command.args if not arg.text.startswith("-")]
    if command.name in _COPIES and len(operands) > 1 and named is not operands[-1]:
        return _lasting(operands[-1].text)
    return None


def _lasting(path: str | None) -> str | None:
    return None if path is None or path.startswith((*_FREE, "&", "$(", "-")) else path


def _setting(command: Command) -> str | None:
    words = [arg.text for arg in command.args if not arg.text.startswith("-")]
    first, _ = _SETTINGS.get(command.name, ((), ()))
    if first and tuple(words[: len(first)]) == first and len(words) >= len(first):
        return f"the settings of {command.name}"
    return None


def _clone(command: Command, run: Run) -> str | None:
    operation = next((o for o in run.operations if o.command is command), None)
    if (
        operation
        and operation.operation is Operation.CLONE
        and operation.urls
        and "@" in operation.urls[0].text
    ):
        return ".git/config of the clone"
    return None


def _undone(later: Iterable[Command], command: Command, goal: str) -> bool:
    """Whether the same RUN takes it away again."""
    _, undo = _SETTINGS.get(command.name, ((), ()))
    stem = goal.rpartition("/")[2] if "/" in goal and " " not in goal else ""
    for other in later:
        words = [arg.text for arg in other.args]
        if other.name == command.name and any(word in undo for word in words):
            return True
        if other.name in _REMOVES and any(_covers(word, stem, goal) for word in words):
            return True
        if command.name == "git" and other.name == "git" and "set-url" in words:
            return True
    return False


def _covers(word: str, stem: str, goal: str) -> bool:
    """Whether a word of ``rm`` names the file, its folder, the clone's ``.git`` or a tool's settings."""
    if " " in goal:
        return word.rstrip("/").endswith(
            (".git", ".gitconfig", "pip.conf", ".npmrc", "config.json", ".cache", "auth.toml")
        )
    return (bool(stem) and word.rpartition("/")[2].rstrip("*") == stem) or goal.startswith(
        word.rstrip("/*") + "/"
    )
