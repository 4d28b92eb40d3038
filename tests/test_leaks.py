"""What is a secret in a text and what is none."""

from __future__ import annotations

import string
import time

import pytest
from fakes import BASE62, HEX, PRIVATE_KEY, TOKENS, fake
from hypothesis import given
from hypothesis import strategies as st

from imgtool.leaks import _CORE, _OPERANDS, SHAPES, Shape, _cores, _led, find, hide, hints, looking_for, scan

HASH = fake("", 64, HEX)
LONG = fake("", 40)

# --- (text, why there is no secret in it) ---
NONE = [
    ("", "nothing"),
    ("ghp" + "_" + "x" * 36, "all the same character"),
    ("AKIA" + "IOSFODNN7EXAMPLE", "the example of the AWS documentation"),
    ("sk-" + "your-api-key-goes-here-123", "says that it is none"),
    ("sk-" + "no-key-required-at-all-0000", "the usual one for servers without keys"),
    ("hf_" + "transfer", "a word that begins like a token"),
    ("hf_" + "hub_download_with_progress", "likewise"),
    ("npm_" + "config_registry=https://registry.npmjs.org", "a variable of npm"),
    ("risk-" + LONG, "the prefix ends another word"),
    ("pypi-" + "package-index-mirror-of-the-campus", "words"),
    ("PASSWORD=", "empty"),
    ('PASSWORD=""', "empty"),
    ("PASSWORD=$PASSWORD", "a variable"),
    ("PASSWORD=${PASSWORD:-}", "a variable"),
    ("PASSWORD=$(cat /run/secrets/password)", "a command"),
    ("PASSWORD=`cat password`", "a command"),
    ("PASSWORD=%DB_PASSWORD%", "a variable of Windows"),
    ("--token $HF_TOKEN meta-llama/Llama-2-7b", "what follows a variable is another word"),
    ('--token "${HF_TOKEN}" meta-llama/Llama-2-7b', "likewise"),
    ("PASSWORD={{ password }}", "a template"),
    ("PASSWORD=<password>", "a placeholder"),
    ("PASSWORD=changeme", "a placeholder"),
    ("PASSWORD=change_me_please", "a placeholder"),
    ("PASSWORD=xxxxxxxx", "a placeholder"),
    ("PASSWORD=********", "a placeholder"),
    ("PASSWORD=your-password", "a placeholder"),
    ("PASSWORD=password", "its own name"),
    ("PASSWORD=my_password", "its own name"),
    ("PASSWORD=none", "nothing"),
    ("PASSWORD=/run/secrets/db", "a file"),
    ("PASSWORD_FILE=hunter2hunter2", "a file"),
    ("password=args.password", "an expression"),
    ("password=os.environ['PASSWORD']", "an expression"),
    ("password=get_password()", "an expression"),
    ("password=DB_PASSWORD", "the name of a variable"),
    ("passwd=1:4.5-1ubuntu2.2", "the version of a package"),
    ("PASS_MAX_DAYS=90", "about passwords"),
    ("PasswordAuthentication no", "about passwords"),
    ("--password-stdin registry.example.org", "an option"),
    ("--pass-through abcdefgh", "another word"),
    ("adduser --disabled-password --gecos me", "an option"),
    ("MAX_TOKENS=4096", "a number"),
    ("TOKENIZERS_PARALLELISM=false", "another word"),
    ("pip install tiktoken==0.7.0", "another word"),
    ("API_TOKEN=my-secret-token", "words"),
    ("API_TOKEN=MyVerySecretTokenOfTheProject", "words"),
    ("API_TOKEN=nightly-20240101-build", "words and numbers"),
    ("SECRET_NAME=" + LONG, "the name of a secret"),
    ("TOKEN_URL=" + LONG, "about a token"),
    ("TOKEN_SHA256=" + HASH, "a checksum"),
    ("SHA256=" + HASH, "a checksum"),
    ("echo " + HASH + "  file.tar.gz | sha256sum -c", "a checksum"),
    ("git checkout " + fake("", 40, HEX), "a commit"),
    ("GPG_KEY=" + fake("", 40, HEX).upper(), "a fingerprint"),
    ("PUBLIC_KEY=" + LONG, "public"),
    ("apt-key adv --recv-keys " + fake("", 16, HEX).upper(), "a key id"),
    ("--keyserver keyserver.ubuntu.com", "a host"),
    ("https://github.com/a/b", "no user"),
    ("https://git@github.com/a/b", "a user without a password"),
    ("ssh://git@github.com:22/a/b", "a port"),
    ("https://${USER}:${TOKEN}@github.com/a/b", "variables"),
    ("https://user:password@example.org", "its own name"),
    ("https://example.org:8080/@scope/package", "a port and a path"),
    ("sed s@http://archive.ubuntu.com:80@http://mirror.example.org:80@", "an expression of sed"),
    ("echo $USER:$PASSWORD | chpasswd", "variables"),
    ("mysql -u root -p", "asks for it"),
    ("net user admin /active:yes", "no password"),
    ("net user admin * /add", "asks for it"),
    ("net localgroup administrators admin /add", "no password"),
    ("useradd -m -s /bin/bash me", "no password"),
    ("login --token hf" + "_" + 34 * "x", "a placeholder"),
    ("login --token hf" + "_your_token", "a placeholder"),
    ("login --token $HF_TOKEN", "a variable"),
    ("docker login -u me -p $TOKEN", "a variable"),
    ("ssh-keygen -t rsa -N '' -f key", "no passphrase"),
    ("curl -u $USER:$TOKEN https://example.org", "variables"),
    ('curl -H "Authorization: Bearer $TOKEN"', "a variable"),
    ("grep -q 'BEGIN RSA " + "PRIVATE KEY-----' key.pem", "no key follows"),
]  # fmt: skip


