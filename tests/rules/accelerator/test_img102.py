from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.edits import apply
from imgtool.findings import Severity
from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
UBUNTU = "FROM ubuntu:22.04\n"
INSTALL = f"{UBUNTU}RUN apt-get update && apt-get install -y --no-install-recommends "


LEFT_ALONE = [
    (f"{INSTALL}cuda-compat-12-4", "forward compatibility, in every CUDA image"),
    (f"{INSTALL}cuda-toolkit-12-4 cuda-libraries-12-4 cuda-nvcc-12-4", "none of them depends on the driver"),
    (f"{INSTALL}cuda-nvml-dev-12-4 libnvidia-ml-dev", "headers and stubs"),
    (f"{INSTALL}nvidia-cuda-toolkit libcudart12", "the driver is only recommended"),
    (f"{INSTALL}intel-opencl-icd libze-intel-gpu1", "user-mode drivers that belong there"),
    (f"{INSTALL}linux-libc-dev libdrm-amdgpu1 rocm-libs", "no kernel modules"),
    (f"{INSTALL}datacenter-gpu-manager", "reads counters; a server may want it"),
    (f"{INSTALL}docker.io nvidia-container-toolkit", "docker in docker"),
    (f"{INSTALL}nvidia-docker2\nVOLUME /var/lib/docker", "docker in docker"),
    (f"{INSTALL}./nvidia-driver-local-repo-ubuntu2204-535.54.03_1.0-1_amd64.deb", "a list of packages"),
    (f"{INSTALL}$DRIVER", "what it is does not show"),
    (f"{INSTALL}cuda-$WHAT", "cuda-toolkit-12 as well as cuda-12"),
    (f"{INSTALL}'cuda-*'", "cuda-toolkit-12 as well as cuda-12"),
    (f"{UBUNTU}RUN apt-get purge -y nvidia-driver-535", "removed"),
    (f"{UBUNTU}RUN apt-get download nvidia-driver-535", "not installed"),
    ("FROM alpine:3.20\nRUN apk add linux-headers", "headers of the C library there"),
    ("FROM continuumio/miniconda3\nRUN conda install -y cuda", "has no driver there"),
    ("FROM python:3.12\nRUN pip install nvidia-smi nvidia-ml-py", "Python packages"),
    # commands
    (f"{UBUNTU}RUN sh cuda_12.4.1_550.54.15_linux.run --silent --toolkit", "the toolkit alone"),
    (f"{UBUNTU}RUN sh cuda_9.0.176_384.81_linux-run -silent -toolkit", "the toolkit alone, in old spelling"),
    (f"{UBUNTU}RUN wget https://x.io/NVIDIA-Linux-x86_64-535.54.03.run && rm *.run", "only fetched"),
    (
        f"{UBUNTU}RUN ./Ascend-cann-toolkit_8.3.RC1_linux-x86_64.run --full",
        "full means without the driver here",
    ),
    (f"{UBUNTU}RUN ./Ascend-cann-nnrt_8.0.0_linux-aarch64.run --install", "a runtime, no driver"),
    (f"{UBUNTU}RUN amdgpu-install -y --usecase=rocm --no-dkms", "without the kernel driver"),
    (f"{UBUNTU}RUN echo modprobe nvidia > /etc/notes", "printed"),
    (f"{UBUNTU}RUN command -v nvidia-smi", "looked for"),
    # files
    (f"{UBUNTU}COPY version.info /usr/local/Ascend/driver/", "what CANN's installer reads"),
    (
        f"{UBUNTU}RUN mkdir -p /usr/local/Ascend/driver && cp version.info /usr/local/Ascend/driver/ && rm -rf /usr/local/Ascend",
        "the usual way to install CANN",
    ),
    (
        f"{UBUNTU}RUN mkdir -p /usr/local/Ascend/driver\nRUN rm -rf /usr/local/Ascend/driver",
        "an empty folder",
    ),
    (
        f"{UBUNTU}COPY driver /usr/local/Ascend/driver\nRUN ./install && rm -rf /usr/local/Ascend/driver",
        "removed",
    ),
    (f"{UBUNTU}ENV LD_LIBRARY_PATH=/usr/local/Ascend/driver/lib64:/usr/local/nvidia/lib64", "mount points"),
    (f"{UBUNTU}COPY --from=b /usr/local/cuda/compat/libcuda.so.1 /usr/local/cuda/compat/", "cuda-compat"),
    (f"{UBUNTU}COPY --from=b /usr/local/cuda/lib64/stubs/libcuda.so /stubs/", "a stub"),
    (f"{UBUNTU}COPY nvidia-smi-wrapper /usr/bin/", "another program"),
    (f"{UBUNTU}RUN install -d /usr/local/Ascend/driver/lib64", "an empty folder"),
    (f"{UBUNTU}RUN ln -s libnvidia-encode.so.1 /usr/lib/libnvidia-encode.so", "a link to what is mounted"),
    # driver containers
    ("FROM nvcr.io/nvidia/driver:550-ubuntu22.04\nRUN apt-get install -y nvidia-driver-550", "its job"),
    (f'{INSTALL}nvidia-driver-550\nENTRYPOINT ["nvidia-driver", "init"]', "its job"),
    (f"{INSTALL}libnvidia-container1\nENTRYPOINT /work/nvidia-toolkit", "its job"),
    ("", "no stage"),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG102", text).findings, reason


# body after FROM, the piece that is underlined, severity
FOUND = [
    # packages, by every manager
    ("RUN apt-get install -y nvidia-driver-535 curl", "nvidia-driver-535", "error"),
    ("RUN apt install -y cuda", "cuda", "error"),
    ("RUN apt-get install -y cuda-12-4=12.4.1-1", "cuda-12-4=12.4.1-1", "error"),
    ("RUN sudo apt-get -qq install cuda-drivers", "cuda-drivers", "error"),
    ("RUN aptitude install -y libnvidia-compute-535", "libnvidia-compute-535", "error"),
    ("RUN dpkg -i /opt/libcuda1_535.54.03-1_amd64.deb", "/opt/libcuda1_535.54.03-1_amd64.deb", "error"),
    ("RUN dnf install -y kmod-nvidia-latest-dkms", "kmod-nvidia-latest-dkms", "error"),
    ("RUN dnf module install -y nvidia-driver:550-dkms", "nvidia-driver:550-dkms", "error"),
    ("RUN yum -y install @nvidia-driver:latest-dkms", "@nvidia-driver:latest-dkms", "error"),
    ("RUN microdnf install cuda-drivers-550", "cuda-drivers-550", "error"),
    ("RUN zypper --non-interactive install nvidia-compute-G06", "nvidia-compute-G06", "error"),
    ("RUN apt-get install -y amdgpu-dkms", "amdgpu-dkms", "error"),
    ("RUN apt-get install -y nvidia-fabricmanager-535", "nvidia-fabricmanager-535", "error"),
    ("RUN apt-get install -y dkms linux-headers-$(uname -r)", "dkms", "warning"),
    ("RUN apt-get install -y nvidia-cuda-toolkit", "nvidia-cuda-toolkit", "warning"),
    ("RUN apt-get install -y 'libnvidia-compute-*'", "'libnvidia-compute-*'", "error"),
    # where it stands
    ("ARG V=535\nRUN apt-get install -y nvidia-driver-$V", "nvidia-driver-$V", "error"),
    ("RUN apt-get install -y nvidia-driver-${UNKNOWN}", "nvidia-driver-${UNKNOWN}", "error"),
    ("RUN apt-get update \\\n  # driver\n  && apt-get install -y \\\n    nvidia-utils-535", "nvidia-utils-535", "error"),
    ("RUN <<EOF\napt-get update\napt-get install -y nvidia-smi\nEOF", "nvidia-smi", "error"),
    ('RUN ["apt-get", "install", "-y", "nvidia-smi"]', '"nvidia-smi"', "error"),
    ("RUN if true; then apt-get install -y nvidia-smi; fi", "nvidia-smi", "error"),
    ("ONBUILD RUN apt-get install -y nvidia-smi", "nvidia-smi", "error"),
    # commands
    ("RUN sh NVIDIA-Linux-x86_64-535.54.03.run -s", "NVIDIA-Linux-x86_64-535.54.03.run", "error"),
    ("RUN /opt/NVIDIA-Linux-$ARCH-${V}.run --silent", "/opt/NVIDIA-Linux-$ARCH-${V}.run", "error"),
    ("RUN cd NVIDIA-Linux && ./nvidia-installer --silent", "./nvidia-installer", "error"),
    ("RUN sh cuda_12.4.1_550.54.15_linux.run --silent --driver", "cuda_12.4.1_550.54.15_linux.run", "error"),
    ("ARG V=12.4.1\nRUN ./cuda_${V}_550.54.15_linux.run --silent", "./cuda_${V}_550.54.15_linux.run", "error"),
    ("RUN ./Ascend-hdk-910b-npu-driver_25.0.rc1_linux-aarch64.run --full", None, "error"),
    ("RUN bash A300-3010-npu-firmware_${V}.run --full", "A300-3010-npu-firmware_${V}.run", "error"),
    ("RUN ./Ascend-cann_9.0.0_linux-x86_64.run --install", "./Ascend-cann_9.0.0_linux-x86_64.run", "error"),
    ("RUN amdgpu-install -y --usecase=rocm", "amdgpu-install", "error"),
    ("RUN modprobe nvidia || true", "modprobe", "error"),
    ("RUN /sbin/insmod nvidia.ko", "/sbin/insmod", "error"),
    # files
    ("COPY libcuda.so.535.54.03 /usr/lib/x86_64-linux-gnu/", "libcuda.so.535.54.03", "error"),
    ("COPY --from=nvidia/cuda:12.4.1-base-ubuntu22.04 /usr/bin/nvidia-smi /usr/bin/", "/usr/bin/nvidia-smi", "error"),
    ('ADD ["driver", "/usr/local/Ascend/driver"]', '"driver"', "error"),
    ("COPY npu-smi /usr/local/bin/", "npu-smi", "error"),
    ("COPY libs/libascend_hal.so /usr/lib64/", "libs/libascend_hal.so", "error"),
    ("COPY amdgpu.ko /lib/modules/", "amdgpu.ko", "error"),
    ("COPY NVIDIA-Linux-x86_64-535.run setup.sh /tmp/\nRUN /tmp/setup.sh", "NVIDIA-Linux-x86_64-535.run", "error"),
    ("RUN cp /mnt/libnvidia-ml.so.1 /usr/lib/", "/mnt/libnvidia-ml.so.1", "error"),
]  # fmt: skip


@pytest.mark.parametrize("body, piece, severity", FOUND)
def test_found(lint_with: LintWith, body: str, piece: str | None, severity: str) -> None:
    text = f"{UBUNTU}{body}\n".encode()
    finding = lint_with("IMG102", text).findings[0]
    assert piece is None or text[finding.span.start : finding.span.end].decode() == piece
    assert finding.severity == severity


def test_a_run_and_the_copy_of_its_installer_are_one_finding(lint_with: LintWith) -> None:
    text = f"{UBUNTU}COPY NVIDIA-Linux-x86_64-535.run /tmp/\nRUN sh /tmp/NVIDIA-Linux-x86_64-535.run -s\n"
    assert len(lint_with("IMG102", text).findings) == 1


def test_every_stage_counts(lint_with: LintWith) -> None:
    text = f"{UBUNTU}RUN apt-get install -y nvidia-driver-535\nFROM ubuntu:22.04\n"
    assert len(lint_with("IMG102", text).findings) == 1


def test_the_message_names_package_reason_and_replacement(lint_with: LintWith) -> None:
    (finding,) = lint_with("IMG102", f"{INSTALL}cuda-12-4\n").findings
    assert finding.message.startswith("cuda-12-4 does not belong in an image: ")
    assert finding.message.endswith("; install cuda-toolkit-12-4 instead")
    (finding,) = lint_with("IMG102", f"{UBUNTU}RUN apt-get install -y libcudart12\n").findings
    assert finding.message.endswith("; add --no-install-recommends")


@pytest.mark.parametrize(
    "name, fixed",
    [
        ("cuda", "cuda-toolkit"),
        ("cuda-12-4", "cuda-toolkit-12-4"),
        ("cuda-runtime-11-8", "cuda-libraries-11-8"),
        ("cuda-12-4=12.4.1-1", None),  # the version is that of another package
        ("cuda-drivers", None),
        ("nvidia-driver-535", None),
    ],
)
def test_fix(lint_with: LintWith, name: str, fixed: str | None) -> None:
    text = f"{INSTALL}curl \\\n    {name} \\\n    wget\n".encode()
    (finding,) = lint_with("IMG102", text).findings
    done = apply(text, finding.fix.edits) if finding.fix else None
    assert done == (text.replace(name.encode(), fixed.encode()) if fixed else None)
    assert finding.severity is Severity.ERROR
    assert not done or not lint_with("IMG102", done).findings
