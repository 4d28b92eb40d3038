"""Secrets in a text.

Two kinds: tokens that their form betrays, wherever they stand (:data:`SHAPES`), and values that a name, an option
or a command calls a password, a token or a key. References (``$TOKEN``, ``/run/secrets/token``), placeholders
(``changeme``, ``<token>``) and public values (checksums, commits, fingerprints, key ids) are no secrets.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from functools import cache, lru_cache
from math import log2

from imgtool.edits import Span
from imgtool.regex import regex
from imgtool.values import NamedTuple


class Found(NamedTuple):
    """A secret in a text: the bytes ``start`` to ``end``."""

    start: int
    end: int
    what: str
    weak: bool = False


# --- values ----------------------------------------------------------------------------------------------


class Strength(IntEnum):
    """How much a value looks like a secret: not at all, a guessable password, a good one, or random."""

    NONE = 0
    WEAK = 1
    MIXED = 2
    RANDOM = 3


_REFERENCE = regex(
    rb"[$`]|%\w+%|\{\{|<[^<>]*+>|\A(?:~|\.{0,2}/(?!\w{30})|@)|\A[a-z][a-z0-9+]{0,15}://"
    rb"|\A(?:os|process|self|args?|config|settings|env|secrets)[.(\[:]",
    re.IGNORECASE,
)
_NO_NAMES = (
    r"password|passwd|passphrase|passwort|pass|pwd|pw|secret|token|key|api.?key|credentials?|value|val"
)
_PLACEHOLDER = regex(
    rf"""change.?(?:me|it|this)|replace|example|place.?holder|dummy|redacted|your|insert|todo|fixme|x{{4}}|\*{{3}}|\.{{3}}
    |fake|not.?(?:a|used|needed|required|set)\b|unused|no.?key|required|empty|optional|some.?(?:{_NO_NAMES})
    |\A(?:my|the|our|an?|test|demo|default|sample|dev|root|admin|user|db|sudo)?[_.-]?(?:{_NO_NAMES})[0-9]?\Z
    |\A(?:none|null|nil|true|false|yes|no|on|off|undefined|unset|default|auto|foo|bar|baz|foobar|test|demo|sample|abc
      |str|string|bytes|ask|prompt|file|env|hidden|anonymous|any|all|disabled?|enabled?)\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_VERSION = regex(r"[<>=~^!]{1,2}|v?\d+[.:][\w.:+~-]*\Z|\d{1,5}\Z")
