"""RUNs taken apart, put together, added to; every result is read again by the shell analysis."""

from __future__ import annotations

import pytest

from imgtool.edits import Edit, apply, cut
from imgtool.facts.facts import Facts
from imgtool.syntax import parse
from imgtool.transforms.instructions import remove_instruction, set_flag
from imgtool.transforms.merge import merge_runs
from imgtool.transforms.runs import append_command, is_chain, is_stateful, rebuild, segments, without_items

BASE = "FROM debian:bookworm\n"


def facts_of(text: str) -> Facts:
    return Facts(parse((BASE + text).encode()))


def result(facts: Facts, edits: tuple[Edit, ...] | Edit | None) -> str | None:
    if edits is None:
        return None
    done = apply(facts.document.data, [edits] if isinstance(edits, Edit) else edits)
    return done.decode().removeprefix(BASE)


SEGMENTS = [
    ("RUN a", ["a"]),
    ("RUN a && b", ["a", "b"]),
    ("RUN a | b && c || d; e & f", ["a | b", "c", "d", "e", "f"]),
    ("RUN { a && b; } && (c; d)", ["{ a && b; }", "(c; d)"]),
    ("RUN if a; then b; fi && ! c", ["if a; then b; fi", "! c"]),
    ('RUN A=1 sudo a > f && bash -c "b && c"', ["A=1 sudo a > f", 'bash -c "b && c"']),
    ("RUN a \\\n  # why\n  && b $(c && d) \\\n  && e", ["a", "b $(c && d)", "e"]),
    ("RUN <<EOF\na\nb && c\nEOF", ["a", "b", "c"]),
]


@pytest.mark.parametrize("text, expected", SEGMENTS)
def test_segments(text: str, expected: list[str]) -> None:
    facts = facts_of(text)
    (run,) = facts.runs(facts.stages[0])
    assert [cut(facts.document.data, s.span) for s in segments(run.script)] == expected


CHAINS = [
    ("RUN a && b", True),
    ("RUN a \\\n # c\n && b && \\\n  d", True),
    ("RUN a", True),
    ("RUN (a; b) && c", True),
    ("RUN a; b", False),
    ("RUN a || b", False),
    ("RUN a & b", False),
    ("RUN a | b", False),
    ('RUN ["a", "b"]', False),
    ("RUN <<EOF\na && b\nEOF", False),
    ("RUN a '", False),
    ("RUN # nothing", False),
]


@pytest.mark.parametrize("text, expected", CHAINS)
def test_is_chain(text: str, *, expected: bool) -> None:
    facts = facts_of(text)
    (run,) = facts.runs(facts.stages[0])
    assert is_chain(facts.document.data, run) is expected


STATEFUL = [
    *(
        "cd /a && b",
        "export A=1 && b",
        "set -e && b",
        "trap x EXIT && b",
        "umask 022 && b",
        "A=1 && b",
        ". /x && b",
    ),
    *("source /x && b", "{ cd /a; } && b", "if a; then cd /b; fi && c", "for i in 1 2; do a $i; done && b"),
    *("eval a && b", "conda activate x && b", "f() { a; } && f", 'echo "${A:=1}" && b', "read A < f && b"),
    *("while read l; do a; done < f", "declare A=1 && b", "exec a", "((A=1)) && b"),
]
STATELESS = [
    *("(cd /a && b) && c", "A=1 b && c", "b $(cd /a && c)", 'bash -c "cd /a; export B=1; c"', "env A=1 b"),
    *("echo cd && b", "conda install -y x", "a > f && b", "test -f a && [ -d b ]"),
]


@pytest.mark.parametrize("script", STATEFUL)
def test_stateful(script: str) -> None:
    facts = facts_of(f"RUN {script}")
    assert is_stateful(facts.runs(facts.stages[0])[0])


@pytest.mark.parametrize("script", STATELESS)
def test_stateless(script: str) -> None:
    facts = facts_of(f"RUN {script}")
    assert not is_stateful(facts.runs(facts.stages[0])[0])


