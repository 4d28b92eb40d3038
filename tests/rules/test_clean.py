"""Good Dockerfiles for accelerators are clean by default, and no longer where one thing of them is spoilt."""

from __future__ import annotations

from pathlib import Path

import pytest

from imgtool.facts.facts import Facts
from imgtool.lint import registry, shellcheck
from imgtool.lint.runner import LintResult, lint

CLEAN = Path(__file__).resolve().parents[2] / "fixtures" / "clean"
FILES = sorted(path.name for path in CLEAN.iterdir())


def linted(data: bytes) -> LintResult:
    """By the default profile, ShellCheck included where it is installed."""

    def ask(facts: Facts) -> shellcheck.Pending:
        return shellcheck.ask([facts])[0]

    result = lint(data, "Dockerfile", [registry.load(entry) for entry in registry.select()], shell=ask)
    assert not result.failures
    return result


@pytest.mark.parametrize("name", FILES)
def test_clean(name: str) -> None:
    result = linted((CLEAN / name).read_bytes())
    assert [f"{result.source.line_of(f.span.start)} {f.code} {f.message}" for f in result.findings] == []


# file, what is in it, what is there instead, the rule that sees it
SPOILT = [
    ("cuda.Dockerfile", "FROM nvidia/cuda:${CUDA}-base-ubuntu", "FROM nvidia/cuda:${CUDA}-devel-ubuntu", "IMG101"),
    ("cuda.Dockerfile", "libgomp1", "nvidia-driver-550", "IMG102"),
    ("cuda.Dockerfile", "CUDA=12.9.1", "CUDA=11.3.0", "IMG115"),
    ("cuda.Dockerfile", "HF_HOME=/models", "CUDA_VISIBLE_DEVICES=0", "IMG117"),
    ("cuda.Dockerfile", " \\\n && rm -rf /var/lib/apt/lists/* \\\n && useradd", " \\\n && useradd", "IMG204"),
    ("cuda.Dockerfile", 'CMD ["python3", "-m", "app.serve"', 'CMD python3 -m "app.serve"', "BK007"),
    ("cuda.Dockerfile", "USER app", "ENV API_KEY=9f86d081884c7d659a2feaa0c55ad015", "IMG501"),
    ("cann.Dockerfile", "AS wheels", "AS Wheels", "BK001"),
    ("cann.Dockerfile", "torch-npu==2.9.0", "torch-npu==2.1.0", "IMG111"),
    ("cann.Dockerfile", "--mount=type=bind,from=wheels,source=/wheels,target=/wheels \\\n    pip install --no-cache-dir --no-index", "pip install", "IMG204"),
    ("cann.Dockerfile", "COPY --chown=serve:HwHiAiUser serve.py", "COPY model.safetensors serve.py", "IMG206"),
    ("slim.Dockerfile", "COPY --from=build /opt/venv /opt/venv", "RUN pip install torch==2.9.1", "IMG204"),
    ("slim.Dockerfile", " --extra-index-url https", " --extra-index-url http", "IMG504"),
    ("slim.Dockerfile", "COPY --chown=worker:worker src/ ./src/", "COPY src/ ./src/\nRUN chown -R worker src", "IMG203"),
]  # fmt: skip


@pytest.mark.parametrize("name, old, new, code", SPOILT)
def test_spoilt(name: str, old: str, new: str, code: str) -> None:
    text = (CLEAN / name).read_text("utf-8")
    assert old in text
    assert code in {finding.code for finding in linted(text.replace(old, new).encode()).findings}
