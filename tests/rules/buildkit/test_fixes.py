"""Fixes of BuildKit's checks: before, after, and that nothing but the form changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.edits import apply
from imgtool.facts.facts import Facts
from imgtool.findings import Applicability
from imgtool.lint.fixer import fix
from imgtool.lint.runner import LintResult
from imgtool.syntax import parse

LintWith = Callable[..., LintResult]

B = "FROM debian:bookworm"

# --- (code, before, after) ---
SAFE = [
    ("BK001", f"{B} AS Build\nRUN a\n", f"{B} AS build\nRUN a\n"),
    (
        "BK001",
        f"{B} AS Build\nFROM Build AS x\nCOPY --from=BUILD /a /b\nRUN --mount=type=bind,from=Build,target=/x y\n",
        f"{B} AS build\nFROM build AS x\nCOPY --from=build /a /b\nRUN --mount=type=bind,from=build,target=/x y\n",
    ),
    (
        "BK001",
        f"{B} AS B\nONBUILD COPY --from=B /x /y\n{B}\n",
        f"{B} AS b\nONBUILD COPY --from=B /x /y\n{B}\n",
    ),
    ("BK002", f"{B} as build\n", f"{B} AS build\n"),
    ("BK002", "from debian:bookworm As build\n", "from debian:bookworm as build\n"),
    ("BK003", f"{B}\nRUN a \\\n\n  b \\\n \t\n  c\n", f"{B}\nRUN a \\\n  b \\\n  c\n"),
    ("BK003", f"{B}\r\nRUN a \\\r\n\r\n  b\r\n", f"{B}\r\nRUN a \\\r\n  b\r\n"),
    ("BK003", f"{B}\nRUN a \\\n\n# c\n  b\n\nRUN d\n", f"{B}\nRUN a \\\n# c\n  b\n\nRUN d\n"),
    ("BK004", f"{B} AS a\nrun b\n", f"{B} AS a\nRUN b\n"),
    ("BK004", "from debian:bookworm as a\nRUN b\nRUN c\n", "FROM debian:bookworm AS a\nRUN b\nRUN c\n"),
    ("BK004", "FROM debian:bookworm\nrun b\nrun c\n", "from debian:bookworm\nrun b\nrun c\n"),
    ("BK013", f"{B}\nENV a b\n", f"{B}\nENV a=b\n"),
    ("BK013", f"{B}\nENV a   b  c\n", f'{B}\nENV a="b  c"\n'),
    ("BK013", f"{B}\nLABEL a b=c d\n", f'{B}\nLABEL a="b=c d"\n'),
    ("BK013", f'{B}\nENV a "b c" d\n', f'{B}\nENV a="b c"\\ d\n'),
    ("BK013", f"{B}\nENV a 'b c'\n", f"{B}\nENV a='b c'\n"),
    ("BK013", f"{B}\nENV a b\\ c d\n", f"{B}\nENV a=b\\ c\\ d\n"),
    ("BK013", f"{B}\nENV a $X ${{Y:-z w}}\n", f'{B}\nENV a="$X ${{Y:-z w}}"\n'),
    ("BK013", f"{B}\nENV a b \\\n  c\n", f'{B}\nENV a="b \\\n  c"\n'),
    ("BK013", f"{B}\nENV a \\\n  b\n", f"{B}\nENV a=b\n"),
    ("BK013", f'# escape=`\n{B}\nENV a "b" C:\\x\n', f'# escape=`\n{B}\nENV a="b"` C:\\x\n'),
    ("BK013", f"{B}\nENV a =b\n", f"{B}\nENV a==b\n"),
    ("BK015", "FROM --platform=$TARGETPLATFORM  debian\n", "FROM debian\n"),
    ("BK021", f"{B}\nEXPOSE 80/TCP 81\n", f"{B}\nEXPOSE 80/tcp 81\n"),
    ("BK022", f"{B}\nEXPOSE 127.0.0.1:8080:80/tcp 81\n", f"{B}\nEXPOSE 80/tcp 81\n"),
    ("BK021,BK022", f"{B}\nEXPOSE 1:2/UDP\n", f"{B}\nEXPOSE 2/udp\n"),
]
UNSAFE = [
    ("BK007", f"{B}\nCMD a  --b=c /d\n", f'{B}\nCMD ["a", "--b=c", "/d"]\n'),
    ("BK008", f"{B}\nMAINTAINER A <b@c>\n", f'{B}\nLABEL org.opencontainers.image.authors="A <b@c>"\n'),
    ("BK008", f'{B}\nmaintainer "A"\n', f'{B}\nlabel org.opencontainers.image.authors="A"\n'),
    ("BK008", f'{B}\nMAINTAINER "A" $B\n', f'{B}\nLABEL org.opencontainers.image.authors="\\"A\\" \\$B"\n'),
    ("BK010", f"{B}\nWORKDIR ./a/b\n", f"{B}\nWORKDIR /a/b\n"),
]


def test_what_would_be_no_port_is_not_written(lint_with: LintWith) -> None:
    (finding,) = lint_with("BK022", f"{B}\nEXPOSE [::1]:99999/x\n").findings
    assert finding.fix is None


@pytest.mark.parametrize("code, before, after", SAFE)
def test_safe(lint_with: LintWith, code: str, before: str, after: str) -> None:
    done = fix(before.encode(), lambda data: lint_with(code, data), unsafe=False)
    assert done.converged
    assert done.data.decode() == after
    assert not done.left.findings


@pytest.mark.parametrize("code, before, after", UNSAFE)
def test_unsafe(lint_with: LintWith, code: str, before: str, after: str) -> None:
    (finding,) = lint_with(code, before).findings
    assert finding.fix
    assert finding.fix.applicability is Applicability.UNSAFE
    assert apply(before.encode(), finding.fix.edits).decode() == after


@pytest.mark.parametrize("code, before, after", [row for row in SAFE if row[0] == "BK013"])
def test_values_stay(code: str, before: str, after: str) -> None:
    old, new = (Facts(parse(text.encode())) for text in (before, after))
    assert dict(old.final_state(old.stages[0]).env) == dict(new.final_state(new.stages[0]).env), code


# --- (code, Dockerfile, why it has no fix) ---
NO_FIX = [
    ("BK007", f"{B}\nCMD a && b\n", "the shell's word"),
    ("BK007", f"{B}\nCMD exec a\n", "the shell's word"),
    ("BK007", f"{B}\nCMD A=1 b\n", "an assignment"),
    ("BK007", f'{B}\nCMD a "$B"\n', "a variable"),
    ("BK007", f"{B}\nCMD ls *\n", "a wildcard"),
    ("BK007", f"{B}\nCMD a \\\n# c\n  b\n", "a comment would be lost"),
    ("BK007", f"{B}\nCMD\n", "nothing to write"),
    ("BK008", f"{B}\nMAINTAINER a \\\n  b\n", "two lines"),
    ("BK010", "FROM example.com/base\nWORKDIR a\n", "nobody knows where it leads"),
    ("BK010", f'{B}\nWORKDIR "a"\n', "quotes"),
    ("BK013", f"{B}\nENV a \\\n# c\n b\n", "a comment would be lost"),
    ("BK013", f'{B}\nENV a "b c\n', "its quotes do not close"),
    ("BK021", f"{B}\nENV P=80/TCP\nEXPOSE $P\n", "it stands elsewhere"),
]


@pytest.mark.parametrize("code, text, reason", NO_FIX)
def test_no_fix(lint_with: LintWith, code: str, text: str, reason: str) -> None:
    (finding,) = lint_with(code, text).findings
    assert finding.fix is None, reason
