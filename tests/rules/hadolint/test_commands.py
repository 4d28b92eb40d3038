from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

FoundBy = Callable[..., list[str]]
FixWith = Callable[..., str]

SHELL = 'SHELL ["/bin/bash", "-o", "pipefail", "-c"]'

LEFT_ALONE = [
    ("DL3001", "RUN echo ps && psql", "a word, and another program"),
    ("DL3001", "RUN --mount=type=ssh ssh -T git@example.com", "the builder mounts an agent for it"),
    ("DL3001", 'CMD ["top"]', "it runs in the container"),
    ("DL3001", "RUN command -v ssh", "it only asks for the program"),
    ("DL3003", "RUN make -C /srv cd", "an argument"),
    ("DL3003", "WORKDIR /srv", "what it should be"),
    ("DL3004", "RUN apt-get install sudo && echo sudo", "an argument"),
    ("DL3004", "RUN /etc/sudoers.d/x", "another program"),
    ("DL3010", "COPY a.zip /\nRUN unzip /a.zip", "ADD does not unpack it"),
    ("DL3010", "COPY a.gz /\nRUN gunzip /a.gz", "nor this, which is no tar"),
    ("DL3010", "COPY a.tgz /\nRUN tar -tzf /a.tgz", "tar lists"),
    ("DL3010", "COPY a.tgz /\nRUN tar -czf /b.tgz /a.tgz", "tar packs"),
    ("DL3010", "COPY a.tgz /\nRUN tar --strip-components=1 -xzf /a.tgz", "ADD cannot do that"),
    ("DL3010", "COPY --from=b /a.tgz /\nRUN tar -xzf /a.tgz", "ADD does not read stages"),
    ("DL3010", "COPY a.tgz /\nFROM b\nRUN tar -xzf /a.tgz", "in another stage"),
    ("DL3010", "RUN tar -xzf /a.tgz\nCOPY a.tgz /", "before"),
    ("DL3010", "COPY a.tgz /\nONBUILD RUN tar -xzf /a.tgz", "another build unpacks it"),
    ("DL3010", "ADD a.tgz /\nRUN tar -xzf /a.tgz", "the advice was taken"),
    ("DL3010", "COPY a.tgz", "no instruction"),
    ("DL3027", "RUN apt-get update && apt-cache show apt", "made for scripts"),
    ("DL3046", "RUN useradd -u 99999 a", "five digits"),
    ("DL3046", "RUN useradd -l -u 100000 a", "no log files"),
    ("DL3046", "RUN useradd -lmu 100000 a", "no log files"),
    ("DL3046", "RUN useradd --no-log-init --uid=100000 a", "no log files"),
    ("DL3046", "ARG U=1000\nRUN useradd -u ${U} a", "a short number, whatever its variable is called"),
    ("DL3046", "ARG LONG_NAME\nRUN useradd -u $LONG_NAME a", "not known"),
    ("DL3046", "RUN useradd -m a", "the next free number"),
    ("DL3046", "RUN useradd", "no number"),
    ("DL3047", "RUN wget -q http://x.io/a", "no bar"),
    ("DL3047", "RUN wget -nv http://x.io/a", "no bar"),
    ("DL3047", "RUN wget --progress=dot:mega http://x.io/a", "the author chose"),
    ("DL3047", "RUN wget -o log http://x.io/a", "into a file"),
    ("DL3047", "RUN wget -qO- http://x.io/a", "bundled"),
    ("DL3047", "RUN apt-get install wget", "an argument"),
    ("DL3047", "RUN powershell.exe -Command $X; wget http://x.io/a -OutFile a", "not this wget"),
    ("DL3059", "RUN a\nRUN b && c", "two commands"),
    ("DL3059", "RUN a && b\nRUN c", "two commands"),
    ("DL3059", "RUN a\nENV X=1\nRUN b", "something between"),
    ("DL3059", "RUN a\nRUN --network=none b", "other flags"),
    ("DL3059", "ONBUILD RUN a\nONBUILD RUN b", "they are of another build"),
    ("DL3059", "RUN a\nFROM b\nRUN c", "two stages"),
    ("DL3059", "RUN a | b\nRUN c", "a pipe is two"),
    ("DL3059", "RUN a $(b)\nRUN c", "and so is a substitution"),
    ("DL3059", 'RUN a\nRUN eval "$X"', "not known what it runs"),
    ("DL3059", 'RUN a\nRUN ["sh", "-c", "b && c"]', "two commands"),
    ("DL4001", "RUN curl -O x.io\nFROM b\nRUN wget -q x.io", "in two stages"),
    ("DL4001", "RUN curl -O x.io && apt-get install wget", "installed, not called"),
    ("DL4005", "RUN ln -s /bin/bash /usr/local/bin/sh", "another shell"),
    ("DL4005", "RUN ls /bin/sh", "not ln"),
    ("DL4006", f"{SHELL}\nRUN a | b", "the shell has it"),
    ("DL4006", f"FROM b AS c\n{SHELL}\nFROM c\nRUN a | b", "inherited from a stage"),
    ("DL4006", "RUN set -eo pipefail && a | b", "set before"),
    ("DL4006", "RUN set -eux; set -o pipefail; a | b", "set before"),
    ("DL4006", "RUN x && (set -o pipefail; a | b)", "set in the same subshell"),
    ("DL4006", 'RUN bash -o pipefail -c "a | b"', "the inner shell has it"),
    ("DL4006", "RUN a || b; echo \"c | d\" '|'", "no pipe"),
    ("DL4006", "RUN cat <<EOF > x\na | b\nEOF", "text"),
    ("DL4006", 'SHELL ["powershell", "-c"]\nRUN a | b', "not a shell with statuses"),
]

