from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
CANN = "FROM ascendai/cann:8.1.rc1-310p-ubuntu22.04-py3.10\n"
NEW = "FROM quay.io/ascend/cann:8.5.1-310p-ubuntu22.04-py3.11\n"
START = 'COPY serve /opt/serve\nCOPY m.om /m.om\nCMD ["/opt/serve", "/m.om"]\n'


LEFT_ALONE = [
    (f"FROM ubuntu:22.04\n{START}", "no toolkit"),
    (f"FROM quay.io/ascend/torch-npu:2.7.1-910b-ubuntu22.04-py3.11\n{START}", "a framework's image"),
    (f"FROM quay.io/ascend/cann:99.0.0-310p-ubuntu30.04-py3.14\n{START}", "newer than the data"),
    (f"{CANN[:-1]} AS build\n{START}FROM ubuntu:22.04\n", "a builder"),
    # what starts
    (f"{CANN}COPY m.om /m.om\n", "nothing starts"),
    (f'{CANN}CMD ["/opt/serve"]', "no model is named"),
    (f'{CANN}CMD ["bash", "-c", "serve /m.om"]', "a shell may do anything"),
    (f"{CANN}CMD source set_env.sh && serve /m.om", "a shell may do anything"),
    (f'{CANN}ENTRYPOINT ["/start.sh"]\nCMD ["/m.om"]', "a script may do anything"),
    (f'{CANN}CMD ["$SERVER", "/m.om"]', "what starts does not show"),
    (f'{CANN}CMD ["/opt/serve", "/m.om"]\nCMD ["python3", "train.py"]', "the last command counts"),
    # what is installed
    (f"{CANN}RUN pip install torch-npu==2.5.1\n{START}", "a framework"),
    (f"{CANN}RUN pip install mindspore\n{START}", "a framework"),
    (f"{CANN}RUN pip install torch\n{START}", "a framework"),
    (f"{CANN}RUN pip install -r requirements.txt\n{START}", "what is in it does not show"),
    (f"{CANN}RUN pip install .\n{START}", "what it asks for does not show"),
    (f"{CANN}RUN pip install $MORE\n{START}", "what it is does not show"),
    (f"{CANN}RUN conda install numpy\n{START}", "an environment of its own"),
    (f"FROM ubuntu:22.04 AS a\nRUN pip install torch-npu\n{CANN}COPY --from=a /v /v\n{START}", "copied along"),
    (f"{CANN}COPY --from=x.io/env:1 /opt/venv /opt/venv\n{START}", "an image that is not seen"),
    (f"{CANN}ADD https://x.io/env.tgz /opt/\n{START}", "what is in it does not show"),
    # what is built
    (f"{CANN}RUN atc --model=m.onnx --output=m\n{START}", "converts a model"),
    (f"{CANN}RUN cmake -B b && cmake --build b\n{START}", "builds"),
    (f"{CANN}RUN apt-get install -y g++\n{START}", "will build"),
    (f"{CANN}RUN ./install.sh\n{START}", "a script may do anything"),
    (f'{CANN}RUN eval "$X"\n{START}', "not understood"),
    ("", "no stage"),
]  # fmt: skip


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG106", text).findings, reason


FOUND = [
    (f"{CANN}{START}", "m.om"),
    (f'{CANN}COPY m.om /m.om\nENTRYPOINT ["/opt/serve"]\nCMD ["--model", "/m.om"]', "m.om"),
    (f"{CANN}RUN pip install aclruntime ais_bench numpy\nCMD python3 -m ais_bench --model m.om", "ais_bench"),
    (f"{CANN}RUN apt-get update && apt-get install -y libgl1 && pip install opencv-python pillow\n{START}", "m.om"),
    (f"FROM {CANN[5:-1]} AS build\nRUN cmake -B b && atc --model=m.onnx --output=m\n{CANN}COPY --from=build /b /opt\n{START}", "m.om"),
    (f'{CANN[:-1]} AS base\nFROM base\nWORKDIR /opt\nUSER HwHiAiUser\nCMD ["python3", "infer.py", "--model", "/m.om"]', "m.om"),
]  # fmt: skip


@pytest.mark.parametrize("text, model", FOUND)
def test_found_at_from(lint_with: LintWith, text: str, model: str) -> None:
    (finding,) = lint_with("IMG106", f"{text}\n").findings
    assert text.encode()[finding.span.start : finding.span.end] == CANN[5:-1].encode()
    assert f"only {model} runs in it" in finding.message


def test_the_packages_are_those_of_the_version(lint_with: LintWith) -> None:
    (old,) = lint_with("IMG106", f"{CANN}{START}").findings
    assert old.message.endswith("install Ascend-cann-nnrt_8.1.RC1_linux-<arch>.run on a plain image")
    (new,) = lint_with("IMG106", f"{NEW}{START}").findings
    assert "Ascend-cann-toolkit_8.5.1_linux-<arch>.run --whitelist=nnrt" in new.message
    assert "Ascend-cann-310p-ops_8.5.1_linux-<arch>.run" in new.message


@pytest.mark.parametrize(
    "name, content, found",
    [
        ("infer.py", "import acl\nacl.mdl.load_from_file('m.om')\n", 1),
        ("infer.py", "import torch_npu\n", 0),
        ("run.sh", "atc --model=m.onnx\n", 0),
        ("op.cpp", "aclopCompileAndExecute(op);\n", 0),
        ("data.bin", "atc", 1),
    ],
)
def test_a_source_in_the_context_can_speak_against_it(
    lint_with: LintWith, name: str, content: str, found: int
) -> None:
    files = {name: content, "serve": "", "m.om": ""}
    assert len(lint_with("IMG106", f"{CANN}{START}", files).findings) == found
