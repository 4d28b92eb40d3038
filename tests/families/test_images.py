from __future__ import annotations

import re
import string
from itertools import product
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from imgtool.families import (
    canonical,
    flavour_token,
    identify,
    installs_driver,
    parse_reference,
    sibling,
    swap,
    toolchain,
)
from imgtool.families.images import BaseImage, Image, Release, Swap, listed, platform_of, releases_of
from imgtool.families.model import load, rows

SHA = "sha256:" + "0123456789abcdef" * 4


def known(text: str) -> BaseImage:
    base = identify(text)
    assert base is not None, text
    return base


# --- which image -----------------------------------------------------------------------------------------


EXAMPLES = [
    ("nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04", "nvidia-cuda cuda 12.4.1 devel cudnn ubuntu 22.04"),
    ("nvcr.io/nvidia/cuda:13.0.2-runtime-rockylinux9", "nvidia-cuda cuda 13.0.2 runtime - rockylinux 9"),
    ("nvidia/cuda:12.9.1-base-amzn2023", "nvidia-cuda cuda 12.9.1 base - amazonlinux 2023"),
    ("nvidia/cuda:10.0-base", "nvidia-cuda cuda 10.0 base - - -"),
    ("nvidia/cuda:9.0-cudnn7-devel-ubuntu16.04", "nvidia-cuda cuda 9.0 devel cudnn7 ubuntu 16.04"),
    ("nvidia/cuda:latest", "nvidia-cuda cuda - - - - -"),
    ("nvidia/cuda", "nvidia-cuda cuda - - - - -"),
    (f"nvidia/cuda@{SHA}", "nvidia-cuda cuda - - - - -"),
    (
        "m.daocloud.io/docker.io/nvidia/cuda:11.8.0-devel-ubuntu22.04",
        "nvidia-cuda cuda 11.8.0 devel - ubuntu 22.04",
    ),
    ("nvidia/cuda-arm64:11.4.1-base-ubuntu20.04", "nvidia-cuda-arch cuda 11.4.1 base - ubuntu 20.04"),
    (
        "ghcr.io/pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime",
        "pytorch-pytorch cuda 2.5.1 runtime - ubuntu -",
    ),
    ("nvcr.io/nvidia/pytorch:24.05-py3", "ngc-pytorch cuda 24.05 - - ubuntu -"),
    (
        "nvcr.io/nvidia/cuda-dl-base:25.06-cuda12.9-devel-ubuntu24.04",
        "ngc-cuda-dl-base cuda 25.06 devel - ubuntu 24.04",
    ),
    ("vllm/vllm-openai:v0.11.0", "vllm-openai cuda v0.11.0 - - ubuntu -"),
    ("lmsysorg/sglang:v0.4.6.post5-cu124", "sglang cuda v0.4.6.post5 - - - -"),
    ("ascendai/cann:8.1.rc1-910b-ubuntu22.04-py3.10", "ascend-cann cann 8.1.rc1 plain - ubuntu 22.04"),
    (
        "quay.io/ascend/cann:9.0.0-a3-openeuler24.03-py3.11-devel",
        "ascend-cann cann 9.0.0 devel - openeuler 24.03",
    ),
    ("quay.io/ascend/cann:8.3.RC1-910b-ubuntu22.04-py3.11", "ascend-cann cann 8.3.rc1 plain - ubuntu 22.04"),
    ("quay.io/ascend/cann:latest", "ascend-cann cann - - - ubuntu 22.04"),
    ("quay.io/ascend/cann:8.5.0", "ascend-cann cann 8.5.0 - - ubuntu 22.04"),
    ("ascendai/cann:910b-ubuntu2004", "ascend-cann cann - - - - -"),
    ("quay.io/ascend/vllm-ascend:v0.11.0rc1-310p-openeuler", "vllm-ascend cann v0.11.0rc1 - - openeuler -"),
    ("rocm/dev-ubuntu-22.04:6.4-complete", "rocm-dev rocm 6.4 complete - ubuntu 22.04"),
    ("rocm/pytorch:latest", "rocm-apps rocm - - - - -"),
    (
        "intel/oneapi-basekit:2025.0.1-0-devel-ubuntu22.04",
        "intel-oneapi oneapi 2025.0.1-0 devel - ubuntu 22.04",
    ),
    (
        "mthreads/musa:rc4.3.0-mudnn-devel-ubuntu22.04-amd64",
        "mthreads-musa musa rc4.3.0 devel mudnn ubuntu 22.04",
    ),
    (
        "vault.habana.ai/gaudi-docker/1.20.1/ubuntu22.04/habanalabs/pytorch-installer-2.6.0:latest",
        "habana-gaudi gaudi 1.20.1 - - ubuntu 22.04",
    ),
    ("debian:bookworm-20260623-slim", "debian - 12 slim - debian 12"),
    ("debian:12.5", "debian - 12 plain - debian 12"),
    ("debian:sid-slim", "debian - - slim - debian -"),
    ("ubuntu", "ubuntu - - - - ubuntu -"),
    ("ubuntu:jammy-20260731.1", "ubuntu - 22.04 - - ubuntu 22.04"),
    ("arm64v8/ubuntu:22.04", "ubuntu - 22.04 - - ubuntu 22.04"),
    ("quay.io/lib/ubuntu:22.04", "ubuntu - 22.04 - - ubuntu 22.04"),
    ("python:3.11", "python - 3.11 plain - debian -"),
    ("public.ecr.aws/docker/library/python:3.11-slim-bookworm", "python - 3.11 slim - debian 12"),
    ("python:3.12.6-alpine3.20", "python - 3.12.6 - - alpine 3.20"),
    ("python:3.12-windowsservercore-ltsc2022", "python - 3.12 - - windows -"),
    ("python:slim", "python - - - - debian -"),
    ("node:20-bookworm-slim", "official-debian-based - 20 - - debian 12"),
    ("node:lts-buster-slim", "official-debian-based - - - - debian 10"),
    ("buildpack-deps:trixie-scm", "official-debian-based - - - - debian 13"),
    ("php:8.2-fpm-alpine", "official-debian-based - - - - alpine -"),
    ("golang:1.26.5-alpine", "official-debian-based - - - - alpine -"),
    ("golang:1.26-bookworm", "official-debian-based - 1.26 - - debian 12"),
    ("alpine:3.21", "alpine - 3.21 - - alpine 3.21"),
    ("openeuler/openeuler:24.03-lts-sp4", "openeuler - 24.03 - - openeuler 24.03"),
    ("registry.access.redhat.com/ubi9/ubi-minimal:9.4", "ubi-minimal - 9 - - ubi 9"),
    ("centos:7", "enterprise-linux - 7 - - centos 7"),
    ("quay.io/centos/centos:stream9", "enterprise-linux - 9 - - centos 9"),
    ("almalinux:9-minimal", "enterprise-linux-minimal - 9 - - almalinux 9"),
    ("oraclelinux:8-slim", "oraclelinux-slim - 8 - - oraclelinux 8"),
    ("nvcr.io/nvidia/nvhpc:24.11-devel-cuda_multi-ubuntu22.04", "ngc-nvhpc cuda 24.11 devel - ubuntu 22.04"),
    ("nvcr.io/nvidia/l4t-cuda:11.4.19-runtime", "ngc-l4t-cuda cuda 11.4.19 runtime - ubuntu -"),
    ("nvcr.io/nvidia/tritonserver:25.06-trtllm-python-py3", "ngc-tritonserver cuda 25.06 - - ubuntu -"),
    ("nvcr.io/nvidia/driver:550.54.15-ubuntu22.04", "nvidia-driver-container cuda - - - - -"),
    ("tensorflow/tensorflow:2.16.1-gpu-jupyter", "tensorflow-tensorflow cuda 2.16.1 jupyter - ubuntu -"),
    ("tensorflow/serving:2.16.1-devel-gpu", "tensorflow-serving cuda 2.16.1 devel - ubuntu -"),
    ("nvcr.io/nvidia/rapidsai/base:25.02-cuda12-py3.11", "rapids cuda 25.02 base - - -"),
    ("gpuci/rapidsai:22.08-cuda11.5-devel-centos8-py3.9", "rapids-ci cuda 22.08 devel - centos 8"),
    ("nvidia/cudagl:11.4.2-devel-ubuntu20.04", "cudagl-opengl cuda 11.4.2 devel - ubuntu 20.04"),
    ("openeuler/cuda:11.8.0-cudnn8.9.0-oe2203lts", "openeuler-cuda cuda 11.8.0 - - openeuler 2203lts"),
    (
        "quay.io/ascend/manylinux:8.5.0-910b-manylinux_2_28-py3.11",
        "ascend-manylinux cann 8.5.0 manylinux - - -",
    ),
    (
        "quay.io/ascend/torch-npu:2.9.0.post2-cann9.0.0-a3-ubuntu22.04-py3.11",
        "ascend-torch-npu cann 2.9.0.post2 - - ubuntu 22.04",
    ),
    (
        "swr.cn-south-1.myhuaweicloud.com/ascendhub/mindie:2.1.RC2-800I-A2-py311-openeuler24.03-lts",
        "ascendhub-mindie cann 2.1.rc2 - - - -",
    ),
    ("ascendhub.huawei.com/public-ascendhub/ascend-toolkit:23.0.0", "ascendhub-legacy cann - toolkit - - -"),
    (
        "openeuler/cann:cann7.0.RC1.alpha002-oe2203sp2",
        "openeuler-cann cann 7.0.rc1.alpha002 - - openeuler 2203sp2",
    ),
    (
        "intel/oneapi-runtime:2025.0.1-0-devel-ubuntu22.04",
        "intel-oneapi-runtime oneapi 2025.0.1-0 - - ubuntu 22.04",
    ),
    (
        "cr.metax-tech.com/public-ai-release/maca/vllm:maca.ai3.1.0.7-torch2.6-py310-ubuntu22.04-amd64",
        "metax-maca maca 3.1.0.7 - - ubuntu 22.04",
    ),
    (
        "cambricon-base/pytorch:v24.04-torch2.3.0-catch1.20.0-ubuntu22.04-py310_20240830",
        "cambricon neuware 24.04 - - ubuntu 22.04",
    ),
    ("harbor.iluvatar.com.cn:30000/saas/bi150:v1.0", "iluvatar-corex corex - - - - -"),
    (
        "image.sourcefind.cn:5000/dcu/admin/base/pytorch:1.13.1-centos7.6-dtk23.10-py38",
        "hygon-dcu dtk 1.13.1 - - centos 7.6",
    ),
    ("openeuler/python:3.11.13-oe2403lts", "openeuler-apps - 3.11.13 - - openeuler 2403lts"),
    ("registry.access.redhat.com/ubi7/ubi:latest", "ubi - 7 - - ubi 7"),
    ("registry.access.redhat.com/ubi9-micro", "ubi-micro - 9 - - ubi 9"),
    ("redhat/ubi9:9.4", "ubi-hub - 9 - - ubi 9"),
    ("fedora:44", "fedora - 44 - - fedora 44"),
    ("amazonlinux:2023", "amazonlinux - 2023 - - amazonlinux 2023"),
    ("oraclelinux:8.9", "oraclelinux - 8 - - oraclelinux 8"),
    ("opensuse/leap:15.6", "opensuse - 15.6 - - opensuse 15.6"),
]


