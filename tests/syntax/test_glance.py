"""What a glance accepts, BuildKit's conversion accepts as well."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imgtool.syntax import parse
from imgtool.syntax.conversion import document_problems
from imgtool.syntax.glance import is_accepted
from imgtool.syntax.nodes import Document


def _glanced(text: str) -> bool:
    document = parse(text.encode())
    return is_accepted(document.instructions, document.directives)


def _problems(document: Document) -> list[str]:
    found = document_problems(document.instructions, document.escape, document.directives)
    return [problem.message for problem in found]


ACCEPTED = [
    "FROM debian",
    "FROM scratch\nCOPY a /",
    "ARG V=1\nARG R\nFROM $R/debian:${V} AS base\nFROM base",
    "FROM --platform=$BUILDPLATFORM base-$TARGETARCH",
    'FROM a\nENV A="b c" B=$A C=${A:-$D} D=\'$x\'\nLABEL maintainer "A <a@b>"\nARG E="x=y"',
    "FROM a AS x\nFROM b\nCOPY --from=x --chown=1:2 --chmod=755 a /b\nCOPY --from=0 a b\nCOPY --from=debian:12 a b",
    "FROM a\nCOPY /x/$A ./$B $C",
    "FROM a\nRUN --mount=type=cache,target=/x --mount=type=secret,id=a --mount=from=b,target=c --network=none true",
    'FROM a\nEXPOSE 80 443/tcp\nVOLUME /a /b\nUSER a\nWORKDIR /a\nCMD a\nENTRYPOINT ["a"]\nSHELL ["a"]',
    "ARG E=x\nFROM a\nARG E\nENV D=/opt:$PATH B=c\nCOPY --chown=$U:${G} $A/b ${E} x-${B}.run /c\nENV A b",
    'FROM a\nENV A "$B/${C}:d"\nWORKDIR "${A}"\nUSER \'a b\'',
    "FROM a\nHEALTHCHECK NONE\nMAINTAINER a\nADD https://a/b /c",
]


@pytest.mark.parametrize("text", ACCEPTED)
def test_accepts(text: str) -> None:
    assert _glanced(text)
    assert not parse(text.encode()).problems


REFUSED = [
    "",
    "ENV a=b\nFROM c",
    "RUN a",
    "FROM a\nX b",
    "# check=x\nFROM a",
    # stages and images
    "FROM A",
    "FROM a/",
    "FROM " + "a" * 64,
    "FROM ${A}",
    "FROM $A:$B",
    'FROM "a"b"',
    "FROM --platform=a/b/c/d/e a",
    "FROM a AS b\nCOPY --from=b c d",
    "FROM a\nCOPY --from=0 c d",
    "FROM a\nCOPY --from=B c d\nFROM e AS b",
    "FROM a\nRUN --mount=from=b,target=/c d\nFROM e AS b",
    "FROM a AS scratch\nRUN --mount=target=/c d",
    "FROM a\nCOPY --from=B! c d",
    "FROM a AS b\nFROM c\nCOPY --from=b d e\nFROM f AS b",
    # words
    'FROM a\nENV A="b',
    "FROM a\nLABEL A='b",
    'FROM a\nENV "A b" c',
    'FROM a\nARG "A=b"',
    'FROM a\nARG A "b=c"',
    'FROM a\nENV A\xa0B="x y"',
    "FROM a\nENV A=${b",
    "FROM a\nENV A=${b:?}",
    "FROM a\nENV A=${b:-${c",
    "FROM a\nENV A=${b:-<<}",
    "FROM a\nWORKDIR ${}",
    'FROM a\nUSER "',
    'FROM a\nCOPY x="b c" d',
    "FROM a\nCOPY --chown='\"' b c",
    "FROM a\nENV ${X+=}=1",
    "FROM a\nLABEL ${X:-=}=1",
    "FROM a\nENV a=1 ${B:-c=d}",
    # what Unicode has more of: letters in names, a mark that expansion drops
    "ARG X=a\nFROM $Xé",
    "ARG X=a\nFROM $X٣",
    "ARG X=a\nFROM debian:$Xé",
    "FROM a\nVOLUME \ufeff",
    "FROM a\nCOPY \ufeffhttp${X:-://a/b} /d",
    "FROM " + "a/" * 1000 + "a",
    "FROM a\nRUN --mount=target=/" + "a" * 2000 + " b",
    # sources, modes, ports and mounts
    "FROM a\nCOPY http://b c",
    "FROM a\nCOPY git@b:c d",
    "FROM a\nENV B=http://b\nCOPY $B c",
    "FROM a\nENV B=://b\nCOPY http$B c",
    "FROM a\nENV B=@b:\nCOPY git$B c",
    "FROM a\nENV B=b:\nCOPY a $B c",
    "FROM a\nENV C=: B=$C\nCOPY $B c",
    "FROM a\nENV B http://b\nCOPY $B c",
    "FROM a\nARG B=http://b\nCOPY $B c",
    "ARG B=http://b\nFROM a\nARG B\nCOPY $B c",
    "FROM a\nENV B=a ${C}=b\nCOPY $B c",
    "FROM a\nCOPY $B://c d",
    "FROM a\nCOPY ${B:-http}://c d",
    "FROM a\nCOPY --chown=${B c d",
    "FROM a\nCOPY --from=$B c d",
    "FROM a\nCOPY --chmod=$B c d",
    'FROM a\nENV A "$B',
    'FROM a\nENV A "${B"',
    'FROM a\nARG A "b=$C"',
    'FROM a\nWORKDIR "a',
    'FROM a\nWORKDIR a "b"',
    'FROM a\nWORKDIR "${a"',
    "FROM a\nCOPY --chmod=9 b c",
    "FROM a\nADD --checksum=b c d",
    "FROM a\nEXPOSE 65536",
    "FROM a\nEXPOSE 80/x",
    "FROM a\nSTOPSIGNAL x",
    'FROM a\nVOLUME ""',
    "FROM a\nRUN --mount=type=cache,target=/ b",
    "FROM a\nRUN --mount=type=cache,target=/b/.. c",
    "FROM a\nWORKDIR /\nRUN --mount=type=cache,target=. c",
    "FROM a\nRUN --mount=type=ssh,source=b c",
    "FROM a\nRUN --mount=type=$A,target=/b c",
    "FROM a\nRUN --device=a b",
    "FROM a\nONBUILD COPY --from=0 b c\nFROM 0",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_leaves_to_conversion(text: str) -> None:
    assert not _glanced(text)


PIECES = st.sampled_from(
    [
        "FROM a", "FROM a AS b", "FROM b AS c", "FROM b AS scratch", "FROM $A", "FROM a-${TARGETARCH}", "ARG A", "ARG b=",
        "ARG A=", "ENV A=", "ENV A ", "ENV b=", "ENV ${b:-", "FROM a$A", "FROM $A", "VOLUME ", "LABEL a=", "USER ", "WORKDIR ", "WORKDIR /", "COPY ", "COPY a", "ADD a",
        "COPY --from=b a ", "COPY --from=0 a ", "COPY --from=c a", "COPY --chown=", "COPY --chmod=", "COPY $A ", "COPY a${A}", "COPY --chown=$A:", "ENV A=:", 'ENV A "', 'WORKDIR "', "EXPOSE 80", "VOLUME /a",
        "RUN --mount=target=", "RUN --mount=from=b,target=/c", "RUN --mount=type=cache,target=/a,", "RUN a", "CMD a",
        "ONBUILD RUN a", "STOPSIGNAL 9", "HEALTHCHECK CMD a",
    ]
)  # fmt: skip
TAILS = st.lists(
    st.sampled_from(
        [
            "a", "b", "b", "=", "=", '"', '"', "'", "'", " ", " ", "\t", "$", "$A", "${A}", "${A:-b}", "${A-$b}", "${A:?b}",
            "${b", "}", "{", "\\", "`", "<", "<<E", ":", "//", "://", "@", "http", "/", ".", "..", "0", "70000", "/tcp",
            ",", "id=a", "from=b", "é", "\xa0", "\v", "\x1c", "\ufeff",
        ]
    ),
    max_size=6,
).map("".join)  # fmt: skip
LINES = st.tuples(PIECES, TAILS).map("".join)
FILES = st.lists(LINES, max_size=8).map(lambda lines: "\n".join(["ARG A", "FROM a AS a", *lines]))


@given(FILES)
@example("ARG A\nFROM a\nENV A=b\nCOPY $A c")
@example("ARG X=a\nFROM $Xé")
@example("FROM a\nENV ${X+=}=1")
@example("FROM a\nVOLUME \ufeff")
def test_accepts_only_what_conversion_accepts(text: str) -> None:
    document = parse(text.encode())
    if is_accepted(document.instructions, document.directives):
        assert not _problems(document)
        assert not document.problems


@pytest.mark.corpus
def test_accepts_most_real_files(corpus: Path) -> None:
    documents = [parse(path.read_bytes()) for path in sorted((corpus / "open").iterdir())]
    accepted = [d for d in documents if is_accepted(d.instructions, d.directives)]
    assert len(accepted) > 0.8 * len(documents)
    assert not any(map(_problems, accepted))
