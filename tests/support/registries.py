"""The real docker-registry on loopback, what tests put into it, and servers that are neither real nor honest."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from urllib3 import BaseHTTPResponse, PoolManager
from urllib3.exceptions import HTTPError

PROGRAM = shutil.which("docker-registry")
USER, PASSWORD = "reader", "a pass:word"
#: What htpasswd -nbB writes for these.
_HTPASSWD = "reader:$2y$05$Rb4iOlAGnMhvQeE78zcI4ecwfT3Xs9FZWG7YD4gDQfizodKtyUdKe"
_SECONDS = 20


@contextmanager
def docker_registry(folder: Path, *, login: bool = False, **settings: Any) -> Iterator[str]:
    """A registry that keeps everything in ``folder``, with basic authentication where ``login`` is set.

    Yields:
        HOST:PORT.
    """
    assert PROGRAM
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    config: dict[str, Any] = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "storage")}},
        "http": {"addr": host},
        **settings,
    }
    if login:
        users = folder / "htpasswd"
        users.write_text(f"{_HTPASSWD}\n")
        config["auth"] = {"htpasswd": {"realm": "here", "path": str(users)}}
    path = folder / "registry.yml"
    path.write_text(json.dumps(config))
    with (folder / "registry.log").open("wb") as log:
        process = subprocess.Popen(
            [PROGRAM, "serve", path], stdout=log, stderr=log, env={"PATH": os.environ["PATH"]}
        )
        try:
            _wait(host, process, folder / "registry.log")
            yield host
        finally:
            process.terminate()
            process.wait()


def _wait(host: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            asked(f"http://{host}/v2/")
        except HTTPError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"docker-registry does not start: {log.read_text()}")


def asked(url: str, data: bytes | None = None, method: str = "GET", **headers: str) -> BaseHTTPResponse:
    """The answer to a request that goes to no proxy."""
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    with PoolManager(timeout=_SECONDS, retries=False) as pool:
        return pool.request(method, url, body=data, headers=named)


def done(url: str, data: bytes | None = None, method: str = "GET", **headers: str) -> BaseHTTPResponse:
    """The answer to a request that must succeed."""
    answer = asked(url, data, method, **headers)
    assert answer.status < 300, answer.data
    return answer


def basic(user: str = USER, password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def push(host: str, name: str, files: Mapping[str, bytes], **headers: str) -> None:
    """Push the image of an OCI layout, which is what ``index.json`` lists first, under a repository's tag."""
    repository, _, tag = name.partition(":")
    root = json.loads(files["index.json"])["manifests"][0]
    _push(f"http://{host}/v2/{repository}", files, root, tag, headers)


def _push(
    base: str, files: Mapping[str, bytes], root: Mapping[str, Any], tag: str, headers: Mapping[str, str]
) -> None:
    data = files[_path(root)]
    document = json.loads(data)
    for child in document.get("manifests", []):
        _push(base, files, child, child["digest"], headers)
    for blob in (*filter(None, [document.get("config")]), *document.get("layers", [])):
        where = done(f"{base}/blobs/uploads/", b"", "POST", **headers).headers["Location"]
        joint = "&" if "?" in where else "?"
        octets = {"Content_Type": "application/octet-stream", **headers}
        done(f"{where}{joint}digest={blob['digest']}", files[_path(blob)], "PUT", **octets)
    done(f"{base}/manifests/{tag}", data, "PUT", Content_Type=root["mediaType"], **headers)


def _path(descriptor: Mapping[str, Any]) -> str:
    return "blobs/" + str(descriptor["digest"]).replace(":", "/")


class Asked(NamedTuple):
    """One request that a made-up server got; ``at`` is its HOST:PORT."""

    at: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Reply(NamedTuple):
    """What a made-up server says; ``pieces`` go out one by one, and then the connection ends, without a length."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = MappingProxyType({})
    pieces: Callable[[], Iterable[bytes]] | None = None


Say = Callable[[Asked], Reply | None]


@contextmanager
def made_up(
    say: Say, host: str = "127.0.0.1", context: ssl.SSLContext | None = None
) -> Iterator[tuple[str, list[Asked]]]:
    """A server that says what ``say`` wants, 404 where that is None; TLS with a ``context``.

    Yields:
        HOST:PORT, and all that was asked so far.
    """
    seen: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = Asked(at, self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            seen.append(asked)
            reply = say(asked) or Reply(404)
            self.send_response(reply.status)
            if reply.pieces is None and "Content-Length" not in reply.headers:
                self.send_header("Content-Length", str(len(reply.body)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.close_connection = reply.pieces is not None or "Content-Length" in reply.headers
            with suppress(OSError):
                for piece in [reply.body] if reply.pieces is None else reply.pieces():
                    self.wfile.write(piece)

        do_POST = do_GET  # noqa: N815 - the server's name for it

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that goes away is no error of the server's."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        at = f"{host}:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield at, seen
        server.shutdown()
        thread.join()


def serving(files: Mapping[str, bytes], *, ranges: bool = True) -> Say:
    """What an honest registry says that has one image, that of an OCI layout, under every name and tag."""
    root = json.loads(files["index.json"])["manifests"][0]

    def say(asked: Asked) -> Reply | None:
        version = asked.path.rpartition("/")[2]
        data = files.get(_path(root if ":" not in version else {"digest": version}))
        if data is None:
            return None
        if "/manifests/" in asked.path:
            return Reply(body=data, headers={"Content-Type": json.loads(data)["mediaType"]})
        start = int(asked.headers.get("range", "bytes=0-")[6:-1]) if ranges else 0
        span = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start else {}
        return Reply(206 if start else 200, data[start:], span)

    return say
