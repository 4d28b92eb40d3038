"""What CMake installs, taken over from a folder of its own; and what else may ship."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from imgtool.facts.facts import FactOptions
from imgtool.rewrite import Rewrite, rewrite
from imgtool.rewrite.choices import Choices, Strategy
from imgtool.rewrite.plan import CaptureFiles, CopyInstalled, Status

Rewriter = Callable[..., Rewrite]

HEAD = (
    "FROM nvidia/cuda:12.1.0-devel-ubuntu22.04\n"
    "RUN apt-get update && apt-get install -y --no-install-recommends cmake g++ make\n"
    "WORKDIR /src\nCOPY . .\n"
)
CMD = 'CMD ["solver"]\n'
LISTS = "cmake_minimum_required(VERSION 3.16)\nproject(x CXX)\nadd_executable(solver a.cc)\ninstall(TARGETS solver)\n"
FILES = {"CMakeLists.txt": LISTS, "a.cc": "int main() {}\n"}
BUILT = "RUN cmake -B out . && cmake --build out && cmake --install out\n"

INSTALLED = [
    # why, what builds, what installs in the builder
    ("by CMake", BUILT, "DESTDIR=/install cmake --install out"),
    (
        "by make, in the build folder",
        "RUN mkdir out && cd out && cmake .. && make -j8 && make install && ldconfig\n",
        "make -j8 && DESTDIR=/install make install",
    ),
    (
        "in a RUN of its own",
        "RUN cmake -S . -B /b -G Ninja\nRUN ninja -C /b\nRUN ninja -C /b install && rm -rf /b\n",
        "RUN DESTDIR=/install ninja -C /b install && rm -rf /b",
    ),
    (
        "a target of the build",
        "WORKDIR /src/out\nRUN cmake -DCMAKE_BUILD_TYPE=Release ..\nRUN cmake --build . --target install\n",
        "RUN DESTDIR=/install cmake --build . --target install",
    ),
    (
        "in a here-document",
        "RUN <<EOF\ncmake -B out\ncmake --build out\ncmake --install out\nEOF\n",
        "\nDESTDIR=/install cmake --install out\n",
    ),
    (
        "a build folder that something speaks of is removed",
        BUILT.replace("\n", " && rm -rf out\n") + "ENV X=/src/out\n",
        "DESTDIR=/install cmake --install out && rm -rf out",
    ),
]


@pytest.mark.parametrize("why, middle, command", INSTALLED, ids=[row[0] for row in INSTALLED])
def test_installed(why: str, middle: str, command: str, rewriter: Rewriter) -> None:
    made = rewriter(HEAD + middle + CMD, FILES)
    assert made.plan.status is Status.CONVERTED, (why, made.plan.reasons)
    assert any(isinstance(step, CopyInstalled) for step in made.plan.steps), why
    builder, _, final = made.data.decode().rpartition("\nFROM ")
    assert command in builder
    assert "COPY --from=builder /install/ /\n" in final
    assert "cmake" not in final
    assert "WORKDIR /src\nCOPY . .\n" in final


def test_files_beside_it_are_made_again(rewriter: Rewriter) -> None:
    text = HEAD + BUILT.replace("\n", " && ln -s /usr/local/bin/solver /usr/bin/s && chown -R 7 /src\n") + CMD
    final = rewriter(text, FILES).data.decode().rpartition("\nFROM ")[2]
    assert "RUN ln -s /usr/local/bin/solver /usr/bin/s && chown -R 7 /src\n" in final


LISTED = "".join(f"{text}\n" for text in ("project(x CXX)", "add_executable(s a.cc)", "install(TARGETS s)"))

CAPTURED: list[tuple[str, str, Mapping[str, str]]] = [
    # why, what builds, files of the context
    ("the build folder is that of the sources", "RUN cmake . && make && make install\n", {}),
    ("nobody reads here what make does", "RUN make && make install\n", {}),
    (
        "a command writes files elsewhere",
        BUILT,
        {"CMakeLists.txt": LISTED + "add_custom_command(TARGET s)\n"},
    ),
    ("a script installs", BUILT, {"CMakeLists.txt": LISTED + 'install(CODE "x")\n'}),
    ("a module is not known", BUILT, {"CMakeLists.txt": LISTED + "include(own)\n"}),
    (
        "it knows its build folder",
        BUILT,
        {"CMakeLists.txt": LISTED + "add_definitions(-DX=${CMAKE_BINARY_DIR})\n"},
    ),
    (
        "what is built goes beside the sources",
        BUILT,
        {"x.cmake": "set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ../b)\n"},
    ),
    ("a program reads the build folder", BUILT, {"main.py": "open('out/table')\n"}),
    ("a later instruction uses it", BUILT + "RUN cp out/solver /solver\n", {}),
    ("a variable names it", BUILT + "ENV X=/src/out\n", {}),
    ("something is built with what was installed", BUILT + "RUN cmake -B two . && cmake --install two\n", {}),
    (
        "something is asked that was installed",
        BUILT.replace("\n", " && solver --version && make -C out install\n"),
        {},
    ),
    ("what was installed is changed", BUILT.replace("\n", " && chown 7 /usr/local/bin/solver\n"), {}),
    ("what was built is taken", BUILT.replace("\n", " && cp out/solver /solver\n"), {}),
    ("it has such a folder already", BUILT.replace("cmake --install", "DESTDIR=/x cmake --install"), {}),
    ("another user installs", "USER app\n" + BUILT, {}),
    ("something else is built", BUILT + "RUN nvcc -o /x a.cu\n", {}),
    ("it may fail", BUILT.replace("cmake --install out", "cmake --install out || true"), {}),
]


@pytest.mark.parametrize("why, middle, files", CAPTURED, ids=[row[0] for row in CAPTURED])
def test_not_certain(why: str, middle: str, files: Mapping[str, str], rewriter: Rewriter) -> None:
    made = rewriter(HEAD + middle + CMD, {**FILES, **files})
    assert made.plan.status is Status.CONVERTED, (why, made.plan.reasons)
    assert any(isinstance(step, CaptureFiles) for step in made.plan.steps), why


FOREIGN = [
    HEAD.replace("COPY . .", "ADD https://example.com/x.git ."),
    HEAD + "COPY --from=busybox /lists part\n",
    HEAD.replace("COPY . .", "COPY . /other"),
]


@pytest.mark.parametrize("head", FOREIGN)
def test_lists_that_cannot_be_read(head: str, rewriter: Rewriter) -> None:
    made = rewriter(head + BUILT + CMD, FILES)
    assert any(isinstance(step, CaptureFiles) for step in made.plan.steps)


@pytest.mark.parametrize("middle", ["RUN make\n", "RUN pip install numpy\n"])
def test_asked_for_where_it_does_not_suffice(middle: str, tmp_path: Path) -> None:
    options = FactOptions(dockerfile=tmp_path / "Dockerfile", context=tmp_path)
    made = rewrite((HEAD + middle + CMD).encode(), None, options, Choices(strategy=Strategy.DESTDIR))
    assert [reason.code for reason in made.plan.reasons] == ["strategy"]
