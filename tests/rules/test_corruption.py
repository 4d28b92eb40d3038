"""Files that tools which mend Dockerfiles easily break: imgtool does not, by the judgement that the benchmark prints."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from mending import cases, judge

from imgtool.lint import registry
from imgtool.lint.fixer import fix
from imgtool.lint.runner import lint

# what --unsafe-fixes changes, each with a reason that the fix states
UNSAFE = {"cuda-stages": "adds COPY", "legacy-env": "**loses MAINTAINER**; adds LABEL"}
SAME = {"cache-mount", "export-in-run", "no-health-check-tool", "shell-command"}


def mended(name: str, *, unsafe: bool) -> bytes:
    rules = [registry.load(entry) for entry in registry.select()]
    done = fix(cases()[name], lambda data: lint(data, "Dockerfile", rules), unsafe=unsafe)
    assert done.converged
    return done.data


@pytest.mark.parametrize("name", cases())
def test_safe_fixes_break_nothing(name: str) -> None:
    verdict = judge(cases()[name], mended(name, unsafe=False))
    assert verdict == ("same" if name in SAME else "ok")


@pytest.mark.parametrize("name", cases())
def test_unsafe_fixes_lose_no_command(name: str) -> None:
    verdict = judge(cases()[name], mended(name, unsafe=True))
    assert verdict in ({UNSAFE[name]} if name in UNSAFE else {"ok", "same"})


# --- (case, what a tool made of it, verdict) ---
JUDGED = [
    ("crlf", lambda data: data.replace(b"\r\n", b"\n"), "changes newlines"),
    ("crlf", lambda data: data.replace(b"# tools", b"# Tools"), "loses comments"),
    ("comment-in-run", lambda data: data.replace(b"    git \\\n", b""), "changes a command"),
    ("hash-in-word", lambda data: data.replace(b" && sed -i s/a#b/c#d/ /etc/value", b""), "**loses a command**"),
    ("option-values", lambda data: data.replace(b"-t bookworm-backports -o", b"-o"), "changes a command"),
    ("heredoc-instructions", lambda data: data.replace(b"evil:1", b"good"), "**changes a here-document**; changes COPY"),
    ("cd-in-run", lambda data: data.replace(b"RUN cd /opt/tool && ", b"WORKDIR /opt/tool\nRUN "), "adds WORKDIR; **loses a command**"),
    ("export-in-run", lambda data: data.replace(b"first\nRUN", b"first &&"), "joins RUNs that share a shell's state"),
    ("no-user", lambda data: data + b"USER nobody\n", "adds USER"),
    ("no-user", lambda data: data.replace(b"EXPOSE 80\n", b""), "**loses EXPOSE**"),
    ("legacy-env", lambda data: data.replace(b"GREETING ", b"GREETING="), "**does not parse**"),
    ("mark-and-no-newline", lambda data: data[3:] + b"\n", "loses the byte-order mark; adds a last newline"),
    ("mark-and-no-newline", lambda data: data.replace(b"# check", b"#"), "**loses a directive**"),
    ("no-user", lambda data: data, "same"),
    ("no-user", lambda _: None, "refuses"),
]  # fmt: skip


@pytest.mark.parametrize("name, tool, verdict", JUDGED)
def test_verdicts(name: str, tool: Callable[[bytes], bytes | None], verdict: str) -> None:
    assert judge(cases()[name], tool(cases()[name])) == verdict
