from __future__ import annotations

from collections.abc import Callable

import pytest

from imgtool.lint.runner import LintResult

LintWith = Callable[..., LintResult]
UBUNTU = "FROM ubuntu:22.04\n"
FILE = "Ascend-cann-toolkit_8.0.0_linux-aarch64.run"
URL = f"https://example.com/CANN/{FILE}"
INSTALL = "--quiet --install"

LEFT_ALONE = [
    (f"{UBUNTU}RUN --mount=type=bind,target=/p /p/{FILE} {INSTALL}", "mounted"),
    (f"{UBUNTU}RUN wget {URL} && ./{FILE} {INSTALL} && rm {FILE}", "removed in the same RUN"),
    (
        f"{UBUNTU}RUN wget {URL} -P /tmp && sh /tmp/{FILE} {INSTALL} && rm -rf /tmp/*",
        "removed in the same RUN",
    ),
    (f"{UBUNTU}RUN --mount=type=cache,target=/tmp wget {URL} -O /tmp/{FILE}", "in no layer"),
    (f"{UBUNTU[:-1]} AS fetch\nADD {URL} /\n{UBUNTU}", "a builder's"),
    (f"{UBUNTU}COPY --from=packages /{FILE} /opt/", "where it comes from is another layer's"),
    (f"{UBUNTU}COPY {FILE} /opt/\nRUN /opt/{FILE} {INSTALL}\nRUN rm /opt/{FILE}", "IMG202's"),
    (f"{UBUNTU}COPY cuda_12.4.1_linux.run /opt/", "no CANN"),
    (f"{UBUNTU}RUN /opt/{FILE} {INSTALL}", "where it comes from does not show"),
    ("", "no stage"),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG113", text).findings, reason


FOUND = [
    (f"{UBUNTU}COPY {FILE} /opt/\nRUN /opt/{FILE} {INSTALL}\n", FILE),
    (f"{UBUNTU}ADD {URL} /opt/\n", URL),
    (f"{UBUNTU}RUN wget -q \\\n    # the toolkit\n    {URL} && \\\n    sh {FILE} {INSTALL}\n", URL),
    (f"{UBUNTU}RUN <<EOF\ncurl -fsSL {URL} -o /tmp/{FILE}\nbash /tmp/{FILE} {INSTALL}\nEOF\n", URL),
    (
        f"ARG V=8.0.0\n{UBUNTU}ARG V\nCOPY Ascend-cann-toolkit_${{V}}_linux-x86_64.run /\n",
        "Ascend-cann-toolkit_${V}_linux-x86_64.run",
    ),
    (
        f"{UBUNTU}WORKDIR /packages\nCOPY . ./\nRUN bash /packages/Ascend-cann-toolkit*.run {INSTALL}\n",
        "/packages/Ascend-cann-toolkit*.run",
    ),
    (f"{UBUNTU}COPY *.run /tmp/\nWORKDIR /tmp\nRUN ./{FILE} {INSTALL} && rm {FILE}\n", f"./{FILE}"),
]


@pytest.mark.parametrize("text, piece", FOUND)
def test_found(lint_with: LintWith, text: str, piece: str) -> None:
    data = text.encode()
    (finding,) = lint_with("IMG113", data).findings
    assert data[finding.span.start : finding.span.end].decode() == piece
    assert "which only installing needs" in finding.message
    assert finding.saves_bytes == 1_200_000_000


def test_sizes_are_of_the_toolkit(lint_with: LintWith) -> None:
    (finding,) = lint_with("IMG113", f"{UBUNTU}COPY Ascend-cann-nnal_8.0.0_linux-x86_64.run /\n").findings
    assert finding.saves_bytes is None


def test_one_finding_where_it_is_removed_too_late(lint_with: LintWith) -> None:
    data = f"{UBUNTU}WORKDIR /p\nCOPY . .\nRUN ./{FILE} {INSTALL} && rm {FILE}\n".encode()
    assert [f.code for f in lint_with("IMG202", data).findings] == ["IMG202"]
    (finding,) = lint_with("IMG113,IMG202", data).findings
    assert (finding.code, finding.aliases) == ("IMG113", ("IMG202",))
    assert [data[span.start : span.end].decode() for span in finding.related] == [FILE]