# a RUN and what becomes of it with `z` behind it; None: there is no place for it
APPENDED = [
    ("RUN a", "RUN a && z"),
    ("RUN a && b", "RUN a && b && z"),
    ("RUN a || b", "RUN a || b && z"),
    ("RUN a; b", "RUN a; b && z"),
    ("RUN a; b;", "RUN a; b && z;"),
    ("RUN a | b", "RUN a | b && z"),
    ("RUN a # why", "RUN a && z # why"),
    ("RUN a \\\n    && b\n", "RUN a \\\n    && b \\\n    && z\n"),
    ("RUN a && \\\n  b\n", "RUN a && \\\n  b && \\\n  z\n"),
    ("RUN a; \\\n\tb\n", "RUN a; \\\n\tb && \\\n\tz\n"),
    ("RUN a \\\n  b\n", "RUN a \\\n  b \\\n    && z\n"),
    ("RUN a \\\r\n && b\r\n", "RUN a \\\r\n && b \\\r\n && z\r\n"),
    ("RUN a \\\n  # c\n  && b \\\n  # d\n", "RUN a \\\n  # c\n  && b \\\n  && z \\\n  # d\n"),
    ("RUN a > f 2>&1", "RUN a > f 2>&1 && z"),
    ("RUN if a; then b; fi", "RUN if a; then b; fi && z"),
    ("RUN for i in 1; do a; done", "RUN for i in 1; do a; done && z"),
    ('RUN bash -c "a && b"', 'RUN bash -c "a && b" && z'),
    ("RUN a || exit 1", "RUN a || exit 1 && z"),
    ("RUN <<EOF\nset -e\na\nEOF\n", "RUN <<EOF\nset -e\na && z\nEOF\n"),
    ("RUN <<-EOF\n\ta\n\tb # why\n\tEOF\n", "RUN <<-EOF\n\ta\n\tb && z # why\n\tEOF\n"),
    ("RUN a &", None),
    ("RUN a & b", "RUN a & b && z"),
    ("RUN a && exit 0", None),
    ("RUN if a; then exit 0; fi; b", None),
    ("RUN a || exit 0", None),
    ("RUN a || exit $?", "RUN a || exit $? && z"),
    ("RUN if a; then exit 1; fi; b", "RUN if a; then exit 1; fi; b && z"),
    ("RUN (exit 0) && b", "RUN (exit 0) && b && z"),
    ("RUN exec a", None),
    ("RUN cat <<EOF > f && b\nx\nEOF\n", None),
    ("RUN <<EOF python3\nprint(1)\nEOF\n", None),
    ('RUN ["a"]', None),
    ("RUN a '", None),
    ("RUN", None),
]


@pytest.mark.parametrize("text, expected", APPENDED)
def test_append(text: str, expected: str | None) -> None:
    facts = facts_of(text)
    (run,) = facts.runs(facts.stages[0])
    assert result(facts, append_command(facts.document, run, "z")) == expected


@pytest.mark.parametrize("text", [text for text, expected in APPENDED if expected])
def test_what_is_appended_runs_where_all_before_succeeded(text: str) -> None:
    facts = facts_of(text)
    edit = append_command(facts.document, facts.runs(facts.stages[0])[0], "z")
    assert edit
    again = Facts(parse(apply(facts.document.data, [edit])))
    (run,) = again.runs(again.stages[0])
    last = run.script.commands[-1]
    assert (last.name, last.unconditional, last.checked, last.connector) == ("z", True, True, "&&")


# what is behind the command called m
BEHIND = [
    ("RUN a && m && b", "RUN a && m && b && z"),
    ("RUN <<E\nm\nb\nE\n", "RUN <<E\nm\nz\nb\nE\n"),
    ("RUN <<E\nm; # why\n\n# of b\nb\nE\n", "RUN <<E\nm; # why\nz\n\n# of b\nb\nE\n"),
    ("RUN <<-E\n\ta &&\n\t\tm\n\tb\nE\n", "RUN <<-E\n\ta &&\n\t\tm\n\tz\n\tb\nE\n"),
    ("RUN <<E\nm && a ||\n  b\nc\nE\n", "RUN <<E\nm && a ||\n  b\nz\nc\nE\n"),
    ("RUN <<E\nif m; then\n  a\nfi\nb\nE\n", "RUN <<E\nif m; then\n  a\nfi\nz\nb\nE\n"),
    ("RUN <<E\nm; a\nb\nE\n", "RUN <<E\nm; a\nz\nb\nE\n"),
    # nothing else follows
    ("RUN <<E\na\nm\nE\n", "RUN <<E\na\nm && z\nE\n"),
    ("RUN <<E\nm &&\nb\nE\n", "RUN <<E\nm &&\nb && z\nE\n"),
    # the next line asks how it ended
    ("RUN <<'E'\nm\necho $?\nE\n", "RUN <<'E'\nm\necho $? && z\nE\n"),
    ("RUN <<'E'\nm\nexit 0\nE\n", None),
]


