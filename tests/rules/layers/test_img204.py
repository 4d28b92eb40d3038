from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

LintWith = Callable[..., Any]
FixWith = Callable[..., str]

# nothing is known of its package managers
BASE = "FROM own:1\n"
DEBIAN = "FROM debian:bookworm\n"
APT = "RUN apt-get update && apt-get install -y curl"
CLEAN = " && rm -rf /var/lib/apt/lists/*"

LEFT_ALONE = [
    (f"{BASE}{APT}{CLEAN}", "deleted in the same RUN"),
    (f"FROM debian:bookworm AS build\n{APT}\nFROM debian:bookworm\n", "a builder's layers are not shipped"),
    (f"{BASE}RUN apt-get install -y curl", "the lists are not this RUN's"),
    (f"{BASE}{APT} && rm -rf /var/lib/apt", "the folder above"),
    (f"{BASE}{APT} && rm -rf /var/lib/apt/lists", "the folder itself"),
    (f"{BASE}{APT} && rm -rf /tmp/* /var/lib/{{apt,dpkg}}/lists/*", "by a brace expansion"),
    (f"{BASE}{APT} && find /var/lib/apt/lists -mindepth 1 -delete", "by find"),
    (
        f"{BASE}{APT} && (cd /var/lib/apt && rm -rf lists/*) || rm -rf /var/lib/apt/lists/*",
        "in whatever shape",
    ),
    (f"{BASE}{APT} && apt-get distclean", "apt's own word for it"),
    (f"{BASE}RUN --mount=type=cache,target=/var/lib/apt apt-get update", "a cache mount"),
    (f"{BASE}RUN --mount=type=tmpfs,target=/var/lib/apt/lists apt-get update", "a tmpfs mount"),
    (f"{BASE}ARG D=/var/lib\nRUN --mount=type=cache,target=$D/apt apt-get update", "by a variable"),
    (f"{BASE}{APT}\nENV A=1\nRUN rm -rf /var/lib/apt/lists/*", "IMG202 says so"),
    (f"{BASE}RUN chroot /rootfs apt-get update", "another root"),
    (f"{BASE}RUN f() {{ apt-get update; }}", "never called"),
    (f'{BASE}RUN apt-get update && bash -c "$X"', "what the script does is not known"),
    (f"{BASE}RUN pip install --no-cache-dir a", "no cache"),
    (f"{BASE}RUN pip --no-cache-dir install a", "no cache"),
    (f"{BASE}ENV PIP_NO_CACHE_DIR=1\nRUN pip install a", "switched off"),
    (f"{BASE}ENV PIP_NO_CACHE_DIR=off\nRUN pip install a", "pip takes any truth value for yes"),
    (f"{BASE}ARG PIP_NO_CACHE_DIR=1\nRUN pip install a", "an argument is in the environment, too"),
    (f"{BASE}RUN PIP_NO_CACHE_DIR=1 pip install a", "for one command"),
    (f"{BASE}RUN export PIP_NO_CACHE_DIR=1 && pip install a", "for one RUN"),
    ("FROM debian:bookworm AS base\nENV PIP_NO_CACHE_DIR=1\nFROM base\nRUN pip install a", "inherited"),
    (f"{BASE}RUN pip config set global.no-cache-dir true\nRUN pip install a", "configured"),
    (f"{BASE}COPY pip.conf /etc/pip.conf\nRUN pip install a", "perhaps configured"),
    (f"{BASE}RUN --mount=type=cache,target=/root/.cache pip install a", "a cache mount above it"),
    (f"{BASE}USER app\nRUN --mount=type=cache,target=/home/app/.cache/pip pip install a", "in another home"),
    (
        f"{BASE}ENV PIP_CACHE_DIR=/c/pip\nRUN --mount=type=cache,target=/c pip install a",
        "where the variable puts it",
    ),
    (f"{BASE}RUN pip install a && pip cache purge", "emptied"),
    (f"{BASE}RUN pip install a && rm -rf ~/.cache/pip", "deleted"),
    (f"{BASE}RUN pip install --no-deps ./a.whl", "nothing is fetched"),
    (f"{BASE}RUN pip install --no-index --find-links /w a", "nothing is fetched"),
    (f"{BASE}RUN pip uninstall -y a", "nothing is installed"),
    (f"{BASE}RUN pip list && pip freeze", "nothing is installed"),
    (f"{BASE}RUN apk add --no-cache a", "no cache"),
    (f"{BASE}RUN apk --no-cache add a", "no cache"),
    (f"{BASE}RUN apk add a && rm -rf /var/cache/apk/*", "deleted"),
    (f"{BASE}RUN --mount=type=cache,target=/var/cache/apk apk add a", "a cache mount"),
    (f"{BASE}RUN dnf install -y a && dnf clean all", "emptied"),
    (f"{BASE}RUN yum install -y a && rm -rf /var/cache/yum", "deleted"),
    (f"{BASE}RUN microdnf install -y a && microdnf clean all", "emptied"),
    (f"{BASE}RUN dnf --installroot /r install -y a", "another root"),
    (f"{BASE}RUN zypper -n install a && zypper clean", "emptied"),
    (f"{BASE}RUN --mount=type=cache,target=/var/cache/zypp zypper -n in a", "a cache mount"),
    (f"{BASE}RUN conda install -y a && conda clean -afy", "emptied"),
    (f"{BASE}RUN mamba install -y a && conda clean -ay", "by its sister"),
    (f"{BASE}RUN conda create -n x", "an empty environment"),
    (f"{BASE}RUN npm ci && npm cache clean --force", "emptied"),
    (f"{BASE}RUN npm ci && rm -rf /root/.npm", "deleted"),
    (f"{BASE}RUN yarn install && yarn cache clean", "emptied"),
    (f"{BASE}RUN pnpm install", "its store is linked, not copied"),
    (f"{BASE}RUN uv pip install --no-cache a", "no cache"),
    (f"{BASE}ENV UV_NO_CACHE=1\nRUN uv sync", "switched off"),
    (f"{BASE}RUN uv run pytest", "what it runs is another program"),
    (f"{BASE}RUN cargo build --release", "what it fetches the next build needs"),
    (f"{BASE}RUN $PIP install torch", "the program is not known"),
    (f"{BASE}ARG PIP=pip\nRUN PIP=x; $PIP install torch", "the script says what the program is"),
    (f"{BASE}ONBUILD RUN pip install a", "the child's doing"),
    (f"{BASE}RUN echo apt-get update", "a word"),
    (f"FROM alpine:3.20\n{APT}", "the system has no such manager"),
    ("FROM nvidia/cuda:12.4.1-base-ubuntu22.04\nRUN yum install -y a", "likewise"),
    ("FROM ubuntu:22.04 AS a\nFROM a\nRUN apk add a || dnf install -y a", "likewise"),
    ("FROM rockylinux:9\nRUN zypper -n in a", "likewise"),
    ("", "no stage"),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG204", text).findings, reason


# body, what is underlined, the message
FOUND = [
    (APT, "apt-get update", "apt-get update leaves its package lists in this layer; end the RUN with rm -rf /var/lib/apt/lists/*"),
    (f"{APT} && apt-get clean", "apt-get update", "apt-get update leaves its package lists in this layer; end the RUN with rm -rf /var/lib/apt/lists/*"),
    ("RUN rm -rf /var/lib/apt/lists/* && apt update", "apt update", "apt update leaves its package lists in this layer; nothing here installs: run apt update in the RUN that does"),
    ("RUN sudo -E apt-get -qq update", "apt-get -qq update", "apt-get update leaves its package lists in this layer; nothing here installs: run apt-get update in the RUN that does"),
    ("RUN apt-get update\nRUN apt-get install -y a", "apt-get update", "apt-get update leaves its package lists in this layer; run apt-get update in the RUN that installs, line 3, and end that with rm -rf /var/lib/apt/lists/*"),
    ("RUN pip3 install -r r.txt", "pip3 install", "pip install leaves its downloads and built wheels in this layer; add --no-cache-dir"),
    ("RUN /opt/venv/bin/python -m pip install a", "/opt/venv/bin/python -m pip install", "pip install leaves its downloads and built wheels in this layer; add --no-cache-dir"),
    ("RUN pip install a && pip install b", "pip install", "pip leaves the downloads and built wheels of 2 commands in this layer; add --no-cache-dir"),
    ('RUN if [ -n "$X" ]; then pip install $X; fi', "pip install", "pip install leaves its downloads and built wheels in this layer; add --no-cache-dir"),
    ("RUN --mount=type=cache,target=/var/lib/apt pip install a", "pip install", "pip install leaves its downloads and built wheels in this layer; add --no-cache-dir"),
    ("RUN pip install a && pip cache purge && pip install b", "pip install", "pip install leaves its downloads and built wheels in this layer; add --no-cache-dir"),
    ("RUN uv pip install --system a", "uv pip install", "uv pip install leaves its downloads and built wheels in this layer; add --no-cache"),
    ("RUN apk update && apk add a", "apk update", "apk leaves the package index of 2 commands in this layer; end the RUN with rm -rf /var/cache/apk/*"),
    ("RUN apk update && apk add --no-cache a", "apk update", "apk update leaves its package index in this layer; leave apk update out, as --no-cache fetches the index by itself"),
    ("RUN bash -c 'conda install -y a'", "conda install", "conda install leaves its package archives and index in this layer; end the RUN with conda clean --all --yes"),
    ("RUN apk add -U a", "apk add", "apk add leaves its package index in this layer; add --no-cache"),
    ("RUN dnf -y install a", "dnf -y install", "dnf install leaves its repository metadata in this layer; end the RUN with dnf clean all"),
    ("RUN sudo apt-get update && sudo apt-get install a", "apt-get update", "apt-get update leaves its package lists in this layer; end the RUN with sudo rm -rf /var/lib/apt/lists/*"),
    ("RUN yum makecache", "yum makecache", "yum makecache leaves its repository metadata in this layer; nothing here installs: run yum makecache in the RUN that does"),
    (f"{APT}\nCOPY a b\nRUN apt-get install -y b", "apt-get update", "apt-get update leaves its package lists in this layer; line 4 installs from them: run apt-get update there, too, and end both RUNs with rm -rf /var/lib/apt/lists/*"),
    ("RUN zypper -n in a", "zypper -n in", "zypper in leaves its repository metadata and packages in this layer; end the RUN with zypper clean --all"),
    ("RUN /opt/conda/bin/mamba install -y a", "/opt/conda/bin/mamba install", "mamba install leaves its package archives and index in this layer; end the RUN with /opt/conda/bin/mamba clean --all --yes"),
    ("RUN conda env create -f e.yml", "conda env create", "conda env create leaves its package archives and index in this layer; end the RUN with conda clean --all --yes"),
    ("RUN npm ci", "npm ci", "npm ci leaves its downloads in this layer; end the RUN with npm cache clean --force"),
    ("ARG PIP=pip3\nRUN ${PIP} install torch", "${PIP} install", "pip install leaves its downloads and built wheels in this layer; add --no-cache-dir"),
    ('ENV PIP="/opt/py/bin/python -m pip"\nRUN $PIP install torch', "$PIP install", "pip install leaves its downloads and built wheels in this layer; add --no-cache-dir"),
    ("RUN /opt/conda/bin/conda install -y a", "/opt/conda/bin/conda install", "conda install leaves its package archives and index in this layer; end the RUN with /opt/conda/bin/conda clean --all --yes"),
    ("RUN micromamba create -y -n x a", "micromamba create", "micromamba create leaves its package archives and index in this layer; end the RUN with micromamba clean --all --yes"),
    ("RUN poetry install", "poetry install", "poetry install leaves its downloads in this layer; add --no-cache"),
    ("RUN pipenv install a", "pipenv install", "pipenv install leaves its downloads and built wheels in this layer; end the RUN with rm -rf ~/.cache/pipenv ~/.cache/pip"),
    ("RUN pdm install", "pdm install", "pdm install leaves its downloads and built wheels in this layer; end the RUN with pdm cache clear"),
    ("RUN cargo install a", "cargo install", "cargo install leaves its registry and crate sources in this layer; end the RUN with rm -rf ~/.cargo/registry /usr/local/cargo/registry"),
    ("RUN go install a@v1", "go install", "go install leaves its module and build caches in this layer; end the RUN with go clean -cache -modcache"),
    ("RUN yarn", "yarn", "yarn leaves its downloads in this layer; end the RUN with yarn cache clean"),
]  # fmt: skip


@pytest.mark.parametrize("body, underlined, message", FOUND)
def test_found(lint_with: LintWith, body: str, underlined: str, message: str) -> None:
    result = lint_with("IMG204", BASE + body)
    (finding,) = result.findings
    assert finding.message == message
    assert result.source.text(finding.span) == underlined


# a file with a manager that the base's system has, or may have
THERE = [
    "FROM rockylinux:9\nRUN yum install -y a",
    "FROM registry.access.redhat.com/ubi9/ubi-minimal\nRUN dnf install -y a",
    "FROM ubuntu:22.04 AS a\nRUN apt-get install -y yum\nFROM a\nRUN yum install -y b",
    "FROM own:1\nRUN zypper -n in a",
    "FROM alpine:3.20\nRUN pip install a",
]


@pytest.mark.parametrize("text", THERE)
def test_found_where_the_manager_may_be(lint_with: LintWith, text: str) -> None:
    assert len(lint_with("IMG204", text).findings) == 1


# a RUN, the codes of its one finding, what else it underlines
KNOWN_AS = [
    (APT, ("DL3009",), []),
    ("RUN apk add a", ("DL3019",), []),
    ("RUN yum install -y a", ("DL3032",), []),
    ("RUN zypper -n in a", ("DL3036",), []),
    ("RUN dnf install -y a", ("DL3040",), []),
    ("RUN microdnf install -y a", ("DL3040",), []),
    ("RUN pip install a && pip3 install b", ("DL3042",), ["pip3 install"]),
    ("RUN yarn install", ("DL3060",), []),
    ("RUN yum install -y a && dnf install -y b", ("DL3032", "DL3040"), ["dnf install"]),
    ("RUN uv pip install a", (), []),
]


@pytest.mark.parametrize("run, aliases, related", KNOWN_AS)
def test_one_defect_has_one_other_code(
    lint_with: LintWith, run: str, aliases: tuple[str, ...], related: list[str]
) -> None:
    result = lint_with("IMG204", BASE + run)
    (finding,) = result.findings
    assert finding.aliases == aliases
    assert [result.source.text(span) for span in finding.related] == related
    assert all(lint_with(alias, BASE + run).findings for alias in aliases)


def test_caches_of_several_managers(lint_with: LintWith) -> None:
    found = lint_with("IMG204", f"{BASE}{APT} && pip install a && npm ci").findings
    assert [f.message.split()[0] for f in found] == ["apt-get", "pip", "npm"]


# a RUN before and after
FIXED = [
    (APT, f"{APT}{CLEAN}"),
    ("RUN apt-get update && \\\n    apt-get install -y a", "RUN apt-get update && \\\n    apt-get install -y a && \\\n    rm -rf /var/lib/apt/lists/*"),
    ("RUN set -eux; \\\n\tapt-get update; \\\n\tapt-get install -y a;\n", "RUN set -eux; \\\n\tapt-get update; \\\n\tapt-get install -y a && \\\n\trm -rf /var/lib/apt/lists/*;\n"),
    ("RUN apt-get update && apt-get install -y a || true # why\n", "RUN apt-get update && apt-get install -y a || true && rm -rf /var/lib/apt/lists/* # why\n"),
    ("RUN apt-get update \\\n # tools\n && apt-get install -y \\\n    a \\\n    b\nCMD x\n", "RUN apt-get update \\\n # tools\n && apt-get install -y \\\n    a \\\n    b \\\n && rm -rf /var/lib/apt/lists/*\nCMD x\n"),
    ("RUN <<EOF\napt-get update\napt-get install -y a\nEOF\n", "RUN <<EOF\napt-get update\napt-get install -y a && rm -rf /var/lib/apt/lists/*\nEOF\n"),
    ("RUN <<EOF\napt-get update\napt-get install -y a\necho $X\nEOF\n", "RUN <<EOF\napt-get update\napt-get install -y a\nrm -rf /var/lib/apt/lists/*\necho $X\nEOF\n"),
    ("RUN <<EOF\napt-get update\napt-get install -y a\n./b.sh\nc\nEOF\n", "RUN <<EOF\napt-get update\napt-get install -y a\n./b.sh\nrm -rf /var/lib/apt/lists/*\nc\nEOF\n"),
    ("RUN <<EOF\nf() {\n  apt-get install -y a\n}\napt-get update\nf\nEOF\n", "RUN <<EOF\nf() {\n  apt-get install -y a\n}\napt-get update\nf && rm -rf /var/lib/apt/lists/*\nEOF\n"),
    ("RUN sudo apt-get update && sudo apt-get install -y a", "RUN sudo apt-get update && sudo apt-get install -y a && sudo rm -rf /var/lib/apt/lists/*"),
    ("RUN sudo apt-get update", "RUN sudo apt-get update"),
    ("RUN apt-get update && curl x", "RUN apt-get update && curl x"),
    ("RUN apt-get update && ./setup.sh", f"RUN apt-get update && ./setup.sh{CLEAN}"),
    ("RUN apt-get update \\\n && apt-get install -y a  \n", "RUN apt-get update \\\n && apt-get install -y a \\\n && rm -rf /var/lib/apt/lists/*\n"),
    ("RUN apt-get update ; \\\n  apt-get install -y a ;", "RUN apt-get update ; \\\n  apt-get install -y a && \\\n  rm -rf /var/lib/apt/lists/* ;"),
    ("RUN apt-get update && \\\n  # tools\n  apt-get install -y a", "RUN apt-get update && \\\n  # tools\n  apt-get install -y a && \\\n  rm -rf /var/lib/apt/lists/*"),
    ("RUN apt-get update && cat <<EOF > /f\nx\nEOF\n", "RUN apt-get update && cat <<EOF > /f\nx\nEOF\n"),
    ("RUN apt-get update && exit 0", "RUN apt-get update && exit 0"),
    ('RUN ["apt-get", "update"]', 'RUN ["apt-get", "update"]'),
    ("RUN apt-get update\nENV A=1\nRUN apt-get install -y a", "RUN apt-get update\nENV A=1\nRUN apt-get install -y a"),
    ("RUN apt-get update\nENV A=1\nRUN apt-get update && apt-get install -y a", f"RUN apt-get update\nENV A=1\nRUN apt-get update && apt-get install -y a{CLEAN}"),
    ("RUN apt-get update && curl x\nRUN rosdep install a", "RUN apt-get update && curl x\nRUN rosdep install a"),
    ("RUN pip install \\\n  a \\\n  b", "RUN pip install --no-cache-dir \\\n  a \\\n  b"),
    ("RUN python3 -m pip install a | tee log; pip3 install b", "RUN python3 -m pip install --no-cache-dir a | tee log; pip3 install --no-cache-dir b"),
    ('RUN ["pip", "install", "a"]', 'RUN ["pip", "install", "--no-cache-dir", "a"]'),
    ("RUN bash -c 'source x && pip install a'", "RUN bash -c 'source x && pip install --no-cache-dir a'"),
    ("RUN <<EOF\npip install a\nEOF\n", "RUN <<EOF\npip install --no-cache-dir a\nEOF\n"),
    ("RUN uv pip install a && uv sync", "RUN uv pip install --no-cache a && uv sync --no-cache"),
    ("RUN apk add a", "RUN apk add --no-cache a"),
    ("RUN apk update && apk add a", "RUN apk update && apk add a && rm -rf /var/cache/apk/*"),
    ("RUN microdnf install -y a", "RUN microdnf install -y a && microdnf clean all"),
    ("RUN apk update && apk add --no-cache a", "RUN apk add --no-cache a"),
    ("RUN apk add --no-cache a && apk update && apk add --no-cache b", "RUN apk add --no-cache a && apk add --no-cache b"),
    ("RUN micromamba install -y a", "RUN micromamba install -y a && micromamba clean --all --yes"),
    ("RUN bash -c 'conda install -y a'", "RUN bash -c 'conda install -y a'"),
    (f"{APT} && pip install a && npm ci", f"{APT} && pip install --no-cache-dir a && npm ci{CLEAN} && npm cache clean --force"),
]  # fmt: skip


@pytest.mark.parametrize("before, after", FIXED)
def test_fixed(fix_with: FixWith, before: str, after: str) -> None:
    assert fix_with("IMG204", BASE + before) == BASE + after


def test_a_script_that_may_need_the_lists_makes_it_unsafe(lint_with: LintWith) -> None:
    (finding,) = lint_with("IMG204", f"{BASE}{APT}\nRUN ./install.sh").findings
    assert finding.fix.applicability == "unsafe"
    assert finding.fix.message == (
        "Delete the package lists in the same RUN (unsafe: install.sh may install from them)"
    )


def test_a_stage_on_top_may_need_the_lists(lint_with: LintWith) -> None:
    text = f"FROM debian:bookworm AS base\n{APT}\nFROM base\nRUN apt-get install -y b"
    (finding,) = lint_with("IMG204", text).findings
    assert finding.fix is None
    assert "line 4 installs from them" in finding.message


def test_safe_by_default(lint_with: LintWith) -> None:
    (finding,) = lint_with("IMG204", BASE + APT).findings
    assert finding.fix.applicability == "safe"
    assert finding.severity == "warning"


def test_thousands_of_runs_take_no_square_of_time(lint_with: LintWith) -> None:
    text = BASE + f"{APT}\nRUN pip install a\nCOPY a b\n" * 1500 + "# c\nRUN mkdir a\nRUN mkdir b\n" * 750
    start = time.process_time()
    for code in ("IMG201", "IMG204"):
        assert lint_with(code, text).findings
    assert time.process_time() - start < 12


# what all rules about layers make of it together
TOGETHER = [
    ("RUN yum install -y a\nRUN yum install -y b\nRUN yum clean all\n", "RUN yum install -y a \\\n    && yum install -y b \\\n    && yum clean all\n"),
    ("RUN yum install -y a\nRUN yum install -y b && yum clean all\n", "RUN yum install -y a \\\n    && yum install -y b && yum clean all\n"),
    ("RUN yum install -y a\nRUN yum install -y b\nRUN mkdir x && yum clean all\n", "RUN yum install -y a \\\n    && yum install -y b \\\n    && mkdir x && yum clean all\n"),
    ("RUN yum install -y a\nENV A=1\nRUN yum install -y b\nRUN yum clean all\n", "RUN yum install -y a && yum clean all\nENV A=1\nRUN yum install -y b \\\n    && yum clean all\n"),
    ("RUN yum install -y a\nRUN make\n", "RUN yum install -y a && yum clean all\nRUN make\n"),
]  # fmt: skip


@pytest.mark.parametrize("before, after", TOGETHER)
def test_a_cache_is_cleaned_once(fix_with: FixWith, before: str, after: str) -> None:
    assert fix_with("IMG201,IMG202,IMG204", "FROM centos:7\n" + before) == "FROM centos:7\n" + after


TORCH = 2_310_000_000
# file, what each finding saves
SIZES = [
    (f"FROM debian:bookworm\n{APT}", [19_800_000]),
    (f"FROM ubuntu:22.04\n{APT}\nRUN apt-get update", [82_300_000] * 2),
    (f"FROM python:3.11\n{APT}", [18_400_000]),
    (f"FROM ubuntu:14.04\n{APT}", [None]),
    (f"FROM own:1\n{APT}", [None]),
    ("FROM alpine:3.20\nRUN apk add git", [None]),
    (f"{DEBIAN}RUN pip install torch==2.9.1", [4_060_000_000]),
    (f"{DEBIAN}RUN pip install -q 'torch>=2.4' numpy", [TORCH]),
    (f"{DEBIAN}RUN pip install vllm==0.11.0\nRUN pip install torch", [TORCH, None]),
    (f"{DEBIAN}RUN pip install --no-cache-dir torch\nRUN pip install torchvision vllm", [None]),
    (f"{DEBIAN}RUN pip install torch==1.0.0", [None]),
    (f"{DEBIAN}RUN pip install 'torch<2.1'", [None]),
    (f"{DEBIAN}RUN pip install -r requirements.txt\nRUN pip install torch", [None, None]),
    (f"{DEBIAN}RUN pip install torch --index-url https://download.pytorch.org/whl/cu124", [None]),
    (f"{DEBIAN}ENV PIP_EXTRA_INDEX_URL=https://x.org\nRUN pip install torch", [None]),
    (f"{DEBIAN}RUN uv pip install --system torch", [None]),
    ("FROM own:1\nRUN pip install torch", [None]),
    ("FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\nRUN pip install torch", [TORCH]),
    ("FROM pytorch/pytorch:2.6.0-cuda12.4-cudnn9-runtime\nRUN pip install torch", [None]),
]


@pytest.mark.parametrize("text, sizes", SIZES)
def test_bytes_are_those_that_were_measured(lint_with: LintWith, text: str, sizes: list[int | None]) -> None:
    assert [finding.saves_bytes for finding in lint_with("IMG204", text).findings] == sizes
