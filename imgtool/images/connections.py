"""Connections on which the head of an answer comes in time, however slowly its bytes do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

#: Seconds for the head of an answer. A time-out of a socket starts anew with every byte.
SECONDS = 60.0


def _in_time(connection: Any, read: Callable[[], HTTPResponse]) -> HTTPResponse:
    late = threading.Event()
    timer = threading.Timer(SECONDS, _shut, (connection.sock, late))
    timer.daemon = True
    timer.start()
    try:
        response = read()
    finally:
        timer.cancel()
    if late.is_set():
        # where a connection ends, headers do
        response.close()
        raise TimeoutError
    return response


def _shut(sock: socket.socket, late: threading.Event) -> None:
    late.set()
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


class _Plain(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # as urllib3 has it
        return _in_time(self, super().getresponse)


class _Encrypted(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # likewise
        return _in_time(self, super().getresponse)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _EncryptedPool(HTTPSConnectionPool):
    ConnectionCls = _Encrypted


BY_SCHEME = {"http": _PlainPool, "https": _EncryptedPool}
