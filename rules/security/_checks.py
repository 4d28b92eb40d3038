"""Who looks at what was downloaded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from imgtool.rule import Command

_CHECKERS = frozenset(
    "sha256sum sha512sum sha384sum sha224sum sha1sum md5sum b2sum shasum cksum gpg gpgv gpg2 cosign minisign rhash".split()
)


def verifies(command: Command) -> bool:
    """Whether a command checks a checksum or a signature."""
    return command.name in _CHECKERS or (
        command.name == "openssl" and any(arg.text in ("dgst", "sha256", "sha512") for arg in command.args)
    )


# commands; nobody looks at a file, or deletes it, further away
_FAR = 500


def after(commands: Sequence[Command], index: int) -> Iterator[Command]:
    """The commands that follow one, as far as they may have to do with it."""
    return islice(commands, index + 1, index + 1 + _FAR)
