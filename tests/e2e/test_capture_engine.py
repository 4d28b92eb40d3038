"""What commands make, collected in one stage and taken over by another, against the same commands run there."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from imgtool.rewrite import capture

pytestmark = pytest.mark.engine

BASE = "debian:bookworm"
BEFORE = r"""
RUN useradd -m app && mkdir -p /opt/old/d /opt/move && echo 1 > /opt/old/d/f && echo 2 > /opt/move/a \
 && echo 3 > /opt/dated && mkdir -m 700 /opt/private && echo 4 > /opt/private/kept && ln -s /opt/move /opt/by-link
"""
PACKAGES = r"""
RUN apt-get update && apt-get install -y --no-install-recommends libcap2-bin attr sudo && rm -rf /var/lib/apt/lists/*
"""
COMMANDS = r"""
RUN mkdir -p "/opt/a folder/in it" && echo 5 > "/opt/a folder/in it/a b" && echo 6 > "/opt/a folder/$(printf 'new\nline')" \
 && chown app /opt/private/kept && chmod 750 /opt/private && mv /opt/move/a /opt/move/b \
 && touch -d 2001-01-01 /opt/dated && echo 7 > /opt/back && touch -d 2001-01-01 /opt/back && ln /opt/back /opt/hard \
 && ln -s ../opt/move /opt/relative && ln -s /nowhere /opt/dangling && ln -sfn /opt/private /opt/by-link \
 && cp /bin/ls /opt/setuid && chmod 4755 /opt/setuid && cp /bin/cat /opt/capable && setcap cap_net_raw+ep /opt/capable \
 && setfattr -n user.colour -v red /opt/dated && mkdir /opt/empty && chown app: /opt/empty && rm -r /opt/old/d \
 && rm /usr/bin/tac && echo 'app ALL=(ALL) ALL' >> /etc/sudoers && mkfifo /opt/fifo \
 && mkdir -p /root/.cache/pip /root/.cache/models && echo 8 > /root/.cache/models/m && mkdir /var/log/own /srv/data \
 && chmod 700 /usr/bin/getfattr && chown app /etc/sudoers.d
"""
SHOWN = (
    "find / -xdev ( -path /proc -o -path /sys -o -path /dev -o -path /var/lib/dpkg -o -path /var/cache "
    "-o -path /var/log/apt -o -path /root/.cache/pip -o -path /etc/ld.so.cache ) -prune -o ! -path /.dockerenv "
)


def docker(*words: str, dockerfile: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DOCKER_BUILDKIT": "1"}
    return subprocess.run(
        ["docker", *words], input=dockerfile, capture_output=True, text=True, check=False, env=environment
    )


def build(name: str, dockerfile: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = ("build", "--network", "host", "--progress", "plain", "-t", name, "-f", "-", str(folder))
    return docker(*words, dockerfile=dockerfile)


def captured(commands: str, *, packages: bool, guards: bool = False) -> str:
    watch, guard = (capture.watch(1), capture.guard(1, ["deb"])) if guards else ("", "")
    collect = capture.collect(["pip"], ["deb"], scratch=False, packages=packages)
    # what installs packages in between is run by both stages
    before, between = (BEFORE, PACKAGES) if packages else (BEFORE + PACKAGES, "")
    return (
        f"FROM {BASE} AS builder{before}{capture.note(packages=packages)}\n{between}{watch}{commands}{guard}\n{collect}\n"
        f"FROM {BASE}{before}{between}{capture.copy('builder')}\n{capture.settle('builder', libraries=True)}\n"
    )


@pytest.fixture
def names() -> Iterator[list[str]]:
    made: list[str] = []
    yield made
    for name in made:
        docker("image", "rm", "-f", name)


def tree(name: str) -> str:
    """Every path with type, mode, owner and target."""
    shown = docker("run", "--rm", name, *SHOWN.split(), "-printf", r"%p %y %m %U %G %l\n")
    assert shown.returncode == 0, shown.stderr
    return "\n".join(sorted(shown.stdout.splitlines()))


@pytest.mark.parametrize("packages", [False, True])
def test_the_same_files_as_if_run_there(packages: bool, tmp_path: Path, names: list[str]) -> None:
    names += ["imgtool-e2e-capture:here", "imgtool-e2e-capture:there"]
    for name, text in zip(
        names,
        (f"FROM {BASE}{BEFORE}{PACKAGES}{COMMANDS}", captured(COMMANDS, packages=packages)),
        strict=True,
    ):
        done = build(name, text, tmp_path)
        assert done.returncode == 0, done.stderr[-3000:]
    here, there = (tree(name) for name in names)
    assert there == here
    show = "getcap /opt/capable; getfattr -d /opt/dated; tail -1 /etc/sudoers; stat -c '%Y %h' /opt/back /opt/dated; cat /opt/hard"
    shown = [docker("run", "--rm", name, "sh", "-c", show).stdout for name in names]
    assert shown[0] == shown[1]
    assert "cap_net_raw" in shown[0]


HIDDEN = r"""
RUN cp /bin/ls /opt/l && mkdir /var/tmp/lib && library="$(ldd /opt/l | awk '/selinux/{print $3}')" \
 && cp -L "$library" /var/tmp/lib/ && rm -f "$(realpath "$library")" "$library" \
 && echo /var/tmp/lib > /etc/ld.so.conf.d/x.conf && ldconfig && ldd /opt/l | grep /var/tmp/lib
"""
SCRIPT = r"""
RUN cp /bin/sh /var/tmp/own && printf '#!/var/tmp/own\nexit 0\n' > /opt/script && chmod +x /opt/script && /opt/script
"""
LOUD = [
    ("it adds a user", "\nRUN useradd sneaky\n", True, "would lack"),
    (
        "it installs a package",
        "\nRUN apt-get update && apt-get install -y --no-install-recommends jq\n",
        True,
        "would lack",
    ),
    (
        "a library of what it makes is not in the final stage",
        HIDDEN,
        False,
        "libselinux.so.1 => not found",
    ),
    (
        "the interpreter of what it makes is not in the final stage",
        SCRIPT,
        False,
        "/opt/script: /var/tmp/own not found",
    ),
]


@pytest.mark.parametrize("why, commands, guards, said", LOUD, ids=[row[0] for row in LOUD])
def test_the_build_fails_rather_than_the_image(
    why: str, commands: str, guards: bool, said: str, tmp_path: Path
) -> None:
    done = build("imgtool-e2e-capture:loud", captured(commands, packages=False, guards=guards), tmp_path)
    assert done.returncode != 0, why
    assert said in done.stdout + done.stderr