@pytest.mark.parametrize("text, expected", BEHIND)
def test_append_behind(text: str, expected: str | None) -> None:
    facts = facts_of(text)
    (run,) = facts.runs(facts.stages[0])
    behind = next(command for command in run.script.commands if command.name == "m")
    assert result(facts, append_command(facts.document, run, "z", behind)) == expected


WITHOUT = [
    ("RUN a && b && c", ["b"], "RUN a && c"),
    ("RUN a && b && c", ["a"], "RUN b && c"),
    ("RUN a && b && c", ["c"], "RUN a && b"),
    ("RUN a && b && c", ["a", "b"], "RUN c"),
    ("RUN a && b && c && d", ["b", "c"], "RUN a && d"),
    ("RUN a && b && c && d", ["a", "c"], "RUN b && d"),
    ("RUN a \\\n # of b\n && b \\\n && c\n", ["b"], "RUN a \\\n && c\n"),
    ("RUN a && b", ["a", "b"], None),
]


@pytest.mark.parametrize("text, drop, expected", WITHOUT)
def test_without_items(text: str, drop: list[str], expected: str | None) -> None:
    facts = facts_of(text)
    (run,) = facts.runs(facts.stages[0])
    spans = [s.span for s in segments(run.script) if s.commands[0].name in drop]
    assert result(facts, without_items(run, spans)) == expected


@pytest.mark.parametrize("text, drop, expected", [row for row in WITHOUT if "#" not in row[0]])
def test_rebuild_says_the_same(text: str, drop: list[str], expected: str | None) -> None:
    facts = facts_of(text)
    (run,) = facts.runs(facts.stages[0])
    texts = {s.span: None for s in segments(run.script) if s.commands[0].name in drop}
    assert rebuild(facts.document.data, run, texts) == expected


# RUNs that must stay apart, each with the reason
APART = [
    ("RUN a || true\nRUN b", "what fails before it would not fail the RUN"),
    ("RUN a\nRUN b || c", "c would run where a fails"),
    ("RUN a; b\nRUN c", "a may fail"),
    ("RUN a &\nRUN b", "a would go on beside b"),
    ("RUN cd /a\nRUN b", "the folder would stay"),
    ("RUN export A=1\nRUN b", "the variable would stay"),
    ("RUN set -x\nRUN b", "the option would stay"),
    ("RUN a\nRUN trap b EXIT", "decided so"),
    ("RUN a\nENV A=1\nRUN b", "not adjacent"),
    ("RUN --mount=type=cache,target=/c a\nRUN b", "b would see the mount"),
    (
        "RUN --mount=type=tmpfs,target=/t a\nRUN --mount=type=tmpfs,target=/t b",
        "b would see what a left there",
    ),
    ("RUN --mount=type=bind,rw,target=/t a\nRUN --mount=type=bind,rw,target=/t b", "likewise"),
    ("RUN echo 1.2.3.4 x >> /etc/hosts\nRUN b", "the builder mounts it anew for each RUN"),
    ("RUN service postgresql start\nRUN b", "a server would still run"),
    ("RUN /etc/init.d/ssh start\nRUN b", "a server would still run"),
    ("RUN pip install --upgrade pip\nRUN pip install b", "the shell would go on with the old pip"),
    ("RUN a # why\nRUN b", "a comment ends the line"),
    ('RUN ["a"]\nRUN b', "exec form"),
    ("RUN <<EOF\na\nEOF\nRUN b", "a here-document"),
    ("RUN a\n# hadolint ignore=DL3008\nRUN b", "a comment that speaks of the second alone"),
    ('SHELL ["/bin/bash", "-lc"]\nRUN a\nRUN b', "a login shell reads what a wrote to a profile"),
    ('SHELL ["conda", "run", "-n", "x", "/bin/bash", "-c"]\nRUN a\nRUN b', "the environment is made anew"),
    ("ENV BASH_ENV=/root/.bashrc\nRUN a\nRUN b", "the shell reads a file that a may write"),
    ("RUN a '\nRUN b", "not understood"),
]


