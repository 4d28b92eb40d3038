from __future__ import annotations

import json
from typing import Any

import pytest

from imgtool.report.style import Style
from imgtool.report.tree import MAX_TEXT, as_jsonl, text
from imgtool.syntax import parse

FILE = b"""\
# syntax=docker/dockerfile:1
ARG V=1
FROM python:$V AS build
ENV A=1 B="x y"
ENV OLD way to say it
RUN --mount=type=cache,target=/root/.cache \\
    pip install x
COPY <<-'EOF' /etc/conf
\ta=1
\tEOF
ONBUILD COPY --from=x a b
FROM scratch
COPY --from=build --chown=1 /x /y
EXPOSE http
CMD ["a", "b c"]
"""

SHOWN = """\
Dockerfile
    1  # syntax=docker/dockerfile:1
    2  ARG V=1
    3  FROM python:$V AS build
    4  ├─ ENV A=1 B="x y"
    5  ├─ ENV OLD way to say it
  6-7  ├─ RUN pip install x
       │     --mount=type=cache,target=/root/.cache
 8-10  ├─ COPY <<-'EOF' /etc/conf
       │     <<EOF: 5 bytes, as written, leading tabs dropped
   11  └─ ONBUILD
             COPY a b
             --from=x
   12  FROM scratch
   13  ├─ COPY /x /y
       │     --from=build
       │     --chown=1
   14  ├─ EXPOSE http
   15  └─ CMD ["a", "b c"]
   14  refused: invalid containerPort: http
"""


def test_text() -> None:
    assert text("Dockerfile", parse(FILE), Style()) == SHOWN


def test_colour_changes_no_letter() -> None:
    coloured = text("Dockerfile", parse(FILE), Style(colour=True))
    assert coloured != SHOWN
    for code in (0, 1, 2, 31, 33, 36):
        coloured = coloured.replace(f"\x1b[{code}m", "")
    assert coloured == SHOWN


def test_long_and_unprintable_operands() -> None:
    shown = text("a\x1b[31m", parse(b"FROM scratch\nRUN " + b"x" * 500 + b"\nLABEL a=\x1b[2J\xff\n"), Style())
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) < MAX_TEXT + 20


def node(line: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(as_jsonl("-", parse(b"FROM scratch\n" + line)))["nodes"][1]
    del found["start"], found["end"]
    return found


@pytest.mark.parametrize(
    "line, found",
    [
        (b"RUN", {"kw": "RUN"}),
        (b"run a  b", {"kw": "run", "args": ["a  b"]}),
        (b'CMD ["a"]', {"kw": "CMD", "args": ["a"], "attr": {"json": True}}),
        (b"CMD []", {"kw": "CMD", "attr": {"json": True}}),
        (b"ENV a=b c=", {"kw": "ENV", "args": ["a", "b", "=", "c", "", "="]}),
        (b"ENV a b c", {"kw": "ENV", "args": ["a", "b c", ""]}),
        (b"COPY --link --from=a b c", {"kw": "COPY", "flags": ["--link", "--from=a"], "args": ["b", "c"]}),
        (b"ONBUILD RUN a", {"kw": "ONBUILD", "args": [""]}),
        (b"LABEL a=\xff", {"kw": "LABEL", "args": ["a", "\ufffd", "="]}),
        (
            b"RUN 3<<-A <<'B'\na\n\tA\nbb\nB",
            {
                "kw": "RUN",
                "args": ["3<<-A <<'B'"],
                "heredocs": [
                    {"name": "A", "fd": 3, "expand": True, "chomp": True, "len": 2},
                    {"name": "B", "fd": 0, "expand": False, "chomp": False, "len": 3},
                ],
            },
        ),
    ],
)
def test_nodes(line: bytes, found: dict[str, Any]) -> None:
    assert node(line) == found


def test_jsonl() -> None:
    line = as_jsonl("x/Dockerfile", parse(FILE))
    assert line.endswith("}\n")
    assert line.count("\n") == 1
    found = json.loads(line)
    assert list(found) == ["file", "stages", "bases", "escape", "nodes", "error", "line"]
    assert (found["file"], found["stages"], found["bases"]) == ("x/Dockerfile", 2, ["python:$V", "scratch"])
    assert (found["error"], found["line"]) == ("invalid containerPort: http", 14)


def test_jsonl_of_an_accepted_file() -> None:
    assert "error" not in json.loads(as_jsonl("-", parse(b"# escape=`\nFROM scratch\n")))
