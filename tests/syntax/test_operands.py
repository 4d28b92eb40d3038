from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.syntax import operands
from imgtool.syntax.suggest import suggest

HEX = "0123456789abcdef" * 4

ACCEPTED: list[tuple[Callable[[str], str | None], list[str]]] = [
    (
        operands.image,
        [
            "a",
            "debian:12",
            "nvidia/cuda:12.1.0-devel-ubuntu22.04",
            "localhost/a",
            "localhost:5000/a/b:c",
            "Host/a",
            "[::1]:80/a",
            "docker.io/a",
            "index.docker.io/library/a",
            "a__b/c-_d".replace("-_", "--"),
            f"a:b@sha256:{HEX}",
            f"a@sha512:{HEX * 2}",
            "a:" + "t" * 128,
            "a" * 63,
        ],
    ),
    (
        operands.platform,
        ["linux", "amd64", "linux/amd64", "linux/arm/v7", "windows(10.0.17763)/amd64", "x/y", "LINUX"],
    ),
    (
        operands.port,
        ["80", "0", "65535", "80/tcp", "80/UDP", "1-5/sctp", "90:80", "1-2:3-4", "1-5:80", "1.2.3.4:5:6"],
    ),
    (operands.signal, ["9", "-1", "TERM", "SIGTERM", "sigterm", "RTMIN+15", "SIGRTMAX-14", "rtmax"]),
    (operands.mode, ["0", "755", "7777", "u+x", "a=rX,g-w", "+", "=", "u+r-w=x", "go=u"]),
    (operands.digest, [f"sha256:{HEX}", f"sha384:{HEX}{HEX[:32]}"]),
]
REFUSED: list[tuple[Callable[[str], str | None], list[tuple[str, str]]]] = [
    (
        operands.image,
        [
            ("", "invalid reference format"),
            ("a b", "invalid reference format"),
            ("-a", "invalid reference format"),
            ("a-", "invalid reference format"),
            ("a..b", "invalid reference format"),
            ("a___b", "invalid reference format"),
            ("a:", "invalid reference format"),
            ("a:" + "t" * 129, "invalid reference format"),
            ("a@sha256:abc", "invalid reference format"),
            ("https://a/b", "invalid reference format"),
            ("a/B", "invalid reference format: repository name (a/B) must be lowercase"),
            ("A", "invalid reference format: repository name (library/A) must be lowercase"),
            (HEX, f"invalid repository name ({HEX}), cannot specify 64-byte hexadecimal strings"),
            (f"a@md5:{HEX}", "unsupported digest algorithm"),
            (f"a@sha512:{HEX}", "invalid checksum digest length"),
            (f"a@sha256:{HEX.upper()}", "invalid checksum digest format"),
            ("a/" * 128 + "a", "repository name must not be more than 255 characters"),
        ],
    ),
    (operands.port, [("", 'invalid port: "": no port specified'), ("1:2:3:4", "invalid IP address: 1:2")]),
    (operands.port, [("80-", "invalid containerPort: 80-"), ("[::1:80:80", "invalid IP address: [::1")]),
    (
        operands.signal,
        [("", "invalid signal: "), ("SIG", "invalid signal: SIG"), ("RTMIN+16", "invalid signal: RTMIN+16")],
    ),
    (
        operands.mode,
        [
            ("u", "invalid syntax"),
            ("x", "invalid syntax"),
            ("u+x,", "invalid syntax"),
            ("u +x", "invalid syntax"),
        ],
    ),
    (
        operands.digest,
        [("", "invalid checksum digest format"), ("sha256:", "invalid checksum digest format")],
    ),
]


@pytest.mark.parametrize("check, text", [(check, text) for check, texts in ACCEPTED for text in texts])
def test_accepted(check: Callable[[str], str | None], text: str) -> None:
    assert check(text) is None


@pytest.mark.parametrize("check, case", [(check, case) for check, cases in REFUSED for case in cases])
def test_refused(check: Callable[[str], str | None], case: tuple[str, str]) -> None:
    assert check(case[0]) == case[1]


@pytest.mark.parametrize(
    "source, git, http",
    [
        ("a", False, False),
        ("./a.git", False, False),
        ("https://a/b", False, True),
        ("https://a/b.git", True, False),
        ("http://a/b.git#main:dir", True, False),
        ("https://a/b?c=d.git", False, True),
        ("git://a/b", True, False),
        ("ssh://git@a/b", True, False),
        ("git@a.b:c/d.git", True, False),
        ("ftp://a/b", False, False),
        ("c:/a", False, False),
    ],
)
def test_remote_sources(source: str, git: bool, http: bool) -> None:
    assert (operands.is_git(source), operands.is_http(source)) == (git, http)


@pytest.mark.parametrize(
    "value, options, hint",
    [
        ("runn", ["RUN", "ENV"], " (did you mean run?)"),
        ("RUNN", ["RUN"], " (did you mean RUN?)"),
        ("Runn", ["RUN"], " (did you mean run?)"),
        ("RUN", ["RUN"], ""),
        ("wibble", ["RUN"], ""),
        ("ln", ["RUN", "ENV"], " (did you mean run?)"),
        ("ln", ["ENV", "RUN"], " (did you mean env?)"),
        ("x" * 100_000, ["RUN"], ""),
    ],
)
def test_suggest(value: str, options: list[str], hint: str) -> None:
    assert suggest(value, options, ignore_case=True) == hint


def test_suggest_minds_the_case_of_flags() -> None:
    assert suggest("From", ["from"]) == " (did you mean from?)"
    assert suggest("FROM", ["from"]) == ""


@pytest.mark.parametrize(
    "text, parts",
    [
        ("linux/amd64", ("linux", "amd64")),
        ("linux", ("linux", "amd64")),
        ("x86_64", ("linux", "amd64")),
        ("Linux/AARCH64/v8", ("linux", "arm64")),
        ("macos/arm64", ("darwin", "arm64")),
        ("windows(10.0.17763)/amd64", ("windows", "amd64")),
        ("linux/arm/v7", ("linux", "arm")),
        ("armhf", ("linux", "arm")),
        ("wibble", None),
        ("a/b/c/d", None),
        ("", None),
    ],
)
def test_platform_parts(text: str, parts: tuple[str, str] | None) -> None:
    assert operands.platform_parts(text) == parts


_WORDS = st.text("abcA_1", max_size=7)


@given(_WORDS, st.lists(_WORDS, max_size=6))
def test_suggest_compares_all_that_may_be_near(value: str, options: list[str]) -> None:
    @cache
    def changes(one: str, other: str) -> int:
        if not one or not other:
            return len(one) + len(other)
        replaced = changes(one[1:], other[1:]) + (one[0] != other[0])
        return min(replaced, changes(one[1:], other) + 1, changes(one, other[1:]) + 1)

    near = [option for option in options if changes(value, option) < 3]
    best = min(near, key=lambda option: changes(value, option), default="")
    expected = f" (did you mean {best}?)" if best and value not in options else ""
    assert suggest(value, options) == expected
