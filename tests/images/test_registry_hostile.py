"""Registries that redirect, stall, lie or never end. Nothing may hang, and no secret may leave or be said."""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.utils import formatdate
from itertools import chain
from pathlib import Path

import archives
import pytest
from registries import PASSWORD, Asked, Reply, Say, basic, made_up, serving

from imgtool.images import connections, registry, transport
from imgtool.images.errors import ImageError, NoImageError
from imgtool.images.manifests import read_image
from imgtool.images.measure import Measures, weigh
from imgtool.images.registry import open_registry

LAYERS = [archives.layer("a 300000, d/, d/b 1000"), archives.layer("d/.wh.b, c 5")]
FILES = archives.oci(LAYERS, compress=False)
INDEX = json.loads(FILES["index.json"])["manifests"][0]["digest"]
BIG = f"sha256:{archives.sha256(LAYERS[0])}"
TOKEN = "t0ken." * 20
HONEST = serving(FILES)
needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl on this machine")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setattr(transport, "PAUSE", 0.001)
    return tmp_path


def read(host: str, *, plain_http: bool = False, name: str = "a/b:1") -> Measures:
    store = open_registry(f"{host}/{name}", plain_http=plain_http)
    try:
        image = read_image(store, reference=name, source="registry", name=None, platform=None)
        return weigh(image)
    finally:
        store.close()


def refused(host: str, *, plain_http: bool = False) -> str:
    with pytest.raises(ImageError) as caught:
        read(host, plain_http=plain_http)
    reason = caught.value.reason
    for secret in (PASSWORD, TOKEN, basic()[6:]):
        assert secret not in reason
    return reason


def log_in(folder: Path, *hosts: str, **entry: str) -> None:
    auths = dict.fromkeys(hosts, entry or {"auth": basic()[6:]})
    (folder / "config.json").write_text(json.dumps({"auths": auths}))


def test_an_honest_one() -> None:
    with made_up(HONEST) as (host, asked):
        measures = read(host)
    assert (measures.flattened, measures.waste) == (300_005, 1000)
    # the platform is chosen by what the index states: one index, one manifest, one config, two layers
    assert len(asked) == 5
    assert all(one.method == "GET" and "authorization" not in one.headers for one in asked)


# --- what is not what it should be -----------------------------------------------------------------------


def instead(part: str, reply: Reply | Callable[[Asked], Reply | None]) -> Say:
    """An honest registry, but for what is asked at an address with ``part`` in it."""

    def say(asked: Asked) -> Reply | None:
        if part not in asked.path:
            return HONEST(asked)
        return reply(asked) if callable(reply) else reply

    return say


def endless() -> Iterator[bytes]:
    while True:
        yield b"x" * 65536


HTML = Reply(body=b"<html><body>Sign in</body></html>", headers={"Content-Type": "text/html"})
SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"


