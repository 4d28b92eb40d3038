from __future__ import annotations

import pytest
from archives import classic, files, layer
from looked import looked_at

from imgtool.facts.facts import Facts
from imgtool.inspect.analysis import Analysis
from imgtool.report.removal import removals
from imgtool.syntax import parse
from imgtool.values import replace

LISTS = "FROM debian:bookworm\nRUN apt-get update && apt-get install -y x"


def held(content: str, *more: bytes) -> Analysis:
    analysis = looked_at(files(classic([layer(content), *more]))).analysis
    assert analysis
    return analysis


APT = held("var/lib/apt/lists/a_Packages 3000000")
BLOB = held("opt/blob 9000000", layer(".wh.opt"))
DEVEL = held("usr/local/cuda-12.4/bin/nvcc 5000000")


@pytest.mark.parametrize(
    "analysis, dockerfile, file, how",
    [
        # nobody knows the Dockerfile
        (APT, None, None, "imgtool explain IMG204"),
        (APT, LISTS, "Dockerfile", "imgtool lint --select IMG204 --fix Dockerfile"),
        (APT, LISTS, "my app/Dockerfile", "imgtool lint --select IMG204 --fix 'my app/Dockerfile'"),
        (APT, LISTS, "a\x1b[2J", "imgtool lint --select IMG204 --fix 'a\ufffd[2J'"),
        (APT, LISTS, None, "imgtool lint --select IMG204 --fix -"),
        # the lists are of the base, or the file says that they shall stay
        (APT, "FROM debian:bookworm\nCOPY a b", "Dockerfile", "imgtool explain IMG204"),
        (APT, LISTS.replace("RUN", "# imgtool ignore=IMG204\nRUN"), "Dockerfile", "imgtool explain IMG204"),
        # what no edit mends, and what one may
        (APT, "FROM debian:bookworm\nRUN apt-get update", "Dockerfile", "imgtool lint --select IMG204 Dockerfile"),
        (APT, f"{LISTS}\nCOPY install.sh /\nRUN /install.sh", "Dockerfile", "imgtool lint --select IMG204 --fix --unsafe-fixes Dockerfile"),
        # seen in the image alone
        (BLOB, "FROM debian:bookworm\nRUN head -c 9M /dev/urandom > /opt/blob\nRUN rm /opt/blob", "Dockerfile", "imgtool explain IMG202"),
        (DEVEL, None, None, "imgtool rewrite, or imgtool explain IMG101"),
        (DEVEL, "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04", "Dockerfile", "imgtool rewrite Dockerfile, or imgtool explain IMG101"),
    ],
)  # fmt: skip
def test_the_command_does_what_it_says(
    analysis: Analysis, dockerfile: str | None, file: str | None, how: str
) -> None:
    facts = Facts(parse(dockerfile.encode())) if dockerfile is not None else None
    assert [one.how for one in removals(replace(analysis, facts=facts, file=file))] == [how]


def test_most_bytes_first() -> None:
    both = held("usr/local/cuda-12.4/bin/nvcc 4000, var/lib/apt/lists/a 5000")
    assert [(one.code, one.size) for one in removals(both)] == [("IMG204", 5000), ("IMG101", 4000)]