# code, Dockerfile after FROM, where: line:column and the text there
FOUND = [
    ("DL3001", "RUN service cron start", ["2:5 service"]),
    ("DL3001", "RUN a && (ps aux | grep b); top", ["2:11 ps", "2:29 top"]),
    ("DL3001", "ONBUILD RUN sudo mount /x", ["2:18 mount"]),
    ("DL3001", "RUN ssh x.io", ["2:5 ssh"]),
    ("DL3003", "RUN a \\\n && cd /srv \\\n && make", ["3:5 cd"]),
    ("DL3003", 'RUN ["cd", "/srv"]', ['2:6 "cd"']),
    ("DL3003", "ONBUILD RUN cd /srv && make", ["2:13 cd"]),
    ("DL3003", "RUN bash -c 'cd /srv && make'", ["2:14 cd"]),
    ("DL3003", "RUN <<EOF\nset -e\ncd /srv\nEOF", ["4:1 cd"]),
    ("DL3004", "RUN sudo make && sudo -E env X=1 make", ["2:5 sudo", "2:18 sudo"]),
    ("DL3004", "RUN sudo bash -c 'a && b'", ["2:5 sudo"]),
    ("DL3004", "RUN find . | xargs /usr/bin/sudo rm", ["2:20 /usr/bin/sudo"]),
    ("DL3004", "RUN sudo", ["2:5 sudo"]),
    ("DL3010", "COPY a.tgz /x/\nRUN tar -xzf /x/a.tgz", ["2:6 a.tgz"]),
    ("DL3010", "COPY x/a.tar b.tar.gz c /y/\nRUN cd /y && tar xf a.tar && tar --extract -f b.tar.gz", ["2:6 x/a.tar", "2:14 b.tar.gz"]),
    ("DL3010", "COPY a.tgz /x/y.tgz\nRUN tar -xzf /x/y.tgz", ["2:6 a.tgz"]),
    ("DL3010", 'COPY --chown=1 ["a.tgz", "/x/"]\nRUN tar -C /x -xf /x/a.tgz', ['2:17 "a.tgz"']),
    ("DL3027", "RUN apt update && apt list", ["2:5 apt", "2:19 apt"]),
    ("DL3027", "RUN sudo /usr/bin/apt install x", ["2:10 /usr/bin/apt"]),
    ("DL3046", "RUN useradd -u 100000 a", ["2:16 100000"]),
    ("DL3046", "RUN useradd --uid 100000 a", ["2:19 100000"]),
    ("DL3046", "RUN useradd --uid=100000 a", ["2:13 --uid=100000"]),
    ("DL3046", "RUN useradd -mu100000 a", ["2:13 -mu100000"]),
    ("DL3046", "ARG U=1000120000\nRUN useradd -mu $U a", ["3:17 $U"]),
    ("DL3047", "RUN wget http://x.io/a && wget -O b http://x.io/b", ["2:5 wget", "2:27 wget"]),
    ("DL3047", "RUN wget -i list", ["2:5 wget"]),
    ("DL3059", "RUN a\n# why\n\nRUN b\nRUN c", ["5:1 RUN", "6:1 RUN"]),
    ("DL3059", "RUN a\nRUN if [ -f x ]; then b; fi", ["3:1 RUN"]),
    ("DL3059", "RUN a\nRUN bash -c 'b && c'", ["3:1 RUN"]),
    ("DL3059", "RUN --network=none a\nRUN --network=none b", ["3:1 RUN"]),
    ("DL4001", "RUN curl x.io\nRUN wget y.io\nRUN true\nRUN curl z.io", ["3:5 wget", "5:5 curl"]),
    ("DL4001", "RUN curl x.io && wget y.io", ["2:5 curl", "2:18 wget"]),
    ("DL4005", "RUN ln -snf /bin/bash /bin/sh", ["2:23 /bin/sh"]),
    ("DL4005", "RUN rm /bin/sh && ln -s /bin/bash /bin/sh", ["2:35 /bin/sh"]),
    ("DL4006", "RUN a | b && c |& d", ["2:7 |", "2:16 |"]),
    ("DL4006", "RUN a \\\n | b", ["3:2 |"]),
    ("DL4006", "RUN X=$(a | b)", ["2:11 |"]),
    ("DL4006", "RUN a | while read x; do b; done", ["2:7 |"]),
    ("DL4006", "RUN { a; } 2>&1 | while read x; do b; done", ["2:17 |"]),
    ("DL4006", "RUN x && for i in 1; do a; done | b $(c)", ["2:33 |"]),
    ("DL4006", 'ENV X=|\nRUN ["sh", "-c", "a \\u007c b"]', ["3:28 b"]),
    ("DL4006", "RUN a | b; set -o pipefail", ["2:7 |"]),
    ("DL4006", "RUN (set -o pipefail); a | b", ["2:26 |"]),
    ("DL4006", f"{SHELL}\nFROM b\nRUN a | b", ["4:7 |"]),
    ("DL4006", "RUN sh -c 'a | b'", ["2:14 |"]),
]  # fmt: skip


