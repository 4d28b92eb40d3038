"""Scripts as bash reads them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from time import thread_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgtool.facts import shell_plain, shell_tree, shell_whole
from imgtool.facts.shell import Script, analyse, run_script
from imgtool.facts.shell_tree import MAX_SCRIPT
from imgtool.facts.shell_words import Source
from imgtool.syntax.nodes import Instruction, Text
from imgtool.syntax.parser import parse

BASH = shutil.which("bash")


def text(script: str) -> Text:
    return Text(script.encode(), (0,), (0,))


def is_read(script: str) -> bool:
    return shell_whole.read(Source(text(script))) is not None


def whole(script: str, dialect: str = "bash") -> Script:
    """A script that nothing else reads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shell_plain, "read", lambda *_, **__: None)
        patch.setattr(shell_tree, "root", lambda *_: pytest.fail("it is left to the grammar"))
        return analyse(text(script), dialect)


def words(found: Script) -> list[list[str]]:
    return [[arg.text for arg in command.argv] for command in found.commands]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        # words
        ("echo `a` `b`", [["a"], ["b"], ["echo", "`a`", "`b`"]]),
        ("a `` ``b", [["a", "``", "``b"]]),
        ("a `b \\`c \\\\\\`d\\\\\\`\\`` e", [["d"], ["c", "`d`"], ["b", "`c \\`d\\``"], ["a", "`b \\`c \\\\\\`d\\\\\\`\\``", "e"]]),
        ("a `expr \\( 1 + 2 \\) '\\$x'`", [["expr", "(", "1", "+", "2", ")", "$x"], ["a", "`expr \\( 1 + 2 \\) '\\$x'`"]]),
        ('a "`b \\"c d\\"`"', [["b", "c d"], ["a", '`b \\"c d\\"`']]),
        ('a `b \\"c d\\"`', [["b", '"c', 'd"'], ["a", '`b \\"c d\\"`']]),
        ("a ${X:-`b`} ${Y:-c d}", [["b"], ["a", "${X:-`b`}", "${Y:-c d}"]]),
        ("a ${X:-'}'} \"${X:-'}\"'}\" \"${X%'}'}\" ${X/\\}/b} ${X[$(b)]}", [["b"], ["a", "${X:-'}'}", "${X:-'}\"'}", "${X%'}'}", "${X/\\}/b}", "${X[$(b)]}"]]),
        ("a ${#X} ${#} ${X##*/} ${!X} ${X@Q} ${@%b}", [["a", "${#X}", "${#}", "${X##*/}", "${!X}", "${X@Q}", "${@%b}"]]),
        ("a \"${X:-'}$(b)\"\\'}\"", [["b"], ["a", "${X:-'}$(b)\"\\'}"]]),
        ("a x{b$'c\\'d'\\ e}$ $\"f\"", [["a", "x{bc\\'d e}$", "f"]]),
        ('a $((1+(2))) $(( $(b) << 2 )) "$((x))"', [["b"], ["a", "$((1+(2)))", "$(( $(b) << 2 ))", "$((x))"]]),
        ("a $((b); c) $((d) | e)", [["b"], ["c"], ["d"], ["e"], ["a", "$((b); c)", "$((d) | e)"]]),
        ("a $(b # it's )\n) <(c)d", [["b"], ["c"], ["a", "$(b # it's )\n)", "<(c)d"]]),
        ("a $() $( ) b", [["a", "$()", "$( )", "b"]]),
        ("a\\\n b\\\nc \\\n #d", [["a", "bc"]]),
        ("a b#c 'd'#e #f", [["a", "b#c", "d#e"]]),
        ("a x[ y] \\\n ^z$ ={", [["a", "x[", "y]", "^z$", "={"]]),
        ("rm $(a |b ^c$)", [["a"], ["b", "^c$"], ["rm", "$(a |b ^c$)"]]),
        # assignments
        ("A=1 B=2\nc", [[], ["c"]]),
        ("A= B=\nif a; then b; fi", [[], ["a"], ["b"]]),
        ("A=x B=(`c` $(d))\ne", [["c"], ["d"], [], ["e"]]),
        ("A=(b # c)\n'd' e[1]=f <(g)) h", [["g"], ["h"]]),
        ("A+=b C[1]=d e", [["e"]]),
        ("export A=(b c) D", [["export", "A=(b c)", "D"]]),
        ("eval A=(b) C=(d); eval E=(f) g", [[], ["g"]]),
        ("let A=($(b))", [["b"], ["let", "A=($(b))"]]),
        ("! A=b", [[]]),
        ("a && ! ; b\nif !\nthen c; fi; ! !", [["a"], [], ["b"], [], ["c"], []]),
        # tests
        ("[ a@b = c ] && [ $x != ~ -o -f y ]", [["[", "a@b", "=", "c", "]"], ["[", "$x", "!=", "~", "-o", "-f", "y", "]"]]),
        ("if [ -x a; then b; fi", [["[", "-x", "a"], ["b"]]),
        ("[ -f a ] > b", [["[", "-f", "a", "]"]]),
        ("[[ $a < 1 && ( $b == *([x])y* || ! -f c) ]] 2>d", [["[[", "$a", "<", "1", "&&", "(", "$b", "==", "*([x])y*", "||", "!", "-f", "c", ")", "]]"]]),
        ('[[ $a =~ ^(b|c d)$ && "$(e)" ]]', [["e"], ["[[", "$a", "=~", "^(b|c d)$", "&&", "$(e)", "]]"]]),
        ("if [[ a ]] then b; fi", [["[[", "a", "]]"], ["b"]]),
        # redirections
        ("a - 2>b 3>&- 4<&5 {x}<c", [["a", "-"]]),
        ("2>&1 >a b<>c >|d", [["b"]]),
        # what is closed ends there
        ("2>&-echo b; a <&-$X 'c'", [["echo", "b"], ["a", "$X", "c"]]),
        ("a &>b c &>>d", [["a", "c"]]),
        ("a -j4&>b 2&>c", [["a", "-j4", "2"]]),
        ("a <<<b'c d' e", [["a", "e"]]),
        ("n=$((1)) 2>/dev/null && b", [[], ["b"]]),
        # constructs
        ("case x in a) b;; esac|c", [["b"], ["c"]]),
        ("case $x in (a) ;; b|'c d'|*\"e\"*) f;& $(g)) h; esac && i", [["g"], ["f"], ["h"], ["i"]]),
        ("case `a` in\n# b\nc) # d\n e\n;;\nesac", [["a"], ["e"]]),
        ("for i do a; done; for j; do b; done; for k\nin $(c) d\ndo e; done", [["a"], ["b"], ["c"], ["e"]]),
        ("for ((i = $(a); i < 3; i++)); do b; done; for x in; { c; }", [["a"], ["b"], ["c"]]),
        ("f() { a; } >b; function g { c; }; function h()\n(d)\nf", [["a"], ["c"], ["d"], ["f"]]),
        ("((x = $(a))) && b", [["a"], ["((x = $(a)))"], ["b"]]),
        ("((a); (b)) | c", [["a"], ["b"], ["c"]]),
        ("time -p { a; b; } && time (c)", [["a"], ["b"], ["c"]]),
        ("if (a) then { b; } fi & c", [["a"], ["b"], ["c"]]),
        ("while a; do b; done <c | d &\n e", [["a"], ["b"], ["d"], ["e"]]),
        ("{ a; } 2>&1 | (b) > c", [["a"], ["b"]]),
        # here-documents
        ("cat <<A - <<-'B' | c\n$x\nA\n\tb\n\tB\nd", [["cat", "-"], ["c"], ["d"]]),
        ("a $(cat <<B\n)\nB\n) c", [["cat"], ["a", "$(cat <<B\n)\nB\n)", "c"]]),
        ("case x in a) cat <<E;;\nesac\nE\nb) c;; esac", [["cat"], ["c"]]),
        ("if a <<E; then\nb\nE\nc; fi", [["a"], ["c"]]),
        ("a <<E", [["a"]]),
    ],
)  # fmt: skip
def test_commands(script: str, expected: list[list[str]]) -> None:
    found = whole(script)
    assert words(found) == expected
    assert found.understood


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("a |", "no command follows"),
        ("a && && b", "likewise"),
        ("a; ; b", "none goes before"),
        ("& a", "likewise"),
        ("a ;; b", "the end of a case"),
        ("{ a; } b", "no operator"),
        ("if a; then fi", "an empty list"),
        ("if a; then b; done", "another word closes it"),
        ("if a then b; fi", "the word is an argument"),
        ("{ a }", "likewise"),
        ("( )", "an empty list"),
        ("a (b)", "no operator"),
        ("a | ! b", "a negation inside a pipe"),
        ("a && ! || b", "nothing is negated"),
        ("case x in x) !;; esac", "likewise"),
        ("a >", "no file"),
        ("a > > b", "likewise"),
        ("a 'b", "a quote that is not closed"),
        ('a "$(b"', "likewise"),
        ("a `b", "likewise"),
        ("a $(b", "a substitution that is not closed"),
        ("a ${b", "likewise"),
        ("a $((1)", "a sum that is not closed"),
        ("a=(b", "an array that is not closed"),
        ("a=(b (c))", "no word"),
        ('"export" a=(b)', "a word like others"),
        ("a \"${X:-'}\"", "a quote that is not closed"),
        ("a \"${X:-'$(b ')')'}\"", "quotes cut what expands"),
        ("case x in esac) a;; esac", "a word that closes it"),
        ("case x in a b) c;; esac", "two words"),
        ("[[ a", "a test that is not closed"),
        ("f() a", "no construct"),
        ("a[1 + 2]=3", "an index of several words"),
        ("for x in a b c; e; done", "no list"),
        ("select x in a; do b; done", "seldom"),
        ("coproc a", "likewise"),
        ("a ${ b; }", "a command in newer shells"),
        ("a $[1]", "a sum in older ones"),
        ("rm !(a|b)", "depends on an option"),
        ("a\r\n", "no shell gets to see it"),
        ("a" * (MAX_SCRIPT + 1), "too long"),
        ("a <<X;" * 200, "too many here-documents"),
        ("( " * 60 + "a" + " )" * 60, "nested too deeply"),
    ],
)  # fmt: skip
def test_is_left_to_the_grammar(script: str, reason: str) -> None:
    assert not is_read(script), reason


