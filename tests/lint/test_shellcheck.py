from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.edits import apply
from imgtool.facts.facts import Facts
from imgtool.findings import Applicability, Finding
from imgtool.lint.shellcheck import findings, program, run, session
from imgtool.lint.shellcheck.script import MAX_SCRIPT, PRELUDE_LINES, PROGRAMS, Lines, Snippet, snippets
from imgtool.syntax import parse
from imgtool.syntax.source import decode

PROGRAM = program.find()
needs_shellcheck = pytest.mark.skipif(PROGRAM is None, reason="ShellCheck is not installed")


def scripts(text: str | bytes) -> list[Snippet]:
    data = text if isinstance(text, bytes) else text.encode()
    return list(snippets(Facts(parse(data))))


def found(text: str | bytes) -> Iterator[Finding]:
    assert PROGRAM
    made = scripts(text)
    return findings.findings(made, run.check([script.data for script in made], PROGRAM))


def places(text: str | bytes) -> set[tuple[str, int, int]]:
    source = parse(text if isinstance(text, bytes) else text.encode()).source
    return {(f.code, *source.place(f.span.start)) for f in found(text)}


def underlined(text: str | bytes) -> set[tuple[str, str]]:
    source = parse(text if isinstance(text, bytes) else text.encode()).source
    return {(f.code, source.text(f.span)) for f in found(text)}


# --- which shell -----------------------------------------------------------------------------------------

UBUNTU = "FROM ubuntu:22.04\n"


@pytest.mark.parametrize(
    "text, shell",
    [
        # nothing is known of the image
        ("FROM somebody/something\nRUN ls\n", "sh"),
        ("FROM scratch\nRUN ls\n", "sh"),
        # what /bin/sh is there
        (UBUNTU + "RUN ls\n", "dash"),
        ("FROM alpine:3.19\nRUN ls\n", "busybox"),
        ("FROM rockylinux:9\nRUN ls\n", "bash"),
        ("FROM ubuntu:22.04 AS a\nFROM a\nRUN ls\n", "dash"),
        # a family's own SHELL
        ("FROM ascendai/cann:8.0.rc1-910b-openeuler22.03-py3.10\nRUN ls\n", "bash"),
        # bash as sh, from the next RUN on and in stages that stand on it
        (UBUNTU + "RUN ln -sf /bin/bash /bin/sh\nRUN ls\n", "bash"),
        ("FROM ubuntu:22.04 AS a\nRUN rm /bin/sh && ln -s bash /bin/sh\nFROM a\nRUN ls\n", "bash"),
        ("FROM ubuntu:22.04 AS a\nRUN ln -s bash /bin/sh\nFROM ubuntu:22.04\nRUN ls\n", "dash"),
        # SHELL, however bash is started
        (UBUNTU + 'SHELL ["/bin/bash", "-c"]\nRUN ls\n', "bash"),
        (UBUNTU + 'SHELL ["bash", "-c"]\nRUN ls\n', "bash"),
        (UBUNTU + 'SHELL ["/usr/bin/env", "bash", "-c"]\nRUN ls\n', "bash"),
        (UBUNTU + 'SHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN ls\n', "bash"),
        (UBUNTU + 'SHELL ["conda", "run", "-n", "x", "/bin/bash", "-c"]\nRUN ls\n', "bash"),
        (UBUNTU + 'SHELL ["/bin/bash", "-eo", "pipefail", "-c"]\nRUN ls\n', "bash -e"),
        (UBUNTU + 'SHELL ["/bin/bash", "-c"]\nENV A=1\nARG B\nRUN ls\n', "bash"),
        (UBUNTU + 'SHELL ["/usr/local/bin/_dockerfile_shell.sh"]\nRUN ls\n', "bash"),
        (UBUNTU + 'SHELL ["/bin/ash", "-c"]\nRUN ls\n', "dash"),
        ("FROM alpine:3.19\n" + 'SHELL ["/bin/ash", "-eo", "pipefail", "-c"]\nRUN ls\n', "busybox -e"),
        (UBUNTU + 'SHELL ["/bin/ksh", "-c"]\nRUN ls\n', "ksh"),
        # comments
        (UBUNTU + "# hadolint shell=/bin/bash\nRUN ls\n", "bash"),
        (UBUNTU + "# hadolint shell=bash\nRUN ls\n", "bash"),
        ("# hadolint shell=bash\n" + UBUNTU + "RUN ls\n", "bash"),
        (UBUNTU + '# hadolint shell=bash\nSHELL ["/bin/sh", "-c"]\nRUN ls\n', "dash"),
        ("FROM ubuntu:22.04 AS a\n# hadolint shell=bash\nFROM ubuntu:22.04\nRUN ls\n", "dash"),
        (UBUNTU + "# shellcheck shell=bash\nRUN ls\n", "bash"),
        (UBUNTU + "RUN echo && \\\n # shellcheck shell=ksh\n ls\n", "ksh"),
        (UBUNTU + "RUN <<EOF\n# shellcheck shell=bash\nls\nEOF\n", "bash"),
        # what is no shell of ShellCheck's
        (UBUNTU + 'SHELL ["zsh", "-c"]\nRUN ls\n', None),
        (UBUNTU + 'SHELL ["pwsh", "-Command"]\nRUN ls\n', None),
        (UBUNTU + 'SHELL ["python3", "-c"]\nRUN import os\n', None),
        (UBUNTU + "# hadolint shell=pwsh\nRUN ls\n", None),
        (UBUNTU + "# shellcheck shell=zsh\nRUN ls\n", None),
        ("FROM mcr.microsoft.com/windows/servercore:ltsc2022\nRUN dir C:\\\n", None),
        ("FROM python:3.12-windowsservercore-ltsc2022\nRUN dir\n", None),
        ("FROM --platform=windows/amd64 somebody/something\nRUN dir\n", None),
        ('FROM mcr.microsoft.com/windows/nanoserver:1809\nSHELL ["bash", "-c"]\nRUN ls\n', "bash"),
        # here-documents that are run as files, or read by a shell
        (UBUNTU + "RUN <<EOF\n#!/bin/bash -e\nls\nEOF\n", "bash -e"),
        (UBUNTU + "RUN <<EOF\n#!/usr/bin/env bash\nls\nEOF\n", "bash"),
        (UBUNTU + "RUN <<EOF\n#!/usr/bin/env -S bash -e\nls\nEOF\n", "bash -e"),
        (UBUNTU + "RUN <<EOF\n#!/bin/sh\nls\nEOF\n", "dash"),
        (UBUNTU + "RUN <<EOF\n#!/usr/bin/env python3\nimport os\nEOF\n", None),
        # exec form
        (UBUNTU + 'RUN ["bash", "-c", "ls"]\n', "bash"),
        (UBUNTU + 'RUN ["ls", "-l"]\n', None),
        # nothing to check
        (UBUNTU + "RUN\n", None),
    ],
)
def test_the_shell(text: str, shell: str | None) -> None:
    made = scripts(text)
    if shell is None:
        assert not made
        return
    dialect, *rest = shell.split()
    shebang, directive, _, *_ = made[-1].data.decode().split("\n")
    assert directive.split()[2] == f"shell={dialect}"
    assert shebang.split()[1:] == rest


