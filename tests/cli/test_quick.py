"""Command lines that are read without typer are read as typer reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imgtool.cli import linting, quick
from imgtool.cli.app import build
from imgtool.cli.lint_call import LintCall

WORDS = [
    *(*quick._FLAGS, *quick._VALUES, *quick._LISTS),
    *(
        "-",
        "--",
        "a",
        "b/Dockerfile",
        "",
        "-x",
        "--help",
        "--nonsense",
        "json",
        "all",
        "warning",
        "IMG1",
        "A=b",
        "2",
    ),
    *(
        "--format=json",
        "--format=x",
        "--select=IMG1,BK",
        "--select=",
        "--fix=1",
        "-ofile",
        "-o=file",
        "--jobs",
        "--context",
    ),
]


def by_typer(words: list[str]) -> LintCall | None:
    """What typer makes of the words; None where it refuses them or answers itself."""
    calls: list[LintCall] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linting, "run", calls.append)
        with pytest.raises(SystemExit):
            build("lint")(args=["lint", *words], prog_name="imgtool")
    return calls[0] if calls else None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(words=st.lists(st.sampled_from(WORDS), max_size=6))
def test_it_reads_what_typer_reads(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    call = quick.read(words)
    if call is not None:
        assert call == by_typer(words)
    capsys.readouterr()


# --- (words, whether typer is not needed) ---
TABLE = [
    ([], True),
    (["Dockerfile"], True),
    (["--isolated", "--format", "sarif", "a", "b"], True),
    (["--select", "IMG1", "--select=BK"], True),
    (["--help"], False),
    (["--formt", "json"], False),
    (["--format"], False),
    (["--format", "xml"], False),
    (["--jobs", "2"], True),
    (["--jobs", "0"], False),
    (["--jobs", "x"], False),
    (["--", "-"], False),
]


@pytest.mark.parametrize("words, quickly", TABLE)
def test_what_needs_no_typer(words: list[str], *, quickly: bool) -> None:
    assert (quick.read(words) is not None) is quickly


def test_every_option_is_somewhere() -> None:
    taken = {field for field, _ in quick._FLAGS.values()} | {field for field, _ in quick._VALUES.values()}
    taken |= set(quick._LISTS.values())
    # a check of its own: a folder that exists; and what reads images
    assert set(LintCall.__match_args__) - taken == {
        *("paths", "context"),
        *("image", "dockerfile", "platform", "plain_http"),
    }


Imgtool = Callable[..., Any]


@pytest.mark.parametrize("words", [["--select", ""], ["--diff", "--format", "json"], ["--select", "IMG999"]])
def test_wrong_usage_is_said_by_typer(imgtool: Imgtool, words: list[str]) -> None:
    done = imgtool("lint", *words)
    assert done.code == 2
    assert "Usage: imgtool lint" in done.err
