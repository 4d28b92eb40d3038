from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

LintWith = Callable[..., Any]
FixWith = Callable[..., str]
TreeOf = Callable[[str], str]

BASE = "FROM debian:bookworm\n"
USER = "RUN useradd --create-home app\n"
APP = f"{BASE}{USER}WORKDIR /srv/app\nCOPY . .\n"

LEFT_ALONE = [
    (f"{BASE}{USER}WORKDIR /srv/app\nCOPY --chown=app:app . .\nRUN chown app:app /srv/app", "as it should be"),
    (f"{BASE}RUN mkdir -p /data && chown -R app /data", "nothing in it"),
    (f"{BASE}{USER}RUN chown -R app /home/app", "nothing of an earlier layer worth a word"),
    (f"{BASE}RUN git clone https://x/e /opt/e && chown -R app /opt/e", "made in the same RUN"),
    ("FROM debian:bookworm AS build\nCOPY . /app\nRUN chown -R 1 /app\nFROM debian:bookworm\n", "a builder"),
    (f"{APP}RUN chown app /srv/app", "not recursive"),
    (f"{APP}RUN chown -R app /srv/other", "another folder"),
    (f"{APP}RUN mkdir -p data && chown -R app data", "a folder that the RUN makes"),
    (f"{APP}RUN mkdir -p {{logs,data/x}}\nRUN chown -R app /srv/app/data/x", "a folder that a RUN made"),
    (f"{BASE}COPY start.sh /usr/local/bin/start.sh\nRUN chmod -R +x /usr/local/bin/start.sh", "a small file"),
    (f"{BASE}COPY ssh/config /root/.ssh/\nRUN chmod -R 600 /root/.ssh", "keys and configuration"),
    (f'{APP}RUN if [ -n "$X" ]; then chown -R app /srv/app; fi', "perhaps"),
    (f"{APP}RUN chown -R app $X", "where is not known"),
    (f"{APP}RUN chown -R app:app", "no folder"),
    (f"{BASE}COPY docker/scripts /opt/scripts\nRUN chmod -R 755 /opt/scripts", "some text files"),
    (f"{BASE}COPY common/ /opt/build/\nRUN chmod -R 755 /opt/build/*", "some text files"),
    (f"{BASE}COPY distribution[s]/ /opt/app/\nRUN chown -R 1:1 /opt/app", "it may not be there"),
    (f"{APP}ONBUILD RUN chown -R app /srv/app", "the child's doing"),
    (f"{BASE}COPY --from=x / /\nRUN chmod -R 777 /go", "what came with the whole tree is not known"),
    ("", "no stage"),
]  # fmt: skip


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG203", text).findings, reason


FOUND = [
    (f"{APP}RUN chown -R app:app /srv/app", "/srv/app", "chown -R stores what line 4 put in /srv/app a second time; use COPY --chown=app:app"),
    (f"{APP}RUN chgrp --recursive app .", ".", "chgrp -R stores what line 4 put in . a second time; use COPY --chown=0:app"),
    (f"{APP}RUN make && sudo chmod -vR 0755 /srv", "/srv", "chmod -R stores what line 4 put in /srv a second time; use COPY --chmod=0755"),
    (f"{APP}RUN chmod -R g+w ../app", "../app", "chmod -R stores what line 4 put in ../app a second time; use COPY --chmod"),
    (f"{BASE}COPY --from=build /opt/venv /opt/venv\nRUN chown -R 1000:1000 /opt/venv", "/opt/venv", "chown -R stores what line 2 put in /opt/venv a second time; use COPY --chown=1000:1000"),
    (f"{BASE}RUN git clone https://x/e /opt/e\nRUN chown -R 1000 /opt", "/opt", "chown -R stores what line 2 put in /opt a second time; run chown in the RUN that made it"),
    (f"{BASE}RUN python3 -m venv /opt/v\nRUN chmod -R a+w /opt/*", "/opt/*", "chmod -R stores what line 2 put in /opt/* a second time; run chmod in the RUN that made it"),
    (f"{BASE}COPY a /a/\nCOPY b /b/\nRUN chown -R 1:1 /a /b", "/a", "chown -R stores what lines 2 to 3 put in /a and /b a second time; use COPY --chown=1:1"),
    (f"{BASE}COPY . /app\nRUN useradd app && chown -R app:app /app", "/app", "chown -R stores what line 2 put in /app a second time; create the user before COPY, which fails without it, or take numeric ids, and use COPY --chown=app:app"),
    (f"{BASE}COPY . /app\nRUN useradd app\nRUN chown -R app /app", "/app", "chown -R stores what line 2 put in /app a second time; create the user before COPY, which fails without it, or take numeric ids, and use COPY --chown=app:0"),
    (f"{BASE}COPY . /app\nRUN useradd -u 1000 app && chown -R 1000:1000 /app", "/app", "chown -R stores what line 2 put in /app a second time; use COPY --chown=1000:1000"),
    (f"{BASE}COPY comps /home/u/comps\nRUN chown -R 1000 /home/u/comps/web", "/home/u/comps/web", "chown -R stores what line 2 put in /home/u/comps/web a second time; use COPY --chown=1000:0"),
    (f"{BASE}COPY models.tar /m/\nRUN chown -R u:g /m", "/m", "chown -R stores what line 2 put in /m a second time; use COPY --chown=u:g"),
]  # fmt: skip


