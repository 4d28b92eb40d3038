from __future__ import annotations

import shlex
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from imgtool.families.drivers import (
    DriverFact,
    driver_command,
    driver_package,
    driver_path,
    speaks_of_drivers,
    stub_path,
)
from imgtool.families.model import load, rows
from imgtool.findings import Severity

MANAGERS = {kind: commands[0] for kind, commands in load("drivers")["manager"].items()}


def facts(table: str) -> tuple[DriverFact, ...]:
    return rows("drivers", table, DriverFact)


@pytest.mark.parametrize("fact", facts("package"), ids=lambda fact: fact.id)
def test_examples_of_packages(fact: DriverFact) -> None:
    assert fact.match
    for kind in fact.managers:
        for name in fact.match:
            found = driver_package(MANAGERS[kind], name)
            assert found is not None, name
            assert found.vendor == fact.vendor or name.startswith("cuda"), (name, found.id)
        for name in fact.no_match:
            found = driver_package(MANAGERS[kind], name)
            assert found is None or found.id != fact.id, name


@pytest.mark.parametrize("fact", facts("command"), ids=lambda fact: fact.id)
def test_examples_of_commands(fact: DriverFact) -> None:
    assert fact.match
    for text in fact.match:
        found = driver_command(text, shlex.split(text)[0])
        assert found is not None, text
        assert found._replace(found=None) == fact
    for text in fact.no_match:
        assert driver_command(text, shlex.split(text)[0]) is None, text


@pytest.mark.parametrize("fact", facts("path"), ids=lambda fact: fact.id)
def test_examples_of_paths(fact: DriverFact) -> None:
    assert fact.match
    assert all(driver_path(path) == fact for path in fact.match)
    assert [path for path in fact.no_match if driver_path(path)] == []


@pytest.mark.parametrize("fact", facts("stub"), ids=lambda fact: fact.id)
def test_examples_of_stubs(fact: DriverFact) -> None:
    assert fact.match
    for where in fact.where:
        assert all(stub_path(value, where) == fact for value in fact.match)  # type: ignore[arg-type]
        assert [v for v in fact.no_match if stub_path(v, where)] == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("manager", "name", "expected"),
    [
        ("apt-get", "nvidia-driver-535", "nvidia-driver-apt"),
        ("apt", "NVIDIA-SMI", "nvidia-driver-apt"),
        ("dnf", "kmod-nvidia-open-dkms", "nvidia-driver-rpm"),
        ("microdnf", "cuda-drivers", "cuda-meta-pulls-driver"),
        ("apt-get", "amdgpu-dkms", "amd-kernel-driver"),
        ("apt-get", "dkms", "dkms"),
        ("apt", "linux-image-generic", "dkms"),
        ("apt-get", "linux-modules-nvidia-535-generic", "nvidia-driver-apt"),  # the driver's come first
        ("dnf", "kernel-core", "dkms"),
        ("yum", "nvidia-container-toolkit", "container-runtime-in-image"),
        # what must be left alone
        ("apt-get", "cuda-compat-12-4", None),  # forward compatibility, in every base image
        ("apt-get", "cuda-toolkit-12-4", None),
        ("apt-get", "libnvidia-ml-dev", None),  # headers and a stub
        ("apt-get", "linux-libc-dev", None),  # headers of the C library
        ("apt-get", "linux-tools-generic", None),  # perf
        ("apt-get", "intel-opencl-icd", None),  # a user-mode driver that is meant to be there
        ("apt-get", "libdrm-amdgpu1", None),
        ("conda", "cuda", None),  # has no driver there
        ("pip", "nvidia-smi", None),
        ("apt-get", "x" * 5000, None),
    ],
)
def test_packages(manager: str, name: str, expected: str | None) -> None:
    found = driver_package(manager, name)
    assert (found.id if found else None) == expected


@pytest.mark.parametrize(
    ("name", "replacement"),
    [
        ("cuda", "cuda-toolkit"),
        ("cuda-12-4", "cuda-toolkit-12-4"),
        ("cuda-runtime-12-4", "cuda-libraries-12-4"),
        ("cuda-drivers-550", None),
    ],
)
def test_replacements(name: str, replacement: str | None) -> None:
    found = driver_package("apt-get", name)
    assert found is not None
    assert found.replacement == replacement


