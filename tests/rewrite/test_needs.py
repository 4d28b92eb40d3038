"""What must stay in the stage that ships, and which reason is given."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from imgtool.facts.facts import FactOptions, Facts
from imgtool.rewrite.needs import TOOLKIT_TOOLS, Needs, of_stage, refuse_run_time_tools
from imgtool.rewrite.refusal import RefusedError
from imgtool.syntax import parse

BASE = "FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\n"
REQS = "WORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n"
ALL = "WORKDIR /app\nCOPY . .\n"
CMD = 'CMD ["python3", "main.py"]\n'


def facts_of(folder: Path, text: str, files: dict[str, str]) -> Facts:
    for name, content in {"main.py": "print(1)\n", **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    (folder / "Dockerfile").write_text(BASE + text)
    options = FactOptions(dockerfile=folder / "Dockerfile", context=folder)
    return Facts(parse((BASE + text).encode()), options)


def needs_of(facts: Facts, *, assume_no_jit: bool = False) -> Needs:
    assert facts.target is not None
    return of_stage(facts, facts.target, assume_no_jit=assume_no_jit)


PACKAGES = [
    # requirements, needs, why
    ("numpy\ntorch==2.4.1\n", "", "torch brings all that it needs"),
    ("triton\n", "compiler", "it compiles its launchers"),
    ("deepspeed\n", "toolkit compiler", "nvcc when an operator is first used, and nvcc calls gcc"),
    ("cupy-cuda12x\n", "cuda_libraries", "it takes them from the image"),
    ("onnxruntime-gpu\n", "cuda_libraries", ""),
    ("git+https://example.com/o/deepspeed.git\n", "toolkit compiler", "by the repository's name"),
    ("torch-npu\n", "", "that is another accelerator's"),
]


@pytest.mark.parametrize(("requirements", "expected", "why"), PACKAGES, ids=[row[0] for row in PACKAGES])
def test_packages(tmp_path: Path, requirements: str, expected: str, why: str) -> None:
    del why
    found = needs_of(facts_of(tmp_path, REQS + CMD, {"requirements.txt": requirements}))
    assert said(found) == set(expected.split())
    assert found.unread == ()


def said(needs: Needs) -> set[str]:
    return {name for name in ("compiler", "toolkit", "cuda_libraries") if getattr(needs, name)}


FILES = [
    # file, content, needs, why
    ("main.py", "import torch\nm = torch.compile(m)\n", "compiler", ""),
    ("main.py", "import triton\n", "compiler", ""),
    ("main.py", "from torch.utils.cpp_extension import load\n", "toolkit compiler", ""),
    ("main.py", "from numba import cuda\n", "toolkit compiler", ""),
    ("main.py", "subprocess.run(['/usr/local/cuda/bin/nvcc', f])\n", "toolkit compiler", ""),
    ("main.py", "import ctypes\nctypes.CDLL('libcublas.so.12')\n", "cuda_libraries", ""),
    ("main.py", "ctypes.CDLL('libcudart.so.12')\n", "", "the smallest image has that one"),
    ("main.py", "from torch.utils import cpp_extension as ce\nce.load('x', [])\n", "toolkit compiler", ""),
    ("main.py", "from torch.utils.cpp_extension import (\n    load,\n)\n", "toolkit compiler", ""),
    ("main.py", "run(f'{home}/bin/nvcc -o k k.cu', shell=True)\n", "toolkit compiler", ""),
    ("main.py", "import torch\nmodel.compile()\n", "compiler", "that is torch.compile"),
    ("main.py", "import re, torch\nre.compile('x')\n", "", "that is not"),
    ("main.py", "k = cupy.ElementwiseKernel('', '', '', 'k')\n", "cuda_libraries", "NVRTC compiles it"),
    ("main.py", "CDLL('/usr/local/cuda/lib64/libcublas.so')\n", "cuda_libraries", "by its path"),
    ("main.py", "import numpy\n", "", ""),
    ("setup.py", "from torch.utils.cpp_extension import load\n", "", "it compiles while it is built"),
    ("setup.py", "Extension('x', libraries=['cufft'])\n", "cuda_libraries", "what is built is linked to it"),
    ("src/CMakeLists.txt", "target_link_libraries(x CUDA::cublas)\n", "cuda_libraries", ""),
    ("Makefile", "x: x.cu\n\tnvcc -o x x.cu -lcusolver\n", "cuda_libraries", ""),
    ("x.cu", "#include <curand.h>\n", "cuda_libraries", ""),
    ("lib/x.so", "\x7fELF libcufft.so.11", "cuda_libraries", "it is there already linked"),
    ("lib/x.so", "\x7fELF libm.so.6", "", ""),
    ("lib/x.txt", "libcufft.so.11", "", "no program"),
]


@pytest.mark.parametrize(
    ("name", "content", "expected", "why"), FILES, ids=[f"{r[0]}-{r[1][:40]!r}" for r in FILES]
)
def test_files_of_the_context(tmp_path: Path, name: str, content: str, expected: str, why: str) -> None:
    del why
    assert said(needs_of(facts_of(tmp_path, ALL + CMD, {name: content}))) == set(expected.split())


LINES = [
    ("RUN apt-get install -y libcudnn9-cuda-12\n", "cuda_libraries", "it may need others of them"),
    ("COPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/\n", "", "uv is linked to nothing of CUDA"),
    ("COPY --from=registry.example.com/x:1 /x /x\n", "cuda_libraries", "nobody knows what it is linked to"),
    ("COPY --from=debian:bookworm /x /x\n", "", "nothing of CUDA is there"),
    (
        "RUN git clone https://example.com/o/app /app\nWORKDIR /app\n",
        "toolkit compiler",
        "the program is unread",
    ),
    ("RUN git clone https://example.com/o/lib /src/lib\nWORKDIR /app\n", "", "the program is elsewhere"),
    ("RUN pip install $PACKAGES\n", "toolkit compiler", "nobody knows what is installed"),
    ("RUN pip install deepspeed\n", "toolkit compiler", ""),
    ("RUN pip install numpy && pip uninstall -y deepspeed\n", "", "that is not installed"),
]


@pytest.mark.parametrize(("line", "expected", "why"), LINES, ids=[row[0] for row in LINES])
def test_instructions(tmp_path: Path, line: str, expected: str, why: str) -> None:
    del why
    assert said(needs_of(facts_of(tmp_path, line + CMD, {}))) == set(expected.split())


def test_what_was_not_read_is_refused_or_taken_for_harmless() -> None:
    facts = Facts(parse((BASE + ALL + CMD).encode()))
    with pytest.raises(RefusedError) as caught:
        needs_of(facts)
    assert caught.value.reason.code == "context-unknown"
    found = needs_of(facts, assume_no_jit=True)
    assert found.unread
    assert said(found) == {"compiler"}


def test_nothing_unread_needs_no_context() -> None:
    text = BASE + 'COPY nginx.conf /etc/nginx/\nRUN pip install numpy\nCMD ["nginx"]\n'
    assert needs_of(Facts(parse(text.encode()))) == Needs(tools=("nginx",))


def test_tools_of_scripts_are_named(tmp_path: Path) -> None:
    text = 'COPY start.sh /start.sh\nHEALTHCHECK CMD curl -f localhost\nENTRYPOINT ["/start.sh"]\n'
    files = {"start.sh": '#!/bin/sh\nenvsubst < a > b\nexec gosu app "$@"\n'}
    facts = facts_of(tmp_path, text, files)
    assert {"curl", "envsubst", "start.sh"} <= set(needs_of(facts).tools)


@pytest.mark.parametrize(
    ("text", "files", "refused", "why"),
    [
        (CMD, {"main.py": "subprocess.run(['cmake', '.'])"}, True, "the program runs it"),
        (CMD, {"main.py": "shutil.which('cmake')"}, True, "it looks for it"),
        (CMD, {"main.py": "os.system('cd x && cmake .')"}, True, "after another command"),
        (
            CMD,
            {"main.py": "run(\n    [f'{prefix}/bin/cmake', '.'])"},
            False,
            "not known as a call that starts one",
        ),
        (CMD, {"main.py": "Popen(\n    (f'{prefix}/bin/cmake', '.'))"}, True, "by a path"),
        (CMD, {"main.py": "print('cmake')"}, False, "a word is no program"),
        ('CMD ["cmake", "."]\n', {}, True, ""),
        ("CMD cmake . && ./x\n", {}, True, ""),
        ("HEALTHCHECK CMD cmake --version\n" + CMD, {}, True, ""),
        ('ENTRYPOINT ["/app/s.sh"]\n', {"s.sh": "#!/bin/sh\ncmake .\n"}, True, "the script does"),
        ('ENTRYPOINT ["/app/s.sh"]\n', {"s.sh": "#!/bin/sh\nexec python3 x.py\n"}, False, ""),
    ],
)
def test_tools_that_would_be_missed(
    tmp_path: Path, text: str, files: dict[str, str], refused: bool, why: str
) -> None:
    del why
    facts = facts_of(tmp_path, ALL + text, files)
    assert facts.target is not None
    with pytest.raises(RefusedError, match="cmake") if refused else nullcontext():
        refuse_run_time_tools(facts, facts.target, dropped=frozenset({"cmake"}))


@pytest.mark.parametrize(
    ("name", "content", "refused"),
    [
        ("setup.py", "Extension('prof', libraries=['cupti'])\n", True),
        ("Makefile", "x: x.cu\n\tnvcc -o x x.cu -lcupti\n", True),
        ("main.py", "CDLL('/usr/local/cuda/extras/CUPTI/lib64/libcupti.so')\n", True),
        ("lib/x.so", "\x7fELF libcupti.so.12", True),
        ("main.py", "cuptic = 1\n", False),
    ],
)
def test_libraries_of_toolchain_images_alone(tmp_path: Path, name: str, content: str, refused: bool) -> None:
    facts = facts_of(tmp_path, ALL + CMD, {name: content})
    with pytest.raises(RefusedError, match="toolchain alone") if refused else nullcontext():
        needs_of(facts)


@pytest.mark.parametrize(
    ("packages", "script", "refused"),
    [
        ("git", "xz -d weights.xz", True),
        ("git", "tar xJf model.tar.xz", True),
        ("git", "tar -C /models --extract --file=model.tar.bz2", True),
        ("git", "tar xzf model.tar.gz", False),
        ("git xz-utils", "tar xJf model.tar.xz", False),
    ],
)
def test_what_compilers_brought(tmp_path: Path, packages: str, script: str, refused: bool) -> None:
    text = f'RUN apt-get install -y {packages}\n{ALL}ENTRYPOINT ["/app/s.sh"]\n'
    facts = facts_of(tmp_path, text, {"s.sh": f"#!/bin/sh\n{script}\n"})
    assert facts.target is not None
    with pytest.raises(RefusedError, match=r"xz|bzip2") if refused else nullcontext():
        refuse_run_time_tools(facts, facts.target, dropped=TOOLKIT_TOOLS)


UNSEEN = [
    # packages, needs, why
    ("torch", "compiler", "torch.compile takes the C compiler"),
    ("numpy", "", "nothing in it compiles"),
    ("numba", "toolkit compiler", "numba.cuda takes libNVVM"),
    ("vllm", "toolkit compiler", "FlashInfer and DeepGEMM take nvcc"),
    ("tensorflow", "toolkit compiler cuda_libraries", "its optimizers take ptxas and libdevice"),
    ("tensorflow==2.10.1", "cuda_libraries", "these did not yet"),
    ("tensorflow[and-cuda]", "", "that one brings them"),
    ("git+https://example.com/o/app.git", "compiler", "it may depend on torch"),
]


@pytest.mark.parametrize(("package", "expected", "why"), UNSEEN, ids=[row[0] for row in UNSEEN])
def test_programs_that_are_not_in_the_file(package: str, expected: str, why: str) -> None:
    lines = f"RUN pip install '{package}'\n", f'RUN P="pip install" && $P "{package}"\n'
    for line in lines if "+" not in package and "[" not in package else lines[:1]:
        assert said(needs_of(Facts(parse((BASE + line).encode())))) == set(expected.split()), (why, line)


def test_packages_of_stages_that_are_copied_from() -> None:
    made = "FROM python:3.11 AS made\nRUN pip install --prefix=/opt/app deepspeed\n"
    other = "FROM python:3.11 AS other\nRUN pip install triton\n"
    facts = Facts(parse((made + other + BASE + "COPY --from=made /opt/app /opt/app\n").encode()))
    needs = needs_of(facts)
    assert needs.toolkit == "deepspeed compiles device code while it runs"


def test_folders_of_toolchain_images_alone() -> None:
    line = "ENV LD_LIBRARY_PATH=/usr/local/cuda/extras/CUPTI/lib64:$LD_LIBRARY_PATH\n"
    with pytest.raises(RefusedError, match="CUPTI"):
        needs_of(Facts(parse((BASE + line).encode())))


@pytest.mark.parametrize("command", ["rm -rf {}/cublas", "find {}/ -mindepth 1 -exec rm -rf {{}} +"])
def test_libraries_that_packages_bring_are_removed(command: str) -> None:
    line = f"RUN pip install torch && {command.format('/usr/lib/python3/dist-packages/nvidia')}\n"
    with pytest.raises(RefusedError, match="deletes CUDA libraries"):
        needs_of(Facts(parse((BASE + line).encode())))


def test_a_compiler_behind_a_variable_stays() -> None:
    line = 'RUN A="apt-get install -y" && $A build-essential && pip install torch\n'
    assert needs_of(Facts(parse((BASE + line).encode()))).compiler is None


@pytest.mark.parametrize("word", ["theano", "https://example.com/o/Theano/archive/main.zip"])
def test_headers_of_cudnn(word: str) -> None:
    line = f'RUN P="pip install" && $P {word}\n'
    needs_of(Facts(parse((BASE + line).encode())))
    with pytest.raises(RefusedError, match="headers of cuDNN"):
        needs_of(Facts(parse((BASE.replace("devel", "cudnn-devel") + line).encode())))


def test_no_context_is_asked_for_where_nothing_comes_from_it() -> None:
    found = needs_of(Facts(parse((BASE + "RUN pip install $PACKAGES\n" + CMD).encode())))
    assert found.unread
    assert said(found) == {"compiler", "toolkit"}


@pytest.mark.parametrize(
    "start, hidden",
    [
        ('CMD ["python3", "/mnt/code/serve.py"]\n', True),
        ('ENTRYPOINT ["python3"]\nCMD ["src/train.py"]\n', True),
        ('CMD ["python3"]\n', True),
        ("CMD torchrun --nproc-per-node 2 /data/train.py\n", True),
        ('CMD ["jupyter", "lab"]\n', True),
        ('CMD ["python3", "-m", "service"]\n', False),
        ('CMD ["python3", "-c", "print(1)"]\n', False),
        ('CMD ["python3", "/app/main.py", "--data", "x.py.txt"]\n', False),
        ('CMD ["serve"]\n', False),
    ],
)
def test_programs_that_are_brought_later_are_unread(tmp_path: Path, start: str, hidden: bool) -> None:
    found = needs_of(facts_of(tmp_path, ALL + "RUN pip install torch\n" + start, {}))
    assert bool(found.unread) is hidden
    assert bool(found.toolkit) is hidden