@pytest.mark.parametrize(("text", "expected"), EXAMPLES)
def test_identify(text: str, expected: str) -> None:
    b = known(text)
    found = (b.family, b.accelerator, b.version, b.flavour, b.addon, b.os, b.os_version)
    assert " ".join(part or "-" for part in found) == expected


@pytest.mark.parametrize(
    "text",
    [
        "myregistry/nvidia-cuda:12",  # another repository
        "example.com/nvidia/cuda:12.1.0-devel-ubuntu22.04",  # a private registry may serve anything
        "nvidia/cuda-extra:1",
        "scratch",
        "builder",
        "Nvidia/Cuda:1",
        "nvidia/cuda:${V}-devel",
        "",
    ],
)
def test_not_ours(text: str) -> None:
    assert identify(text) is None


@pytest.mark.parametrize(
    ("text", "is_known"),
    [
        ("nvidia/cuda:12.1.0-devel-ubuntu22.04", True),
        ("nvidia/cuda:12.1.0-devel-ubuntu24.04", False),  # no such system for that version
        ("nvidia/cuda:12.4.1-cudnn8-devel-ubuntu22.04", False),  # the token is cudnn from 12.4.1 on
        ("nvidia/cuda:12.4.0-cudnn-devel-ubuntu22.04", False),  # a version without cuDNN
        ("nvidia/cuda:13.3.1-devel-ubuntu24.04", False),  # newer than the data
        ("nvidia/cuda:13.2.1-base-suse16", False),  # a folder, no published tag seen
        ("nvidia/cuda:10.2-devel-ubuntu18.04", False),
        ("nvidia/cuda:latest", False),
        ("quay.io/ascend/cann:8.5.0-910b-ubuntu22.04-py3.11-devel", False),  # -devel exists from 9.0.0 on
        ("quay.io/ascend/cann:9.0.0-910b-ubuntu22.04-py3.11-devel", True),
        ("quay.io/ascend/cann:9.5.0-910b-ubuntu22.04-py3.11", False),
        ("pytorch/pytorch:2.5.1-cuda12.4-cudnn9-devel", True),  # no versions are listed: the grammar decides
        ("pytorch/pytorch:whatever", False),
        ("debian:bookworm", True),
        ("debian:forky", False),
        ("rocm/pytorch:latest", True),
    ],
)
def test_known(text: str, is_known: bool) -> None:
    assert known(text).known is is_known


