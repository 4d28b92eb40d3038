"""What each of BuildKit's checks underlines, and what is left alone; which lines they report is held to the engine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]

B = "FROM debian:bookworm"
U = "FROM example.com/base"

# --- (code, Dockerfile, the texts that are underlined) ---
FOUND = [
    ("BK001", f"{B} AS Build\n", ["Build"]),
    ("BK002", f"{B} as build\n", ["as"]),
    ("BK003", f"{B}\nRUN a \\\n# c\n\n\n  b\n", [""]),
    ("BK004", f"{B}\nrun a\nEnv b=c\n{B}\n{B}\n", ["run", "Env"]),
    ("BK005", f"{B} AS a\n{B} AS A\n", ["A"]),
    ("BK006", f"{B} AS Scratch\n", ["Scratch"]),
    ("BK007", f"{B}\nCMD a\nENTRYPOINT b\n", ["CMD", "ENTRYPOINT"]),
    ("BK008", f"{B}\nMAINTAINER a b\n", ["MAINTAINER"]),
    ("BK009", "FROM --platform=$P debian:${TAG:-bookworm}\n", ["$P", "${TAG:-bookworm}"]),
    ("BK009", "FROM debian:\\\n${TAG:-bookworm}\n", ["${TAG:-bookworm}"]),
    ("BK010", f"{B}\nWORKDIR a b\n", ["a b"]),
    ("BK011", f"{B}\nENV A=\\$X,$X B='$Y'\n", ["$X"]),
    ("BK011", f'{B}\nCOPY --chown=$U:${{G}} ["$S", "/d"]\n', ["$U", "${G}", "$S"]),
    ("BK011", f"{B}\nCOPY <<A /x\nb $C\nA\n", ["$C"]),
    ("BK011", f"{B}\nRUN --mount=type=cache,target=/$T a\n", ["$T"]),
    ("BK011", f"{B}\nENV A=$PAT$PATH\n", ["$PAT"]),
    ("BK011", f"{B}\nENV A=$X\\\nY\n", ["A=$X\\\nY"]),
    ("BK012", f'{B}\nCMD ["a"]\nCMD ["b"]\n', ["CMD"]),
    ("BK013", f"{B}\nENV a b\n", ["a"]),
    ("BK014", "FROM --platform=linux/arm64 amd64/debian:12 AS arm64\n", ["amd64/debian:12"]),
    (
        "BK014",
        "FROM --platform=linux/amd64 python:3.12-windowsservercore AS linux\n",
        ["python:3.12-windowsservercore"],
    ),
    ("BK015", "FROM --platform=$TARGETPLATFORM debian:12\n", ["--platform=$TARGETPLATFORM"]),
    ("BK016", f"{B}\nENV A=1 MY_KEY=x\nARG B TOKEN\n", ["MY_KEY", "TOKEN"]),
    ("BK016", f"{B}\nENV PASSWORD a b\n", ["PASSWORD"]),
    ("BK017", "ARG TAG\nFROM debian:$TAG AS a\n", ["debian:$TAG"]),
    ("BK018", "FROM --platform=linux/amd64 debian:12\n", ["--platform=linux/amd64"]),
    ("BK020", f"# x\n{B} AS a\n# C\nARG A B\n", ["a", "A"]),
    ("BK021", f"{B}\nEXPOSE 1 80/TCP\n", ["80/TCP"]),
    ("BK022", f"{B}\nEXPOSE 1 80:80\n", ["80:80"]),
]


@pytest.mark.parametrize("code, text, places", FOUND)
def test_place(lint_with: LintWith, code: str, text: str, places: list[str]) -> None:
    result = lint_with(code, text)
    assert [result.source.text(finding.span) for finding in result.findings] == places


# --- (instruction, where the value is in what ships, and in what does not) ---
SECRETS = [
    ("ARG TOKEN", "whoever has the image finds its value in its history"),
    ("ENV TOKEN=x", "whoever has the image finds its value in its configuration"),
]


@pytest.mark.parametrize("line, where", SECRETS)
def test_where_a_secret_stays(lint_with: LintWith, line: str, where: str) -> None:
    (finding,) = lint_with("BK016", f"{B}\n{line}\n").findings
    assert f", and {where};" in finding.message
    text = f"{B} AS build\n{line}\n{B}\nCOPY --from=build /a /a\n"
    (finding,) = lint_with("BK016", text).findings
    assert ", and the build cache and provenance keep its value;" in finding.message


def test_words_of_the_file_are_quoted(lint_with: LintWith) -> None:
    (finding,) = lint_with("BK002", f"{B} as build\n").findings
    assert finding.message == "'as' and 'FROM' are in different case; write 'AS'"


# --- (code, Dockerfile, why it is left alone) ---
LEFT_ALONE = [
    ("BK003", f"{B}\nRUN a \\\n# c\n  b\n", "a comment is no empty line"),
    ("BK003", f"{B}\nRUN <<A\n\nb\nA\n", "it is the text of a here-document"),
    ("BK004", "arg A\nFROM debian:bookworm\nONBUILD run a\n", "before FROM and behind ONBUILD"),
    ("BK004", f"{B}\nFOO a\nfoo b\n", "no instructions"),
    ("BK007", f'{B} AS a\nSHELL ["/bin/bash", "-c"]\nFROM a\nCMD b\n', "the stage before chose a shell"),
    ("BK007", f"{B}\nHEALTHCHECK CMD a\n", "BuildKit's check has no HEALTHCHECK"),
    ("BK010", f"{U}\nWORKDIR $HOME/x\n", "the base image may set it"),
    ("BK010", f"{B}\nARG D\nWORKDIR $D\n", "it may be given"),
    ("BK010", "# escape=`\nFROM example.com/windows\nWORKDIR \\app\n", "absolute on Windows"),
    ("BK010", "FROM example.com/windows\nWORKDIR C:/app\n", "absolute on Windows"),
    ("BK011", f"{U}\nENV LD_LIBRARY_PATH=/x:$LD_LIBRARY_PATH\n", "the base image may set it"),
    ("BK011", f"{U}\nENV PATH=/x:$PATH A=$PATH\n", "always set"),
    ("BK011", f"ARG PYTHON_VERSION\n{U}\nLABEL v=$PYTHON_VERSION\n", "a base image of Python sets it"),
    ("BK011", "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\nENV A=$CUDA_VERSION\n", "this base image sets it"),
    ("BK011", f"{B}\nONBUILD ENV A=$B\n", "the child's business"),
    ("BK012", f'{B} AS a\nCMD ["a"]\nFROM a\nCMD ["b"]\n', "of two stages"),
    ("BK014", "FROM --platform=$BUILDPLATFORM arm64v8/debian:12\n", "nobody knows the platform"),
    ("BK014", "FROM --platform=linux/arm64 arm64v8/debian:12\n", "it is"),
    ("BK014", "FROM --platform=linux/aarch64 arm64v8/debian:12\n", "another name of it"),
    ("BK014", "FROM --platform=linux/arm64 debian:12\n", "an image of several platforms"),
    ("BK016", f"{B}\nENV TOKENIZERS_PARALLELISM=1 MONKEY=2 KEY_FILE=/x\n", "no word of a secret, or public"),
    ("BK017", "FROM Debian\n", "no argument in it"),
    ("BK017", "ARG A=`\nFROM debian:${TARGETARCH}\n", "the builder sets it"),
    ("BK018", "FROM --platform=$BUILDPLATFORM debian:12\n", "a variable"),
    ("BK020", f"# x\n{B}\n# y\n\n#\nARG A\n", "no name, and a bare # between"),
    ("BK021", f"{B}\nEXPOSE $PORT/tcp 80\n", "lower case"),
    ("BK022", f"{B}\nARG P\nEXPOSE $P\n", "nobody knows the port"),
]


@pytest.mark.parametrize("code, text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, code: str, text: str, reason: str) -> None:
    assert not lint_with(code, text).findings, reason


# --- (Dockerfile, variables): of a base image that nobody knows, what the file contradicts ---
SURE = [
    (f"ARG V=1\n{U}\nLABEL v=$V\n", "an ARG before the first FROM"),
    (f"{U}\nLABEL v=$TARGETARCH\n", "the builder's own"),
    (f"{U} AS a\nARG V\n{U}\nLABEL v=$V\n", "another stage's"),
    (f"{U}\nLABEL v=$V\nENV V=1\n", "a later line's"),
    (f"{U}\nENV V=1 W=$V\n", "the same ENV's"),
]


@pytest.mark.parametrize("text, reason", SURE)
def test_sure_of_an_unknown_base(lint_with: LintWith, text: str, reason: str) -> None:
    assert len(lint_with("BK011", text).findings) == 1, reason


def test_a_suggestion(lint_with: LintWith) -> None:
    (finding,) = lint_with("BK011", f"{B}\nENV A=$PAHT\n").findings
    assert finding.message == "nothing sets PAHT, which is empty here (did you mean PATH?)"


def test_aliases_of_several_defects(lint_with: LintWith) -> None:
    text = f'{B}\nCMD ["a"]\nENTRYPOINT ["b"]\nCMD ["c"]\nENTRYPOINT ["d"]\nENV X=1 Y=$X Z=$Q\n'
    found = lint_with("BK011,BK012", text).findings
    assert [finding.aliases[1:] for finding in found] == [("DL4003",), ("DL4004",), ("DL3044",), ()]


# --- (.dockerignore, source, whether it is reported) ---
IGNORED = [
    ("foo\n", "foo", True),
    ("foo\n", "./foo/", True),
    ("foo\n", "foo/a", True),
    ("foo\n", "food", False),
    ("foo\n!foo/a\n", "foo", False),
    ("foo\n", ".", False),
    ("*\n", ".", True),
    ("**\n", "/", True),
    ("[\n", "foo", False),
    ("", "foo", False),
]


@pytest.mark.parametrize("ignore, source, found", IGNORED)
def test_copy_of_an_ignored_file(lint_with: LintWith, ignore: str, source: str, found: bool) -> None:
    files = {".dockerignore": ignore, "foo/a": "", "food": ""}
    result = lint_with("BK019", f"{B}\nCOPY {source} /x/\n", files)
    assert [result.source.text(f.span) for f in result.findings] == ([source] if found else [])


def test_no_context_no_finding(lint_with: LintWith) -> None:
    assert not lint_with("BK019", f"{B}\nCOPY foo /x\n").findings