@pytest.mark.parametrize(
    "text, inner",
    [
        ("RUN <<'EOF' bash\nls $x\nEOF\n", b"ls $x\n"),
        ("RUN bash -ex <<'EOF'\nls $x\nEOF\n", b"ls $x\n"),
        ("RUN sudo bash <<-'EOF'\n\tls $x\n\tEOF\n", b"ls $x\n"),
        ("RUN bash <<EOF\nls -l\nEOF\n", b"ls -l\n"),
        # the outer shell puts values into it
        ("RUN bash <<EOF\nls $x\nEOF\n", None),
        ("RUN python3 <<'EOF'\nimport os\nEOF\n", None),
        ("RUN <<'EOF' python3\nimport os\nEOF\n", None),
        ("RUN bash script.sh <<'EOF'\nls\nEOF\n", None),
        ("RUN cat <<'EOF' > /x\nls\nEOF\n", None),
    ],
)
def test_a_here_document_that_a_shell_reads_is_a_script_of_its_own(text: str, inner: bytes | None) -> None:
    _, *more = scripts(UBUNTU + text)
    assert [script.source.data for script in more] == ([inner] if inner else [])


def test_a_script_that_is_too_long_is_left_out() -> None:
    assert not scripts(UBUNTU + "RUN echo " + "a" * MAX_SCRIPT + "\n")
    assert scripts(UBUNTU + "RUN echo " + "a" * (MAX_SCRIPT - 5) + "\n")