@pytest.mark.parametrize(
    "part, reply, reason",
    [
        ("/manifests/1", HTML, "what HOST sends as a/b:1 is no JSON"),
        ("/manifests/1", Reply(body=b"[]"), "what HOST sends as a/b:1 is no JSON object"),
        ("/manifests/1", Reply(body=b"{}"), "it holds no image"),
        ("/manifests/1", Reply(body=b'{"manifests": [{}]}'), "what HOST sends as a/b:1 has no digest"),
        (
            "/manifests/1",
            Reply(body=b'{"layers": 1}'),
            "layers of what HOST sends as a/b:1 is not of type list",
        ),
        ("/manifests/1", Reply(body=b"[" * 99999), "what HOST sends as a/b:1 is no JSON"),
        ("/manifests/1", Reply(body=b"x" * (9 << 20)), "the manifest of a/b has more than 4,194,304 bytes"),
        ("/manifests/1", Reply(pieces=endless), "the manifest of a/b has more than 4,194,304 bytes"),
        ("/manifests/1", Reply(body=b"{}", headers={"Content-Type": SCHEMA1}), "first kind of manifest"),
        (
            "/manifests/1",
            Reply(body=FILES["index.json"], headers={"Docker-Content-Digest": INDEX}),
            f"what is stored as {INDEX} has another digest",
        ),
        ("/manifests/sha256", Reply(body=b"{}"), "has another digest"),
        ("/blobs/", Reply(body=b"{}"), "has another digest"),
        ("/blobs/", HTML, "has another digest"),
        ("/blobs/", Reply(pieces=endless), "has more than 4,194,304 bytes"),
        ("/blobs/", Reply(404), "HOST has no a/b:1 that is whole"),
        ("/manifests/sha256", Reply(404), "HOST has no a/b:1 that is whole"),
        (BIG, Reply(404), "HOST has no a/b:1 that is whole"),
        (BIG, Reply(body=bytes(len(LAYERS[0]))), f"HOST sends something else as {BIG}"),
        (BIG, Reply(body=LAYERS[0][:-1] + b"x"), f"HOST sends something else as {BIG}"),
        (
            BIG,
            Reply(body=LAYERS[0] + b"x"),
            f"{BIG} has more than the {len(LAYERS[0]):,} bytes that are stated",
        ),
        (
            BIG,
            Reply(pieces=lambda: chain([LAYERS[0]], endless())),
            f"{BIG} has more than the {len(LAYERS[0]):,} bytes that are stated",
        ),
        (BIG, Reply(body=b"x"), f"HOST ends {BIG} too early"),
        (BIG, Reply(body=b""), f"HOST ends {BIG} too early"),
        (BIG, Reply(body=b"x", headers={"Content-Length": "999999"}), "HOST stopped half-way"),
        (BIG, Reply(206, b"x"), "a part of a body does not say which it is"),
        (BIG, Reply(206, b"x", {"Content-Range": "bytes 7-8/9"}), "sends another part"),
        ("/", Reply(403), "HOST has no a/b:1, or does not show it without docker login HOST"),
        ("/", Reply(302), "HOST redirects more than 5 times"),
        ("/", Reply(302, headers={"Location": "//["}), "is none of HTTP's"),
        ("/", Reply(302, headers={"Location": "file:///etc/passwd"}), "is none of HTTP's"),
        ("/", Reply(302, headers={"Location": "http://me:pass@127.0.0.1/"}), "is none of HTTP's"),
        (
            "/",
            Reply(302, headers={"Location": "http://192.0.2.1/x"}),
            "192.0.2.1 is asked over plain HTTP only",
        ),
        ("/", Reply(418), "HOST answers with status 418"),
        ("/", Reply(500, body=b"x" * 99), "HOST answers with status 500"),
        ("/", Reply(204), "HOST answers with status 204"),
    ],
)
def test_lies(part: str, reply: Reply, reason: str) -> None:
    with made_up(instead(part, reply)) as (host, asked):
        assert reason.replace("HOST", host) in refused(host)
        # only what has no manifest is missing: a gate takes that for no failure
        with pytest.raises(ImageError) as caught:
            read(host)
        assert not isinstance(caught.value, NoImageError)
    assert len(asked) < 60


def test_no_such_image() -> None:
    with made_up(lambda _: None) as (host, _), pytest.raises(NoImageError, match="has no a/b:1"):
        read(host)


def test_nobody_is_there() -> None:
    assert refused("127.0.0.1:1") == "127.0.0.1:1 does not answer (new connection)"


def test_what_speaks_no_http() -> None:
    with made_up(lambda _: Reply(headers={"X": "y\r\n" * 200})) as (host, _):
        assert "does not answer" in refused(host)


# --- stalls and breaks -----------------------------------------------------------------------------------


def test_a_stall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "STALL", 0.1)
    monkeypatch.setattr(transport, "TRIES", 2)

    def stalling() -> Iterator[bytes]:
        yield b"x"
        time.sleep(0.5)

    for part in ("/manifests/", BIG):
        with made_up(instead(part, Reply(pieces=stalling))) as (host, _):
            assert refused(host).endswith(f"{host} stopped half-way (read timeout)")


def test_a_drip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "WINDOW", 0.2)
    monkeypatch.setattr(transport, "TRIES", 2)

    def dripping() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x"
            time.sleep(0.02)

    with made_up(instead("/manifests/", Reply(pieces=dripping))) as (host, _):
        assert "takes more than 0 seconds for the manifest of a/b" in refused(host)
    with made_up(instead(BIG, Reply(pieces=dripping))) as (host, _):
        assert re.search(r"sent no more than \d+ bytes in 0 seconds", refused(host))


