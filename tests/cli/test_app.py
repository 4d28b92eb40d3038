"""What every command does with words that it does not know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

# --- (the command line, how what is said ends) ---
TABLE = [
    ("lint --fail-on warn", "'never' (did you mean warning?)"),
    ("lint --fail-on=warn", "'never' (did you mean warning?)"),
    ("lint --format jsn", "'markdown' (did you mean json?)"),
    ("lint --format JSON", "'markdown' (did you mean json?)"),
    ("lint --profile defalt", "'all' (did you mean default?)"),
    ("lint --profile strict", "'strict' is not one of 'default', 'hadolint', 'all'"),
    ("completion bsh", "'fish' (did you mean bash?)"),
    ("rewrite Dockerfile --target cudda --target cann", "'cann' (did you mean cuda?)"),
    (
        "rewrite Dockerfile --only mergeruns",
        "no step 'mergeruns' (did you mean merge-runs?); there are split,",
    ),
    ("rewrite Dockerfile --only ,", "--only: it names no step; there are split,"),
    ("gate --output markdwn=report.md", "not 'markdwn=report.md' (did you mean markdown?)"),
    ("gate --output report.md", "not 'report.md'"),
    ("lint --formt json", "--format"),
    ("lnt", "Did you mean 'lint'?"),
]


@pytest.mark.parametrize("line, said", TABLE, ids=[line for line, _ in TABLE])
def test_what_is_nearly_right(imgtool: Callable[..., Any], line: str, said: str) -> None:
    done = imgtool(*line.split())
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert said.endswith(",") or said == "--format" or done.err.endswith(f"{said}\n")