@pytest.mark.parametrize("code, text, reason", LEFT_ALONE)
def test_left_alone(found_by: FoundBy, code: str, text: str, reason: str) -> None:
    assert not found_by(code, f"FROM debian:bookworm\n{text}\n"), reason


@pytest.mark.parametrize("code, text, places", FOUND)
def test_found(found_by: FoundBy, code: str, text: str, places: list[str]) -> None:
    assert found_by(code, f"FROM debian:bookworm\n{text}\n") == places


# code, before, after, only with unsafe fixes
FIXED = [
    ("DL3027", "RUN apt update && apt clean", "RUN apt-get update && apt-get clean", False),
    ("DL3027", "RUN apt update && apt list", "RUN apt-get update && apt list", False),
    ("DL3027", "RUN apt install x", "RUN apt install x", False),
    ("DL3027", "RUN apt -y install x", "RUN apt-get -y install x", True),
    ("DL3027", 'RUN ["apt", "update"]', 'RUN ["apt-get", "update"]', False),
    ("DL3027", "RUN 'apt' update", "RUN 'apt' update", True),
    ("DL3047", "RUN wget x.io", "RUN wget x.io", False),
    ("DL3047", "RUN wget x.io", "RUN wget --progress=dot:giga x.io", True),
    (
        "DL3047",
        "RUN apt-get install -y wget\nRUN wget x.io",
        "RUN apt-get install -y wget\nRUN wget --progress=dot:giga x.io",
        False,
    ),
    (
        "DL3047",
        'RUN apk add wget\nRUN ["wget", "x.io"]',
        'RUN apk add wget\nRUN ["wget", "--progress=dot:giga", "x.io"]',
        False,
    ),
]


@pytest.mark.parametrize("code, before, after, unsafe", FIXED)
def test_fixed(fix_with: FixWith, code: str, before: str, after: str, unsafe: Any) -> None:
    assert fix_with(code, f"FROM debian:bookworm\n{before}\n", unsafe=unsafe) == (
        f"FROM debian:bookworm\n{after}\n"
    )


def test_a_message_names_what_it_is_about(lint_with: Callable[..., Any]) -> None:
    text = "FROM a\nRUN ps; kill 1; top; ps; free; mount x; vim x\nRUN wget -q x.io && curl x.io\n"
    result = lint_with("DL3001,DL4001", text)
    assert [f.message for f in result.findings] == [
        "ps, kill, top and 3 more has no purpose while an image is built; leave it to the container, or out",
        "wget is called here, and this stage calls curl, too; one of them is enough",
    ]
