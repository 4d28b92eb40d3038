"""Secrets of a Dockerfile and where they stand."""

from __future__ import annotations

import pytest
from fakes import PRIVATE_KEY, TOKENS, fake
from hypothesis import assume, given
from hypothesis import strategies as st

from imgtool.edits import Edit
from imgtool.facts.masks import Mask, mask_of, masked
from imgtool.facts.secrets import Secret, secrets
from imgtool.syntax import parse

TOKEN = TOKENS["GitHub"]
RANDOM = fake("", 40)


def found(text: str) -> list[tuple[str, str]]:
    data = text.encode()
    return [(s.what, data[s.span.start : s.span.end].decode()) for s in secrets(parse(data))]


# --- (file, why it holds no secret) ---
NONE = [
    ("FROM a\nENV A=1\n", "nothing"),
    (f"FROM a\n# ENV TOKEN={TOKEN}\n", "a comment is in no image"),
    (f"FROM a\nRUN x && \\\n# {TOKEN}\n  y\n", "likewise in a continuation"),
    ("FROM a\nARG PASSWORD\nENV PASSWORD=$PASSWORD\n", "given when it is built"),
    ("FROM a\nENV PASSWORD changeme\n", "a placeholder"),
    ("FROM a\nENV TOKEN_URL=https://example.org/token\n", "about a token"),
    ('FROM a\nRUN --mount=type=secret,id=t,env=TOKEN curl -H "Authorization: Bearer $TOKEN" x\n', "a mount"),
    ("FROM a\nRUN python -c 'password = input()'\n", "code"),
    ("FROM a\nRUN password=abc; echo $password\n", "any word may be a variable of the script"),
    ("", "empty"),
]  # fmt: skip


@pytest.mark.parametrize("text, reason", NONE)
def test_none(text: str, reason: str) -> None:
    assert not found(text), reason


# --- (instruction, the secret in it) ---
PLACES = [
    (f"ENV TOKEN={TOKEN}", TOKEN),
    (f'ENV A=1 TOKEN="{TOKEN}" B=2', TOKEN),
    (f"ENV TOKEN {TOKEN}", TOKEN),
    (f"ARG TOKEN={TOKEN}", TOKEN),
    (f"RUN login --token {TOKEN}", TOKEN),
    (f'RUN ["login", "{TOKEN}"]', TOKEN),
    (f"RUN <<EOF\nlogin {TOKEN}\nEOF", TOKEN),
    (f"RUN <<-'EOF'\n\tlogin {TOKEN}\n\tEOF", TOKEN),
    (f"COPY <<EOF /root/.netrc\nmachine a login b password {RANDOM}\nEOF", RANDOM),
    (f"COPY <<EOF /etc/x.toml\n[a]\ntoken = '{RANDOM}'\nEOF", RANDOM),
    (f"LABEL token={TOKEN}", TOKEN),
    (f"CMD serve --api-key {RANDOM}", RANDOM),
    (f'ENTRYPOINT ["serve", "--api-key", "{RANDOM}"]', RANDOM),
    (f"HEALTHCHECK CMD curl -u me:{RANDOM} http://localhost", RANDOM),
    (f"ADD https://me:{RANDOM}@example.org/a.tar /", RANDOM),
    (f"ONBUILD ENV TOKEN={TOKEN}", TOKEN),
    ("ONBUILD ENV DB_PASSWORD=hunter2", "hunter2"),
    ("ENV DB_PASSWORD=hunter2", "hunter2"),
    ("ENV DB_PASSWORD hunter2", "hunter2"),
    ("ENV DB_PASSWORD='hunter 2'", "hunter 2"),
    ("ENV DB_PASSWORD=a(b)c;d|e", "a(b)c;d|e"),
    ("ARG password=czhang", "czhang"),
    (f"ENV WANDB_API_KEY={RANDOM}", RANDOM),
    ("RUN export DB_PASSWORD=Passw0rd1", "Passw0rd1"),
    ("RUN msiexec /i x.msi PASSWORD=Passw0rd1", "Passw0rd1"),
]


@pytest.mark.parametrize("line, secret", PLACES)
def test_places(line: str, secret: str) -> None:
    ((what, text),) = found(f"FROM a\n{line}\nCMD x\n")
    assert text == secret
    assert secret not in what


def test_a_token_over_two_lines() -> None:
    head, tail = TOKEN[:12], TOKEN[12:]
    text = f"FROM a\nRUN login {head}\\\n{tail} x\n"
    ((what, place),) = found(text)
    assert what.startswith("GitHub token")
    assert place == f"{head}\\\n{tail}"
    (hidden,) = masked(text.encode())
    assert hidden == f"FROM a\nRUN login {'*' * 12}\\\n{'*' * len(tail)} x\n".encode()


