from __future__ import annotations

import posixpath
import time

import pytest
from e2b_dockerfile_utils.dockerignore import PatternMatcher
from hypothesis import given
from hypothesis import strategies as st

from imgtool.facts.dockerignore import Ignore, clean, inside

READ = [
    ("plain", b"a\n", ["a"]),
    ("no newline at the end", b"a", ["a"]),
    ("BOM", b"\xef\xbb\xbfa\n", ["a"]),
    ("BOM before a comment", b"\xef\xbb\xbf#a\n", []),
    ("a BOM in the second line is part of the name", b"a\n\xef\xbb\xbfb\n", ["a", "\ufeffb"]),
    ("CRLF", b"a\r\n#b\r\n\r\nc\r\n", ["a", "c"]),
    ("comment", b"#a\n# b\n", []),
    ("a comment needs column 0", b"  #a\n", ["#a"]),
    ("an escape does not make a comment", b"\\#a\n", ["\\#a"]),
    ("empty lines", b"\n   \n\t\n", []),
    ("spaces around", b"  a b \t\n", ["a b"]),
    ("spaces that Go knows", "\u00a0a\u3000\n".encode(), ["a"]),
    ("control characters that only Python takes for spaces", b"\x1ca\x1f\n", ["\x1ca\x1f"]),
    ("exclusion", b"!a\n", ["!a"]),
    ("spaces around the exclusion mark", b"  ! a\n", ["!a"]),
    ("leading slash", b"/a/b\n!/c\n", ["a/b", "!c"]),
    ("several leading slashes", b"///a\n", ["a"]),
    ("trailing slash", b"a/\n", ["a"]),
    ("dots", b"./a\na/./b\na/../b\n../a\n", ["a", "a/b", "b", "../a"]),
    ("the root and the context", b"/\n.\n", ["/", "."]),
    ("an exclusion behind a slash", b"/!a\n./!b\n", ["!a", "!b"]),
    ("an exclusion of an exclusion mark", b"!!a\n", ["!!a"]),
    ("spaces behind the slash", b"/ a\n", ["a"]),
    ("not UTF-8", b"\xffa\n", ["\udcffa"]),
]

REFUSED = [
    ("lone exclusion mark", b"a\n!\nb\n", 2, "illegal exclusion pattern"),
    ("spaces behind it", b"! \n", 1, "illegal exclusion pattern"),
    ("exclusion of the root", b"!/\n", 1, "illegal exclusion pattern"),
    ("open class", b"a\n[\n", 2, "syntax error in pattern"),
    ("class that ends in a dash", b"![a-]\n", 1, "syntax error in pattern"),
    ("backslash at the end", b"a\\\n", 1, "syntax error in pattern"),
    ("class in the wrong order", b"[b-a]\n", 1, "syntax error in pattern"),
    ("unknown escape", b"dir\\example\n", 1, "syntax error in pattern"),
    ("long line", b"a\n" + b"b" * 65_536, 2, "line is longer than 65,535 bytes"),
    ("many lines", b"a\n" * 10_001, 10_001, "more than 10,000 patterns"),
]

# patterns, path, whether it stays out; where no reason is given the row is the rule in its plainest form
MATCHES = [
    ("a", "a", True),
    ("a", "b", False),
    ("a", "A", False),  # case counts
    ("a", "src/a", False),  # unlike .gitignore: anchored
    ("*.py", "src/a.py", False),
    ("a", "a/b/c", True),  # each pattern is tried against the folders above
    ("a/b", "a", False),
    ("*/b", "a/b/c", True),
    (".*", ".git/config", True),  # dot files are not special
    ("*", ".env", True),
    ("**/*.log", "x.log", True),
    ("**/*.log", "a/b/x.log", True),
    ("a/**", "a/b", True),
    ("a/**", "a", False),
    ("**", "a/b", True),
    ("**", ".", False),  # the context itself is never kept out
    (".", "a", False),
    ("/", "a", False),
    ("../a", "a", False),
    ("a", "./a/", True),  # paths are cleaned
    ("a", "/a", True),
    ("a", "../a", True),  # the builder's root ends ".."
    ("a", "b/../a", True),
    ("Dockerfile .dockerignore", "Dockerfile", True),  # COPY does not see them
    # order: the last match wins
    ("*.py !a.py", "a.py", False),
    ("!a.py *.py", "a.py", True),
    ("*.py !a.py a.*", "a.py", True),
    ("* !src", "src/a.py", False),
    ("* !src src/*.py", "src/a.py", True),
    ("docs !docs/index.md", "docs/index.md", False),  # a folder that is out is walked for what is let in
    ("docs !docs/index.md", "docs/other.md", True),
    ("docs !docs/a/**", "docs/a/b/c", False),
    ("** !**/*.py", "a/b/c.py", False),
    ("** !**/*.py", "a/b/c.txt", True),
    ("* !a/b/c", "a/b/c/d", False),
    ("* !a/b/c", "a/b/d", True),
    # quirks of the walk
    ("a/b !a", "a/b", True),  # "!a" was not asked at "a", which nothing kept out, and does not match "a/b"
    ("a/b !a/*/**", "a/b/c", True),  # without its last globs "!a/*/**" is "a": a/b is not walked
    ("a/b !a/*/** !*.x", "a/b/c", False),  # a wildcard in any other place, and everything is walked
    (r"a\*b", "a*b", True),
    (r"a\*b", "axb", False),
    (r"build\debug", "build/debug", False),  # a backslash is no separator
    ("a" * 5000, "a" * 5000, False),  # no path is that long
]


