"""HTTP to a server that may stall, lie, redirect in circles or send without end.

What is asked for is only ever read. A request is tried again where the server is busy or the connection
is lost; it follows few redirects, to no address that the first one was not allowed to lead to, and what
authorizes it is shown to the one origin that it belongs to. Addresses of other places than the registry
are signed more often than not, so that no message holds one whole.
"""

from __future__ import annotations

import ipaddress
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from imgtool import __version__
from imgtool.images.errors import ImageError
from imgtool.images.streams import CHUNK
from imgtool.regex import regex
from imgtool.values import NamedTuple

T = TypeVar("T")

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

#: Seconds to connect, and without a byte.
CONNECT, STALL = 15.0, 30.0
#: Seconds of waiting after which a body must have come at :data:`SLOWEST` bytes a second.
WINDOW, SLOWEST = 60.0, 2048
#: Tries of one request; of a body those that brought next to nothing new.
TRIES = 5
#: Seconds of the first pause, which doubles, and of the longest that a server may ask for.
PAUSE, LONGEST_PAUSE = 0.5, 60.0
MAX_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_BUSY = {408, 429, 500, 502, 503, 504}
_PARTIAL, _TOO_MANY = 206, 429
_RANGE = regex(r"bytes (\d{1,18})-")
#: https://docs.docker.com/reference/cli/dockerd/#insecure-registries and docker's certs.d
_CERTIFICATES = Path("/etc/docker/certs.d")
_PORTS = {"http": 80, "https": 443}
#: What no address holds: who reads it leniently may take another host out of it.
_ODD = regex(r"[\x00-\x20\x7f\\]")
#: Bytes that make a body that breaks off again and again worth asking for.
PROGRESS = 1 << 16


class Origin(NamedTuple):
    """What a browser calls one: who answers at an address."""

    scheme: str
    host: str
    port: int

    @property
    def loopback(self) -> bool:
        return is_loopback(self.host)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS.get(self.scheme) else f"{host}:{self.port}"


class Lost(Exception):  # noqa: N818 - not every one is an error
    """A connection broke; trying again may help."""


