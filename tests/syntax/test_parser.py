from __future__ import annotations

import pytest

from imgtool.syntax import parse

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
