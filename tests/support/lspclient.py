"""A client of the language server protocol, over a real server's standard input and output."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

PATIENCE = 60.0

PUSHED: dict[str, Any] = {
    "textDocument": {"publishDiagnostics": {"relatedInformation": True}},
    "workspace": {
        "workspaceEdit": {"documentChanges": True, "resourceOperations": ["create"]},
        "didChangeWatchedFiles": {"dynamicRegistration": True},
    },
}
"""What a client can that waits for diagnostics."""

PULLED: dict[str, Any] = {
    "general": {"positionEncodings": ["utf-8", "utf-16"]},
    "textDocument": {"diagnostic": {"relatedInformation": True}},
    "workspace": {"diagnostics": {"refreshSupport": True}},
}
"""What a client can that asks for them, and counts bytes."""


class Client:
    """One session. ``log`` holds every message: who sent it, and what."""

    def __init__(self, folder: Path, words: Sequence[str] = ()) -> None:
        command = [sys.executable, "-m", "imgtool", "lsp", *words]
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.log: list[tuple[str, dict[str, Any]]] = []
        self._received: queue.Queue[dict[str, Any]] = queue.Queue()
        self._held: list[dict[str, Any]] = []
        self._next = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while line := stream.readline():
            size = 0
            while line.strip():
                name, _, value = line.partition(b":")
                size = int(value) if name.lower() == b"content-length" else size
                line = stream.readline()
            self._received.put(json.loads(stream.read(size)))

    def _send(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.log.append(("client", message))
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        self.process.stdin.flush()

    def _next_message(self) -> dict[str, Any]:
        message = self._received.get(timeout=PATIENCE)
        self.log.append(("server", message))
        if "id" in message and "method" in message:
            self._send({"id": message["id"], "result": None})
        return message

    def notify(self, method: str, **params: Any) -> None:
        self._send({"method": method, "params": params})

    def ask(self, method: str, **params: Any) -> Any:
        """The result of a request; what else comes meanwhile is kept."""
        self._next += 1
        self._send({"id": self._next, "method": method, "params": params or None})
        while True:
            message = self._next_message()
            if message.get("id") == self._next and "method" not in message:
                assert "error" not in message, message
                return message.get("result")
            self._held.append(message)

    def wait(self, method: str) -> Any:
        """The parameters of the next message of that kind that was not waited for."""
        for index, message in enumerate(self._held):
            if message.get("method") == method:
                return self._held.pop(index).get("params")
        while True:
            message = self._next_message()
            if message.get("method") == method:
                return message.get("params")
            self._held.append(message)

    def begin(self, folder: Path, capabilities: dict[str, Any]) -> dict[str, Any]:
        """Initialize; what the server can."""
        answer = self.ask("initialize", processId=None, rootUri=folder.as_uri(), capabilities=capabilities)
        self.notify("initialized")
        found: dict[str, Any] = answer["capabilities"]
        return found

    def open(self, uri: str, text: str) -> None:
        document = {"uri": uri, "languageId": "dockerfile", "version": 1, "text": text}
        self.notify("textDocument/didOpen", textDocument=document)

    def change(self, uri: str, version: int, *changes: dict[str, Any]) -> None:
        document = {"uri": uri, "version": version}
        self.notify("textDocument/didChange", textDocument=document, contentChanges=changes)

    def published(self, version: int | None = None) -> list[dict[str, Any]]:
        """The diagnostics that come next, of a version where one is given."""
        while True:
            params = self.wait("textDocument/publishDiagnostics")
            if version is None or params.get("version") == version:
                found: list[dict[str, Any]] = params["diagnostics"]
                return found

    def pulled(self, uri: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.ask("textDocument/diagnostic", textDocument={"uri": uri})["items"]
        return items

    def actions(self, uri: str, where: dict[str, Any], **context: Any) -> list[dict[str, Any]]:
        asked = {"diagnostics": [], **context}
        found: list[dict[str, Any]] = self.ask(
            "textDocument/codeAction", textDocument={"uri": uri}, range=where, context=asked
        )
        return found

    def hover(self, uri: str, line: int, character: int) -> str:
        at = {"line": line, "character": character}
        found = self.ask("textDocument/hover", textDocument={"uri": uri}, position=at)
        return found["contents"]["value"] if found else ""

    def end(self) -> int:
        """Shut down; the exit code."""
        self.ask("shutdown")
        self.notify("exit")
        return self.process.wait(PATIENCE)

    def complaints(self) -> str:
        """What it said on standard error, once it has ended."""
        assert self.process.stderr is not None
        return self.process.stderr.read().decode()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()


@contextlib.contextmanager
def session(folder: Path, *words: str) -> Iterator[Client]:
    """A server that has been started, and is gone at the end."""
    client = Client(folder, words)
    try:
        yield client
    finally:
        client.close()


def utf16(line: str, column: int) -> int:
    """The column in UTF-16 code units of a column in characters."""
    return len(line[:column].encode("utf-16-le")) // 2


def at(line: int, start: int = 0, end: int | None = None) -> dict[str, Any]:
    """A range on one line."""
    return {
        "start": {"line": line, "character": start},
        "end": {"line": line, "character": start if end is None else end},
    }


def edits(action: dict[str, Any]) -> list[dict[str, Any]]:
    """The text edits of an action, of one document."""
    edit = action["edit"]
    if "changes" in edit:
        (found,) = edit["changes"].values()
        return list(found)
    return [each for change in edit["documentChanges"] if "edits" in change for each in change["edits"]]


def applied(text: str, changes: Sequence[dict[str, Any]]) -> str:
    """A text after edits, in UTF-16: written after the specification, not after the server."""
    lines = text.splitlines(keepends=True)

    def index(place: dict[str, int]) -> int:
        before = "".join(lines[: place["line"]])
        line = lines[place["line"]] if place["line"] < len(lines) else ""
        inside = line.encode("utf-16-le")[: 2 * place["character"]].decode("utf-16-le")
        return len(before) + len(inside)

    for change in sorted(changes, key=lambda c: index(c["range"]["start"]), reverse=True):
        begin, end = index(change["range"]["start"]), index(change["range"]["end"])
        text = text[:begin] + change["newText"] + text[end:]
    return text