def test_a_drip_in_the_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "SECONDS", 0.3)
    monkeypatch.setattr(transport, "TRIES", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            client, _ = server.accept()
            with client, suppress(OSError):
                client.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                for _ in range(500):
                    client.sendall(b"x")
                    time.sleep(0.02)

        thread = threading.Thread(target=drip)
        thread.start()
        before = time.monotonic()
        assert "does not answer" in refused(f"127.0.0.1:{server.getsockname()[1]}")
        assert time.monotonic() - before < 8
        thread.join()


@pytest.mark.parametrize("ranges", [True, False], ids=["with ranges", "without"])
def test_a_blob_that_breaks_off_goes_on(*, ranges: bool) -> None:
    honest, starts = serving(FILES, ranges=ranges), []

    def breaking(asked: Asked) -> Reply | None:
        whole = honest(asked)
        assert whole
        starts.append(asked.headers.get("range"))
        # each time a little more, or what cannot leave out a part would never end
        some = whole.body[: 70_000 if ranges else 70_000 * len(starts)]
        return whole._replace(body=some, headers={**whole.headers, "Content-Length": str(len(whole.body))})

    with made_up(instead(BIG, breaking)) as (host, _):
        assert read(host).flattened == 300_005
    assert starts == [None, *(f"bytes={70_000 * n}-" for n in range(1, len(LAYERS[0]) // 70_000 + 1))]


@pytest.mark.parametrize("asks", [False, True], ids=["breaks off", "wants another token"])
def test_a_blob_does_not_come_byte_by_byte(monkeypatch: pytest.MonkeyPatch, *, asks: bool) -> None:
    monkeypatch.setattr(transport, "PAUSE", 0.0)
    starts = []

    def dripping(asked: Asked) -> Reply | None:
        whole = HONEST(asked)
        assert whole
        starts.append(asked.headers.get("range"))
        if asks and len(starts) % 2 == 0:
            return Reply(
                401, headers={"WWW-Authenticate": f'Bearer realm="http://{asked.headers["host"]}/t"'}
            )
        headers = {**whole.headers, "Content-Length": str(len(whole.body))}
        return whole._replace(body=whole.body[:1], headers=headers)

    def say(asked: Asked) -> Reply | None:
        token = json.dumps({"token": f"t{len(starts)}"}).encode()
        return Reply(body=token) if asked.path.startswith("/t") else instead(BIG, dripping)(asked)

    with made_up(say) as (host, _):
        refused(host)
    assert len(starts) < 10


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1\\.example.com/",
        "https://evil.org\\.example.com/",
        "https://evil.org\t.example.com/",
    ],
)
def test_an_address_that_is_read_in_two_ways_is_none(url: str) -> None:
    with pytest.raises(ImageError, match="none of HTTP's"):
        transport.origin_of(url)


# --- busy ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("part", ["/manifests/1", BIG])
def test_a_busy_one_is_asked_again(status: int, part: str) -> None:
    left = [Reply(status), Reply(status, headers={"Retry-After": "0"})]
    with made_up(instead(part, lambda asked: left.pop() if left else HONEST(asked))) as (host, asked):
        assert read(host).flattened == 300_005
    assert sum(part in one.path for one in asked) == 3


def test_not_for_ever() -> None:
    with made_up(lambda _: Reply(503)) as (host, asked):
        assert refused(host) == f"{host} answers with status 503"
    assert len(asked) == transport.TRIES


LIMITED = {"RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": "0;w=21600"}


@pytest.mark.parametrize(
    "headers, reason",
    [
        (
            {"Retry-After": "3600"},
            "limits how much it is asked (status 429, it takes the next one in 3600 seconds)",
        ),
        (
            {**LIMITED, "Retry-After": "86400"},
            "(status 429, 0 of 100 requests are left, it takes the next one in 86400 seconds)",
        ),
        ({"Retry-After": formatdate(time.time() + 9000, usegmt=True)}, "it takes the next one in "),
        ({"Retry-After": "9" * 5000}, "it takes the next one in 999999999 seconds"),
    ],
)
def test_a_limit_that_is_far_off_is_said(headers: dict[str, str], reason: str) -> None:
    with made_up(lambda _: Reply(429, headers=headers)) as (host, asked):
        assert reason in refused(host)
    assert len(asked) == 1


@pytest.mark.parametrize("when", ["0.5", "soon", "-1", "Mon, 99 Foo", "Mon, 01 Jan 0001 00:00:00 GMT"])
def test_an_odd_time_to_wait_for(when: str) -> None:
    left = [Reply(429, headers={"Retry-After": when})]
    with made_up(lambda asked: left.pop() if left else HONEST(asked)) as (host, _):
        assert read(host).flattened == 300_005


# --- redirects -------------------------------------------------------------------------------------------


def guarded(say: Say, *, challenge: str = 'Basic realm="x"', authorization: str | None = None) -> Say:
    """What says it only to who shows the authorization."""

    def checked(asked: Asked) -> Reply | None:
        if asked.headers.get("authorization") == (authorization or basic()):
            return say(asked)
        return Reply(401, headers={"WWW-Authenticate": challenge.replace("HOST", asked.at)})

    return checked


def redirecting(to: str) -> Say:
    """A registry whose blobs are elsewhere, as those of most are."""
    return instead(
        "/blobs/", lambda asked: Reply(307, headers={"Location": f"http://{to}{asked.path}?sig=s1gned"})
    )


def test_credentials_do_not_follow_a_redirect(folder: Path) -> None:
    unsigned = lambda asked: HONEST(asked._replace(path=asked.path.partition("?")[0]))  # noqa: E731
    with (
        made_up(unsigned, "localhost") as (storage, fetched),
        made_up(guarded(redirecting(storage))) as (host, asked),
    ):
        log_in(folder, host)
        assert read(host).flattened == 300_005
    assert len(fetched) == 3
    assert not any("authorization" in one.headers for one in fetched)
    # only what came before the registry said that it wants them was without
    assert [one.headers.get("authorization") for one in asked] == [None] + [basic()] * (len(asked) - 1)


def test_a_redirect_that_is_refused_shows_no_signature() -> None:
    with (
        made_up(lambda _: Reply(403), "localhost") as (storage, _),
        made_up(redirecting(storage)) as (host, _),
    ):
        assert refused(host) == f"{host} leads to {storage} answers with status 403"


def test_another_host_is_not_answered_when_it_asks(folder: Path) -> None:
    with (
        made_up(guarded(HONEST), "localhost") as (storage, fetched),
        made_up(guarded(redirecting(storage))) as (host, _),
    ):
        log_in(folder, host, storage)
        assert "status 401" in refused(host)
    assert not any("authorization" in one.headers for one in fetched)


def test_circles_end() -> None:
    with made_up(lambda asked: Reply(302, headers={"Location": asked.path + "x"})) as (host, asked):
        assert refused(host) == f"{host} redirects more than 5 times"
    assert len(asked) == 6


def test_a_redirect_may_be_endless_itself() -> None:
    reply = Reply(302, headers={"Location": "/v2/"}, pieces=endless)
    with made_up(lambda _: reply) as (host, _):
        assert refused(host) == f"{host} redirects more than 5 times"


@pytest.fixture
def only_localhost_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """127.0.0.1 stands for a host elsewhere, which has to be asked over plain HTTP in so many words."""
    for module in (transport, registry):
        monkeypatch.setattr(module, "is_loopback", lambda host: host == "localhost")


@pytest.mark.usefixtures("only_localhost_is_here")
def test_no_redirect_leads_here() -> None:
    with made_up(HONEST, "localhost") as (inside, fetched), made_up(redirecting(inside)) as (host, _):
        assert refused(host, plain_http=True) == f"{host} redirects to this machine"
    assert not fetched


@pytest.mark.usefixtures("only_localhost_is_here")
def test_plain_http_is_asked_for() -> None:
    with made_up(HONEST) as (host, asked):
        assert read(host, plain_http=True).flattened == 300_005
        asked.clear()
        assert "does not answer" in refused(host) or "cannot be trusted" in refused(host)
    assert not asked


# --- who we are ------------------------------------------------------------------------------------------

BEARER = 'Bearer realm="http://HOST/token?x=1",service="a service",scope="repository:a/b:pull,push"'


def token_service(asked: Asked) -> Reply | None:
    return Reply(body=json.dumps({"token": TOKEN}).encode()) if "/token?" in asked.path else None


def with_tokens(token: Say = token_service, challenge: str = BEARER) -> Say:
    rest = guarded(HONEST, challenge=challenge, authorization=f"Bearer {TOKEN}")
    return lambda asked: token(asked) or rest(asked)


def test_a_token_is_got_once() -> None:
    with made_up(with_tokens()) as (host, asked):
        assert read(host).flattened == 300_005
    got = [one for one in asked if "/token" in one.path]
    assert [one.path for one in got] == ["/token?x=1&service=a+service&scope=repository%3Aa%2Fb%3Apull"]
    assert "authorization" not in got[0].headers


def test_a_token_is_got_with_credentials(folder: Path) -> None:
    with made_up(with_tokens()) as (host, asked):
        log_in(folder, host)
        read(host)
    assert [one.headers["authorization"] for one in asked if "/token" in one.path] == [basic()]


def test_a_token_is_got_with_an_identity(folder: Path) -> None:
    def token(asked: Asked) -> Reply | None:
        is_it = asked.method == "POST"
        return Reply(body=json.dumps({"access_token": TOKEN}).encode()) if is_it else None

    with made_up(with_tokens(token)) as (host, asked):
        log_in(folder, host, identitytoken="1dent1ty")
        read(host)
    (got,) = (one for one in asked if one.method == "POST")
    assert got.path == "/token?x=1"
    assert b"grant_type=refresh_token" in got.body
    assert b"refresh_token=1dent1ty" in got.body
    assert b"scope=repository%3Aa%2Fb%3Apull" in got.body


def test_an_identity_is_not_redirected(folder: Path) -> None:
    with made_up(token_service, "localhost") as (other, fetched):
        to = Reply(307, headers={"Location": f"http://{other}/token?"})
        with made_up(with_tokens(lambda asked: to if "/token" in asked.path else None)) as (host, _):
            log_in(folder, host, identitytoken="1dent1ty")
            assert refused(host) == f"{host} redirects what holds a secret"
    assert not fetched


def test_a_registry_token_is_shown_as_it_is(folder: Path) -> None:
    with made_up(with_tokens()) as (host, asked):
        log_in(folder, host, registrytoken=TOKEN)
        read(host)
    assert not any("/token" in one.path for one in asked)


def test_a_token_that_ends_is_renewed() -> None:
    """Each token is good for two requests."""
    given: list[int] = []

    def say(asked: Asked) -> Reply | None:
        if "/token" in asked.path:
            given.append(2)
            return Reply(body=json.dumps({"token": f"n{len(given)}"}).encode())
        if given and given[-1] and asked.headers.get("authorization") == f"Bearer n{len(given)}":
            given[-1] -= 1
            return HONEST(asked)
        return Reply(401, headers={"WWW-Authenticate": BEARER.replace("HOST", asked.at)})

    with made_up(say) as (host, _):
        assert read(host).flattened == 300_005
    assert len(given) >= 3


@pytest.mark.parametrize(
    "challenge, reason",
    [
        (BEARER, "HOST has no a/b:1, or does not show it"),
        ('Basic realm="x"', "HOST has no a/b:1, or does not show it without docker login HOST"),
        ("Negotiate", "HOST has no a/b:1, or does not show it"),
        ("", "HOST has no a/b:1, or does not show it"),
        ("Bearer", "an address that it leads to is none of HTTP's"),
        ('Bearer realm="file:///etc/passwd"', "an address that it leads to is none of HTTP's"),
        ('Bearer realm="http://192.0.2.1/token"', "the token service 192.0.2.1 of HOST is not encrypted"),
    ],
)
@pytest.mark.parametrize("known", [False, True], ids=["nobody", "somebody"])
def test_it_is_never_content(challenge: str, reason: str, folder: Path, *, known: bool) -> None:
    never = guarded(HONEST, challenge=challenge, authorization="no such")
    with made_up(lambda asked: token_service(asked) or never(asked)) as (host, asked):
        if known:
            log_in(folder, host)
            reason = reason.replace("without docker login HOST", "with the credentials that are kept for it")
        assert reason.replace("HOST", host) in refused(host)
    assert len(asked) <= 8


@pytest.mark.parametrize(
    "reply, reason",
    [
        (HTML, "what the token service HOST sends is no JSON"),
        (Reply(body=b'{"token": 1}'), "token of what the token service HOST sends is not of type str"),
        (Reply(body=b"{}"), "what the token service HOST sends holds no token"),
        (Reply(body=b'{"token": "a\\r\\nX: y"}'), "what the token service HOST sends holds no token"),
        (Reply(pieces=endless), "a token has more than 1,048,576 bytes"),
        (Reply(401), "the token service HOST of HOST gives no token to nobody in particular (status 401)"),
        (Reply(302, headers={"Location": "/token?"}), "HOST redirects more than 5 times"),
    ],
)
def test_token_services_that_give_none(reply: Reply, reason: str) -> None:
    with made_up(with_tokens(lambda asked: reply if "/token" in asked.path else None)) as (host, asked):
        assert reason.replace("HOST", host) in refused(host)
    assert len(asked) < 10


def test_a_token_service_elsewhere_gets_no_credentials(folder: Path) -> None:
    with (
        made_up(token_service, "localhost") as (service, fetched),
        made_up(with_tokens(challenge=BEARER.replace("HOST", service))) as (host, _),
    ):
        log_in(folder, host)
        reason = f"{host} wants its credentials to be shown to {service}, which is not its own host"
        assert refused(host) == reason
        assert not fetched
        log_in(folder)
        assert read(host).flattened == 300_005
    assert not any("authorization" in one.headers for one in fetched)


@pytest.mark.usefixtures("only_localhost_is_here")
def test_a_token_service_is_not_here() -> None:
    with (
        made_up(token_service, "localhost") as (service, fetched),
        made_up(with_tokens(challenge=BEARER.replace("HOST", service))) as (host, _),
    ):
        assert refused(host, plain_http=True) == f"{host} names a token service on this machine"
    assert not fetched


@pytest.mark.parametrize(
    "registry_host, service, trusted",
    [
        ("registry-1.docker.io", "auth.docker.io", True),
        ("registry.gitlab.com", "gitlab.com", True),
        ("ghcr.io", "ghcr.io", True),
        ("registry.cn-hangzhou.aliyuncs.com", "dockerauth.cn-hangzhou.aliyuncs.com", True),
        ("ghcr.io", "evil.io", False),
        ("registry.example.com", "example.com.evil.org", False),
        ("10.0.0.5", "10.9.0.5", False),
        ("[fd00::1]", "[fd00::2]", False),
        ("registry", "auth", False),
        ("registry", "registry", True),
    ],
)
def test_whom_a_registry_may_name(registry_host: str, service: str, *, trusted: bool) -> None:
    origins = (transport.origin_of(f"https://{host}/") for host in (registry_host, service))
    assert registry._trusts(*origins) is trusted


# --- TLS, and the way there ------------------------------------------------------------------------------


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """A server's context, whose certificate only ``ca.crt`` in the folder vouches for."""
    key, certificate = tmp_path / "server.key", tmp_path / "ca.crt"
    words = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=127.0.0.1",
    ]
    words += ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*words, "-keyout", key, "-out", certificate], capture_output=True, check=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


