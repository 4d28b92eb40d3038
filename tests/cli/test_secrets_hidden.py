"""No output that tells about a Dockerfile shows its secrets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes import PRIVATE_KEY, TOKENS, fake

from imgtool.cli.lint_call import LintFormat

TOKEN = TOKENS["GitHub"]
SECRETS = [TOKEN, "Passw0rd!x", fake("", 40), "hunter2", "czhang", TOKENS["AWS"], PRIVATE_KEY.splitlines()[3]]

# many rules find something here, and fixes move what holds secrets
DOCKERFILE = f"""\
FROM nvidia/cuda:12.1.0-devel-ubuntu22.04
# the token is {TOKENS["AWS"]}
ARG password=czhang
ENV GITHUB_TOKEN {TOKEN}
ENV DB_PASSWORD=Passw0rd!x LD_LIBRARY_PATH=/opt/{TOKEN}/lib
RUN apt-get update && apt-get install -y g++ python3-pip
RUN pip install git+https://{TOKEN}@github.com/a/b
RUN curl -u me:hunter2 https://example.org/{fake("", 40)}/data > data
RUN export API_TOKEN={fake("", 40)} && pip install -r requirements.txt && echo Passw0rd!x
COPY <<EOF /root/.ssh/id_rsa
{PRIVATE_KEY}
EOF
COPY . .
RUN python3 setup.py install
# imgtool ignore={"IMG777"} {TOKEN}
CMD ["python3", "-m", "app", "--password", "Passw0rd!x", "--very-long", "{"x" * 120}{TOKEN}"]
"""
SPLIT = f"""\
FROM nvidia/cuda:12.1.0-devel-ubuntu22.04
ENV GITHUB_TOKEN {TOKEN}
RUN apt-get update && apt-get install -y g++ python3-pip
WORKDIR /app
COPY requirements.txt .
RUN pip install --extra-index-url https://me:hunter2@example.org/simple -r requirements.txt
COPY . .
RUN python3 setup.py install
CMD ["python3", "-m", "app", "--password", "Passw0rd!x"]
"""
BROKEN = f"FROM a\nENVV TOKEN={TOKEN}\nCOPY --form={TOKEN} a b\nRUN --mount=type={TOKEN} b\n"


@pytest.fixture
def file(here: Path) -> Path:
    (here / "Dockerfile").write_text(DOCKERFILE)
    (here / "broken.Dockerfile").write_text(BROKEN)
    (here / "split.Dockerfile").write_text(SPLIT)
    (here / "requirements.txt").write_text("numpy\n")
    (here / "setup.py").write_text("")
    return Path("Dockerfile")


REPORTS = [
    ("lint",),
    ("lint", "--format", "json"),
    ("lint", "--select", "ALL"),
    ("lint", "--select", "ALL", "--format", "json"),
    ("lint", "--select", "IMG1,IMG2", "--format", "json"),
    *(("lint", "--select", "ALL", "--format", output) for output in LintFormat),
    ("lint", "--diff"),
    ("lint", "--diff", "--unsafe-fixes"),
    ("lint", "--select", "ALL", "--diff", "--unsafe-fixes"),
    ("rewrite", "--diff"),
    ("rewrite", "--diff", "--explain"),
    ("rewrite", "--explain"),
    ("rewrite", "--check"),
    ("rewrite", "--target", "cann", "--explain"),
    ("parse",),
    ("graph",),
    ("graph", "--format", "json"),
    ("graph", "--format", "dot"),
    ("graph", "--format", "mermaid"),
]


@pytest.mark.parametrize("name", ["Dockerfile", "broken.Dockerfile", "split.Dockerfile"])
@pytest.mark.parametrize("words", REPORTS, ids=" ".join)
@pytest.mark.usefixtures("file")
def test_reports(imgtool: Callable[..., Any], words: tuple[str, ...], name: str) -> None:
    done = imgtool(*words, name)
    shown = f"{done.out}{done.err}"
    assert not [secret for secret in SECRETS if secret in shown or json.dumps(secret)[1:-1] in shown]
    # nor a part of one, where a line is cut
    assert not [secret for secret in SECRETS if len(secret) > 20 and secret[:15] in shown]


@pytest.mark.parametrize("words", [("lint",), ("lint", "--diff"), ("parse",)], ids=" ".join)
def test_reports_of_standard_input(imgtool: Callable[..., Any], words: tuple[str, ...]) -> None:
    done = imgtool(*words, "-", stdin=DOCKERFILE.encode())
    shown = f"{done.out}{done.err}"
    assert not [secret for secret in SECRETS if secret in shown]


def test_a_baseline(imgtool: Callable[..., Any], here: Path, file: Path) -> None:
    words = ("lint", "--select", "ALL", file, "--baseline", "known.json")
    assert imgtool(*words, "--update-baseline").code == 0
    written = (here / "known.json").read_text()
    assert "ENV GITHUB_TOKEN *" in written
    assert not [secret for secret in SECRETS if secret in written or secret[:15] in written]


def test_a_finding_tells_the_kind(imgtool: Callable[..., Any], file: Path) -> None:
    shown = imgtool("lint", "--select", "IMG501", file).out
    assert "GitHub token (ghp_…) is written here" in shown
    assert f"    4 | ENV GITHUB_TOKEN {'*' * 40}\n" in shown
    assert f"                       {'^' * 40}\n" in shown


def test_silence_does_not_show_it(imgtool: Callable[..., Any], here: Path) -> None:
    text = f"FROM a\n# imgtool ignore=IMG501\nENV TOKEN {TOKEN}\nMAINTAINER {TOKEN}\n"
    (here / "Dockerfile").write_text(text)
    assert TOKEN not in imgtool("lint", "--select", "ALL", "Dockerfile").out


def test_fixes_that_move_secrets_are_shown_without_their_edits(
    imgtool: Callable[..., Any], add_rule: Callable[..., None], here: Path
) -> None:
    body = "yield from replacing(document, b'RUN x', 'RUN y && ' + document.data[-41:-1].decode(), Applicability.SAFE)"
    add_rule("ZZ901", body)
    (here / "Dockerfile").write_text(f"FROM a\nRUN x\nRUN {TOKEN}\n")
    (row,) = json.loads(imgtool("lint", "--select", "ZZ901", "--format", "json", "Dockerfile").out)
    assert row["fix"] == {"applicability": "display", "message": "Change it", "edits": []}
    assert imgtool("lint", "--select", "ZZ901", "--fix", "Dockerfile").code == 0
    assert (here / "Dockerfile").read_text() == f"FROM a\nRUN y && {TOKEN}\nRUN {TOKEN}\n"


def test_a_rule_that_fails_over_a_secret(
    imgtool: Callable[..., Any], add_rule: Callable[..., None], here: Path
) -> None:
    add_rule("ZZ902", "raise ValueError(document.data.decode())")
    (here / "Dockerfile").write_text(f"FROM a\nRUN {TOKEN}\n")
    done = imgtool("lint", "--select", "ZZ902", "Dockerfile")
    assert done.code == 2
    assert TOKEN not in done.err


@pytest.mark.usefixtures("file")
def test_what_is_a_dockerfile_again_has_them(imgtool: Callable[..., Any], here: Path) -> None:
    fixed = imgtool("lint", "--fix", "-", stdin=DOCKERFILE.encode()).out
    tree = imgtool("parse", "--format", "jsonl", "Dockerfile").out
    (made,) = json.loads(imgtool("rewrite", "--format", "json", "split.Dockerfile").out)
    assert made["status"] == "converted"
    assert TOKEN in fixed
    assert TOKEN in tree
    assert TOKEN in made.pop("dockerfile")
    assert not [secret for secret in SECRETS if secret in json.dumps(made)]
    assert imgtool("rewrite", "--in-place", "split.Dockerfile").code == 0
    assert TOKEN in (here / "split.Dockerfile").read_text()


def test_a_diff_that_hides_a_secret_is_said_to_be_no_patch(imgtool: Callable[..., Any], here: Path) -> None:
    lines = "CMD x\n" * 5
    (here / "Dockerfile").write_text(f"FROM a\n# imgtool ignore=IMG001\nARG T={TOKEN}\n{lines}")
    (here / "far.Dockerfile").write_text(f"FROM a\n# imgtool ignore=IMG001\n{lines}ARG T={TOKEN}\n")
    done = imgtool("lint", "--isolated", "--select", "IMG0", "--diff")
    assert done.err.splitlines() == [
        "imgtool: Dockerfile: the diff hides a secret, so it cannot be applied; --fix can",
        "imgtool: 2 files would change",
    ]
