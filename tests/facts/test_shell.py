from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from time import thread_time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from imgtool.facts.shell import Command, Script, analyse, run_script
from imgtool.facts.shell_tree import MAX_SCRIPT
from imgtool.syntax.nodes import Instruction, Text
from imgtool.syntax.parser import parse

SH = ("/bin/sh", "-c")


def script(text: str | bytes, dialect: str = "bash") -> Script:
    data = text.encode() if isinstance(text, str) else text
    return analyse(Text(data, (0,), (0,)), dialect)


def run(dockerfile: str | bytes, shell: tuple[str, ...] = SH) -> Script:
    """The script of the first RUN of a Dockerfile."""
    data = dockerfile.encode() if isinstance(dockerfile, str) else dockerfile
    node = next(i for i in parse(data).instructions if (i.inner or i).keyword == "RUN")
    return run_script(node.inner or node, shell, node.heredocs)


def words(found: Script) -> list[list[str]]:
    return [[arg.text for arg in command.argv] for command in found.commands]


def only(text: str, dialect: str = "bash") -> Command:
    (command,) = script(text, dialect).commands
    return command


# --- words -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw, text, literal, expands",
    [
        ("plain", "plain", True, False),
        ("a=b", "a=b", True, False),
        ("a#b", "a#b", True, False),
        ('"a b"', "a b", True, False),
        ("'a $x b'", "a $x b", True, False),
        ("a\"b\"'c'd\\ e", "abcd e", True, False),
        ('"a\\"b\\n"', 'a"b\\n', True, False),
        ("\\$x", "$x", True, False),
        ("\\*", "*", True, False),
        ('"*"', "*", True, False),
        ("{}", "{}", True, False),
        ("[", "[", True, False),
        ("x~y", "x~y", True, False),
        ("pkg~=1.0", "pkg~=1.0", True, False),
        ("$x", "$x", False, True),
        ('"${x:-y z}"', "${x:-y z}", False, True),
        ("torch==${V}", "torch==${V}", False, True),
        ('a"$x"b', "a$xb", False, True),
        ("$(uname -r)", "$(uname -r)", False, True),
        ("`uname -r`", "`uname -r`", False, True),
        ('"$(echo "a b")"', '$(echo "a b")', False, True),
        ("$((1+2))", "$((1+2))", False, True),
        ("<(foo)", "<(foo)", False, True),
        ("$", "$", True, False),
        ("torch[cuda]", "torch[cuda]", False, False),
        ("[]a[b]", "[]a[b]", False, False),
        ("a]b[c[]", "a]b[c[]", False, False),
        ("a]b[]c[", "a]b[]c[", True, False),
        ("*.deb", "*.deb", False, False),
        ("a?b", "a?b", False, False),
        ("{a,b}", "{a,b}", False, False),
        ("{1..3}", "{1..3}", False, False),
        ("~/x", "~/x", False, False),
        ("P=~/x", "P=~/x", False, False),
        ("$'a\\n'", "a\\n", False, False),
        ("naïve", "naïve", True, False),
    ],
)
def test_words(raw: str, text: str, literal: bool, expands: bool) -> None:
    arg = script(f"echo {raw}").commands[-1].argv[1]
    assert (arg.text, arg.raw, arg.literal, arg.expands) == (text, raw, literal, expands)


def test_bytes_that_are_not_utf8_are_no_value() -> None:
    (command,) = script(b"echo \xff").commands
    assert command.argv[1].text == "�"
    assert not command.argv[1].literal


@pytest.mark.parametrize(
    "program, name",
    [
        ("pip", "pip"),
        ("/opt/conda/bin/pip", "pip"),
        ("./X.run", "X.run"),
        ('"pip"', "pip"),
        ("$VENV/bin/pip", "pip"),
        ('"${VENV}/bin/pip"', "pip"),
        ("~/.local/bin/uv", "uv"),
        ("$PIP", ""),
        ("pip$V", ""),
        ("/usr/bin/python$V", ""),
        ("$(which pip)", ""),
        ("$(ls /usr/bin/pip)", ""),
        ("./install*.sh", ""),
    ],
)
def test_program_names(program: str, name: str) -> None:
    assert script(f"{program} install x").commands[-1].name == name