@pytest.mark.parametrize(
    ("script", "unconditional", "checked"),
    [
        ('case $x in *"b"*) a;; esac; b', "b", "b"),
        ("case $x in *) a;; esac; b", "ab", "b"),
        ("case $x in a|*) a;; esac; b", "ab", "b"),
        ('case $x in "*") a;; esac && b', "b", "ab"),
        ("case $x in a) a;& *) b;; esac", "", ""),
        ("set -e; x=`a` y=1\nb", "ab", "ab"),
        ("x=`a \\\\b` && b", "ab", "ab"),
        ("a `b \\$c` && c", "abc", "ac"),
        ("f() { a; }\nset -e\nf\nb", "abf", "abf"),
        ("((a)) && b", "b", "b"),
        ("a <<E && b\nx\nE\n", "ab", "ab"),
        ("a & b", "b", "b"),
        ("for i in x y; { a; } && b", "ab", "b"),
        ("for ((;;)) { a; }; b", "b", "b"),
    ],
)
def test_what_success_says(script: str, unconditional: str, checked: str) -> None:
    found = [c for c in whole(script).commands if len(c.name) == 1]
    assert "".join(sorted(c.name for c in found if c.unconditional)) == unconditional
    assert "".join(sorted(c.name for c in found if c.checked)) == checked


