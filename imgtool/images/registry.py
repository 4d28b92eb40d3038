"""Images of a registry, read where they are: the OCI distribution API and Docker's, which it came from.

Documents are asked for one by one, so that an image's transfer size costs two or three small requests;
layers pass through, and nothing of them is kept but what a layer holds.
Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from typing import Any, TypeVar
from urllib.parse import urlencode

from imgtool.images import auth, documents
from imgtool.images.blobs import LayerTar
from imgtool.images.descriptors import INDEX_TYPES, MANIFEST_TYPES, blob_name
from imgtool.images.documents import DIGEST, MAX_DOCUMENT, MAX_DOCUMENTS, missing
from imgtool.images.errors import ImageError, NoImageError
from imgtool.images.layers import Room
from imgtool.images.reading import Reading
from imgtool.images.transport import (
    PROGRESS,
    Answer,
    Origin,
    RefusedError,
    Request,
    Transport,
    is_loopback,
    origin_of,
)
from imgtool.regex import regex
from imgtool.values import NamedTuple

T = TypeVar("T")

HUB, _HUB_HOST = "docker.io", "registry-1.docker.io"
_HUB_NAMES = {HUB, "index.docker.io", _HUB_HOST}
#: https://pkg.go.dev/github.com/distribution/reference, in lower case as registries want it
_HOST = regex(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?"
)
_REPOSITORY = regex(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*")
_TAG = regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_MAX_NAME = 255
INDEX = "index.json"
_MANIFESTS = (*INDEX_TYPES, *MANIFEST_TYPES)
_ACCEPT = ", ".join(_MANIFESTS)
#: Docker's first kind, which says neither what a layer weighs nor what the image is.
_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+"
#: A token service's answer; tokens have some kilobytes.
_MAX_TOKEN_ANSWER = 1 << 20
_TOKEN = regex(r"[\x21-\x7e]{1,65536}")
#: What is asked again with new authorization: a token ends, and another thread may have just got one.
_MAX_ROUNDS = 3
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404


class Name(NamedTuple):
    """An image in a registry. ``host`` is as users know it; ``version`` is a tag or a digest."""

    host: str
    repository: str
    version: str

    @property
    def server(self) -> str:
        """The host that is asked: Docker Hub's has another name."""
        return _HUB_HOST if self.host == HUB else self.host

    def __str__(self) -> str:
        return f"{self.repository}{'@' if ':' in self.version else ':'}{self.version}"


def parse_name(text: str) -> Name:
    """Read ``[HOST[:PORT]/]NAME[:TAG][@DIGEST]`` as docker does: Docker Hub and ``latest`` go without saying.

    Raises:
        ValueError: it has another form.
    """
    rest, at, digest = text.partition("@")
    first, slash, path = rest.partition("/")
    if not slash or not (set(".:") & set(first) or first == "localhost"):
        first, path = HUB, rest
    host = HUB if first in _HUB_NAMES else first
    path, colon, tag = path.partition(":")
    if host == HUB and "/" not in path:
        path = f"library/{path}"
    version = digest if at else tag if colon else "latest"
    fits = _HOST.fullmatch(host) and _REPOSITORY.fullmatch(path) and len(path) <= _MAX_NAME
    if not fits or not (DIGEST if at else _TAG).fullmatch(version):
        raise ValueError(f"{text!r} is no image of a registry: write HOST/NAME:TAG or HOST/NAME@sha256:…")
    return Name(host, path, version)


def open_registry(place: str, reading: Reading | None = None, *, plain_http: bool = False) -> RegistryStore:
    """Find an image in a registry; layers are read when they are asked for.

    Args:
        place: as :func:`parse_name` reads it.
        reading: what to do with layers.
        plain_http: speak HTTP without encryption to a host that is not this machine.

    Raises:
        NoImageError: the registry has no such image.
        ImageError: it does not give it, or there is none.
        ValueError: the name is none.
    """
    return RegistryStore(Client(parse_name(place), plain_http=plain_http), reading)


class _LackingError(ImageError):
    """Something is not there: the image, or a part of it."""


