"""The fixture projects, rewritten: snapshots of the whole file, and what must hold of every rewrite."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgtool.facts.facts import FactOptions
from imgtool.rewrite import rewrite
from imgtool.rewrite.plan import DropPackages, Place, Placement, Status, TransferWheels
from imgtool.syntax import parse

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = ROOT / "fixtures" / "projects"
SNAPSHOTS = Path(__file__).parent / "snapshots"
NAMES = ("extension", "pip-only", "service", "ascend")
EVERY = sorted(path.parent.name for path in PROJECTS.glob("*/project.toml"))


def options(name: str) -> FactOptions:
    return FactOptions(dockerfile=PROJECTS / name / "Dockerfile")


@pytest.mark.parametrize("name", NAMES)
def test_snapshot(name: str) -> None:
    made = rewrite((PROJECTS / name / "Dockerfile").read_bytes(), None, options(name))
    assert made.plan.status is Status.CONVERTED
    assert made.data.decode() == (SNAPSHOTS / f"{name}.Dockerfile").read_text()


@pytest.mark.parametrize("name", EVERY)
def test_a_second_rewrite_changes_nothing(name: str) -> None:
    once = rewrite((PROJECTS / name / "Dockerfile").read_bytes(), None, options(name))
    assert once.plan.status is Status.CONVERTED
    twice = rewrite(once.data, None, options(name))
    assert twice.plan.status is Status.UNCHANGED
    assert twice.data == once.data


@pytest.mark.parametrize("name", NAMES)
def test_newlines_survive(name: str) -> None:
    unix = (PROJECTS / name / "Dockerfile").read_bytes()
    plain = rewrite(unix, None, options(name)).data
    windows = rewrite(unix.replace(b"\n", b"\r\n"), None, options(name)).data
    assert windows == plain.replace(b"\n", b"\r\n")


@pytest.mark.parametrize("name", NAMES)
def test_every_instruction_is_accounted_for(name: str) -> None:
    data = (PROJECTS / name / "Dockerfile").read_bytes()
    made = rewrite(data, None, options(name))
    lines = {made.source.line_of(step.span.start) for step in made.plan.steps}
    for instruction in parse(data).instructions:
        covered = set(range(instruction.start_line, instruction.end_line + 1))
        if instruction.keyword != "ARG" or instruction.start_line > 2:
            assert covered & lines, instruction


def test_steps_of_the_extension() -> None:
    made = rewrite((PROJECTS / "extension" / "Dockerfile").read_bytes(), "cuda", options("extension"))
    dropped = [s.packages for s in made.plan.steps if isinstance(s, DropPackages)]
    assert dropped == [("g++",), ("python3-pip",)]
    houses = [s.wheelhouse for s in made.plan.steps if isinstance(s, TransferWheels)]
    assert houses == ["/wheels/1", "/wheels/2"]
    assert [s.rule for s in made.plan.steps if isinstance(s, Place) and s.placement is Placement.FINAL] == [
        "after-build"
    ]


def test_a_compiler_that_the_program_uses_stays(tmp_path: Path) -> None:
    dockerfile = (
        "FROM nvidia/cuda:12.1.0-devel-ubuntu22.04\n"
        "RUN apt-get update && apt-get install -y g++ python3-pip\n"
        'RUN pip install triton\nCMD ["python3", "-m", "app"]\n'
    )
    path = tmp_path / "Dockerfile"
    path.write_text(dockerfile)
    made = rewrite(dockerfile.encode(), None, FactOptions(dockerfile=path)).data.decode()
    final = made.split("-base-")[1]
    assert (
        "apt-get install -y g++ ca-certificates python3 python3-setuptools build-essential python3-dev"
        in final
    )


PIP_COMMANDS = [
    # as written, in the builder, in the final stage
    (
        "pip install -qU --no-build-isolation numpy",
        "pip wheel -w /wheels/1 -q --no-build-isolation numpy",
        "python3 -m pip install --no-index --find-links=/wheels/1 -qU numpy",
    ),
    (
        "pip3.11 install -ihttps://example.com/simple --trusted-host example.com --pre numpy",
        "pip3.11 wheel -w /wheels/1 -ihttps://example.com/simple --trusted-host example.com --pre numpy",
        "python3.11 -m pip install --no-index --find-links=/wheels/1 --pre numpy",
    ),
    (
        "python3 -m pip install --break-system-packages --root-user-action ignore numpy",
        "python3 -m pip wheel -w /wheels/1 numpy",
        "python3 -m pip install --no-index --find-links=/wheels/1 --break-system-packages --root-user-action ignore numpy",
    ),
]


@pytest.mark.parametrize("written, builder, final", PIP_COMMANDS)
def test_options_go_where_they_mean_something(written: str, builder: str, final: str, tmp_path: Path) -> None:
    dockerfile = (
        "FROM nvidia/cuda:12.1.0-devel-ubuntu22.04\n"
        "RUN apt-get update && apt-get install -y python3-pip\n"
        f'RUN {written}\nCMD ["python3", "-c", "1"]\n'
    )
    path = tmp_path / "Dockerfile"
    path.write_text(dockerfile)
    made = rewrite(dockerfile.encode(), None, FactOptions(dockerfile=path)).data.decode()
    assert f"\nRUN {builder}\n" in made
    assert f"    PYTHONPATH=/wheels {final}\n" in made


REPLAYED = [
    "sed -i 's/archive.ubuntu.com/mirror.example.com/' /etc/apt/sources.list",
    "update-alternatives --install /usr/bin/python python /usr/bin/python3 1",
    "apt-get upgrade -y",
    "ln -s /usr/bin/python3 /usr/local/bin/python",
    "echo /opt/lib > /etc/ld.so.conf.d/app.conf && ldconfig",
    "useradd -m app && mkdir -p /data && chown app /data",
]


@pytest.mark.parametrize("command", REPLAYED)
def test_system_configuration_is_replayed_in_both_stages(command: str, tmp_path: Path) -> None:
    dockerfile = (
        "FROM nvidia/cuda:12.1.0-devel-ubuntu22.04\n"
        f"RUN {command}\n"
        "RUN apt-get update && apt-get install -y python3-pip\nRUN pip install numpy\n"
        'CMD ["python3"]\n'
    )
    path = tmp_path / "Dockerfile"
    path.write_text(dockerfile)
    made = rewrite(dockerfile.encode(), None, FactOptions(dockerfile=path))
    assert made.plan.status is Status.CONVERTED, made.plan.reasons
    assert made.data.decode().count(command) == 2


def test_only_the_flavour_changes_where_nothing_is_built(tmp_path: Path) -> None:
    dockerfile = (
        "FROM nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04 AS app\n# the library\n"
        'RUN apt-get update && apt-get install -y libgl1\nCMD ["server", "--port", "1"]\n'
    )
    path = tmp_path / "Dockerfile"
    path.write_text(dockerfile)
    made = rewrite(dockerfile.encode(), "cuda", FactOptions(dockerfile=path))
    assert made.data.decode() == dockerfile.replace("cudnn-devel", "base")


def test_names_and_platform_stay_on_what_ships(tmp_path: Path) -> None:
    dockerfile = (
        "FROM --platform=linux/amd64 nvidia/cuda:12.1.0-devel-ubuntu22.04 as Builder\n"
        'RUN apt-get update && apt-get install -y python3-pip\nRUN pip install numpy\nCMD ["python3", "-m", "app"]\n'
    )
    path = tmp_path / "Dockerfile"
    path.write_text(dockerfile)
    made = rewrite(dockerfile.encode(), "cuda", FactOptions(dockerfile=path)).data.decode()
    assert made.startswith("FROM --platform=linux/amd64 nvidia/cuda:12.1.0-devel-ubuntu22.04 as build\n")
    assert "\nFROM --platform=linux/amd64 nvidia/cuda:12.1.0-base-ubuntu22.04 as Builder\n" in made
    assert "--mount=type=bind,from=build,source=/wheels" in made


FRAGMENTS = [
    "FROM nvidia/cuda:12.1.0-devel-ubuntu22.04\n",
    "FROM ascendai/cann:9.0.0-910b-ubuntu22.04-py3.11-devel\n",
    "RUN apt-get update && apt-get install -y g++ python3-pip\n",
    "RUN apt-get update \\\n # c\n && apt-get install -y make \\\n      cmake\n",
    "RUN pip install numpy && pip install --upgrade pip setuptools\n",
    "RUN python3 -m pip install -i https://example.com/simple numpy\n",
    "RUN pip install .\n",
    "RUN python3 setup.py install\n",
    "WORKDIR /app\n",
    "ENV A=1\n",
    "# a comment\n",
    "\n",
    "COPY . .\n",
    "USER root\n",
    "RUN mkdir -p /x && \\\n\n    chmod 755 /x\n",
    'CMD ["python3", "main.py"]\n',
    "LABEL a=b\n",
]


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12), st.sampled_from(["cuda", "cann", None]))
@settings(max_examples=200, deadline=None)
def test_any_file_of_known_parts(parts: list[str], target: str | None) -> None:
    data = "".join(parts).encode()
    folder = FactOptions(dockerfile=PROJECTS / "extension" / "Dockerfile")
    made = rewrite(data, target, folder)
    if made.plan.status is Status.CONVERTED:
        assert not parse(made.data).problems
        again = rewrite(made.data, target, folder)
        assert again.plan.status is Status.UNCHANGED
    else:
        assert made.data == data
        assert made.plan.reasons


@pytest.mark.corpus
def test_real_files_never_raise(corpus: Path) -> None:
    files = sorted((corpus / "open").iterdir())
    for path in random.Random(7).sample(files, 250):
        data = path.read_bytes()
        made = rewrite(data)
        assert made.data == data or made.plan.status is Status.CONVERTED


BESIDE_WHEELS = [
    # what a RUN has beside an installation, whether the final stage has it
    ('python3 -c "import numpy"', True),
    ("pip list", False),
    ("nvcc --version", False),
    ("pip config set global.timeout 60", False),
    ("mkdir -p /data", True),
]


@pytest.mark.parametrize("command, there", BESIDE_WHEELS)
def test_commands_go_where_what_they_run_is(command: str, there: bool, tmp_path: Path) -> None:
    dockerfile = (
        "FROM nvidia/cuda:12.1.0-devel-ubuntu22.04\n"
        "RUN apt-get update && apt-get install -y python3-pip\n"
        f'RUN pip install numpy && {command}\nCMD ["python3"]\n'
    )
    path = tmp_path / "Dockerfile"
    path.write_text(dockerfile)
    builder, _, final = (
        rewrite(dockerfile.encode(), None, FactOptions(dockerfile=path)).data.decode().partition("\n\nFROM ")
    )
    assert command in builder
    assert (command in final) == there
    # it may import what was installed
    asks = command.startswith(("python3", "pip list", "nvcc"))
    assert ("pip install --no-index" in builder) == asks


def test_cache_mounts_stay_with_the_wheels(tmp_path: Path) -> None:
    mounts = "--mount=type=cache,target=/root/.cache/pip"
    dockerfile = (
        "FROM nvidia/cuda:12.1.0-devel-ubuntu22.04\n"
        "RUN apt-get update && apt-get install -y python3-pip\n"
        f'RUN {mounts} \\\n    pip install numpy\nCMD ["python3"]\n'
    )
    path = tmp_path / "Dockerfile"
    path.write_text(dockerfile)
    made = rewrite(dockerfile.encode(), None, FactOptions(dockerfile=path)).data.decode()
    assert f"RUN {mounts} \\\n    pip wheel -w /wheels/1 numpy\n" in made
    assert f"target=/wheels \\\n    {mounts} \\\n    PYTHONPATH=/wheels python3 -m pip install" in made