# --- instructions whose secret any continuation may cut: those of PLACES in one line, tokens, and a key ---
IN_ONE = [(line, secret) for line, secret in PLACES if "\n" not in line]
TOKEN_LINES = [(f"RUN login {token}", token) for token in TOKENS.values()]
KEY = PRIVATE_KEY.replace("\n", r"\n")
KEY_LINE = (
    f'RUN echo "{KEY}" > /key',
    KEY[len(r"-----BEGIN RSA PRIVATE KEY-----\n") : KEY.index(r"\n-----END")],
)
CUTS = ["{e}\n", "{e} \t\n", "{e}\r\n", "{e}\n  # a comment\n", "{e}\n\n", "{e}\n{e}\n"]


@given(
    st.sampled_from([*IN_ONE, *TOKEN_LINES, KEY_LINE]),
    st.sampled_from(CUTS),
    st.sampled_from("\\`"),
    st.data(),
)
def test_a_cut_loses_no_secret(row: tuple[str, str], cut: str, escape: str, drawn: st.DataObject) -> None:
    line, secret = row
    at = drawn.draw(st.integers(1, len(line) - 1))
    # two escapes end the line
    assume(line[at - 1] != escape)
    cut = cut.format(e=escape)
    text = f"# escape={escape}\nFROM a\n{line[:at]}{cut}{line[at:]}\nCMD x\n"
    ((_, place),) = found(text)
    assert place.replace(cut, "") == secret
    hidden = stars(text).partition("FROM a\n")[2].replace(cut, "")
    begin = line.index(secret)
    # blanks beside a continuation may be seen
    assert {*hidden[begin : begin + len(secret)]} <= {"*", " "}
    assert hidden[begin + len(secret) :] == f"{line[begin + len(secret) :]}\nCMD x\n"


# --- (instruction, its here-document, the secrets in that, what is shown of it) ---
IN_HEREDOCS = [
    ("RUN", "export DB_PASS\\\nWORD=Passw0rd1", ["Passw0rd1"], "export DB_PASS\\\nWORD=*********"),
    ("RUN", "export DB_PASSWORD=Passw\\\n0rd1", ["Passw\\\n0rd1"], "export DB_PASSWORD=*****\\\n****"),
    ("RUN", "a\\\nb\\\nexport DB_PASSWORD=Passw0rd1", ["Passw0rd1"], "a\\\nb\\\nexport DB_PASSWORD=*********"),
    ("RUN", f"login gh\\\n{TOKEN[2:]}", [f"gh\\\n{TOKEN[2:]}"], f"login **\\\n{'*' * len(TOKEN[2:])}"),
    ("RUN", "DB_PASS\\\\\nWORD=Passw0rd1", [], "DB_PASS\\\\\nWORD=Passw0rd1"),
    ("ONBUILD RUN", "export DB_PASS\\\nWORD=Passw0rd1", ["Passw0rd1"], "export DB_PASS\\\nWORD=*********"),
    ("COPY", "DB_PASS\\\nWORD=Passw0rd1", [], "DB_PASS\\\nWORD=Passw0rd1"),
]  # fmt: skip


@pytest.mark.parametrize("keyword, body, secret, hidden", IN_HEREDOCS)
@pytest.mark.parametrize("escape", "\\`")
def test_a_shell_joins_the_lines_of_a_heredoc(
    keyword: str, body: str, secret: list[str], hidden: str, escape: str
) -> None:
    text = f"# escape={escape}\nFROM a\n{keyword} <<EOF{' /x' * (keyword == 'COPY')}\n{{}}\nEOF\n"
    assert [place for _, place in found(text.format(body))] == secret
    assert stars(text.format(body)) == text.format(hidden)


# --- (file with a value whose last character continues no line, or whose first begins no comment) ---
WHOLE = [
    ("# escape=`\nFROM a\nENV A_PASSWORD={}\nCMD x\n", "Passw0rd\\"),
    ("# escape=`\nFROM a\nENV A_PASSWORD={}`\n  B=1\n", "Passw0rd\\"),
    ("FROM a\nENV A_PASSWORD={}\nCMD x\n", "#Passw0rd"),
]


@pytest.mark.parametrize("text, value", WHOLE)
def test_all_of_a_value_is_hidden(text: str, value: str) -> None:
    assert stars(text.format(value)) == text.format("*" * len(value))


