from __future__ import annotations

import re
import subprocess

import pytest

from imgtool.families import BaseImage, InheritedConfig, config, identify, system
from imgtool.families.images import Release
from imgtool.families.inherited import inherited_names
from imgtool.families.model import load, rows

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NVIDIA = "/usr/local/nvidia/lib:/usr/local/nvidia/lib64"


def known(text: str) -> BaseImage:
    base = identify(text)
    assert base is not None, text
    return base


@pytest.mark.parametrize(
    ("version", "library_path", "nvidia_bin"),
    [
        ("11.0.3", NVIDIA, True),
        ("12.8.0", NVIDIA, True),
        ("12.8.1", "/usr/local/cuda/lib64", False),
        ("12.9.1", "/usr/local/cuda/lib64", False),
        ("13.0.0", f"{NVIDIA}:/usr/local/cuda/lib64", True),
        ("13.2.1", f"{NVIDIA}:/usr/local/cuda/lib64", True),
    ],
)
def test_cuda_library_path_by_version(version: str, library_path: str, nvidia_bin: bool) -> None:
    found = config(known(f"nvidia/cuda:{version}-base-ubuntu20.04"))
    assert found.env["LD_LIBRARY_PATH"] == library_path
    front = "/usr/local/nvidia/bin:" if nvidia_bin else ""
    assert found.env["PATH"] == f"{front}/usr/local/cuda/bin:{DEFAULT_PATH}"
    assert found.env["CUDA_VERSION"] == version
    assert found.env["NVIDIA_REQUIRE_CUDA"] is None
    assert found.paths("LD_LIBRARY_PATH") == tuple(library_path.split(":"))


@pytest.mark.parametrize(
    ("text", "entrypoint", "link_path"),
    [
        ("nvidia/cuda:12.4.1-base-ubuntu22.04", (), False),
        ("nvidia/cuda:12.4.1-runtime-ubuntu22.04", ("/opt/nvidia/nvidia_entrypoint.sh",), False),
        ("nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04", ("/opt/nvidia/nvidia_entrypoint.sh",), True),
        ("nvidia/cuda:11.4.3-runtime-ubuntu20.04", None, False),  # was read without, later rebuilds were not
    ],
)
def test_cuda_config_by_flavour(text: str, entrypoint: tuple[str, ...] | None, link_path: bool) -> None:
    found = config(known(text))
    assert found.entrypoint == entrypoint
    assert ("LIBRARY_PATH" in found.env) is link_path
    assert (found.shell, found.user, found.workdir) == (("/bin/sh", "-c"), "0", "/")
    assert not found.env_complete


def test_rocm_images_set_nothing_on_ubuntu_alone() -> None:
    found = config(known("rocm/dev-ubuntu-22.04:6.3.1-complete"))
    assert found.env_complete
    assert dict(found.env) == {"PATH": DEFAULT_PATH}
    assert not config(known("rocm/dev-centos-7:6.2.4")).env_complete  # sets paths of its compiler


@pytest.mark.parametrize(
    "text",
    [
        "nvidia/cuda:13.3.1-devel-ubuntu24.04",  # newer than the data
        "nvidia/cuda:latest",
        "nvidia/cuda@sha256:" + "0" * 64,
        "quay.io/ascend/cann:9.9.0-910b-ubuntu22.04-py3.11",
        "nvcr.io/nvidia/pytorch:24.05-py3",  # nobody wrote it down
        "rocm/pytorch:latest",
    ],
)
def test_nothing_is_said_of_what_is_not_known(text: str) -> None:
    assert config(known(text)) == InheritedConfig()


@pytest.mark.parametrize(
    ("version", "home", "atb", "entrypoint_has"),
    [
        ("8.1.rc1", "/usr/local/Ascend/ascend-toolkit/latest", "cxx_abi_0", "ascend-toolkit/set_env.sh"),
        ("8.3.rc2", "/usr/local/Ascend/ascend-toolkit/latest", "cxx_abi_0", "nnal/atb/set_env.sh"),
        ("8.5.2", "/usr/local/Ascend/cann-8.5.2", "cxx_abi_1", "cann-8.5.2/share/info/ascendnpu-ir"),
        ("9.0.0", "/usr/local/Ascend/cann-9.0.0", "cxx_abi_1", "cann-9.0.0/share/info/ascendnpu-ir"),
        ("9.0.1", "/usr/local/Ascend/cann-9.0.1", "cxx_abi_1", "--cxx_abi=${ATB_CXX_ABI:-1}"),
    ],
)
def test_cann_config_by_version(version: str, home: str, atb: str, entrypoint_has: str) -> None:
    found = config(known(f"quay.io/ascend/cann:{version}-910b-ubuntu22.04-py3.11"))
    assert found.shell == ("/bin/bash", "-c")
    assert found.env["ASCEND_HOME_PATH"] == home
    assert found.env["ASCEND_OPP_PATH"] == f"{home}/opp"
    assert (found.env["ATB_HOME_PATH"] or "").endswith(atb)
    assert f"{home}/lib64" in found.paths("LD_LIBRARY_PATH")
    assert any(
        p.rstrip("/") == "/usr/local/Ascend/driver/lib64/driver" for p in found.paths("LD_LIBRARY_PATH")
    )
    assert found.entrypoint is not None
    assert entrypoint_has in found.entrypoint[2]
    assert found.env["PATH"] is None
    assert found.paths("PATH")


def test_cann_8_0_0_has_no_entrypoint() -> None:
    assert config(known("ascendai/cann:8.0.0-910b-ubuntu22.04-py3.10")).entrypoint == ()