@pytest.mark.parametrize("text, reason", NONE)
def test_none(text: str, reason: str) -> None:
    assert not [text[f.start : f.end] for f in scan(text.encode())], reason


@pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)
@pytest.mark.parametrize("frame", ["{}", "ENV T={}", 'T="{}" x', "--x={},y", "url/{}/path", "'{}'"])
def test_tokens_of_every_kind(token: str, frame: str) -> None:
    text = frame.format(token)
    (found,) = scan(text.encode())
    assert (text[found.start : found.end], found.weak) == (token, False)
    assert found.what.isprintable()
    assert found.what.split("(")[-1].rstrip("…)") in token


# --- (text, the secret in it, weak) ---
NAMED = [
    ("PASSWORD=hunter2", "hunter2", True),
    ("POSTGRES_PASSWORD=nvidia", "nvidia", True),
    ("--password hunter2", "hunter2", True),
    ("--ftp-password=hunter2", "hunter2", True),
    ('["x", "--password", "hunter2"]', "hunter2", True),
    ("dbPassword: tr0ub4dor&3", "tr0ub4dor&3", False),
    ("SA_PASSWORD='Passw0rd!'", "Passw0rd!", False),
    ('"password": "Passw0rd1"', "Passw0rd1", False),
    (r"\"password\": \"Passw0rd1\"", "Passw0rd1", False),
    ("WANDB_API_KEY=" + fake("", 40, HEX), fake("", 40, HEX), False),
    ("aws_secret_access_key = " + fake("", 40, BASE62 + "+/"), fake("", 40, BASE62 + "+/"), False),
    ("aws configure set aws_secret_access_key " + LONG, LONG, False),
    ("//registry.example.org/:_authToken=" + LONG, LONG, False),
    ("--token " + LONG, LONG, False),
    ("client-secret: " + LONG, LONG, False),
    ("client-secret: " + fake("", 40, string.ascii_letters), fake("", 40, string.ascii_letters), False),
    ("API_TOKEN=550e8400-e29b-41d4-a716-446655440000", "550e8400-e29b-41d4-a716-446655440000", False),
    ("https://me:hunter2@example.org", "hunter2", True),
    ("https://" + LONG + "@github.com/a/b", LONG, False),
    ("postgresql+psycopg://app:Passw0rd!@db:5432/app", "Passw0rd!", False),
    ("docker login -u me -p hunter2 ghcr.io", "hunter2", True),
    ("docker login --username=me --password=hunter2", "hunter2", True),
    ("sshpass -p hunter2 ssh host", "hunter2", True),
    ("mysql -uroot -phunter2 -e x", "hunter2", True),
    ("redis-cli -a hunter2 ping", "hunter2", True),
    ("curl -fsSLu me:hunter2 https://example.org", "hunter2", True),
    ("curl --user 'me:hunter2' https://example.org", "hunter2", True),
    ("htpasswd -bc /etc/users admin hunter2", "hunter2", True),
    ("openssl genrsa -passout pass:hunter2", "hunter2", True),
    ("wandb login --relogin " + fake("", 40, HEX), fake("", 40, HEX), False),
    ("machine example.org login me password hunter2", "hunter2", True),
    ("machine example.org\nlogin me\npassword hunter2", "hunter2", True),
    ('"Authorization: Bearer ' + LONG + '"', LONG, False),
    ("echo root:docker | chpasswd", "docker", True),
    ("echo 'root:hunter2' | sudo chpasswd", "hunter2", True),
    ("chpasswd <<< root:hunter2", "hunter2", True),
    ("echo hunter2 | passwd --stdin root", "hunter2", True),
    ("net user admin hunter2 /add", "hunter2", True),
    ("net.exe user /add admin Passw0rd!", "Passw0rd!", False),
    ("ConvertTo-SecureString 'Passw0rd!' -AsPlainText -Force", "Passw0rd!", False),
    ("useradd -m -p hunter2 me", "hunter2", True),
    ("useradd -p $(openssl passwd -6 -salt ab hunter2) me", "hunter2", True),
    ("PGPASSWORD=hunter2 psql", "hunter2", True),
    ("mysqladmin -uroot password hunter2", "hunter2", True),
    # as simple as examples are, where only a token can stand
    ("login --token hf" + "_1234567890", "hf" + "_1234567890", False),
    ("--token=hf" + "_" + 34 * "A", "hf" + "_" + 34 * "A", False),
    ("https://me:ghp" + "_1234567890@github.com/a/b", "ghp" + "_1234567890", False),
    ("https://ghp" + "_1234567890@github.com/a/b", "ghp" + "_1234567890", False),
    ("A=hf" + "_abcdefghijklmnopqrstuvwxyz12345678", "hf" + "_abcdefghijklmnopqrstuvwxyz12345678", False),
]


