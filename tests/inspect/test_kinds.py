from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.families.drivers import DriverFact, driver_path
from imgtool.families.model import rows
from imgtool.inspect.kinds import OTHER, Kind, kind_of, known_kinds, with_twins
from imgtool.lint.rule_index import RULES

_SITE = "/usr/local/lib/python3.11/site-packages"
_CANN = "/usr/local/Ascend/ascend-toolkit/8.0.0/x86_64-linux"
_BIG = 50_000_000

KINDS = [
    # nobody's
    ("/app/main.py", 10, "other"),
    ("/", 0, "other"),
    ("", 0, "other"),
    ("/app/libcudart.so.notes/x", 10, "other"),
    # the driver, what stands in for it, and what only sounds like it
    ("/usr/lib/x86_64-linux-gnu/libcuda.so.535.54.03", _BIG, "driver"),
    ("/usr/bin/nvidia-smi", 10, "driver"),
    ("/usr/local/Ascend/driver/lib64/driver/libascend_hal.so", 10, "driver"),
    ("/usr/local/Ascend/driver/version.info", 10, "driver-version"),
    ("/usr/local/cuda-12.4/compat/libcuda.so.550.54", _BIG, "cuda-compat"),
    ("/usr/local/cuda-12.4/targets/x86_64-linux/lib/stubs/libcuda.so", 10, "stubs"),
    ("/usr/lib/libnvidia-container.so.1", 10, "container-runtime"),
    # caches before what they hold
    ("/root/.cache/pip/http/0/1/x.whl", _BIG, "pip-cache"),
    ("/var/cache/apt/archives/gcc.deb", _BIG, "apt-archives"),
    ("/var/cache/apt/archives/partial/gcc.deb", 10, "apt-archives"),
    ("/var/cache/apt/srcpkgcache.bin", _BIG, "apt-caches"),
    ("/var/cache/apt/pkgcache.bin", _BIG, "apt-caches"),
    ("/var/lib/apt/lists/deb_main", 10, "apt-lists"),
    ("/opt/conda/pkgs/cudatoolkit-11/lib/libcublas.so.11", _BIG, "conda-packages"),
    ("/home/me/.cache/other/x", 10, "user-caches"),
    # CUDA by library, by who brings it
    ("/usr/local/cuda/lib64/libcublasLt.so.12", _BIG, "cuda-cublas"),
    ("/opt/conda/lib/libcublas.so.12.4.5.8", _BIG, "cuda-cublas"),
    (f"{_SITE}/nvidia/cublas/lib/libcublas.so.12", _BIG, "wheel-cublas"),
    (f"{_SITE}/nvidia/cu13/lib/libcublas.so.13", _BIG, "wheel-cublas"),
    (f"{_SITE}/torch/lib/libcudart-9c2e0a1f.so.11.0", _BIG, "wheel-cudart"),
    (f"{_SITE}/torch/lib/libtorch_cuda.so", _BIG, "torch-libraries"),
    ("/usr/lib/x86_64-linux-gnu/libcudnn_ops.so.9.1.0", _BIG, "cuda-cudnn"),
    ("/opt/app/lib/libcublas-1a2b3c4d.so.12", _BIG, "cuda-cublas"),
    ("/usr/local/cuda/lib64/libnvrtc.alt.so.13", _BIG, "cuda-nvrtc"),
    ("/usr/local/cuda/lib64/libnvrtc-builtins.alt.so.13.0", _BIG, "cuda-nvrtc"),
    ("/usr/local/cuda-12.4/targets/x86_64-linux/lib/libcublas_static.a", _BIG, "cuda-static"),
    ("/usr/lib/x86_64-linux-gnu/libcudnn_adv_static_v9.a", _BIG, "cuda-static"),
    ("/usr/local/cuda-12.4/targets/x86_64-linux/include/cuda.h", 10, "cuda-headers"),
    ("/usr/include/cudnn_version.h", 10, "cuda-headers"),
    ("/usr/local/cuda-12.4/bin/nvcc", _BIG, "cuda-compiler"),
    (f"{_SITE}/triton/backends/nvidia/bin/ptxas", _BIG, "triton"),
    (f"{_SITE}/nvidia/cuda_nvcc/bin/ptxas", _BIG, "wheel-tools"),
    (f"{_SITE}/nvidia/cuda_runtime/lib/libcudart_static.a", _BIG, "wheel-tools"),
    (f"{_SITE}/nvidia/__init__.py", 0, "wheel-cuda"),
    ("/opt/nvidia/nsight-compute/2024.1.1/ncu", 10, "nsight"),
    ("/usr/local/cuda-12.4/EULA.txt", 10, "cuda-other"),
    # CANN by part
    (f"{_CANN}/opp/built-in/op_impl/ai_core/tbe/kernel/ascend910b/add/a.o", 10, "cann-kernels-910b"),
    (f"{_CANN}/opp/built-in/op_impl/ai_core/tbe/kernel/config/ascend910_93/a.json", 10, "cann-kernels-910c"),
    (f"{_CANN}/opp/built-in/op_impl/ai_core/tbe/kernel/ascend990/a.o", 10, "cann-kernels-other"),
    (f"{_CANN}/opp/built-in/op_proto/libopsproto.so", 10, "cann-operators"),
    (f"{_CANN}/compiler/ccec_compiler/bin/bisheng", _BIG, "cann-compiler"),
    (f"{_CANN}/include/acl/acl.h", 10, "cann-headers"),
    (f"{_CANN}/tools/profiler/bin/msprof", 10, "cann-tools"),
    (f"{_CANN}/lib64/libascendcl.so", 10, "cann-runtime"),
    ("/usr/local/Ascend/nnal/atb/latest/atb/cxx_abi_1/lib/libatb.so", 10, "cann-nnal"),
    ("/tmp/Ascend-cann-toolkit_8.0.0_linux-x86_64.run", _BIG, "cann-installer"),  # noqa: S108 - a path in an image
    # weights by name and size
    ("/models/model.safetensors", _BIG, "weights"),
    ("/models/model.safetensors", 10, "other"),
    ("/models/pytorch_model-00001-of-00002.bin", _BIG, "weights"),
    ("/models/tokenizer.bin", _BIG, "other"),
    ("/models/bert.plan", _BIG, "weights"),
    ("/models/bert.plan", 2_000_000, "other"),
    ("/models/net.pdmodel", 2_000_000, "weights"),
    ("/root/.cache/huggingface/hub/models--a--b/blobs/0123", _BIG, "weights"),
    ("/root/.cache/huggingface/hub/models--a--b/refs/main", 10, "user-caches"),
    (f"{_SITE}/easy.pth", 10, "python-packages"),
    # what no program reads
    ("/src/app/.git/objects/pack/a.pack", _BIG, "version-control"),
    (f"{_SITE}/torch/__pycache__/x.cpython-311.pyc", 10, "byte-code"),
    (f"{_SITE}/numpy/core/tests/test_x.py", 10, "tests"),
    ("/app/tests/test_x.py", 10, "other"),
    ("/usr/share/doc/libc6/copyright", 10, "documentation"),
    ("/usr/share/locale/de/LC_MESSAGES/a.mo", 10, "locale"),
    ("/tmp/x", 10, "scratch"),  # noqa: S108 - a path in an image
    ("/opt/src.tar.gz", _BIG, "archives"),
    ("/opt/src.tar.gz", 10, "other"),
    ("/src/build/CMakeFiles/x.dir/a.cpp.o", 10, "build-tree"),
    # the system's
    ("/usr/lib/gcc/x86_64-linux-gnu/12/cc1plus", _BIG, "compilers"),
    ("/usr/bin/x86_64-linux-gnu-gcc-12", _BIG, "compilers"),
    ("/usr/include/stdio.h", 10, "headers"),
    ("/usr/lib/x86_64-linux-gnu/libc.a", 10, "static"),
    ("/usr/lib/x86_64-linux-gnu/libc.so.6", 10, "libraries"),
    ("/usr/bin/bash", 10, "programs"),
    ("/usr/share/icons/a.png", 10, "system-data"),
    ("/srv/share/a.png", 10, "other"),
    ("/usr/lib/python3.11/os.py", 10, "python"),
    ("/usr/local/bin/python3.11", 10, "python"),
    ("/var/lib/dpkg/status", 10, "package-databases"),
]