class Client:
    """One repository. For several threads at once."""

    def __init__(self, name: Name, *, plain_http: bool = False) -> None:
        self.name = name
        host = origin_of(f"https://{name.server}").host
        scheme = "http" if plain_http or is_loopback(host) else "https"
        self._base = f"{scheme}://{name.server}/v2/{name.repository}"
        self.origin = origin_of(self._base)
        self.transport = Transport(self.origin if plain_http else None)
        self._authorization: str | None = None
        self._lock = threading.Lock()

    def manifest(self, version: str) -> Answer:
        """The manifest or index under a tag or digest.

        Raises:
            ImageError: there is none, or it is not given.
        """
        what = f"the manifest of {self.name.repository}"

        def ask(authorization: str | None) -> Answer:
            request = Request(f"{self._base}/manifests/{version}", {"Accept": _ACCEPT}, authorization)
            return self.transport.document(request, MAX_DOCUMENT, what)

        return self._authorized(ask)

    def blob(self, digest: str) -> bytes:
        """A small blob whole; it is not held against its digest.

        Raises:
            ImageError: it is not given, or not small.
        """
        return self._authorized(
            lambda authorization: self.transport.document(
                Request(self._blob_url(digest), {}, authorization), MAX_DOCUMENT, digest
            )
        ).body

    def stream(self, digest: str, size: int) -> Generator[bytes, None, None]:
        """A blob in pieces, held against its size and its digest: the last piece comes only if both are right.

        Raises:
            ImageError: it is not given, or is another one.
        """
        algorithm, _, stated = digest.partition(":")
        state, seen, rounds = hashlib.new(algorithm), 0, 0
        held = b""
        while seen < size:
            sent, before = self._authorization, seen
            try:
                for piece in self._pieces(digest, size, seen, sent):
                    seen += len(piece)
                    state.update(piece)
                    if held:
                        yield held
                    held = piece
            except RefusedError as refused:
                rounds = 1 if seen - before >= PROGRESS else rounds + 1
                self._authorize(refused, sent, rounds)
        if state.hexdigest() != stated:
            raise ImageError(f"{self.origin} sends something else as {digest}")
        if held:
            yield held

    def _pieces(self, digest: str, size: int, start: int, authorization: str | None) -> Iterator[bytes]:
        request = Request(self._blob_url(digest), {}, authorization)
        return self.transport.stream(lambda _: request, size, digest, start=start)

    def _blob_url(self, digest: str) -> str:
        return f"{self._base}/blobs/{digest}"

    def _authorized(self, ask: Callable[[str | None], T]) -> T:
        rounds = 0
        while True:
            sent = self._authorization
            try:
                return ask(sent)
            except RefusedError as refused:
                rounds += 1
                self._authorize(refused, sent, rounds)

    def _authorize(self, refused: RefusedError, sent: str | None, rounds: int) -> None:
        """Get what a registry asks for, where that is what it was missing.

        Raises:
            ImageError: it is not, or there is nothing to show it.
        """
        if refused.status != _UNAUTHORIZED or refused.origin != self.origin or rounds >= _MAX_ROUNDS:
            raise self._explained(refused, sent)
        with self._lock:
            if self._authorization == sent:
                self._authorization = self._answer(refused, sent)

    def _answer(self, refused: RefusedError, sent: str | None) -> str:
        asked = auth.challenges(refused.challenges)
        known = self._credentials()
        if known and known.kind is auth.Kind.REGISTRY:
            answer = f"Bearer {known.secret}"
        elif "bearer" in asked:
            return f"Bearer {self._token(asked['bearer'], known)}"
        elif known and known.kind is auth.Kind.PASSWORD and "basic" in asked:
            answer = known.basic()
        else:
            answer = sent or ""
        if answer == (sent or ""):
            raise self._explained(refused, sent)
        return answer

    def _credentials(self) -> auth.Credentials | None:
        return auth.credentials(
            (auth.HUB_KEY, HUB, _HUB_HOST) if self.name.host == HUB else (self.name.host,)
        )

    def _token(self, asked: Mapping[str, str], known: auth.Credentials | None) -> str:
        """What a token service gives for reading this repository.

        Source: https://distribution.github.io/distribution/spec/auth/token/ and /oauth/
        """
        realm = asked.get("realm", "")
        service = origin_of(realm)
        if service.loopback and not self.origin.loopback:
            raise ImageError(f"{self.origin} names a token service on this machine")
        if service.scheme == "http" and not service.loopback and service != self.origin:
            raise ImageError(f"the token service {service} of {self.origin} is not encrypted")
        if known and not _trusts(self.origin, service):
            raise ImageError(
                f"{self.origin} wants its credentials to be shown to {service}, which is not its own host"
            )
        parameters = {"service": asked["service"]} if "service" in asked else {}
        # never more than reading, whatever the registry says that it takes
        parameters["scope"] = f"repository:{self.name.repository}:pull"
        try:
            answer = self.transport.document(_asking(realm, parameters, known), _MAX_TOKEN_ANSWER, "a token")
        except RefusedError as refused:
            whose = "the credentials that are kept for it" if known else "nobody in particular"
            raise ImageError(
                f"the token service {service} of {self.origin} gives no token to {whose} (status {refused.status})"
            ) from None
        return _token_in(answer.body, service)

    def _explained(self, refused: RefusedError, sent: str | None) -> ImageError:
        if refused.origin != self.origin:
            return ImageError(f"{self.origin} leads to {refused.reason}")
        if refused.status in {_UNAUTHORIZED, _FORBIDDEN}:
            known = sent and self._credentials()
            how = (
                "with the credentials that are kept for it"
                if known
                else f"without docker login {self.name.host}"
            )
            # not NoImageError: what is hidden may be there
            return ImageError(f"{self.origin} has no {self.name}, or does not show it {how}")
        if refused.status == _NOT_FOUND:
            return _LackingError(f"{self.origin} has no {self.name} that is whole")
        return refused


