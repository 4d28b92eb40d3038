"""The look at all names of an instruction at once says what expanding each word says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from imgtool.facts.facts import FactOptions
from imgtool.findings import Finding
from imgtool.lint import registry
from imgtool.lint.runner import lint

NAMES = ("A", "B", "AB", "PATH", "TARGETARCH", "HOME")


def found(data: bytes, build_args: dict[str, str]) -> list[Finding]:
    """What the rule says of a file."""
    result = lint(
        data, "Dockerfile", [registry.load(registry.find("BK011"))], FactOptions(build_args=build_args)
    )
    assert not result.failures
    return [finding for finding in result.findings if finding.code == "BK011"]


def by_words(data: bytes, build_args: dict[str, str]) -> list[Finding]:
    """The same with every word expanded."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{registry.find('BK011').module}._all_set", lambda *_: False)
        return found(data, build_args)


_names = st.sampled_from(NAMES)
_words = st.lists(
    st.one_of(
        st.builds("${}".format, _names),
        st.builds("${{{}}}".format, _names),
        st.builds("${{{}:-x$B}}".format, _names),
        st.builds("\\${}".format, _names),
        st.builds("'${}'".format, _names),
        st.builds('"${}"'.format, _names),
        st.sampled_from(["x", "/", "$", "$$", "${", "$1", "\\", " \\\n ", "é", "${A#$B}", "<<E"]),
    ),
    max_size=4,
).map("".join)
_lines = st.one_of(
    st.builds("FROM debian:12 AS {}".format, st.sampled_from(["a", "b"])),
    st.builds("FROM {}".format, st.sampled_from(["scratch", "a", "b", "debian"])),
    st.builds("ARG {}".format, _names),
    st.builds("ARG {}={}".format, _names, _words),
    st.builds("ARG {}={} {}={}".format, _names, _words, _names, _words),
    st.builds("ENV {}={}".format, _names, _words),
    st.builds("ENV {}={} {}={}".format, _names, _words, _names, _words),
    st.builds("ENV {} {}".format, _names, _words),
    st.builds("LABEL x={}".format, _words),
    st.builds("COPY --chown={} {} y".format, _words, _words),
    st.builds('COPY ["{}", "y"]'.format, _words),
    st.builds("COPY <<E {}\n{}\nE".format, _words, _words),
    st.builds("RUN --mount=type=cache,target={} {}".format, _words, _words),
    st.builds("WORKDIR {}".format, _words),
    st.builds("USER {}".format, _words),
    st.builds("VOLUME {}".format, _words),
    st.builds("EXPOSE {}".format, _words),
    st.builds("ONBUILD ENV A={}".format, _words),
)
FILES = st.lists(_lines, max_size=8).map(lambda lines: "\n".join(["FROM scratch", *lines, ""]).encode())


@settings(max_examples=300)
@given(FILES, st.dictionaries(_names, st.just("x"), max_size=1))
@example(b"FROM scratch\nENV A=1\nFROM scratch\nLABEL a=$A\n", {})
@example(b"FROM scratch\nENV A=1\nLABEL a=$A\nCOPY $A $B\n", {})
@example(b"FROM scratch\nARG A=1\nENV B=$A A=$B\n", {})
@example(b"FROM scratch\nENV A=1\nLABEL a=$A\\\nB\n", {})
def test_quick(data: bytes, build_args: dict[str, str]) -> None:
    assert found(data, build_args) == by_words(data, build_args)


@pytest.mark.corpus
def test_quick_in_the_corpus(corpus: Path) -> None:
    for path in sorted((corpus / "open").iterdir()):
        data = path.read_bytes()
        if b"$" in data:
            assert found(data, {}) == by_words(data, {}), path.name
