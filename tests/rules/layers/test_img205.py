from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from imgtool.edits import apply

LintWith = Callable[..., Any]
FixWith = Callable[..., str]

BASE = "FROM python:3.12-slim\n"
APP = f"{BASE}WORKDIR /app\nCOPY . .\n"

LEFT_ALONE = [
    (
        f"{BASE}WORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .",
        "as it should be",
    ),
    (f"{APP}RUN pip install .", "the project itself"),
    (f"{APP}RUN pip install -e .", "the project itself"),
    (f"{APP}RUN pip install -e . -r requirements.txt", "the project with it"),
    (f"{APP}RUN pip install -e . && pip install -r requirements.txt", "the project before it"),
    (f"{APP}RUN python3 setup.py install", "the project itself"),
    (f"{APP}RUN apt-get install -y ./a.deb", "reads the tree"),
    (f"{APP}RUN make\nRUN apt-get install -y curl", "make may have changed what apt reads"),
    (f"{APP}RUN apt-get install -y curl && ./setup.sh", "the script may read the tree"),
    (f"{APP}RUN pip install -c constraints.txt torch", "reads the tree"),
    (
        "FROM python:3.12-slim\nCOPY src src\nRUN apt-get install -y curl",
        "a part of the tree may hold apt's configuration",
    ),
    (f"{APP}RUN pip install -r /opt/requirements.txt", "from elsewhere"),
    (f"{APP}RUN pip install -r https://x/requirements.txt", "from elsewhere"),
    (f"{APP}RUN pip install -r $FILE", "which file is not known"),
    (f"{APP}RUN grep -v torch requirements.txt > r.txt && pip install -r r.txt", "a file that the RUN makes"),
    (
        f"{APP}RUN sed -i s/a/b/ requirements.txt && pip install -r requirements.txt",
        "a file that the RUN changes",
    ),
    (
        f"{APP}RUN echo x >> requirements.txt\nRUN pip install -r requirements.txt",
        "a file that a RUN changes",
    ),
    (f"{APP}RUN make deps && pip install -r requirements.txt", "a command that works on the tree"),
    (f"{APP}RUN if [ -f requirements.txt ]; then pip install -r requirements.txt; fi", "perhaps"),
    (f"{APP}RUN poetry install", "installs the project, too"),
    (f"{APP}RUN uv sync --frozen", "installs the project, too"),
    (f"{APP}RUN npm install express", "one package by name"),
    (f"{APP}RUN go build ./...", "builds the tree"),
    (f"{BASE}COPY requirements /r\nRUN pip install -r /r/base.txt", "a folder of manifests"),
    (f"{BASE}COPY docker/scripts/ /s/\nRUN pip install -r /s/r.txt", "a folder of scripts"),
    (f"{BASE}COPY *.txt /app/\nRUN pip install -r /app/requirements.txt", "files"),
    (f"{BASE}COPY a.txt b.txt /app/\nRUN pip install -r /app/a.txt", "files"),
    (f"{BASE}COPY --from=x . /app\nRUN pip install -r /app/a.txt", "from another stage"),
    (f"{APP}ONBUILD RUN pip install -r requirements.txt", "the child's doing"),
    (f"{APP}RUN pip install --upgrade pip setuptools", "done in a moment"),
    ("FROM a AS unused\nCOPY . /x\nRUN pip install -r /x/r.txt\nFROM b\n", "a stage that nobody builds"),
    ("", "no stage"),
]