# --- structure ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape", ["{%s}", "x{%s", "{1%s}", "{1..%s}", "{..2%s}", "{12..34%s}", "{日%s}", "{{%s}}"]
)
@pytest.mark.parametrize("character", ["é", "Ā", "日", "\u3000", "\U0001f600", "\U0010ffff"])
def test_characters_that_the_grammar_crashes_on_are_kept_from_it(shape: str, character: str) -> None:
    word = shape % character
    assert words(script(f"a {word} && b 'x{word}'")) == [["a", word], ["b", f"x{word}"]]
    for unread in (f"a ${{{character}}}", f"{{{character}", f"for i in {word}; do b; done"):
        script(unread)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("a x && b y || c; d", [["a", "x"], ["b", "y"], ["c"], ["d"]]),
        ("a | b |& c & d", [["a"], ["b"], ["c"], ["d"]]),
        ("a\nb # comment\n\n# whole line\nc", [["a"], ["b"], ["c"]]),
        ("a \\\n  b \\\nc d\\\ne", [["a", "b", "c", "de"]]),
        ("! a && ! b", [["a"], ["b"]]),
        ("{ a; b; } > x; (c; d)", [["a"], ["b"], ["c"], ["d"]]),
        ("if a; then b; elif c; then d; else e; fi", [["a"], ["b"], ["c"], ["d"], ["e"]]),
        ("if a; then if b; then c; fi fi", [["a"], ["b"], ["c"]]),
        ("while a; do b; done; until c; do d; done", [["a"], ["b"], ["c"], ["d"]]),
        ("for x in 1 2; do a $x; done; for x; do b; done", [["a", "$x"], ["b"]]),
        ("for ((i=0;i<3;i++)); do a; done", [["a"]]),
        ("case $x in a|b) c;; *) d; e;; esac", [["c"], ["d"], ["e"]]),
        ("f() { a; }; function g { b; }; h() ( c )", [["a"], ["b"], ["c"]]),
        (
            'x "$(a; b `c`)" ${Y:-$(d)}',
            [["a"], ["c"], ["b", "`c`"], ["d"], ["x", "$(a; b `c`)", "${Y:-$(d)}"]],
        ),
        ("diff <(a) <(b)", [["a"], ["b"], ["diff", "<(a)", "<(b)"]]),
        ("[ -f a ] && [[ $b == c* ]]", [["[", "-f", "a", "]"], ["[[", "$b", "==", "c*", "]]"]]),
        ('[ ! -f y -a "$z" = 1 ]', [["[", "!", "-f", "y", "-a", "$z", "=", "1", "]"]]),
        ("a > x b 2>&1 c", [["a", "b", "c"]]),
        (">x a", [["a"]]),
        ("export A=b C", [["export", "A=b", "C"]]),
        ("declare -a y=(1 2)", [["declare", "-a", "y=(1 2)"]]),
        ("pip install requests>=2", [["pip", "install", "requests"]]),
        ("a;\nb;", [["a"], ["b"]]),
        ("echo } a { b", [["echo", "}", "a", "{", "b"]]),
        ("((x++))", [["((x++))"]]),
        ("a <<< x 2>&1 && b", [["a"], ["b"]]),
        ("a 2>&1 <<<x && b", [["a"], ["b"]]),
    ],
)
def test_commands(text: str, expected: list[list[str]]) -> None:
    found = script(text)
    assert words(found) == expected
    assert found.understood


def test_connectors_contexts_and_operators() -> None:
    found = script("a && b | c; { d; e; } & (f) || if g; then h; else i; fi\nj")
    assert [(c.name, c.connector, c.context) for c in found.commands] == [
        ("a", "", ()),
        ("b", "&&", ()),
        ("c", "|", ()),
        ("d", "", ("group",)),
        ("e", ";", ("group",)),
        ("f", "", ("subshell",)),
        ("g", "", ("if",)),
        ("h", "", ("if",)),
        ("i", "", ("else",)),
        ("j", "\n", ()),
    ]
    assert found.operators == {"&&", "|", ";", "&", "||", "\n"}


def test_statement_and_item() -> None:
    text = "a && (b; c) | d; e"
    found = script(text)
    by = {c.name: c for c in found.commands}
    assert text[slice(*_ends(by["c"].item))] == "(b; c) | d"
    assert text[slice(*_ends(by["c"].statement))] == "a && (b; c) | d"
    assert text[slice(*_ends(by["e"].item))] == "e"


def _ends(span: Any) -> tuple[int, int]:
    return span.start, span.end


