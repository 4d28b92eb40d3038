from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.edits import apply
from imgtool.findings import Severity
from imgtool.lint.runner import LintResult

DEVEL = "nvidia/cuda:12.1.0-devel-ubuntu22.04"
RUNTIME = "nvidia/cuda:12.1.0-runtime-ubuntu22.04"
LintWith = Callable[..., LintResult]


LEFT_ALONE = [
    (f"FROM {RUNTIME}\n", "the flavour that ships"),
    (f"FROM {DEVEL} AS build\nRUN make\nFROM {RUNTIME}\nCOPY --from=build /a /a\n", "devel builds only"),
    (f"FROM {DEVEL} AS build\nFROM build AS test\nFROM debian:12\n", "neither ships"),
    ("FROM mycompany/cuda:12.1.0-devel-ubuntu22.04\n", "an image that is not known"),
    ("ARG IMAGE\nFROM ${IMAGE}:12.1.0-devel-ubuntu22.04\n", "the image has no default"),
    ("FROM nvidia/cuda:99.1.0-devel-ubuntu30.04\n", "newer than the data"),
    ("FROM nvidia/cuda:latest\n", "no flavour"),
    ("FROM quay.io/ascend/cann:8.3.rc1-910b-ubuntu22.04-py3.11\n", "there is no smaller CANN image"),
    ("FROM debian:12\nRUN apt-get install -y cuda-nvcc-12-1\n", "a toolchain, but not by the base"),
    ("FROM debian:12\nRUN apt-get install -y build-essential cuda-cudart-12-4\n", "a compiler alone"),
    (
        f"FROM {RUNTIME}\nRUN apt-get install -y cuda-toolkit-12-1 && pip install deepspeed\n",
        "it compiles when it runs",
    ),
    (
        f"FROM {RUNTIME}\nRUN apt-get install -y cuda-toolkit-12-1 && make && apt-get purge -y cuda-toolkit-12-1\n",
        "taken away again",
    ),
    (
        f"FROM {RUNTIME} AS b\nRUN apt-get install -y cuda-toolkit-12-1\nFROM {RUNTIME}\nCOPY --from=b /a /a\n",
        "a builder",
    ),
    ("FROM debian:12\nRUN apt-get install -y cuda-toolkit-12-config-common\n", "settings alone"),
    (f"FROM {RUNTIME}\nRUN apt-get install -y cuda-toolkit-12-1\n", "a base to build on, maybe: IMG124"),
    (
        f"FROM {RUNTIME}\nRUN apt-get install -y cuda-toolkit-12-1 && pip install -r r.txt\nCMD serve\n",
        "what the list installs may compile: IMG124",
    ),
    (f"FROM {RUNTIME}\nRUN apt-get install -y nsight-systems-2024.1.1\nCMD serve\n", "a profiler: IMG124"),
    ("FROM scratch\n", "nothing"),
    ("", "no stage"),
]
BUILT = "RUN apt-get install -y build-essential cmake\n"
GIVES_SUDO = "RUN useradd -m me && usermod -aG sudo me\n"
WORKSHOPS = [
    (f"{BUILT}", "compilers, and nothing to run"),
    (f"{BUILT}RUN curl -sSL https://x.io/poetry | python3 -\nCMD bash\n", "compilers and a tool"),
    ("COPY ci/deps.sh ci/data.zip /ci/\nRUN bash /ci/deps.sh\n", "scripts and data of a CI"),
    ("COPY env.yml /\nADD set-up.sh /\nRUN ./set-up.sh\nCMD bash\n", "scripts and lists of a CI"),
    (f"{BUILT}{GIVES_SUDO}RUN pip install numpy\n", "an account of somebody who works in it"),
    ('RUN echo "me ALL=NOPASSWD: ALL" >> /etc/sudoers\nRUN pip install ninja && make\n', "likewise"),
    (
        f"RUN git config --global user.email a@b.c\nCOPY a.cu /src/\n{BUILT}CMD bash\n",
        "commits are made in it",
    ),
    ("ENV CUDACXX=/usr/local/cuda/bin/nvcc\nRUN make\nCMD bash\n", "it says where its compiler is"),
    (
        'ENV C_INCLUDE_PATH=/opt/include\nCOPY . .\nRUN make\nENTRYPOINT ["/init"]\nCMD ["/bin/bash"]\n',
        "headers",
    ),
]