@pytest.mark.parametrize("text, secret, weak", NAMED)
def test_named(text: str, secret: str, weak: bool) -> None:
    (found,) = scan(text.encode())
    assert (text[found.start : found.end], found.weak) == (secret, weak)
    assert secret not in found.what


def test_a_private_key_is_one_secret_without_its_marks() -> None:
    (found,) = scan(PRIVATE_KEY.encode())
    assert PRIVATE_KEY[found.start : found.end] == "\n".join(PRIVATE_KEY.splitlines()[1:-1])
    assert hide(PRIVATE_KEY).splitlines()[0] == PRIVATE_KEY.splitlines()[0]
    assert set(hide(PRIVATE_KEY).splitlines()[1]) == {"*"}


def test_a_private_key_with_headers_and_a_short_last_line() -> None:
    head, *body, end = PRIVATE_KEY.splitlines()
    text = "\n".join((head, "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,0F", "", *body, "Ab1=", end))
    (found,) = scan(text.encode())
    assert text[found.start : found.end] == "\n".join((*body, "Ab1="))


def test_a_private_key_ends_before_other_lines() -> None:
    text = "\n".join(PRIVATE_KEY.splitlines()[:3]) + "\nFROM a\nRUN b\n"
    assert hide(text).endswith("*\nFROM a\nRUN b\n")


def test_a_private_key_in_a_string() -> None:
    text = "echo '" + PRIVATE_KEY.replace("\n", "\\n") + "'"
    (found,) = scan(text.encode())
    assert PRIVATE_KEY.splitlines()[1] in text[found.start : found.end]


