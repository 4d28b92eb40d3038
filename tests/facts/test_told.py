from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.facts.facts import FactOptions, Facts
from imgtool.facts.stages import triggers
from imgtool.facts.told import holds_several, read, told
from imgtool.syntax import parse
from imgtool.syntax.nodes import Instruction

FILE = b"""\
ARG TOP=bookworm
FROM debian:${TOP} AS base
ARG A=1 B
ENV X=1 Y="two words"
ENV OLD spelled value
WORKDIR /app
RUN echo one && \\
    # comment
    echo   two
ONBUILD RUN echo trigger
ONBUILD ENV TRIG=1
FROM base
MAINTAINER me
COPY a.txt ./
COPY --chown=0:0 a.txt d /app/$X/
ADD d/f f2
RUN ["/bin/sh", "-c", "echo json"]
RUN true
SHELL ["/bin/bash", "-c"]
RUN echo "a b" > /z; \\
    echo 'c'
LABEL k=v "l"="w x"
EXPOSE 80 81/udp
VOLUME /data
USER root
HEALTHCHECK --interval=5s CMD true
STOPSIGNAL 9
ENTRYPOINT ["/bin/sh"]
CMD echo x
"""
LINES = [3, 4, 5, 6, 7, 10, 11, 13, 14, 15, 16, 17, 18, 19, 20, 22, 23, 24, 25, 26, 27, 28, 29]
#: What builders made of it; ``-`` leaves no layer. The digests of files are shortened.
BUILDKIT = """\
- ARG A=1 B=bee
- ENV X=1 Y=two words
- ENV OLD=spelled value
+ WORKDIR /app
+ RUN |2 A=1 B=bee /bin/sh -c echo one &&     echo   two # buildkit
+ RUN |2 A=1 B=bee /bin/sh -c echo trigger # buildkit
- ENV TRIG=1
- MAINTAINER me
+ COPY a.txt ./ # buildkit
+ COPY --chown=0:0 a.txt d /app/1/ # buildkit
+ ADD d/f f2 # buildkit
+ RUN |2 A=1 B=bee /bin/sh -c echo json # buildkit
+ RUN |2 A=1 B=bee /bin/sh -c true # buildkit
- SHELL [/bin/bash -c]
+ RUN |2 A=1 B=bee /bin/bash -c echo "a b" > /z;     echo 'c' # buildkit
- LABEL k=v l=w x
- EXPOSE [80/tcp 81/udp]
- VOLUME [/data]
- USER root
- HEALTHCHECK &{["CMD-SHELL" "true"] "5s" "0s" "0s" "0s" '\\x00'}
- STOPSIGNAL 9
- ENTRYPOINT ["/bin/sh"]
- CMD ["/bin/bash" "-c" "echo x"]
"""
LEGACY = """\
- /bin/sh -c #(nop)  ARG A=1 B
- /bin/sh -c #(nop)  ENV X=1 Y=two words
- /bin/sh -c #(nop)  ENV OLD=spelled value
+ /bin/sh -c #(nop) WORKDIR /app
- |2 A=1 B=bee /bin/sh -c echo one &&     echo   two
- /bin/sh -c #(nop)  ONBUILD RUN echo trigger
- /bin/sh -c #(nop)  ONBUILD ENV TRIG=1
- /bin/sh -c echo trigger
- /bin/sh -c #(nop)  ENV TRIG=1
- /bin/sh -c #(nop)  MAINTAINER me
+ /bin/sh -c #(nop) COPY file:2cc6f75217b6d0ad in ./\x20
+ /bin/sh -c #(nop) COPY --chown=0:0 multi:5c24b2cd833e7ec5 in /app/1/\x20
+ /bin/sh -c #(nop) ADD file:e0006ce7cd504eca in f2\x20
- /bin/sh -c echo json
- /bin/sh -c true
- /bin/bash -c #(nop)  SHELL [/bin/bash -c]
+ /bin/bash -c echo "a b" > /z;     echo 'c'
- /bin/bash -c #(nop)  LABEL k=v l=w x
- /bin/bash -c #(nop)  EXPOSE 80 81/udp
- /bin/bash -c #(nop)  VOLUME [/data]
- /bin/bash -c #(nop)  USER root
- /bin/bash -c #(nop)  HEALTHCHECK &{[CMD-SHELL true] 5s 0s 0s 0s 0}
- /bin/bash -c #(nop)  STOPSIGNAL 9
- /bin/bash -c #(nop)  ENTRYPOINT ["/bin/sh"]
- /bin/bash -c #(nop)  CMD ["/bin/bash" "-c" "echo x"]
"""
BUILDAH = """\
- /bin/sh -c #(nop) ARG A B
- /bin/sh -c #(nop) ENV X=1 Y="two words"
- /bin/sh -c #(nop) ENV OLD spelled value
- /bin/sh -c #(nop) WORKDIR /app
+ |2 A=1 B=bee /bin/sh -c echo one &&     echo   two
- /bin/sh -c #(nop) ONBUILD RUN echo trigger
- /bin/sh -c #(nop) ONBUILD ENV TRIG=1
+ /bin/sh -c echo trigger
- /bin/sh -c #(nop) ENV TRIG=1
- /bin/sh -c #(nop) MAINTAINER me
+ /bin/sh -c #(nop) COPY file:ce45aed374932718 in ./\x20
+ /bin/sh -c #(nop) COPY multi:9bb8624f1908ffad in /app/$X/\x20
+ /bin/sh -c #(nop) ADD file:a851ea3fc359206 in f2\x20
+ /bin/sh -c ["/bin/sh", "-c", "echo json"]
+ /bin/sh -c true
- /bin/sh -c #(nop) SHELL ["/bin/bash", "-c"]
+ /bin/sh -c echo "a b" > /z;     echo 'c'
- /bin/sh -c #(nop) LABEL k=v "l"="w x"
- /bin/sh -c #(nop) EXPOSE 80 81/udp
- /bin/sh -c #(nop) VOLUME /data
- /bin/sh -c #(nop) USER root
- /bin/sh -c #(nop) HEALTHCHECK --interval=5s CMD true
- /bin/sh -c #(nop) STOPSIGNAL 9
- /bin/sh -c #(nop) ENTRYPOINT ["/bin/sh"]
- /bin/sh -c #(nop) CMD echo x
"""
KANIKO = """\
+ WORKDIR /app
+ RUN echo one &&     echo   two
+ COPY a.txt ./
+ COPY --chown=0:0 a.txt d /app/$X/
+ ADD d/f f2
+ RUN ["/bin/sh", "-c", "echo json"]
+ RUN true
+ RUN echo "a b" > /z;     echo 'c'
"""
BASE = [{"created_by": "/bin/sh -c #(nop) ADD file:1 in /"}, {"comment": "Imported from -"}]
BASH = {"created_by": 'CMD ["bash"]', "empty_layer": True}