def test_a_cann_image_whose_file_changed_has_names_only() -> None:
    found = config(known("quay.io/ascend/cann:8.5.0-910b-ubuntu22.04-py3.11"))
    assert found.env["ASCEND_HOME_PATH"] is None
    assert found.shell == ("/bin/bash", "-c")


@pytest.mark.parametrize(
    ("version", "stubs"), [("8.5.1", False), ("8.5.2", True), ("9.0.0-beta.2", True), ("9.0.0", False)]
)
def test_cann_images_that_put_stubs_on_the_path_themselves(version: str, stubs: bool) -> None:
    found = config(known(f"quay.io/ascend/cann:{version}-910b-ubuntu22.04-py3.11"))
    assert any(path.endswith("/devlib") for path in found.paths("LD_LIBRARY_PATH")) is stubs


def test_cann_devel_changes_folder_and_user_variable() -> None:
    found = config(known("quay.io/ascend/cann:9.0.0-910b-ubuntu22.04-py3.11-devel"))
    assert (found.workdir, found.env["USER"]) == ("/opt", "root")


@pytest.mark.parametrize(
    ("text", "path", "complete"),
    [
        ("debian:bookworm", DEFAULT_PATH, True),
        ("ubuntu:22.04", DEFAULT_PATH, True),
        ("alpine", DEFAULT_PATH, True),
        ("openeuler/openeuler:24.03-lts", DEFAULT_PATH, True),
        ("registry.access.redhat.com/ubi9/ubi", DEFAULT_PATH, False),
        ("python:3.11-slim", f"/usr/local/bin:{DEFAULT_PATH}", False),
    ],
)
def test_plain_bases(text: str, path: str, complete: bool) -> None:
    found = config(known(text))
    assert found.env["PATH"] == path
    assert found.env_complete is complete
    assert (found.shell, found.user, found.workdir, found.entrypoint) == (("/bin/sh", "-c"), "0", "/", ())


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("python:3.11", "C.UTF-8"),
        ("python:3.12.6-slim", "C.UTF-8"),
        ("python:3.13", None),
        ("python:3.5", None),
    ],
)
def test_python_language_variable(text: str, lang: str | None) -> None:
    assert config(known(text)).env.get("LANG") == lang


def test_a_windows_image_has_no_posix_config() -> None:
    assert config(known("python:3.12-windowsservercore-ltsc2022")) == InheritedConfig()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ubuntu:24.04", "dash apt glibc"),
        ("debian:sid-slim", "dash apt glibc"),
        ("nvidia/cuda:13.3.1-devel-ubuntu24.04", "dash apt glibc"),  # the tag names its system
        ("nvidia/cuda:12.4.1-devel-rockylinux9", "bash dnf yum glibc"),
        ("nvidia/cuda:11.8.0-devel-centos7", "bash yum glibc"),
        ("nvidia/cuda:12.9.1-devel-azl3", "bash tdnf glibc"),
        ("nvidia/cuda:12.9.1-devel-amzn2023", "bash dnf glibc"),
        ("quay.io/ascend/cann:8.5.0-910b-openeuler24.03-py3.11", "bash dnf yum glibc"),
        ("python:3.12-alpine", "busybox apk musl"),
        ("registry.access.redhat.com/ubi9/ubi-minimal", "bash microdnf glibc"),
        ("registry.access.redhat.com/ubi9/ubi-micro", "bash  glibc"),
        ("registry.access.redhat.com/ubi7/ubi", "bash yum glibc"),
        ("opensuse/tumbleweed", "bash zypper glibc"),
    ],
)
def test_system(text: str, expected: str) -> None:
    found = system(known(text))
    assert found is not None
    assert f"{found.sh} {' '.join(found.managers)} {found.libc}" == expected


@pytest.mark.parametrize(
    "text", ["nvidia/cuda:latest", "rocm/pytorch", "python:3.12-windowsservercore", "centos"]
)
def test_no_system(text: str) -> None:
    assert system(known(text)) is None


def test_every_listed_release_has_a_config() -> None:
    for release in rows("cuda", "release", Release):
        for os in set(release.os) - set(release.unconfirmed):
            found = config(known(f"nvidia/cuda:{release.version}-runtime-{os}"))
            assert found.env["LD_LIBRARY_PATH"], (release.version, os)
            assert system(known(f"nvidia/cuda:{release.version}-runtime-{os}")), os


def test_code_names_lead_to_systems_that_are_described() -> None:
    described = {row["id"] for row in load("systems")["system"]}
    assert {name for name, _ in load("index")["release"].values()} <= described
    assert set(load("index")["system"].values()) <= {*described, "windows"}


@pytest.mark.engine
@pytest.mark.parametrize("image", ["debian:bookworm", "ubuntu:22.04"])
def test_sh_is_what_the_data_says(image: str) -> None:
    command = ["docker", "run", "--rm", image, "readlink", "-f", "/bin/sh"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        pytest.skip(f"{image} is not on this engine")
    found = system(known(image))
    assert found is not None
    assert re.fullmatch(r".*/(\w+)", done.stdout.strip())[1] == found.sh  # type: ignore[index]


def test_names_that_some_image_hands_down() -> None:
    names = inherited_names()
    assert {"LD_LIBRARY_PATH", "CUDA_VERSION", "PYTHON_VERSION", "ASCEND_TOOLKIT_HOME", "PATH"} <= names
    assert not {"TARGETARCH", "VERSION"} & names