class RefusedError(ImageError):
    """An answer that is no success. ``status`` is HTTP's; ``challenges`` are its WWW-Authenticate headers."""

    def __init__(self, reason: str, status: int, origin: Origin, challenges: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.status, self.origin, self.challenges = status, origin, challenges


class Request(NamedTuple):
    """What is asked. ``authorization`` is shown to the origin of ``url`` alone; ``form`` makes it a POST."""

    url: str
    headers: Mapping[str, str]
    authorization: str | None = None
    form: Mapping[str, str] | None = None


class Answer(NamedTuple):
    """A body that was read whole."""

    body: bytes
    headers: Mapping[str, str]


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name alone."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin_of(url: str) -> Origin:
    """Who answers at an address.

    Raises:
        ImageError: it is none of HTTP's.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or parts.scheme not in _PORTS or parts.username is not None or _ODD.search(url):
        raise ImageError("an address that it leads to is none of HTTP's")
    return Origin(parts.scheme, host, port or _PORTS[parts.scheme])


class Transport:
    """Connections, kept for the next request. For several threads at once.

    ``insecure`` is an origin that plain HTTP was asked for; everywhere else it is for loopback alone.
    """

    def __init__(self, insecure: Origin | None = None) -> None:
        self._insecure = insecure
        self._pools: dict[tuple[str | None, tuple[str, ...], str], Any] = {}
        self._stopped = False

    def stop(self) -> None:
        """End what is being read, in whatever thread: the next piece of it raises."""
        self._stopped = True

    def close(self) -> None:
        """Give the connections back."""
        for pool in self._pools.values():
            pool.clear()

    def document(self, request: Request, limit: int, what: str) -> Answer:
        """A body of at most ``limit`` bytes.

        Raises:
            RefusedError: the server does not give it.
            ImageError: it is larger, or there is no connection that holds.
        """

        def read() -> Answer:
            with self._opened(request) as response:
                return Answer(_body(response, limit, what), _headers(response))

        return self._tried(read, origin_of(request.url))

    def stream(
        self, ask: Callable[[int], Request], size: int, what: str, *, start: int = 0
    ) -> Iterator[bytes]:
        """A body of ``size`` bytes from ``start`` on, in pieces; where the connection breaks off, the rest is asked for.

        Args:
            ask: makes the request for what follows that many bytes.
            size: the bytes that the whole body must have.
            what: names it in errors.
            start: bytes that are there already.

        Raises:
            RefusedError: the server does not give it.
            ImageError: it is longer, or there is no connection that holds.
        """
        seen, failures = start, 0
        while seen < size:
            before = seen
            request = ask(seen)
            why = f"ends {what} too early"
            try:
                for piece in self._from(request, seen):
                    seen += len(piece)
                    if seen > size:
                        raise ImageError(f"{what} has more than the {size:,} bytes that are stated")
                    yield piece
            except Lost as lost:
                why = str(lost)
            if seen < size:
                failures = 1 if seen - before >= PROGRESS else failures + 1
                if failures == TRIES:
                    raise ImageError(f"{origin_of(request.url)} {why}")
                self._pause(_backoff(failures))

    def _from(self, request: Request, start: int) -> Iterator[bytes]:
        """The bytes of a body behind the first ``start``, whether or not the server can leave these out."""
        ranged = {**request.headers, "Range": f"bytes={start}-"} if start else request.headers
        opened = self._tried(lambda: self._open(request._replace(headers=ranged)), origin_of(request.url))
        with _closing(opened) as response:
            skip = start - _first_byte(response)
            if skip < 0:
                raise ImageError(f"{origin_of(request.url)} sends another part than it is asked for")
            for piece in self._steady(response):
                if skip < len(piece):
                    yield piece[skip:] if skip else piece
                skip = max(0, skip - len(piece))

    def _tried(self, attempt: Callable[[], T], origin: Origin) -> T:
        for number in range(1, TRIES + 1):
            try:
                return attempt()
            except Lost as lost:
                why: ImageError = ImageError(f"{origin} {lost}")
                wait = _backoff(number)
            except _Busy as busy:
                why = busy.refused
                wait = _backoff(number) if busy.wait is None else busy.wait
            if number == TRIES or wait > LONGEST_PAUSE:
                raise why
            self._pause(wait)
        raise AssertionError

    def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not self._stopped and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))
        self._check()

    def _check(self) -> None:
        if self._stopped:
            raise ImageError("reading it was given up")

    @contextmanager
    def _opened(self, request: Request) -> Iterator[BaseHTTPResponse]:
        with _closing(self._open(request)) as response:
            yield response

    def _open(self, request: Request) -> BaseHTTPResponse:
        """The answer to a request, redirects followed; nothing of its body is read."""
        first = origin_of(request.url)
        url = request.url
        for _ in range(MAX_REDIRECTS + 1):
            response = self._sent(request, url, first)
            if response.status not in _REDIRECTS:
                return _successful(response, origin_of(url))
            location = response.headers.get("Location", "")
            response.close()
            if request.form is not None:
                raise ImageError(f"{first} redirects what holds a secret")
            url = _joined(url, location)
            self._check_redirect(first, origin_of(url))
        raise ImageError(f"{first} redirects more than {MAX_REDIRECTS} times")

    def _check_redirect(self, first: Origin, to: Origin) -> None:
        if to.loopback and not first.loopback:
            raise ImageError(f"{first} redirects to this machine")
        if to.scheme == "http" and first.scheme == "https":
            raise ImageError(f"{first} redirects to {to}, which is not encrypted")

    def _sent(self, request: Request, url: str, first: Origin) -> BaseHTTPResponse:
        from urllib3.exceptions import HTTPError, NameResolutionError, SSLError  # noqa: PLC0415 - see _pool

        self._check()
        origin = origin_of(url)
        if origin.scheme == "http" and not origin.loopback and self._insecure not in {origin, first}:
            raise ImageError(f"{origin} is asked over plain HTTP only where that is wished for")
        headers = {**request.headers, "Accept-Encoding": "identity", "User-Agent": f"imgtool/{__version__}"}
        if request.authorization and origin == first:
            headers["Authorization"] = request.authorization
        if request.form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            response: BaseHTTPResponse = self._pool(origin).urlopen(
                "GET" if request.form is None else "POST",
                url,
                body=None if request.form is None else urlencode(request.form),
                headers=headers,
                redirect=False,
                retries=False,
                preload_content=False,
            )
        except SSLError as error:
            raise ImageError(f"{origin} cannot be trusted: {_of_tls(error)}") from None
        except NameResolutionError:
            raise ImageError(f"{origin} is no host that is known") from None
        except (HTTPError, OSError, ValueError) as error:
            raise Lost(f"does not answer ({_words(error)})") from None
        return response

    def _pool(self, origin: Origin) -> Any:
        key = _proxy(origin), _certificates(origin), origin.scheme
        if key not in self._pools:
            # 60 ms that archives need not pay
            from urllib3 import PoolManager, ProxyManager, Timeout, make_headers  # noqa: PLC0415

            from imgtool.images.connections import BY_SCHEME  # noqa: PLC0415 - likewise

            proxy, certificates, scheme = key
            given: dict[str, Any] = {"timeout": Timeout(connect=CONNECT, read=STALL), "maxsize": 8}
            if scheme == "https":
                given["ssl_context"] = _tls(certificates)
            if proxy is None:
                pool = PoolManager(**given)
            else:
                user = urlsplit(proxy)
                login = f"{user.username}:{user.password or ''}" if user.username else None
                headers = make_headers(proxy_basic_auth=login)
                pool = ProxyManager(proxy, proxy_headers=headers, **given)
            pool.pool_classes_by_scheme = BY_SCHEME
            self._pools[key] = pool
        return self._pools[key]

    def _steady(self, response: BaseHTTPResponse) -> Iterator[bytes]:
        """What is left of a body, piece by piece as it arrives, unless that takes for ever."""
        waited, moved = 0.0, 0
        while True:
            self._check()
            asked = time.monotonic()
            piece = _piece(response)
            waited += time.monotonic() - asked
            moved += len(piece)
            if not piece:
                return
            if waited > WINDOW:
                if moved < waited * SLOWEST:
                    raise Lost(f"sent no more than {moved:,} bytes in {waited:.0f} seconds")
                waited, moved = 0.0, 0
            yield piece


class _Busy(Exception):  # noqa: N818 - as Lost
    """The server asks to come again, after ``wait`` seconds where it says so."""

    def __init__(self, refused: RefusedError, wait: float | None) -> None:
        super().__init__(refused.reason)
        self.refused, self.wait = refused, wait


@contextmanager
def _closing(response: BaseHTTPResponse) -> Iterator[BaseHTTPResponse]:
    """Keep the connection where the body was read to its end, and give it up otherwise."""
    try:
        yield response
    finally:
        if response.closed:
            response.release_conn()
        else:
            response.close()


def _piece(response: BaseHTTPResponse) -> bytes:
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 - see Transport._pool

    try:
        return response.read1(CHUNK, decode_content=False) or b""
    except (HTTPError, OSError, ValueError) as error:
        raise Lost(f"stopped half-way ({_words(error)})") from None


def _body(response: BaseHTTPResponse, limit: int, what: str) -> bytes:
    end = time.monotonic() + WINDOW
    body = bytearray()
    while piece := _piece(response):
        body += piece
        if len(body) > limit:
            raise ImageError(f"{what} has more than {limit:,} bytes, which none has")
        if time.monotonic() > end:
            raise Lost(f"takes more than {WINDOW:.0f} seconds for {what}")
    return bytes(body)


def _headers(response: BaseHTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _successful(response: BaseHTTPResponse, origin: Origin) -> BaseHTTPResponse:
    if response.status in {200, 206}:
        return response
    with _closing(response):
        challenges = tuple(response.headers.getlist("WWW-Authenticate"))
        refused = RefusedError(_reason(response, origin), response.status, origin, challenges)
        if response.status in _BUSY:
            raise _Busy(refused, _retry_after(response.headers.get("Retry-After", "")))
        raise refused


def _reason(response: BaseHTTPResponse, origin: Origin) -> str:
    if response.status != _TOO_MANY:
        return f"{origin} answers with status {response.status}"
    left = response.headers.get("RateLimit-Remaining", "").partition(";")[0]
    limit = response.headers.get("RateLimit-Limit", "").partition(";")[0]
    again = _retry_after(response.headers.get("Retry-After", ""))
    said = [f"{left} of {limit} requests are left"] if left.isdecimal() and limit.isdecimal() else []
    said += [f"it takes the next one in {again:.0f} seconds"] if again else []
    return f"{origin} limits how much it is asked (status {_TOO_MANY}{''.join(f', {one}' for one in said)})"


def _retry_after(text: str) -> float | None:
    """Seconds, from a number of them or a date."""
    if text.isdecimal():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text[:64]).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return ""


def _first_byte(response: BaseHTTPResponse) -> int:
    """Where in the body an answer begins."""
    if response.status != _PARTIAL:
        return 0
    match = _RANGE.match(response.headers.get("Content-Range", ""))
    if match is None:
        raise ImageError("a part of a body does not say which it is")
    return int(match[1])


def _backoff(number: int) -> float:
    # jitter, or all that were turned away together come back together
    return PAUSE * 2.0 ** (number - 1) * random.uniform(0.5, 1.5)  # noqa: S311 - no secret


def _proxy(origin: Origin) -> str | None:
    """The proxy that the environment names; none for this machine, or it would see what is said to it."""
    if origin.loopback or proxy_bypass(f"{origin.host}:{origin.port}"):
        return None
    named = getproxies()
    proxy = named.get(origin.scheme) or named.get("all")
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"


def _certificates(origin: Origin) -> tuple[str, ...]:
    """Authorities that the user trusts for one registry, as docker has them."""
    try:
        return tuple(sorted(map(str, (_CERTIFICATES / str(origin)).glob("*.crt"))))
    except OSError:
        return ()


def _tls(certificates: tuple[str, ...]) -> Any:
    import ssl  # noqa: PLC0415 - as urllib3

    context = ssl.create_default_context()
    for path in certificates:
        try:
            context.load_verify_locations(path)
        except OSError:
            raise ImageError(f"{path} holds no certificate that can be read") from None
    return context


def _of_tls(error: Exception) -> str:
    found = re.search(r"\] ?([\w ,:'-]{1,120})", str(error))
    return found[1].strip() if found else "its TLS is not understood"


def _words(error: Exception) -> str:
    """What kind of error it is; its text may hold an address."""
    name = type(error).__name__.removesuffix("Error")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
