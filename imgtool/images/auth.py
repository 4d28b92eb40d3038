"""Who we are to a registry: what ``docker login`` keeps, and what a registry asks for.

Credentials are looked up when a registry asks, never before, and belong to the host they are kept for.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from imgtool.images import documents
from imgtool.images.errors import ImageError
from imgtool.regex import regex
from imgtool.values import dataclass, field

#: What Docker Hub's credentials are kept under, for historical reasons.
HUB_KEY = "https://index.docker.io/v1/"
_MAX_CONFIG = 4 << 20
#: Seconds for a credential helper; some ask a keychain, or a person.
_HELPER_SECONDS = 60
_HELPER_NAME = regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
#: What helpers say, with an exit code of 1, where they have none: github.com/docker/docker-credential-helpers
_NOT_FOUND = "credentials not found"
#: The user name by which a helper says that the secret is an identity token.
_TOKEN_USER = "<token>"  # noqa: S105 - no secret
#: RFC 9110, 11.6.1: a parameter, or the scheme that the next ones belong to.
_CHALLENGE = regex(
    r"(?P<key>[\w!#$%&'*+.^`|~-]++)\s*=\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*+)\"|(?P<word>[^\s,\"]++))"
    r"|(?P<scheme>[\w!#$%&'*+.^`|~-]++)(?=\s|,|$)",
    re.ASCII,
)
_QUOTED_PAIR = regex(r"\\(.)")
#: Headers that ask, and characters of each, that are looked at.
_MAX_CHALLENGES, _MAX_CHALLENGE = 8, 2048


class Kind(Enum):
    """What a secret is: of a user, for a token service, or for the registry itself."""

    PASSWORD = "password"  # noqa: S105 - no secret
    IDENTITY = "identity"
    REGISTRY = "registry"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is kept for a registry; the secret is never shown."""

    user: str
    secret: str = field(repr=False)
    kind: Kind = Kind.PASSWORD

    def basic(self) -> str:
        """The value of an Authorization header."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.secret}".encode()).decode()


def credentials(keys: Iterable[str]) -> Credentials | None:
    """What ``config.json`` of docker keeps, or a credential helper it names, under the first key that has any.

    Args:
        keys: ``HOST[:PORT]``, or :data:`HUB_KEY`.

    Raises:
        ImageError: the file is damaged, or the helper fails.
    """
    config = _config()
    return next((found for key in keys if (found := _under(config, key))), None)


def _config() -> Mapping[str, Any]:
    place = os.environ.get("DOCKER_CONFIG")
    try:
        path = (Path(place) if place else Path.home() / ".docker") / "config.json"
        with path.open("rb") as file:
            data = file.read(_MAX_CONFIG)
    except (OSError, RuntimeError):
        return {}
    config = documents.parse(data, str(path))
    documents.has(config, "auths", str(path))
    return dict(config)


def _under(config: Mapping[str, Any], key: str) -> Credentials | None:
    what = "docker's config.json"
    helper = documents.get(config, "credHelpers", dict, what).get(key) or config.get("credsStore")
    if helper and (found := _helped(helper, key)):
        return found
    stored = documents.get(config, "auths", dict, what)
    same = (value for name, value in stored.items() if name == key or _host_of(name) == key)
    return next((found for value in same if (found := _stored(value))), None)


def _host_of(name: str) -> str:
    """The host of a key, which old clients wrote as a URL."""
    return name.removeprefix("https://").removeprefix("http://").partition("/")[0]


def _stored(entry: Any) -> Credentials | None:
    if not isinstance(entry, dict):
        return None
    texts = {name: value for name, value in entry.items() if isinstance(value, str)}
    user, secret = texts.get("username", ""), texts.get("password", "")
    if "auth" in texts:
        user, _, secret = _decoded(texts["auth"]).partition(":")
    if token := texts.get("identitytoken"):
        return Credentials(user, token, Kind.IDENTITY)
    if token := texts.get("registrytoken"):
        return Credentials(user, token, Kind.REGISTRY)
    return Credentials(user, secret.rstrip("\0")) if user and secret else None


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        raise ImageError("docker's config.json holds credentials that are no base64") from None


def _helped(helper: Any, key: str) -> Credentials | None:
    """Ask ``docker-credential-NAME``; what it prints besides is its own, and not passed on."""
    if not isinstance(helper, str) or not _HELPER_NAME.fullmatch(helper):
        raise ImageError("docker's config.json names a credential helper that cannot be one")
    program = shutil.which(f"docker-credential-{helper}")
    if program is None:
        raise ImageError(f"the credential helper docker-credential-{helper} is not installed")
    try:
        done = subprocess.run(
            [program, "get"],
            input=key,
            capture_output=True,
            text=True,
            timeout=_HELPER_SECONDS,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        raise ImageError(f"the credential helper docker-credential-{helper} does not answer") from None
    if done.returncode:
        if _NOT_FOUND in done.stdout + done.stderr:
            return None
        raise ImageError(f"the credential helper docker-credential-{helper} fails ({done.returncode})")
    return _of_helper(helper, done.stdout)


def _of_helper(helper: str, said: str) -> Credentials | None:
    try:
        answer = json.loads(said)
        user, secret = answer["Username"], answer["Secret"]
    except (ValueError, KeyError, TypeError, RecursionError):
        user = secret = None
    if not isinstance(user, str) or not isinstance(secret, str):
        raise ImageError(f"the credential helper docker-credential-{helper} says nothing that is understood")
    if not secret:
        return None
    return Credentials(user, secret, Kind.IDENTITY if user == _TOKEN_USER else Kind.PASSWORD)


def challenges(headers: Sequence[str]) -> dict[str, dict[str, str]]:
    """What WWW-Authenticate headers ask for: schemes in lower case, each with its parameters."""
    found: dict[str, dict[str, str]] = {}
    for header in headers[:_MAX_CHALLENGES]:
        parameters: dict[str, str] = {}
        for match in _CHALLENGE.finditer(header[:_MAX_CHALLENGE]):
            if scheme := match["scheme"]:
                parameters = found.setdefault(scheme.lower(), {})
            elif match["quoted"] is None:
                parameters.setdefault(match["key"].lower(), match["word"])
            else:
                parameters.setdefault(match["key"].lower(), _QUOTED_PAIR.sub(r"\1", match["quoted"]))
    return found