@pytest.mark.parametrize(("path", "size", "expected"), KINDS)
def test_kind_of_a_path(path: str, size: int, expected: str) -> None:
    assert kind_of(path, size).id == expected


@pytest.mark.parametrize("fact", rows("drivers", "path", DriverFact), ids=lambda fact: fact.id)
def test_files_of_the_driver_are_those_that_rules_speak_of(fact: DriverFact) -> None:
    driver = {path for path in (*fact.match, *fact.no_match) if kind_of(_whole(path), _BIG).id == "driver"}
    assert {path for path in fact.match if not path.endswith("/driver")} - driver <= {"/usr/local/dcmi"}
    assert not driver & set(fact.no_match)
    assert all(driver_path(_whole(path)) for path in driver)


def _whole(path: str) -> str:
    return path if path.startswith("/") else f"/usr/lib/{path}"


def _examples(kind: Kind) -> Iterator[tuple[str, str]]:
    """Each pattern of a row, with a path that it fits."""
    names = (*kind.names, *(f"{library}.so" for library in kind.libraries)) or ("q",)
    for folder, within, name in product(kind.folders or ("",), kind.within or ("",), names):
        first, second = sorted((folder, within), key=lambda pattern: not pattern.startswith("/"))
        parts = [part for part in (first.removeprefix("/") or "q", second, name) if part]
        for pattern in filter(None, (folder, within, name)):
            yield pattern, f"/{'/'.join(parts)}".replace("*", "0")