_ORDINARY = "-y -rf -m --no-cache --mode=0755 a==1.2 a=b 755 / /usr . .. ./x a/../b -- - @ % + , user:group https://x/y.git -o -"


@needs_shellcheck
def test_scripts_that_are_not_asked_about_are_clean() -> None:
    """Each program that is taken for one of no interest, with words of every kind, alone and in a chain."""
    lines = [f"{name} {_ORDINARY}" for name in PROGRAMS.split()]
    lines += [f"{name} {word}" for name in PROGRAMS.split() for word in ("x", "-rf /", "..", "")]
    lines.append(" && ".join(lines))
    assert not scripts(UBUNTU + "".join(f"RUN {line}\n" for line in lines))
    shells = ("sh", "bash", "dash")
    given = [f"#!/bin/{shell}\n\n\n{line}".encode() for shell in shells for line in lines]
    assert PROGRAM
    assert not any(run.check(given, PROGRAM).values())


@pytest.mark.parametrize(
    "text", ["pip install $X", "pip install do", "git clone x | y", "A=b pip", "pip 'a'", "rm -rf x"]
)
def test_any_other_script_is_asked_about(text: str) -> None:
    assert scripts(f"{UBUNTU}RUN {text}\n")


# --- where -----------------------------------------------------------------------------------------------


@needs_shellcheck
@pytest.mark.parametrize(
    "text, expected",
    [
        ("RUN echo $V\n", {("SC2086", 2, 10)}),
        ("run  echo $V\n", {("SC2086", 2, 11)}),
        # continuations, comments and empty lines in them
        ("RUN true \\\n  && echo $V\n", {("SC2086", 3, 11)}),
        ("RUN true \\\n  # why\n\n  && echo $V\n", {("SC2086", 5, 11)}),
        ("RUN ec\\\nho $V\n", {("SC2086", 3, 4)}),
        ("RUN true \\ \t\n  && echo $V\n", {("SC2086", 3, 11)}),
        ("RUN true \\\r\n  && echo $V\r\n", {("SC2086", 3, 11)}),
        # tabs are one column, and so is each character
        ("RUN\ttrue\t&& echo\t$V\n", {("SC2086", 2, 18)}),
        ("RUN echo 'ü€𝄞' $V\n", {("SC2086", 2, 16)}),
        ("RUN true 'ü' \\\n 'ü' && echo ü $V\n", {("SC2086", 3, 16)}),
        (b"RUN echo '\xff\xfe' $V\n", {("SC2086", 2, 15)}),
        # flags are BuildKit's
        ("RUN --mount=type=cache,target=/x --network=none echo $V\n", {("SC2086", 2, 54)}),
        ("RUN --device=nvidia.com/gpu=all \\\n echo $V\n", {("SC2086", 3, 7)}),
        # several at once
        (
            "RUN cd /x; \\\n echo $V; \\\n ls `pwd`\n",
            {("SC2164", 2, 5), ("SC2086", 3, 7), ("SC2046", 4, 5), ("SC2006", 4, 5)},
        ),
        ("ONBUILD RUN echo $V\n", {("SC2086", 2, 18)}),
        # here-documents
        ("RUN <<EOF\necho $V\n  echo $V\nEOF\n", {("SC2086", 3, 6), ("SC2086", 4, 8)}),
        ("RUN <<-EOF\n\techo $V\n\t\techo $V\n\tEOF\n", {("SC2086", 3, 7), ("SC2086", 4, 8)}),
        ("RUN <<EOF\n#!/bin/bash\n\necho $V\nEOF\n", {("SC2086", 5, 6)}),
        ("RUN bash <<'EOF'\ntrue\necho $V\nEOF\n", {("SC2086", 4, 6)}),
        ("RUN cat <<EOF > /x && echo $V\n$lower\nEOF\n", {("SC2086", 2, 28), ("SC2154", 3, 1)}),
        ("RUN cat <<A 3<<B && echo $V\na\nA\n$lower\nB\n", {("SC2086", 2, 26), ("SC2154", 5, 1)}),
        ("ONBUILD RUN <<EOF\necho $V\nEOF\n", {("SC2086", 3, 6)}),
        # exec form
        ('RUN ["bash", "-c", "echo $V"]\n', {("SC2086", 2, 26)}),
        ('RUN ["bash", "-c", "echo \\"a\\" \\u0041 $V"]\n', {("SC2086", 2, 39)}),
        ('RUN ["bash", "-c", \\\n "echo $V"]\n', {("SC2086", 3, 8)}),
    ],
)
def test_places(text: str | bytes, expected: set[tuple[str, int, int]]) -> None:
    data = text if isinstance(text, bytes) else text.encode()
    assert places(UBUNTU.encode() + data) == expected


