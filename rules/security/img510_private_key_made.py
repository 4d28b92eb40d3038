"""SSH key made while the image is built.

## What it does
Reports `ssh-keygen` in a RUN that makes a key pair without a passphrase, or the host's keys (`-A`), and leaves it in an
image that ships.

## Why is this bad
Every container of the image has the same private key, and so has everybody who can pull the image: with it they log
in to each of them, or stand in for them. Keys of hosts are to be made when the container starts; those of a cluster
come from its secrets.

## Bad
```dockerfile
FROM ubuntu:24.04
RUN ssh-keygen -q -t ed25519 -N "" -f /root/.ssh/id_ed25519 && \
    cat /root/.ssh/id_ed25519.pub >> /root/.ssh/authorized_keys
CMD ["sleep", "infinity"]
```

## Good
```dockerfile
FROM ubuntu:24.04
COPY start.sh /usr/local/bin/
CMD ["start.sh"]
```

where `start.sh` runs `ssh-keygen -A`, and the keys of users are mounted from a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from imgtool.rule import Command, Facts, Finding, RuleMeta, Run, Severity

from ._checks import after

META = RuleMeta("IMG510", "private-key-made", severity=Severity.WARNING, since="0.2.0", needs=("ssh-keygen",))

# these read keys, or lists of hosts
_NO_KEY = frozenset(("-l", "-y", "-e", "-i", "-F", "-R", "-H", "-E", "-B", "-p", "-s", "-K", "-Q", "-Y"))
_REMOVERS = frozenset(("rm", "shred", "unlink"))


def check(run: Run, facts: Facts) -> Iterator[Finding]:
    commands = run.script.commands
    for index, command in enumerate(commands):
        if command.name != "ssh-keygen" or run.stage not in facts.shipped:
            continue
        words = [arg.text for arg in command.args]
        name = _value(words, "-f")
        if not _makes(words) or name is None or _removed(after(commands, index), name):
            continue
        host = "-A" in words
        what = "the host keys" if host else f"the private key {name}"
        instead = (
            "make them when the container starts"
            if host
            else "make it when the container starts, or mount the one that the containers are to share"
        )
        message = f"{what} will be the same in every container, and in the hands of whoever has the image; {instead}"
        yield META.finding(command.argv[0].span, message)


def _makes(words: Sequence[str]) -> bool:
    if _NO_KEY.intersection(words):
        return False
    return "-A" in words or "" in (_value(words, "-N"), _value(words, "-P"))


def _value(words: Sequence[str], option: str) -> str | None:
    """The value of an option; of ``-f`` and ``-A`` without a name what ssh-keygen takes itself."""
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        if word == option:
            return following
        if word.startswith(option) and len(word) > len(option):
            return word[len(option) :].strip("\"'")
    return "/etc/ssh" if "-A" in words else "id_rsa" if option == "-f" else None


def _removed(later: Iterable[Command], name: str) -> bool:
    """Whether the same RUN deletes the key, by its name or its folder's."""
    stem = name.rpartition("/")[2]
    return any(
        command.name in _REMOVERS
        and any(stem in arg.text or name.startswith(arg.text.rstrip("/*") + "/") for arg in command.args)
        for command in later
    )