def history(text: str, **more: str) -> list[dict[str, Any]]:
    lines = [line.partition(" ")[::2] for line in text.splitlines()]
    return [{"created_by": said, "empty_layer": mark == "-", **more} for mark, said in lines]


def stage_of(data: bytes, name: str | None = None) -> Any:
    return Facts(parse(data), FactOptions(stage=name)).target


TARGET = stage_of(FILE)


@pytest.mark.parametrize(
    "steps, lines",
    [
        (history(BUILDKIT), LINES),
        (history(LEGACY), [3, 4, 5, 6, 7, 10, 11, *LINES[5:]]),
        (history(BUILDAH), [3, 4, 5, 6, 7, 10, 11, *LINES[5:]]),
        # triggers are nothing in OCI's configuration
        (
            [s for s in history(BUILDAH) if "TRIG" not in str(s) and "trigger" not in str(s)],
            LINES[:5] + LINES[7:],
        ),
        (history(KANIKO, author="kaniko"), [6, 7, 14, 15, 16, 17, 18, 20]),
    ],
    ids=["buildkit", "legacy", "buildah", "buildah-oci", "kaniko"],
)
def test_every_builder_is_understood(steps: list[dict[str, Any]], lines: list[int]) -> None:
    found = told([*BASE, BASH, *steps], stage_of(FILE))
    assert (found.below, found.why) == (3, None)
    assert [at and at.start_line for at in found.instructions] == [None, None, None, *lines]
    assert not any(
        holds_several([*BASE, BASH, *steps], n + 3) for n, s in enumerate(steps) if not s["empty_layer"]
    )