def test_a_tag_newer_than_the_data_is_not_denied() -> None:
    assert listed(known("nvidia/cuda:13.3.1-devel-ubuntu24.04")) is None
    assert listed(known("nvidia/cuda:12.1.0-devel-ubuntu24.04")) is False


def test_examples_of_the_data_match_their_grammar() -> None:
    found = 0
    for file in load("index")["files"]:
        for image in rows(file, "image", Image):
            for tag in image.match:
                found += 1
                assert any(re.fullmatch(pattern, tag) for pattern in image.tags), (image.id, tag)
    assert found >= 10


def test_every_family_has_an_example() -> None:
    families = {image.id for file in load("index")["files"] for image in rows(file, "image", Image)}
    assert {known(text).family for text, _ in EXAMPLES} == families


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("docker.m.daocloud.io/library/python", "docker.io/library/python"),
        ("docker.1ms.run/intel/x", "docker.io/intel/x"),
        ("docker.1ms.run/python", "docker.io/library/python"),
        ("m.daocloud.io/quay.io/ascend/cann", "quay.io/ascend/cann"),
        ("quay.nju.edu.cn/ascend/cann", "quay.io/ascend/cann"),
        ("mirror.gcr.io/library/debian", "docker.io/library/debian"),
        ("docker.io/ppc64le/debian", "docker.io/library/debian"),
        ("example.com/nvidia/cuda", "example.com/nvidia/cuda"),
    ],
)
def test_canonical(name: str, expected: str) -> None:
    assert canonical(name) == expected