@needs_shellcheck
def test_places_under_another_escape() -> None:
    text = "# escape=`\nFROM ubuntu:22.04\nRUN true `\n # x\n && echo 'C:\\x' $V\n"
    assert places(text) == {("SC2086", 5, 17)}


@needs_shellcheck
def test_places_behind_a_byte_order_mark() -> None:
    assert places("\ufeffFROM ubuntu:22.04\nRUN echo $V\n") == {("SC2086", 2, 10)}


@needs_shellcheck
@pytest.mark.parametrize(
    "text, expected",
    [
        ("RUN ls ${V}/x\n", {("SC2086", "${V}")}),
        ("RUN ls $(cat \\\n  x)\n", {("SC2046", "$(cat \\\n  x)")}),
        ("RUN true; cd /x \\\n # end\n", {("SC2164", "cd /x")}),
        ("RUN <<-EOF\n\tls $(cat \\\n\t\tx)\n\tEOF\n", {("SC2046", "$(cat \\\n\t\tx)")}),
    ],
)
def test_ends(text: str, expected: set[tuple[str, str]]) -> None:
    assert underlined(UBUNTU + text) == expected


_PIECES = st.sampled_from(
    [
        "echo ",
        "a",
        "ü",
        "€",
        "\t",
        " \\\n",
        "\\\r\n",
        " \\\n# c\n",
        " \\\n\n \t",
        "'x'",
        " && ",
        "$V",
        "𝄞",
        ";",
    ]
)
_LINES = st.text(st.sampled_from("ab$ \t#ü'\\"), max_size=12)


@given(st.lists(_PIECES, max_size=30))
def test_each_character_of_a_script_is_that_of_the_file(pieces: list[str]) -> None:
    _maps_back(("FROM ubuntu:22.04\nRUN echo " + "".join(pieces) + "x\nRUN true\n").encode())


@given(st.lists(_LINES, max_size=6), st.sampled_from(["<<EOF", "<<-EOF", "<<'EOF'", "bash <<'EOF'"]))
def test_each_character_of_a_here_document_is_that_of_the_file(lines: list[str], marker: str) -> None:
    body = "".join(f"\t{line}\n" for line in lines)
    _maps_back(f"FROM ubuntu:22.04\nRUN {marker}\n{body}EOF\n".encode())


def _maps_back(data: bytes) -> None:
    for script in snippets(Facts(parse(data))):
        read = script.data.split(b"\n", PRELUDE_LINES)[PRELUDE_LINES].decode()
        assert read == decode(script.source.data)
        lines = Lines(script.source.data)
        line, column = PRELUDE_LINES + 1, 1
        for character in read:
            index = lines.index(line, column)
            span = script.source.span(index, index + len(character.encode()))
            assert data[span.start : span.end].decode() == character
            line, column = (line + 1, 1) if character == "\n" else (line, column + 1)
        assert lines.index(line, column) == len(script.source.data)


# --- what is found ---------------------------------------------------------------------------------------