HEREDOCS = b"""\
FROM debian
COPY --link a.txt /l/
COPY <<EOF /here
body
EOF
RUN <<EOF
echo one
  echo two
EOF
RUN <<EOF cat > /q && \\
  cat /q
body
EOF
RUN <<EOF
#!/bin/sh
true
EOF
RUN <<-A cat && cat <<B
	one
A
two
B
RUN --mount=type=cache,target=/c --network=none echo mounted
WORKDIR ../sub
COPY --from=base "/z *" /y/
"""


def test_here_documents_and_flags() -> None:
    steps = history(
        """\
+ COPY a.txt /l/ # buildkit
+ COPY <<EOF /here # buildkit
+ RUN /bin/sh -c echo one\\n  echo two\\n # buildkit
+ RUN /bin/sh -c <<EOF cat > /q &&   cat /q\\nbody\\nEOF # buildkit
+ RUN /bin/sh -c /dev/pipes/EOF # buildkit
+ RUN /bin/sh -c <<-A cat && cat <<B\\n\tone\\nA\\ntwo\\nB # buildkit
+ RUN /bin/sh -c echo mounted # buildkit
+ WORKDIR /app/sub
+ COPY /z * /y/ # buildkit
"""
    )
    steps = [{**step, "created_by": step["created_by"].replace("\\n", "\n")} for step in steps]
    found = told([*BASE, *steps], stage_of(HEREDOCS))
    assert found.why is None
    assert [at.start_line for at in found.instructions if at] == [2, 3, 6, 10, 14, 18, 23, 24, 25]


@pytest.mark.parametrize(
    "data, said",
    [
        (b"RUN make", "RUN /bin/sh -c make all # buildkit"),
        (b"RUN make", "RUN /bin/sh -c cmake # buildkit"),
        (b"RUN make", "RUN make-it make # buildkit"),
        (b"RUN make", "/bin/sh -c #(nop) COPY file:0123456789 in make"),
        (b'RUN ["make"]', "RUN /bin/make # buildkit"),
        (b"COPY a /b", "COPY a /c # buildkit"),
        (b"COPY a /b", "COPY a b /b # buildkit"),
        (b"COPY $A /b", "COPY a /c # buildkit"),
        (b"COPY a /b", "ADD a /b # buildkit"),
        (b"COPY a /b", "/bin/sh -c #(nop) COPY file:0123456789abcdef in /c"),
        (b"COPY a b", "/bin/sh -c #(nop) COPY file:0123456789abcdef in /xb"),
        (b"WORKDIR /a", "WORKDIR /a/b"),
        (b"WORKDIR $A/x", "WORKDIR /a/y"),
        (b"ENV A=1 B=2", "ENV B=1 A=2"),
        (b"LABEL a=1", "LABEL b=1"),
        (b"ARG A", "ARG B=1"),
        (b"CMD a", 'CMD ["/bin/sh" "-c" "b"]'),
        (b'ENTRYPOINT ["a"]', 'ENTRYPOINT ["b"]'),
        (b"RUN a", "merged"),
        (b"RUN a", ""),
    ],
)
def test_what_another_file_left(data: bytes, said: str) -> None:
    found = told([{"created_by": said}], stage_of(b"FROM debian\n" + data))
    assert found.below is None
    assert found.why
    assert found.instructions == (None,)


