"""Recall against the labels of the open corpus, which were given by pattern, and the record of what was read.

Where a label and the rule differ the file is named here with the reason.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from imgtool.facts.facts import Facts
from imgtool.lint import registry
from imgtool.lint.runner import LintResult, lint
from imgtool.syntax import parse

RECORD = Path(__file__).resolve().parents[2] / "precision"
VERDICTS = {"right", "wrong", "debatable"}
CODES = [f"IMG1{n:02}" for n in range(1, 25)]
PREVIEW = {"IMG123", "IMG124"}
SEED = 20261121
pytestmark = pytest.mark.corpus

Places = dict[str, list[tuple[int, str]]]


@pytest.fixture(scope="module")
def found(corpus: Path) -> dict[str, Places]:
    """Rule, file, and the lines with their severities."""
    entries = [entry for entry in registry.index() if entry.code in CODES]
    places: dict[str, Places] = {code: {} for code in CODES}
    for path in sorted((corpus / "open").iterdir()):
        data = path.read_bytes()
        knowledge = Facts(parse(data))
        # each alone, as one may stand for another
        for entry in registry.needed(entries, data)[0]:
            result = lint(data, path.name, [registry.load(entry)], knowledge=knowledge)
            assert not result.failures, path.name
            for finding in result.findings:
                line = result.source.line_of(finding.span.start)
                places[finding.code].setdefault(path.name, []).append((line, str(finding.severity)))
    return places


@cache
def labels(table: Path, column: str) -> dict[str, str]:
    with table.open(encoding="utf-8", newline="") as file:
        return {row["file"]: row[column] for row in csv.DictReader(file, delimiter="\t")}


NEWER = "CUDA 13.3 is newer than the data"
NO_IMAGE = "the image has no default: only the flavour shows"
UNKNOWN = "no family of the data: private, or its tags are not described anywhere"
SILENT_101 = {
    "NVIDIA__TensorRT__docker__rockylinux8.Dockerfile": NEWER,
    "NVIDIA__TensorRT__docker__ubuntu-24.04-aarch64.Dockerfile": NEWER,
    "abyss-solutions__nvidia_container_images__dist__end-of-life__11.7.0__ubuntu2004__devel__cudnn8__Dockerfile": NO_IMAGE,
    "abyss-solutions__nvidia_container_images__dist__end-of-life__13.0.1__ubuntu2204__devel__cudnn__Dockerfile": NO_IMAGE,
    "tensorchord__envd__base-images__python3.9-ubuntu20.04-cuda11.2.Dockerfile": NO_IMAGE,
    "autowarefoundation__autoware__.devcontainer__cuda__Dockerfile": UNKNOWN,
    "aws__deep-learning-containers__docker__openfold3__Dockerfile": UNKNOWN,
    "mlcommons__training__object_detection__pytorch__Dockerfile": UNKNOWN,
    "runpod__containers__helper-templates__verify-nccl__Dockerfile": UNKNOWN,
    "fishaudio__fish-speech__dockerfile.dev": "label wrong: a development build of the project, not a toolchain image",
}
WORKSHOP = "an image to build in: what it holds is for that, and nothing starts"
SILENT_101 |= dict.fromkeys(
    (
        "NVIDIA__JAX-Toolbox__.github__container__Dockerfile.base",
        "NVIDIA__TensorRT__docker__centos-8.Dockerfile",
        "NVIDIA__TensorRT__docker__ubuntu-16.04.Dockerfile",
        "dmlc__dgl__docker__Dockerfile.ci_gpu_cu101",
        "dmlc__dgl__docker__Dockerfile.ci_gpu_mxnet",
        "dmlc__dgl__docker__Dockerfile.ci_gpu_torch_1.2.0",
        "huggingface__lerobot__docker__lerobot-gpu-dev__Dockerfile",
        "kserve__kserve__vendor__github.com__tensorflow__tensorflow__tensorflow__tools__ci_build__Dockerfile.rbe.gpu",
        "microsoft__DeepSpeed__azure__Dockerfile",
        "nerfstudio-project__nerfstudio__environment__mattport.dockerfile",
        "open-mmlab__mmdeploy__docker__prebuild__Dockerfile.cxx11abi",
        "rapidsai__docker__generated-dockerfiles__rapidsai-core_centos8-devel.amd64.Dockerfile",
        "rapidsai__docker__generated-dockerfiles__rapidsai-core_ubuntu16.04-devel.Dockerfile",
        "rapidsai__docker__generated-dockerfiles__rapidsai_ubuntu18.04-devel.Dockerfile",
    ),
    WORKSHOP,
)
SILENT_101["kvcache-ai__ktransformers__archive__Dockerfile.xpu"] = (
    "built in it, nothing starts, and no smaller image"
)
COMPLETE = "label misses it: rocm/dev-* is a toolchain image whose tag does not say so"
EXTRA_101 = dict.fromkeys(
    (
        "ikawrakow__ik_llama.cpp__.devops__llama-cli-rocm.Dockerfile",
        "ikawrakow__ik_llama.cpp__.devops__llama-server-rocm.Dockerfile",
        "ikawrakow__ik_llama.cpp__.devops__main-rocm.Dockerfile",
    ),
    COMPLETE,
)
# the label is about bases: a toolkit or a profiler is installed into what ships
INSTALLED = {
    "YanWenKun__ComfyUI-Docker__archived__cu128-megapak__Dockerfile",
    "YanWenKun__ComfyUI-Docker__base-cu130-devel__Dockerfile",
    "YanWenKun__ComfyUI-Docker__cu126-megapak__Dockerfile",
    "openeuler-mirror__openeuler-docker-images__AI__cuda__11.8.0-cudnn8.9.0__22.03-lts__Dockerfile",
    "tensorchord__envd__base-images__python3.8-ubuntu20.04-cuda11.6.Dockerfile",
    "volcengine__verl__docker__Dockerfile.megatron",
    "volcengine__verl__docker__Dockerfile.stable.vllm011",
    "volcengine__verl__docker__verl0.5-cu126-torch2.7.1-fa2.8.0__Dockerfile.base",
}


def test_devel_images_that_ship(found: dict[str, Places], corpus: Path) -> None:
    labelled = {file for file, value in labels(corpus / "open.tsv", "final_devel").items() if value == "yes"}
    flagged = set(found["IMG101"]) | set(found["IMG123"])
    assert labelled - flagged == set(SILENT_101)
    assert flagged - labelled == set(EXTRA_101)
    assert set(found["IMG124"]) == INSTALLED
    meant = {file for file, reason in SILENT_101.items() if reason == WORKSHOP}
    assert len(labelled & flagged) / len(labelled - meant) >= 0.85


# every label of the column is an exception of the rule: forward compatibility, and images that install drivers
DRIVER_CONTAINERS = {
    "NVIDIA__gpu-driver-container__coreos__Dockerfile",
    "NVIDIA__gpu-driver-container__flatcar__Dockerfile",
}


def test_labelled_drivers_are_exceptions(
    found: dict[str, Places], corpus: Path, lint_with: Callable[..., LintResult]
) -> None:
    labelled = {file: v for file, v in labels(corpus / "open.tsv", "drivers").items() if v}
    compat = {file for file, value in labelled.items() if value.startswith("cuda-compat=")}
    assert set(labelled) == compat | DRIVER_CONTAINERS
    assert not set(labelled) & set(found["IMG102"])
    for file in DRIVER_CONTAINERS:
        # the same files as images that are for something else
        data = (corpus / "open" / file).read_bytes().replace(b"ENTRYPOINT", b"LABEL entrypoint=")
        assert lint_with("IMG102", data).findings, file


@pytest.mark.parametrize("code", sorted({*CODES} - PREVIEW))
def test_nine_of_ten_findings_are_right(code: str, found: dict[str, Places]) -> None:
    with (RECORD / f"{code}.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    places = {(file, line) for file, lines in found[code].items() for line, _ in lines}
    assert {(row["file"], int(row["line"])) for row in rows} <= places
    assert len(rows) == min(30, len(places))
    if code == "IMG101":
        assert {(row["file"], int(row["line"])) for row in rows} == set(
            random.Random(SEED).sample(sorted(places), 30)
        )
    assert all(row["reason"] and row["verdict"] in VERDICTS for row in rows)
    # empty: nobody has read it a second time
    assert {row["second"] for row in rows} <= {*VERDICTS, ""}
    # a debatable one among fewer than ten would decide alone
    wrong = [row for row in rows if row["verdict"] != "right"]
    assert len(wrong) <= max(1, len(rows) // 10)
    # a second reader, who left more open
    right, refused = (sum(row["second"] == verdict for row in rows) for verdict in ("right", "wrong"))
    assert right >= 9 * refused
