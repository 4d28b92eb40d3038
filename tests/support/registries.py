"""The real docker-registry on loopback, and what tests put into it."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from urllib3 import BaseHTTPResponse, PoolManager
from urllib3.exceptions import HTTPError

PROGRAM = shutil.which("docker-registry")
#: What htpasswd -nbB wrote for these.
USER, PASSWORD = "reader", "a pass:word"
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
        made = ["htpasswd", "-nbB", USER, PASSWORD]
        users.write_bytes(subprocess.run(made, capture_output=True, check=True).stdout)
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
