from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imgtool.syntax import lexer, parse, parser

# --- (the operands of a CMD, its words): what BuildKit puts into the image for them ---
EXEC_FORMS = [
    (rb'["a\ud800b", "\udc00"]', ("a\ufffdb", "\ufffd")),
    (rb'["\ud83d\ude00"]', ("\N{GRINNING FACE}",)),
    (rb'["\u0041"]', ("A",)),
    (rb'["\\ud800"]', (r"\ud800",)),
    (b'["\xff"]', ("\ufffd",)),
]


@pytest.mark.parametrize("operands, words", EXEC_FORMS)
def test_exec_form(operands: bytes, words: tuple[str, ...]) -> None:
    _, command = parse(b"FROM a\nCMD " + operands + b"\n").instructions
    assert (command.json, command.args) == (True, words)
    assert tuple(word.text for word in command.words) == words
    "".join(command.args).encode()


NEVER = re.compile(rb"(?!)")
PIECES = st.sampled_from(
    [
        "RUN", "ENV", "ARG", "LABEL", "COPY", "# escape=`\n", "\n", "\n", "\\\n", "\\\n", "\\\n", "`\n", "\\ \n", "\\\r\n", "\\\\\n",
        "\\", "`", "#", "\n# a\n", "\n# a \\\n", "<<E", "\nE\n", "a", "a=b", "b", " ", " ", "\t", "\v", "\r", "\x1c", "\xa0", "é", "=", '"', "'",
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=25).map("".join))
@example("RUN a \\\n b \\\n\\\n c")
@example("ENV a=\\")
def test_common_lines_and_words_are_read_like_all_others(text: str) -> None:
    data = text.encode()
    found = parse(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lexer, "_ORDINARY", dict.fromkeys(lexer._ORDINARY, NEVER))
        patch.setattr(parser, "_ONE_WORD", dict.fromkeys(parser._ONE_WORD, NEVER))
        assert repr(parse(data)) == repr(found)


@given(st.sampled_from(["RUN ", "COPY --a=b ", "ONBUILD RUN "]), st.lists(PIECES, max_size=25).map("".join))
def test_operands_stand_where_they_are_written(keyword: str, text: str) -> None:
    data = f"{keyword}{text}".encode()
    for node in parse(data).instructions:
        for one in (node, *([node.inner] if node.inner else [])):
            size = len(one.rest.data)
            assert bytes(data[one.rest.offset(n)] for n in range(size)) == one.rest.data
            if one.keyword == "RUN" and size and not one.json:
                assert one.words[0].span == one.rest.span(0, size)


@pytest.mark.parametrize("blank", [b" ", b"\t", b" \\\n"])
def test_a_chain_of_onbuild_has_an_end(blank: bytes) -> None:
    document = parse(b"FROM a\n" + (b"OnBuild" + blank) * 5000 + b"RUN x\n")
    (problem,) = document.problems
    assert problem.message == "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"