def test_assignments_and_redirections() -> None:
    command = only('A=1 B= C="$x y" foo 2>err >>"o u t" <in 2>&1')
    assert [(a.name, a.value and a.value.text) for a in command.assignments] == [
        ("A", "1"),
        ("B", None),
        ("C", "$x y"),
    ]
    assert [(r.operator, r.fd, r.target and r.target.text) for r in command.redirects] == [
        (">", "2", "err"),
        (">>", None, "o u t"),
        ("<", None, "in"),
        (">&", "2", "1"),
    ]


@pytest.mark.parametrize("text", ["a && b > x", "a | b > x", "! b > x", "a && c | b > x"])
def test_a_redirection_belongs_to_the_last_command(text: str) -> None:
    found = script(text)
    assert [len(c.redirects) for c in found.commands] == [0] * (len(found.commands) - 1) + [1]


def test_redirections_of_a_group_are_those_of_its_commands() -> None:
    a, b = script("{ a; b >y; } >x").commands
    assert [r.target and r.target.text for r in a.outer_redirects] == ["x"]
    assert [r.target and r.target.text for r in b.redirects] == ["y"]


@pytest.mark.parametrize(
    "text, unconditional, checked",
    [
        ("a && b && c", "abc", "abc"),
        ("a; b", "ab", "b"),
        ("a; b || c; d", "abd", "d"),
        ("set -e; a; b; c", "abc", "abc"),
        ("set -ex && a && b", "ab", "ab"),
        ("set -euo pipefail; a | b; c", "abc", "abc"),
        ("a | b", "ab", "b"),
        ("a || exit 1; b", "ab", "ab"),
        ("a || exit; b", "ab", "ab"),
        ("a || { b; exit 1; }", "a", "ab"),
        ("a || true", "a", ""),
        ("a && exit 0; b", "a", "b"),
        ("! a && b", "ab", "b"),
        ("if a; then b; fi; c", "ac", "c"),
        ("a & b", "b", "b"),
        ("{ a; b; } && c", "abc", "bc"),
        ("(set -e; a; b) && c", "abc", "bc"),
        ("(a; b); c", "abc", "c"),
        ("set -e; (a; b); c", "abc", "abc"),
        ("x=$(set -e; a; b); c", "ac", "c"),
        ("for x in 1 2; do a; done && b", "ab", "b"),
        ("for x in $y; do a; done && b", "b", "b"),
        ("set -e; for x in 1 2; do a; b; done", "ab", "ab"),
        ("for x in 1 2; do a || continue; b; done", "", ""),
        ("while a; do b; done", "a", ""),
        ("case $x in 1) a;; *) a;; esac && b", "b", "ab"),
        ("go() { a; }; b", "b", "b"),
        ("go() { a; }; go && b", "ab", "ab"),
        ("set -e; go() { a; b; }; go; c", "abc", "bc"),
        ("X=$(a) && b", "ab", "ab"),
        ("X=$(a | b) && c", "abc", "bc"),
        ("echo $(a) && b", "ab", "b"),
        ("echo ${X:-$(a)} && b", "b", "b"),
        ("sudo a && env X=1 b", "ab", "ab"),
        ("a | xargs b", "a", "b"),
        ("bash -c 'a; b' && c", "abc", "bc"),
        ("bash -ec 'a; b' && c", "abc", "abc"),
        ("exec a; b", "a", "ab"),
        ("false || a", "a", "a"),
        ("true || a", "", "a"),
        ("trap 'exit 0' EXIT; a", "", ""),
        ("a &&", "", ""),
    ],
)
def test_what_success_says(text: str, unconditional: str, checked: str) -> None:
    found = [c for c in script(text).commands if len(c.name) == 1 and c.name.isalpha()]
    assert "".join(sorted({c.name for c in found if c.unconditional})) == unconditional
    assert "".join(sorted({c.name for c in found if c.checked})) == checked


def test_double_parentheses_are_arithmetic_in_bash_alone() -> None:
    assert script("((a))", "bash").understood
    assert [o.reason for o in script("((a))", "sh").opaque] == ["double parentheses"]


def test_dash_reads_ampersand_redirections_as_background() -> None:
    assert only("a &> f", "bash").checked
    assert not only("a &> f", "sh").checked