def test_what_only_recommends_a_driver_is_a_warning_with_a_way_out() -> None:
    found = driver_package("apt-get", "nvidia-cuda-toolkit")
    assert found is not None
    assert (found.severity, found.unless) == (Severity.WARNING, "no-recommends")


@pytest.mark.parametrize(
    ("text", "argv0", "expected"),
    [
        (
            "/opt/NVIDIA-Linux-x86_64-535.54.03.run -s",
            "/opt/NVIDIA-Linux-x86_64-535.54.03.run",
            "nvidia-runfile",
        ),
        ("/usr/bin/nvidia-smi -L", "/usr/bin/nvidia-smi", "gpu-query-at-build"),
        ("python3 -c 'import torch; torch.cuda.is_available()'", "python3", "gpu-query-at-build"),
        # only fetched, made executable, removed, looked for, printed
        ("wget https://x/NVIDIA-Linux-x86_64-535.54.03.run", "wget", None),
        ("chmod +x NVIDIA-Linux-x86_64-535.54.03.run", "chmod", None),
        ("rm NVIDIA-Linux-x86_64-535.54.03.run", "rm", None),
        ("which nvidia-smi", "which", None),
        ("echo nvidia-smi", "echo", None),
        (
            "./Ascend-cann-toolkit_8.3.RC1_linux-aarch64.run --full",
            "./Ascend-cann-toolkit_8.3.RC1_linux-aarch64.run",
            None,
        ),
        ("python3 train.py", "python3", None),
    ],
)
def test_commands(text: str, argv0: str, expected: str | None) -> None:
    found = driver_command(text, argv0)
    assert (found.id if found else None) == expected


@pytest.mark.parametrize(
    ("value", "where", "stubs"),
    [
        ("/usr/local/cuda/lib64/stubs", "env", True),
        ("/usr/local/cuda/lib64/stubs", "run", False),
        ("/usr/local/nvidia/lib64:/usr/local/Ascend/driver/lib64", "env", False),  # mount points
        ("", "env", False),
    ],
)
def test_stubs(value: str, where: Any, stubs: bool) -> None:
    assert (stub_path(value, where) is not None) is stubs


@given(st.text(max_size=200), st.text(max_size=30))
def test_never_raises(text: str, word: str) -> None:
    driver_package(word, text)
    driver_command(text, word)
    driver_path(text)
    stub_path(text)


# --- agreement with the reference tables -----------------------------------------------------------------


def test_every_vector_of_the_tables(reference: Any) -> None:
    table = yaml.safe_load((reference / "base-images.yaml").read_text("utf-8"))
    packages = {fact.id: fact for fact in facts("package")}
    assert set(packages) == {row["id"] for row in table["driver_patterns"]}
    for row in table["driver_patterns"]:
        fact = packages[row["id"]]
        assert (set(row["match"]), set(row["no_match"])) == (set(fact.match), set(fact.no_match))
        assert fact.severity == row["severity"]
        programs = {c for kind in fact.managers for c in load("drivers")["manager"][kind]}
        assert set(row["managers"]) <= programs
    commands = {fact.id: fact for fact in facts("command")}
    # the runtime's own installer is named elsewhere
    assert set(commands) - {"ascend-docker-runtime-run"} == {row["id"] for row in table["driver_commands"]}
    for row in table["driver_commands"]:
        fact = commands[row["id"]]
        assert (set(row["match"]), set(row["no_match"])) == (set(fact.match), set(fact.no_match))
        assert fact.severity == row["severity"]
    # the table has conda's folders with those of the toolkit
    split = {"conda-stubs-ld-library-path"}
    assert {fact.id for fact in facts("stub")} - split == {row["id"] for row in table["stub_rules"]}


@pytest.mark.parametrize(
    "fact",
    [f for table in ("path", "command") for f in facts(table) if f.kind == "driver"],
    ids=lambda f: f.id,
)
def test_a_fast_look_misses_nothing(fact: DriverFact) -> None:
    """The examples of files, and of commands that run one."""
    files = [text for text in fact.match if fact.argv0 is None or ".run" in text]
    assert all(map(speaks_of_drivers, files))
    assert speaks_of_drivers("$FILE")
    assert not speaks_of_drivers("requirements.txt")
