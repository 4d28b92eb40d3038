from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

LintWith = Callable[..., Any]
FixWith = Callable[..., str]

# nothing is known of its package managers
BASE = "FROM own:1\n"
CLONE = "RUN git clone https://github.com/a/engine /srv/engine\n"
APT = "RUN apt-get update && apt-get install -y curl\n"
LISTS = "RUN rm -rf /var/lib/apt/lists/*\n"

LEFT_ALONE = [
    (f"{BASE}{CLONE[:-1]} && rm -rf /srv/engine", "deleted where it was made"),
    (f"FROM debian:bookworm AS build\n{CLONE}RUN rm -rf /srv/engine\nFROM debian:bookworm\n", "a builder's layers"),
    (f"{BASE}{CLONE[:-1]} && rm -rf /srv/engine/.git", "history deleted where it came"),
    (f"{BASE}RUN rm -rf /srv/engine", "nothing put it there"),
    (f"{BASE}{CLONE}RUN rm -rf /srv/engine2 /opt/engine", "other paths"),
    (f"{BASE}{CLONE}RUN rm -rf /srv/engine/build", "a part that a build made"),
    (f'{BASE}{CLONE}RUN if [ -n "$X" ]; then rm -rf /srv/engine; fi', "perhaps not deleted"),
    (f"{BASE}{CLONE}RUN rm -rf $X/engine", "where it points is not known"),
    (f"{BASE}{CLONE}RUN for d in engine; do rm -rf /srv/$d; done", "likewise"),
    (f"{BASE}{CLONE}RUN X=/srv && rm -rf $X/engine", "a variable of the script"),
    (f"{BASE}RUN git clone https://x/engine\nWORKDIR /other\nRUN rm -rf engine", "another folder"),
    (f"{BASE}RUN cd $X && git clone https://x/engine\nRUN rm -rf engine", "the folder is not known"),
    (f"{BASE}RUN (cd /srv && git clone https://x/engine) && make\nRUN rm -rf engine", "a subshell's folder"),
    (f"{BASE}COPY install.sh /srv/\nRUN bash /srv/install.sh && rm /srv/install.sh", "a few lines of text"),
    (f"{BASE}COPY requirements.txt /srv/\nRUN rm /srv/requirements.txt", "likewise"),
    (f"{BASE}COPY scripts /srv/scripts\nRUN rm -rf /srv/scripts", "a folder of text"),
    (f"{BASE}RUN wget https://x/key.gpg -O /srv/key.gpg\nRUN rm /srv/key.gpg", "a key"),
    (f"{BASE}RUN wget -qO- https://x/a.tgz | tar xz\nRUN rm -rf a.tgz", "never stored"),
    (f"{BASE}RUN curl -fsSL https://x/a.tgz -o /srv/a.tgz && tar xf /srv/a.tgz -C /opt && rm /srv/a.tgz\nRUN rm -rf /srv/*", "gone before"),
    (f"{BASE}{CLONE}RUN find /srv/engine -name '*.o' -delete", "a part"),
    (f"{BASE}COPY big.run /srv/\nRUN mv /srv/x /opt/x", "something else is moved"),
    (f"{BASE}{APT[:-1]} && rm -rf /var/lib/apt/lists/*\n{LISTS}", "nothing was left"),
    (f"{BASE}RUN --mount=type=cache,target=/var/lib/apt apt-get update\n{LISTS}", "a mount is in no layer"),
    (f"{BASE}{APT}RUN apt-get update && apt-get install -y git && rm -rf /var/lib/apt/lists/*", "cleans its own: IMG204 says it of the first"),
    (f"{BASE}{APT}RUN apt-get clean", "the images do that by themselves"),
    (f"{BASE}RUN apt-get install -y gcc && make && apt-get purge -y gcc", "removed where it was installed"),
    (f"{BASE}RUN apt-get purge -y vim", "the base image's"),
    (f"{BASE}RUN apt-get install -y gcc\nRUN apt-get purge -y make", "another package"),
    (f"{BASE}RUN pip install torch\nRUN conda remove torch", "another manager's"),
    (f"{BASE}ONBUILD RUN rm -rf /srv/engine", "the child's doing"),
    ("", "no stage"),
]  # fmt: skip


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG202", text).findings, reason


