from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

LintWith = Callable[..., Any]
FixWith = Callable[..., str]

BASE = "FROM debian:bookworm\n"

LEFT_ALONE = [
    (f"{BASE}RUN wget https://x.org/a.tgz && tar xzf a.tgz && rm a.tgz", "deleted"),
    (
        f"{BASE}RUN cd /tmp && wget https://x.org/a.tgz && tar xzf a.tgz && rm -rf /tmp/*",
        "deleted with the rest",
    ),
    (f"{BASE}RUN curl -L https://x.org/a.tgz | tar xz", "never written"),
    (f"{BASE}RUN wget https://x.org/model.zip", "nothing unpacks it"),
    (f"{BASE}RUN wget https://x.org/a.gz && gunzip a.gz", "gunzip takes it away"),
    (f"{BASE}RUN wget https://x.org/a.zip && mv a.zip /srv && unzip /srv/a.zip", "it was moved"),
    (f"{BASE}RUN wget https://x.org/a.tgz && tar xzf a.tgz\nRUN rm a.tgz", "IMG202 says so"),
    (
        f"{BASE}RUN wget https://x.org/cuda-keyring_1.1-1_all.deb && dpkg -i cuda-keyring_1.1-1_all.deb",
        "some kilobytes",
    ),
    (
        f"{BASE}RUN wget https://x.org/Ascend-cann-toolkit_8.0.run && sh Ascend-cann-toolkit_8.0.run",
        "IMG113 says so",
    ),
    (f"{BASE}RUN wget https://x.org/install.sh && sh install.sh", "a small script"),
    (f"{BASE}COPY install_conda.sh /\nRUN sh /install_conda.sh", "a script of one's own"),
    (f"{BASE}ADD a.tar.gz /opt/", "ADD unpacks it"),
    (f"{BASE}RUN --mount=type=bind,source=a.whl,target=/a.whl pip install /a.whl", "a mount"),
    (
        f'{BASE}RUN wget https://x.org/a.tgz && tar xzf a.tgz && eval "$X"',
        "what the script does is not known",
    ),
    (f"FROM debian:bookworm AS build\nRUN wget https://x.org/a.tgz && tar xzf a.tgz\n{BASE}", "a builder"),
    (f"{BASE}ONBUILD RUN wget https://x.org/a.tgz && tar xzf a.tgz", "the child's doing"),
    ("", "no stage"),
]


# body, what is underlined, the message
FOUND = [
    ("RUN wget https://x.org/a.tgz && tar xzf a.tgz", "https://x.org/a.tgz", "a.tgz stays in the image after tar has read it; delete it in the same RUN"),
    ("RUN curl -fsSLo /tmp/cmake.sh https://x.org/cmake-3.28-linux.sh && sh /tmp/cmake.sh --skip-license", "https://x.org/cmake-3.28-linux.sh", "cmake.sh stays in the image after sh has read it; delete it in the same RUN"),
    ("RUN wget -q https://x.org/cuda_12.4_linux.run\nRUN sh cuda_12.4_linux.run --silent", "https://x.org/cuda_12.4_linux.run", "cuda_12.4_linux.run stays in the image after sh has read it; unpack and delete it in the RUN that downloads it"),
    ("RUN <<EOF\nwget https://x.org/a.deb\ndpkg -i ./a.deb\nEOF\n", "https://x.org/a.deb", "a.deb stays in the image after dpkg has read it; delete it in the same RUN"),
    ("COPY dist/*.whl /tmp/\nRUN pip install /tmp/*.whl", "dist/*.whl", "*.whl stays in the image after pip has read it; give it to that RUN by --mount=type=bind in place of COPY"),
    ("COPY --from=x /a.zip /a.zip\nRUN unzip /a.zip", "/a.zip", "a.zip stays in the image after unzip has read it; give it to that RUN by --mount=type=bind,from=x in place of COPY"),
    ("ADD https://x.org/Miniconda3.sh /m.sh\nRUN bash /m.sh -b", "https://x.org/Miniconda3.sh", "m.sh stays in the image after bash has read it; download, unpack and delete it in one RUN"),
    ("RUN wget https://x.org/a.run && chmod +x a.run && ./a.run", "https://x.org/a.run", "a.run stays in the image after it has run; delete it in the same RUN"),
]  # fmt: skip


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG209", text).findings, reason


@pytest.mark.parametrize("body, underlined, message", FOUND)
def test_found(lint_with: LintWith, body: str, underlined: str, message: str) -> None:
    result = lint_with("IMG209", BASE + body)
    (finding,) = result.findings
    assert finding.message == message
    assert result.source.text(finding.span) == underlined


# a RUN before and after
FIXED = [
    ("RUN wget https://x.org/a.tgz && tar xzf a.tgz", "RUN wget https://x.org/a.tgz && tar xzf a.tgz && rm -f /a.tgz"),
    ("RUN wget -P /tmp https://x.org/a.tgz \\\n  && cd / && tar xzf /tmp/a.tgz\n", "RUN wget -P /tmp https://x.org/a.tgz \\\n  && cd / && tar xzf /tmp/a.tgz \\\n  && rm -f /tmp/a.tgz\n"),
    ("RUN wget https://x.org/a.tgz && mkdir b && cd b && tar xzf ../a.tgz", "RUN wget https://x.org/a.tgz && mkdir b && cd b && tar xzf ../a.tgz && rm -f /a.tgz"),
    ("COPY a.zip /\nRUN unzip /a.zip", "COPY a.zip /\nRUN unzip /a.zip"),
]  # fmt: skip


@pytest.mark.parametrize("before, after", FIXED)
def test_fixed(fix_with: FixWith, before: str, after: str) -> None:
    assert fix_with("IMG209", BASE + before, unsafe=True) == BASE + after
    assert fix_with("IMG209", BASE + before) == BASE + before


# the same on an image whose working directory is not known
RELATIVE = [
    ("RUN wget https://x.org/a.tgz && tar xzf a.tgz", "RUN wget https://x.org/a.tgz && tar xzf a.tgz && rm -f a.tgz"),
    ("RUN wget https://x.org/a.tgz && mkdir b && cd b && tar xzf ../a.tgz", "RUN wget https://x.org/a.tgz && mkdir b && cd b && tar xzf ../a.tgz"),
]  # fmt: skip


@pytest.mark.parametrize("before, after", RELATIVE)
def test_a_relative_place(fix_with: FixWith, before: str, after: str) -> None:
    assert fix_with("IMG209", f"FROM own\n{before}", unsafe=True) == f"FROM own\n{after}"


def test_the_size_is_that_of_the_context(lint_with: LintWith) -> None:
    text = f"{BASE}COPY a.zip /\nRUN unzip /a.zip"
    (finding,) = lint_with("IMG209", text, {"a.zip": "x" * 2_000_000}).findings
    assert finding.saves_bytes == 2_000_000
    assert not lint_with("IMG209", text, {"a.zip": "x"}).findings