@pytest.mark.parametrize("text, underlined, message", FOUND)
def test_found(lint_with: LintWith, text: str, underlined: str, message: str) -> None:
    result = lint_with("IMG203", text)
    (finding,) = result.findings
    assert finding.message == message
    assert result.source.text(finding.span) == underlined


def test_a_second_change_in_the_same_layer_is_none(lint_with: LintWith) -> None:
    text = f"{APP}RUN chown -R app /srv/app && chmod -R 755 /srv/app\nRUN chmod -R 700 /srv/app"
    assert [f.span.start for f in lint_with("IMG203", text).findings] == [94, 145]


# the tree is the same: (before, after)
SAFE = [
    (f"{APP}RUN chown -R app:app /srv/app\n", f"{APP[:-4]}--chown=app:app . .\nRUN chown app:app /srv/app\n"),
    (f"{APP}RUN chown -R app .\n", f"{APP[:-4]}--chown=app:0 . .\nRUN chown app .\n"),
    (f"{APP}RUN chmod -v -R 750 /srv/app\n", f"{APP[:-4]}--chmod=750 . .\nRUN chmod -v 750 /srv/app\n"),
    (f"{APP}RUN chown -cR app:app /srv/app\n", f"{APP[:-4]}--chown=app:app . .\nRUN chown -c app:app /srv/app\n"),
    (f"{APP}RUN chown app:app -R /srv/app && make\n", f"{APP[:-4]}--chown=app:app . .\nRUN chown app:app /srv/app && make\n"),
    # COPY makes the folder itself
    (f"{BASE}{USER}COPY . /app\nRUN chown -R app:app /app\nUSER app\n", f"{BASE}{USER}COPY --chown=app:app . /app\nUSER app\n"),
    (f"{BASE}ARG U=1000\nCOPY . /app\n# theirs\nRUN chown -R ${{U}}:$U /app\n", f"{BASE}ARG U=1000\nCOPY --chown=${{U}}:$U . /app\n"),
    # one layer of two RUNs
    (f"{BASE}RUN git clone https://x/e /opt/e\nRUN chown -R 1000 /opt/e\n", f"{BASE}RUN git clone https://x/e /opt/e \\\n    && chown -R 1000 /opt/e\n"),
]  # fmt: skip


@pytest.mark.parametrize("before, after", SAFE)
def test_fixed_safely(fix_with: FixWith, before: str, after: str) -> None:
    assert fix_with("IMG203", before) == after


# the reason in the message, and the text after the fix
UNSAFE = [
    (f"{BASE}COPY . /app\nRUN make\nRUN chown -R 1:1 /app\n", "what other commands put there keeps its owner", f"{BASE}COPY --chown=1:1 . /app\nRUN make\n"),
    (f"{BASE}COPY . /app\nRUN make && chown -R 1:1 /app\n", "what other commands put there keeps its owner", f"{BASE}COPY --chown=1:1 . /app\nRUN make && chown 1:1 /app\n"),
    (f"{BASE}COPY . /srv/app\nRUN chown -R 1:1 /srv\n", "other files there keep their owner", f"{BASE}COPY --chown=1:1 . /srv/app\nRUN chown 1:1 /srv\n"),
    (f"{BASE}COPY c /h/c\nRUN chown -R 1 /h/c/web\n", "all that COPY puts there gets the owner", f"{BASE}COPY --chown=1:0 c /h/c\n"),
    ("FROM mine/base\nCOPY . /app\nRUN chown -R 1:1 /app\n", "what the base image holds there keeps its owner", "FROM mine/base\nCOPY --chown=1:1 . /app\nRUN chown 1:1 /app\n"),
    (f"{BASE}COPY . /usr/lib/x\nRUN chmod -R 700 /usr/lib/x\n", "what the base image holds there keeps its mode", f"{BASE}COPY --chmod=700 . /usr/lib/x\nRUN chmod 700 /usr/lib/x\n"),
    (f"{BASE}RUN unzip -d /app/x x.zip\nCOPY . /app\nRUN chown -R 1:1 /app\n", None, None),
    (f"{BASE}COPY . /a/b/c\nRUN chown -R 1:1 /a/b/c\n", "folders above that COPY makes get the owner too", f"{BASE}COPY --chown=1:1 . /a/b/c\n"),
]  # fmt: skip