# body, what is underlined, line, the beginning of the message
FOUND = [
    ("COPY . /app\nRUN rm -rf /app/.git", "/app/.git", 3, "/app/.git stays in the layer of line 2; name it in .dockerignore"),
    (f"{CLONE}RUN rm -rf /srv/engine", "/srv/engine", 3, "/srv/engine stays in the layer of line 2; delete it in the RUN that made it"),
    ("WORKDIR /src\nRUN git clone https://x/engine.git\nRUN make && rm -rf engine", "engine", 4, "engine stays in the layer of line 3"),
    ("RUN cd /opt && wget https://x/a.tar.gz\nRUN rm /opt/a.tar.gz", "/opt/a.tar.gz", 3, "/opt/a.tar.gz stays"),
    ("RUN curl -LO https://x/a.zip\nRUN rm -f a.zip", "a.zip", 3, "a.zip stays"),
    ("RUN wget -P /srv https://x/a.run?b=c\nRUN rm -rf /srv/*", "/srv/*", 3, "/srv/* stays"),
    ("RUN aria2c -d /srv https://x/a.deb\nRUN rm /srv/*.deb", "/srv/*.deb", 3, "/srv/*.deb stays"),
    ("RUN curl https://x/a.bin > /srv/a.bin\nRUN unlink /srv/a.bin", "/srv/a.bin", 3, "/srv/a.bin stays"),
    ("RUN tar xzf a.tar.gz -C /srv/a\nRUN rm -rf /srv/a", "/srv/a", 3, "/srv/a stays"),
    ("RUN unzip -d /srv a.zip\nRUN rm -rf /srv/a", "/srv/a", 3, "/srv/a stays"),
    ("RUN python3 -m venv /opt/venv\nRUN rm -rf /opt/venv", "/opt/venv", 3, "/opt/venv stays"),
    ("RUN cp -r /usr/src/x /srv/x\nRUN find /srv/x -delete", "/srv/x", 3, "/srv/x stays"),
    ("ARG V=1.2\nENV D=/opt/x\nRUN git clone https://x/e $D/e-${V}\nRUN rm -rf /opt/x/e-1.2", "/opt/x/e-1.2", 5, "/opt/x/e-1.2 stays"),
    ("ARG P\nCOPY $P.run /srv/\nRUN sh /srv/$P.run && rm /srv/$P.run", "/srv/$P.run", 4, "/srv/$P.run stays"),
    ("RUN git clone https://x/e ~/e\nRUN rm -rf $HOME/e", "$HOME/e", 3, "$HOME/e stays"),
    ("COPY Ascend-cann.run /srv/\nRUN sudo sh /srv/Ascend-cann.run && sudo rm /srv/Ascend-cann.run", "/srv/Ascend-cann.run", 3, "/srv/Ascend-cann.run stays in the layer of line 2; use RUN --mount=type=bind for what only the build needs from the context"),
    ("COPY a.whl b.whl /srv/\nRUN pip install /srv/*.whl && rm /srv/*.whl", "/srv/*.whl", 3, "/srv/*.whl stays"),
    ("COPY --from=ghcr.io/x/y:1 /wheels /wheels\nRUN pip install /wheels/* && rm -rf /wheels", "/wheels", 3, "/wheels stays in the layer of line 2; use RUN --mount=type=bind for what only the build needs from another stage"),
    ("COPY . /src\nRUN make -C /src install && rm -rf /src", "/src", 3, "/src stays"),
    ("COPY . /src\nRUN rm -rf /src/.git", "/src/.git", 3, "/src/.git stays"),
    ("WORKDIR /srv\nCOPY . ./\nRUN bash -c 'rm -rf ./*'", "./*", 4, "./* stays"),
    ("ADD https://x/a.tgz /srv/\nRUN tar xf /srv/a.tgz && rm /srv/a.tgz", "/srv/a.tgz", 3, "/srv/a.tgz stays in the layer of line 2; use a download in the RUN"),
    (f"{CLONE}RUN mv /srv/engine /opt/engine", "/srv/engine", 3, "mv stores /srv/engine a second time, as it stays in the layer of line 2"),
    (f"{APT}ENV A=1\n{LISTS}", "/var/lib/apt/lists/*", 4, "the layer of line 2 still keeps the package lists of apt-get; clean up in the same RUN"),
    (f"{APT}{APT}{LISTS}", "/var/lib/apt/lists/*", 4, "the layers of lines 2 and 3 still keep the package lists of apt-get"),
    ("RUN pip install a\nRUN pip cache purge", "pip", 3, "the layer of line 2 still keeps the downloads and built wheels of pip"),
    ("RUN pip install a\nRUN rm -rf ~/.cache", "~/.cache", 3, "the layer of line 2 still keeps the downloads"),
    ("RUN yum install -y a\nRUN yum clean all", "yum", 3, "the layer of line 2 still keeps the repository metadata of yum"),
    ("RUN apt-get install -y gcc=12 g++ make cmake ninja-build\nRUN apt-get purge -y gcc g++ make cmake ninja-build", "gcc", 3, "gcc, g++, make and 2 more stay in the layer of line 2; install and remove in one RUN, or build in another stage"),
    ("RUN apk add --no-cache --virtual .deps gcc\nRUN apk del .deps", ".deps", 3, ".deps stays in the layer of line 2"),
    ("RUN pip install vllm\nRUN pip uninstall -y vllm", "vllm", 3, "vllm stays in the layer of line 2"),
]  # fmt: skip