# --- wrappers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, wrappers, argv",
    [
        ("sudo apt-get update", ["sudo"], ["apt-get", "update"]),
        ("sudo -E -H -u root pip install x", ["sudo"], ["pip", "install", "x"]),
        ("sudo -uroot -- make install", ["sudo"], ["make", "install"]),
        ("sudo A=1 B=2 make", ["sudo"], ["make"]),
        ("env -i -u X A=1 make", ["env"], ["make"]),
        ("env - A=1 make", ["env"], ["make"]),
        ("/usr/bin/env make", ["env"], ["make"]),
        ("timeout -k 5 --signal=KILL 10m make -j", ["timeout"], ["make", "-j"]),
        ("nice -n 5 ionice -c 3 make", ["nice", "ionice"], ["make"]),
        ("nohup time -p make", ["nohup", "time"], ["make"]),
        ("stdbuf -oL -e0 make", ["stdbuf"], ["make"]),
        ("command -p make", ["command"], ["make"]),
        ("exec make", ["exec"], ["make"]),
        ("chroot /mnt apt-get update", ["chroot"], ["apt-get", "update"]),
        ("gosu user make", ["gosu"], ["make"]),
        ("su-exec user:grp make", ["su-exec"], ["make"]),
        ("runuser -u user -- make", ["runuser"], ["make"]),
        ("xargs -0 -n 1 -I {} rm {}", ["xargs"], ["rm", "{}"]),
        ("linux32 make", ["linux32"], ["make"]),
        ("flock -w 3 /lock make", ["flock"], ["make"]),
        ("xvfb-run -a -s '-screen 0' make", ["xvfb-run"], ["make"]),
        ("conda run -n env --no-capture-output pip install x", ["conda run"], ["pip", "install", "x"]),
        ("micromamba run -n base pip list", ["micromamba run"], ["pip", "list"]),
        ("uv run --frozen --with torch python x.py", ["uv run"], ["python", "x.py"]),
        ("poetry run python x.py", ["poetry run"], ["python", "x.py"]),
        ("busybox wget x", ["busybox"], ["wget", "x"]),
        ("rustup run stable cargo build", ["rustup run"], ["cargo", "build"]),
        ("bash -c 'make all'", ["bash -c"], ["make", "all"]),
        ("bash -lc 'make all'", ["bash -c"], ["make", "all"]),
        ("/bin/bash -euxo pipefail -c 'make all'", ["bash -c"], ["make", "all"]),
        ("bash --login -o pipefail -c 'make all'", ["bash -c"], ["make", "all"]),
        ("sudo -u x sh -c 'make all' ignored", ["sudo", "bash -c"], ["make", "all"]),
        ("su - user -c 'make all'", ["su", "bash -c"], ["make", "all"]),
        ("su user -s /bin/sh -c 'make all'", ["su", "bash -c"], ["make", "all"]),
        ("runuser user -c 'make all'", ["runuser", "bash -c"], ["make", "all"]),
        ("scl enable devtoolset-9 'make all'", ["scl enable", "bash -c"], ["make", "all"]),
        ("scl enable gcc-toolset-12 -- make all", ["scl enable"], ["make", "all"]),
        ("eval make all", ["eval"], ["make", "all"]),
        ("eval A=b C=d make all", ["eval"], ["make", "all"]),
        ("eval 'make all'", ["eval"], ["make", "all"]),
    ],
)
def test_wrappers(text: str, wrappers: list[str], argv: list[str]) -> None:
    command = only(text)
    assert list(command.wrappers) == wrappers
    assert [a.text for a in command.argv] == argv
    assert command.prefix[0].raw == text.split(maxsplit=1)[0]
    if not command.context:
        assert text[command.span.start : command.span.end] == text


@pytest.mark.parametrize(
    "text, name, why",
    [
        ("sudo -l", "sudo", "runs nothing"),
        ("command -v pip", "command", "asks where pip is"),
        ("exec > log", "exec", "only redirects"),
        ("su user", "su", "an interactive shell"),
        ("bash script.sh", "bash", "a script file"),
        ("sh X.run --toolkit", "sh", "an installer"),
        ("bash -s -- --yes", "bash", "a script from a pipe"),
        ("uv run --module x", "uv", "a module, not a program"),
        ("conda install x", "conda", "no run"),
        ("time", "time", "nothing to start"),
        ("sudo --no-such-option make", "sudo", "an unknown option may take a value"),
        ("source x.sh", "source", "a builtin"),
        (". ./x.sh", ".", "a builtin"),
    ],
)
def test_no_wrapper(text: str, name: str, why: str) -> None:
    command = only(text)
    assert command.name == name, why
    assert not command.wrappers, why


