from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
UBUNTU = "FROM ubuntu:22.04\n"
SET = "/usr/local/Ascend/ascend-toolkit/set_env.sh"
SOURCE = f"RUN . {SET} && python3 check.py\n"
START = 'CMD ["python3", "/srv/serve.py"]\n'

LEFT_ALONE = [
    (f"FROM quay.io/ascend/cann:8.1.rc1-910b-ubuntu22.04-py3.11\n{SOURCE}{START}", "the base sets them"),
    (f"FROM mycompany/cann\n{SOURCE}{START}", "the base may set them"),
    (f"{UBUNTU}{SOURCE}ENV ASCEND_HOME_PATH=/usr/local/Ascend/ascend-toolkit/latest\n{START}", "set by ENV"),
    (
        f'{UBUNTU}{SOURCE}ENTRYPOINT ["bash", "-c", "source {SET} && exec \\"$@\\"", "--"]\n{START}',
        "sourced at the start",
    ),
    (f'{UBUNTU}{SOURCE}ENTRYPOINT ["/entrypoint.sh"]\n{START}', "the script may source it"),
    (f'{UBUNTU}{SOURCE}CMD ["/bin/bash"]', "a shell to work in"),
    (
        f'{UBUNTU}{SOURCE}ENTRYPOINT ["tini", "--", "bash", "-c", "source /etc/profile && serve"]',
        "a shell reads it",
    ),
    (f"{UBUNTU}{SOURCE}", "nothing is started"),
    (f"{UBUNTU}ENV BASH_ENV={SET}\n{SOURCE}{START}", "read by every shell"),
    (f"{UBUNTU[:-1]} AS b\n{SOURCE}{UBUNTU}{START}", "a builder's"),
    (f"{UBUNTU}RUN . /opt/intel/oneapi/set_env.sh\n{START}", "another script"),
    (
        'FROM ubuntu:22.04\nRUN --mount=type=bind,source=p,target=/p /p/Ascend-cann-toolkit_8.0.0_linux-aarch64.run --quiet --install && . /usr/local/Ascend/ascend-toolkit/set_env.sh && make\nENV LD_LIBRARY_PATH=/usr/local/Ascend/ascend-toolkit/latest/lib64 PYTHONPATH=/usr/local/Ascend/ascend-toolkit/latest/python/site-packages\nCMD ["python3", "/srv/serve.py"]\n',
        "the library folders are set",
    ),
    (
        "FROM ubuntu:22.04\nRUN --mount=type=bind,source=p,target=/p /p/Ascend-cann-toolkit_8.0.0_linux-aarch64.run --quiet --install && . /usr/local/Ascend/ascend-toolkit/set_env.sh && make\nCMD . /usr/local/Ascend/ascend-toolkit/set_env.sh && exec python3 /srv/serve.py\n",
        "sourced at the start",
    ),
    (
        'FROM ubuntu:22.04\nRUN --mount=type=bind,source=p,target=/p /p/Ascend-cann-toolkit_8.0.0_linux-aarch64.run --quiet --install && . /usr/local/Ascend/ascend-toolkit/set_env.sh && make\nENTRYPOINT ["/usr/bin/env", "bash", "-lc"]\nCMD ["python3 /srv/serve.py"]\n',
        "a shell reads it",
    ),
    (
        'FROM ubuntu:22.04\nRUN --mount=type=bind,source=p,target=/p /p/Ascend-cann-toolkit_8.0.0_linux-aarch64.run --quiet --install && . /usr/local/Ascend/ascend-toolkit/set_env.sh && make\nCOPY run /run\nCMD ["/run"]\n',
        "a file of the project may be a script",
    ),
    (
        'FROM ubuntu:22.04\nRUN --mount=type=bind,source=p,target=/p /p/Ascend-cann-toolkit_8.0.0_linux-aarch64.run --quiet --install && . /usr/local/Ascend/ascend-toolkit/set_env.sh && make\nCMD ["sleep", "infinity"]\n',
        "waits for somebody to work in it",
    ),
    (
        'FROM ubuntu:22.04\nRUN --mount=type=bind,source=p,target=/p /p/Ascend-cann-toolkit_8.0.0_linux-aarch64.run --quiet --install && . /usr/local/Ascend/ascend-toolkit/set_env.sh && make\nRUN echo "source /usr/local/Ascend/ascend-toolkit/set_env.sh" >> ~/.bashrc\nCMD ["/usr/sbin/sshd", "-D"]\n',
        "sessions are shells",
    ),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG112", text).findings, reason


FOUND = [
    (f"{UBUNTU}{SOURCE}{START}", SET),
    (f"{UBUNTU}RUN pip install x && \\\n    # operators\n    source {SET} && make\n{START}", SET),
    (f'{UBUNTU}RUN echo "source {SET}" >> ~/.bashrc\nENTRYPOINT python3 serve.py\n', f'"source {SET}"'),
    (f'{UBUNTU}SHELL ["/bin/bash", "-c"]\nRUN <<EOF\nsource {SET}\nmake\nEOF\n{START}', SET),
    (
        f"FROM mycompany/base\nRUN ./Ascend-cann-toolkit_8.0.0_linux-aarch64.run --install && . {SET}\n{START}",
        SET,
    ),
    (f"{UBUNTU[:-1]} AS a\n{SOURCE}FROM a\n{START}", SET),
]


@pytest.mark.parametrize("text, piece", FOUND)
def test_found(lint_with: LintWith, text: str, piece: str) -> None:
    data = text.encode()
    (finding,) = lint_with("IMG112", data).findings
    assert data[finding.span.start : finding.span.end].decode() == piece
    assert finding.message.startswith("what set_env.sh sets is gone ")