@pytest.mark.parametrize("body, reason", WORKSHOPS)
def test_an_image_to_build_in_is_left_alone(lint_with: LintWith, body: str, reason: str) -> None:
    assert not lint_with("IMG101", f"FROM {DEVEL}\n{body}").findings, reason
    # nobody builds in an image in which a program starts
    (finding,) = lint_with("IMG101", f"FROM {DEVEL}\n{body}ENTRYPOINT serve\nCMD x\n").findings
    assert finding.severity is Severity.WARNING


NO_WORKSHOPS = [
    (f"{GIVES_SUDO}COPY . /app\nRUN pip install -e /app\n", "a project is installed"),
    (f"{GIVES_SUDO}RUN pip install git+https://x.io/app.git\n", "a project is installed"),
    (f"{BUILT}RUN pip install numpy\n", "a library for something to run"),
    (f"{BUILT}RUN git clone https://x.io/app && make -C app\n", "a project"),
    ("COPY model.tar.gz /\nRUN make -C /src\n", "data, and no script for it"),
    ("COPY deps.sh app.py /\nRUN ./deps.sh\n", "a program beside the script"),
]


@pytest.mark.parametrize("body, reason", NO_WORKSHOPS)
def test_where_something_is_there_to_run(lint_with: LintWith, body: str, reason: str) -> None:
    (finding,) = lint_with("IMG101", f"FROM {DEVEL}\n{body}").findings
    assert finding.severity is Severity.INFO, reason
    assert "unless it is meant to build in" in finding.message


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG101", text).findings, reason


def test_the_stage_that_the_user_names_is_what_ships(lint_with: LintWith) -> None:
    text = f"FROM {DEVEL} AS dev\nFROM {RUNTIME} AS app\n"
    assert not lint_with("IMG101", text).findings
    assert len(lint_with("IMG101", text, stage="dev").findings) == 1
    assert not lint_with("IMG101", text, stage="nowhere").findings


# five shapes of the defect, and what FROM's operand is where the finding stands
SHAPES = [
    (f"FROM {DEVEL}\n", DEVEL),
    (f"FROM --platform=linux/amd64 {DEVEL} AS app\n", DEVEL),
    (
        "ARG CUDA=12.1.0\nARG OS=ubuntu22.04\nFROM nvidia/cuda:${CUDA}-devel-${OS}\n",
        "nvidia/cuda:${CUDA}-devel-${OS}",
    ),
    (f"ARG BASE={DEVEL}\nFROM $BASE AS base\nRUN true\nFROM base AS a\nFROM a\n", "$BASE"),
    (f"FROM \\\n  # the base\n  {DEVEL}\n", DEVEL),
    (
        "FROM docker.m.daocloud.io/nvidia/cuda:11.8.0-cudnn8-devel-ubuntu22.04\n",
        "docker.m.daocloud.io/nvidia/cuda:11.8.0-cudnn8-devel-ubuntu22.04",
    ),
    (
        "FROM pytorch/pytorch:2.6.0-cuda12.4-cudnn9-devel\n",
        "pytorch/pytorch:2.6.0-cuda12.4-cudnn9-devel",
    ),
    (
        "FROM quay.io/ascend/cann:9.0.0-910b-ubuntu22.04-py3.11-devel\n",
        "quay.io/ascend/cann:9.0.0-910b-ubuntu22.04-py3.11-devel",
    ),
    (
        "FROM intel/oneapi-basekit:2025.0.1-0-devel-ubuntu22.04\n",
        "intel/oneapi-basekit:2025.0.1-0-devel-ubuntu22.04",
    ),
]


@pytest.mark.parametrize("text, operand", SHAPES)
def test_found_at_the_operand_of_from(lint_with: LintWith, text: str, operand: str) -> None:
    (finding,) = lint_with("IMG101", text).findings
    assert text.encode()[finding.span.start : finding.span.end].decode() == operand
    assert finding.severity is Severity.WARNING


