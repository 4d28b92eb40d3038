from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

LintWith = Callable[..., Any]
FixWith = Callable[..., str]
TreeOf = Callable[[str], str]

BASE = "FROM debian:bookworm\n"
MOUNTED = "RUN --mount=type=cache,target=/var/cache/apt apt-get install -y"
TWO = "RUN mkdir /a\nRUN mkdir /b\n"

LEFT_ALONE = [
    (f"{BASE}RUN mkdir /a", "one"),
    (f"{BASE}RUN mkdir /a\nENV A=1\nRUN mkdir /b", "something stands between"),
    (f"{BASE}RUN mkdir /a\nUSER app\nRUN mkdir /b", "another user"),
    (f"{BASE}RUN mkdir /a\nWORKDIR /a\nRUN mkdir b", "another folder"),
    (f"FROM debian:bookworm AS build\n{TWO}FROM debian:bookworm\n", "a builder's layers are not shipped"),
    (f"{BASE}RUN make\nRUN mkdir /a", "a long step is cached by itself"),
    (f"{BASE}RUN pip install torch\nRUN pip install -r requirements.txt", "heavy first, volatile second"),
    (f"{BASE}RUN pip install torch\nRUN pip install einops", "two: one may be the slow one"),
    (
        f"{BASE}RUN pip install a\nRUN pip install flash-attn\nRUN pip install b",
        "one of three compiles for an accelerator",
    ),
    (
        f"{BASE}RUN pip install a\nRUN pip install b --extra-index-url https://x.example\nRUN pip install c",
        "another index",
    ),
    (f"{BASE}RUN pip install a\nRUN pip install .\nRUN pip install c", "the project"),
    (f"{BASE}RUN pip install a\nRUN pip install torch_scatter\nRUN pip install c", "may compile for long"),
    (f"{BASE}RUN apt-get install -y a\nRUN pip install b", "different managers"),
    (f"{BASE}{MOUNTED} a\n{MOUNTED} b", "who mounts a cache has thought about layers"),
    (f"{BASE}# a\nRUN mkdir /a\n# b\nRUN mkdir /b", "each step has its own comment"),
    (f"{BASE}RUN --network=none mkdir /a\nRUN mkdir /b", "different flags"),
    (f'{BASE}RUN ["mkdir", "/a"]\nRUN ["mkdir", "/b"]', "exec form"),
    (f"{BASE}RUN <<EOF\nmkdir /a\nEOF\nRUN mkdir /b", "a here-document"),
    (f"{BASE}RUN chmod -R 755 /a\nRUN mkdir /b", "changes of whole trees are IMG203's"),
    (f"{BASE}RUN rm -rf /var/log/a\nRUN mkdir /b", "a deletion belongs to what it deletes"),
    (
        f"{BASE}RUN apt-get update && apt-get install -y a\nRUN rm -rf /var/lib/apt/lists/*\nRUN mkdir /b",
        "IMG202 speaks of it",
    ),
    (f"{BASE}RUN apt-get install -y ./a.deb\nRUN apt-get install -y b", "a package from the context"),
    (f"{BASE}RUN mkdir '/a\nRUN mkdir /b", "not understood"),
    (f"{BASE}RUN\nRUN mkdir /b", "nothing to run"),
    (f"{BASE}ONBUILD RUN mkdir /a\nONBUILD RUN mkdir /b", "the child's doing"),
    ("", "no stage"),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG201", text).findings, reason


# RUNs that should be one in five shapes, and what is said of them
FOUND = [
    (
        f"{BASE}{TWO}",
        "2 RUN instructions in a row set up folders, links, users or small files; make them one",
    ),
    (
        f"{BASE}RUN apt-get update && apt-get install -y a\nRUN apt-get update && apt-get install -y b",
        "2 RUN instructions in a row work on packages with apt; make them one",
    ),
    (
        f"{BASE}RUN pip install a\nRUN /usr/bin/pip3 install b\nRUN python3 -m pip install 'c>1'",
        "3 RUN instructions in a row install single Python packages; make them one",
    ),
    # pip is another program afterwards
    (
        f"{BASE}RUN pip install --upgrade pip\nRUN pip install a\nRUN pip install b",
        "3 RUN instructions in a row install single Python packages; make 2 of them one",
    ),
    # none without a change of what they say
    (
        f"{BASE}RUN mkdir /a || true\nRUN mkdir /b || true",
        "2 RUN instructions in a row set up folders, links, users or small files; make them one",
    ),
    (
        f"{BASE}RUN sudo yum install -y a\nRUN sudo yum install -y b && ldconfig",
        "2 RUN instructions in a row work on packages with yum; make them one",
    ),
    (
        f"{BASE}RUN (umask 022; mkdir /a)\nRUN if [ -d /a ]; then touch /a/b; fi\nRUN git config --global a.b c",
        "3 RUN instructions in a row set up folders, links, users or small files; make them one",
    ),
]


@pytest.mark.parametrize("text, message", FOUND)
def test_found(lint_with: LintWith, text: str, message: str) -> None:
    result = lint_with("IMG201", text)
    (finding,) = result.findings
    assert finding.message == message
    assert finding.severity == "info"
    assert result.source.text(finding.span) == "RUN"
    assert result.source.place(finding.span.start).line == 2


def test_a_refresh_of_its_own_is_a_warning(lint_with: LintWith) -> None:
    (finding,) = lint_with("IMG201", f"{BASE}RUN apt-get update\nRUN apt-get install -y a").findings
    assert finding.severity == "warning"
    assert finding.message.endswith("so line 3 may install from outdated ones; make them one")


def test_a_refresh_that_nothing_installs_from_is_no_warning(lint_with: LintWith) -> None:
    (finding,) = lint_with("IMG201", f"{BASE}RUN apt-get update\nRUN apt-get purge -y a").findings
    assert finding.severity == "info"


def test_one_finding_a_run_of_runs(lint_with: LintWith) -> None:
    body = "RUN mkdir /a\n" * 4 + "RUN make\n" + "RUN mkdir /b\n" * 2
    assert [f.span.start for f in lint_with("IMG201", BASE + body).findings] == [21, 21 + 4 * 13 + 9]


FIXED = [
    (TWO, "RUN mkdir /a \\\n    && mkdir /b\n"),
    ("RUN mkdir /a\nRUN mkdir /b\nRUN mkdir /c", "RUN mkdir /a \\\n    && mkdir /b \\\n    && mkdir /c"),
    (
        "RUN mkdir /a\n\n# why b\n\n  # and how\nRUN mkdir /b\n",
        "RUN mkdir /a \\\n    # why b\n    # and how\n    && mkdir /b\n",
    ),
    (
        "RUN mkdir /a && \\\n  touch /a/b\nRUN mkdir /b\n",
        "RUN mkdir /a && \\\n  touch /a/b && \\\n  mkdir /b\n",
    ),
    (
        "RUN mkdir /a\nRUN \\\n# inside\n\tmkdir /b \\\n\t&& touch /b/c\n",
        "RUN mkdir /a \\\n\t# inside\n\t&& mkdir /b \\\n\t&& touch /b/c\n",
    ),
    ("RUN mkdir /a\r\nRUN mkdir /b\r\n", "RUN mkdir /a \\\r\n    && mkdir /b\r\n"),
    (
        "RUN --network=none mkdir /a\nRUN --network=none mkdir /b\n",
        "RUN --network=none mkdir /a \\\n    && mkdir /b\n",
    ),
    # the part of them that can be one
    (
        "RUN mkdir /a || true\nRUN mkdir /b\nRUN mkdir /c\n",
        "RUN mkdir /a || true\nRUN mkdir /b \\\n    && mkdir /c\n",
    ),
    (
        "RUN pip install -U pip\nRUN pip install a\nRUN pip install b\n",
        "RUN pip install -U pip\nRUN pip install a \\\n    && pip install b\n",
    ),
    # a comment that speaks to a tool keeps its place
    (
        "RUN mkdir /a\n# hadolint ignore=DL3003\nRUN mkdir /b\n",
        "RUN mkdir /a\n# hadolint ignore=DL3003\nRUN mkdir /b\n",
    ),
    # and speaks of what is below it alone
    (
        "# imgtool ignore=IMG204 the lists are wanted\nRUN apt-get update\nRUN apt-get install -y a\n",
        "# imgtool ignore=IMG204 the lists are wanted\nRUN apt-get update\nRUN apt-get install -y a\n",
    ),
    (
        "RUN apt-get update \\\n# imgtool ignore=IMG204\n && apt-get install -y a\nRUN apt-get install -y b\n",
        "RUN apt-get update \\\n# imgtool ignore=IMG204\n && apt-get install -y a\nRUN apt-get install -y b\n",
    ),
    (
        "# hadolint ignore=DL3003\n# why\nRUN mkdir /a\nRUN mkdir /b\nRUN mkdir /c\n",
        "# hadolint ignore=DL3003\n# why\nRUN mkdir /a\nRUN mkdir /b \\\n    && mkdir /c\n",
    ),
]


@pytest.mark.parametrize("before, after", FIXED)
def test_fixed(fix_with: FixWith, before: str, after: str) -> None:
    assert fix_with("IMG201", BASE + before) == BASE + after


def test_a_login_shell_sees_what_the_run_before_wrote(lint_with: LintWith) -> None:
    text = f'{BASE}SHELL ["/bin/bash", "-lc"]\nRUN echo "export A=1" >> ~/.bash_profile\nRUN echo $A > /a\n'
    (finding,) = lint_with("IMG201", text).findings
    assert finding.fix is None


def test_each_kind_of_fix_is_safe(lint_with: LintWith) -> None:
    (finding,) = lint_with("IMG201", BASE + TWO).findings
    assert finding.fix.applicability == "safe"


@pytest.mark.engine
def test_the_tree_is_the_same(fix_with: FixWith, tree_of: TreeOf) -> None:
    before = (
        f"{BASE}RUN groupadd --gid 1000 app\n# theirs\nRUN useradd --uid 1000 --gid app --create-home app\n"
        "RUN mkdir -p /srv/models && \\\n    ln -s /srv/models /models\nRUN chown app:app /srv/models\n"
    )
    after = fix_with("IMG201", before)
    assert after.count("RUN") == 1
    assert tree_of(before) == tree_of(after)


def test_every_run_of_the_row_is_one_place_of_the_defect(lint_with: LintWith) -> None:
    result = lint_with("IMG201", "FROM debian:bookworm\nRUN mkdir a\n# why\nRUN mkdir b\nrun mkdir c\n")
    (finding,) = result.findings
    assert [result.source.line_of(span.start) for span in finding.places] == [2, 4, 5]
    assert [result.source.text(span) for span in finding.places] == ["RUN", "RUN", "run"]
