from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

LintWith = Callable[..., Any]
FixWith = Callable[..., str]

BASE = "FROM debian:bookworm\n"

LEFT_ALONE = [
    (f"{BASE}RUN git clone https://x.org/a/bbb /bbb && cd /bbb && make install && rm -rf /bbb", "deleted"),
    (f"{BASE}RUN git clone https://x.org/a/bbb /bbb && cd /bbb && make", "nothing is installed elsewhere"),
    (
        f"{BASE}RUN git clone https://x.org/a/bbb /bbb && cd /bbb && ./configure --prefix=/bbb/out && make install",
        "into the tree",
    ),
    (
        f"{BASE}RUN git clone https://x.org/a/bbb /bbb && cd /bbb && make PREFIX=out install",
        "perhaps into the tree",
    ),
    (
        f"{BASE}RUN git clone https://x.org/a/bbb /bbb && cd /bbb && make install\nENV B=/bbb/lib",
        "it is named later",
    ),
    (
        f"{BASE}ENV LD_LIBRARY_PATH=/bbb/lib\nRUN git clone https://x.org/a/bbb /bbb && cd /bbb && make install",
        "it is in the environment",
    ),
    (
        f"{BASE}RUN git clone https://x.org/a/bbb /bbb && cd /bbb && make install\nRUN rm -rf /bbb",
        "IMG202 says so",
    ),
    (
        f"FROM debian:bookworm AS build\nRUN git clone https://x.org/a/bbb /bbb && cd /bbb && make install\n{BASE}",
        "a builder",
    ),
    (
        "FROM nvidia/cuda:12.4.1-runtime-ubuntu22.04 AS b\nFROM debian:bookworm\nCOPY --from=b /usr/local/cuda /usr/local/cuda",
        "not a devel image",
    ),
    (
        "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04 AS b\nFROM debian:bookworm\nCOPY --from=b /usr/local/cuda/lib64/libcudart.so.12 /usr/lib/",
        "one library",
    ),
    (
        "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04 AS b\nFROM rust:1.79\nCOPY --from=b /usr/local/cuda /usr/local/cuda\nRUN cargo build",
        "something is compiled",
    ),
    (
        "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04 AS b\nFROM debian:bookworm\nCOPY --from=b /usr/local/cuda /usr/local/cuda\nRUN pip install flashinfer-python",
        "it compiles when it runs",
    ),
    (
        "FROM debian:bookworm AS b\nFROM debian:bookworm\nCOPY --from=b /out/libx.a /usr/lib/\nRUN apt-get install -y g++",
        "a compiler is there for it",
    ),
    (
        "FROM debian:bookworm AS b\nFROM debian:bookworm AS c\nCOPY --from=b /x/libx.a /usr/lib/\nFROM debian",
        "not shipped",
    ),
    ("FROM debian:bookworm\nCOPY libx.a /usr/lib/", "of the context, perhaps on purpose"),
    ("", "no stage"),
]


# body, what is underlined, the message
FOUND = [
    ("RUN git clone https://x.org/a/bbb /tmp/bbb && cd /tmp/bbb && make && make install", "https://x.org/a/bbb", "bbb stays in the image, sources and objects, after make has installed it; delete it in the same RUN, or build it in another stage"),
    ("RUN wget -qO- x.org/a | tar xz\nWORKDIR /src\nRUN wget https://x.org/ccc-1.2.tar.gz && tar xf ccc-1.2.tar.gz && cd ccc-1.2 && ./configure --prefix=/usr && make -j8 install && rm ../*.gz", "ccc-1.2.tar.gz", "ccc-1.2 stays in the image, sources and objects, after make has installed it; delete it in the same RUN, or build it in another stage"),
    ("RUN git clone https://x.org/a/bbb /bbb && cmake -S /bbb -B /bbb/o && cd /bbb/o && cmake --install .", "https://x.org/a/bbb", "bbb stays in the image, sources and objects, after cmake has installed it; delete it in the same RUN, or build it in another stage"),
    ("RUN <<EOF\ngit clone https://x.org/a/bbb /bbb\ncd /bbb\nninja install\nEOF\n", "https://x.org/a/bbb", "bbb stays in the image, sources and objects, after ninja has installed it; delete it in the same RUN, or build it in another stage"),
    ("RUN git clone https://x.org/a/bbb && mv bbb /opt/bbb && cd /opt/bbb && sudo make install", "bbb", "bbb stays in the image, sources and objects, after make has installed it; delete it in the same RUN, or build it in another stage"),
]  # fmt: skip


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG213", text).findings, reason


@pytest.mark.parametrize("body, underlined, message", FOUND)
def test_found(lint_with: LintWith, body: str, underlined: str, message: str) -> None:
    result = lint_with("IMG213", BASE + body)
    (finding,) = result.findings
    assert finding.message == message
    assert result.source.text(finding.span) == underlined


# a RUN before and after
FIXED = [
    ("RUN git clone https://x.org/a/bbb /tmp/bbb && cd /tmp/bbb && make install", "RUN git clone https://x.org/a/bbb /tmp/bbb && cd /tmp/bbb && make install && rm -rf /tmp/bbb"),
    ("RUN git clone https://x.org/a/bbb && cd bbb && make install", "RUN git clone https://x.org/a/bbb && cd bbb && make install"),
]  # fmt: skip


@pytest.mark.parametrize("before, after", FIXED)
def test_fixed(fix_with: FixWith, before: str, after: str) -> None:
    assert fix_with("IMG213", BASE + before, unsafe=True) == BASE + after
    assert fix_with("IMG213", BASE + before) == BASE + before


def test_the_toolkit_of_a_devel_image(lint_with: LintWith) -> None:
    text = "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04 AS b\nFROM debian:bookworm\nCOPY --from=b /usr/local/cuda/lib64 /opt/cuda\n"
    result = lint_with("IMG213", text)
    (finding,) = result.findings
    assert result.source.text(finding.span) == "/usr/local/cuda/lib64"
    assert finding.message == (
        "/usr/local/cuda/lib64 of a devel image holds static libraries and headers, which run nothing;"
        " copy the .so files that are needed, or use the runtime image"
    )


@pytest.mark.parametrize("source", ["/usr/local/cuda/lib64/libcudart_static.a", "/opt/x/lib/*.a"])
def test_static_libraries_by_name(lint_with: LintWith, source: str) -> None:
    text = f"FROM debian:bookworm AS b\nFROM debian:bookworm\nCOPY --from=b {source} /usr/lib/\n"
    result = lint_with("IMG213", text)
    (finding,) = result.findings
    assert result.source.text(finding.span) == source
    assert finding.message == (
        f"{source.rpartition('/')[2]} links programs and runs none, and nothing is compiled here; leave it in the other stage"
    )
