"""What a final stage stands on, for every listed tag, for unlisted ones, and for what the user chooses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from imgtool.edits import Span
from imgtool.facts.facts import FactOptions, Facts
from imgtool.families import identify
from imgtool.families.images import Release, releases_of
from imgtool.rewrite.bases import Runtime, runtime_of
from imgtool.rewrite.needs import Needs
from imgtool.rewrite.refusal import RefusedError
from imgtool.syntax import parse

DEVEL = "nvidia/cuda:12.1.0-devel-ubuntu22.04"
CANN = "quay.io/ascend/cann:8.3.rc1-910b-ubuntu22.04-py3.11"
LIBRARIES = Needs(cuda_libraries="app.so links libcublas")


def runtime(
    dockerfile: str,
    needs: Needs | None = None,
    choice: str | None = None,
    build_args: Mapping[str, str] | None = None,
) -> Runtime:
    facts = Facts(parse(dockerfile.encode()), FactOptions(build_args or {}))
    assert facts.target is not None
    base = facts.base(facts.target)
    assert base is not None
    return runtime_of(facts, facts.target, base, needs or Needs(), choice=choice)


def refused(
    dockerfile: str,
    needs: Needs | None = None,
    choice: str | None = None,
    build_args: Mapping[str, str] | None = None,
) -> str:
    with pytest.raises(RefusedError) as caught:
        runtime(dockerfile, needs, choice, build_args)
    return caught.value.reason.code


# --- tags of nvidia/cuda -----------------------------------------------------------------------------


def tags(release: Release) -> Iterator[tuple[str, str, str, str]]:
    """Version, addon with its hyphen, system, and the devel tag, for every devel image of a release."""
    for system in release.os:
        addons = [f"{a}-" for a, without in release.addons.items() if system not in without]
        for addon in ("", *addons):
            yield release.version, addon, system, f"{release.version}-{addon}devel-{system}"


def releases() -> tuple[Release, ...]:
    base = identify(DEVEL)
    assert base is not None
    return releases_of(base)


@pytest.mark.parametrize("release", releases(), ids=lambda release: release.version)
def test_every_listed_devel_tag(release: Release) -> None:
    for version, addon, system, tag in tags(release):
        small = runtime(f"FROM nvidia/cuda:{tag}")
        assert (small.operand, small.flavour) == (f"nvidia/cuda:{version}-base-{system}", "base"), tag
        full = runtime(f"FROM nvidia/cuda:{tag}", LIBRARIES)
        assert full.operand == f"nvidia/cuda:{version}-{addon}runtime-{system}", tag
        assert "libcublas" in full.why


@pytest.mark.parametrize(
    ("tag", "needs", "operand"),
    [
        # two parts, an old cudnn, no system: older than -base images
        ("9.0-cudnn7-devel-ubuntu16.04", Needs(), "9.0-cudnn7-runtime-ubuntu16.04"),
        ("10.2-cudnn7-devel-ubuntu18.04", LIBRARIES, "10.2-cudnn7-runtime-ubuntu18.04"),
        ("10.0-devel", Needs(), "10.0-runtime"),
        # deleted since, or newer than the data
        ("11.4.2-cudnn8-devel-ubuntu20.04", LIBRARIES, "11.4.2-cudnn8-runtime-ubuntu20.04"),
        ("11.4.2-cudnn8-devel-ubuntu20.04", Needs(), "11.4.2-base-ubuntu20.04"),
        ("14.0.0-cudnn-devel-ubuntu26.04", LIBRARIES, "14.0.0-cudnn-runtime-ubuntu26.04"),
    ],
)
def test_unlisted_tags_follow_the_grammar(tag: str, needs: Needs, operand: str) -> None:
    found = runtime(f"FROM nvidia/cuda:{tag}", needs)
    assert found.operand == f"nvidia/cuda:{operand}"
    assert "not listed" in found.why


@pytest.mark.parametrize(
    "tag",
    [
        pytest.param("12.8.2-cudnn-devel-ubuntu22.04", id="no cudnn image of this version"),
        pytest.param("12.1.0-cudnn-devel-ubuntu22.04", id="the token of this version is cudnn8"),
        pytest.param("12.4.1-devel-centos7", id="no such system at this version"),
    ],
)
def test_tags_that_the_data_rules_out(tag: str) -> None:
    assert refused(f"FROM nvidia/cuda:{tag}", LIBRARIES) == "no-runtime-image"


def test_unread_files_keep_the_libraries() -> None:
    assert runtime(f"FROM {DEVEL}", Needs(unread=(Span(0, 1),))).flavour == "runtime"


def test_a_digest_pins() -> None:
    assert refused(f"FROM {DEVEL}@sha256:{'0' * 64}") == "base-pinned"


# --- variables -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dockerfile", "operand", "arguments"),
    [
        ("ARG V=12.1.0\nFROM nvidia/cuda:${V}-devel-ubuntu22.04", "nvidia/cuda:${V}-base-ubuntu22.04", []),
        (
            "ARG KIND=devel\nFROM nvidia/cuda:12.1.0-${KIND}-ubuntu22.04",
            "nvidia/cuda:12.1.0-base-ubuntu22.04",
            [],
        ),
        (
            "ARG TAG=12.1.0-devel-ubuntu22.04\nFROM nvidia/cuda:$TAG",
            "nvidia/cuda:${RUNTIME_TAG}",
            ["# what ships: keep it at the version of TAG\nARG RUNTIME_TAG=12.1.0-base-ubuntu22.04"],
        ),
        (
            f"ARG IMAGE={DEVEL}\nFROM ${{IMAGE}}",
            "${RUNTIME_IMAGE}",
            [
                "# what ships: keep it at the version of IMAGE\nARG RUNTIME_IMAGE=nvidia/cuda:12.1.0-base-ubuntu22.04"
            ],
        ),
        # the name is taken
        (
            f"ARG RUNTIME_IMAGE=x\nARG IMAGE={DEVEL}\nFROM ${{IMAGE}}",
            "${FINAL_RUNTIME_IMAGE}",
            [
                "# what ships: keep it at the version of IMAGE\nARG FINAL_RUNTIME_IMAGE=nvidia/cuda:12.1.0-base-ubuntu22.04"
            ],
        ),
    ],
)
def test_flavour_in_an_argument(dockerfile: str, operand: str, arguments: list[str]) -> None:
    found = runtime(dockerfile)
    assert (found.operand, [text for _, text in found.arguments]) == (operand, arguments)


@pytest.mark.parametrize(
    ("dockerfile", "build_args"),
    [
        pytest.param(f"ARG IMAGE={DEVEL}\nFROM $IMAGE\nARG IMAGE\nRUN echo $IMAGE", {}, id="used elsewhere"),
        pytest.param(f"ARG IMAGE={DEVEL}\nFROM $IMAGE", {"IMAGE": DEVEL}, id="given to the build"),
        pytest.param(f"ARG IMAGE=x\nARG IMAGE={DEVEL}\nFROM $IMAGE", {}, id="defined twice"),
    ],
)
def test_arguments_that_are_not_ours_to_change(dockerfile: str, build_args: dict[str, str]) -> None:
    assert refused(dockerfile, build_args=build_args) == "base-in-argument"


# --- programs that compile while they run --------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "needs", "packages"),
    [
        ("12.4.1-devel-ubuntu22.04", Needs(compiler="triton"), "gcc g++ libc6-dev"),
        ("12.4.1-devel-rockylinux9", Needs(compiler="triton"), "gcc gcc-c++ glibc-devel"),
        (
            "12.4.1-devel-ubuntu22.04",
            Needs(toolkit="deepspeed"),
            "cuda-minimal-build-12-4 cuda-libraries-dev-12-4 gcc g++ libc6-dev",
        ),
    ],
)
def test_compilers_for_run_time(tag: str, needs: Needs, packages: str) -> None:
    found = runtime(f"FROM nvidia/cuda:{tag}", needs)
    assert found.flavour == "base"
    assert " ".join(found.packages) == packages
    assert f"install -y --no-install-recommends {packages}" in found.preamble[-1].replace(
        "dnf install -y", "install -y --no-install-recommends"
    )


def test_code_compiled_at_run_time_links_against_the_stub() -> None:
    stub = "ENV LIBRARY_PATH=/usr/local/cuda/lib64/stubs"
    found = runtime(f"FROM {DEVEL}", Needs(toolkit="deepspeed\ncompiles"))
    assert found.preamble[:2] == ("# deepspeed compiles", stub)
    assert runtime(f"FROM {DEVEL}", Needs(compiler="triton")).preamble[1].startswith("RUN apt-get update")


@pytest.mark.parametrize(
    ("dockerfile", "needs", "told"),
    [
        (f"FROM {DEVEL}", Needs(), True),
        (f'FROM {DEVEL}\nENTRYPOINT ["app"]', Needs(), False),
        # the runtime image has it, too
        (f"FROM {DEVEL}", LIBRARIES, False),
    ],
)
def test_the_entrypoint_that_goes_is_told(dockerfile: str, needs: Needs, told: bool) -> None:
    assert ("prints a banner" in runtime(dockerfile, needs).why) is told


@pytest.mark.parametrize(
    ("install", "headers"),
    [
        ("apt-get install -y python3 python3-pip", True),
        # another Python brings its own headers, or had none
        ("apt-get install -y python3.12", False),
        ("curl -O https://example.com/miniconda.sh", False),
    ],
)
def test_headers_of_the_systems_python(install: str, headers: bool) -> None:
    found = runtime(f"FROM {DEVEL}\nRUN {install}", Needs(compiler="triton"))
    assert ("python3-dev" in found.packages) is headers


def test_compilers_where_nobody_knows_how_to_install_them() -> None:
    assert refused("FROM nvidia/cuda:12.9.1-devel-azl3", Needs(compiler="triton")) == "compiles-at-run-time"


# --- --runtime-base ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "needs"),
    [
        ("nvidia/cuda:12.1.0-base-ubuntu22.04", Needs()),
        ("nvidia/cuda:12.1.0-runtime-ubuntu22.04", LIBRARIES),
        ("nvidia/cuda:12.4.1-runtime-ubuntu22.04", LIBRARIES),
        ("ubuntu:22.04", Needs()),
    ],
)
def test_suitable_choices(choice: str, needs: Needs) -> None:
    assert runtime(f"FROM {DEVEL}", needs, choice).operand == choice


def test_a_plain_base_gets_the_drivers_variables() -> None:
    assert runtime(f"FROM {DEVEL}", choice="ubuntu:22.04").preamble == (
        "ENV NVIDIA_VISIBLE_DEVICES=all \\\n    NVIDIA_DRIVER_CAPABILITIES=compute,utility",
    )


@pytest.mark.parametrize(
    ("choice", "needs"),
    [
        pytest.param("alpine:3.20", Needs(), id="another C library"),
        pytest.param("ubuntu:20.04", Needs(), id="another release"),
        pytest.param("debian:bookworm", Needs(), id="another distribution"),
        pytest.param("python:3.11-slim", Needs(), id="its system moves"),
        pytest.param("example.com/team/base:1", Needs(), id="unknown"),
        pytest.param("not an image", Needs(), id="no reference"),
        pytest.param("ubuntu:22.04", LIBRARIES, id="without the libraries"),
        pytest.param("nvidia/cuda:12.1.0-base-ubuntu22.04", LIBRARIES, id="base has no cuBLAS"),
        pytest.param("nvidia/cuda:11.8.0-runtime-ubuntu22.04", LIBRARIES, id="older libraries"),
        pytest.param("nvidia/cuda:13.0.2-runtime-ubuntu22.04", LIBRARIES, id="another major version"),
        pytest.param("ubuntu:22.04", Needs(toolkit="deepspeed"), id="no repository for nvcc"),
    ],
)
def test_unsuitable_choices(choice: str, needs: Needs) -> None:
    assert refused(f"FROM {DEVEL}", needs, choice) == "runtime-base"


def test_another_python_is_refused() -> None:
    other = CANN.replace("py3.11", "py3.10")
    assert refused(f"FROM {CANN}", choice=other) == "runtime-base"


# --- CANN --------------------------------------------------------------------------------------------------


def test_devel_loses_its_suffix() -> None:
    found = runtime("FROM quay.io/ascend/cann:9.0.0-910b-ubuntu22.04-py3.11-devel")
    assert (found.operand, found.flavour) == ("quay.io/ascend/cann:9.0.0-910b-ubuntu22.04-py3.11", "plain")
    assert found.preamble == ()


def test_constructed_stage() -> None:
    found = runtime(f"FROM {CANN}")
    assert found.operand == "ubuntu:22.04"
    text = "\n".join(found.preamble)
    assert text.startswith('SHELL ["/bin/bash", "-c"]\nENV PATH=/usr/local/python3/bin:')
    assert "LD_LIBRARY_PATH=/usr/local/Ascend/ascend-toolkit/latest" in text
    assert "cp -a /cann/usr/local/python3.11* /usr/local/" in text
    assert f"from={CANN},target=/cann" in text
    assert text.rstrip().endswith('exec \\"$@\\"", "--"]')
    assert "not tried on a device" in found.why


def test_constructed_from_the_builder_where_the_image_is_in_an_argument() -> None:
    found = runtime("ARG V=8.3.rc1\nFROM quay.io/ascend/cann:${V}-910b-ubuntu22.04-py3.11")
    assert "from={builder},target=/cann" in "\n".join(found.preamble)


@pytest.mark.parametrize(
    ("dockerfile", "needs"),
    [
        pytest.param(f"FROM {CANN.replace('8.3.rc1', '8.0.0')}", Needs(), id="compilers not known"),
        pytest.param(f"FROM {CANN.replace('8.3.rc1', '8.5.0')}", Needs(), id="environment not known"),
        pytest.param(f"FROM {CANN.replace('8.3.rc1', '9.0.0')}", Needs(), id="-devel is the larger one"),
        pytest.param(f"FROM {CANN}", Needs(toolkit="operators"), id="operators are compiled at run time"),
        pytest.param(f"FROM {CANN}", Needs(compiler="triton-ascend"), id="compiles at run time"),
        pytest.param(f"FROM {CANN}", Needs(unread=(Span(0, 1),)), id="something was not read"),
        pytest.param(f'FROM {CANN}\nENTRYPOINT ["python3"]', Needs(), id="set_env.sh is no longer sourced"),
        pytest.param(f"FROM {CANN.replace('ubuntu22.04', 'openeuler24.03')}", Needs(), id="openEuler"),
    ],
)
def test_the_whole_image_stays(dockerfile: str, needs: Needs) -> None:
    found = runtime(dockerfile, needs)
    assert found.operand == dockerfile.removeprefix("FROM ").partition("\n")[0]
    assert "same image" in found.why


def test_recipe_of_the_users_choice() -> None:
    found = runtime(f"FROM {CANN.replace('8.3.rc1', '8.5.0')}", choice="pip")
    assert found.operand == "python:3.11-slim"
    assert "ascend-cann-toolkit==8.5.0 ascend-cann-910b-ops==8.5.0" in found.preamble[2]


@pytest.mark.parametrize(
    ("version", "choice", "files", "script"),
    [
        (
            "8.3.rc1",
            "nnae",
            [
                "Ascend-cann-nnae_8.3.RC1_linux-$(uname -m).run",
                "Ascend-cann-kernels-910b_8.3.RC1_linux-$(uname -m).run",
            ],
            "nnae/set_env.sh",
        ),
        ("8.3.rc1", "nnrt", ["Ascend-cann-nnrt_8.3.RC1_linux-$(uname -m).run"], "nnrt/set_env.sh"),
        (
            "8.5.2",
            "whitelist-nnrt",
            [
                "Ascend-cann-toolkit_8.5.2_linux-$(uname -m).run",
                "Ascend-cann-910b-ops_8.5.2_linux-$(uname -m).run",
            ],
            "ascend-toolkit/set_env.sh",
        ),
    ],
)
def test_recipes_of_installers(version: str, choice: str, files: list[str], script: str) -> None:
    found = runtime(f"FROM {CANN.replace('8.3.rc1', version)}", choice=choice)
    fetched = [text for text in found.preamble if text.startswith("RUN curl")]
    assert found.operand == "ubuntu:22.04"
    assert [file in text for file, text in zip(files, fetched, strict=True)] == [True] * len(files)
    assert all("--quiet --install --install-for-all" in text for text in fetched)
    assert ("--whitelist=nnrt" in fetched[0]) is (choice == "whitelist-nnrt")
    assert script in found.preamble[-1]
    assert "not tried" in found.why


@pytest.mark.parametrize(
    ("image", "choice"),
    [
        pytest.param(CANN, "pip", id="no packages before 8.5"),
        pytest.param(CANN, "whitelist-nnrt", id="of a later version"),
        pytest.param(CANN.replace("ubuntu22.04", "openeuler24.03"), "copy", id="other package names"),
        pytest.param(CANN, "ubuntu:22.04", id="has no CANN"),
    ],
)
def test_recipes_that_do_not_serve(image: str, choice: str) -> None:
    assert refused(f"FROM {image}", choice=choice) == "runtime-base"
