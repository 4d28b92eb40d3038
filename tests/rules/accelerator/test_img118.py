from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
UBUNTU = "FROM ubuntu:22.04\n"
ASCEND = "Ascend-docker-runtime_6.0.0_linux-aarch64.run"

LEFT_ALONE = [
    ("RUN apt-get install -y docker-ce nvidia-container-toolkit", "it starts containers of its own"),
    ("VOLUME /var/lib/docker\nRUN apt-get install -y nvidia-docker2", "it starts containers of its own"),
    (
        'RUN apt-get install -y nvidia-container-toolkit\nENTRYPOINT ["nvidia-toolkit"]',
        "installs it on the host",
    ),
    ("RUN apt-get remove -y nvidia-container-toolkit", "taken out"),
    ("RUN apt-get install -y nvidia-cuda-toolkit", "another toolkit"),
    ("RUN echo nvidia-container-toolkit", "no package"),
    ("RUN apt-get install -y $PACKAGES # nvidia-container-toolkit", "what it is does not show"),
    (f"RUN wget https://example.com/{ASCEND}", "not installed"),
    ("RUN pip install nvidia-container-toolkit", "no system package"),
    ("RUN apt-get install -y nvidia-driver-550 # nvidia-docker", "the driver is IMG102's"),
    (
        'FROM rancher/k3s:v1.31.0-k3s1 AS k3s\nFROM nvidia/cuda:12.4.1-base-ubuntu22.04\nRUN apt-get update && apt-get install -y --no-install-recommends nvidia-container-toolkit\nCOPY --from=k3s / /\nVOLUME /var/lib/kubelet\nVOLUME /var/lib/rancher/k3s\nENTRYPOINT ["/bin/k3s"]\nCMD ["agent"]\n',
        "k3s starts containers",
    ),
    (
        "FROM ubuntu:22.04\nRUN curl -fsSL https://get.docker.com | sh\nRUN apt-get update && apt-get install -y --no-install-recommends nvidia-container-toolkit\n",
        "a script brings the engine",
    ),
    (
        'FROM ubuntu:22.04\nCOPY --from=docker:27-dind /usr/local/bin/ /usr/local/bin/\nRUN apt-get update && apt-get install -y --no-install-recommends nvidia-container-toolkit\nENTRYPOINT ["dockerd-entrypoint.sh"]\n',
        "the engine of another image",
    ),
    (
        'FROM ubuntu:22.04\nRUN apt-get update && apt-get install -y --no-install-recommends nvidia-container-toolkit-base\nENTRYPOINT ["nvidia-ctk", "cdi", "generate"]\n',
        "describes the devices of the host",
    ),
    (
        "FROM ubuntu:22.04\nRUN apt-get update && apt-get install -y --no-install-recommends singularity-ce libnvidia-container-tools\n",
        "an engine, too",
    ),
    (
        "FROM kindest/node:v1.31.0\nRUN apt-get update && apt-get install -y --no-install-recommends nvidia-container-toolkit\n",
        "a node that starts containers",
    ),
    (
        "FROM ubuntu:22.04\nRUN apt-get download nvidia-container-toolkit libnvidia-container1\n",
        "not installed",
    ),
]


@pytest.mark.parametrize("body, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, body: str, reason: str) -> None:
    assert not lint_with("IMG118", f"{UBUNTU}{body}\n").findings, reason


FOUND = [
    ("RUN apt-get install -y nvidia-container-toolkit", "nvidia-container-toolkit"),
    ("RUN apt-get install -y curl \\\n    # the runtime\n    nvidia-docker2 vim", "nvidia-docker2"),
    ("RUN dnf install -y libnvidia-container1", "libnvidia-container1"),
    (
        "RUN <<EOF\napt-get update\napt-get install -y nvidia-container-runtime=3.14.0-1\nEOF",
        "nvidia-container-runtime=3.14.0-1",
    ),
    ("ARG NAME=nvidia-container-toolkit\nRUN apt-get install -y $NAME-base", "$NAME-base"),
    ("RUN yum install -y ascend-docker-runtime", "ascend-docker-runtime"),
    (f"RUN ./{ASCEND} --install", f"./{ASCEND}"),
    ("ONBUILD RUN apt-get install -y nvidia-container-toolkit", "nvidia-container-toolkit"),
]


@pytest.mark.parametrize("body, piece", FOUND)
def test_found(lint_with: LintWith, body: str, piece: str) -> None:
    data = f"{UBUNTU}{body}\nFROM ubuntu:22.04\n".encode()
    (finding,) = lint_with("IMG118", data).findings
    assert data[finding.span.start : finding.span.end].decode() == piece
    assert finding.severity == "warning"
    assert "does not belong in an image: the container runtime runs on the host" in finding.message
    assert not lint_with("IMG102", data).findings
