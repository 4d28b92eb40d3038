"""What is plain is what the other readers make of it."""

from __future__ import annotations

from pathlib import Path
from time import thread_time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from imgtool.facts import shell_chain, shell_plain, shell_whole
from imgtool.facts.shell import Script, analyse, run_script
from imgtool.facts.shell_tree import MAX_SCRIPT
from imgtool.facts.shell_words import Source
from imgtool.syntax.nodes import Text
from imgtool.syntax.parser import parse

SHELLS = (("/bin/sh", "-c"), ("/bin/bash", "-euo", "pipefail", "-c"))


def text(script: str) -> Text:
    """A script in two pieces, as a continued line has."""
    data = script.encode()
    middle = len(data) // 2
    return Text(data, (0, middle), (10, middle + 12)) if middle else Text(data, (0,), (10,))


def is_plain(script: Text) -> bool:
    return shell_plain.read(Source(script)) is not None


def without_plain(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(shell_plain, "read", lambda *_, **__: None)
    patch.setattr(shell_plain, "command", lambda *_: None)


def by_others(script: Text, dialect: str) -> tuple[Script, Script]:
    """What they make of it that read as bash does, and by the grammar."""
    with pytest.MonkeyPatch.context() as patch:
        without_plain(patch)
        whole = analyse(script, dialect)
        patch.setattr(shell_whole, "read", lambda *_, **__: None)
        return whole, analyse(script, dialect)


@pytest.mark.parametrize(
    "script",
    [
        "",
        "  ",
        "apt-get update",
        "apt-get update && apt-get install -y curl=7.* ; rm -rf /var/lib/apt/lists/*",
        "apt-get update;",
        "make \t a  b\t\tA=c  \t&&\tA=b  C=d\t make  ",
        'echo "a $X ${Y} \\"b\\"" \'c $d\' > "/etc/${F}.conf"',
        "echo 'it'\"'\"'s' | tee a >> b",
        'echo "a b$X\\"c d${Y} e" x[1]y*"z w"v',
        'cp a*b[c]$(echo "d e" $F -g) "h $(id -u) i"',
        "cat < in 2>&1 > out extra",
        'A=1 B=$C D="e f" make -j4 all',
        "A=b",
        "A=",
        "pip install 'torch>=2' \"x[all]\" $PKGS",
        "false || true",
        "sudo -E env A=b bash -c 'apt-get update && rm -rf /x'",
        'bash -lc "pip install $X"',
        "set -eux; cd /x; exit 3",
        "set -e && make || exit 1",
        "find . -name '*.pyc' -exec rm -f x \\;",
        "ls ~/a ~ a~b a=~ {} x{y",
        "echo a#b a^b a!b -- - @ % a%b",
        "$PIP install x",
        "echo $HOME/bin:${PATH}",
        "$X",
        "> file",
        "exec > log ; echo",
        "eval 'make && make install'",
        "function_name arg",
        "echo in do done fi",
        "trap 'rm x' EXIT",
        "export A=b && echo $A",
        "[ -f x ] && y",
        'export A && export B=$X C="a $Y" && make',
        "export -n A && export a-b",
        'printf "[a]\\nb=\\$X\\n" > f',
        "~/a/b.run --quiet",
        "make # and more && less",
        "make -j$(nproc) && cd x",
        "A=$(uname -m) B=$(a | b) && echo $A",
        "A=$(a) && b | B=$(c)",
        'echo "deb [arch=$(dpkg --print-architecture)] x $(. /etc/os-release && echo $ID)" | tee f',
        "a 'b' \"$(c \"d\" 'e')\" '$(f)' \"'$(g)'\" > $(h)",
        "echo $(set -e) $(sudo a) $(exit 1) $(A=b) $(true)",
        "if a; then b 'c' && d | e > f; fi; x <<EOF | y z > f\nEOF",
        'for x in a b; do echo "$x" \\\n && y; done',
        "echo [ab] a[1]=2",
        "a[1]=2",
        "if [ -f x ] && ! [ \"$Y\" = 'z' -a -n $X ]; then a; elif [[ $a == b && ! -d c ]]; then b | c; else d; fi > f",
        'for x in a "$b" *.c $(d e); do f $x || exit 1; done; for y in 1 2; do g; done',
        "while a; do b && break; done < f | until c; do continue; done",
        'case "$X" in a|"b c") d;; (e-f | g*) ;; *) h && i; j ;; esac && k',
        "a || { b; c; } && (d; e) 2>&1 | { f\n g\n}\n( h ) ; ! i && ( set -e; j )",
        "a\n\n# b\n  c # d\ne &&\n f\nif g\nthen\n h; fi\n",
        'set -e; A=b\nif [ $? -eq 0 ]; then a || exit; fi; b ${X%%.*} "${Y:-z}" >f ${Z//a/-}',
        'bash -c "a $(b "c") ${D#e}" && eval "$(f)" && sh -c "if g; then h; fi"',
        "pip install a>=1.0 b<2 'c' >d&&e",
        "A=$(b; c) d $(e && f) $(if) > $(g; h)",
        "# a\n\n \t# b\n c && # d\n e; # f\n if g; then # h\n i; fi # j\n{ # k\n l | # m\n n; }",
        'A=$(case "$B" in "a") c "d" ;; *) e "f ${G}" && exit 1;; esac) && b "x-$(case $(h) in i|j) k; esac)"',
        'A=$(a $(b)) c "$(d "$(e)" f)g" h$( i ) j="k" && echo $(a $(b $(c | (d)))) $(if e; then f $(g); fi)',
        'a $(\nb # c\n) $(set -e; d $(exit 3)) "${X}-$(b > c | e)" {} x{} && A=$(set -e; b `exit 3`) && c {} +',
        'a `b`c "d `e \'f\'` g" && A=`h | i` j `k;l` "`m "n"`" && bash -c "a $(b $(c))"; eval "$(d `e`)"',
        'a ${X%%[a-z]*} "${X%%[a-z]*}/b" ${X:-$(b)} "${Y:+$(c)}" ${Z:0:2} ${X/%.a/} ${X##*-} ; A=${B%~*}',
        'a \'b\nc\' "d\ne\tf" && A=\'b\nc\' && B="$(d) e\n"; C=; D=;e; F="${G##*-}"; sudo $(a $(b))',
        "for x in a; do b || { c; } ; done && for y in `d`; do { e; } > f | { g; }; h $(i $(j)); done",
        'unset A && unset B C; export A=`b` C=$(d $(e)) F="${X:-$(g)}" && export A=${X%%[a-z]*}b ${X%\\.b}',
        '"$X/b" c && pip${X}-c d || "$Y" | "a/b-${X}.c"; unset A # b',
        '[ "$X" ] && [ $X ] || [[ $X ]] | [ "${X:0:2}" = "13" ]; if [ "$(a $(b))" ]; then [ -f $X/.a ]; fi',
        "a ! -name b ! 'c' && d $(e ! f) | g ! > h; ! i ! j; sudo k \\( ! l \\) ! ! m",
        "case $x in *.*.*) a;; *b|?c|d?) e;; */*|'f'*) g;; **) h;; *) i; esac",
        "# a",
        "a \\\n b && \\\n c \\\nd \\\n\t > e\n f \\\n\n \\\n g; \\\n h # i \\\nj",
        "for x in a \\\n b; do \\\n c; done; A=b \\\n C=d e; A='\t a\t' && b \\\n | ! c",
    ],
)
@pytest.mark.parametrize("dialect", ["sh", "bash"])
def test_all_read_the_same(script: str, dialect: str) -> None:
    found = analyse(text(script), dialect)
    assert by_others(text(script), dialect) == (found, found)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo $((1+1))", "a sum"),
        ("$(which a) b", "a program that is not known"),
        ("`a` b", "likewise"),
        ("echo `a \\$b`", "a backslash in backquotes"),
        ("echo `a #b`", "the grammar lets the comment go on"),
        ("echo `a ` `b`", "it takes them for one"),
        ("echo `a` `b`", "likewise"),
        ("if$X a", "a construct begins there"),
        ("echo ${X:-`b`}", "it loses the command"),
        ("echo ${X:-b c}", "blanks in an expansion"),
        ("A=b \\\n\nB=c", "it takes the next line to the command"),
        ("echo $(a <b <<<c)", "a here-string"),
        ("echo $(case $x in (a) b;; esac)", "a pattern in parentheses"),
        ("if a; then b; fi fi", "nothing separates them"),
        ("if a; then fi", "an empty list"),
        ("if a; then b; done", "another keyword closes it"),
        ("for x in a; do { b; }; done", "the grammar's tree loses the group"),
        ("for x in a; do b; ! { b; }; c; done", "likewise"),
        ("unset -f a", "the grammar knows no options there"),
        ('[ ! "$X" ]', "an expression"),
        ('[ $X && "$Y" ]', "likewise"),
        ("export `a`", "no assignment"),
        ("for x; do a; done", "no words are listed"),
        ("case a in b) c;; esac", "a case of a word that is none"),
        ("case $x in a) b;; esac|c", "the grammar fails"),
        ("case $x in esac)m;esac", "a syntax error"),
        ("case $x in a) b;; esac )", "likewise"),
        ("a # \x01", "what no shell gets to see"),
        ("a\nb # \x01\n", "likewise"),
        ("a # b\r\n", "likewise"),
        ("((a))", "a sum, or two subshells"),
        ("f() { a; }", "a function"),
        ("(" * 40 + "a" + ")" * 40, "two subshells, or a sum"),
        ("( " * 40 + "a" + ")" * 40, "nested too deeply"),
        ("{ a }", "the closing brace is an argument"),
        ("A=b B=c\nd", "the grammar takes them for one command"),
        ("a & b", "the background"),
        ("a\n&& b", "a list cannot go on there"),
        ("a\\\nb", "a line continued inside a word, it may be"),
        ("a \\\n# b\nc", "a comment on a continued line"),
        ("a # \x01\nb", "a control character"),
        ("a\n# \x01\nb", "likewise"),
        ("case $x in\x0ba) b;; esac", "likewise"),
        ("case $x in *|a) b;; esac", "a catch-all that is one of several"),
        ("case $x in *'a'*) b;; esac", "the grammar may read a catch-all"),
        ("a &&", "no command follows"),
        ("; a", "none goes before"),
        ("a ;; b", "the end of a case"),
        ("a &> b", "dash reads it in another way"),
        ("a >&b", "likewise"),
        ("a <<< b", "a here-string"),
        ("! ! a", "two negations"),
        ("a | ! b", "a negation inside a pipe"),
        ("! A=b", "the grammar fails"),
        ("[ a ]", "the grammar reads expressions in a test"),
        ("[ a@b = c ]", "it fails at this one"),
        ("[[ a == b* ]]", "a pattern"),
        ("[[ a == b$X ]]", "the grammar fails"),
        ("[[ a = ${X%b*} ]]", "it may take them for one word"),
        ("[[ a =~ b ]]", "an expression of another kind"),
        ("[ -f a ] > b", "a test has none"),
        ("[ -f a", "a test that is not closed"),
        ("while", "a word of the grammar"),
        ("! # a\n b", "a comment behind a negation"),
        ("a 'b", "a quote that is not closed"),
        ('a "b', "likewise"),
        ("a >", "a redirection without a file"),
        ("a > > b", "likewise"),
        ("echo caf\xe9", "not ASCII"),
        ("a " * MAX_SCRIPT, "too long"),
    ],
)
def test_is_left_to_others(script: str, reason: str) -> None:
    assert not is_plain(text(script)), reason