@pytest.mark.parametrize("data, patterns", [row[1:] for row in READ], ids=[row[0] for row in READ])
def test_reading(data: bytes, patterns: list[str]) -> None:
    ignore = Ignore.parse(data)
    assert ["!" * p.exclusion + p.text for p in ignore.patterns] == patterns
    assert not ignore.errors


@pytest.mark.parametrize("data, line, message", [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused(data: bytes, line: int, message: str) -> None:
    (error,) = Ignore.parse(data).errors
    assert error.line == line
    assert message in error.message
    assert data[error.span.start : error.span.end].strip() == data.split(b"\n")[line - 1].strip()


def test_a_line_of_64_kib_less_one_is_read() -> None:
    assert Ignore.parse(b"a" * 65_535 + b"\nb").patterns[1].text == "b"


def test_the_good_lines_beside_a_bad_one_are_read() -> None:
    ignore = Ignore.parse(b"a\n[\n!b\n")
    assert [p.text for p in ignore.patterns] == ["a", "b"]
    assert ignore.has_exclusions


@pytest.mark.parametrize(
    "data, line, stands",
    [
        (b"\xef\xbb\xbf a/ \r\nb\n", 1, b"a/"),
        (b"a\n  ! b\t\n", 2, b"! b"),
        ("a\n\u3000é\n".encode(), 2, "é".encode()),
    ],
)
def test_places(data: bytes, line: int, stands: bytes) -> None:
    pattern = Ignore.parse(data).patterns[line - 1]
    assert pattern.line == line
    assert data[pattern.span.start : pattern.span.end] == stands


@pytest.mark.parametrize("patterns, path, matches", MATCHES)
def test_matches(patterns: str, path: str, matches: bool) -> None:
    assert Ignore.parse(patterns.replace(" ", "\n").encode()).matches(path) is matches


def test_explain_names_the_line_that_decides() -> None:
    ignore = Ignore.parse(b"# keep sources\n*\n!src\nsrc/*.pyc\n")
    lines = {path: ignore.explain(path) for path in ("a", "src/a.py", "src/a.pyc", ".")}
    assert {path: by and by.line for path, by in lines.items()} == {
        "a": 2,
        "src/a.py": 3,
        "src/a.pyc": 4,
        ".": None,
    }


def test_exclude_flags_are_taken_as_they_are() -> None:
    ignore = Ignore.of(["/a", "#b", "", "c/"])
    assert [p.text for p in ignore.patterns] == ["/a", "#b", "c"]
    assert [ignore.matches(path) for path in ("a", "#b", "c")] == [False, True, True]


def test_no_patterns_match_nothing() -> None:
    assert not Ignore().matches("a")
    assert not Ignore().has_exclusions


@pytest.mark.parametrize(
    "data", [b"*a" * 30_000, b"**/a\n" * 9_999, b"[ab*]" * 10_000 + b"x"], ids=["one", "many", "class"]
)
def test_hostile_files_stay_fast(data: bytes) -> None:
    start = time.process_time()
    Ignore.parse(data).matches("b/" * 400 + "b")
    assert time.process_time() - start < 10


NAMES = st.text("ab.-é ", min_size=1, max_size=3).filter(lambda name: name == name.strip())
GLOBS = st.lists(
    st.sampled_from(["a", "b", ".", "-", "é", "*", "?", "**", "[ab]", "[^a]", "[a-b.]", r"\*", r"\-"]),
    min_size=1,
    max_size=4,
).map("".join)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
LINES = st.tuples(
    st.sampled_from(["", "", "!", "/"]), st.lists(GLOBS, min_size=1, max_size=3).map("/".join)
).map("".join)


@given(st.lists(LINES, max_size=5), st.lists(PATHS, min_size=1, max_size=8))
def test_agrees_with_the_port_of_patternmatcher(lines: list[str], paths: list[str]) -> None:
    ignore = Ignore.parse("\n".join(lines).encode())
    other = PatternMatcher(lines)
    assert ["!" * p.exclusion + p.text for p in ignore.patterns] == other.patterns
    for path in {posixpath.normpath(path) for path in paths} - {"."}:
        if path.startswith("../") or path == "..":
            continue
        parts = path.split("/")
        above = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
        # the port has the matcher without the walk around it, which leaves some folders out whole
        skipped = any(other.matches(folder) and not ignore.descends(folder) for folder in above)
        assert ignore.matches(path) is (skipped or other.matches(path))


@given(st.binary(max_size=200), st.text(max_size=40))
def test_any_file_is_read_and_any_path_judged(data: bytes, path: str) -> None:
    ignore = Ignore.parse(data)
    for pattern in ignore.patterns:
        assert 0 <= pattern.span.start < pattern.span.end <= len(data)
    decided = ignore.explain(path)
    assert ignore.matches(path) is (decided is not None and not decided.exclusion)


@given(st.one_of(st.text("a./*$-~ \n\u00e9", max_size=10), st.text(max_size=6)))
def test_what_is_inside_at_a_glance_is_clean(path: str) -> None:
    assert inside(path) == clean(f"/{path}")[1:]
