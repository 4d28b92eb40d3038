"""Whatever a file builds: what each stage keeps, and what must hold of every such rewrite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgtool.edits import cut
from imgtool.facts.facts import FactOptions, Facts
from imgtool.rewrite import Rewrite, rewrite
from imgtool.rewrite.choices import Assumption, Choices, Strategy
from imgtool.rewrite.plan import CaptureFiles, Status
from imgtool.syntax import parse

Rewriter = Callable[..., Rewrite]

DEVEL = "FROM nvidia/cuda:12.1.0-devel-ubuntu22.04\n"
TOOLS = "RUN apt-get update && apt-get install -y --no-install-recommends g++ make libgomp1\n"
MAKE = "COPY src /src\nRUN make -C /src\n"
CMD = 'CMD ["/src/solver"]\n'

KEPT = [
    # why, what stands between FROM and CMD, what the final stage has, what it has not
    ("what is built comes as files", TOOLS + MAKE, ["COPY --from=builder"], ["make -C", "COPY src"]),
    ("packages that building needs stay behind", TOOLS + MAKE, ["libgomp1"], ["g++", " make"]),
    (
        "a folder that was entered is left out with what was done there",
        "RUN apt-get update && cd /src && apt-get install -y make && make\n",
        ["COPY --from=builder"],
        ["cd /src"],
    ),
    (
        "nor is it entered for packages whose manager is in a variable",
        'RUN APT="apt-get install -y" && apt-get update && cd /src && make && $APT libgomp1\n',
        ["$APT libgomp1"],
        ["cd /src"],
    ),
    (
        "what removes packages by name knows them from the lists",
        "RUN apt-get update && apt-get install -y git\nRUN apt-get purge -y cmake && make -C /src\n",
        ["apt-get install -y git\nRUN apt-get purge -y cmake\n"],
        [],
    ),
    (
        "lists are removed with other files where they were fetched",
        "RUN apt-get update && apt-get install -y git && cd /src && make && rm -rf /var/lib/apt/lists/* /tmp/*\n",
        ["install -y git && rm -rf /var/lib/apt/lists/* /tmp/*\n"],
        ["cd /src"],
    ),
    (
        "no half of an edit is done again",
        "RUN make\nRUN grep -v x /etc/app.conf > /etc/app.new && mv /etc/app.new /etc/app.conf\nRUN make\n",
        [],
        ["/etc/app.new"],
    ),
    (
        "a package stays whose file is named",
        "RUN apt-get update && apt-get install -y python3-pip && ln -s /usr/bin/pip3 /bin/p\n" + MAKE,
        ["install -y python3-pip"],
        [],
    ),
    (
        "a clean-up goes before the semicolon that ends a list",
        TOOLS + MAKE + "RUN apt-get update && apt-get install -y git; \nRUN make -C /src check\n",
        ["apt-get install -y git \\\n && apt-get clean"],
        [";"],
    ),
    (
        "a variable stays where a package command behind it has it",
        'RUN APT="-y --no-install-recommends" && make && apt-get update && apt-get install $APT libgomp1\n',
        ['RUN APT="-y --no-install-recommends" && apt-get update && apt-get install $APT libgomp1'],
        [],
    ),
    (
        "users are made in both, for ids of files are numbers",
        TOOLS + "RUN make -C /src && useradd -m app && chown app /src\n",
        ["RUN useradd -m app\n"],
        ["chown"],
    ),
    (
        "a failure that is ignored stays with its command",
        "RUN make -C /src; apt-get remove -y make || true\n",
        ["RUN apt-get remove -y make || true\n"],
        [],
    ),
    (
        "a here-document is taken apart, too",
        "RUN <<EOF\nset -e\napt-get update\napt-get install -y libgomp1\nmake -C /src\nEOF\n",
        ["RUN <<EOF\nset -e\napt-get update\napt-get install -y libgomp1\nEOF\n"],
        ["make"],
    ),
    (
        "mounts stay with their command",
        TOOLS + "RUN --mount=type=cache,target=/root/.ccache make -C /src\n",
        ["COPY --from=builder"],
        ["ccache"],
    ),
    (
        "lists that a later RUN installs with are fetched, and not dropped before",
        "RUN apt-get update\nRUN apt-get install -y libgomp1\nRUN apt-get install -y make\n" + MAKE,
        ["RUN apt-get update\n"],
        ["apt-get install -y libgomp1 \\"],
    ),
    (
        "settings and folders are carried on",
        TOOLS + "ENV A=1\nWORKDIR /src\nRUN make\n",
        ["ENV A=1\nWORKDIR /src\n"],
        [],
    ),
    (
        "who builds as another user has its files taken over by root",
        TOOLS + "RUN useradd -m app\nUSER app\nRUN make -C /home/app\n",
        ["USER root\nCOPY --from=builder", "\nUSER app\n"],
        [],
    ),
    (
        "an alternative of a compiler is none without it",
        TOOLS + "RUN update-alternatives --set g++ /usr/bin/g++-12\n" + MAKE,
        ["COPY --from=builder"],
        ["update-alternatives"],
    ),
    (
        "what is set on a file is on the file that is taken over",
        TOOLS
        + "RUN make -C /src && setcap cap_net_raw+ep /src/solver && ln -s /src/solver /usr/bin/solver\n",
        ["COPY --from=builder"],
        ["setcap", "ln -s"],
    ),
    (
        "where packages come from is said before they are installed",
        "RUN make -C /src\nRUN echo deb https://example.com/x ./ > /etc/apt/sources.list.d/x.list"
        " && apt-get update && apt-get install -y libx1\n" + MAKE,
        ["sources.list.d/x.list && apt-get update"],
        [],
    ),
]


def stages(made: Rewrite) -> tuple[str, str]:
    facts = Facts(parse(made.data))
    _, final = facts.stages
    end = final.from_.span.start
    return made.data[:end].decode(), cut(made.data, type(final.base_span)(end, len(made.data)))


@pytest.mark.parametrize("why, middle, there, absent", KEPT, ids=[row[0] for row in KEPT])
def test_final_stage(why: str, middle: str, there: list[str], absent: list[str], rewriter: Rewriter) -> None:
    made = rewriter(DEVEL + middle + CMD, {"src/Makefile": "all:\n\tg++ -o solver a.cc\n"})
    assert made.plan.status is Status.CONVERTED, (why, made.plan.reasons)
    builder, final = stages(made)
    assert [text for text in there if text not in final] == [], final
    assert [text for text in absent if text in final.partition("# removes")[0]] == [], final
    # the author's own text, line by line
    assert [line for line in middle.splitlines() if line not in builder] == []


GUARDED = [
    # why, RUN, how many guards
    ("nobody knows what it does", "RUN ./setup\n", 1),
    ("each of them", "RUN ./setup\nRUN make\nRUN ./other\n", 2),
    ("a build that is known writes files alone", "RUN make\n", 0),
]


@pytest.mark.parametrize("why, runs, count", GUARDED, ids=[row[0] for row in GUARDED])
def test_guards(why: str, runs: str, count: int, rewriter: Rewriter) -> None:
    made = rewriter(DEVEL + TOOLS + runs + CMD)
    step = next(s for s in made.plan.steps if isinstance(s, CaptureFiles))
    assert len(step.guards) == count, why
    assert stages(made)[0].count("would lack packages and users") == count


OWN = [
    # image, what is looked at, what is not there
    (DEVEL, "dpkg", "rpm"),
    ("FROM nvidia/cuda:12.1.0-devel-rockylinux8\n", "rpm", "dpkg"),
]


@pytest.mark.parametrize("base, there, absent", OWN, ids=["deb", "rpm"])
def test_only_the_databases_of_the_system(base: str, there: str, absent: str, rewriter: Rewriter) -> None:
    made = rewriter(base + "RUN ./setup\n" + CMD)
    builder = stages(made)[0]
    assert there in builder.partition("would lack")[2].partition("# what stays")[0]
    assert there in builder.partition("# what stays")[2]
    assert absent not in builder


REFUSED = [
    (
        "unknown-command",
        "it may install more than the command beside it",
        "RUN apt-get install -y x && ./setup\n",
    ),
    (
        "entangled",
        "one pipe cannot be in two stages",
        "RUN if true; then apt-get install -y make; make; fi\n",
    ),
    (
        "shell",
        "it collects nothing under another shell",
        'SHELL ["conda", "run", "/bin/sh", "-c"]\nRUN make\n',
    ),
    ("script-installs-packages", "packages are more than files", "COPY . /src\nRUN /src/setup\n"),
    (
        "script-installs-packages",
        "that one is known by its name",
        "RUN make && tar xf efa.tgz && ./efa_installer.sh -y\n",
    ),
]


@pytest.mark.parametrize("code, why, middle", REFUSED, ids=[row[1] for row in REFUSED])
def test_refused(code: str, why: str, middle: str, rewriter: Rewriter) -> None:
    made = rewriter(DEVEL + middle + CMD, {"setup": "#!/bin/sh\napt-get install -y jq\nmystery\n"})
    assert [reason.code for reason in made.plan.reasons] == [code], why


FORCED = [(Strategy.SWAP, "strategy"), (Strategy.WHEELHOUSE, "unknown-command")]


@pytest.mark.parametrize("strategy, code", FORCED)
def test_a_strategy_that_does_not_suffice(strategy: Strategy, code: str, tmp_path: Path) -> None:
    data = (DEVEL + TOOLS + "RUN make\n" + CMD).encode()
    options = FactOptions(dockerfile=tmp_path / "Dockerfile", context=tmp_path)
    made = rewrite(data, None, options, Choices(strategy=strategy))
    assert [reason.code for reason in made.plan.reasons] == [code]


def test_capture_can_be_asked_for_where_wheels_would_do(tmp_path: Path) -> None:
    data = (
        DEVEL + "RUN apt-get update && apt-get install -y python3-pip\nRUN pip install numpy\n" + CMD
    ).encode()
    options = FactOptions(dockerfile=tmp_path / "Dockerfile", context=tmp_path)
    made = rewrite(data, None, options, Choices(strategy=Strategy.CAPTURE)).data.decode()
    assert "RUN pip install numpy\n" in made.partition("runtime")[0] + made.partition("-base-")[0]
    assert "COPY --from=builder /captured/files/ /" in made


FRAGMENTS = [
    DEVEL,
    DEVEL.replace("\n", " AS first\n"),
    "FROM first\n",
    TOOLS,
    "RUN make; apt-get install -y g++ || true\n",
    "RUN <<EOF\ncd /x\nmake\nuseradd app\nEOF\n",
    "RUN ./setup && pip install .\n",
    "RUN git clone https://example.com/x /x && cd /x && ./configure && make install && rm -rf /x\n",
    "RUN pip install numpy\n",
    "COPY --from=0 /x /y\n",
    "COPY . .\n",
    "USER app\n",
    "USER root\n",
    'SHELL ["/bin/bash", "-euo", "pipefail", "-c"]\n',
    "# a comment\n",
    "\n",
    "WORKDIR /x\n",
    "ARG A\nENV B=$A\n",
    "LABEL a=b\n",
    CMD,
]


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12), st.sampled_from(Strategy), st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_file_of_known_parts(parts: list[str], strategy: Strategy, crlf: bool) -> None:
    text = "".join(parts)
    data = (text.replace("\n", "\r\n") if crlf else text).encode()
    choices = Choices(strategy=strategy, assume=frozenset(Assumption))
    made = rewrite(data, None, None, choices)
    twice = rewrite(data, None, None, choices)
    assert (made.plan, made.data) == (twice.plan, twice.data)
    if made.plan.status is Status.CONVERTED:
        assert not parse(made.data).problems
        assert (b"\r\n" in made.data) == crlf
        again = rewrite(made.data, None, None, choices)
        assert again.plan.status is not Status.CONVERTED
        assert again.data == made.data
    else:
        assert made.data == data
        assert made.plan.reasons


ABOVE = [
    # why, the stage FROM the one that ships, whether it is refused
    ("pip goes", "RUN pip3 install debugpy\n", True),
    ("by its module, too", "RUN python3 -m pip install debugpy\n", True),
    ("the image of the toolchain had the compiler", "RUN gcc-12 -c a.c\n", True),
    ("it brings its own", "RUN apt-get update && apt-get install -y gcc && gcc -c a.c\n", False),
    ("it runs nothing of that", "RUN echo ready\n", False),
]


@pytest.mark.parametrize("why, run, refused", ABOVE, ids=[row[0] for row in ABOVE])
def test_stages_from_the_one_that_ships(why: str, run: str, refused: bool) -> None:
    pip = "RUN apt-get update && apt-get install -y python3-pip\nRUN pip3 install numpy\n"
    text = DEVEL.replace("\n", " AS app\n") + pip + CMD + "FROM app AS debug\n" + run
    for stage, more in (("app", ""), (None, "FROM app\n")):
        made = rewrite((text + more).encode(), None, FactOptions(stage=stage))
        assert [r.code for r in made.plan.reasons] == (["tool-in-other-stage"] if refused else []), why