PIECES = st.sampled_from(
    [
        *[
            "a",
            "echo",
            "set -e",
            "rm",
            "sudo",
            "env",
            "bash -c",
            "exit",
            "cd",
            "x=1",
            "-y",
            "/a/b",
            "torch==2",
            "1",
        ],
        *[
            "$X",
            "${X}",
            '"$X"',
            "$(a b)",
            "$(",
            "`",
            "`a`",
            "{}",
            "case $X in a)",
            "esac)",
            '"',
            "${X%%[a-z]*}",
            '"${X:-$(a)}"',
            "x$(a $(b))",
            '"$(a | b) c"',
            "x$(a 'b')",
            "export A=b",
            "export A=`b`",
            "unset A",
            '"a b"',
            "'a b'",
            "'$x'",
            "\\;",
            "\\ ",
            "\\$",
            '\\"',
            "*",
            "a*b",
            "[ab]",
            "~",
            "~/x",
            "?",
        ],
        *[
            "&&",
            "||",
            ";",
            "|",
            ">",
            ">>",
            "<",
            "2>",
            ">&",
            "2>&1",
            "> /dev/null",
            "#",
            "!",
            "%",
            "=",
            ":",
            "@",
            ",",
        ],
        *[
            "{",
            "}",
            "[",
            "]",
            "in",
            "do",
            "if",
            "fi",
            "--",
            "-",
            "+",
            ".",
            "\t",
            "(",
            ")",
            "&",
            "\n",
            "\\\n",
            "# c\n",
            "''",
            '""',
        ],
    ]
)


