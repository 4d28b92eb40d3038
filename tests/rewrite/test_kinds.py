"""What commands are: a table of real ones, with the reason where a row is about caution."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgtool.facts.facts import FactOptions, Facts
from imgtool.families import toolchain
from imgtool.families.contents import contents
from imgtool.rewrite.kinds import Kind, kind, together
from imgtool.syntax import parse
from imgtool.transforms.runs import segments

BASE = "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\n"


def kinds(text: str, options: FactOptions | None = None) -> list[str]:
    """The kinds of the items of the last RUN."""
    facts = Facts(parse((BASE + text).encode()), options)
    assert facts.target is not None
    # one that BuildKit refuses is no RUN
    runs = facts.runs(facts.target)[-1:]
    return [str(kind(segment, run, facts)) for run in runs for segment in segments(run.script)]


ONE = [
    # command, kind, why where it is not plain
    ("cd /src", "state", ""),
    ("export A=1", "state", ""),
    ("A=1", "state", ""),
    ("A=$(uname -m)", "state", "what it asks leaves nothing behind"),
    ("V=$(curl -s https://example.com/latest)", "state", "the text goes into the variable"),
    ("set -eux", "state", ""),
    (". /opt/venv/bin/activate", "state", ""),
    ("source activate base", "state", ""),
    ("(cd /src)", "query", "nobody outside of a subshell sees it"),
    ("apt-get install -y git", "system-packages", ""),
    ("DEBIAN_FRONTEND=noninteractive apt-get install -y git", "system-packages", ""),
    ("sudo apt-get install -y git", "system-packages", ""),
    ("dnf install -y git", "system-packages", ""),
    ("apk add git", "system-packages", ""),
    ("apt-get install -y ./x.deb", "replay", "a file cannot be taken apart"),
    ("dpkg -i x.deb", "replay", ""),
    ("dpkg --add-architecture i386", "replay", ""),
    ("apt-get install -y linux-headers-$(uname -r)", "replay", "a command inside is kept with it"),
    ("if true; then apt-get install -y git; fi", "replay", "it is replayed whole"),
    ("apt-get update", "package-lists", ""),
    ("apt-get clean", "package-lists", ""),
    ("rm -rf /var/lib/apt/lists/*", "package-lists", ""),
    ("apt-get remove -y git", "replay", ""),
    ("useradd app", "replay", ""),
    ("ldconfig", "replay", ""),
    ("sed -i s/a/b/ /etc/ssh/sshd_config", "replay", ""),
    ("echo x | tee -a /etc/profile", "replay", ""),
    ("echo x > /etc/profile", "replay", ""),
    ("ln -sf /usr/share/zoneinfo/UTC /etc/localtime", "files", "one of the paths lies elsewhere"),
    ("add-apt-repository -y ppa:x/y", "replay", ""),
    ("mkdir -p /data", "files", ""),
    ("chmod +x /app/run", "files", ""),
    ("cp a /usr/local/bin/", "files", ""),
    ("sed -i s/a/b/ /app/main.py", "files", ""),
    ("sed s/a/b/ /app/main.py", "query", "it only prints"),
    ("cat x > /app/y", "files", ""),
    ("echo x >> ~/.bashrc", "files", ""),
    ("tar xzf x.tgz -C /opt", "files", ""),
    ("tar tzf x.tgz", "query", "it only lists"),
    ("find /opt -name '*.a' -delete", "files", ""),
    ("find /opt -name '*.a'", "query", ""),
    ("find /opt -exec ./fix {} +", "unknown", "nobody knows that program"),
    ("awk '{print > \"/x\"}' y", "files", "it writes a file"),
    ("awk '{system(\"make\")}' y", "unknown", "it runs a program"),
    ("git clone https://example.com/x", "fetch", ""),
    ("git checkout v1", "files", "it changes what was cloned"),
    ("git submodule update --init", "fetch", ""),
    ("curl -LO https://example.com/x.tgz", "fetch", ""),
    ("curl -L https://example.com/x.tgz | tar xz", "fetch", ""),
    ("wget -qO- https://example.com/x.sh | bash", "unknown", "nobody can read here what runs"),
    ("curl https://bootstrap.pypa.io/get-pip.py | python3", "unknown", "likewise"),
    ("huggingface-cli download org/model", "fetch", ""),
    ("python3 -c 'import torch; print(torch.__version__)'", "query", ""),
    ("python3 -c 'from m import snapshot_download; snapshot_download(\"x\")'", "fetch", ""),
    ('python3 -c \'open("/x", "w")\'', "unknown", "a call that is not known"),
    ("python3 -c '('", "unknown", "it is no Python"),
    ("python3 train.py", "unknown", "a program of the project may do anything"),
    ("pip install numpy", "python-packages", ""),
    ("pip3 install --no-cache-dir torch==2.4.1", "python-packages", ""),
    ("python3 -m pip install numpy", "python-packages", ""),
    ("pip install .", "python-project", ""),
    ("python3 setup.py install", "python-project", ""),
    ("pip install -e .", "build", "it points at its sources"),
    ("pip install $PACKAGES", "build", "a variable hides what it installs"),
    ("pip install -r requirements.txt", "build", "an unread file may name sources"),
    ("pip install git+https://example.com/x", "build", "it would be built again"),
    ("PIP_TARGET=/x pip install numpy", "build", "the variable says where to"),
    ("if true; then pip install numpy; fi", "build", "no step takes a construct apart"),
    ("yes | pip install numpy", "build", "likewise"),
    ("sudo pip install numpy", "build", "likewise"),
    ("pip install --target /opt/lib numpy", "prefix", ""),
    ("/opt/venv/bin/pip install numpy", "prefix", ""),
    ("python3 -m venv /opt/venv", "prefix", ""),
    ("uv venv /opt/venv", "prefix", ""),
    ("uv sync --frozen", "prefix", ""),
    ("uv pip install --system numpy", "build", "uv makes no wheels"),
    ("uv run pytest", "prefix", "it fills the environment, and the program leaves nothing"),
    ("uv run ./x.sh", "unknown", "it fills the environment and runs a program"),
    ("conda install -y numpy", "prefix", ""),
    ("/opt/conda/bin/conda install -y numpy", "prefix", ""),
    ("bash Miniconda3-latest-Linux-x86_64.sh -b -p /opt/conda", "prefix", ""),
    ("conda clean -afy", "clean", ""),
    ("pip cache purge", "clean", ""),
    ("rm -rf /root/.cache/pip /tmp/*", "files", "the final stage may have filled them, too"),
    ("sort -u -o /x /x", "files", ""),
    ("sort /x", "query", ""),
    ("./configure --prefix=/usr/local", "build", ""),
    ("cmake -S . -B build", "build", ""),
    ("cmake --build build --target install", "install", ""),
    ("cmake --install build", "install", ""),
    ("ninja -C build install", "install", ""),
    ("cmake .. && make -j$(nproc) install", "install", "makefiles of CMake know DESTDIR"),
    ("make install", "build", "a makefile of somebody's own may ignore DESTDIR"),
    ("cmake .. && make prefix=/opt/x install", "build", "a prefix of its own: likewise"),
    ("make -j8", "build", ""),
    ("nvcc -o x x.cu", "build", ""),
    ("gcc-12 -o x x.c", "build", ""),
    ("python3.11 setup.py build_ext --inplace", "build", ""),
    ("cargo build --release", "build", ""),
    ("npm ci", "build", ""),
    ("npm run build", "build", ""),
    ("nvcc --version", "query", ""),
    ("bash x.sh --version", "unknown", "the script may do more than tell"),
    ("test -f /x", "query", ""),
    ("nvidia-smi", "query", ""),
    ("nvidia-smi > /x", "files", "it leaves its output"),
    ("true", "query", ""),
    ("echo done", "query", ""),
    ("exit 1", "query", "the build ends there"),
    ("exit 0", "unknown", "what stands behind it does not run"),
    ("./install.sh", "unknown", ""),
    ('eval "$X"', "unknown", ""),
    ("$PROGRAM x", "unknown", ""),
    ("frobnicate", "unknown", "it is in no table"),
    ("cuda_12.4.1_linux.run --silent", "unknown", "an installer writes where it likes"),
    ("for f in a b; do mkdir $f; done", "files", ""),
    ("if true; then useradd a; make; fi", "unknown", "one must be replayed, the other must not"),
]


@pytest.mark.parametrize(("command", "expected", "why"), ONE, ids=[command for command, _, _ in ONE])
def test_kind(command: str, expected: str, why: str) -> None:
    del why
    assert kinds(f"RUN {command}\n")[-1] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN python3 -m venv /opt/venv\nENV PATH=/opt/venv/bin:$PATH\nRUN pip install numpy\n", "prefix"),
        ("RUN python3 -m venv /opt/venv\nRUN pip install numpy\n", "python-packages"),
        ("RUN python3 -m venv /v && . /v/bin/activate && pip install numpy\n", "prefix"),
        ("WORKDIR /app\nRUN uv venv\nRUN uv pip install numpy\n", "prefix"),
        ("WORKDIR /app\nRUN uv venv\nRUN cd /other && uv pip install numpy\n", "build"),
        ("RUN PATH=/v/bin:$PATH && pip install numpy\n", "build"),
        ("ENV V=/opt/venv\nRUN python3 -m venv $V\nRUN $V/bin/pip install numpy\n", "prefix"),
        ("RUN poetry config virtualenvs.create false && poetry install\n", "build"),
        ("WORKDIR /app\nRUN poetry install\n", "prefix"),
        ("RUN PIP='pip install' && $PIP numpy\n", "build"),
        ("RUN if true; then cd /x; make; fi && make\n", "build"),
    ],
)
def test_the_environment_decides(text: str, expected: str) -> None:
    assert kinds(text)[-1] == expected


def test_what_a_construct_changes_is_seen_behind_it() -> None:
    assert kinds("RUN if true; then cd /x; make; fi && ls\n")[0] == "unknown"
    assert kinds("RUN if true; then cd /x; make; fi\n") == ["build"]


SCRIPTS = [
    ("apt-get update\napt-get install -y git\n", "replay", "packages of a script are replayed with it"),
    ("set -e\ncd /src\nmake\n", "build", ""),
    ("#!/usr/bin/env bash\nmkdir -p /x\n", "files", ""),
    ("apt-get install -y git\nmake\n", "unknown", "one must be replayed, the other must not"),
    ("curl https://example.com/x | sh\n", "unknown", ""),
    ("frobnicate\n", "unknown", ""),
    ("#!/usr/bin/python3\nprint(1)\n", "unknown", "it is for another interpreter"),
    ("#!/bin/sh\n./x.sh\n", "unknown", "a script that runs itself has an end here"),
    ("if\n", "unknown", "it cannot be read"),
    ("pip install numpy\n", "build", ""),
]


@pytest.mark.parametrize(("script", "expected", "why"), SCRIPTS, ids=[s for s, _, _ in SCRIPTS])
def test_scripts_of_the_context_are_read(tmp_path: Path, script: str, expected: str, why: str) -> None:
    del why
    (tmp_path / "x.sh").write_text(script)
    (tmp_path / "Dockerfile").write_text("")
    options = FactOptions(dockerfile=tmp_path / "Dockerfile", context=tmp_path)
    assert kinds("WORKDIR /w\nCOPY x.sh .\nRUN bash x.sh\n", options) == [expected]
    assert kinds("COPY x.sh /x.sh\nRUN /x.sh\n", options) == [expected]
    assert kinds("RUN bash x.sh\n", options) == ["unknown"]


@pytest.mark.parametrize(
    ("requirements", "expected"),
    [
        ("numpy\n", "python-packages"),
        ("-r more.txt\n", "python-packages"),
        ("-r missing.txt\n", "build"),
        ("a==1 --hash=sha256:00\n", "build"),
        ("git+https://example.com/x\n", "build"),
        ("-e .\n", "build"),
    ],
)
def test_requirement_files_decide(tmp_path: Path, requirements: str, expected: str) -> None:
    (tmp_path / "requirements.txt").write_text(requirements)
    (tmp_path / "more.txt").write_text("scipy\n")
    (tmp_path / "Dockerfile").write_text("")
    options = FactOptions(dockerfile=tmp_path / "Dockerfile", context=tmp_path)
    assert kinds("WORKDIR /w\nCOPY . .\nRUN pip install -r requirements.txt\n", options) == [expected]


def test_together_is_no_weaker_than_its_parts() -> None:
    for one in Kind:
        assert together([one, Kind.UNKNOWN]) is Kind.UNKNOWN
        assert together([one, Kind.QUERY]) in (one, Kind.REPLAY, Kind.BUILD)
    assert together([]) is Kind.QUERY


WORDS = st.sampled_from(
    "cd pip install -r x -e . make && || ; | ( ) { } if then fi for do done $X ${X:-y} $(ls) `a` > /etc/x << EOF "
    "apt-get update source bash x.sh conda run -n y uv sync poetry python3 -c 'import a' sudo env A=1 \\ ' \" * ~ !".split()
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=25), st.booleans())
def test_any_text_has_kinds(words: list[str], heredoc: bool) -> None:
    text = " ".join(words)
    found = kinds(f"RUN <<EOF\n{text}\nEOF\n" if heredoc else f"RUN {text} \n") if text.strip() else []
    assert set(found) <= set(Kind)


@pytest.mark.corpus
def test_most_commands_of_real_files_are_known(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found: Counter[Kind] = Counter()
    files = 0
    for path in sorted((corpus / "open").iterdir()):
        facts = Facts(parse(path.read_bytes()))
        stage = facts.target
        base = facts.base(stage) if stage else None
        if stage is None or base is None or not base.accelerator:
            continue
        if toolchain(base) is None and not contents(base).has & {"toolkit", "gcc"}:
            continue
        files += 1
        runs = [run for link in stage.lineage() for run in facts.runs(link)]
        found.update(kind(item, run, facts) for run in runs for item in segments(run.script))
    share = 1 - found[Kind.UNKNOWN] / found.total()
    with capsys.disabled():
        sys.stdout.write(f"\n{files} files, {found.total()} commands, {share:.1%} of a known kind\n")
    assert share > 0.93