@pytest.mark.parametrize("kind", known_kinds(), ids=lambda kind: f"{kind.id}{'/'.join(kind.folders[:1])}")
def test_no_pattern_is_hidden_by_rows_above(kind: Kind) -> None:
    fits = {pattern: False for pattern, _ in _examples(kind)}
    for pattern, path in _examples(kind):
        fits[pattern] |= kind_of(path, max(kind.least, 1)).id == kind.id
    assert [pattern for pattern, one in fits.items() if not one] == []


def test_codes_are_those_of_rules() -> None:
    known = {row[0] for row in RULES}
    assert {one.code for one in known_kinds() if one.code} <= known


def test_rows_of_one_kind_are_one_value() -> None:
    named, placed = kind_of("/a.safetensors", _BIG), kind_of("/root/.ollama/models/blobs/a", _BIG)
    assert named is placed


def test_rows_of_one_kind_agree() -> None:
    said = {(one.id, one.title, one.group, one.code, one.twin) for one in known_kinds()}
    assert len(said) == len({one.id for one in known_kinds()})
    assert {one.twin for one in known_kinds() if one.twin} <= {one.id for one in known_kinds()}


def test_of_two_cudas_one_is_too_many() -> None:
    system = kind_of("/usr/local/cuda/lib64/libcublas.so.12", _BIG)
    wheel = kind_of(f"{_SITE}/nvidia/cublas/lib/libcublas.so.12", _BIG)
    assert with_twins([system]) == {"cuda-cublas": None}
    assert with_twins([wheel]) == {"wheel-cublas": None}
    assert with_twins([system, wheel, OTHER]) == {
        "cuda-cublas": None,
        "wheel-cublas": "IMG105",
        "other": None,
    }


_PARTS = st.sampled_from(
    "usr lib local cuda cuda-12.4 site-packages nvidia .git include libcuda.so.1 x.pyc opt .. a*b x.so -.so .so".split()
)


@given(st.lists(_PARTS, max_size=6).map("/".join), st.integers(0, 1 << 40))
def test_every_path_has_one_kind(path: str, size: int) -> None:
    kind = kind_of(f"/{path}", size)
    assert kind is OTHER or kind in known_kinds()
    assert kind_of(f"/{path}", size) is kind


def test_patterns_are_those_that_are_understood() -> None:
    for kind in known_kinds():
        assert all(name.count("*") <= 1 for name in kind.names), kind
        assert all(name.find("*") in {-1, len(name) - 1} for name in kind.libraries), kind