@needs_shellcheck
@pytest.mark.parametrize(
    "text, codes",
    [
        # variables that the build sets
        ('RUN echo "$lower"\n', {"SC2154"}),
        ('ARG lower\nRUN echo "$lower"\n', set()),
        ('ENV lower=1\nRUN echo "$lower"\n', set()),
        ('ENV a=1 lower=1\nONBUILD RUN echo "$lower"\n', set()),
        ('RUN echo "$http_proxy$all_proxy"\n', set()),
        # a value of one word needs no quotes
        ("ARG V=1.2\nRUN echo $V\n", set()),
        ("ENV V=/opt/x\nRUN echo $V\n", set()),
        ("ARG V\nRUN echo $V\n", {"SC2086"}),
        ("ARG V=\nRUN echo $V\n", {"SC2086"}),
        ('ENV V="a b"\nRUN echo $V\n', {"SC2086"}),
        ("ENV V=*.c\nRUN echo $V\n", {"SC2086"}),
        ("ENV V=1\nRUN V=$(cat x) && echo $V\n", {"SC2086"}),
        # what a RUN exports is used by others
        ("ENV V=1\nRUN V=2 && ls\n", set()),
        ("RUN V=2 && ls\n", {"SC2034"}),
        # the shebang is ours
        ('SHELL ["bash", "-c"]\nRUN [[ -e x ]] || ls\n', set()),
        ('SHELL ["/usr/bin/env", "bash", "-c"]\nRUN [[ -e x ]] || ls\n', set()),
        ('SHELL ["conda", "run", "-n", "x", "bash", "-c"]\nRUN [[ -e x ]] || ls\n', set()),
        ("RUN [[ -e x ]] || ls\n", {"SC3010"}),
        ("RUN --device=nvidia.com/gpu=all ls\n", set()),
        ("RUN --mount=type=cache,target=/x ls\n", set()),
        # files that are not there
        ('RUN . /opt/x && . "$V"\n', set()),
        # -e is given to the shell
        ('SHELL ["/bin/bash", "-ec"]\nRUN cd /x; ls\n', set()),
        ('SHELL ["/bin/bash", "-c"]\nRUN cd /x; ls\n', {"SC2164"}),
        # directives
        ("# shellcheck disable=SC2086\nRUN echo $V\n", set()),
        ("# shellcheck disable=SC2086,SC2046 # why\nRUN echo $V `x`\n", {"SC2006"}),
        ("# shellcheck disable=SC2000-SC3000\nRUN echo $V\n", set()),
        ("# shellcheck disable=all\nRUN echo $V\n", set()),
        ("RUN true && \\\n # shellcheck disable=SC2086\n echo $V\n", set()),
        ("# shellcheck disable=SC2046\nRUN echo $V\n", {"SC2086"}),
        ("# shellcheck disable=\nRUN echo $V\n", {"SC2086"}),
        ("# shellcheck of $V\nRUN echo $V\n", {"SC2086"}),
        ("RUN <<EOF\n# shellcheck disable=SC2086\necho $V\necho $V\nEOF\n", set()),
        ("RUN <<EOF\ntrue\n# shellcheck disable=SC2086\necho $V\necho $V\nEOF\n", {"SC2086"}),
        ("RUN <<EOF\n#!/bin/bash\n# shellcheck disable=SC2086\necho $V\nEOF\n", set()),
        # another script of the same run is no file of this one
        ('RUN . ./0; echo "$x"\nRUN x=1\n', {"SC2154", "SC2034"}),
        # what is no script is said once, where it is
        ("RUN if true; then ls\n", {"SC1046", "SC1047", "SC1072", "SC1073"}),
    ],
)
def test_codes(text: str, codes: set[str]) -> None:
    assert {f.code for f in found(UBUNTU + text)} == codes


@needs_shellcheck
def test_carriage_returns_of_a_here_document_reach_the_shell() -> None:
    assert ("SC1017", 3, 8) in places("FROM ubuntu:22.04\r\nRUN <<EOF\r\necho hi\r\nEOF\r\n")


# --- fixes -----------------------------------------------------------------------------------------------


@needs_shellcheck
@pytest.mark.parametrize(
    "text, fixed",
    [
        ("RUN echo $V\n", 'RUN echo "$V"\n'),
        ("RUN true \\\n  # why\n  && echo $V \\\n  a\n", 'RUN true \\\n  # why\n  && echo "$V" \\\n  a\n'),
        ("RUN echo 'ü' $V\n", "RUN echo 'ü' \"$V\"\n"),
        ("RUN <<-EOF\n\techo $V\n\tEOF\n", 'RUN <<-EOF\n\techo "$V"\n\tEOF\n'),
        ("RUN true; cd /x\\\n\n", "RUN true; cd /x || exit\\\n\n"),
        # its words are known to be several
        ('ENV V="a b"\nRUN echo $V\n', None),
        # a string of JSON
        ('RUN ["bash", "-c", "echo $V"]\n', None),
    ],
)
def test_fixes(text: str, fixed: str | None) -> None:
    data = (UBUNTU + text).encode()
    offers = [f.fix for f in found(data) if f.fix]
    assert all(offer.applicability is Applicability.UNSAFE for offer in offers)
    made = apply(data, [edit for offer in offers for edit in offer.edits]) if offers else None
    assert made == (None if fixed is None else (UBUNTU + fixed).encode())


# --- the program -----------------------------------------------------------------------------------------