# an expression, or the name of a variable
_CODE = regex(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+\Z|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\Z|-{1,2}[a-z]|.*[()\[\]{}]")
_TOKEN = regex(r"[A-Za-z0-9+/=_.~:-]{16,512}\Z")
_SEPARATORS = regex(r"[-_.:/+=~]+")
# words of two letters or more, each small, capital or capitalised; written so that there is one way to read any text
_WORDS = regex(
    r"(?:(?:[a-z]{2,}+)?(?:[A-Z][a-z]++|[A-Z]{3,}+[a-z]*+|[A-Z]{2}(?![A-Z])(?:[a-z]{2,}+|(?![a-z])))*+|[A-Za-z]?)[0-9]*\Z"
)
_CHANGE = regex(r"(?<=[a-z])[A-Z0-9]|(?<=[A-Z])[a-z0-9]|(?<=[0-9])[A-Za-z]")


def strength_of(value: bytes, *, quoted: bool = False) -> Strength:
    text = value.decode("utf-8", "replace")
    if len(text) < 3 or _REFERENCE.search(value) or _PLACEHOLDER.search(text) or _VERSION.match(text):
        return Strength.NONE
    if not quoted and _CODE.match(text):
        return Strength.NONE
    if _TOKEN.match(text) and _is_random(text):
        return Strength.RANDOM
    kinds = sum(any(test(c) for c in text) for test in (str.islower, str.isupper, str.isdigit, _is_symbol))
    good = len(text) >= 8 and (kinds > 2 or (kinds == 2 and not _wordy(text)))
    return Strength.MIXED if good else Strength.WEAK


def _is_symbol(char: str) -> bool:
    return not char.isalnum()


def _is_random(text: str) -> bool:
    letters, digits = sum(map(str.isalpha, text)), sum(map(str.isdigit, text))
    # some tokens have letters alone, of both cases
    jumbled = digits > 1 or len(_CHANGE.findall(text)) > 0.3 * len(text)
    return letters > 1 and jumbled and not _wordy(text) and _entropy(text) >= 3


def _wordy(text: str) -> bool:
    """Whether a text is words and numbers: ``my-secret-token-2``, ``nightly_20240101``, ``CamelCase``."""
    return all(map(_are_words, _SEPARATORS.split(text))) and not text.isdigit()


def _are_words(piece: str) -> bool:
    # of random letters, one in two is a capital
    capitals = sum(map(str.isupper, piece))
    return _WORDS.match(piece) is not None and (piece == piece.upper() or 3 * capitals <= len(piece))


def _entropy(text: str) -> float:
    """Shannon's, in bits a character: 3.7 for 32 random hexadecimal digits, 4.9 for 40 of base 64."""
    counts = Counter(text).values()
    return -sum(count / len(text) * log2(count / len(text)) for count in counts)


# --- tokens with a form of their own -----------------------------------------------------------------


class Shape(NamedTuple):
    """Tokens that begin with ``prefix`` and match ``form``. ``what`` shows the prefix, which is no secret."""

    prefix: bytes
    form: re.Pattern[bytes]
    what: str


def _shapes(what: str, body: str, *prefixes: str) -> Iterator[Shape]:
    for prefix in prefixes:
        form = regex(re.escape(prefix.encode()) + body.encode())
        yield Shape(prefix.encode(), form, f"{what} ({prefix}…)")


_MIXED = r"(?=\w{0,64}[a-z])(?=\w{0,64}[A-Z])"

# As the providers document their tokens, or as these are; where lengths changed over the years, the shortest counts.
SHAPES: tuple[Shape, ...] = (
    *_shapes("GitHub token", r"[A-Za-z0-9]{20,255}", "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
    *_shapes("GitHub token", r"\w{22,255}", "github_pat_"),
    *_shapes("GitLab token", r"[\w.-]{20,300}", "glpat-", "gldt-", "glrt-", "glptt-", "glcbt-"),
    *_shapes("Hugging Face token", rf"(?:[A-Za-z0-9]{{34,40}}|{_MIXED}[A-Za-z0-9]{{20,64}})", "hf_"),
    *_shapes("Anthropic key", r"[\w-]{20,255}", "sk-ant-"),
    *_shapes("API key", r"(?=[\w-]{0,255}\d)(?=[\w-]{0,255}[A-Za-z])[\w-]{20,255}", "sk-"),
    *_shapes("Stripe key", r"[A-Za-z0-9]{16,255}", "sk_live_", "rk_live_"),
    *_shapes("Slack token", r"[A-Za-z0-9-]{10,255}", *(f"xox{kind}-" for kind in "abeoprs")),
    *_shapes("Slack webhook", r"T\w{6,32}/B\w{6,32}/\w{16,64}", "https://hooks.slack.com/services/"),
    *_shapes("AWS access key", r"[A-Z0-9]{16}", "AKIA", "ASIA"),
    *_shapes("Google key", r"[\w-]{35}", "AIza"),
    *_shapes("Google client secret", r"[\w-]{20,64}", "GOCSPX-"),
    *_shapes("Google token", r"[\w-]{20,1000}", "ya29."),
    *_shapes("npm token", r"[A-Za-z0-9]{36}", "npm_"),
    *_shapes("PyPI token", r"(?:AgE[\w-]{16,1000}|[\w-]{85,1000})", "pypi-"),
    *_shapes("Docker Hub token", r"[\w-]{20,255}", "dckr_pat_", "dckr_oat_"),
    *_shapes("JSON web token", r"[\w-]{8,4096}\.eyJ[\w-]{8,4096}\.[\w-]{16,4096}", "eyJ"),
    *_shapes("NVIDIA key", r"[\w-]{30,255}", "nvapi-"),
    *_shapes("Groq key", r"[A-Za-z0-9]{40,64}", "gsk_"),
    *_shapes("Replicate token", r"[A-Za-z0-9]{36,40}", "r8_"),
    *_shapes("SendGrid key", r"[\w-]{16,32}\.[\w-]{32,64}", "SG."),
    *_shapes("DigitalOcean token", r"[a-f0-9]{64}", "dop_v1_"),
    *_shapes("Databricks token", r"[a-f0-9]{32}", "dapi"),
    *_shapes("Vault token", r"[\w-]{24,255}", "hvs."),
    *_shapes("Alibaba Cloud access key", r"[A-Za-z0-9]{12,24}", "LTAI"),
    *_shapes("Tencent Cloud access key", r"[A-Za-z0-9]{32}", "AKID"),
    *_shapes("Azure storage key", r"[A-Za-z0-9+/]{86}==", "AccountKey="),
    *_shapes("Azure access key", r"[A-Za-z0-9+/]{43}=", "SharedAccessKey="),
)

# one of these is in every text that holds a prefix: five expressions and two texts for forty prefixes; `_` and `-` are in
# many texts, and the two characters before them tell most of these apart
_TOLD_BY = (
    regex(
        rb"_(?<=[ahprsv][efkmoprstu18]_)(?:(?<=gh[opsur]_)|(?<=hf_)|(?<=_[po]at_)|(?<=k_live_)|(?<=npm_)|(?<=gsk_)|(?<=r8_)|(?<=_v1_))"
    ),
    regex(rb"xox[abeoprs]-"),
    regex(rb"A(?:KI[AD]|SIA|I(?:za|(?<=LTAI))|cc(?:ount|ess)Key=)"),
    regex(
        rb"-(?<=[abdrtspP][kitX]-)(?:(?<=sk-)|(?<=nvapi-)|(?<=pypi-)|(?<=OCSPX-)|(?<=gl[dr]t-)|(?<=gl(?:pa|pt|cb)t-))"
    ),
    regex(rb"\.(?<=[kGs9]\.)(?:slack\.com|(?<=SG\.)|(?<=hvs\.)|(?<=ya29\.))"),
)


@cache
def _plainly_told() -> tuple[str, ...]:
    """The other prefixes, but for those that begin with another one."""
    rest = [s.prefix for s in SHAPES if not any(told.search(s.prefix) for told in _TOLD_BY)]
    return tuple(
        one.decode() for one in rest if not any(one != other and one.startswith(other) for other in rest)
    )


_PEM = b"PRIVATE KEY"
# the lines of a key may stand as they are, in a string with \n, or one by one in strings
_BETWEEN = r"""(?:\\[nr]|[\s"',\\]){1,64}"""
_HEADER = rf"[A-Z][\w-]{{2,20}}:(?: [^\s\\]{{1,80}}){{1,2}}{_BETWEEN}"
_LINE64 = r"[A-Za-z0-9+/=]{40,80}"
_PRIVATE_KEY = regex(
    rf"-----BEGIN [A-Z ]{{0,20}}PRIVATE KEY(?: BLOCK)?-----{_BETWEEN}(?:{_HEADER}){{0,4}}"
    r"((?=\S{0,40}[a-z])(?=\S{0,40}[A-Z])(?=\S{0,40}[0-9])[A-Za-z0-9+/=]{40,4096}"
    rf"(?:{_BETWEEN}{_LINE64}){{0,400}}(?:{_BETWEEN}[A-Za-z0-9+/=]{{1,79}}(?={_BETWEEN}-----END))?)".encode()
)


# what a token may have more than its form says
_TAIL = regex(rb"[\w=-]{0,4096}")


def _shaped(text: bytes, shapes: Iterable[Shape]) -> Iterator[Found]:
    for shape in shapes:
        at = text.find(shape.prefix)
        while at != -1:
            match = None if _inside_word(text, at) else shape.form.match(text, at)
            body = at + len(shape.prefix)
            end = match.end() if match else body
            if match and _is_token(text[body:end]):
                tail = _TAIL.match(text, end)
                end = tail.end() if tail else end
                yield Found(at, end, shape.what)
            at = text.find(shape.prefix, end)


def _inside_word(text: bytes, at: int) -> bool:
    return at > 0 and (text[at - 1 : at].isalnum() or text[at - 1] == ord("_"))


def _is_token(body: bytes) -> bool:
    """Whether what follows a prefix is no example, such as ``xxxx…`` or ``your-token-here``."""
    text = body.decode("utf-8", "replace")
    words = _SEPARATORS.search(text) and _wordy(text)
    return len(set(text)) > 5 and not _PLACEHOLDER.search(text) and not words


# --- URLs ----------------------------------------------------------------------------------------------

_USERINFO = regex(rb"://([^\s/@:\"'<>|]{0,256}):([^\s/@\"'<>|]{1,512})@(?=[\w\[{$])(?!https?://)")
# git hosts take a token as the user
_TOKEN_USER = regex(rb"://([^\s/@:\"'<>|]{16,512})@(?=[\w\[{$])(?!https?://)")


def _in_urls(text: bytes) -> Iterator[Found]:
    for match in _USERINFO.finditer(text):
        strength = strength_of(match[2])
        if strength and match[1] != match[2]:
            yield Found(*match.span(2), "password in a URL", strength is Strength.WEAK)
    for match in _TOKEN_USER.finditer(text):
        if strength_of(match[1]) is Strength.RANDOM:
            yield Found(*match.span(1), "token in a URL")


# --- names ---------------------------------------------------------------------------------------------

_PASSWORDS = frozenset("password passwd passphrase passwort pwd pass pw".split())
_SECRETS = frozenset(
    "secret token credential credentials apikey accesskey secretkey privatekey authkey authtoken".split()
)
_ENDINGS = ("password", "passwd", "passphrase", "token", "secret", "apikey", "secretkey", "accesskey")
# which keys are secrets
_KEYS = frozenset(
    """api access secret private auth account encryption encrypt master session storage deploy license signing jwt
    hmac app ssh rsa tls ssl ngc kaggle openai anthropic hf wandb comet azure aws google s3 obs oss cos minio ak""".split()
)
# a name that has one of these before the word, or after it, is about something else
_BEFORE = frozenset(
    """public pub gpg pgp no disable disabled enable enabled use has allow skip require max min num pad eos bos unk cls
    sep mask special stop sha hash checksum""".split()
)
_AFTER = frozenset(
    """file files path dir folder name names url uri host server endpoint id ids type version length len size count num
    max min limit ttl expiry expires expire timeout enabled enable disabled disable required policy header prefix suffix
    ring store provider manager backend algorithm alg format index var field location source mount ref env days age
    warn prompt sha md hash checksum digest fingerprint auth authentication authorization through stdin""".split()
)
_PARTS = regex(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# in lower case; each match begins with one of the words
_CORE = regex(rb"pass(?:w(?:or)?d|phrase|wort)?|pwd|pw|secret|token|credential|key")
_CORES = (b"pass", b"pw", b"secret", b"token", b"credential", b"key")
_NAME_CHARS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
_MAX_NAME = 96
_REST_OF_NAME = regex(rb"[A-Za-z0-9_.-]{0,64}")

_VALUE = (
    rb"""(?:\\?"([^"\\\s]{1,2048})\\?"|'([^'\s]{1,2048})'|((?:[^\s"'`;&|<>\\]|&(?![&\s])|\\\S){1,2048}))"""
)
# name=value, name: value, "name": "value", "--name", "value"
_JOINED = regex(rb"""(?:\\?["']?[ \t]{0,8}[=:][ \t]{0,8}|["'][ \t]*,[ \t]*(?=["']))""" + _VALUE)
_APART = regex(rb"[ \t]{1,8}" + _VALUE)


@lru_cache(maxsize=4096)
def kind_of(name: str) -> str | None:
    """``password`` or ``secret`` where a value of that name is one."""
    words = [part.lower() for part in _PARTS.findall(name)]
    for index, word in enumerate(words):
        last = index == len(words) - 1
        password = (word in _PASSWORDS and (last or len(word) > 4)) or word.endswith(_ENDINGS[:3])
        secret = (
            word in _SECRETS or word.endswith(_ENDINGS[3:]) or (word == "key" and _of_secrets(words[:index]))
        )
        if password or secret:
            about = _BEFORE.isdisjoint(words[:index]) and _AFTER.isdisjoint(words[index + 1 :])
            return ("password" if password else "secret") if about else None
    return None


_CALLED = frozenset("apikey auth credential credentials key password pword passwd secret token".split())
_PUBLIC = frozenset("public file version".split())


def calls_secret(name: str) -> bool:
    """Whether BuildKit takes an ARG or ENV of that name for a secret: one of its words says so, and none denies it.

    Source: its check SecretsUsedInArgOrEnv.
    """
    words = name.lower().split("_")
    return not _CALLED.isdisjoint(words) and _PUBLIC.isdisjoint(words)


def _of_secrets(before: Sequence[str]) -> bool:
    return bool(before) and before[-1] in _KEYS


def _names(text: bytes) -> Iterator[tuple[str, str, int]]:
    """The names of secrets in a text: each with its kind and where it ends."""
    past = 0
    for at, end in _cores(text.lower()):
        if at < past:
            continue
        low = max(at - _MAX_NAME, past)
        start = low + len(text[low:at].rstrip(_NAME_CHARS))
        rest = _REST_OF_NAME.match(text, end)
        past = rest.end() if rest else end
        name = text[start:past].decode("ascii", "replace")
        kind = kind_of(name)
        if kind is not None:
            yield name, kind, past


def _cores(low: bytes) -> Iterator[tuple[int, int]]:
    """Where :data:`_CORE` matches; most texts hold none of its words, which is found out sooner word by word."""
    starts: list[int] = []
    for word in _CORES:
        at = low.find(word)
        while at != -1:
            starts.append(at)
            at = low.find(word, at + len(word))
    past = 0
    for at in sorted(starts):
        core = _CORE.match(low, at) if at >= past else None
        if core is not None:
            past = core.end()
            yield core.span()


def _named(text: bytes, *, loose: bool) -> Iterator[Found]:
    past = 0
    for name, kind, end in _names(text):
        found = _value_of(text, name, kind, end, loose=loose) if end >= past else None
        if found is not None:
            yield found
            past = found.end


def _value_of(text: bytes, name: str, kind: str, past: int, *, loose: bool) -> Found | None:
    joined = _JOINED.match(text, past)
    # what follows a variable is another word
    variable = text[: past - len(name)].endswith((b"$", b"${"))
    match = joined or (None if variable else _APART.match(text, past))
    if match is None:
        return None
    group = next(number for number in (1, 2, 3) if match[number])
    strength = strength_of(match[group], quoted=group < 3)
    option = name.startswith("-")
    enough = Strength.RANDOM if kind == "secret" or not (joined or option) else Strength.MIXED
    if strength >= (Strength.WEAK if kind == "password" and (option or (loose and joined)) else enough):
        return Found(*match.span(group), f"value of {name.lstrip('-._')}", strength is Strength.WEAK)
    return None


# --- commands whose operands are secrets whatever they are called -------------------------------------------

_WORD = rb"""["']?([^\s"'`;&|<>]{1,512})"""
_UP_TO = rb"[^\n;&|]{0,200}?"


# one of these is in most of what is looked for below
_GATES = (*_CORES, b"user", b"login")


class _Operand(NamedTuple):
    """A command's operand, from ``least`` on.

    ``hint`` is in every text that ``form`` finds something in; where it ``leads``, all that is found begins with it.
    So is ``gate``, one of :data:`_GATES`, whatever its case. ``token``: and the prefix of a token.
    """

    hint: bytes
    form: re.Pattern[bytes]
    what: str
    least: Strength
    leads: bool
    gate: bytes | None
    token: bool


def _operand(
    hint: bytes,
    before: bytes,
    what: str,
    least: Strength = Strength.WEAK,
    after: bytes = b"",
    gate: bytes | None = None,
) -> _Operand:
    leads = before.startswith((hint, rb"\b" + hint))
    gate = gate or next((word for word in _GATES if word in hint.lower()), None)
    form = regex(before + _WORD + after)
    return _Operand(hint, form, what, least, leads, gate, _TOKENS in before)


_SPACE = rb"(?:\s|\\n){1,64}"
_ECHO = rb"(?:echo|printf)[ \t]+(?:-\w{1,8}[ \t]+)?"
_PIPE = rb"[\"']?[ \t]*\|[ \t]*(?:sudo[ \t]+)?(?:/\S{1,64}/)?"
_ACCOUNT = "password of an account"
_TOKENS = rb"(?:hf_|gh[opsur]_|github_pat_|glpat-|npm_|pypi-|nvapi-|sk-|xox[bp]-)"
_OPERANDS: tuple[_Operand, ...] = (
    _operand(b"login", rb"\blogin\b" + _UP_TO + rb"[ \t](?:-p|--password)[ \t=]+", "password of a login"),
    _operand(b"sshpass", rb"\bsshpass[ \t]+(?:-[ev][ \t]+){0,2}-p[ \t]*", "password for ssh"),
    _operand(b"mysql", rb"\bmysql(?:admin|dump|import)?\b" + _UP_TO + rb"[ \t]-p", "password of a database"),
    _operand(b"redis-cli", rb"\bredis-cli\b" + _UP_TO + rb"[ \t]-a[ \t]+", "password of a database"),
    _operand(b"curl", rb"\bcurl\b" + _UP_TO + rb"[ \t](?:-[A-Za-z]{0,8}u|--user)[ \t=]*[\"']?[^\s:\"']{1,256}:", "password for curl"),
    _operand(b"htpasswd", rb"\bhtpasswd[ \t]+-\w{0,8}b\w{0,8}(?:[ \t]+[^\s-]\S{0,255}){2}[ \t]+", "password of a web server"),
    _operand(b"pass:", rb"\bpass:", "passphrase of a key"),
    _operand(b"wandb", rb"\bwandb\b" + _UP_TO + rb"\blogin[ \t]+(?:--\w+[ \t]+)?(?=[0-9a-f]{40})", "key of Weights & Biases", gate=b"login"),
    _operand(b"machine", rb"\bmachine" + _SPACE + rb"\S{1,256}?" + _SPACE + b"login" + _SPACE + rb"\S{1,256}?" + _SPACE + rb"password[ \t]+", "password of a netrc entry", gate=b"pass"),
    _operand(b"uthorization", rb"uthorization[\"']?[ \t]*[:=][ \t]*[\"']?(?:[Bb]earer|[Bb]asic|[Tt]oken)[ \t]+", "authorization header", Strength.RANDOM),
    _operand(b"PGPASSWORD=", rb"\bPGPASSWORD=", "password of a database"),
    _operand(b"mysqladmin", rb"\bmysqladmin\b" + _UP_TO + rb"[ \t]password[ \t]+", "password of a database", gate=b"pass"),
    _operand(b"openssl", rb"\bopenssl[ \t]+passwd(?:[ \t]+-(?:salt[ \t]+\S{1,64}|\w{1,16})){0,4}[ \t]+(?!-)", _ACCOUNT, after=rb"\)", gate=b"pass"),
    _operand(b"useradd", rb"\buseradd\b" + _UP_TO + rb"[ \t](?:-p|--password)[ \t=]+(?!-)", _ACCOUNT),
    _operand(b"ConvertTo-SecureString", rb"\bConvertTo-SecureString[ \t]+(?:-String[ \t]+)?(?!-)", "password"),
    # short and simple ones too, where only a token can stand
    _operand(b"token", rb"(?:--|[ \t])token[ \t=]+[\"']?(?=" + _TOKENS + rb")", "token"),
    _operand(b"@", rb"://(?:[^\s/@:\"']{1,64}:)?(?=" + _TOKENS + rb"[^\s/@:\"']{1,255}@)", "token in a URL", after=b"@"),
    # what is set here is a password however it reads
    _operand(b"net", rb"\bnet1?(?:\.exe)?[ \t]+user(?:[ \t]+/\S{1,64}){0,3}[ \t]+[^\s/]\S{0,255}(?:[ \t]+/\S{1,64}){0,3}[ \t]+(?![/*])", _ACCOUNT, Strength.NONE, gate=b"user"),
    _operand(b"chpasswd", _ECHO + rb"[\"']?[^\s:\"'|]{1,64}:", _ACCOUNT, Strength.NONE, _PIPE + b"chpasswd"),
    _operand(b"chpasswd", rb"chpasswd[ \t]*<<<[ \t]*[\"']?[^\s:\"']{1,64}:", _ACCOUNT, Strength.NONE),
    _operand(b"--stdin", _ECHO, _ACCOUNT, Strength.NONE, _PIPE + rb"passwd[ \t][^\n;&|]{0,99}--stdin", gate=b"pass"),
)  # fmt: skip


def _operands(text: bytes, operand: _Operand) -> Iterator[Found]:
    for match in _led(operand, text) if operand.leads else operand.form.finditer(text):
        strength = strength_of(match[1])
        if strength >= operand.least and not _REFERENCE.search(match[1]):
            yield Found(*match.span(1), operand.what, strength <= Strength.WEAK)


def _led(operand: _Operand, text: bytes) -> Iterator[re.Match[bytes]]:
    """What ``finditer`` gives, which looks at each character of a text where a form does not begin with plain ones."""
    at = text.find(operand.hint)
    while at != -1:
        match = operand.form.match(text, at)
        if match is not None:
            yield match
        at = text.find(operand.hint, match.end() if match else at + 1)


# --- texts and files ----------------------------------------------------------------------------------------

_LINE = regex(rb"[^\r\n]+")
_LINE_END = regex(rb"[ \t]*[\r\n]")


class Search(NamedTuple):
    """What is worth looking for in a text and in parts of it."""

    shapes: tuple[Shape, ...]
    keys: bool
    urls: bool
    names: bool
    operands: tuple[_Operand, ...]


def looking_for(text: bytes) -> Search:
    """What parts of the text may hold; nothing else is worth a look there."""
    return _sought(text) if len(text) <= _SHORT else _sought.__wrapped__(text)


_SHORT = 1 << 16


# a file that has findings is looked through twice: for its secrets and, after the files linted beside it and some
# messages, to hide what its comments hold
@lru_cache(maxsize=128)
def _sought(text: bytes) -> Search:
    # `in` is quicker in strings
    plain, low = text.decode("latin-1"), text.lower().decode("latin-1")
    gates = tuple([word for word in _PLAIN_GATES if word in low])
    shapes = [shape for shape in SHAPES if shape.prefix in text] if _may_hold_shape(text, plain) else ()
    operands = _operands_behind(gates, tokens=bool(shapes))
    return Search(
        tuple(shapes),
        "key" in gates and "PRIVATE" in plain,
        "@" in plain and "://" in plain,
        not _PLAIN_CORES.isdisjoint(gates) and any(_names(text)),
        tuple([operand for hint, operand in operands if hint in plain]),
    )


_PLAIN_CORES = frozenset(word.decode() for word in _CORES)
_PLAIN_GATES = tuple(word.decode() for word in _GATES)


@cache
def _operands_behind(gates: tuple[str, ...], *, tokens: bool) -> list[tuple[str, _Operand]]:
    """The operands that a text with these words, and no other gate, may hold, each with its hint."""
    found = [o for o in _OPERANDS if o.gate is None or o.gate.decode() in gates]
    return [(operand.hint.decode(), operand) for operand in found if tokens or not operand.token]


def _may_hold_shape(text: bytes, plain: str) -> bool:
    for told in _TOLD_BY:
        if told.search(text):
            return True
    for prefix in _plainly_told():  # noqa: SIM110 - half as fast
        if prefix in plain:
            return True
    return False


def hints(search: Search) -> frozenset[bytes]:
    """Texts of which one is in every text with secrets; none where no text tells."""
    if search.names:
        return frozenset()
    told = [shape.prefix for shape in search.shapes] + [operand.hint for operand in search.operands]
    return frozenset([*told, *([_PEM] if search.keys else ()), *([b"@"] if search.urls else ())])


def scan(text: bytes) -> list[Found]:
    """The secrets in a text, in order, none over another; any value of a password's name counts."""
    return apart(find(text, looking_for(text), loose=True))


def find(text: bytes, search: Search, *, loose: bool = False) -> list[Found]:
    """Secrets in a text, the surest first; ``loose``: any value of a password's name counts."""
    found: list[Found] = []
    if search.shapes:
        found += _shaped(text, search.shapes)
    if search.keys:
        found += (Found(*match.span(1), "private key") for match in _PRIVATE_KEY.finditer(text))
    if search.urls and text.find(b"@") >= 0:
        found += _in_urls(text)
    for operand in search.operands:
        if text.find(operand.hint) >= 0:
            found += _operands(text, operand)
    if search.names:
        found += _named(text, loose=loose)
    return found


def hide(text: str, values: Iterable[bytes] = ()) -> str:
    """The text with ``*`` for what looks like a secret, and for ``values`` wherever they are."""
    return _hidden(text) if not values else _starred(text, values)


@lru_cache(maxsize=1024)
def _hidden(text: str) -> str:
    # messages are alike in many files
    return _starred(text, ())


def _starred(text: str, values: Iterable[bytes]) -> str:
    data = text.encode("utf-8", "surrogateescape")
    found = list(places(data, values))
    return starred(data, found).decode("utf-8", "surrogateescape") if found else text


def places(data: bytes, values: Iterable[bytes] = ()) -> Iterator[Span]:
    """Where the text holds what looks like a secret, or one of ``values``; line ends left out."""
    for one in scan(data):
        yield from pieces(data, Span(one.start, one.end))
    for value in values:
        at = data.find(value)
        while at != -1:
            yield Span(at, at + len(value))
            at = data.find(value, at + len(value))


def starred(data: bytes, spans: Iterable[Span]) -> bytes:
    """The bytes with ``*`` for each of those in ``spans``."""
    hidden = bytearray(data)
    for span in spans:
        hidden[span.start : span.end] = b"*" * (span.end - span.start)
    return bytes(hidden)


def pieces(data: bytes, span: Span, escape: bytes | tuple[bytes, ...] = (b"\\", b"`")) -> Iterator[Span]:
    """A span's bytes without line ends, continuations and the comments between them.

    A line that ends in ``escape``, or one of them, is continued.
    """
    for line in _LINE.finditer(data, span.start, span.end):
        text = line[0].rstrip(b" \t")
        if text.endswith(escape) and _LINE_END.match(data, line.end()):
            text = text[:-1].rstrip(b" \t")
        start = line.start() + len(text) - len(text.lstrip(b" \t"))
        if text and (start == span.start or not data.startswith(b"#", start)):
            yield Span(start, line.start() + len(text))


def apart(found: Iterable[Found]) -> list[Found]:
    """Of those that overlap the first, in the order in which they were found; then by place."""
    kept: list[Found] = []
    for one in found:
        at = bisect_right(kept, one.start, key=lambda other: other.start)
        if all(one.end <= other.start or other.end <= one.start for other in kept[max(at - 1, 0) : at + 1]):
            kept.insert(at, one)
    return kept
