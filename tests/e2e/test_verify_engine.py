"""Two Dockerfiles, built and compared for real: what is proven, and each way in which a split goes wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from imgtool.images.spool import Spool
from imgtool.verify.build import Recipe, remove
from imgtool.verify.subjects import Subject, close, opened

pytestmark = pytest.mark.engine

BASE = "debian:bookworm-slim"
#: made by hand, so that nothing is fetched: an image with a program, a library, a user, and something to lose
TOOLS = """\
RUN head -c 3000000 /dev/zero > /usr/lib/gcc-like.o && mkdir -p /opt/app/lib \\
 && cp /lib/x86_64-linux-gnu/libz.so.1 /opt/app/lib/libown.so.1 && cp /bin/cat /opt/app/run \\
 && useradd --uid 1234 --create-home service && chmod 750 /opt/app/run && chown service /opt/app/run
"""
END = 'ENV MODE=fast\nWORKDIR /opt/app\nUSER service\nCMD ["/opt/app/run", "/etc/hostname"]\n'
WITHOUT_TOOL = TOOLS.replace("head -c 3000000 /dev/zero > /usr/lib/gcc-like.o && ", "")
BEFORE = f"FROM {BASE}\n{TOOLS}{END}"
AFTER = f"FROM {BASE}\n{WITHOUT_TOOL}{END}"


@dataclass(frozen=True)
class Project:
    folder: Path

    def verify(
        self, before: str, after: str, *words: str, env: Mapping[str, str] | None = None
    ) -> tuple[int, Any, str]:
        """Exit code, the JSON where there is one, and standard error."""
        for name, text in (("A", before), ("B", after)):
            (self.folder / name).write_text(text)
        command = [sys.executable, "-m", "imgtool", "verify", "A", "B", "--format", "json", *words]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env={**os.environ, **(env or {})},
        )
        return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def _failures(verdict: Any) -> dict[str, list[str]]:
    return {
        check["name"]: [
            f"{one['path']}: {one['message']}"
            for one in check["differences"]
            if one["weight"] == "fail" and not one["explained_by"]
        ]
        for check in verdict["checks"]
        if check["status"] == "failed"
    }


def test_an_equivalent_pair(project: Project) -> None:
    code, verdict, err = project.verify(
        BEFORE,
        AFTER,
        "--no-network",
        "--run",
        "id && ls -l /opt/app && date +%N",
        "--ignore-output",
        r"\d{9}",
    )
    assert code == 0, (verdict, err)
    assert len(verdict["checks"]) == 9
    assert not any(check["status"] == "failed" for check in verdict["checks"])
    assert verdict["before"]["flattened"] - verdict["after"]["flattened"] >= 3_000_000
    assert "A: [2/3] RUN head" in err


def _is_there(image: str) -> bool:
    return (
        subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode
        == 0
    )


def test_what_was_built_goes_unless_it_is_kept(project: Project) -> None:
    code, _, err = project.verify(AFTER, AFTER, "--keep")
    assert code == 1
    kept = [line.rpartition(" ")[2] for line in err.splitlines() if " is imgtool-verify:" in line]
    assert len(kept) == 2
    assert all(map(_is_there, kept))
    for name in kept:
        remove(name)
    (project.folder / "A").write_text(AFTER)
    spool = Spool()
    one = opened(Subject(str(project.folder / "A")), Recipe(project.folder), spool, lambda _: None)
    spool.close()
    assert one.built
    assert _is_there(one.built)
    close(one)
    assert not _is_there(one.built)


# --- what is broken in one image, each with the check that sees it and what that says ---
BROKEN = {
    "files": [
        ("mkdir", "rm /usr/lib/x86_64-linux-gnu/libgcrypt.so.20* && mkdir", "libraries", "libgcrypt.so.20"),
        ("chmod 750", "chmod 755", "files", "/opt/app/run: mode is 0755 instead of 0750"),
        ("/opt/app/lib/libown.so.1", "/opt/app/lib/other.so.1", "files", "/opt/app/lib/libown.so.1: file is missing"),
        ("--uid 1234", "--uid 4321", "files", "user service is 4321:4321"),
    ],
    "user": [
        ("useradd --uid 1234 --create-home service", "true", "files", "/etc/passwd: user service is missing"),
        ("chown service", "true", "files", "/opt/app/run: "),
        ("USER service\n", "", "config", "User is"),
    ],
    "behaviour": [
        ("MODE=fast", "MODE=slow", "config", "variable MODE is 'slow' instead of 'fast'"),
        ("/etc/hostname", "/etc/hosts", "config", "Cmd is"),
        ("/bin/cat", "/bin/tac", "smoke", "prints something else"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN)
def test_what_a_split_can_break(project: Project, broken: str) -> None:
    after = AFTER
    for old, new, _, _ in BROKEN[broken]:
        assert old in after
        after = after.replace(old, new)
    code, verdict, err = project.verify(BEFORE, after, "--run", "/opt/app/run /etc/passwd | head -n 3")
    assert code == 1, err
    for _, _, check, told in BROKEN[broken]:
        assert any(told in one for one in _failures(verdict)[check]), (told, _failures(verdict))


def test_a_second_image_that_is_bigger(project: Project) -> None:
    code, verdict, _ = project.verify(AFTER, BEFORE)
    assert code == 1
    assert list(_failures(verdict)) == ["size"]
    assert (verdict["equivalent"], verdict["smaller"]) == (True, False)


def test_a_gain_that_is_too_small(project: Project) -> None:
    code, verdict, _ = project.verify(BEFORE, AFTER, "--min-gain", "50%")
    assert code == 1
    assert list(_failures(verdict)) == ["size"]


def test_a_command_that_never_ends(project: Project) -> None:
    code, verdict, _ = project.verify(BEFORE, AFTER, "--run", "sleep 600", "--run-timeout", "2")
    assert code == 0
    (smoke,) = [check for check in verdict["checks"] if check["name"] == "smoke"]
    assert "`sleep 600` does not end in time in both images" in smoke["differences"][0]["message"]


def test_the_network_is_there_unless_it_is_taken_away(project: Project) -> None:
    links = "test $(ls /sys/class/net | wc -l) -gt 1"
    with_network = project.verify(BEFORE, AFTER, "--run", links)[1]
    without = project.verify(BEFORE, AFTER, "--run", links, "--no-network")[1]
    said = [
        next(check for check in one["checks"] if check["name"] == "smoke") for one in (with_network, without)
    ]
    assert [len(check["differences"]) for check in said] == [0, 1]
    assert "ends with exit code 1 in both images" in said[1]["differences"][0]["message"]


def test_a_first_file_that_does_not_build(project: Project) -> None:
    code, verdict, err = project.verify(f"FROM {BASE}\nRUN echo so it goes && false\n", AFTER)
    assert (code, verdict) == (3, None)
    assert "not established: A does not build" in err
    assert "so it goes" in err


def test_a_second_file_that_does_not_build(project: Project) -> None:
    code, verdict, _ = project.verify(AFTER, f"FROM {BASE}\nRUN exit 7\n")
    assert code == 1
    assert "exit code: 7" in _failures(verdict)["build"][0]


def test_no_engine(project: Project, tmp_path: Path) -> None:
    code, verdict, err = project.verify(BEFORE, AFTER, env={"DOCKER_HOST": f"unix://{tmp_path}/no.sock"})
    assert (code, verdict) == (3, None)
    assert "not established: the engine does not build" in err


def test_images_that_are_there(project: Project) -> None:
    command = [sys.executable, "-m", "imgtool", "verify", f"docker-daemon:{BASE}", f"docker-daemon:{BASE}"]
    done = subprocess.run(
        [*command, "--run", "true", "--no-network"],
        capture_output=True,
        text=True,
        check=False,
        cwd=project.folder,
    )
    assert done.returncode == 1, done.stderr
    assert "equivalent in all that was checked, and not smaller" in done.stdout