def _program(folder: Path, text: str = "#!/bin/sh\n") -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "shellcheck"
    file.write_text(text)
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


@pytest.mark.skipif(sys.platform == "win32", reason="programs have another name there")
def test_where_the_program_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beside, path, here = (tmp_path / name for name in ("beside", "path", "here"))
    for folder in (beside, path, here):
        _program(folder)
    monkeypatch.chdir(here)
    python = str(beside / "python")
    assert program.find({"PATH": str(path)}, python) == beside / "shellcheck"
    (beside / "shellcheck").unlink()
    assert program.find({"PATH": f"relative:{path}"}, python) == path / "shellcheck"
    # the project's own folder never counts
    for folders in (str(here), ".", "", f"{tmp_path}/path/../here"):
        assert program.find({"PATH": folders}, python) is None
    (path / "shellcheck").chmod(0o600)
    assert program.find({"PATH": str(path)}, python) is None
    assert program.find({}, "") is None


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for the program")
@pytest.mark.parametrize(
    "text", ["#!/bin/sh\nexit 3\n", "#!/bin/sh\necho nonsense\n", "#!/bin/sh\necho '[]'\n", "#!/no/such\n"]
)
def test_a_program_that_does_not_work(text: str, tmp_path: Path) -> None:
    broken = _program(tmp_path, text)
    with pytest.raises(run.ShellCheckError, match="shellcheck"):
        run.check([b"#!/bin/sh\n\n\nls\n"], broken)
    current = session.Session(broken)
    assert not current.begin([b"#!/bin/sh\n\n\nls\n"])()
    assert "ShellCheck does not work" in current.problem
    assert not current.begin([b"#!/bin/sh\n\n\ntrue\n"])()


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands for the program")
def test_a_program_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "BATCH_SECONDS", 0.2)
    monkeypatch.setattr(run, "SCRIPT_SECONDS", 0.2)
    hanging = _program(tmp_path, "#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(run.ShellCheckError, match="too long"):
        run.check([b"%d" % n for n in range(run.MAX_LOST)], hanging)
    # fewer have no answer, and that is all
    assert run.check([b"1"], hanging) == {}


def test_without_a_program() -> None:
    current = session.Session(None)
    assert not current.begin([b"x"])()
    assert current.problem == session.ABSENT


@needs_shellcheck
def test_each_script_is_asked_about_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    real = run.check

    def counted(scripts: list[bytes], given: Path) -> dict[bytes, tuple[run.Remark, ...]]:
        asked.extend(scripts)
        return real(scripts, given)

    monkeypatch.setattr(run, "check", counted)
    current = session.Session(PROGRAM)
    one, two = (script.data for script in scripts(UBUNTU + "RUN echo $V\nRUN echo $W\n"))
    first = current.begin([one, one])
    assert set(current.begin([one, two])()) == {one, two}
    assert first()[one]
    assert asked == [one, two]


@needs_shellcheck
def test_many_scripts_are_few_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    real = subprocess.run

    def counted(arguments: list[str], **options: object) -> object:
        started.append(len(arguments))
        return real(arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", counted)
    given = [f"#!/bin/sh\n\n\necho {number}\n".encode() for number in range(run.BATCH_SCRIPTS + 1)]
    assert PROGRAM
    assert set(run.check(given, PROGRAM)) == set(given)
    assert len(started) == 2


def test_a_change_that_cannot_be_made_is_not_offered() -> None:
    text = UBUNTU + "RUN echo $a b\n"
    (script,) = scripts(text)
    at = PRELUDE_LINES + 1

    def offered(*places: run.Place) -> list[Finding]:
        changes = tuple(run.Replacement(place, "x", after=False) for place in places)
        remark = run.Remark("SC2006", "style", "a message", run.Place(at, 6, at, 8), changes)
        return [f for f in findings.findings([script], {script.data: (remark,)}) if f.fix]

    assert offered(run.Place(at, 1, at, 5), run.Place(at, 6, at, 8))
    # they overlap
    assert not offered(run.Place(at, 1, at, 7), run.Place(at, 6, at, 8))
    assert not offered(run.Place(at, 1, at, 1), run.Place(at, 1, at, 2))


def test_a_place_above_the_script_is_its_begin() -> None:
    lines = Lines(b"a\nbc\n")
    assert [lines.index(line, 1) for line in (1, PRELUDE_LINES, PRELUDE_LINES + 1)] == [0, 0, 0]
