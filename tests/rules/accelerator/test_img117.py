from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.edits import apply
from imgtool.findings import Applicability
from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]

CUDA = "FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\n"

LEFT_ALONE = [
    (f"{CUDA}ENV NVIDIA_VISIBLE_DEVICES=all", "all of them"),
    (f"{CUDA}ENV NVIDIA_VISIBLE_DEVICES all", "all of them, in the old form"),
    (f"{CUDA}ENV NVIDIA_VISIBLE_DEVICES=void NVIDIA_DRIVER_CAPABILITIES=compute", "none on purpose"),
    (f'{CUDA}ENV CUDA_VISIBLE_DEVICES=""', "none on purpose"),
    (f"{CUDA}ENV CUDA_VISIBLE_DEVICES=-1", "none on purpose"),
    (f"{CUDA}ARG GPU\nENV CUDA_VISIBLE_DEVICES=$GPU", "the value is given when it is built"),
    (f"{CUDA}ENV CUDA_DEVICE_ORDER=PCI_BUS_ID", "the order, no device"),
    (f"{CUDA}RUN CUDA_VISIBLE_DEVICES=0 make check", "for one command"),
    (f"{CUDA[:-1]} AS test\nENV CUDA_VISIBLE_DEVICES=0\nFROM debian:12", "does not ship"),
    (f"{CUDA}ONBUILD ENV CUDA_VISIBLE_DEVICES=0", "the child's doing"),
    (f"{CUDA}ENV CUDA_VISIBLE_DEVICES=0", "nothing starts that it does harm to"),
    (f'{CUDA}ENV CUDA_VISIBLE_DEVICES=0\nCMD ["/bin/bash"]', "people work in it with one device"),
    (f'{CUDA}ENTRYPOINT ["/init"]\nENV ASCEND_RT_VISIBLE_DEVICES=0\nCMD bash', "likewise"),
    ("", "no stage"),
    (
        "FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\nARG CUDA_VISIBLE_DEVICES=0\nRUN make test\n",
        "for the build alone",
    ),
    ("FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\nENV NVIDIA_VISIBLE_DEVICES=${GPUS:-all}\n", "all of them"),
    (
        "FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\nENV NVIDIA_VISIBLE_DEVICES=0\nENV NVIDIA_VISIBLE_DEVICES=all\n",
        "another value is in effect",
    ),
    (
        "FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\nCMD CUDA_VISIBLE_DEVICES=0 python3 a.py\n",
        "for one command",
    ),
    (
        "FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04 AS base\nENV CUDA_VISIBLE_DEVICES=1\nFROM base\nENV CUDA_VISIBLE_DEVICES=\n",
        "none in effect",
    ),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG117", text).findings, reason


# what is found, and the file after the fix; None: there is no fix
FOUND = [
    (f"{CUDA}ENV CUDA_VISIBLE_DEVICES=0\nCMD x\n", "0", f"{CUDA}CMD x\n"),
    (f"{CUDA}ENV CUDA_VISIBLE_DEVICES 0,1\n", "0,1", CUDA),
    (f"{CUDA}ENV CUDA_VISIBLE_DEVICES=1\nCMD bash\n", "1", f"{CUDA}CMD bash\n"),
    (f"{CUDA}ENV NVIDIA_VISIBLE_DEVICES=0\nCMD bash\n", "0", f"{CUDA}CMD bash\n"),
    (
        f"{CUDA}ENV CUDA_VISIBLE_DEVICES=0\nCMD bash serve.sh\n",
        "0",
        f"{CUDA}CMD bash serve.sh\n",
    ),
    (f'{CUDA}ENV NVIDIA_VISIBLE_DEVICES="0"\n', '"0"', CUDA),
    (f"{CUDA}ENV A=1 \\\n    NVIDIA_VISIBLE_DEVICES=GPU-3a2b\n", "GPU-3a2b", None),
    (
        "FROM quay.io/ascend/cann:8.5.0-910b-ubuntu22.04-py3.11\nENV ASCEND_RT_VISIBLE_DEVICES=0,1,2\n",
        "0,1,2",
        "",
    ),
    ("FROM mycompany/npu\nENV ASCEND_VISIBLE_DEVICES=0-3 B=1\n", "0-3", None),
    (f"ARG N=3\n{CUDA}ARG N\nENV CUDA_VISIBLE_DEVICES=$N\n", "$N", f"ARG N=3\n{CUDA}ARG N\n"),
    (
        f"{CUDA[:-1]} AS a\nENV CUDA_VISIBLE_DEVICES=0\nFROM a\nCMD x\n",
        "0",
        f"{CUDA[:-1]} AS a\nFROM a\nCMD x\n",
    ),
]


@pytest.mark.parametrize("text, piece, after", FOUND)
def test_found(lint_with: LintWith, text: str, piece: str, after: str | None) -> None:
    (finding,) = lint_with("IMG117", text).findings
    data = text.encode()
    assert data[finding.span.start : finding.span.end].decode() == piece
    assert "set it when the container starts" in finding.message
    assert (finding.fix is None) == (after is None)
    if finding.fix is not None and after:
        assert finding.fix.applicability is Applicability.UNSAFE
        assert apply(data, finding.fix.edits).decode() == after


SEVERITY = [
    ("CUDA_VISIBLE_DEVICES=0", "info", "hides all devices but the first, which does no harm"),
    ("ASCEND_RT_VISIBLE_DEVICES=0", "info", "hides all devices but the first, which does no harm"),
    ("CUDA_VISIBLE_DEVICES=1", "warning", "picks devices"),
    ("CUDA_VISIBLE_DEVICES=0,1", "warning", "picks devices"),
    ("NVIDIA_VISIBLE_DEVICES=0", "warning", "picks devices"),
    ("ASCEND_VISIBLE_DEVICES=0", "warning", "picks devices"),
]


@pytest.mark.parametrize("text, severity, words", SEVERITY)
def test_the_first_that_a_container_has_is_always_there(
    lint_with: LintWith, text: str, severity: str, words: str
) -> None:
    (finding,) = lint_with("IMG117", f"{CUDA}ENV {text}\nCMD serve\n").findings
    assert (finding.severity, words in finding.message) == (severity, True)
