from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.families.reference import ImageRef, parse_reference, split_tag

SHA = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        ("python", "docker.io", "library/python", None, None),
        ("python:3.11-slim", "docker.io", "library/python", "3.11-slim", None),
        ("docker.io/library/python:3", "docker.io", "library/python", "3", None),
        ("docker.io/python", "docker.io", "library/python", None, None),
        ("index.docker.io/nvidia/cuda:x", "docker.io", "nvidia/cuda", "x", None),
        (
            "nvidia/cuda:12.1.0-devel-ubuntu22.04",
            "docker.io",
            "nvidia/cuda",
            "12.1.0-devel-ubuntu22.04",
            None,
        ),
        ("localhost/foo", "localhost", "foo", None, None),
        ("localhost:5000/foo:1", "localhost:5000", "foo", "1", None),
        ("localhost:5000", "docker.io", "library/localhost", "5000", None),
        ("[2001:db8::1]:5000/foo/bar", "[2001:db8::1]:5000", "foo/bar", None, None),
        ("Registry/foo", "Registry", "foo", None, None),
        ("a.b/c_d__e-f---g/h.i:_x", "a.b", "c_d__e-f---g/h.i", "_x", None),
        (f"nvidia/cuda@{SHA}", "docker.io", "nvidia/cuda", None, SHA),
        (f"nvcr.io/nvidia/cuda:12@{SHA}", "nvcr.io", "nvidia/cuda", "12", SHA),
    ],
)
def test_references(text: str, registry: str, repository: str, tag: str | None, digest: str | None) -> None:
    assert parse_reference(text) == ImageRef(registry, repository, tag, digest, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Python",  # only a registry may have capitals
        "foo/Bar",
        "a:",
        "a:-x",
        "a:" + "x" * 129,
        "a//b",
        "/a",
        "a/",
        "a___b",
        "a..b",
        "-a",
        "a b",
        "${BASE}",
        "$BASE:1",
        "a@sha256:abc",
        f"a@{SHA.upper()}",
        f"a@md5:{'0' * 32}",
        "a@",
        "0123456789abcdef" * 4,  # an image id, not a name
        "x/" * 200 + "x",
        "a" * 5000,
        "ünicode",
        "a:\u0661",
    ],
)
def test_what_is_no_reference(text: str) -> None:
    assert parse_reference(text) is None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ("a", None)),
        ("a:b", ("a", "b")),
        ("a:5000/b", ("a:5000/b", None)),
        ("a:5000/b:c", ("a:5000/b", "c")),
        ("a:", ("a", "")),
    ],
)
def test_split_tag(text: str, parts: tuple[str, str | None]) -> None:
    assert split_tag(text) == parts


word = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8)
component = st.lists(word, min_size=1, max_size=3).map("-".join)
registry = st.one_of(
    st.just("docker.io"),
    st.just("localhost"),
    st.builds("{}.{}".format, word, word),
    word.map("{}:5000".format),
)
tag = st.text(string.ascii_letters + string.digits + "_.-", max_size=20).map("v".__add__)


@given(registry, st.lists(component, min_size=2, max_size=4), st.none() | tag, st.none() | st.just(SHA))
def test_full_references_come_back(host: str, path: list[str], label: str | None, digest: str | None) -> None:
    text = "/".join([host, *path]) + (f":{label}" if label else "") + (f"@{digest}" if digest else "")
    assert parse_reference(text) == ImageRef(host, "/".join(path), label, digest, text)


@given(st.text(max_size=60) | st.text("ab/:@.-_$[]A0", max_size=40))
def test_what_parses_keeps_its_meaning_in_full_form(text: str) -> None:
    ref = parse_reference(text)
    if ref is not None:
        full = ref.name + (f":{ref.tag}" if ref.tag else "") + (f"@{ref.digest}" if ref.digest else "")
        again = parse_reference(full)
        assert again is not None
        assert (again.name, again.tag, again.digest) == (ref.name, ref.tag, ref.digest)
