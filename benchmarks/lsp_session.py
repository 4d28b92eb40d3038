"""Print one session of an editor with ``imgtool lsp``, message by message: ``python benchmarks/lsp_session.py``."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/support"))

from lspclient import PUSHED, Client, applied, at, edits, session

TEXT = """FROM nvidia/cuda:12.1.0-devel-ubuntu22.04 as Base
# 😀 characters of two units
RUN apt-get update && apt-get install python3
ENV MODE fast
RUN echo "😀" $MODE
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as name, session(Path(name)) as client:
        began = time.perf_counter()
        _session(client, Path(name))
        seconds = time.perf_counter() - began
        for sender, message in client.log:
            arrow = "-->" if sender == "client" else "<--"
            print(
                arrow, json.dumps(message, ensure_ascii=False).replace(Path(name).as_uri(), "file:///project")
            )
        print(f"# {len(client.log)} messages in {seconds:.1f} s")


def _session(client: Client, folder: Path) -> None:
    uri = (folder / "Dockerfile").as_uri()
    client.begin(folder, PUSHED)
    client.open(uri, TEXT)
    found = {each["code"]: each for each in client.published(1)}
    client.hover(uri, 0, 8)
    client.hover(uri, 3, 1)
    client.actions(uri, found["BK001"]["range"], diagnostics=[found["BK001"]], only=["quickfix"])
    (everything,) = client.actions(uri, at(0), only=["source.fixAll.imgtool"])
    changes: list[dict[str, Any]] = [
        {"range": each["range"], "text": each["newText"]} for each in edits(everything)
    ]
    client.change(uri, 2, *changes)
    client.published(2)
    print(applied(TEXT, edits(everything)))
    client.end()


if __name__ == "__main__":
    main()