def test_what_wrappers_set_is_assigned() -> None:
    command = only("A=1 sudo B=2 env C=3 pip install x")
    assert [a.name for a in command.assignments] == ["A", "B", "C"]
    inner = script("A=1 bash -c 'B=2 pip install x'").commands[0]
    assert [a.name for a in inner.assignments] == ["A", "B"]


def test_a_script_in_a_string() -> None:
    text = 'bash -c "a \\"b c\\" && sh -c \'d $X\' ; e \\$Y"'
    found = script(text)
    assert words(found) == [["a", "b c"], ["d", "$X"], ["e", "$Y"]]
    assert [c.context for c in found.commands] == [("bash -c",), ("bash -c", "bash -c"), ("bash -c",)]
    argument = found.commands[0].argv[1]
    assert text[argument.span.start : argument.span.end] == '\\"b c\\"'
    assert argument.raw == '"b c"'


# --- what is not understood --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, reason, known",
    [
        ('eval "$(ssh-agent -s)" && a', "eval of text that is not known", ["ssh-agent", "eval", "a"]),
        ('bash -c "$X" && a', "the script that a shell gets is not known", ["bash", "a"]),
        ('sudo bash -c "$X" && a', "the script that a shell gets is not known", ["bash", "a"]),
        ('bash -c "$X y" && a', "an outer shell puts the command into the script", ["", "a"]),
        ("env -S 'a b' c", "env splits a string into a command", ["env"]),
        ("bash -$X -c y", "bash is started with options that are not known", ["bash"]),
        ("a && ) && b", "syntax error", ["a"]),
        ('a; b "c', "syntax error", ["a"]),
        ("a `b \\`c\\`` && ) && d", "syntax error", ["c", "b", "a"]),
        ("coproc a; b", "syntax error", ["b"]),
        ("a \x00 b", "control characters", []),
        ("a\r\nb\r\n", "control characters", []),
        ("a" * (MAX_SCRIPT + 1), "the script is too long", []),
        ("a <<X;" * 200, "too many here-documents", []),
        ("(" * 300, "parentheses are not closed", []),
        ("( " * 60 + "a" + " )" * 60 + "; b", "nested too deeply", ["b"]),
        ("trap 'rm -rf /x' EXIT; a", "a trap", ["trap", "a"]),
    ],
)
def test_opaque(text: str, reason: str, known: list[str]) -> None:
    found = script(text)
    assert {o.reason for o in found.opaque} == {reason}
    assert not found.understood
    assert [c.name for c in found.commands] == known


def test_nothing_is_sure_where_the_structure_is_in_doubt() -> None:
    assert not any(c.unconditional or c.checked for c in script("a && b; ;; c").commands)


def test_a_variable_may_hold_a_wrappers_options() -> None:
    command = only("sudo $OPTIONS make")
    assert (command.name, command.wrappers) == ("", ("sudo",))


def test_an_opaque_part_may_exit() -> None:
    a, _, b = script('a; eval "$X"; b').commands
    assert a.unconditional
    assert not b.unconditional


# --- here-documents ----------------------------------------------------------------------------------


def test_a_document_is_data() -> None:
    text = "cat <<EOF > f && a\nrm -rf /\nEOF\nb <<-'X' | c\n\t$(d)\n\tX\ne"
    found = script(text)
    assert words(found) == [["cat"], ["a"], ["b"], ["c"], ["e"]]
    first, second = found.commands[0].redirects[0], found.commands[2].redirects[0]
    assert (first.operator, first.target and first.target.text, first.expand) == ("<<", "EOF", True)
    assert first.body is not None
    assert first.body.data == b"rm -rf /\n"
    assert (second.operator, second.expand) == ("<<-", False)
    assert found.commands[0].connector == ""
    assert found.commands[1].connector == "&&"
    assert found.understood


