"""All rules on files made to be slow: time grows about as the file does."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from imgtool.lint import registry
from imgtool.lint.runner import lint

BASE = "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\n"
# --- (a name, a file of so many parts, how many parts) ---
SHAPES: dict[str, tuple[Callable[[int], str], int]] = {
    "RUNs": (lambda n: BASE + "".join(f"RUN apt-get install -y p{i}\n" for i in range(n)), 400),
    "RUNs that delete": (lambda n: BASE + "".join(f"RUN touch /a/{i}\nRUN rm -rf /a/{i}\n" for i in range(n)), 250),
    "stages": (lambda n: "".join(f"FROM debian:bookworm AS s{i}\nRUN pip install x{i}\n" for i in range(n)), 250),
    "stages, each of the last": (
        lambda n: BASE.replace("\n", " AS s0\n") + "".join(f"FROM s{i} AS s{i + 1}\nENV A{i}=b\n" for i in range(n)),
        250,
    ),
    "copies of stages": (
        lambda n: "FROM a:1 AS a\nRUN make\n" + BASE + "".join(f"COPY --from=a /x{i} /y{i}\n" for i in range(n)),
        400,
    ),
    "copies": (lambda n: BASE + "".join(f"COPY x{i} /y/{i}\nRUN chmod 755 /y/{i}\n" for i in range(n)), 250),
    "words of a command": (lambda n: BASE + "RUN pip install" + "".join(f" p{i}" for i in range(n)) + "\n", 4000),
    "commands of a RUN": (lambda n: BASE + "RUN true" + "".join(f" && wget http://a/{i}.tgz" for i in range(n)) + "\n", 400),
    "pipes": (lambda n: BASE + "RUN a" + " | b" * n + "\n", 800),
    "groups in groups": (lambda n: BASE + "RUN " + "( " * n + "a" + " )" * n + "\n", 800),
    "substitutions in another": (lambda n: BASE + "RUN a " + "$(b " * n + ")" * n + "\n", 400),
    "variables": (lambda n: BASE + "".join(f"ENV A{i}=$A{i - 1}:/x\n" for i in range(n)) + "RUN echo $A1\n", 500),
    "variables in a line": (lambda n: BASE + "ENV " + " ".join(f"A{i}=$A{i}" for i in range(n)) + "\n", 1500),
    "labels": (lambda n: BASE + "LABEL " + " ".join(f"a.b{i}=c" for i in range(n)) + "\n", 1500),
    "lines continued": (lambda n: BASE + "RUN a \\\n" + "  b \\\n" * n + "  c\n", 6000),
    "comments that silence": (lambda n: BASE + "# imgtool ignore=IMG101,DL3008\nRUN apt-get update\n" * n, 300),
    "here-documents": (lambda n: BASE + "RUN <<E\napt-get install -y a\nE\n" * n, 300),
    "one long word": (lambda n: BASE + "RUN " + "a" * n + "\n", 400_000),
    "one long path": (lambda n: BASE + "COPY " + "a/" * n + " /\n", 100_000),
    "quotes": (lambda n: BASE + "RUN echo " + "\"'\"" * n + "\n", 30_000),
    "blanks": (lambda n: BASE + "RUN a" + " " * n + "b\n", 400_000),
    "no instruction": (lambda n: "x y\n" * n, 3000),
}  # fmt: skip

EVERY = [registry.load(entry) for entry in registry.select(profile="all", preview=True)]


def seconds(text: str) -> float:
    """Of CPU, for all rules."""
    data = text.encode()
    start = time.process_time()
    result = lint(data, "Dockerfile", EVERY)
    assert not result.failures
    return time.process_time() - start


@pytest.mark.parametrize("name", SHAPES)
def test_time_grows_as_the_file_does(name: str) -> None:
    make, parts = SHAPES[name]
    # what is compiled or read at the first use
    seconds(make(3))
    small = min(seconds(make(parts // 4)) for _ in range(2))
    # four times the parts; a square would be sixteen times
    bound = 9 * small + 0.3
    # once more where the machine was busy
    assert any(seconds(make(parts)) < bound for _ in range(2))


def test_one_line_of_four_mebibytes() -> None:
    line = "RUN " + "apt-get install -y a && " * ((1 << 22) // 24 - 10) + "true\n"
    assert seconds(BASE + line) < 120
