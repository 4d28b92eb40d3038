"""What is mended at least, by example: safely, or unsafely with the reason in the fix; and what points to a rewrite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from imgtool.facts.facts import FactOptions
from imgtool.findings import Applicability
from imgtool.lint import registry
from imgtool.lint.fixer import fix
from imgtool.lint.runner import LintResult, lint

LintWith = Callable[..., LintResult]

D = "FROM debian:bookworm\n"
CUDA = "FROM nvidia/cuda:12.1.0-devel-ubuntu22.04\n"

# --- (rule, before, after) ---
SAFE = [
    # owner and mode folded into COPY
    ("IMG203", f"{D}COPY app/ /app/\nRUN chown -R 1:2 /app\n", f"{D}COPY --chown=1:2 app/ /app/\n"),
    (
        "IMG203",
        f"{D}WORKDIR /app\nCOPY . .\nRUN chmod -R 755 /app\n",
        f"{D}WORKDIR /app\nCOPY --chmod=755 . .\nRUN chmod 755 /app\n",
    ),
    # clean-up moved into its layer
    (
        "IMG202",
        f"{D}RUN apt-get update && apt-get install -y git\nRUN rm -rf /var/lib/apt/lists/*\n",
        f"{D}RUN apt-get update && apt-get install -y git \\\n    && rm -rf /var/lib/apt/lists/*\n",
    ),
    (
        "IMG202",
        f"{D}RUN apt-get update && apt-get install -y gcc\nRUN apt-get purge -y gcc\n",
        f"{D}RUN apt-get update && apt-get install -y gcc \\\n    && apt-get purge -y gcc\n",
    ),
    (
        "IMG202",
        f"{D}RUN curl -o /m https://example.com/model.bin\nRUN rm /m\n",
        f"{D}RUN curl -o /m https://example.com/model.bin \\\n    && rm /m\n",
    ),
    # caches
    (
        "IMG204",
        f"{D}RUN apt-get update && apt-get install -y git\n",
        f"{D}RUN apt-get update && apt-get install -y git && rm -rf /var/lib/apt/lists/*\n",
    ),
    ("IMG204", f"{D}RUN pip install torch\n", f"{D}RUN pip install --no-cache-dir torch\n"),
    ("DL3019", "FROM alpine\nRUN apk add git\n", "FROM alpine\nRUN apk add --no-cache git\n"),
    (
        "DL3032",
        "FROM centos:7\nRUN yum install -y git\n",
        "FROM centos:7\nRUN yum install -y git && yum clean all\n",
    ),
    # -y
    ("DL3014", f"{D}RUN apt-get install git\n", f"{D}RUN apt-get install -y git\n"),
    ("DL3030", "FROM centos:7\nRUN yum install git\n", "FROM centos:7\nRUN yum install -y git\n"),
    ("DL3034", "FROM opensuse/leap\nRUN zypper in git\n", "FROM opensuse/leap\nRUN zypper in -y git\n"),
    ("DL3038", "FROM fedora\nRUN dnf install git\n", "FROM fedora\nRUN dnf install -y git\n"),
    # casing
    (
        "BK001",
        "FROM a AS Build\nFROM b\nCOPY --from=Build /a /b\n",
        "FROM a AS build\nFROM b\nCOPY --from=build /a /b\n",
    ),
    ("BK002", "FROM a as build\n", "FROM a AS build\n"),
    ("BK004", "FROM a\nRUN b\nrun c\n", "FROM a\nRUN b\nRUN c\n"),
    # ENV and LABEL without =
    ("BK013", f"{D}ENV a b c\nLABEL d e\n", f'{D}ENV a="b c"\nLABEL d=e\n'),
    # ADD of plain files
    ("DL3020", f"{D}ADD app.py /app/\n", f"{D}COPY app.py /app/\n"),
    # RUN merges
    (
        "IMG201",
        f"{D}RUN groupadd a\n# b\nRUN useradd b\n",
        f"{D}RUN groupadd a \\\n    # b\n    && useradd b\n",
    ),
]
# --- (rule, before, why nothing is offered) ---
LEFT = [
    (
        "IMG204",
        f"{D}RUN --mount=type=cache,target=/root/.cache/pip pip install a\n",
        "the cache is in no layer",
    ),
    (
        "DL3042",
        f"{D}RUN --mount=type=cache,target=/root/.cache/pip pip install a\n",
        "the cache is in no layer",
    ),
    *(
        ("IMG201", f"{D}RUN {first}\nRUN useradd b\n", "it would change what comes after it")
        for first in ("cd /x", "export A=b", "set -u", "trap x EXIT", "groupadd a || true", "groupadd a; ls")
    ),
    ("DL3020", f"{D}ADD app.tar.gz /app/\n", "ADD unpacks it"),
    ("DL3015", f"{D}RUN apt-get install -y gcc\n", "no table knows what would be lost"),
    ("IMG101", f'{CUDA}RUN nvcc x.cu\nCMD ["./x"]\n', "it compiles"),
    ("IMG101", f'{CUDA}RUN pip install flash-attn\nCMD ["python3"]\n', "pip compiles"),
    ("IMG101", f'{CUDA}RUN pip install triton\nCMD ["python3", "x.py"]\n', "it compiles when it runs"),
]
# --- (rule, before, after, the reason in the fix) ---
UNSAFE = [
    ("BK007", f"{D}CMD nginx -g x\n", f'{D}CMD ["nginx", "-g", "x"]\n', "without a shell"),
    ("DL3025", f"{D}ENTRYPOINT nginx\n", f'{D}ENTRYPOINT ["nginx"]\n', "no shell runs"),
    (
        "BK008",
        f"{D}MAINTAINER A <a@b.c>\n",
        f'{D}LABEL org.opencontainers.image.authors="A <a@b.c>"\n',
        "author becomes empty",
    ),
    (
        "DL3015",
        f"{D}RUN apt-get install -y curl\n",
        f"{D}RUN apt-get install --no-install-recommends -y curl\n",
        "ca-certificates will be missing",
    ),
    (
        "IMG107",
        "FROM nvidia/cuda:12.1.0-base-ubuntu22.04\nENV LD_LIBRARY_PATH=/a\n",
        "FROM nvidia/cuda:12.1.0-base-ubuntu22.04\nENV LD_LIBRARY_PATH=/a:$LD_LIBRARY_PATH\n",
        "environment",
    ),
    (
        "IMG101",
        f'{CUDA}RUN pip install numpy\nCMD ["python3"]\n',
        'FROM nvidia/cuda:12.1.0-runtime-ubuntu22.04\nRUN pip install numpy\nCMD ["python3"]\n',
        "another image",
    ),
]


@pytest.mark.parametrize("code, before, after", SAFE)
def test_safely(code: str, before: str, after: str) -> None:
    assert mended(code, before, unsafe=False) == after


@pytest.mark.parametrize("code, before, why", LEFT)
def test_not_at_all(code: str, before: str, why: str) -> None:
    assert mended(code, before, unsafe=True) == before, why


@pytest.mark.parametrize("code, before, after, reason", UNSAFE)
def test_unsafely(lint_with: LintWith, code: str, before: str, after: str, reason: str) -> None:
    (found,) = lint_with(code, before).findings
    assert found.fix
    assert found.fix.applicability is Applicability.UNSAFE
    assert reason in found.fix.message
    assert mended(code, before, unsafe=False) == before
    assert mended(code, before, unsafe=True) == after


def mended(code: str, text: str, *, unsafe: bool) -> str:
    rules = [registry.load(registry.find(code))]
    done = fix(text.encode(), lambda data: lint(data, "Dockerfile", rules), unsafe=unsafe)
    assert done.converged
    return done.data.decode()


def test_a_dockerignore_for_the_context_that_is_there(tmp_path: Path) -> None:
    for name in (".git/HEAD", ".env", "app.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x\n")
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(f"{D}COPY . /app\n")
    rules = [registry.load(registry.find("IMG301"))]
    facts = FactOptions(dockerfile=dockerfile)
    done = fix(dockerfile.read_bytes(), lambda data: lint(data, "Dockerfile", rules, facts), unsafe=True)
    ((path, text),) = done.creates
    assert Path(path).name == ".dockerignore"
    assert {".git", "**/.env*"} <= set(text.split())
    assert not fix(dockerfile.read_bytes(), lambda data: lint(data, "Dockerfile", rules, facts)).creates


def test_what_is_a_rewrite_names_it(lint_with: LintWith) -> None:
    (found,) = lint_with("IMG101", f'{CUDA}RUN nvcc x.cu\nCMD ["./x"]\n').findings
    assert "imgtool rewrite --target cuda" in found.message