def test_a_build_argument_decides(lint_with: LintWith) -> None:
    text = "ARG FLAVOUR=runtime\nFROM nvidia/cuda:12.1.0-${FLAVOUR}-ubuntu22.04\n"
    assert not lint_with("IMG101", text).findings
    assert len(lint_with("IMG101", text, build_args={"FLAVOUR": "devel"}).findings) == 1


@pytest.mark.parametrize(
    "tag, saves",
    [
        ("12.1.1-devel-ubuntu22.04", 3_600_000_000),
        (
            "12.4.1-devel-ubuntu22.04",
            3_600_000_000,
        ),  # what is known of it is compressed: the estimate for 12.x
        ("11.8.0-devel-ubuntu22.04", None),  # nobody measured it
    ],
)
def test_saves_what_a_source_says(lint_with: LintWith, tag: str, saves: int | None) -> None:
    (finding,) = lint_with("IMG101", f"FROM nvidia/cuda:{tag}\n").findings
    assert finding.saves_bytes == saves


# --- fixes: (body, the flavour in FROM afterwards; None where there is no fix) -----------------------

HARMLESS = [
    "",
    "RUN apt-get update && apt-get install -y python3-pip && rm -rf /var/lib/apt/lists/*",
    "RUN pip install --no-cache-dir torch numpy",
    "RUN pip install -r requirements.txt",
    "RUN set -eux; \\\n    apt-get update; \\\n    # curl\n    apt-get install -y curl; curl -fsSL https://x.io/a.tgz | tar xz",
    "RUN <<EOF\napt-get update\napt-get install -y libgl1\nEOF",
    'COPY . /app\nWORKDIR /app\nUSER nobody\nCMD ["python3", "main.py"]',
    "RUN pip install https://x.io/app-1.0-py3-none-any.whl",
    'ENTRYPOINT ["/usr/bin/env", "serve"]',
]
# a sign of a compiler, and who gives it
SIGNS = [
    ("RUN nvcc -o a a.cu", "the compiler"),
    ("RUN cd /src && cmake -B b && make -C b -j", "a build"),
    ("RUN <<EOF\nset -e\nmake install\nEOF", "a build in a here-document"),
    ("RUN sh -c 'gcc-12 a.c'", "a compiler in a shell"),
    ("RUN python3 setup.py install", "a build by Python"),
    ("RUN pip install .", "a project"),
    ("RUN pip install -e .", "a project"),
    ("RUN pip install git+https://x.io/ext.git", "a repository"),
    ("RUN pip install flash-attn --no-build-isolation", "a build from source"),
    ("RUN pip install flash-attn", "there is no wheel of it on PyPI"),
    ("RUN pip install --no-binary :all: h5py", "a build from source"),
    ("RUN apt-get install -y build-essential\nRUN pip install numpy", "the compiler is installed"),
    ("RUN cargo build --release", "a build"),
    ("RUN ./build.sh", "a script that is not seen"),
    ("RUN bash scripts/install.sh", "a script that is not seen"),
    ("RUN $INSTALL torch", "what it is does not show"),
    ("ENV TORCH_CUDA_ARCH_LIST=8.0", "a setting of builds"),
    ("ARG MAX_JOBS=4", "a setting of builds"),
    ("ONBUILD RUN make", "the child builds"),
]


@pytest.mark.parametrize("body", HARMLESS)
def test_the_flavour_is_swapped_where_nothing_needs_the_toolchain(lint_with: LintWith, body: str) -> None:
    text = f"FROM {DEVEL}\n{body}\n".encode()
    (finding,) = lint_with("IMG101", text).findings
    assert finding.message.endswith(f"use {RUNTIME}")
    assert finding.fix is not None
    assert apply(text, finding.fix.edits) == text.replace(b"devel", b"runtime", 1)
    assert not lint_with("IMG101", apply(text, finding.fix.edits)).findings


@pytest.mark.parametrize("body, reason", SIGNS)
def test_no_fix_where_something_needs_it(lint_with: LintWith, body: str, reason: str) -> None:
    (finding,) = lint_with("IMG101", f"FROM {DEVEL}\n{body}\n").findings
    assert finding.fix is None, reason
    assert "imgtool rewrite --target cuda" in finding.message or finding.severity is Severity.INFO


