"""Without the extra there is no server."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
from lspclient import Client, session


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """A server in an empty folder."""
    if importlib.util.find_spec("pygls") is None:
        pytest.skip("the extra lsp is not installed")
    with session(tmp_path) as found:
        yield found