@given(
    st.lists(st.tuples(PIECES, st.sampled_from(["", " ", " ", "  ", " \\\n"])), max_size=14),
    st.sampled_from(["sh", "bash"]),
)
@example([("\\", ""), ("a", "")], "sh")
@settings(max_examples=400, deadline=None)
def test_any_plain_script_is_what_all_read(pieces: list[tuple[str, str]], dialect: str) -> None:
    script = text("".join(piece + gap for piece, gap in pieces))
    if is_plain(script):
        found = analyse(script, dialect)
        assert by_others(script, dialect) == (found, found)


WORDS = st.sampled_from(
    [
        "a",
        "-y",
        "/x/y",
        "1.2",
        "$X",
        '"${Y}"',
        "'b c'",
        "*.d",
        '"$(e | f)"',
        "$(g; h)",
        "`g | h`",
        "$(g $(h))",
        '"${X:-$(g)}"',
        "${X%%.*}",
        "in",
        "fi",
        "{",
    ]
)
SIMPLE = st.one_of(
    st.builds("a {} {}".format, WORDS, st.one_of(WORDS, st.sampled_from(["> f", "2>&1", "<$X", ">=1 b"]))),
    st.builds("[ {} = {} ]".format, WORDS, WORDS),
    st.builds("[[ -n {} && ! -f {} ]]".format, WORDS, WORDS),
    st.builds("A={} make".format, WORDS),
    st.sampled_from(["unset A", '"$X/b" c', "p$X d", '[ "$X" ]', "[ -f $X/a ]", "[[ ${X:0:2} == `d` ]]"]),
    st.sampled_from(
        [
            "A=b C=d",
            "a ! b",
            "A=$(b)",
            "exit 1",
            "exit",
            "set -e",
            "break",
            "bash -c 'if a; then b; fi'",
            "! a",
            "fi",
        ]
    ),
)
ENDS = st.sampled_from(["; ", "; ", "\n", " # c\n", "; # c\n", " ;\n", " \\\n ;", " "])
JOINS = st.sampled_from(
    ["; ", " \\\n && ", " || # c\n", " && ", " || ", " | ", "\n", "\n# c\n ", "&&\n", ";"]
)