def test_several_documents_on_a_line() -> None:
    found = script("a <<A 3<<B && b\n1\nA\n2\nB\nc")
    assert words(found) == [["a"], ["b"], ["c"]]
    assert [(r.fd, r.body and r.body.data) for r in found.commands[0].redirects] == [
        (None, b"1\n"),
        ("3", b"2\n"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "echo $((1<<2)) && a",
        "echo $(( 1 << 2 )) && a",
        "echo '<<X' && a",
        'echo "<<X" && a',
        "echo x # <<X\na",
    ],
)
def test_no_document(text: str) -> None:
    found = script(text)
    assert found.commands[-1].name == "a"
    assert not any(r.body for c in found.commands for r in c.redirects)


def test_a_shell_reads_its_script() -> None:
    text = "bash -e <<EOF && z\na \\$x\nb\nEOF\n"
    found = script(text)
    assert words(found) == [["a", "$x"], ["b"], ["z"]]
    assert found.commands[0].context == ("heredoc",)
    assert found.commands[0].wrappers == ("bash",)
    assert found.commands[0].checked
    assert found.commands[0].argv[1].span.start == text.index("\\")


def test_a_program_in_a_document_is_opaque() -> None:
    found = script("python3 - <<EOF\nimport os\nEOF\na")
    assert words(found) == [["python3", "-"], ["a"]]
    assert [o.reason for o in found.opaque] == ["a program for python3"]


# --- RUN ---------------------------------------------------------------------------------------------


def test_shell_form_spans_go_back_through_continuations_and_comments() -> None:
    text = "FROM x\nRUN apt-get install -y \\\n    # why\n    g\\\n++ \\\n    make && a\n"
    found = run(text)
    assert words(found) == [["apt-get", "install", "-y", "g++", "make"], ["a"]]
    raw = [text[a.span.start : a.span.end] for a in found.commands[0].argv]
    assert raw == ["apt-get", "install", "-y", "g\\\n++", "make"]


@pytest.mark.parametrize(
    "operands, expected, dialect",
    [
        ('["apt-get", "install", "-y", "a b"]', [["apt-get", "install", "-y", "a b"]], ""),
        ('["bash", "-c", "a && b \\"c\\""]', [["a"], ["b", "c"]], "bash"),
        ('["/bin/sh", "-lc", "a\\tb"]', [["a", "b"]], "sh"),
        ('["sudo", "a", "$X"]', [["a", "$X"]], ""),
        ("[]", [], ""),
    ],
)
def test_exec_form(operands: str, expected: list[list[str]], dialect: str) -> None:
    found = run(f"FROM x\nRUN {operands}\n")
    assert words(found) == expected
    assert found.dialect == dialect
    assert found.understood


def test_exec_form_spans() -> None:
    text = 'FROM x\nRUN ["bash", "-c", "echo \\"a\\u00e9\\" && b"]\n'
    data = text.encode()
    found = run(text)
    argument = found.commands[0].argv[1]
    assert argument.text == "aé"
    assert data[argument.span.start : argument.span.end] == b'\\"a\\u00e9\\"'
    assert all(arg.literal for arg in run('FROM x\nRUN ["a", "$X", "*"]\n').commands[0].argv)


@pytest.mark.parametrize(
    "shell, wrappers, dialect, checked",
    [
        (("/bin/sh", "-c"), (), "sh", False),
        (("/bin/bash", "-ec"), (), "bash", True),
        (("/bin/bash", "-euxo", "pipefail", "-c"), (), "bash", True),
        (("/bin/bash", "-o", "errexit", "-c"), (), "bash", True),
        (("/usr/bin/env", "bash", "-c"), ("env",), "bash", False),
        (("conda", "run", "-n", "x", "/bin/bash", "-c"), ("conda run",), "bash", False),
        (("/usr/local/bin/_dockerfile_shell.sh",), (), "bash", False),
    ],
)
def test_shells(shell: tuple[str, ...], wrappers: tuple[str, ...], dialect: str, checked: bool) -> None:
    found = run("FROM x\nRUN a; b\n", shell)
    assert words(found) == [["a"], ["b"]]
    assert found.dialect == dialect
    assert found.commands[0].wrappers == wrappers
    assert found.commands[0].context == ()
    assert found.commands[0].checked == checked


@pytest.mark.parametrize(
    "shell",
    [("powershell", "-Command"), ("cmd", "/S", "/C"), ("pwsh", "-c"), ("/bin/bash",), ("python3", "-c"), ()],
)
def test_other_shells_are_opaque(shell: tuple[str, ...]) -> None:
    found = run("FROM x\nRUN apt-get update\n", shell)
    assert not found.commands
    assert len(found.opaque) == 1


