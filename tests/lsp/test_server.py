"""Sessions of a client with ``imgtool lsp`` over standard input and output."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import packs
import pytest
from lspclient import PULLED, PUSHED, Client, applied, at, edits, session, utf16

SHELLCHECK = "SC2086"
TYPED = 'FROM debian:bookworm AS Base\nLABEL a="😀😀" b=\'ß\' C\nCMD ["true"]\n'


def codes(found: list[dict[str, Any]]) -> set[str]:
    return {each["code"] for each in found}


def linted(folder: Path, text: str, *words: str) -> bytes:
    """What ``imgtool lint`` makes of a file."""
    path = folder / "again" / "Dockerfile"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode())
    subprocess.run(
        [sys.executable, "-m", "imgtool", "lint", *words, str(path)], capture_output=True, check=False
    )
    return path.read_bytes()


def test_a_session(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    uri = path.as_uri()
    can = client.begin(tmp_path, PUSHED)
    assert can["positionEncoding"] == "utf-16"
    assert can["textDocumentSync"]["change"] == 2
    assert can["codeActionProvider"]["codeActionKinds"] == ["quickfix", "source.fixAll.imgtool"]
    client.open(uri, "FROM debian:bookworm\n")
    assert client.published(1) == []

    # typed, line by line; the characters before the place take two units each
    client.change(uri, 2, {"range": at(0, 20), "text": " as Base"})
    client.change(uri, 3, {"range": at(1), "text": 'CMD ["true"]\n'})
    client.change(uri, 4, {"range": at(1), "text": "LABEL a=\"😀😀\" b='ß' C\n"})
    found = client.published(4)
    assert codes(found) == {"BK001", "BK002", "IMG001"}
    by_code = {each["code"]: each for each in found}
    assert by_code["BK001"]["range"] == at(0, 24, 28)
    assert by_code["BK001"]["severity"] == 2
    assert by_code["BK001"]["source"] == "imgtool"
    # our pages are in hovers
    assert "codeDescription" not in by_code["BK001"]
    assert by_code["BK001"]["data"]["fix"] == "safe"

    # a change in the middle of a line with such characters
    line = "LABEL a=\"😀😀\" b='ß' C"
    place = utf16(line, line.index("C"))
    client.change(uri, 5, {"range": at(1, place, place + 1), "text": "c=d"})
    assert codes(client.published(5)) == {"BK001", "BK002"}

    assert not path.exists()
    client.notify("textDocument/didClose", textDocument={"uri": uri})
    assert client.published() == []
    assert client.end() == 0
    assert client.complaints() == ""


def test_columns_after_wide_characters(client: Client, tmp_path: Path) -> None:
    uri = (tmp_path / "Dockerfile").as_uri()
    text = 'FROM debian:bookworm\nRUN echo "😀ß" && echo $X\n'
    client.begin(tmp_path, PUSHED)
    client.open(uri, text)
    found = [each for each in client.published(1) if each["code"] == SHELLCHECK]
    line = text.splitlines()[1]
    column = utf16(line, line.index("$X"))
    assert [each["range"] for each in found] == [at(1, column, column + 2)]
    assert found[0]["codeDescription"]["href"] == "https://www.shellcheck.net/wiki/SC2086"


def test_bytes_are_negotiated_and_diagnostics_asked_for(client: Client, tmp_path: Path) -> None:
    uri = (tmp_path / "Dockerfile").as_uri()
    can = client.begin(tmp_path, PULLED)
    assert can["positionEncoding"] == "utf-8"
    assert can["diagnosticProvider"]["identifier"] == "imgtool"
    client.open(uri, "# 😀\nFROM debian:bookworm\nENV A=😀 B c\n")
    client.change(uri, 2, {"range": at(0, 2, 6), "text": "x"})
    (found,) = client.pulled(uri)
    assert found["code"] == "IMG001"
    (tmp_path / ".imgtool.toml").write_text('[lint]\nignore = ["IMG001"]\n')
    client.notify("workspace/didChangeWatchedFiles", changes=[])
    client.wait("workspace/diagnostic/refresh")
    assert client.pulled(uri) == []
    assert not [message for _, message in client.log if "publishDiagnostics" in message.get("method", "")]
    assert client.end() == 0


# what the server's own library would take for lines' ends, or move
ODD = 'FROM debian:bookworm\nLABEL a="\x0c\u2028"\nLABEL b=\'\x85\'\nCMD ["true"]\n'


def test_changes_land_behind_odd_characters(client: Client, tmp_path: Path) -> None:
    uri = (tmp_path / "Dockerfile").as_uri()
    client.begin(tmp_path, PUSHED)
    client.open(uri, ODD)
    client.change(uri, 2, {"range": at(3, 0, 99), "text": "COPY x"})
    (found,) = client.published(2)
    assert (found["code"], found["range"]) == ("IMG001", at(3, 0, 6))


FIXABLE = (
    "from debian:bookworm AS 😀x\nENV 😀 b\nWORKDIR srv\nFROM debian:bookworm as Y\r\nCOPY --from=0 /x /y\n"
)


def test_fixing_all_is_what_the_command_does(client: Client, tmp_path: Path) -> None:
    client.begin(tmp_path, PUSHED)
    for index, text in enumerate([FIXABLE, "# 😀\nFROM debian:bookworm as X\n", TYPED]):
        uri = (tmp_path / f"{index}.Dockerfile").as_uri()
        client.open(uri, text)
        (action,) = client.actions(uri, at(0), only=["source.fixAll"])
        assert action["kind"] == "source.fixAll.imgtool"
        assert action["edit"]["documentChanges"][0]["textDocument"] == {"uri": uri, "version": 1}
        assert applied(text, edits(action)).encode() == linted(tmp_path, text, "--fix")
        assert client.actions(uri, at(0), only=["source.organizeImports"]) == []


def test_a_fix_of_one_finding(client: Client, tmp_path: Path) -> None:
    text = "FROM debian:bookworm AS Base\nENV 😀 b\nRUN echo $X\n"
    uri = (tmp_path / "Dockerfile").as_uri()
    client.begin(tmp_path, {})
    client.open(uri, text)
    found = {each["code"]: each for each in client.published(1)}
    action, *others = client.actions(
        uri, found["BK001"]["range"], diagnostics=[found["BK001"]], only=["quickfix"]
    )
    assert action["isPreferred"] is True
    assert action["diagnostics"] == [found["BK001"]]
    assert applied(text, edits(action)).encode() == linted(tmp_path, text, "--select", "BK001", "--fix")
    assert [other["title"] for other in others] == ["Silence BK001 for this FROM"]
    unsafe = client.actions(uri, found[SHELLCHECK]["range"], only=["quickfix"])[0]
    assert unsafe["title"].endswith("(unsafe)")
    assert "isPreferred" not in unsafe


# --- (text, code, line and column, text after it was silenced) ---
SILENCED = [
    ("FROM a:1 AS B\n", "BK001", (0, 12), "# imgtool ignore=BK001\nFROM a:1 AS B\n"),
    (
        "FROM a:1\n  RUN true && \\\n    # why\n    echo $X\n",
        SHELLCHECK,
        (3, 10),
        "FROM a:1\n  # imgtool ignore=SC2086\n  RUN true && \\\n    # why\n    echo $X\n",
    ),
    (
        "FROM a:1\nRUN <<E\necho $X\nE\n",
        SHELLCHECK,
        (2, 6),
        "FROM a:1\n# imgtool ignore=SC2086\nRUN <<E\necho $X\nE\n",
    ),
    ("FROM a:1\r\nENV b c\r\n", "BK013", (1, 4), "FROM a:1\r\n# imgtool ignore=BK013\r\nENV b c\r\n"),
    (
        "FROM a:1\n# hadolint ignore=DL3059\nENV b c\n",
        "BK013",
        (2, 4),
        "FROM a:1\n# imgtool ignore=BK013\n# hadolint ignore=DL3059\nENV b c\n",
    ),
    (
        "# syntax=docker/dockerfile:1\nFROM a:1 AS B\n",
        "BK001",
        (1, 12),
        "# syntax=docker/dockerfile:1\n# imgtool ignore=BK001\nFROM a:1 AS B\n",
    ),
]


def test_silencing(client: Client, tmp_path: Path) -> None:
    (tmp_path / ".imgtool.toml").write_text('[lint]\nselect = ["BK001", "BK013", "SC", "IMG00"]\n')
    client.begin(tmp_path, PUSHED)
    for index, (text, code, (line, column), silenced) in enumerate(SILENCED):
        uri = (tmp_path / f"{index}.Dockerfile").as_uri()
        client.open(uri, text)
        before = codes(client.published(1))
        (action,) = (
            a for a in client.actions(uri, at(line, column)) if a["title"].startswith(f"Silence {code} ")
        )
        assert applied(text, edits(action)) == silenced
        client.change(uri, 2, {"text": silenced})
        assert codes(client.published(2)) == before - {code}


# --- (line, column, what the text has) ---
HOVERED = [
    (0, 1, ("**FROM**", "Begins a stage")),
    (0, 20, ("nvidia-cuda", "flavour devel", "nvcc", "12.1.0-runtime-ubuntu22.04", "3.6 GB unpacked", "12.1.1")),
    (1, 6, ("Stage **build**", "nvidia/cuda:12.1.0-devel")),
    (2, 6, ("`debian:bullseye`", "debian 11", "end of life on 20")),
    (3, 20, ("**IMG204**", "What it does")),
    (3, 29, ("SC2086", "https://www.shellcheck.net/wiki/SC2086")),
    (4, 0, ("**RUN**", "one layer")),
    (5, 9, ("**RUN**", "one layer")),
    (6, 5, ("BK013", "Fix safety")),
]  # fmt: skip
POINTED = """FROM nvidia/cuda:12.1.0-devel-ubuntu22.04 AS build
FROM build AS next
FROM debian:bullseye
# imgtool ignore=IMG204,SC2086
RUN apt-get update
ONBUILD RUN true
ENV 😀 b
"""


def test_hover(client: Client, tmp_path: Path) -> None:
    uri = (tmp_path / "Dockerfile").as_uri()
    client.begin(tmp_path, PUSHED)
    client.open(uri, POINTED)
    for line, column, parts in HOVERED:
        shown = client.hover(uri, line, column)
        for part in parts:
            assert part in shown, (line, column, shown)
    assert client.hover(uri, 5, 3).startswith("**ONBUILD**")
    assert client.hover(uri, 40, 0) == ""


SECRET = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"


def test_secrets_are_not_told(client: Client, tmp_path: Path) -> None:
    uri = (tmp_path / "Dockerfile").as_uri()
    client.begin(tmp_path, PUSHED)
    client.open(
        uri, f"FROM {SECRET}/image\nENV TOKEN {SECRET}\nRUN git clone https://x:{SECRET}@host/y.git\n"
    )
    assert "IMG501" in codes(client.published(1))
    for line in range(3):
        for column in (0, 6, 12):
            client.hover(uri, line, column)
            client.actions(uri, at(line, column), only=["quickfix"])
    for sender, message in client.log:
        if sender == "server" and "result" in message and isinstance(message["result"], list):
            # edits are the editor's own text
            message = {"titles": [each["title"] for each in message["result"]]}  # noqa: PLW2901
        assert sender == "client" or SECRET not in str(message)


def test_configuration(client: Client, tmp_path: Path) -> None:
    uri = (tmp_path / "docker" / "Dockerfile").as_uri()
    config = tmp_path / ".imgtool.toml"
    client.begin(tmp_path, PUSHED)
    client.open(uri, "FROM debian:bookworm AS B\n")
    assert codes(client.published(1)) == {"BK001"}
    watched = next(m["params"] for _, m in client.log if m.get("method") == "client/registerCapability")
    assert "**/.imgtool.toml" in str(watched)

    config.write_text('[lint.severity]\nBK = "error"\n')
    client.notify("workspace/didChangeWatchedFiles", changes=[{"uri": config.as_uri(), "type": 1}])
    (found,) = client.published()
    assert found["severity"] == 1

    config.write_text("[lint]\nnobody = 1\n")
    client.notify("workspace/didChangeWatchedFiles", changes=[{"uri": config.as_uri(), "type": 2}])
    (found,) = client.published()
    assert found["message"].endswith(".imgtool.toml:2: lint.nobody: unknown key")

    config.write_text('[lint]\nselect = ["IMG"]\n')
    client.notify("textDocument/didSave", textDocument={"uri": uri})
    assert client.published() == []
    assert client.end() == 0


def test_a_document_that_is_nowhere(client: Client, tmp_path: Path) -> None:
    client.begin(tmp_path, PUSHED)
    client.open("untitled:Untitled-1", "FROM debian:bookworm AS B\n")
    assert codes(client.published(1)) == {"BK001"}
    client.open("untitled:Untitled-2", "\ud800" + "x" * 10 + "\n" * 5_000_000)
    (found,) = client.published(1)
    assert "not linted" in found["message"]
    assert client.hover("untitled:Untitled-2", 0, 0) == ""
    assert client.actions("untitled:Untitled-2", at(0)) == []


def test_further_places(client: Client, tmp_path: Path) -> None:
    uri = (tmp_path / "Dockerfile").as_uri()
    client.begin(tmp_path, PUSHED)
    client.open(uri, 'FROM debian:bookworm\nCMD ["a"]\nCMD ["b"]\nRUN true\nRUN false\n')
    found = [each for each in client.published(1) if "relatedInformation" in each]
    for each in found:
        assert each["relatedInformation"][0]["location"]["uri"] == uri


def test_an_editor_that_goes_away(tmp_path: Path, client: Client) -> None:
    client.begin(tmp_path, PUSHED)
    client.notify("exit")
    assert client.process.wait(60) == 1
    with session(tmp_path, "--stdio") as other:
        other.begin(tmp_path, PUSHED)
        assert other.process.stdin is not None
        other.process.stdin.close()
        assert other.process.wait(60) == 1


def test_a_rule_that_fails_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pygls", reason="the extra lsp is not installed")
    fails = packs.rule("MADE001", "raise ValueError('defect')")
    prints = packs.rule("MADE002", "print('text'); yield META.finding(Span(0, 4), 'found')")
    prints = prints.replace("import RuleMeta", "import RuleMeta, Span")
    path = packs.made(tmp_path, {"r1": fails, "r2": prints})
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, path)))
    (tmp_path / ".imgtool.toml").write_text('plugins = ["made"]\n')
    uri = (tmp_path / "Dockerfile").as_uri()
    with session(tmp_path) as client:
        client.begin(tmp_path, PUSHED)
        client.open(uri, "FROM debian:bookworm AS B\n")
        assert codes(client.published(1)) == {"BK001", "MADE002"}
        assert "MADE001 failed" in client.wait("window/logMessage")["message"]
        assert client.end() == 0