PATTERNS = st.text(st.sampled_from("ab*?.-'\"|/ "), min_size=1, max_size=6)


def compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Commands that hold others, most of them as they should be."""
    ends = [ENDS] * 3
    lists = st.one_of(inner, st.builds("{}{}{}".format, inner, JOINS, inner))
    return st.one_of(
        lists,
        st.builds("if {}{}then {}{}fi".format, lists, ENDS, lists, ENDS),
        st.builds("if {}{}then {}{}else\n{}{}fi".format, inner, ends[0], lists, ends[1], lists, ends[2]),
        st.builds("for x in {} {}{}do {}{}done".format, WORDS, WORDS, ENDS, lists, ENDS),
        st.builds("while {}{}do {}{}done".format, lists, ENDS, lists, ENDS),
        st.builds("for x in {} `a`; do a || {{ {}{}}} ; done".format, WORDS, lists, ENDS),
        st.builds("{{ {}{}}}".format, lists, ENDS),
        st.builds("({}) > {}".format, lists, WORDS),
        st.builds("case {} in {}|b) {};; *) {} ;; esac".format, WORDS, WORDS, lists, lists),
        st.builds("case $x in {}) {};; b|{}) {} ;; esac".format, PATTERNS, lists, PATTERNS, lists),
        st.builds("a {}$({})".format, WORDS, lists),
        st.builds('A="$( {})"'.format, lists),
    )


@given(st.recursive(SIMPLE, compound, max_leaves=8), st.sampled_from(["sh", "bash"]))
@settings(max_examples=300, deadline=None)
def test_compound_commands_are_what_all_read(script: str, dialect: str) -> None:
    if is_plain(text(script)):
        found = analyse(text(script), dialect)
        assert by_others(text(script), dialect) == (found, found)


@pytest.mark.parametrize(
    "piece",
    [
        "if a; then ",
        "{ ",
        "( ",
        "[ -f ",
        "case $x in a) ",
        "for x in ",
        "\n#",
        " #\n",
        " \\\n",
        "\n",
        " ",
        "! ",
        "$(",
        '"$(',
        "$(a `",
        "$(a ",
        '"${X:-$(a "',
        "`a ",
        "${X%",
        ";;",
        "'",
    ],
)
def test_a_hostile_script_is_given_up_soon(piece: str) -> None:
    begin = thread_time()
    for script in (piece, f"a {piece}", f"a;{piece}"):
        shell_plain.read(Source(text(script * (MAX_SCRIPT // len(script)))))
    assert thread_time() - begin < 1


COMMANDS = st.sampled_from(
    [
        "a",
        "apt-get update",
        "A=b",
        "A=$B C= make -j4",
        'echo "$X" > f',
        "a 2>&1",
        "sudo -E env A=b make",
        "bash -c 'a && b'",
        "bash x.sh",
        "exec make",
        "exec",
        "set -e",
        "set +o pipefail",
        "true",
        "/bin/false",
        "exit 3",
        "trap 'exit 1' EXIT",
        "$X/pip install torch",
        "$X",
        "make -j$(nproc)",
        "A=$(a | b)",
        "A=$(a) B=$(b)",
        "echo $(a | b) $(c && d)",
        "echo $(set -e) > $(a)",
    ]
)


@given(
    st.lists(st.tuples(COMMANDS, st.sampled_from(["&&", "&&", "&&", "|", "|", "||", ";"])), max_size=6),
    st.sampled_from(
        [*SHELLS, ("/bin/sh", "-e", "-c"), ("bash", "-o", "pipefail", "-c"), ("sudo", "sh", "-c")]
    ),
)
@settings(max_examples=400, deadline=None)
def test_a_chain_is_what_the_walk_makes_of_it(pieces: list[tuple[str, str]], shell: tuple[str, ...]) -> None:
    script = " ".join(word for piece in pieces for word in piece).rstrip("&|")
    run = parse(b"FROM a\nRUN " + script.encode()).instructions[1]
    found = run_script(run, shell)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shell_chain, "chain", lambda *_, **__: None)
        assert run_script(run, shell) == found


@pytest.mark.corpus
def test_every_run_of_the_corpus_is_what_bash_reads(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = [
        i for file in sorted((corpus / "open").iterdir())[::5] for i in parse(file.read_bytes()).instructions
    ]
    runs = [(i, shell) for i in nodes if i.keyword == "RUN" for shell in SHELLS]
    plain = sum(is_plain(run.rest) for run, _ in runs)
    assert plain > 0.8 * len(runs)
    found = [run_script(run, shell) for run, shell in runs]
    without_plain(monkeypatch)
    for (run, shell), script in zip(runs, found, strict=True):
        assert run_script(run, shell) == script, run.rest.data
