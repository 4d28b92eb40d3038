"""No regular expression takes more than its text is long, or what it reads is short."""

from __future__ import annotations

import re
import time

import pytest
from pumps import Expression, expressions, modules, pumps, slow

from imgtool.leaks import _WORDS
from imgtool.lint import registry
from imgtool.lint.runner import lint

# --- expressions that are quadratic at worst, with what bounds their text; each word of it is in the list of the module ---
BOUNDED = {
    "imgtool.facts.caches": "a script, of at most 16 KiB",
    "imgtool.facts.paths": "a word of a script",
    "imgtool.facts.shell_whole": "a script, of at most 16 KiB",
    "imgtool.facts.shell_words": "a script, of at most 16 KiB",
    "imgtool.facts.specs": "a word of a script",
    "imgtool.facts.shell_plain": "what is not plain ends the reading",
    "imgtool.families.commands": "the name of a program",
    "imgtool.families.model": "a pattern of our own data",
    "imgtool.images.auth": "a header, of which 2 KiB are looked at",
    "imgtool.images.daemon": "the value of DOCKER_HOST, which is the user's own",
    "imgtool.leaks": "values of at most 512 bytes",
    "imgtool.lint.dialects.hadolint": "a comment that begins as hadolint's do",
    "imgtool.secret_files": "a path, of at most 4 KiB",
    "imgtool.report.rewrites": "a plan's own evidence",
    "imgtool.report.sizes": "a line of an image's history, cut before",
    "imgtool.rewrite.needs": "a word of a script",
    "imgtool.syntax.lexer": "what is behind the last character that is no space",
    "imgtool.transforms.commands": "what stands before a command",
    "imgtool.transforms.runs": "what stands between two commands",
    "imgtool_rules.accelerator._builds": "a word of a script",
    "imgtool_rules.context._kinds": "a path, of at most 4 KiB",
    "imgtool_rules.context._sources": "an operand",
    "imgtool_rules.layers._leftovers": "a word of a script",
    "imgtool_rules.layers.img209_archive_kept": "a word of a script",
    "imgtool_rules.layers.img214_slimmed_too_late": "a word of a script",
    "imgtool_rules.security.img502_piped_installer": "a script, of at most 16 KiB",
    "imgtool_rules.security.img505_tls_verification_off": "a word of a script",
    "imgtool_rules.stages.img401_unreachable_stage": "a word of a comment",
}


def test_all_are_seen() -> None:
    every = [expression for module in modules() for expression in expressions(module)]
    assert len(every) > 250
    assert {e.where.partition(".")[0] for e in every} == {"imgtool", "imgtool_rules"}


@pytest.mark.parametrize("module", modules())
def test_none_is_exponential(module: str) -> None:
    for expression in expressions(module):
        found = slow(expression)
        assert found is None or module in BOUNDED, (expression, found)
        # even what is short has to be read
        assert found is None or found[1] >= 1000, (expression, found)


@pytest.mark.parametrize(
    "pattern, linear",
    [
        (r"a*b", True),
        (r"(?:-[\w.]+)*", True),
        (r"(?:[a-z]{2,}+)*+\Z", True),
        (r"(?:a+)+b", False),
        (r"(?:[a-z]{2,}|x)+\Z", False),
        (r"a*a*a*b", False),
    ],
)
def test_the_check_can_fail(pattern: str, linear: bool) -> None:
    assert (slow(Expression("", "", pattern, 0, searched=False)) is None) is linear


def test_pumps() -> None:
    assert [*pumps(r"x(?:ab|c)+y*", 0)][:2] == [("x", "ab"), ("x", "c")]


# --- files that took minutes, or the square of their length ---
HOSTILE = {
    "letters and a digit": b"FROM a\nENV TOKEN=" + b"a" * 200 + b"1a\n",
    "substitutions": b"FROM debian\nRUN pip install " + b"$()" * 4000 + b"x\n",
    "variables": b"FROM debian\nRUN pip install " + b"$aaaaaaaa" * 1000 + b"!\n",
    "a size": b"FROM a\nRUN --mount=type=tmpfs,target=/x,size=" + b"1" * 100_000 + b"x a\n",
    "brackets": b"FROM a\nENV TOKEN=" + b"<" * 100_000 + b"\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_values_end_soon(name: str) -> None:
    rules = [registry.load(entry) for entry in registry.index()]
    started = time.process_time()
    assert not lint(HOSTILE[name], "", rules).failures
    assert time.process_time() - started < 2


# what was read in exponentially many ways
WORDS = re.compile(r"(?:(?:[A-Z][a-z]+|[a-z]{2,}|[A-Z]{2,})+|[A-Za-z]?)[0-9]*\Z")


@pytest.mark.parametrize(
    "text", "a A ab aB Ab AB abC aBc ABc ABcd ABCd ABCDe AbC AbCd abCDE1 1 a1 AB12 aa1a".split()
)
def test_words_are_what_they_were(text: str) -> None:
    assert bool(_WORDS.match(text)) is bool(WORDS.match(text))
