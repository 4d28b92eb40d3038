from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
CUDA = "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\n"
RUNTIME = "FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04\n"
CANN = "FROM quay.io/ascend/cann:8.3.rc1-910b-ubuntu22.04-py3.11\n"
STUBS = "/usr/local/cuda/lib64/stubs"
LINK = f"ln -s {STUBS}/libcuda.so /usr/lib/x86_64-linux-gnu/libcuda.so.1"


LEFT_ALONE = [
    (f"{CUDA}ENV LIBRARY_PATH={STUBS}", "read by the linker alone"),
    (f"{CUDA}ENV CUDA_CUDA_LIBRARY={STUBS} CGO_LDFLAGS=-L{STUBS}", "other variables"),
    (f"{CUDA}ENV LD_LIBRARY_PATH=/usr/local/cuda/lib64:/opt/stubs:$LD_LIBRARY_PATH", "no stubs of a driver"),
    (f"{CUDA}RUN LD_LIBRARY_PATH={STUBS}:$LD_LIBRARY_PATH make test", "for one command"),
    (f"{CUDA}RUN export LD_LIBRARY_PATH={STUBS} && make", "for one RUN"),
    (f"{CUDA}RUN make LDFLAGS=-L{STUBS}", "read by the linker alone"),
    (f"{CUDA}RUN ldconfig {STUBS} && make && ldconfig", "undone in the same RUN"),
    (f"{CUDA}RUN ldconfig {STUBS}\nRUN make\nRUN ldconfig", "undone later"),
    (f"{CUDA}RUN {LINK} && make && rm /usr/lib/x86_64-linux-gnu/libcuda.so.1", "undone in the same RUN"),
    (f"{CUDA}RUN {LINK} && make && rm -f /usr/lib/x86_64-linux-gnu/libcuda*", "undone by a pattern"),
    (
        f"{CUDA}RUN ln -s {STUBS}/libcuda.so {STUBS}/libcuda.so.1",
        "in a folder that the loader does not look in",
    ),
    (f"{CUDA}RUN ln -s {STUBS}/libcuda.so /opt/libcuda.so", "the linker's name"),
    (f"{CUDA}RUN echo {STUBS} > /etc/ld.so.conf.d/z.conf && make && rm /etc/ld.so.conf.d/z.conf", "undone"),
    (f"{CUDA}RUN echo {STUBS} > /etc/notes", "no configuration of the loader"),
    (f"{CUDA}ENV LD_LIBRARY_PATH={STUBS}\nRUN make\nENV LD_LIBRARY_PATH=/opt/lib", "a later ENV replaces it"),
    (f"{CUDA[:-1]} AS build\nENV LD_LIBRARY_PATH={STUBS}\nFROM debian:12\n", "a builder's"),
    ("FROM quay.io/ascend/cann:8.5.2-910b-ubuntu22.04-py3.11\nRUN true\n", "the base image does it itself"),
    (
        f"{CANN}ENV LD_LIBRARY_PATH=$LD_LIBRARY_PATH:/usr/local/Ascend/ascend-toolkit/latest/devlib",
        "behind the driver",
    ),
    (
        "FROM debian:12\nENV LD_LIBRARY_PATH=/usr/local/Ascend/driver/lib64:/opt/cann/devlib",
        "behind the driver",
    ),
    (f"{CUDA}ENV LD_LIBRARY_PATH=$UNKNOWN", "nothing shows"),
    (
        "FROM quay.io/pypa/manylinux_2_28:latest\nENV LD_LIBRARY_PATH=/opt/cann/devlib:$LD_LIBRARY_PATH",
        "wheels are built in it, and no driver is ever there",
    ),
    (
        f"ARG B=pytorch/manylinux2_28-builder:cuda12.4\nFROM $B AS b\nFROM b\nENV LD_LIBRARY_PATH={STUBS}",
        "wheels are built in it",
    ),
    (f"FROM quay.io/pypa/musllinux_1_2\nRUN ldconfig {STUBS}", "wheels are built in it"),
    ("", "no stage"),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG103", text).findings, reason


# the file, the piece that is underlined
FOUND = [
    (f"{CUDA}ENV LD_LIBRARY_PATH={STUBS}", STUBS),
    (f"{CUDA}ENV LD_LIBRARY_PATH {STUBS}:$LD_LIBRARY_PATH", STUBS),
    (f'{CUDA}ENV A=1 LD_LIBRARY_PATH="/opt/lib:{STUBS}:${{LD_LIBRARY_PATH}}" B=2', STUBS),
    (f"{CUDA}ENV LD_LIBRARY_PATH=/opt/lib:\\\n# stubs\n{STUBS}:\\\n$LD_LIBRARY_PATH", STUBS),
    (
        f"{CUDA}ENV CUDA_HOME=/usr/local/cuda\nENV LD_LIBRARY_PATH=$CUDA_HOME/lib64/stubs",
        "$CUDA_HOME/lib64/stubs",
    ),
    (f"{CUDA}ENV LD_LIBRARY_PATH=${{LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}}{STUBS}", STUBS),
    (f"{CUDA}ENV LD_LIBRARY_PATH=/usr/local/cuda-12.4/targets/x86_64-linux/lib/stubs/", None),
    (f"ARG V=12\nFROM debian:12 AS base\nENV LD_LIBRARY_PATH={STUBS}\nFROM base\n", STUBS),
    (f"{CUDA}RUN echo {STUBS} > /etc/ld.so.conf.d/cuda-stubs.conf && ldconfig", STUBS),
    (f"{CUDA}RUN printf '{STUBS}\\n' >> /etc/ld.so.conf", None),
    (f"{CUDA}RUN echo {STUBS} | tee /etc/ld.so.conf.d/z.conf", STUBS),
    (f"{CUDA}RUN cat > /etc/ld.so.conf.d/z.conf <<EOF\n/opt/lib\n{STUBS}\nEOF", STUBS),
    (f"{CUDA}COPY <<EOF /etc/ld.so.conf.d/z.conf\n{STUBS}\nEOF", f"{STUBS}\n"),
    (f"{CUDA}RUN ldconfig {STUBS}", STUBS),
    (f"{CUDA}RUN {LINK}", "/usr/lib/x86_64-linux-gnu/libcuda.so.1"),
    (f"{CUDA}RUN cp {STUBS}/libcuda.so /usr/lib64/libcuda.so.1", "/usr/lib64/libcuda.so.1"),
    (
        "FROM debian:12\nENV LD_LIBRARY_PATH=/opt/cann/devlib:/usr/local/Ascend/driver/lib64",
        "/opt/cann/devlib",
    ),
    (
        f"{CANN}ENV LD_LIBRARY_PATH=/usr/local/Ascend/ascend-toolkit/latest/devlib:$LD_LIBRARY_PATH",
        "/usr/local/Ascend/ascend-toolkit/latest/devlib",
    ),
]


@pytest.mark.parametrize("text, piece", FOUND)
def test_found(lint_with: LintWith, text: str, piece: str | None) -> None:
    (finding,) = lint_with("IMG103", f"{text}\n").findings
    assert piece is None or text.encode()[finding.span.start : finding.span.end].decode() in (
        piece,
        piece[:-1],
    )


@pytest.mark.parametrize(
    "text, severity, part",
    [
        (f"{CUDA}ENV LD_LIBRARY_PATH={STUBS}", "error", "CUDA_ERROR_STUB_LIBRARY"),
        (f"{RUNTIME}ENV LD_LIBRARY_PATH={STUBS}", "info", "does not hold; leave it out"),
        (f"{RUNTIME}COPY --from=a /opt/a /opt/a\nENV LD_LIBRARY_PATH={STUBS}", "info", "leave it out"),
        (f"{RUNTIME}COPY --from=a /x {STUBS}/\nENV LD_LIBRARY_PATH={STUBS}", "error", "LIBRARY_PATH"),
        (f"{RUNTIME}COPY --from=a /usr/local /usr/local\nENV LD_LIBRARY_PATH={STUBS}", "error", "34"),
        (f"{RUNTIME}COPY . .\nENV LD_LIBRARY_PATH={STUBS}", "error", "34"),
        (f"{RUNTIME}COPY root /\nENV LD_LIBRARY_PATH={STUBS}", "error", "34"),
        (f"{RUNTIME}RUN apt-get install -y cuda-cudart-dev-12-4\nENV LD_LIBRARY_PATH={STUBS}", "error", "34"),
        (
            "FROM a/conda\nENV LD_LIBRARY_PATH=/opt/conda/lib/stubs:$LD_LIBRARY_PATH",
            "info",
            "unless the image is for machines without a GPU",
        ),
        (f"{CUDA}RUN {LINK}", "warning", "libcuda.so.1 gives the stub the name that programs load"),
        (
            "FROM debian:12\nENV LD_LIBRARY_PATH=/opt/cann/devlib",
            "info",
            "/opt/cann/devlib on LD_LIBRARY_PATH",
        ),
    ],
)
def test_severity_and_message(lint_with: LintWith, text: str, severity: str, part: str) -> None:
    (finding,) = lint_with("IMG103", text).findings
    assert finding.severity == severity
    assert part in finding.message