@pytest.mark.parametrize(
    "operand, fixed",
    [
        ("nvidia/cuda:${V}-devel-ubuntu22.04", "nvidia/cuda:${V}-runtime-ubuntu22.04"),
        ("${IMAGE}:12.1.0-devel-ubuntu22.04", "${IMAGE}:12.1.0-runtime-ubuntu22.04"),
        ("nvidia/cuda:${TAG}", None),  # the flavour stands in the ARG
        ("intel/oneapi-basekit:2025.0.1-0-devel-ubuntu22.04", None),  # no such sibling
        ("nvidia/cuda:12.1.0-devel-ubuntu22.04@sha256:" + "0" * 64, None),  # pinned
        ("nvidia/cuda:12.1.0-cudnn8-devel-ubuntu22.04", "nvidia/cuda:12.1.0-cudnn8-runtime-ubuntu22.04"),
        (
            "quay.io/ascend/cann:9.0.0-a3-ubuntu22.04-py3.11-devel",
            "quay.io/ascend/cann:9.0.0-a3-ubuntu22.04-py3.11",
        ),
    ],
)
def test_only_the_token_changes(lint_with: LintWith, operand: str, fixed: str | None) -> None:
    head = "ARG V=12.1.0\nARG IMAGE=nvidia/cuda\nARG TAG=12.1.0-devel-ubuntu22.04\n"
    text = f"{head}FROM {operand} AS app\r\n".encode()
    (finding,) = lint_with("IMG101", text).findings
    done = apply(text, finding.fix.edits).decode() if finding.fix else None
    assert done == (f"{head}FROM {fixed} AS app\r\n" if fixed else None)


def test_a_smaller_image_that_compiles_too_is_offered_anyway(lint_with: LintWith) -> None:
    text = "FROM quay.io/ascend/cann:9.0.0-a3-ubuntu22.04-py3.11-devel\nRUN make\n"
    (finding,) = lint_with("IMG101", text).findings
    assert finding.fix is not None


@pytest.mark.parametrize(
    "start, hedged",
    [
        ("", True),
        ("CMD bash", True),
        ('CMD ["/bin/bash"]', True),
        ('ENTRYPOINT ["tail", "-f", "/dev/null"]', True),
        ("CMD bash serve.sh", False),
        ('CMD ["python3", "app.py"]', False),
        ('ENTRYPOINT ["/start.sh"]\nCMD ["bash"]', True),
        ("RUN pip install jupyterlab\nCMD /start.sh", True),
        ("RUN conda install -y notebook\nCMD /start.sh", True),
        ('ENTRYPOINT ["jupyter", "lab"]', True),
        ("ENTRYPOINT source /env && jupyter lab --ip=0.0.0.0", True),
        ('ENTRYPOINT ["/start.sh"]', False),
        ("CMD cd /app && exec serve", False),
    ],
)
def test_an_image_to_work_in_may_be_meant(lint_with: LintWith, start: str, hedged: bool) -> None:
    (finding,) = lint_with("IMG101", f"FROM {DEVEL}\n{start}\n").findings
    assert ("unless it is meant to build in" in finding.message) is hedged


@pytest.mark.parametrize(
    "body, severity",
    [
        ("RUN make", Severity.INFO),
        ("RUN ./setup.sh\nCMD bash", Severity.INFO),
        ("RUN make\nCMD serve", Severity.WARNING),
        ("RUN pip install numpy", Severity.WARNING),
        ("RUN pip install jupyterlab\nCMD /start.sh", Severity.INFO),
    ],
)
def test_an_image_to_build_in_is_information(lint_with: LintWith, body: str, severity: Severity) -> None:
    (finding,) = lint_with("IMG101", f"FROM {DEVEL}\n{body}\n").findings
    assert finding.severity is severity