@pytest.mark.parametrize("text, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, text: str, reason: str) -> None:
    assert not lint_with("IMG205", text).findings, reason


# what is underlined, what is repeated, of which line, what to copy
FOUND = [
    (f"{APP}RUN pip install -r requirements.txt", ".", "pip install of line 4", "requirements.txt"),
    (f"{APP}RUN apt-get update && pip3 install -U -r ./reqs/base.txt", ".", "pip install of line 4", "reqs"),
    (f"{BASE}ADD ./ /srv/\nRUN cd /srv && uv pip install -r req.txt", "./", "uv pip install of line 3", "req.txt"),
    (f"{BASE}COPY backend /app\nRUN pip install -r /app/requirements.txt", "backend", "pip install of line 3", "backend/requirements.txt"),
    (f"{BASE}COPY src/ /app/\nWORKDIR /app\nRUN pip install torch\nRUN pip install -r r.txt", "src/", "pip install of line 5", "src/r.txt"),
    (f"{APP}RUN npm ci && npm run build", ".", "npm ci of line 4", "package.json"),
    (f"{APP}RUN yarn install --frozen-lockfile", ".", "yarn install of line 4", "package.json"),
    (f"{APP}RUN pnpm install", ".", "pnpm install of line 4", "package.json"),
    (f"{APP}RUN poetry install --no-root", ".", "poetry install of line 4", "pyproject.toml"),
    (f"{APP}RUN uv sync --no-install-project", ".", "uv sync of line 4", "pyproject.toml"),
    (f"{APP}RUN go mod download", ".", "go mod download of line 4", "go.mod"),
    (f"{APP}RUN conda env create -f env.yml", ".", "conda env create of line 4", "env.yml"),
    ("FROM a AS b\nCOPY . /x\nRUN pip install -r /x/r.txt\nFROM c\nCOPY --from=b /x /x", ".", "pip install of line 3", "r.txt"),
]  # fmt: skip


@pytest.mark.parametrize("text, underlined, repeats, manifest", FOUND)
def test_found(lint_with: LintWith, text: str, underlined: str, repeats: str, manifest: str) -> None:
    result = lint_with("IMG205", text)
    (finding,) = result.findings
    assert finding.message == (
        f"any change in the tree repeats {repeats}; copy {manifest} alone and install before the rest is copied"
    )
    assert result.source.text(finding.span) == underlined


def test_one_finding_a_copy(lint_with: LintWith) -> None:
    text = f"{APP}RUN pip install -r a.txt\nRUN pip install -r b.txt"
    assert len(lint_with("IMG205", text).findings) == 1


FIXED = [
    (
        f"{APP}RUN pip install -r req\nCMD x\n",
        f"{APP[:-4]}req .\nRUN pip install -r req\nCOPY . .\nCMD x\n",
    ),
    (
        f"{APP}RUN pip install -r requirements.txt\nCMD x\n",
        f"{APP[:-4]}requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nCMD x\n",
    ),
    (
        f"{BASE}# the app\nCOPY --chown=1:1 ./ /app\nWORKDIR /app\nENV A=1\nRUN pip install \\\n  -r req/base.txt && rm -rf /x",
        f"{BASE}# the app\nCOPY --chown=1:1 req /app/req/\nWORKDIR /app\nENV A=1\nRUN pip install \\\n  -r req/base.txt && rm -rf /x\nCOPY --chown=1:1 ./ /app",
    ),
    (
        f"{BASE}WORKDIR /a\nCOPY . b\nWORKDIR /a/b\nRUN pip install -r r.txt\n",
        f"{BASE}WORKDIR /a\nCOPY r.txt /a/b/\nWORKDIR /a/b\nRUN pip install -r r.txt\nCOPY . /a/b/\n",
    ),
    (
        f"{APP}RUN apt-get update && cd /app && pip install -r r.txt\r\n",
        f"{APP[:-4]}r.txt .\nRUN apt-get update && cd /app && pip install -r r.txt\nCOPY . .\r\n",
    ),
]  # fmt: skip


@pytest.mark.parametrize("before, after", FIXED)
def test_fixed(lint_with: LintWith, fix_with: FixWith, before: str, after: str) -> None:
    (finding,) = lint_with("IMG205", before).findings
    assert finding.fix.applicability == "unsafe"
    assert fix_with("IMG205", before) == before
    assert fix_with("IMG205", before, unsafe=True) == after


NOT_FIXED = [
    (f"{APP}RUN true\nRUN pip install -r r.txt", "another RUN may need the tree"),
    (f"{APP}USER app\nRUN pip install -r r.txt", "another user"),
    (f"{APP}RUN pip install -r r.txt && ./configure", "a command that needs the tree"),
    (f"{APP}RUN pip install -r a.txt -r b.txt", "two files"),
    (f"{APP}RUN npm ci", "the lock file has more than one name"),
    (f'{BASE}COPY [".", "/a"]\nRUN pip install -r /a/r.txt', "in JSON form"),
    (f"{BASE}ADD . /a\nRUN pip install -r /a/r.txt", "ADD unpacks"),
    (f"{BASE}COPY --exclude=x . /a\nRUN pip install -r /a/r.txt", "what is excluded"),
    ("FROM mine\nCOPY . b\nWORKDIR b\nRUN pip install -r r.txt", "where it is is not known"),
]


@pytest.mark.parametrize("text, reason", NOT_FIXED)
def test_not_fixed(lint_with: LintWith, text: str, reason: str) -> None:
    (finding,) = lint_with("IMG205", text).findings
    assert finding.fix is None, reason


def test_the_owner_moves_with_the_tree(fix_with: FixWith) -> None:
    text = f"{APP}RUN pip install -r r.txt\nRUN chown -R 1:1 /app\n"
    assert fix_with("IMG203,IMG205", text, unsafe=True) == (
        f"{APP[:-4]}r.txt .\nRUN pip install -r r.txt\nCOPY --chown=1:1 . .\nRUN chown 1:1 /app\n"
    )


# what reads nothing of the tree, what it is called
UNRELATED = [
    ("RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*", "apt-get install"),
    ("RUN pip install torch==2.5.1 --index-url https://download.pytorch.org/whl/cu124", "pip install"),
    ("RUN <<EOF\nset -e\napk add curl\nEOF\n", "apk add"),
    ("RUN conda install -y pytorch && \\\n    conda clean -ay", "conda install"),
    ("USER root\nRUN sudo dnf install -y curl", "dnf install"),
]


@pytest.mark.parametrize("run, called", UNRELATED)
def test_an_installation_that_has_nothing_to_do_with_the_tree(
    lint_with: LintWith, run: str, called: str
) -> None:
    result = lint_with("IMG205", f"FROM debian:bookworm\nCOPY . /app\n{run}")
    (finding,) = result.findings
    assert result.source.text(finding.span) == "."
    assert finding.message.startswith(f"any change in the tree repeats {called} of line ")
    assert finding.message.endswith(", which reads nothing of it; install first and copy then")


MOVED = [
    (
        "FROM debian:bookworm\nCOPY . /app\nRUN apt-get update && apt-get install -y curl\nCMD x\n",
        "FROM debian:bookworm\nRUN apt-get update && apt-get install -y curl\nCOPY . /app\nCMD x\n",
    ),
    (
        "FROM debian:bookworm\nWORKDIR /a\nCOPY --chown=1 . b\nWORKDIR /c\nRUN pip install \\\n  torch",
        "FROM debian:bookworm\nWORKDIR /a\nWORKDIR /c\nRUN pip install \\\n  torch\nCOPY --chown=1 . /a/b/",
    ),
]


@pytest.mark.parametrize("before, after", MOVED)
def test_moved_below(lint_with: LintWith, fix_with: FixWith, before: str, after: str) -> None:
    (finding,) = lint_with("IMG205", before).findings
    assert finding.fix.applicability == "unsafe"
    assert fix_with("IMG205", before) == before
    assert fix_with("IMG205", before, unsafe=True) == after


NOT_MOVED = [
    ("FROM debian:bookworm\nADD . /app\nRUN apt-get install -y curl", "ADD unpacks"),
    ("FROM debian:bookworm\nCOPY . /app\nUSER app\nRUN pip install curl", "another user"),
    ("FROM debian:bookworm\nCOPY . /app\nCOPY --from=x /y /z\nRUN pip install curl", "other files"),
    ("FROM mine\nCOPY . b\nWORKDIR c\nRUN pip install curl", "where it is is not known"),
]


@pytest.mark.parametrize("text, reason", NOT_MOVED)
def test_not_moved(lint_with: LintWith, text: str, reason: str) -> None:
    (finding,) = lint_with("IMG205", text).findings
    assert finding.fix is None, reason


PIP = f"{APP}RUN pip install -r requirements.txt\nCMD x\n"
# the build context, the file after the fix; None where nothing is found
IN_CONTEXT = [
    ({"requirements.txt": "# nothing yet\n"}, None),
    ({"requirements.txt": "torch\n-e .\n"}, None),
    ({"requirements.txt": "torch\n./libs/own\n"}, None),
    ({"requirements.txt": "own @ file:./libs/own\n"}, None),
    ({"requirements.txt": "-r base.txt\n", "base.txt": "-e ./libs\n"}, None),
    ({"requirements.txt": "torch==2.5.1  # all\n"}, "COPY requirements.txt .\n"),
    (
        {"requirements.txt": "-r base.txt\n-c ./pins.txt\n", "base.txt": "torch\n", "pins.txt": "torch==2.5.1\n"},
        "COPY requirements.txt pins.txt base.txt ./\n",
    ),
    ({"requirements.txt": "-r requirements.txt\ntorch\n"}, "COPY requirements.txt .\n"),
    ({"requirements.txt": "torch\n-r ../other.txt\n"}, "COPY requirements.txt .\n"),
    ({"requirements.txt": "torch\n-r not-there.txt\n"}, "COPY requirements.txt .\n"),
    ({"main.py": ""}, "COPY requirements.txt .\n"),
]  # fmt: skip


@pytest.mark.parametrize("files, copies", IN_CONTEXT)
def test_requirement_files_of_the_context_are_read(
    lint_with: LintWith, files: dict[str, str], copies: str | None
) -> None:
    result = lint_with("IMG205", PIP, files)
    if copies is None:
        assert not result.findings
        return
    (finding,) = result.findings
    after = apply(PIP.encode(), finding.fix.edits).decode()
    assert after == f"{BASE}WORKDIR /app\n{copies}RUN pip install -r requirements.txt\nCOPY . .\nCMD x\n"
    assert all(name in finding.message for name in copies.split()[1:-1])


def test_files_in_other_folders_are_named_only(lint_with: LintWith) -> None:
    files = {"requirements.txt": "-r deps/base.txt\n", "deps/base.txt": "torch\n"}
    (finding,) = lint_with("IMG205", PIP, files).findings
    assert finding.fix is None
    assert "copy requirements.txt and deps/base.txt alone" in finding.message