@pytest.mark.parametrize("head, tail", [("gh", TOKEN[2:]), (TOKEN[:30], TOKEN[30:])])
def test_the_whole_of_one_that_is_cut_is_hidden_elsewhere(head: str, tail: str) -> None:
    data = f"FROM a\nRUN export A_TOKEN={head}\\\n{tail}\nENV A_PASSWORD=Passw\\\n0rd!\n".encode()
    hidden = mask_of(data).text(f"what {TOKEN} and Passw0rd! say")
    assert hidden == f"what {'*' * len(TOKEN)} and ********* say"


def test_a_secret_in_what_buildkit_refuses() -> None:
    assert [s for _, s in found(f"FROM a\nENVV TOKEN={TOKEN}\n")] == [TOKEN]


def test_several_in_file_order() -> None:
    text = f"FROM a\nENV B_PASSWORD=hunter2 A={TOKEN}\nRUN x {TOKENS['AWS']}\n"
    assert [s for _, s in found(text)] == ["hunter2", TOKEN, TOKENS["AWS"]]


def test_weak_is_what_guessing_finds() -> None:
    (weak, strong) = secrets(parse(b"FROM a\nENV A_PASSWORD=hunter2 B_PASSWORD=Passw0rd!\n"))
    assert (weak.weak, strong.weak) == (True, False)


# --- masks -------------------------------------------------------------------------------------------


def stars(text: str) -> str:
    return masked(text.encode())[0].decode()


def test_all_else_stays_where_it_is() -> None:
    text = f'FROM a\nENV TOKEN="{TOKEN}" \\\n    A=1\n'
    assert stars(text) == text.replace(TOKEN, "*" * len(TOKEN))


def test_a_secret_is_hidden_in_comments_and_wherever_else_it_is() -> None:
    text = f"# {TOKENS['npm']}\nFROM a\nENV A_PASSWORD=Passw0rd!\nRUN echo Passw0rd!\n"
    assert stars(text) == text.replace(TOKENS["npm"], "*" * 40).replace("Passw0rd!", "*" * 9)


def test_a_weak_one_that_is_a_word_is_hidden_where_it_is_a_secret() -> None:
    text = "FROM nvidia/cuda\nRUN echo 'trtuser:nvidia' | chpasswd\n"
    assert stars(text) == "FROM nvidia/cuda\nRUN echo 'trtuser:******' | chpasswd\n"


# --- (line, what is shown of it); a finding calls the name a secret ---
CALLED = [
    ("ENV API_TOKEN=zzzz-staging-4711", "ENV API_TOKEN=*****************"),
    ("ENV SIGNING_SECRET kjhgfdsa", "ENV SIGNING_SECRET ********"),
    (f"ENV TOKEN=ghp_{'a' * 36}", f"ENV TOKEN={'*' * 40}"),
    ("ARG my_auth=changeme", "ARG my_auth=********"),
    ("ONBUILD ENV 'A_KEY'=\"b c\"", "ONBUILD ENV 'A_KEY'=\"***\""),
    ("ENV A_KEY=b\\\nc D=e", "ENV A_KEY=*\\\n* D=e"),
    ("ENV A_KEY=${B:-cde}", "ENV A_KEY=*********"),
    *((line, line) for line in (
        "ENV A_KEY=$B C_KEY=${D} E_KEY= F_KEY='$G'", "ARG A_KEY", "ENV A_KEY_FILE=b", "ENV PUBLIC_KEY=b", "ENV KEYS=b",
    )),
]  # fmt: skip


@pytest.mark.parametrize("line, shown", CALLED)
def test_what_a_name_calls_secret_is_hidden(line: str, shown: str) -> None:
    assert stars(f"FROM a\n{line}\n") == f"FROM a\n{shown}\n"
    assert mask_of(b"FROM a\n" + shown.encode()).values == ()


def test_what_is_called_secret_is_hidden_elsewhere_if_it_is_no_word() -> None:
    text = "FROM a\nENV A_KEY=zzzz-staging-4711 B_KEY=kjhgfdsa\nRUN zzzz-staging-4711; kjhgfdsa\n"
    assert stars(text).endswith(f"RUN {'*' * 17}; kjhgfdsa\n")


# --- (edits of `ENV B_KEY=word C=word`, whether they show the value) ---
SHOWN = [
    ([Edit(9, 10, "=")], False),
    ([Edit(9, 14, "=word")], True),
    ([Edit(10, 14, "word")], True),
    ([Edit(9, 14, ""), Edit(22, 22, "word")], True),
    ([Edit(9, 14, "")], False),
    ([Edit(17, 21, "word")], False),
    ([Edit(0, 0, "password=Passw0rd!")], True),
]


