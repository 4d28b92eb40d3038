"""Which comments silence which findings."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imgtool.edits import Span
from imgtool.findings import Finding, Severity
from imgtool.lint.dialects.model import may_silence
from imgtool.lint.dialects.own import misread
from imgtool.lint.registry import called
from imgtool.lint.suppress import sift, suppressions
from imgtool.syntax import parse


def finding(at: int, code: str = "IMG101", aliases: tuple[str, ...] = ()) -> Finding:
    return Finding(code, f"name-of-{code.lower()}", Severity.WARNING, Span(at, at), "", aliases)


def silent(text: str) -> list[str]:
    """The texts at whose start a finding of IMG101 (alias DL3059) is silenced, of FROM, RUN, pip and CMD."""
    data = text.encode()
    places = {word: data.find(word.encode()) for word in ("FROM", "RUN", "pip", "CMD")}
    found = {word: finding(at, aliases=("DL3059",)) for word, at in places.items() if at >= 0}
    kept, _ = sift(found.values(), suppressions(parse(data)), called)
    return [word for word in found if found[word] not in kept]


BODY = "FROM a\nRUN x && \\\n  pip y\nCMD z\n"

# --- (file, what is silenced) ---
TABLE = [
    pytest.param(BODY, [], id="no comment"),
    pytest.param(f"# imgtool ignore=IMG101\n{BODY}", ["FROM"], id="the next instruction"),
    pytest.param(f"# imgtool ignore=IMG101 we need nvcc\n{BODY}", ["FROM"], id="with a reason"),
    pytest.param(f"# imgtool ignore=IMG101: we need nvcc\n{BODY}", ["FROM"], id="a reason after a colon"),
    pytest.param(f"# imgtool ignore=IMG101\n\n# why\n\n{BODY}", ["FROM"], id="blanks and comments between"),
    pytest.param(f"#imgtool ignore=IMG101\n{BODY}", ["FROM"], id="no blank after the hash"),
    pytest.param(f"  #   imgtool   ignore = IMG101\n{BODY}", ["FROM"], id="blanks everywhere"),
    pytest.param(f"# IMGTOOL IGNORE=img101\n{BODY}", ["FROM"], id="whatever the case"),
    pytest.param(f"# imgtool ignore=name-of-img101\n{BODY}", ["FROM"], id="by name"),
    pytest.param(f"# imgtool ignore=DL3059\n{BODY}", ["FROM"], id="by alias"),
    pytest.param(f"# imgtool ignore=IMG999,IMG101\n{BODY}", ["FROM"], id="one of several"),
    pytest.param(f"# imgtool ignore=IMG999 , IMG101\n{BODY}", ["FROM"], id="blanks around the comma"),
    pytest.param(f"# imgtool ignore=IMG999 IMG101\n{BODY}", [], id="behind a blank stands the reason"),
    pytest.param(f"# imgtool ignore=IMG1\n{BODY}", [], id="no prefixes"),
    pytest.param(f"# imgtool ignore=IMG102\n{BODY}", [], id="another code"),
    pytest.param(f"# imgtool ignore=\n{BODY}", [], id="no code"),
    pytest.param(f"# imgtool ignore IMG101\n{BODY}", [], id="no equals sign"),
    pytest.param(f"# please imgtool ignore=IMG101\n{BODY}", [], id="not at the start of the comment"),
    pytest.param(f"# tally ignore=IMG101\n{BODY}", [], id="another program's comment"),
    pytest.param(f"# hadolint ignore=DL3059 why\n{BODY}", ["FROM"], id="hadolint's"),
    pytest.param(
        f"# hadolint ignore = DL3008 , DL3059 # why\n{BODY}", ["FROM"], id="hadolint's, with blanks"
    ),
    pytest.param(f"# hadolint ignore=IMG101\n{BODY}", ["FROM"], id="hadolint's, with a code of ours"),
    pytest.param(f"#hadolint ignore=dl3059\n\n# more\n{BODY}", ["FROM"], id="hadolint's, comments between"),
    pytest.param(f"# hadolint ignore=DL3008\n{BODY}", [], id="hadolint's, another code"),
    pytest.param(f"# hadolint ignore DL3059\n{BODY}", [], id="hadolint's has an equals sign"),
    pytest.param(f"# hadolint shell=/bin/bash\n{BODY}", [], id="hadolint's, of shells"),
    pytest.param(
        f"{BODY}# hadolint global ignore=DL3059\n", ["FROM", "RUN", "pip", "CMD"], id="hadolint's, the file"
    ),
    pytest.param(
        f"# hadolint stage ignore=DL3059\n{BODY}FROM b\n",
        ["FROM", "RUN", "pip", "CMD"],
        id="hadolint's, a stage",
    ),
    pytest.param(
        f"FROM b\n# hadolint stage ignore=DL3059\n{BODY}", ["RUN", "pip", "CMD"], id="the next stage alone"
    ),
    pytest.param(
        "# hadolint stage ignore=DL3059\nFROM a\n# imgtool ignore=IMG102\nRUN x && \\\n  pip y\nCMD z\n",
        ["FROM", "RUN", "pip", "CMD"],
        id="a stage around another comment",
    ),
    pytest.param(
        "# imgtool global ignore=IMG999\n# hadolint stage ignore=IMG998\nFROM a\n# imgtool ignore=IMG101\nRUN x && \\\n  pip y\n",
        ["RUN", "pip"],
        id="an instruction within a stage within the file",
    ),
    pytest.param(
        f"# imgtool global ignore=IMG101\n{BODY}", ["FROM", "RUN", "pip", "CMD"], id="the whole file"
    ),
    pytest.param(
        f"{BODY}# imgtool global ignore=IMG101\n", ["FROM", "RUN", "pip", "CMD"], id="from its end too"
    ),
    pytest.param(f"# imgtool globalignore=IMG101\n{BODY}", [], id="global is a word"),
    pytest.param(
        "FROM a\n# imgtool ignore=IMG101\nRUN x && \\\n  pip y\nCMD z\n", ["RUN", "pip"], id="continued"
    ),
    pytest.param(
        "FROM a\nRUN x && \\\n  # imgtool ignore=IMG101\n  pip y\nCMD z\n",
        ["RUN", "pip"],
        id="inside a continuation",
    ),
    pytest.param("FROM a\nRUN x && \\\n# imgtool ignore=IMG101\n", ["RUN"], id="last line of a continuation"),
    pytest.param(f"{BODY}# imgtool ignore=IMG101\n", [], id="nothing follows it"),
    pytest.param(
        "FROM a\nRUN <<E\n# imgtool ignore=IMG101\npip y\nE\nCMD z\n", [], id="a heredoc holds no comments"
    ),
    pytest.param(
        "FROM a\n# imgtool ignore=IMG101\nRUN <<E\npip y\nE\nCMD z\n",
        ["RUN", "pip"],
        id="a heredoc is covered",
    ),
    pytest.param(f"# imgtool ignore=IMG101\r\n{BODY}", ["FROM"], id="CRLF"),
    pytest.param(f"\ufeff# imgtool ignore=IMG101\n{BODY}", ["FROM"], id="byte-order mark"),
    pytest.param("FROM a # imgtool ignore=IMG101\nRUN x\n", [], id="no comment to BuildKit"),
]


@pytest.mark.parametrize("text, expected", TABLE)
def test_silenced(text: str, expected: list[str]) -> None:
    assert silent(text) == expected


# --- (comment, the form that is meant; None where it is one, or prose) ---
MEANT = [
    ("# imgtool ignore=IMG204 why", None),
    ("# imgtool global ignore=IMG204", None),
    ("# imgtool: ignore=IMG204", "# imgtool ignore=IMG204"),
    ("# imgtool ignore IMG204", "# imgtool ignore=IMG204"),
    ("# imgtool ignore: IMG204, DL3009 why", "# imgtool ignore=IMG204,DL3009"),
    ("#imgtool:ignore[img204]", "# imgtool ignore=img204"),
    ("# imgtool ignore=", "# imgtool ignore=CODE"),
    ("# imgtool ignore", "# imgtool ignore=CODE"),
    ("# imgtool-ignore=IMG204", "# imgtool ignore=IMG204"),
    ("# imgtool global: ignore=IMG204", "# imgtool global ignore=IMG204"),
    ("# imgtool globalignore=IMG204", "# imgtool global ignore=IMG204"),
    ("# imgtool ignores what apt prints", None),
    ("# imgtool finds this; ignore it", None),
    ("# see imgtool: ignore=IMG204", None),
    ("# hadolint ignore DL3009", None),
]


@pytest.mark.parametrize("comment, form", MEANT)
def test_what_is_meant_as_a_suppression(comment: str, form: str | None) -> None:
    found = list(misread(parse(f"FROM a\n{comment}\nRUN x\n".encode())))
    assert [(c.line, f) for c, f in found] == ([(2, form)] if form else [])


@pytest.mark.parametrize("name", ["ignore", "imgtool", "global", "IMG101"])
def test_a_code_knows_its_place(name: str) -> None:
    data = f"FROM a\n# imgtool global ignore=A, {name} because of {name}\n".encode()
    (comment,) = suppressions(parse(data))
    spans = [data[c.span.start : c.span.end].decode() for c in comment.codes]
    assert spans == [c.text for c in comment.codes] == ["A", name]
    assert data[: comment.codes[1].span.start].endswith(b"=A, ")


def test_used_codes_are_those_that_silenced() -> None:
    data = b"# imgtool ignore=IMG101,IMG102\nFROM a\n# imgtool global ignore=IMG101,IMG103\n"
    at = data.find(b"FROM")
    kept, used = sift([finding(at), finding(at, "IMG104")], suppressions(parse(data)), called)
    assert [f.code for f in kept] == ["IMG104"]
    assert sorted((c.text, c.span.start) for c in used) == [("IMG101", 17), ("IMG101", data.rfind(b"IMG101"))]


BLANKS = st.text(" \t\v\f\r\x00\x85\xa0\u3000", max_size=2)
BEGINNINGS = st.sampled_from(
    ["check=skip=all", "CHECK=error=true", "check", "=skip=all", "checks=a", "a check=skip=all", "imgtool ignore=IMG101",
     "imgtool: IGNORE IMG101", "hadolint ignore=DL3059", "\ufeffcheck=skip=all"]
)  # fmt: skip
COMMENTS = st.tuples(st.sampled_from(["#", "#", "##", "RUN a # "]), BLANKS, BEGINNINGS, BLANKS, BEGINNINGS)


@given(st.lists(COMMENTS.map("".join), max_size=4), st.sampled_from(["\n", "\r\n", "\nFROM a\n", " \\\n"]))
@example(["#\0check =skip=all"], "\nFROM a\n")
@example(["# CHECK\xa0=skip=all"], "\nFROM a\n")
def test_what_silences_nothing_is_told_by_its_words(comments: list[str], newline: str) -> None:
    document = parse(newline.join([*comments, "RUN x"]).encode())
    if not may_silence(document):
        assert suppressions(document) == ()
        assert not [*misread(document)]


def test_ten_thousand_comments_take_no_square_of_time() -> None:
    data = (
        b"FROM a\n" + b"# imgtool ignore=IMG101\nRUN x\n" * 10_000 + b"# imgtool global ignore=IMG1\n" * 1000
    )
    document = parse(data)
    start = time.process_time()
    findings = [finding(i.span.start) for i in document.instructions]
    kept, used = sift(findings, suppressions(document), called)
    assert (len(kept), len(used)) == (1, 10_000)
    assert time.process_time() - start < 5