# --- flavours --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "flavour", "expected"),
    [
        ("nvidia/cuda:12.1.0-devel-ubuntu22.04", "runtime", "nvidia/cuda:12.1.0-runtime-ubuntu22.04"),
        ("nvidia/cuda:12.1.0-devel-ubuntu22.04", "base", "nvidia/cuda:12.1.0-base-ubuntu22.04"),
        (
            "nvidia/cuda:12.1.1-cudnn8-devel-ubuntu22.04",
            "runtime",
            "nvidia/cuda:12.1.1-cudnn8-runtime-ubuntu22.04",
        ),
        ("nvidia/cuda:12.1.1-cudnn8-devel-ubuntu22.04", "base", "nvidia/cuda:12.1.1-base-ubuntu22.04"),
        ("nvidia/cuda:12.1.1-runtime-ubuntu22.04", "devel", "nvidia/cuda:12.1.1-devel-ubuntu22.04"),
        (
            "docker.m.daocloud.io/nvidia/cuda:12.1.1-devel-ubi8",
            "runtime",
            "docker.m.daocloud.io/nvidia/cuda:12.1.1-runtime-ubi8",
        ),
        ("nvidia/cuda:13.3.1-devel-ubuntu24.04", "runtime", "nvidia/cuda:13.3.1-runtime-ubuntu24.04"),
        ("nvidia/cuda:10.0-cudnn7-devel", "runtime", "nvidia/cuda:10.0-cudnn7-runtime"),
        (
            "pytorch/pytorch:2.5.1-cuda12.4-cudnn9-devel",
            "runtime",
            "pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime",
        ),
        (
            "nvcr.io/nvidia/nvhpc:24.11-devel-cuda11.8-ubuntu22.04",
            "runtime",
            "nvcr.io/nvidia/nvhpc:24.11-runtime-cuda11.8-ubuntu22.04",
        ),
        ("nvcr.io/nvidia/l4t-cuda:12.2.12-devel", "runtime", "nvcr.io/nvidia/l4t-cuda:12.2.12-runtime"),
        ("tensorflow/serving:2.16.1-devel-gpu", "plain", "tensorflow/serving:2.16.1-gpu"),
        ("tensorflow/tensorflow:2.16.1-gpu-jupyter", "plain", "tensorflow/tensorflow:2.16.1-gpu"),
        ("rapidsai/notebooks:25.02-cuda12-py3.11", "base", "rapidsai/base:25.02-cuda12-py3.11"),
        (
            "mthreads/musa:rc4.3.0-mudnn-devel-ubuntu22.04-amd64",
            "runtime",
            "mthreads/musa:rc4.3.0-mudnn-runtime-ubuntu22.04-amd64",
        ),
        (
            "quay.io/ascend/cann:9.0.0-910b-ubuntu22.04-py3.11-devel",
            "plain",
            "quay.io/ascend/cann:9.0.0-910b-ubuntu22.04-py3.11",
        ),
        ("rocm/dev-ubuntu-22.04:6.4-complete", "plain", "rocm/dev-ubuntu-22.04:6.4"),
        (
            "gpuci/rapidsai:22.08-cuda11.5-devel-centos8-py3.9",
            "runtime",
            "gpuci/rapidsai:22.08-cuda11.5-runtime-centos8-py3.9",
        ),
        ("python:3.11", "slim", "python:3.11-slim"),
        ("python:3.11-bookworm", "slim", "python:3.11-slim-bookworm"),
        ("debian:bookworm-slim", "plain", "debian:bookworm"),
        # none
        ("nvidia/cuda:12.4.1-cudnn8-devel-ubuntu22.04", "runtime", None),  # no such tag: the token is cudnn
        ("nvidia/cuda:12.1.0-devel-ubuntu24.04", "runtime", None),  # the data says there is no such system
        (f"nvidia/cuda:12.1.0-devel-ubuntu22.04@{SHA}", "runtime", None),  # pinned
        ("nvidia/cuda:latest", "runtime", None),
        ("nvidia/cuda:12.1.0-devel-ubuntu22.04", "slim", None),
        (
            "nvcr.io/nvidia/nvhpc:24.11-devel-cuda_multi-ubuntu22.04",
            "runtime",
            None,
        ),  # which CUDA is not said
        ("quay.io/ascend/cann:8.5.0-910b-ubuntu22.04-py3.11", "devel", None),
        (
            "intel/oneapi-basekit:2025.0.1-0-devel-ubuntu22.04",
            "runtime",
            None,
        ),  # another repository, other tags
        ("rapidsai/rapidsai-core-dev:21.10-cuda11.0-devel-ubuntu18.04-py3.7", "runtime", None),  # not there
        ("lmsysorg/sglang:v0.4.6", "runtime", None),  # published for some tags only
        ("nvcr.io/nvidia/pytorch:24.05-py3", "runtime", None),
        ("python", "slim", None),  # no tag to change
    ],
)
def test_sibling(text: str, flavour: str, expected: str | None) -> None:
    assert sibling(known(text), flavour) == expected