@pytest.mark.parametrize("text, reason", APART)
def test_stay_apart(text: str, reason: str) -> None:
    facts = facts_of(text)
    assert merge_runs(facts, facts.runs(facts.stages[0])[-2:]) is None, reason


MERGED = [
    ("RUN a\nRUN b\n", "RUN a \\\n    && b\n"),
    ("RUN a && b\nRUN (cd /c && d)\n", "RUN a && b \\\n    && (cd /c && d)\n"),
    ("RUN a | b\nRUN ! c\n", "RUN a | b \\\n    && ! c\n"),
    (
        "RUN --mount=type=cache,target=/c a\nRUN --mount=type=cache,target=/c b\n",
        "RUN --mount=type=cache,target=/c a \\\n    && b\n",
    ),
    (
        'SHELL ["/bin/bash", "-eo", "pipefail", "-c"]\nRUN a\nRUN b',
        'SHELL ["/bin/bash", "-eo", "pipefail", "-c"]\nRUN a \\\n    && b',
    ),
    (
        "RUN pip install -U pip\nRUN python3 -m pip install b\n",
        "RUN pip install -U pip \\\n    && python3 -m pip install b\n",
    ),
]


@pytest.mark.parametrize("text, expected", MERGED)
def test_merged(text: str, expected: str) -> None:
    facts = facts_of(text)
    assert result(facts, merge_runs(facts, facts.runs(facts.stages[0]))) == expected


def test_a_script_that_no_argument_holds_is_not_made() -> None:
    long = "RUN echo " + "x" * 15_000 + "\n"
    facts = facts_of(long * 9)
    runs = facts.runs(facts.stages[0])
    assert merge_runs(facts, runs) is None
    assert merge_runs(facts, runs[:8])


# --- whole instructions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, expected",
    [
        ("COPY a b", "COPY --chown=u:g a b"),
        ("copy --from=x a b", "copy --chown=u:g --from=x a b"),
        ("COPY --chown=old --link a b", "COPY --chown=u:g --link a b"),
        ("COPY \\\n  a b", "COPY --chown=u:g \\\n  a b"),
    ],
)
def test_set_flag(text: str, expected: str) -> None:
    facts = facts_of(text)
    assert result(facts, set_flag(facts.stages[0].instructions[0], "chown", "u:g")) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("RUN a\nRUN b\n", "RUN b\n"),
        ("# why a\nRUN a \\\n && c\nRUN b\n", "RUN b\n"),
        ("# of all\n\n# why a\nRUN a\nRUN b\n", "# of all\n\nRUN b\n"),
        ("# imgtool global ignore=X\n# why a\nRUN a\nRUN b\n", "# imgtool global ignore=X\nRUN b\n"),
        ("RUN a", ""),
        ("# of all\n\nRUN a\n\nRUN b\n", "# of all\n\nRUN b\n"),
        ("# of all\n\n# why a\nRUN a\n \n\nRUN b\n", "# of all\n\n\nRUN b\n"),
        ("\r\nRUN a\r\n\r\nRUN b\r\n", "\r\nRUN b\r\n"),
        ("RUN a\n\nRUN b\n", "\nRUN b\n"),
        ("# imgtool global ignore=X\nRUN a\n\nRUN b\n", "# imgtool global ignore=X\n\nRUN b\n"),
        ("# of all\n\nRUN a\n", "# of all\n\n"),
    ],
)
def test_remove_instruction(text: str, expected: str) -> None:
    facts = facts_of(text)
    instruction = facts.stages[0].instructions[0]
    assert result(facts, remove_instruction(facts.document, instruction)) == expected