@pytest.mark.parametrize("body, underlined, line, message", FOUND)
def test_found(lint_with: LintWith, body: str, underlined: str, line: int, message: str) -> None:
    result = lint_with("IMG202", BASE + body)
    (finding,) = result.findings
    assert finding.message.startswith(message)
    assert result.source.text(finding.span) == underlined
    assert result.source.place(finding.span.start).line == line
    assert finding.severity == "warning"


def test_what_a_stage_below_put_there(lint_with: LintWith) -> None:
    text = f"FROM debian:bookworm AS base\n{CLONE}FROM base\nRUN rm -rf /srv/engine"
    (finding,) = lint_with("IMG202", text).findings
    assert finding.fix is None


@pytest.mark.parametrize("name", ["id_rsa", ".netrc", "server.pem", ".npmrc"])
def test_a_secret_can_still_be_read(lint_with: LintWith, name: str) -> None:
    (finding,) = lint_with("IMG202", f"{BASE}COPY {name} /root/{name}\nRUN fetch && rm /root/{name}").findings
    assert finding.severity == "error"
    assert finding.message == (
        f"/root/{name} can still be read in the layer of line 2; use a secret mount instead of COPY"
    )


# --- one defect, one finding: (codes, body, the code that stays, what silences it above the line that made it) ---
SAME = [
    ("IMG202,DL3009", APT + LISTS, "IMG202", "# hadolint ignore=DL3009\n"),
    ("IMG202,DL3042", "RUN pip install a\nRUN rm -rf /root/.cache\n", "IMG202", "# imgtool ignore=IMG202\n"),
    ("IMG202,IMG303", "COPY id_rsa /root/.ssh/\nRUN rm /root/.ssh/id_rsa\n", "IMG202", "# imgtool ignore=IMG303\n"),
]  # fmt: skip


@pytest.mark.parametrize("codes, body, stays, comment", SAME)
def test_one_defect_is_one_finding(
    lint_with: LintWith, codes: str, body: str, stays: str, comment: str
) -> None:
    assert [f.code for f in lint_with(codes, BASE + body).findings] == [stays]
    assert not lint_with(codes, f"{BASE}{comment}{body}").findings