@pytest.mark.parametrize(
    ("text", "flavour", "expected"),
    [
        ("nvidia/cuda:12.1.1-cudnn8-devel-ubuntu22.04", "runtime", Swap("devel", "runtime")),
        ("nvidia/cuda:12.1.1-cudnn8-devel-ubuntu22.04", "base", Swap("cudnn8-devel", "base")),
        ("quay.io/ascend/cann:9.0.0-910b-ubuntu22.04-py3.11-devel", "plain", Swap("-devel", "")),
        ("python:3.11", "slim", None),  # nothing stands where -slim would
        ("nvidia/cuda:latest", "runtime", None),
    ],
)
def test_swap(text: str, flavour: str, expected: Swap | None) -> None:
    assert swap(known(text), flavour) == expected


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("nvidia/cuda:12.1.0-devel-ubuntu22.04", "devel"),
        ("python:3.11-slim", "-slim"),
        ("python:3.11", ""),
        ("nvidia/cuda:latest", None),
        ("nvcr.io/nvidia/pytorch:24.05-py3", None),
    ],
)
def test_flavour_token(text: str, token: str | None) -> None:
    assert flavour_token(known(text)) == token


@pytest.mark.parametrize(
    ("text", "sibling_text"),
    [
        ("nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04", "nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04"),
        ("nvidia/cuda:13.3.1-devel-ubuntu24.04", "nvidia/cuda:13.3.1-runtime-ubuntu24.04"),
        ("pytorch/pytorch:2.5.1-cuda12.4-cudnn9-devel", "pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime"),
        ("nvidia/cudagl:11.4.2-devel-ubuntu20.04", "nvidia/cudagl:11.4.2-runtime-ubuntu20.04"),
        ("nvcr.io/nvidia/nvhpc:24.11-devel-cuda_multi-ubuntu22.04", None),
        ("intel/deep-learning-essentials:2025.0.2-0-devel-ubuntu22.04", None),
        ("quay.io/ascend/manylinux:8.5.0-910b-manylinux_2_28-py3.11", None),
        (
            "quay.io/ascend/cann:9.0.1-a3-ubuntu22.04-py3.12-devel",
            "quay.io/ascend/cann:9.0.1-a3-ubuntu22.04-py3.12",
        ),
        ("rocm/dev-ubuntu-22.04:6.4", None),
    ],
)
def test_toolchain(text: str, sibling_text: str | None) -> None:
    found = toolchain(known(text))
    assert found is not None
    assert found.sibling == sibling_text
    assert found.why
    assert found.source