@pytest.mark.parametrize("before, reason, after", UNSAFE)
def test_fixed_unsafely(
    lint_with: LintWith, fix_with: FixWith, before: str, reason: str | None, after: str | None
) -> None:
    (finding,) = lint_with("IMG203", before).findings
    if reason is None:
        assert finding.fix is None
        return
    assert finding.fix.applicability == "unsafe"
    assert finding.fix.message == f"Let COPY set it (unsafe: {reason})"
    assert fix_with("IMG203", before) == before
    assert fix_with("IMG203", before, unsafe=True) == after


NOT_FIXED = [
    (f"{BASE}COPY . /app\nRUN useradd app && chown -R app:app /app", "the user is not there when COPY runs"),
    (f"{BASE}COPY . /app\nRUN useradd app\nRUN chown -R app:app /app", "likewise"),
    (f"{APP}RUN chown -R app: /srv/app", "the user's own group"),
    (f"{APP}RUN chown -R $(id -u) /srv/app", "who is not known"),
    (f"{APP}RUN chown -R $WHO /srv/app", "a variable that nothing sets"),
    (f"{APP}ENV WHO=1\nRUN chown -R $WHO:$WHO /srv/app", "a variable that COPY does not have"),
    (f"{APP}RUN chown -R -L app:app /srv/app", "links are followed"),
    (f"{APP}RUN chmod -R u+rwX /srv/app", "a mode that depends on the old one"),
    (f"{APP}RUN chown -R app:app /srv/app /var/log/app", "two folders"),
    (f"{BASE}COPY --from=b /x /x\nRUN chown -R app /x", "the group comes from another image"),
    (f"{BASE}COPY --link . /app\nRUN chown -R app:app /app", "names mean nothing to a linked copy"),
    (f"{BASE}ADD a.tar /app/\nRUN chmod -R 755 /app", "ADD unpacks"),
    (f"{BASE}COPY a /a/x\nCOPY b /a/y\nRUN chown -R 1:1 /a", "two copies"),
    (
        f"{BASE}COPY a /a/x\nCOPY b.ini /a/b.ini\nRUN chown -R 1:1 /a",
        "two copies, though the second is small",
    ),
    (f"{BASE}COPY . /app\nRUN chmod -R 755 /app/*", "what is there is changed even without -R"),
    (
        "FROM debian:bookworm AS a\nCOPY . /app\nFROM a\nRUN chown -R 1:1 /app",
        "another stage may want it as it is",
    ),
    (f"{APP}RUN sudo chown -R app:app /srv/app", "with another user's rights"),
]


@pytest.mark.parametrize("text, reason", NOT_FIXED)
def test_not_fixed(lint_with: LintWith, text: str, reason: str) -> None:
    (finding,) = lint_with("IMG203", text).findings
    assert finding.fix is None, reason


# --- on the engine -----------------------------------------------------------------------------------


@pytest.mark.engine
@pytest.mark.parametrize(
    "before", [before for before, _ in SAFE if "git" not in before and "make" not in before]
)
def test_the_tree_is_the_same(fix_with: FixWith, tree_of: TreeOf, tmp_path: Path, before: str) -> None:
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "sub" / "deep" / "run").write_text("#!/bin/sh\n")
    (tmp_path / "sub" / "deep" / "run").chmod(0o755)
    (tmp_path / "sub" / "private").write_text("x")
    (tmp_path / "sub" / "private").chmod(0o600)
    (tmp_path / "inside").symlink_to("sub/private")
    (tmp_path / "outside").symlink_to("/etc/passwd")
    (tmp_path / ".dockerignore").write_text("Dockerfile\n")
    after = fix_with("IMG203", before)
    assert after != before
    assert tree_of(before) == tree_of(after)