@pytest.mark.parametrize(
    "dockerfile, expected, opaque",
    [
        ("RUN <<EOF\na\nb && c\nEOF\n", [["a"], ["b"], ["c"]], 0),
        ("RUN <<-EOF\n\ta \\\n\tb\n\tEOF\n", [["a", "b"]], 0),
        ("RUN <<EOF\n#!/bin/bash -e\na\nEOF\n", [["a"]], 0),
        ("RUN <<EOF\n#!/usr/bin/env bash\na\nEOF\n", [["a"]], 0),
        ("RUN <<EOF\n#!/usr/bin/env python3\nimport os\nEOF\n", [], 1),
        ("RUN bash <<EOF\na\nb\nEOF\n", [["a"], ["b"]], 0),
        ("RUN <<EOF bash\na\nEOF\n", [["a"]], 0),
        ("RUN <<EOF python3\nimport os\nEOF\n", [["python3"]], 1),
        ("RUN python3 <<EOF && a\nimport os\nEOF\n", [["python3"], ["a"]], 1),
        ("RUN cat <<EOF > /f && a\nrm -rf /\nEOF\n", [["cat"], ["a"]], 0),
        ("RUN cat <<A >/a && cat <<B >/b && c\n1\nA\n2\nB\n", [["cat"], ["cat"], ["c"]], 0),
        ("RUN <<EOF\ncat <<X > f\nrm -rf /\nX\na\nEOF\n", [["cat"], ["a"]], 0),
        ("RUN <<EOF\na && \\\n  # comment\nb\nEOF\n", [["a"], ["b"]], 0),
        ("ONBUILD RUN <<EOF\na\nEOF\n", [["a"]], 0),
        ("ONBUILD RUN a && b\n", [["a"], ["b"]], 0),
    ],
)
def test_heredoc_forms(dockerfile: str, expected: list[list[str]], opaque: int) -> None:
    text = f"FROM x\n{dockerfile}"
    found = run(text)
    assert words(found) == expected
    assert len(found.opaque) == opaque
    for command in found.commands:
        for arg in command.argv:
            assert text[arg.span.start : arg.span.end] == arg.raw


def test_heredoc_options_come_from_the_shebang() -> None:
    found = run("FROM x\nRUN <<EOF\n#!/bin/bash -e\na\nb\nEOF\n")
    assert found.commands[0].checked
    assert not run("FROM x\nRUN <<EOF\n#!/bin/bash\na\nb\nEOF\n").commands[0].checked


# --- any input ---------------------------------------------------------------------------------------