@pytest.mark.parametrize(
    ("text", "built_on"),
    [
        ("nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04", True),
        ("quay.io/ascend/cann:9.0.1-a3-ubuntu22.04-py3.12-devel", True),
        ("pytorch/pytorch:2.5.1-cuda12.4-cudnn9-devel", False),  # a sibling, built apart
        (
            "nvcr.io/nvidia/cuda-dl-base:25.06-cuda12.9-devel-ubuntu24.04",
            False,
        ),  # nobody read how it is built
    ],
)
def test_whether_an_image_is_built_on_its_sibling(text: str, built_on: bool) -> None:
    found = toolchain(known(text))
    assert found is not None
    assert found.built_on is built_on


@pytest.mark.parametrize(
    "text",
    [
        "nvidia/cuda:12.4.1-runtime-ubuntu22.04",
        "nvidia/cuda:12.4.1-base-ubuntu22.04",
        "quay.io/ascend/cann:8.5.0-910b-ubuntu22.04-py3.11",  # holds the toolkit, but nothing smaller is published
        "quay.io/ascend/cann:9.0.0-910b-ubuntu22.04-py3.11",
        "nvcr.io/nvidia/pytorch:24.05-py3",
        "intel/oneapi-runtime:2025.0.1-0-devel-ubuntu22.04",  # a runtime image whatever its tag says
        "python:3.11",
    ],
)
def test_not_a_toolchain(text: str) -> None:
    assert toolchain(known(text)) is None