def test_the_form_of_a_token_counts_before_its_name() -> None:
    (found,) = scan(f"GITHUB_TOKEN={TOKENS['GitHub']}".encode())
    assert found.what.startswith("GitHub token")


def test_a_token_is_hidden_to_its_end() -> None:
    longer = TOKENS["GitHub"] + "z" * 300
    assert set(hide(longer)) == {"*"}


def test_values_are_hidden_wherever_they_are() -> None:
    assert hide("a s3cr3t here", [b"s3cr3t"]) == "a ****** here"
    assert hide("nothing to hide") == "nothing to hide"


@given(st.text())
def test_any_text_is_hidden_in_place(text: str) -> None:
    hidden = hide(text)
    assert len(hidden.encode("utf-8", "surrogateescape")) == len(text.encode("utf-8", "surrogateescape"))
    assert hidden.count("\n") == text.count("\n")


@given(st.text(), st.sampled_from(sorted(TOKENS.values())), st.text())
def test_a_token_is_hidden_between_any_blanks(before: str, token: str, after: str) -> None:
    assert token not in hide(f"{before} {token} {after}")


@pytest.mark.parametrize(
    "unit",
    [b"sk-", b"eyJ", b"password", b"password=", b"a:b@://", b"://", b"login -p", b"machine login password ", b"echo a:b|",
     b"-----BEGIN PRIVATE KEY-----", b"-----BEGIN PRIVATE KEY-----A", b"a", b"key_", b"curl -u ", b"\\", b" ", b"\n"],
)  # fmt: skip
def test_time_grows_with_the_text(unit: bytes) -> None:
    start = time.process_time()
    scan(unit * (200_000 // len(unit)))
    assert time.process_time() - start < 3


# --- what is quick says what the plain way does ---

_PIECES = st.sampled_from(
    [
        *(shape.prefix for shape in SHAPES),
        *(operand.hint for operand in _OPERANDS),
        *b"passwd|pwd|Password|passwort|keypass|tokenkey| -u me:pw| -p secret|x|_| |\n|=|abc123|@|--".split(
            b"|"
        ),
    ]
)
_TEXTS = st.lists(_PIECES, max_size=8).map(b"".join)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.prefix.decode())
def test_prefix_is_looked_for(shape: Shape) -> None:
    assert shape in looking_for(b"RUN x " + shape.prefix).shapes


_BEGUN = [shape.prefix[at:] for shape in SHAPES for at in (0, 1)] + [shape.prefix[:-1] for shape in SHAPES]


@given(
    st.lists(st.sampled_from([*_BEGUN, b" ", b"a", b"X", b"-", b".", b"_", b"KEY", b"PRIVATE KEY"])).map(
        b"".join
    )
)
def test_all_that_stands_for_itself_is_looked_for(text: bytes) -> None:
    search = looking_for(text)
    assert search.shapes == tuple(shape for shape in SHAPES if shape.prefix in text)
    assert search.keys == (b"PRIVATE KEY" in text)


@given(_TEXTS)
def test_words_of_names_are_all_found(text: bytes) -> None:
    assert list(_cores(text.lower())) == [found.span() for found in _CORE.finditer(text.lower())]


@given(_TEXTS)
def test_operands_are_all_found(text: bytes) -> None:
    for operand in _OPERANDS:
        found = [match.span() for match in operand.form.finditer(text)]
        assert not operand.leads or [match.span() for match in _led(operand, text)] == found
        assert not found or operand in looking_for(text).operands


@given(_TEXTS)
def test_a_text_with_secrets_holds_a_hint(text: bytes) -> None:
    search = looking_for(text)
    told_by = hints(search)
    assert not find(text, search) or not told_by or any(hint in text for hint in told_by)


def test_a_text_is_looked_through_once() -> None:
    text = b"FROM a\nRUN login -p Sw0rdf1sh! \n"
    assert looking_for(text) is looking_for(text)
    # one of megabytes is not kept
    large = text + b"#" * (1 << 16)
    assert looking_for(large) == looking_for(text)
    assert looking_for(large) is not looking_for(large)