FRAGMENTS = st.sampled_from(
    [
        *"abc $(){}[]<>|&;\"'`\\#!=~*\n\t",
        "&&", "||", "<<E", "\nE\n", "$(", "${", "$((", "))", "if ", "then ", "fi ", "do ", "done ", "case x in ", "esac ",
        "for x in ", "while ", "bash -c ", "sudo ", "eval ", "f() ", "\\\n", "\r\n", "\x00", "é", "set -e;", "exit ",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(FRAGMENTS, max_size=30).map("".join))
@example('"b"><<F')
@example('set -"o"""o t')
def test_never_raises_on_shell_like_text(text: str) -> None:
    check_spans(script(text), text.encode())


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_never_raises_on_bytes(data: bytes) -> None:
    check_spans(script(data), data)


def check_spans(found: Script, data: bytes) -> None:
    """Every span lies in the text, in order, and a word outside inner scripts is where it says."""
    for command in found.commands:
        assert 0 <= command.span.start <= command.span.end <= len(data)
        for arg in command.argv:
            assert 0 <= arg.span.start <= arg.span.end <= len(data)
            if not command.context and "�" not in arg.raw:
                assert data[arg.span.start : arg.span.end].decode() == arg.raw
    for part in found.opaque:
        assert 0 <= part.span.start <= part.span.end <= len(data)


@pytest.mark.parametrize(
    "piece",
    [
        "(",
        "$(",
        '"$(',
        "a|",
        "a && ",
        "if a; then ",
        "${a:-",
        "a=(",
        "`",
        "{ ",
        "<<E\n",
        ">",
        ")",
        "then `<",
        "x[",
        "a|b\n",
        "f()",
        "$((",
        "`\\`",
        "$>",
        "'",
    ],
)
def test_hostile_repetition_ends_soon(piece: str) -> None:
    start = thread_time()
    for length in (MAX_SCRIPT // 2, MAX_SCRIPT):
        script((piece * MAX_SCRIPT)[:length])
    assert thread_time() - start < 5


# --- real files --------------------------------------------------------------------------------------


@cache
def corpus_runs(corpus: Path) -> list[tuple[bytes, Instruction, Script]]:
    found = []
    for path in sorted((corpus / "open").iterdir()):
        document = parse(path.read_bytes())
        shell: tuple[str, ...] = SH
        for instruction in document.instructions:
            node = instruction.inner or instruction
            if node.keyword == "FROM":
                windows = "windows" in str(node.args) or "nanoserver" in str(node.args)
                shell = ("cmd", "/S", "/C") if windows else SH
            elif node.keyword == "SHELL" and node.json:
                shell = node.args
            elif node.keyword == "RUN" and not node.problem:
                found.append((document.data, node, run_script(node, shell, instruction.heredocs)))
    return found


@pytest.mark.corpus
def test_corpus(corpus: Path) -> None:
    found = corpus_runs(corpus)
    scripts = [s for *_, s in found if s.dialect not in ("cmd", "powershell")]
    opaque = [s for s in scripts if s.opaque]
    assert len(scripts) > 5900
    # unknown scripts (`sh -c "$X"`), programs in here-documents, two files that are not shell
    assert len(opaque) <= 14
    for data, _, s in found:
        for command in s.commands:
            assert 0 <= command.span.start < command.span.end <= len(data)


_COMMENT = re.compile(rb"^[ \t]*#.*\n", re.MULTILINE)
_CONTINUED = re.compile(rb"\\[ \t]*\r?\n(?:[ \t]*\r?\n)*")


@pytest.mark.corpus
@pytest.mark.skipif(not shutil.which("bash"), reason="no bash to hold the words against")
def test_bash_splits_literal_commands_alike(corpus: Path, tmp_path: Path) -> None:
    expected: dict[bytes, list[str]] = {}
    for data, node, found in corpus_runs(corpus):
        for command in found.commands:
            raw = _CONTINUED.sub(b"", _COMMENT.sub(b"", data[command.span.start : command.span.end]))
            plain = all(a.literal for a in command.argv) and b"\n" not in raw
            bare = not (command.wrappers or command.redirects or command.assignments or node.json)
            if plain and bare and command.argv and command.name != "[[" and "bash -c" not in command.context:
                expected[raw] = [a.text for a in command.argv]
    assert len(expected) > 5000
    show = b'\nfor a; do printf "%s\\001" "$a"; done; printf "\\002"\n'
    (tmp_path / "script").write_bytes(b"".join(b"set -- " + raw + show for raw in expected))
    done = subprocess.run(["bash", "script"], cwd=tmp_path, capture_output=True, check=True)
    shown = [part.decode().split("\001")[:-1] for part in done.stdout.split(b"\002")[:-1]]
    assert shown == list(expected.values())


def layout(found: Script) -> list[tuple[str, list[str | None]]]:
    """Commands with the words whose text does not depend on how a script is laid out."""
    return [
        (c.name, [a.text if a.literal else None for a in c.argv]) for c in found.commands if c.name != "[["
    ]


@pytest.mark.corpus
@pytest.mark.skipif(not shutil.which("bash"), reason="no bash to lay scripts out")
def test_bash_lays_scripts_out_alike(corpus: Path, tmp_path: Path) -> None:
    """bash prints a function as it has read it, a command a line: that must read the same."""
    scripts = [s for _, node, s in corpus_runs(corpus) if s.understood and s.commands and not node.json][::8]
    driver = []
    for number, found in enumerate(scripts):
        (tmp_path / str(number)).write_bytes(b"f() {\n" + found.text.data + b"\n}\n")
        driver.append(f"( . ./{number} && declare -f f ); printf '\\001'\n")
    (tmp_path / "driver").write_text("".join(driver))
    done = subprocess.run(["bash", "driver"], cwd=tmp_path, capture_output=True, check=True)
    printed = [part.partition(b"{")[2].rpartition(b"}")[0] for part in done.stdout.split(b"\001")[:-1]]
    assert len(printed) == len(scripts) > 700
    for found, text in zip(scripts, printed, strict=True):
        assert layout(script(text)) == layout(found)
