from __future__ import annotations

import base64
import json
import os
import stat
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from imgtool.images.auth import HUB_KEY, Credentials, Kind, challenges, credentials
from imgtool.images.errors import ImageError

HOST = "registry.example.com:5000"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def logged_in(folder: Path, config: Any) -> None:
    (folder / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# --- what config.json holds ------------------------------------------------------------------------------

ME = {"auth": encoded("me:a:b c")}
KNOWN = Credentials("me", "a:b c")


@pytest.mark.parametrize(
    "auths, found",
    [
        ({HOST: ME}, KNOWN),
        ({f"https://{HOST}": ME}, KNOWN),
        ({f"https://{HOST}/v1/": ME}, KNOWN),
        ({f"http://{HOST}/v2/": ME}, KNOWN),
        ({HOST: {"username": "me", "password": "a:b c"}}, KNOWN),
        ({HOST: {"auth": encoded("me:a:b c\0\0")}}, KNOWN),
        ({HOST: {"auth": encoded("me:"), "identitytoken": "t"}}, Credentials("me", "t", Kind.IDENTITY)),
        ({HOST: {"registrytoken": "t"}}, Credentials("", "t", Kind.REGISTRY)),
        # --- nothing for this host ---
        ({"registry.example.com": ME}, None),
        ({f"evil.{HOST}": ME}, None),
        ({f"https://evil.example/{HOST}": ME}, None),
        ({HOST: {}}, None),
        ({HOST: None}, None),
        ({HOST: {"auth": encoded("me:")}}, None),
        ({HOST: {"auth": 1}}, None),
        ({}, None),
    ],
)
def test_stored(auths: dict[str, Any], found: Credentials | None, folder: Path) -> None:
    logged_in(folder, {"auths": auths})
    assert credentials((HOST,)) == found


def test_no_file() -> None:
    assert credentials((HOST,)) is None


def test_the_first_key_that_has_any(folder: Path) -> None:
    logged_in(folder, {"auths": {"docker.io": {"auth": encoded("x:y")}, HUB_KEY: ME}})
    assert credentials((HUB_KEY, "docker.io")) == KNOWN
    assert credentials(("nosuch", "docker.io")) == Credentials("x", "y")


def test_secrets_are_not_shown() -> None:
    assert "a:b c" not in repr(KNOWN)
    assert KNOWN.basic() == f"Basic {encoded('me:a:b c')}"


@pytest.mark.parametrize(
    "config, reason",
    [
        ("{", "is no JSON"),
        ("[]", "is no JSON object"),
        ({"auths": [1]}, "auths of docker's config.json is not of type dict"),
        ({"auths": {HOST: {"auth": "s3cret!"}}}, "docker's config.json holds credentials that are no base64"),
        ({"auths": {HOST: {"auth": "/w=="}}}, "docker's config.json holds credentials that are no base64"),
        ({"credsStore": "../../bin/sh"}, "names a credential helper that cannot be one"),
        ({"credsStore": 1}, "names a credential helper that cannot be one"),
        ({"credsStore": "nosuch"}, "the credential helper docker-credential-nosuch is not installed"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_damaged(config: Any, reason: str, folder: Path) -> None:
    logged_in(folder, config)
    with pytest.raises(ImageError, match=reason) as caught:
        credentials((HOST,))
    assert "s3cret" not in caught.value.reason


# --- helpers ---------------------------------------------------------------------------------------------

needs_scripts = pytest.mark.skipif(sys.platform == "win32", reason="the helper of the test is a shell script")


def helper(folder: Path, name: str, body: str) -> None:
    path = folder / f"docker-credential-{name}"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


ANSWER = (
    """read host; printf '{"ServerURL": "%s", "Username": "%s", "Secret": "of %s"}' "$host" "$1" "$host" """
)


@needs_scripts
def test_a_helper_is_asked_for_its_host(folder: Path) -> None:
    helper(folder, "one", ANSWER)
    helper(folder, "all", ANSWER.replace("of", "all of"))
    logged_in(folder, {"credHelpers": {HOST: "one"}, "credsStore": "all", "auths": {HOST: {}}})
    assert credentials((HOST,)) == Credentials("get", f"of {HOST}")
    assert credentials(("other",)) == Credentials("get", "all of other")


@needs_scripts
@pytest.mark.parametrize(
    "body, found",
    [
        ('echo \'{"Username": "<token>", "Secret": "t"}\'', Credentials("<token>", "t", Kind.IDENTITY)),
        ("echo 'credentials not found in native keychain'; exit 1", None),
        ('echo \'{"Username": "", "Secret": ""}\'', None),
    ],
)
def test_what_a_helper_says(body: str, found: Credentials | None, folder: Path) -> None:
    helper(folder, "one", body)
    logged_in(folder, {"credsStore": "one"})
    assert credentials((HOST,)) == found


@needs_scripts
def test_what_a_helper_has_not_may_be_stored(folder: Path) -> None:
    helper(folder, "one", "echo credentials not found in native keychain; exit 1")
    logged_in(folder, {"credsStore": "one", "auths": {HOST: ME}})
    assert credentials((HOST,)) == KNOWN


@needs_scripts
@pytest.mark.parametrize(
    "body, reason",
    [
        ("echo s3cret; exit 7", r"docker-credential-one fails \(7\)"),
        ("echo s3cret", "docker-credential-one says nothing that is understood"),
        ('echo \'{"Username": 1, "Secret": "s3cret"}\'', "says nothing that is understood"),
        ("echo '[\"s3cret\"]'", "says nothing that is understood"),
        ("printf '\\377'", "does not answer"),
    ],
)
def test_a_helper_that_fails(body: str, reason: str, folder: Path) -> None:
    helper(folder, "one", body)
    logged_in(folder, {"credsStore": "one"})
    with pytest.raises(ImageError, match=reason) as caught:
        credentials((HOST,))
    assert "s3cret" not in caught.value.reason


@needs_scripts
def test_a_helper_that_hangs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imgtool.images.auth._HELPER_SECONDS", 0.2)
    helper(folder, "one", "exec sleep 60")
    logged_in(folder, {"credsStore": "one"})
    with pytest.raises(ImageError, match="does not answer"):
        credentials((HOST,))


# --- challenges ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers, found",
    [
        (
            ['Bearer realm="https://auth.example/token",service="a b",scope="repository:a/b:pull,push"'],
            {
                "bearer": {
                    "realm": "https://auth.example/token",
                    "service": "a b",
                    "scope": "repository:a/b:pull,push",
                }
            },
        ),
        (["Basic realm=here"], {"basic": {"realm": "here"}}),
        (['BASIC Realm = "a \\"b\\" \\\\"'], {"basic": {"realm": 'a "b" \\'}}),
        (['Bearer realm="x", Basic realm="y"'], {"bearer": {"realm": "x"}, "basic": {"realm": "y"}}),
        (['Bearer realm="x"', "Basic"], {"bearer": {"realm": "x"}, "basic": {}}),
        (['Bearer realm="1",realm="2"'], {"bearer": {"realm": "1"}}),
        # --- nothing that asks ---
        ([], {}),
        ([""], {}),
        ([', ,="'], {}),
    ],
)
def test_challenges(headers: list[str], found: dict[str, dict[str, str]]) -> None:
    assert challenges(headers) == found


@pytest.mark.parametrize("piece", ["a", " ", '"', "a=", ",", "\\", 'a="', "a=\x01"])
def test_long_challenges_end_soon(piece: str) -> None:
    before = time.process_time()
    challenges([piece * 65536] * 100)
    assert time.process_time() - before < 2