def test_the_context_tells_what_is_large(lint_with: LintWith) -> None:
    text = f"{BASE}COPY data /srv/data\nCOPY models.txt /srv/\nRUN rm -rf /srv/data /srv/models.txt"
    small = {"data/a": "x", "models.txt": "x"}
    assert not lint_with("IMG202", text, small).findings
    (finding,) = lint_with("IMG202", text, {"data/a": "x", "models.txt": "x" * 2_000_000}).findings
    assert finding.saves_bytes == 2_000_000
    assert finding.message.startswith("/srv/models.txt stays in the layer of line 3")


FIXED = [
    (
        f"{CLONE}RUN make -C /srv/engine && rm -rf /srv/engine\n",
        f"{CLONE[:-1]} \\\n    && make -C /srv/engine && rm -rf /srv/engine\n",
    ),
    (f"{APT}{LISTS}", f"{APT[:-1]} \\\n    && rm -rf /var/lib/apt/lists/*\n"),
    # the deletion stays: the base image may have lists of its own
    (
        f"{APT}ENV A=1\n{LISTS}",
        f"{APT[:-1]} && rm -rf /var/lib/apt/lists/*\nENV A=1\n{LISTS}",
    ),
    (
        "RUN pip install a\nRUN python3 -m pip install b\nRUN rm -rf /root/.cache\n",
        "RUN pip install --no-cache-dir a\nRUN python3 -m pip install --no-cache-dir b\nRUN rm -rf /root/.cache\n",
    ),
    (
        "RUN dnf install -y a && \\\n  b\nENV A=1\nRUN dnf clean all\n",
        "RUN dnf install -y a && \\\n  b && \\\n  dnf clean all\nENV A=1\nRUN dnf clean all\n",
    ),
    (
        "RUN apt-get install -y gcc\n# build\nRUN make && apt-get purge -y gcc\n",
        "RUN apt-get install -y gcc \\\n    # build\n    && make && apt-get purge -y gcc\n",
    ),
    # what stands between may need it
    (f"{CLONE}RUN make\nRUN rm -rf /srv/engine\n", f"{CLONE}RUN make\nRUN rm -rf /srv/engine\n"),
    # later installations need the lists
    (f"{APT}ENV A=1\nRUN apt-get install -y b\n{LISTS}", f"{APT}ENV A=1\nRUN apt-get install -y b\n{LISTS}"),
    (
        "COPY a.run /srv/\nRUN /srv/a.run && rm /srv/a.run\n",
        "COPY a.run /srv/\nRUN /srv/a.run && rm /srv/a.run\n",
    ),
]


@pytest.mark.parametrize("before, after", FIXED)
def test_fixed(fix_with: FixWith, before: str, after: str) -> None:
    assert fix_with("IMG202", BASE + before) == BASE + after


def test_a_script_may_need_the_lists(lint_with: LintWith) -> None:
    (finding,) = lint_with("IMG202", f"{BASE}{APT}RUN ./install.sh\n{LISTS}").findings
    assert finding.fix.applicability == "unsafe"
    assert finding.fix.message.endswith("(unsafe: install.sh may install from them)")


# body, what the finding saves
SIZES = [
    ("RUN apt-get update && apt-get install -y curl\nRUN rm -rf /var/lib/apt/lists/*", 19_800_000),
    ("RUN apt-get install -y build-essential cmake\nRUN apt-get purge -y cmake build-essential", 274_000_000),
    ("RUN apt-get install -y curl\nRUN apt-get purge -y curl", None),
    ("RUN pip install torch==2.9.1\nRUN rm -rf /root/.cache/pip", 4_060_000_000),
]


@pytest.mark.parametrize("body, size", SIZES)
def test_bytes_are_those_that_were_measured(lint_with: LintWith, body: str, size: int | None) -> None:
    (finding,) = lint_with("IMG202", f"FROM debian:bookworm\n{body}\n").findings
    assert finding.saves_bytes == size
