"""What stays of install lists in the stage that ships."""

from __future__ import annotations

import pytest

from imgtool.facts.facts import Facts
from imgtool.rewrite.plan import DropPackages
from imgtool.rewrite.system_packages import dropped_programs, steps
from imgtool.syntax import parse
from imgtool.transforms.runs import segments

UBUNTU = "nvidia/cuda:12.4.1-devel-ubuntu22.04"
ROWS = [
    # command, gone, instead, why
    ("apt-get install git", "", "", "nothing is known to be for building"),
    ("apt-get install git cmake", "cmake", "", ""),
    ("apt-get install build-essential", "build-essential", "libgomp1", "what was compiled may need OpenMP"),
    ("apt-get install gfortran", "gfortran", "libgfortran5 libgomp1", ""),
    ("apt-get install libpq-dev", "libpq-dev", "libpq5", "the library that came with it stays"),
    ("apt-get install libpq-dev libpq5", "libpq-dev", "", "the author names it"),
    ("apt-get install libpq-dev=15.1", "", "", "the library of that version has no name here"),
    ("apt-get install libodd-dev", "", "", "nobody knows its library"),
    ("apt-get install libjpeg-dev", "", "", "Ubuntu calls its library otherwise"),
    ("apt-get install libeigen3-dev", "libeigen3-dev", "", "headers alone"),
    ("apt-get install python3-dev", "python3-dev", "python3", ""),
    ("apt-get install libstdc++-12-dev", "libstdc++-12-dev", "libstdc++6", ""),
    ("apt-get install cmake $MORE", "", "", "a variable hides what it installs"),
    ("apt-get install python3.10 curl", "", "", "unknown is kept"),
    ("dnf install gcc-c++ git", "gcc-c++", "libgomp libstdc++", "by the names of rpm"),
    ("dnf install g++", "", "", "no name of rpm"),
    ("dnf install libpq-devel", "", "", "nobody knows its library"),
    ("apk add build-base", "build-base", "libgcc libstdc++ libgomp", ""),
]


def dropped(command: str, base: str = UBUNTU, compiler: str | None = None) -> tuple[set[str], set[str]]:
    facts = Facts(parse(f"FROM {base}\nRUN {command}\n".encode()))
    assert facts.target is not None
    (run,) = facts.runs(facts.target)
    (segment,) = segments(run.script)
    found = steps(run, segment, compiler=compiler, base=facts.base(facts.target))
    drops = [step for step in found if isinstance(step, DropPackages)]
    return {p for d in drops for p in d.packages}, {p for d in drops for p in d.instead}


@pytest.mark.parametrize(("command", "gone", "instead", "why"), ROWS, ids=[row[0] for row in ROWS])
def test_list(command: str, gone: str, instead: str, why: str) -> None:
    del why
    assert dropped(command) == (set(gone.split()), set(instead.split()))


def test_the_system_names_the_library() -> None:
    assert dropped("apt-get install libjpeg-dev", "debian:bookworm") == ({"libjpeg-dev"}, {"libjpeg62-turbo"})
    assert dropped("apt-get install libpq-dev", "nvidia/cuda:11.8.0-devel-ubuntu20.04") == (set(), set())


@pytest.mark.parametrize("package", ["gcc", "g++", "python3-dev", "libc6-dev", "ninja-build"])
def test_compilers_stay_where_something_compiles_at_run_time(package: str) -> None:
    assert dropped(f"apt-get install {package}")[0] == {package}
    assert dropped(f"apt-get install {package}", compiler="triton") == (set(), set())


def test_pip_brings_compilers_unless_the_author_says_not() -> None:
    assert "build-essential" in dropped("apt-get install python3-pip", compiler="triton")[1]
    command = "apt-get install --no-install-recommends python3-pip"
    assert "build-essential" not in dropped(command, compiler="triton")[1]


def test_programs_that_go() -> None:
    facts = Facts(parse(f"FROM {UBUNTU}\nRUN apt-get install -y gcc cmake cargo python3-pip curl\n".encode()))
    assert facts.target is not None
    (run,) = facts.runs(facts.target)
    (segment,) = segments(run.script)
    gone = dropped_programs(steps(run, segment, compiler=None, base=None))
    assert {"gcc", "cmake", "cargo", "pip"} <= gone
    assert "curl" not in gone