@needs_openssl
@pytest.mark.usefixtures("only_localhost_is_here")
def test_who_vouches_for_nobody_is_not_trusted(tls: ssl.SSLContext, folder: Path) -> None:
    with made_up(guarded(HONEST), context=tls) as (host, asked):
        log_in(folder, host)
        assert refused(host).startswith(f"{host} cannot be trusted: certificate verify failed")
    assert not asked


@needs_openssl
@pytest.mark.usefixtures("only_localhost_is_here")
def test_a_registry_may_have_an_authority_of_its_own(
    tls: ssl.SSLContext, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "_CERTIFICATES", folder / "certs.d")
    with made_up(HONEST, context=tls) as (host, _):
        (folder / "certs.d" / host).mkdir(parents=True)
        (folder / "ca.crt").rename(folder / "certs.d" / host / "ca.crt")
        assert read(host).flattened == 300_005
        (folder / "certs.d" / host / "bad.crt").write_text("no certificate")
        assert "bad.crt holds no certificate that can be read" in refused(host)


@needs_openssl
@pytest.mark.usefixtures("only_localhost_is_here")
def test_no_redirect_leads_out_of_tls(
    tls: ssl.SSLContext, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "ca.crt"))
    with made_up(HONEST) as (storage, fetched), made_up(redirecting(storage), context=tls) as (host, _):
        assert refused(host) == f"{host} redirects to {storage}, which is not encrypted"
    assert not fetched


@pytest.mark.parametrize("name", ["http_proxy", "all_proxy"])
def test_a_proxy_does_not_see_what_is_said_to_this_machine(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    with made_up(lambda _: Reply(500)) as (proxy, seen), made_up(HONEST) as (host, _):
        monkeypatch.setenv(name, f"http://{proxy}")
        assert read(host).flattened == 300_005
    assert not seen


@pytest.mark.usefixtures("only_localhost_is_here")
def test_a_proxy_is_used_and_told_who_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with made_up(HONEST) as (proxy, seen):
        monkeypatch.setenv("http_proxy", f"http://me:s3cret@{proxy}")
        assert read("registry.invalid", plain_http=True).flattened == 300_005
    assert {one.headers["proxy-authorization"] for one in seen} == {basic("me", "s3cret")}
    assert all(one.path.startswith("http://registry.invalid/v2/a/b/") for one in seen)
