from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

LintWith = Callable[..., Any]

BASE = "FROM python:3.12\n"
SERVE = 'CMD ["vllm", "serve", "m"]\n'

LEFT_ALONE = [
    (f"{BASE}HEALTHCHECK --start-period=10m30s CMD curl x\n{SERVE}", "it waits"),
    (f"{BASE}HEALTHCHECK --interval=1m --retries=5 CMD curl x\n{SERVE}", "its retries take long enough"),
    (f"{BASE}HEALTHCHECK NONE\n{SERVE}", "none"),
    (f'{BASE}HEALTHCHECK CMD curl x\nCMD ["python", "app.py"]\n', "no model server by its name"),
    (f"{BASE}HEALTHCHECK CMD curl x\n", "nothing tells what starts"),
    (f"{BASE}HEALTHCHECK --interval=soon CMD curl x\n{SERVE}", "no duration"),
    (f"{BASE}ONBUILD HEALTHCHECK CMD curl x\n{SERVE}", "the child's doing"),
    (f"{BASE}HEALTHCHECK CMD curl x\n{SERVE}{BASE}{SERVE}", "another stage"),
    ("", "no stage"),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG409", text).findings, reason


# body, what is underlined, the server, its patience in seconds
FOUND = [
    (f"{BASE}HEALTHCHECK CMD curl x\n{SERVE}", "HEALTHCHECK", "vllm", 90),
    (f'{BASE}ENTRYPOINT ["python3", "-m", "sglang.launch_server"]\nHEALTHCHECK --start-period=5s CMD curl x\n', "--start-period=5s", "sglang", 95),
    ("FROM vllm/vllm-openai:v0.8.5\nHEALTHCHECK \\\n  --interval=10s --retries=2 \\\n  CMD curl x\n", "HEALTHCHECK", "vllm/vllm-openai", 20),
    (f"FROM python:3.12 AS base\nHEALTHCHECK CMD curl x\nFROM base\n{SERVE}", "HEALTHCHECK", "vllm", 90),
    (f'{BASE}healthcheck --interval=0s CMD ["curl", "x"]\nCMD tritonserver --model-repository=/m\n', "healthcheck", "tritonserver", 90),
]  # fmt: skip


@pytest.mark.parametrize("text, underlined, server, seconds", FOUND)
def test_found(lint_with: LintWith, text: str, underlined: str, server: str, seconds: int) -> None:
    result = lint_with("IMG409", text)
    (finding,) = result.findings
    assert result.source.text(finding.span) == underlined
    assert finding.message == (
        f"this calls {server} unhealthy {seconds} s after its start if loading the model takes longer; give it a --start-period of minutes"
    )


def test_the_fix_waits(lint_with: LintWith) -> None:
    (finding,) = lint_with("IMG409", f"{BASE}HEALTHCHECK --start-period=5s CMD curl x\n{SERVE}").findings
    (edit,) = finding.fix.edits
    assert edit.text == "--start-period=10m"
    assert finding.fix.applicability == "unsafe"
