from __future__ import annotations

import pytest
from handmade import Paths, image

from imgtool.verify import jit
from imgtool.verify.model import Status

_SITE = "/usr/local/lib/python3.11/dist-packages"
_HOST: Paths = {
    "/usr/bin/gcc": b"",
    "/usr/bin/g++": b"",
    "/usr/include/python3.11/Python.h": b"",
    "/usr/include/stdio.h": b"",
}
_DEVICE: Paths = {"/usr/local/cuda/bin/nvcc": b"", "/usr/local/cuda/include/cuda_runtime.h": b""}


def _missing(first: Paths, second: Paths) -> set[str]:
    made = jit.check(image(first), image(second), lambda _: None)
    assert (made.status is Status.FAILED) == bool(made.differences)
    return {d.message.split(" needs ")[1].split(",")[0] for d in made.differences}


def _dist(name: str) -> Paths:
    return {
        f"{_SITE}/{name}-1.dist-info": None,
        f"{_SITE}/{name}-1.dist-info/METADATA": f"Name: {name}\nVersion: 1\n".encode(),
    }


@pytest.mark.parametrize(
    ("program", "missing"),
    [
        ({"/app/a.py": b"model = torch.compile(model)\n"}, {"gcc", "g++", "Python.h", "stdio.h"}),
        ({"/app/a.py": b"import os\nimport triton.language as tl\n"}, {"gcc", "g++", "Python.h", "stdio.h"}),
        ({"/app/a.py": b"import pyximport; pyximport.install()"}, {"gcc", "g++", "Python.h", "stdio.h"}),
        ({"/app/a.py": b"from torch.utils.cpp_extension import load\n"}, {"nvcc", "cuda_runtime.h", "gcc", "g++", "Python.h", "stdio.h"}),
        ({"/app/a.py": b"import subprocess\nsubprocess.run(['nvcc', '-o', 'x'])"}, {"nvcc"}),
        ({"/app/a.py": b"import os\nos.system('/usr/bin/gcc x.c')"}, {"gcc"}),
        (_dist("triton"), {"gcc", "g++", "Python.h", "stdio.h"}),
        (_dist("deepspeed"), {"nvcc", "cuda_runtime.h", "gcc", "g++", "Python.h", "stdio.h"}),
        # nothing that compiles
        (_dist("numpy"), set()),
        ({"/app/a.py": b"import torch\nprint('gcc')\n"}, set()),
        ({"/app/a.txt": b"torch.compile(model)"}, set()),
        ({"/app/setup.py": b"import subprocess; subprocess.run(['gcc'])"}, set()),
        ({f"{_SITE}/torch/a.py": b"torch.compile(model)"}, set()),
        ({"/usr/lib/python3/dist-packages/a.py": b"import triton\n"}, set()),
    ],
)  # fmt: skip
def test_what_compiles_while_it_runs(program: Paths, missing: set[str]) -> None:
    assert _missing({**program, **_HOST, **_DEVICE}, program) == missing
    # it is there still, or never was
    assert _missing({**program, **_HOST, **_DEVICE}, {**program, **_HOST, **_DEVICE}) == set()
    assert _missing(program, program) == set()


@pytest.mark.parametrize("other", ["/usr/bin/clang", "/opt/conda/bin/cc"])
def test_another_compiler_will_do(other: str) -> None:
    program: Paths = {"/app/a.py": b"import triton\n"}
    assert _missing({**program, "/usr/bin/gcc": b""}, {**program, other: b""}) == set()


def test_a_link_that_dangles_is_no_compiler() -> None:
    program: Paths = {"/app/a.py": b"import triton\n"}
    assert _missing({**program, "/usr/bin/gcc": b""}, {**program, "/usr/bin/gcc": "gcc-12"}) == {"gcc"}


def test_one_difference_a_tool() -> None:
    both: Paths = {"/app/a.py": b"import triton\n", "/app/b.py": b"import triton\n"}
    made = jit.check(image({**both, "/usr/bin/gcc": b""}), image(both), lambda _: None)
    assert [d.message for d in made.differences] == [
        "Triton in /app/a.py compiles while it runs and needs gcc, which is missing (/usr/bin/gcc in the first image)"
    ]