def test_dash_has_two_subshells_for_a_sum() -> None:
    assert [o.reason for o in whole("((a))", "sh").opaque] == ["double parentheses"]


def test_dash_ends_braces_in_a_string_in_spite_of_quotes() -> None:
    assert words(whole('a "${X:-it\'s}" "${X:-\'$(b)}\'}"', "sh")) == [
        ["b"],
        ["a", "${X:-it's}", "${X:-'$(b)}'}"],
    ]


def test_dash_has_no_variables_for_descriptors() -> None:
    assert shell_whole.read(Source(text("{x}>f a")), posix=True) is None


def test_what_only_bash_takes_is_read_as_bash() -> None:
    assert words(whole("for i in a; { b <<<c; }", "sh")) == [["b"]]


def test_assignments_and_redirections() -> None:
    (command,) = whole("A= B=(c 'd') C+=e f 2>&- {g}<h >&2 <<<i").commands
    assert [(a.name, a.value and a.value.raw) for a in command.assignments] == [("A", None), ("B", "(c 'd')"), ("C", "e")]  # fmt: skip
    assert [(r.operator, r.fd, r.target and r.target.text) for r in command.redirects] == [
        (">&-", "2", None),
        ("<", "{g}", "h"),
        (">&", None, "2"),
        ("<<<", None, "i"),
    ]