def test_an_entrypoint_takes_the_command_of_the_stage_below_away(lint_with: LintWith) -> None:
    text = f'FROM {DEVEL} AS dev\nCMD bash\nFROM dev\nENTRYPOINT ["serve"]\n'
    (finding,) = lint_with("IMG101", text).findings
    assert "unless" not in finding.message


UNREAD = [
    ("RUN pip install -r requirements.txt", True),
    ("RUN pip install -e .", True),
    ("RUN pip install ./app", True),
    ("RUN python3 setup.py install", True),
    ("RUN conda env create -f env.yml", True),
    ("RUN ./install.sh", True),
    ("RUN $PIP_INSTALL numpy", True),
    ("RUN pip install torch==2.5.1", False),
    ("RUN make", False),
    ("", False),
]


@pytest.mark.parametrize("body, said", UNREAD)
def test_what_is_not_read_may_compile(lint_with: LintWith, body: str, said: bool) -> None:
    (finding,) = lint_with("IMG101", f"FROM {DEVEL}\n{body}\nCMD serve\n").findings
    assert ("unless something that is not seen here compiles" in finding.message) is said
    assert finding.severity is Severity.WARNING
    (finding,) = lint_with("IMG101", f"FROM {DEVEL}\n{body}\n").findings
    assert ("meant to build in or something that is not seen here compiles" in finding.message) is said


def test_an_unread_requirement_file_is_said(lint_with: LintWith) -> None:
    (finding,) = lint_with("IMG101", f"FROM {DEVEL}\nRUN pip install -r reqs/a.txt\n").findings
    assert finding.fix is not None
    assert "reqs/a.txt" in finding.fix.message


RUN_TIME = [
    "RUN pip install deepspeed==0.16\nCMD serve",
    "ARG V=0.16\nARG W=https://x.io/deepspeed-${V}-cp310-cp310-linux_x86_64.whl\nRUN pip install a ${W}\nCMD serve",
    "RUN pip install vllm",
    'CMD ["nvcc", "--version"]',
    "ENTRYPOINT make -C /src run",
    "RUN pip install third_party/custom_flashinfer/\nCMD serve",
    "RUN pip install -e ../deepspeed\nCMD serve",
    "RUN pip install https://github.com/Theano/Theano/archive/master.zip\nCMD serve",
    "RUN conda install -y -c conda-forge theano\nCMD serve",
    'RUN INSTALL="pip install" && $INSTALL numpy && $INSTALL deepspeed\nCMD serve',
    'ENTRYPOINT ["python3", "-m", "vllm.entrypoints.openai.api_server"]',
    'ENTRYPOINT ["/usr/local/bin/vllm", "serve"]',
    "CMD python3 -m sglang.launch_server",
]


@pytest.mark.parametrize("body", RUN_TIME)
def test_what_compiles_at_run_time_is_left_to_img123(lint_with: LintWith, body: str) -> None:
    assert not lint_with("IMG101", f"FROM {DEVEL}\n{body}\n").findings


START = 'CMD ["python3", "a.py"]\n'
RUNFILE = "cuda_12.4.1_550.54.15_linux.run"

# --- (base, command, what starts, what is underlined, severity) ---
TOOLKITS = [
    (RUNTIME, "apt-get install -y cuda-toolkit-12-1 build-essential", START, "cuda-toolkit-12-1", "warning"),
    (
        "ubuntu:22.04",
        "apt-get install -y python3 nvidia-cuda-toolkit",
        START,
        "nvidia-cuda-toolkit",
        "warning",
    ),
    ("rockylinux:9", "dnf install -y cuda-toolkit-12-4", START, "cuda-toolkit-12-4", "warning"),
    ("ubuntu:22.04", f"sh ./{RUNFILE} --silent --toolkit", START, f"./{RUNFILE}", "warning"),
]


@pytest.mark.parametrize("base, command, start, marked, severity", TOOLKITS)
def test_a_toolkit_that_is_installed(
    lint_with: LintWith, base: str, command: str, start: str, marked: str, severity: str
) -> None:
    result = lint_with("IMG101", f"FROM {base}\nRUN {command}\n{start}")
    (finding,) = result.findings
    assert (result.source.text(finding.span), finding.severity) == (marked, severity)
    assert "into what ships" in finding.message