@pytest.mark.parametrize("edits, shows", SHOWN)
def test_whether_edits_show_a_secret(edits: list[Edit], shows: bool) -> None:
    assert mask_of(b"ENV B_KEY=word C=word\n").shows(edits) is shows


def test_a_private_key_keeps_its_lines() -> None:
    text = f"FROM a\nCOPY <<EOF /key\n{PRIVATE_KEY}\nEOF\n"
    lines = stars(text).splitlines()
    assert lines[2] == PRIVATE_KEY.splitlines()[0]
    assert {*lines[3]} == {"*"}
    assert lines[-2:] == [PRIVATE_KEY.splitlines()[-1], "EOF"]


def test_versions_hide_each_others_secrets() -> None:
    old, new = masked(b"FROM a\nENV A_PASSWORD=Passw0rd!\n", b"FROM a\nRUN echo Passw0rd!\n")
    assert b"Passw0rd!" not in old + new


# --- (message, what is shown of it) ---
LONG = "q" * 200
MESSAGES = [
    ("a message", "a message"),
    (f"{LONG} is long", f"{LONG} is long"),
    (f"'{LONG}' is longer", f"'{'q' * 148}…{'q' * 49}' is longer"),
    (f"{LONG}q and {LONG * 400}", f"{'q' * 149}…{'q' * 50} and {'q' * 149}…{'q' * 50}"),
    (f"is no port: {LONG}x\ny", f"is no port: {'q' * 149}…{'q' * 49}x\ny"),
    (f"{'word ' * 200}", f"{'word ' * 200}"),
    (f"{'word ' * 20000}end", f"{('word ' * 150)[:749]}…{('word ' * 50 + 'end')[-250:]}"),
    # a mask is shown whole, or not at all
    (f"{'q' * 100}Passw0rd!{'q' * 100}", f"{'q' * 100}*********{'q' * 40}…{'q' * 50}"),
    (f"{'q' * 145}Passw0rd!{'q' * 100}", f"{'q' * 145}…{'q' * 50}"),
    (f"{'q' * 200}Passw0rd!{'q' * 45}", f"{'q' * 149}…{'q' * 45}"),
    (f"password={'Passw0rd!' * 100}", "password=…"),
]


@pytest.mark.parametrize("text, shown", MESSAGES)
def test_a_message_quotes_what_somebody_reads(text: str, shown: str) -> None:
    assert Mask(values=(b"Passw0rd!",)).message(text) == shown


@given(st.integers(0, 1200), st.integers(0, 1200), st.sampled_from(["q", "word "]))
def test_no_part_of_a_secret_is_left_where_a_message_is_cut(before: int, after: int, filler: str) -> None:
    head, tail = (filler * before)[:before], (filler * after)[:after]
    shown = Mask(values=(TOKEN.encode(),)).message(f"{head}.{TOKEN}.{tail}")
    assert len(shown) <= 1000
    assert max(map(len, shown.split()), default=0) <= 200
    assert TOKEN[:3] not in shown
    assert TOKEN[-3:] not in shown
    assert shown.count("*") in (0, len(TOKEN))


def test_nothing_to_hide() -> None:
    assert masked(b"FROM a\nRUN b\n") == [b"FROM a\nRUN b\n"]


FRAGMENTS = st.sampled_from(
    [b"FROM a\n", b"ENV ", b"RUN ", b"PASSWORD=", b"hunter2 ", b"\\\n", b"<<EOF\n", b"EOF\n", b"'", b'"', b"# c\n",
     b"\r\n", TOKEN.encode(), b"\xff", "é".encode(), b"password: ", b" | chpasswd\n", b"echo a:", PRIVATE_KEY.encode()]
)  # fmt: skip


@given(st.lists(FRAGMENTS).map(b"".join))
def test_masked_files_parse_alike(data: bytes) -> None:
    (hidden,) = masked(data)
    assert len(hidden) == len(data)
    assert [i for i, b in enumerate(hidden) if b in b"\r\n"] == [
        i for i, b in enumerate(data) if b in b"\r\n"
    ]
    old, new = parse(data), parse(hidden)
    assert [i.span for i in old.instructions] == [i.span for i in new.instructions]
    for secret in secrets(old):
        assert isinstance(secret, Secret)
        assert 0 <= secret.span.start < secret.span.end <= len(data)