class RegistryStore:
    """An image in a registry, under the names that an OCI layout gives its parts. Asked for by several threads.

    Raises:
        NoImageError: the registry has no such image.
        ImageError: what it has is none, or is not given.
    """

    remote = True

    def __init__(self, client: Client, reading: Reading | None = None) -> None:
        self._client = client
        self._reading = reading or Reading()
        self._failure: ImageError | None = None
        self._left = Room(MAX_DOCUMENTS)
        self._manifests: set[str] = set()
        self._sizes: dict[str, int] = {}
        self._streamed: set[str] = set()
        self._documents: dict[str, bytes] = {}
        self._documents[INDEX] = self._found()

    def _found(self) -> bytes:
        """An index of what is under the name."""
        name, origin = self._client.name, self._client.origin
        try:
            answer = self._client.manifest(name.version)
        except _LackingError:
            raise NoImageError(f"{origin} has no {name}") from None
        stated = answer.headers.get("docker-content-digest", "")
        digest = name.version if ":" in name.version else stated
        if not DIGEST.fullmatch(digest):
            digest = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
        documents.check(answer.body, digest)
        what = f"what {origin} sends as {name}"
        media_type = documents.get(documents.parse(answer.body, what), "mediaType", str, what)
        media_type = media_type or answer.headers.get("content-type", "").partition(";")[0].strip()
        if media_type.startswith(_SCHEMA1):
            raise ImageError(f"{what} has docker's first kind of manifest, which says no sizes: push it anew")
        self._learn(answer.body, what)
        self._documents[blob_name(digest)] = answer.body
        found = {"mediaType": media_type, "digest": digest, "size": len(answer.body)}
        return json.dumps({"schemaVersion": 2, "manifests": [found]}).encode()

    def _learn(self, data: bytes, what: str) -> None:
        """Note what a manifest or index refers to."""
        document = documents.parse(data, what)
        for child in documents.get(document, "manifests", list, what):
            self._manifests.add(blob_name(documents.digest_of(child, what)))
        layers = _sizes(documents.get(document, "layers", list, what), what)
        config = documents.get(document, "config", dict, what)
        self._sizes |= layers | _sizes([config] if config else [], what)
        self._reading.expect(sum(layers.values()))

    def __contains__(self, name: str, /) -> bool:
        return name in self._documents or name in self._manifests or name in self._sizes

    def document(self, name: str, /, media_type: str = "") -> bytes:
        if name not in self._documents:
            data = self._fetched(name, is_manifest=media_type in _MANIFESTS or name in self._manifests)
            self._left.take(len(data))
            self._documents[name] = data
        return self._documents[name]

    def _fetched(self, name: str, *, is_manifest: bool) -> bytes:
        digest = self._digest(name)
        data = self._client.manifest(digest).body if is_manifest else self._client.blob(digest)
        documents.check(data, digest)
        if is_manifest:
            self._learn(data, digest)
        return data

    def layer(self, name: str, /) -> LayerTar:
        try:
            found = self._reading.remembered(name, lambda: self._read(name))
        except ImageError as error:
            # what other threads still read is of no use to anybody, and that it is given up is not why
            self._failure = self._failure or error
            self._client.transport.stop()
            raise self._failure from None
        if name not in self._streamed:
            self._reading.expect(-found.stored)
        return found

    def _read(self, name: str) -> LayerTar:
        self._streamed.add(name)
        with closing(self._client.stream(self._digest(name), self._sizes[name])) as blob:
            return self._reading.streamed(name, self._reading.shown(blob))

    def _digest(self, name: str) -> str:
        if name not in self:
            raise missing(name)
        return name.removeprefix("blobs/").replace("/", ":")

    def stop(self) -> None:
        self._client.transport.stop()

    def close(self) -> None:
        """Give the connections back, and end what is being read."""
        self.stop()
        self._client.transport.close()


def _sizes(blobs: list[Any], what: str) -> dict[str, int]:
    return {
        blob_name(documents.digest_of(blob, what)): documents.get(blob, "size", int, what) for blob in blobs
    }


def _trusts(registry: Origin, service: Origin) -> bool:
    """Whether a token service is of the same house: the same host, or one of the same domain."""
    if registry.host == service.host:
        return True
    domains = [host.split(".")[-2:] for host in (registry.host, service.host)]
    is_number = any(host[-1:].isdigit() or ":" in host for host in (registry.host, service.host))
    return not is_number and len(domains[0]) > 1 and domains[0] == domains[1]


def _asking(realm: str, parameters: Mapping[str, str], known: auth.Credentials | None) -> Request:
    if known and known.kind is auth.Kind.IDENTITY:
        more = {"grant_type": "refresh_token", "client_id": "imgtool", "refresh_token": known.secret}
        return Request(realm, {}, form={**parameters, **more})
    url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(parameters)}"
    return Request(url, {}, known.basic() if known else None)


def _token_in(body: bytes, service: Origin) -> str:
    what = f"what the token service {service} sends"
    document = documents.parse(body, what)
    token = documents.get(document, "token", str, what) or documents.get(document, "access_token", str, what)
    if not _TOKEN.fullmatch(token):
        raise ImageError(f"{what} holds no token")
    return token