def test_driver_containers_may_install_a_driver() -> None:
    assert installs_driver(known("nvcr.io/nvidia/driver:550.54.15-ubuntu22.04"))
    assert not installs_driver(known("nvidia/cuda:12.4.1-base-ubuntu22.04"))


# --- properties ------------------------------------------------------------------------------------------

PIECES = (
    "nvidia/",
    "cuda",
    ":",
    "12.4.1",
    "-devel",
    "-cudnn",
    "-ubuntu22.04",
    "@",
    SHA,
    "quay.io/ascend/",
    "cann",
    "$",
)


@given(st.text(max_size=80) | st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_identify_never_raises(text: str) -> None:
    base = identify(text)
    assert base is None or parse_reference(text) is not None


release = st.sampled_from(releases_of(known("nvidia/cuda:12.4.1-base-ubuntu22.04")))


@given(release, st.data())
def test_flavours_come_back(row: Release, data: st.DataObject) -> None:
    system = data.draw(st.sampled_from([os for os in row.os if os not in row.unconfirmed]))
    addons = [addon for addon, missing in row.addons.items() if system not in missing]
    addon = data.draw(st.sampled_from(["", *(f"{addon}-" for addon in addons)]))
    text = f"nvidia/cuda:{row.version}-{addon}devel-{system}"
    runtime = sibling(known(text), "runtime")
    assert runtime is not None
    assert known(runtime).known
    assert sibling(known(runtime), "devel") == text
    base = sibling(known(text), "base")
    assert base is not None
    assert known(base).known


@given(st.text(string.ascii_lowercase + string.digits + "-_.", max_size=60))
def test_any_tag_of_a_family_is_of_the_family(tag: str) -> None:
    base = identify(f"nvidia/cuda:v{tag}")
    assert base is None or base.family == "nvidia-cuda"


# --- real files ------------------------------------------------------------------------------------------


def final_bases(row: dict[str, Any]) -> list[str]:
    return [base for base in row.get("bases") or () if "$" not in base]


@pytest.mark.corpus
def test_every_cuda_and_cann_reference_of_the_corpus(corpus_rows: list[dict[str, Any]]) -> None:
    literal = {base for row in corpus_rows for base in final_bases(row)}
    ours = {b for b in literal if re.search(r"(?:^|/)(?:nvidia/cuda|cann|ascendhub)(?:[:@/-]|$)", b)}
    assert len(ours) > 70
    assert [b for b in ours if identify(b) is None] == []
    odd = {
        b
        for b in ours
        if (base := identify(b)) and not base.flavour and base.family in ("nvidia-cuda", "ascend-cann")
    }
    # a digest says nothing, and one tag follows no grammar that was ever documented
    assert {b for b in odd if "@" not in b} == {"ascendai/cann:910b-ubuntu2004"}


@pytest.mark.corpus
def test_devel_is_what_the_corpus_calls_devel(corpus_rows: list[dict[str, Any]]) -> None:
    literal = {base for row in corpus_rows for base in final_bases(row)}
    for text in literal:
        base = identify(text)
        if base is not None and base.family in ("nvidia-cuda", "pytorch-pytorch"):
            assert bool(toolchain(base)) == ("-devel" in text), text


# --- agreement with the reference tables -----------------------------------------------------------------


@pytest.fixture(scope="session")
def tables(reference: Any) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((reference / "base-images.yaml").read_text("utf-8"))
    return found


def test_same_releases(tables: dict[str, Any]) -> None:
    theirs = {f["id"]: f for f in tables["families"]}["nvidia-cuda"]["versions"]
    ours = {r.version: r for r in releases_of(known("nvidia/cuda:12.4.1-base-ubuntu22.04"))}
    assert set(ours) == {row["version"] for row in theirs}
    for row in theirs:
        release = ours[row["version"]]
        assert set(release.os) == set(row["os"])
        lacking = row.get("nccl_missing_os", [])
        assert set(release.lacks.get("nccl", ())) == ({"*"} if lacking == "all" else set(lacking))
        assert set(release.unread.get("nccl", ())) == set(row.get("nccl_unread_os", []))
        token = row.get("cudnn_token")
        assert (token in release.addons) if token else not any("cudnn" in addon for addon in release.addons)
        if token:
            assert set(release.addons[token]) == set(row.get("cudnn_missing_os", []))
        assert ("supported" in row["status"].split("+")) == (release.status != "unsupported")


def test_every_listed_image_has_its_siblings(tables: dict[str, Any]) -> None:
    family = {f["id"]: f for f in tables["families"]}["nvidia-cuda"]
    checked = 0
    for row in family["versions"]:
        for system, addon in product(row["os"], ("", row.get("cudnn_token"))):
            if addon is None or system in ("opensuse15", "suse16"):
                continue
            there = not addon or system not in row.get("cudnn_missing_os", [])
            base = known(f"nvidia/cuda:{row['version']}-{addon + '-' if addon else ''}devel-{system}")
            assert base.known is there
            assert (sibling(base, "runtime") is not None) is there
            assert sibling(base, "base") == f"nvidia/cuda:{row['version']}-base-{system}"
            checked += 1
    assert checked > 500


def test_same_families_for_the_references_of_the_corpus(
    tables: dict[str, Any], corpus_rows: list[dict[str, Any]]
) -> None:
    """Wherever a table's repository and tag match, our family is the one of the same name."""
    renamed = {"intel-oneapi": {"intel-oneapi", "intel-oneapi-runtime"}}
    seen = 0
    for text in sorted({base for row in corpus_rows for base in final_bases(row)}):
        ref = parse_reference(text)
        if ref is None:
            continue
        name, tag = text.removesuffix(f":{ref.tag}"), ref.tag or "latest"
        for family in tables["families"]:
            grammar = family.get("tag_regex", ".*")
            if re.search(family["repo_regex"], name) and re.search(grammar, tag):
                base = known(text)
                assert base.family in renamed.get(family["id"], {family["id"]}), text
                seen += 1
    assert seen > 130


def test_same_cann_versions(tables: dict[str, Any]) -> None:
    family = {f["id"]: f for f in tables["families"]}["ascend-cann"]
    seen = {version.split()[0] for version in family["versions_seen"]}
    ours = {r.version for r in releases_of(known("quay.io/ascend/cann:latest"))}
    assert seen <= ours
    devel = {r.version for r in releases_of(known("quay.io/ascend/cann:latest")) if "devel" in r.flavours}
    assert devel == set(family["counts"]["devel_versions"])


@pytest.mark.parametrize(
    "text, platform",
    [
        ("arm64v8/debian:12", ("linux", "arm64")),
        ("docker.io/amd64/ubuntu:22.04", ("linux", "amd64")),
        ("debian:12", ("linux", None)),
        ("python:3.12-windowsservercore", ("windows", None)),
        # there are both
        ("python:3.12", (None, None)),
        ("python:3.12-bookworm", ("linux", None)),
        ("example.com/arm64v8/x", (None, None)),
        ("Debian", (None, None)),
    ],
)
def test_platform_of(text: str, platform: tuple[str | None, str | None]) -> None:
    assert platform_of(text) == platform