def test_what_a_backslash_hides_in_backquotes_is_where_it_stands() -> None:
    script = 'FROM x\nRUN a `b \\\n # c\n \\`d "\\$e"\\`` && "`f \\"g\\"`"\n'
    found = run_script(parse(script.encode()).instructions[1], ("/bin/sh", "-c"))
    shown = {c.name: [script[a.span.start : a.span.end] for a in c.argv] for c in found.commands if c.name}
    assert shown["d"] == ["d", '"\\$e"']
    assert shown["b"] == ["b", '\\`d "\\$e"\\`']
    assert shown["f"] == ["f", '\\"g\\"']
    assert found.understood


def test_documents_are_bodies() -> None:
    (a, b) = whole("a <<X 3<<-'Y' && b <<\\Z\n$1\nX\n\t2\n\tY\n3\nZ\n").commands
    shown = [(r.fd, r.operator, r.target and r.target.text, r.body and r.body.data, r.expand) for r in (*a.redirects, *b.redirects)]  # fmt: skip
    assert shown == [
        (None, "<<", "X", b"$1\n", True),
        ("3", "<<-", "Y", b"\t2\n", False),
        (None, "<<", "Z", b"3\n", False),
    ]


# --- what bash says -----------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        *("a", "-y", "$X", '"a b"', "'c d'", "\\;", "a=1", "*.d", "-", "~", "]", "in", "fi", "a@b"),
        *("$(a)", "`a b`", '"$(a | b)"', "${X:-$(a b)}", "${X%%.*}", "$((1 + 2))", "$'a'", "<(a)", "{a,b}"),
        *('"`a`" `b`', '"${X:-a"b c"}"', "a#b", "$", "x[", "é"),
    ]
)
REDIRECTS = st.sampled_from(["> f", "2>&1", "3>&-", "<f", "&>f", ">|f", "<<<$X", "2>>'a b'"])
SIMPLE = st.one_of(
    st.builds("a {} {}".format, WORDS, st.one_of(WORDS, REDIRECTS)),
    st.builds("[ {} = {} ]".format, WORDS, WORDS),
    st.builds("A={} B=".format, WORDS),
    st.builds("A=({} b) c".format, WORDS),
    st.builds("export A={}".format, WORDS),
    st.sampled_from(["[[ $a == *'b'* ]]", "[[ $a =~ ^(b|c d) && ( -f x || ! y ) ]]", "((x++))", "! a", "time a"]),
)  # fmt: skip
ENDS = st.sampled_from(["; ", "\n", " # c\n", " & ", "; # it's c\n", " \\\n;"])
JOINS = st.sampled_from(["; ", " && ", " || ", " | ", "\n", " &&\n # c\n", " & ", " |& "])


def compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    lists = st.one_of(inner, st.builds("{}{}{}".format, inner, JOINS, inner))
    return st.one_of(
        lists,
        st.builds("if {}{}then {}{}fi".format, lists, ENDS, lists, ENDS),
        st.builds(
            "for x in {} {}{}do {}{}done".format, WORDS, WORDS, st.sampled_from([";", "\n"]), lists, ENDS
        ),
        st.builds("for x do {}{}done".format, lists, ENDS),
        st.builds("until {}{}do {}{}done {}".format, lists, ENDS, lists, ENDS, REDIRECTS),
        st.builds("{{ {}{}}} {}".format, lists, ENDS, REDIRECTS),
        st.builds("({})".format, lists),
        st.builds("f() {{ {}{}}}".format, lists, ENDS),
        st.builds('case {} in (a|*"b"*) {} ;; $X) {}{}esac'.format, WORDS, lists, lists, ENDS),
        st.builds('A="$( {})"'.format, lists),
        st.builds("a <({}) ${{X:-$({})}}".format, lists, lists),
    )


@pytest.mark.skipif(BASH is None, reason="no bash to hold it against")
@given(st.recursive(SIMPLE, compound, max_leaves=8))
@settings(max_examples=150, deadline=None)
def test_what_bash_takes_is_read(script: str) -> None:
    done = subprocess.run([BASH or "", "-n"], input=script.encode(), capture_output=True, check=False)
    assert done.returncode or is_read(script)


@given(st.recursive(SIMPLE, compound, max_leaves=8))
@settings(max_examples=200, deadline=None)
def test_spans_are_exact(script: str) -> None:
    data = script.encode()
    for command in analyse(text(script), "bash").commands:
        for arg in command.argv:
            assert data[arg.span.start : arg.span.end].decode() == arg.raw


PIECES = "( (( $( $(( ((a; { a| a& a\n a;! !; f() ` `\\` \"`\\\" ${ \"${x: ${x:-\" ' <( a=( x[ [[ ( <<E\n case[x[in[a) if[a;then[ for[x[do[ \\ \\\n #[\n >".split(" ")  # fmt: skip


@pytest.mark.parametrize("piece", [piece.replace("[", " ") for piece in PIECES] + [" ", "x["])
def test_a_hostile_script_is_given_up_soon(piece: str) -> None:
    begin = thread_time()
    for script in (piece, f"a {piece}", f"a;{piece}"):
        shell_whole.read(Source(text(script * (MAX_SCRIPT // len(script)))))
    assert thread_time() - begin < 2


# --- real files ---------------------------------------------------------------------------------------


def runs(corpus: Path) -> list[tuple[Instruction, bytes]]:
    """RUNs of the corpus that are not plain, and not for Windows."""
    texts = [file.read_bytes() for file in sorted((corpus / "open").iterdir())]
    windows = (b"powershell", b"nanoserver", b"servercore")
    nodes = [
        i for data in texts if not any(w in data.lower() for w in windows) for i in parse(data).instructions
    ]
    found = [i for i in nodes if i.keyword == "RUN" and not i.json and not i.heredocs]
    return [(node, node.rest.data) for node in found if shell_plain.read(Source(node.rest)) is None]


@pytest.mark.corpus
@pytest.mark.skipif(BASH is None, reason="no bash to hold it against")
def test_every_valid_run_of_the_corpus_is_read(corpus: Path) -> None:
    found = runs(corpus)
    assert len(found) > 40
    for node, data in found:
        if shell_whole.read(Source(node.rest)) is None:
            done = subprocess.run([BASH or "", "-n"], input=data, capture_output=True, check=False)
            assert done.returncode, data


@pytest.mark.corpus
def test_the_grammar_reads_the_corpus_alike(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = ("/bin/bash", "-euo", "pipefail", "-c")
    found = [(node, run_script(node, shell)) for node, _ in runs(corpus)]
    monkeypatch.setattr(shell_whole, "read", lambda *_, **__: None)
    for node, script in found:
        # it has a bracket for a part of the word before it
        if b"[[" not in node.rest.data:
            assert run_script(node, shell) == script, node.rest.data