@pytest.mark.parametrize(
    "data, said",
    [
        (b"RUN make", "RUN |1 A=x /bin/sh -c y /bin/sh -c make # buildkit"),
        (b'SHELL ["pwsh", "-Command", "$E = 1;"]\nRUN make', "RUN pwsh -Command $E = 1; make"),
        (b"COPY $A/x $B", "COPY a/x c # buildkit"),
        (b'COPY ["a b", "c"]', "COPY a b c # buildkit"),
        (b"COPY a .", "/bin/sh -c #(nop) COPY file:0123456789abcdef in /app "),
        (b"COPY a ../b/", "/bin/sh -c #(nop) COPY file:0123456789abcdef in /b/ "),
        (b"WORKDIR $A/x", "WORKDIR /a/x"),
        (b"WORKDIR .", "WORKDIR /a"),
        (b'CMD ["a", "b c"]', 'CMD ["a" "b c"]'),
        (b'CMD ["a", "b c"]', '/bin/sh -c #(nop) CMD ["a", "b c"]'),
        (b"CMD a \\\n\t'b\\tc'", 'CMD ["/bin/sh" "-c" "a \\t\'b\\\\tc\'"]'),
        (b"WORKDIR /", "WORKDIR /"),
    ],
)
def test_what_the_file_left(data: bytes, said: str) -> None:
    steps = [{"created_by": "SHELL"}, {"created_by": said}] if b"SHELL" in data else [{"created_by": said}]
    assert told(steps, stage_of(b"FROM debian\n" + data)).below == 0


def test_where_file_and_history_part() -> None:
    steps = history(BUILDKIT)
    steps[9]["created_by"] = "COPY b.txt /app/1/ # buildkit"
    found = told([*BASE, *steps], stage_of(FILE))
    assert found.below is None
    assert found.why == "its history has another COPY than line 15"
    # what stands above in the file is not known, what stands below is
    assert [at and at.start_line for at in found.instructions] == [None] * 12 + LINES[10:]
    assert told(steps[10:], stage_of(FILE)).why == "its history ends before the COPY of line 15"
    found = told([*BASE, *steps[:9], {"created_by": "LABEL a=b"}, *steps[10:]], stage_of(FILE))
    assert found.why == "its history has LABEL where line 15 has COPY"


def test_a_kaniko_history_of_one_layer_tells_nothing() -> None:
    steps = history("+ COPY a /b\n", author="kaniko")
    found = told([{"created_by": "x"}, *steps], stage_of(b"FROM debian\nRUN make\nCOPY a /b\n"))
    assert found.below is None
    assert found.instructions == (None, None)


def test_scratch_has_no_history() -> None:
    step = {"created_by": "COPY a /b # buildkit"}
    assert told([step], stage_of(b"FROM scratch\nCOPY a /b\n")).below == 0
    assert told([*BASE, step], stage_of(b"FROM scratch\nCOPY a /b\n")).below is None


def squashed(text: str, comment: str | None) -> list[dict[str, Any]]:
    steps = [{**step, "empty_layer": True} for step in history(text)]
    return [*steps[:-1], {**steps[-1], "empty_layer": False, "comment": comment}]


@pytest.mark.parametrize(
    "steps",
    [
        # buildah build --layers=false
        squashed(BUILDAH, "FROM 682a0f00aa2a"),
        squashed("- |1 A=b /bin/sh -c make\n- /bin/sh -c make install", "FROM 682a0f00aa2a"),
        squashed("- /bin/sh -c #(nop) COPY file:ce45aed374932718 in ./\n- /bin/sh -c make", "FROM x"),
        # docker build --squash, with the legacy builder
        [*squashed(LEGACY, None)[:-1], {"comment": "merge sha256:1 to sha256:2"}],
    ],
)
def test_layers_that_hold_what_several_made(steps: list[dict[str, Any]]) -> None:
    assert holds_several(steps, len(steps) - 1)


