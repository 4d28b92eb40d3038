from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

LintWith = Callable[..., Any]

BASE = "FROM python:3.12\nRUN pip install --no-cache-dir a\n"

LEFT_ALONE = [
    (
        f"{BASE}RUN pip install --no-cache-dir b && find / -name __pycache__ -exec rm -rf {{}} +",
        "installs, too",
    ),
    (f"{BASE}RUN ./setup.sh && find / -name '*.pyc' -delete", "the script may make them"),
    (f"{BASE}RUN make install && find /usr/local -name '*.a' -delete", "the build makes them"),
    (f"{BASE}RUN find /app -name '*.pyc'", "nothing is deleted"),
    (f"{BASE}RUN find /var/log -type f -name '*.log' -delete", "not for the size alone, perhaps"),
    (f"{BASE}RUN rm -f /etc/apt/sources.list.d/cuda.list", "it changes what is installed"),
    (f"{BASE}RUN rm -rf /usr/share/app/doc", "of an application"),
    (f"{BASE}RUN --mount=type=bind,target=/src,rw find /src -name '*.pyc' -delete", "a mount"),
    (f"{BASE}COPY --from=x /a.whl /opt/tests\nRUN rm -rf /opt/tests", "IMG202 says so"),
    (f"FROM python:3.12 AS b\nRUN find / -name '*.pyc' -delete\n{BASE}", "a builder"),
    (f"{BASE}ONBUILD RUN find / -name '*.pyc' -delete", "the child's doing"),
    (f"{BASE}RUN find / -name '*.pyc' -delete && $X", "what else it does is not known"),
    (f"{BASE}RUN test -f /opt/tests/a.py", "nothing is deleted"),
    ("", "no stage"),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG214", text).findings, reason


# script, what is underlined; the five first are one defect in five shapes
DELETED = [
    ("RUN find / -type d -name __pycache__ | xargs rm -rf", "__pycache__"),
    ("RUN find /usr/local -depth \\( -name tests -o -name '*.pyc' \\) -exec rm -rf '{}' +", "tests"),
    ("RUN <<EOF\nset -e\nfind /opt -follow -type f -name '*.a' -delete\nEOF\n", "'*.a'"),
    ('RUN ["rm", "-rf", "/usr/local/lib/python3.12/test"]', '"/usr/local/lib/python3.12/test"'),
    ("ENV A=1\nRUN rm -rf \\\n  # all\n  /usr/share/doc/* /tmp/x", "/usr/share/doc/*"),
    ("RUN rm -rf /usr/local/cuda/lib64/*_static.a", "/usr/local/cuda/lib64/*_static.a"),
    ("RUN find /opt/conda -name '*.pyc' -delete && find /opt/conda -name '*.a' -delete", "'*.pyc'"),
]


@pytest.mark.parametrize("script, underlined", DELETED)
def test_deleted(lint_with: LintWith, script: str, underlined: str) -> None:
    result = lint_with("IMG214", f"{BASE}{script}\n")
    (finding,) = result.findings
    assert result.source.text(finding.span) == underlined
    name = underlined.strip("'\"")
    assert finding.message == (
        f"{name} stays in the layers below, and this one frees nothing; delete it in the RUN that made it"
    )


# script, what is underlined
STRIPPED = [
    ("COPY --from=x /opt/a /opt/a\nRUN find /opt/a -name '*.so' -exec strip --strip-unneeded {} +", "/opt/a"),
    ("RUN strip -s /usr/local/bin/server", "/usr/local/bin/server"),
]


@pytest.mark.parametrize("script, underlined", STRIPPED)
def test_stripped(lint_with: LintWith, script: str, underlined: str) -> None:
    result = lint_with("IMG214", f"{BASE}{script}\n")
    (finding,) = result.findings
    assert result.source.text(finding.span) == underlined
    assert finding.message == (
        f"strip stores what it shortens in {underlined} a second time; run it where the files are made"
    )
