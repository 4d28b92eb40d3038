"""Private names that PyPI may answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
FROM = "FROM debian:bookworm-slim\n"

# --- (instructions, why they are left alone) ---
LEFT_ALONE = [
    ("RUN pip install --extra-index-url https://download.pytorch.org/whl/cu124 torch", "a vendor's index"),
    ("RUN pip install --extra-index-url https://pypi.nvidia.com cudf-cu12", "a vendor's index"),
    ("RUN pip install -i https://pypi.tuna.tsinghua.edu.cn/simple --extra-index-url https://mirrors.aliyun.com/pypi/simple numpy", "mirrors of one index"),
    ("RUN pip install --index-url https://nexus.example.org/simple billing", "one index"),
    ("RUN pip install --index-url https://nexus.example.org/simple --extra-index-url https://other.example.org/simple billing", "both private"),
    ("RUN pip install --no-deps --extra-index-url https://nexus.example.org/simple billing==1.2.0", "an exact version alone"),
    ("RUN pip install --require-hashes --extra-index-url https://nexus.example.org/simple -r requirements.txt", "hashes"),
    ("RUN uv pip install --extra-index-url https://nexus.example.org/simple billing", "uv takes the first index that has a name"),
    ("RUN pip install --extra-index-url $INDEX billing", "unknown"),
    ("RUN pip install --extra-index-url http://localhost:3141/root/dev billing", "the machine itself"),
    ("RUN pip install --find-links https://nexus.example.org/simple billing", "no index"),
    ("ENV PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu", "a vendor's index"),
    ("ENV PIP_EXTRA_INDEX_URL=", "none"),
    ("RUN pip install --extra-index-url https://mirrors.huaweicloud.com/ascend/repos/pypi torch-npu", "a mirror's vendor folder"),
    ("RUN pip install --extra-index-url https://www.piwheels.org/simple numpy", "builds of PyPI"),
    ("RUN pip install --extra-index-url https://data.pyg.org/whl torch-scatter", "a vendor's index"),
    ("RUN pip install --extra-index-url https://repo.mindspore.cn/pypi/simple mindspore", "a vendor's index"),
    ("RUN pip install --extra-index-url https://storage.openvinotoolkit.org/simple/wheels/nightly openvino", "a vendor's index"),
]  # fmt: skip


@pytest.mark.parametrize("lines, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, lines: str, reason: str) -> None:
    assert not lint_with("IMG503", f"{FROM}{lines}\n").findings, reason


# --- (instructions, line, what is marked, severity) ---
FOUND = [
    ("RUN pip install --extra-index-url https://nexus.example.org/simple billing", 2, "https://nexus.example.org/simple", "warning"),
    ('RUN pip3 install --extra-index-url=https://nexus.example.org/simple "billing>=2"', 2, "https://nexus.example.org/simple", "warning"),
    ("RUN /opt/venv/bin/python -m pip install --extra-index-url 'https://nexus.example.org/simple' billing", 2, "https://nexus.example.org/simple", "warning"),
    ("RUN pip install --index-url https://nexus.example.org/simple --extra-index-url https://pypi.org/simple billing", 2, "https://pypi.org/simple", "warning"),
    ("RUN pip install --extra-index-url https://nexus.example.org/simple -r requirements.txt", 2, "https://nexus.example.org/simple", "info"),
    ("RUN pip install --extra-index-url https://nexus.example.org/simple billing==1.2.0", 2, "https://nexus.example.org/simple", "info"),
    ("RUN uv pip install --index-strategy unsafe-best-match --extra-index-url https://nexus.example.org/simple billing", 2, "https://nexus.example.org/simple", "warning"),
    ("ARG INDEX=https://nexus.example.org/simple\nRUN pip install --extra-index-url $INDEX billing", 3, "$INDEX", "warning"),
    ("ENV PIP_EXTRA_INDEX_URL=https://nexus.example.org/simple", 2, "https://nexus.example.org/simple", "warning"),
    ("RUN pip config set global.extra-index-url https://nexus.example.org/simple", 2, "https://nexus.example.org/simple", "warning"),
    ("COPY <<EOF /etc/pip.conf\n[global]\nextra-index-url = https://nexus.example.org/simple\nEOF", 4, "https://nexus.example.org/simple", "warning"),
    ("RUN pip install --extra-index-url https://test.pypi.org/simple/ billing", 2, "https://test.pypi.org/simple/", "warning"),
]  # fmt: skip


@pytest.mark.parametrize("lines, line, marked, severity", FOUND)
def test_found(lint_with: LintWith, lines: str, line: int, marked: str, severity: str) -> None:
    result = lint_with("IMG503", f"{FROM}{lines}\n")
    (finding,) = result.findings
    place = (result.source.line_of(finding.span.start), result.source.text(finding.span))
    assert (*place, finding.severity) == (line, marked, severity)


# --- the same mistake in five shapes ---
SHAPES = [
    "RUN pip install --extra-index-url https://nexus.example.org/simple billing",
    "RUN python3 -m pip install billing --extra-index-url=https://nexus.example.org/simple",
    'ENV PIP_EXTRA_INDEX_URL="https://nexus.example.org/simple"',
    "RUN printf '[global]\\nextra-index-url=https://nexus.example.org/simple\\n' > /etc/pip.conf",
    "RUN PIP_EXTRA_INDEX_URL=https://nexus.example.org/simple pip install billing",
]  # fmt: skip


@pytest.mark.parametrize("lines", SHAPES)
def test_five_shapes(lint_with: LintWith, lines: str) -> None:
    assert len(lint_with("IMG503", f"{FROM}{lines}\n").findings) == 1


def test_message(lint_with: LintWith) -> None:
    text = f"{FROM}RUN pip install --extra-index-url https://nexus.example.org/simple billing\n"
    (finding,) = lint_with("IMG503", text).findings
    assert finding.message.startswith(
        "a name that is meant for nexus.example.org may come from pypi.org, where anybody can register it: "
    )