def test_what_is_shown() -> None:
    shown = [str(read({"created_by": said})) for said in (
        "RUN |2 A=1 B=x y /bin/bash -eo pipefail -c make  all # buildkit",
        "|1 A=1 /bin/sh -c make",
        "/bin/sh -c make",
        '/bin/sh -c #(nop)  CMD ["bash"]',
        "RUN make -c x",
        "RUN su x sh -c make",
        "cmd /S /C dir",
        "powershell -Command dir",
        "",
    )]  # fmt: skip
    assert shown == [
        "RUN make all",
        "RUN make",
        "RUN make",
        'CMD ["bash"]',
        "RUN make -c x",
        "RUN su x sh -c make",
        "RUN dir",
        "RUN dir",
        "",
    ]


@given(st.lists(st.dictionaries(st.sampled_from(["created_by", "comment", "author", "empty_layer"]), st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(BUILDKIT.split("\n")))))  # fmt: skip
def test_never_raises(steps: list[dict[str, Any]]) -> None:
    found = told(steps, TARGET)
    assert len(found.instructions) == len(steps)
    assert (found.below is None) is (found.why is not None)
    for number in range(len(steps)):
        holds_several(steps, number)


# --- real Dockerfiles, and what BuildKit would say of them ------------------------------------------------------


def buildkit_says(instruction: Instruction, facts: Facts, at: Instruction) -> str:
    """The line that BuildKit leaves, as its source says (dispatchers in dockerfile2llb)."""
    known = [facts.expand(at, word) or word for word in instruction.args]
    match instruction.keyword:
        case "RUN":
            return f"RUN |1 A=b c {command_of(instruction)} # buildkit"
        case "COPY" | "ADD":
            return f"{instruction.keyword} {' '.join(known)} # buildkit"
        case "ENV" | "LABEL":
            pairs = zip(known[::3], known[1::3], strict=False)
            return f"{instruction.keyword} {' '.join(f'{key}={value}' for key, value in pairs)}"
        case "CMD" | "ENTRYPOINT":
            words = instruction.args if instruction.json else ("/bin/sh", "-c", str(instruction.rest))
            return f"{instruction.keyword} [{' '.join(json.dumps(w, ensure_ascii=False) for w in words)}]"
        case "WORKDIR":
            return f"WORKDIR {' '.join(known)}"
    return f"{instruction.keyword} {' '.join(instruction.args)}"


def command_of(run: Instruction) -> str:
    if run.json:
        return " ".join(run.args)
    text = str(run.rest)
    bodies = [(doc.content.decode("utf-8", "replace"), doc.name) for doc in run.heredocs]
    if len(bodies) == 1 and len(text.split()) == 1:
        body, name = bodies[0]
        return f"/bin/sh -c {f'/dev/pipes/{name}' if body.startswith('#!') else body}"
    return "\n".join([f"/bin/sh -c {text}", *(body + name for body, name in bodies)])


def history_of(facts: Facts) -> list[dict[str, Any]]:
    found: list[tuple[Instruction, Instruction]] = []
    for stage in facts.shipped:
        found += [(one, one) for one in reversed(stage.instructions)]
        found += [(one.inner, one) for one in reversed(triggers(stage)) if one.inner]
    kept = [(one, at) for one, at in reversed(found) if one.keyword != "ONBUILD"]
    return [{"created_by": buildkit_says(one, facts, at)} for one, at in kept]


@pytest.mark.corpus
def test_real_files_fit_their_own_history_and_no_other(corpus: Path) -> None:
    paths = sorted(path for path in (corpus / "open").rglob("*") if path.is_file())[::3]
    read_ = [Facts(parse(path.read_bytes())) for path in paths]
    known = [
        (stage, history_of(facts))
        for facts in read_
        if (stage := facts.target) and not facts.document.problems
    ]
    assert len(known) > 300
    assert [told(steps, stage).why for stage, steps in known] == [None] * len(known)
    # files of one project may be alike but for a base, which no history tells
    pairs = [(stage, steps) for (stage, _), (_, steps) in pairwise(known) if len(stage.instructions) > 1]
    assert sum(told(steps, stage).below is not None for stage, steps in pairs) < 0.02 * len(pairs)
