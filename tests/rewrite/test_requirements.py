"""What requirement and project files ask for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.facts.facts import FactOptions, Facts
from imgtool.rewrite.requirements import Requirement, asked, of_conda_file, of_project, parse
from imgtool.syntax import parse as parse_dockerfile

R = Requirement


@pytest.mark.parametrize(
    ("line", "named", "served", "why"),
    [
        ("numpy", R("numpy"), True, ""),
        ("Flash_Attn==2.5 ; python_version > '3'", R("flash-attn"), True, "names are normalised"),
        ("cupy[ctk, all]>=13", R("cupy", ("all", "ctk")), True, ""),
        ("numpy  # torch", R("numpy"), True, "a comment names nothing"),
        ("# torch", None, True, ""),
        ("--extra-index-url https://example.com/simple", None, True, "it says where wheels come from"),
        ("numpy \\\n  >=1", R("numpy"), True, ""),
        ("numpy==1 --hash=sha256:00", R("numpy"), False, "a wheel built here has another hash"),
        ("apex @ git+https://example.com/apex", R("apex"), False, "it would be built again"),
        ("git+https://example.com/o/Flash-Attention.git@v2#egg=flash_attn", R("flash-attn"), False, ""),
        ("git+https://example.com/o/deepspeed.git@v0.1", R("deepspeed"), False, "by the repository's name"),
        ("-e ./plugins/kernels", R("kernels"), False, "it points at its sources"),
        ("./dist/vllm-0.6-cp311-linux_x86_64.whl", R("vllm"), False, ""),
        ("https://example.com/flash_attn-2.5-cp311.whl", R("flash-attn"), False, ""),
        ("--no-binary :all:", None, False, "an option that nobody covers"),
    ],
)
def test_line(line: str, named: Requirement | None, served: bool, why: str) -> None:
    del why
    found = parse(line.encode())
    assert found.named == ((named,) if named else ())
    assert (found.unserved == ()) is served


def test_other_files() -> None:
    found = parse(b"-r base.txt\n--requirement=more.txt\n-c constraints.txt\n-rshort.txt\n")
    assert found.files == ("base.txt", "more.txt", "short.txt")
    assert found.constraints == ("constraints.txt",)


@given(st.binary(max_size=200))
def test_parse_never_raises(data: bytes) -> None:
    parse(data)
    of_conda_file(data)


def facts_of(folder: Path, run: str, files: dict[str, str]) -> Facts:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    text = f"FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\nWORKDIR /app\nCOPY . .\nRUN {run}\n"
    (folder / "Dockerfile").write_text(text)
    return Facts(
        parse_dockerfile(text.encode()), FactOptions(dockerfile=folder / "Dockerfile", context=folder)
    )


def names_asked(facts: Facts) -> tuple[list[str], int]:
    """Names, and how many files were not read."""
    assert facts.target is not None
    (run,) = facts.runs(facts.target)
    (operation,) = run.operations
    found = asked(facts, run, operation)
    return [r.name for r in found.named], len(found.unread)


@pytest.mark.parametrize(
    ("run", "files", "names", "unread", "why"),
    [
        ("pip install -r r.txt", {"r.txt": "a\n-r sub/b.txt\n", "sub/b.txt": "b\n"}, ["a", "b"], 0, "nested"),
        ("pip install -r sub/a.txt", {"sub/a.txt": "-r b.txt\n", "sub/b.txt": "b\n"}, ["b"], 0, "beside it"),
        ("cd sub && pip install -r b.txt", {"sub/b.txt": "b\n"}, ["b"], 0, "from the folder of the command"),
        (
            "pip install -r r.txt -c c.txt",
            {"r.txt": "a\n", "c.txt": "b\n"},
            ["a"],
            0,
            "constraints ask nothing",
        ),
        ("pip install -r r.txt", {"r.txt": "a\n-r r.txt\n"}, ["a"], 0, "a circle has an end"),
        ("pip install -r r.txt", {"r.txt": "a\n-r ../../x.txt\n"}, ["a"], 1, "outside of the context"),
        ("sed -i s/b/c/ r.txt && pip install -r r.txt", {"r.txt": "a\n"}, [], 1, "it was changed"),
        ("echo b >> r.txt && pip install -r r.txt", {"r.txt": "a\n"}, [], 1, "likewise"),
        ("pip install -r $R", {"r.txt": "a\n"}, [], 1, "a variable hides the file"),
        ("R=r.txt && pip install -r $R", {"r.txt": "a\n"}, ["a"], 0, "the RUN says what it holds"),
    ],
)
def test_files_are_followed(
    tmp_path: Path, run: str, files: dict[str, str], names: list[str], unread: int, why: str
) -> None:
    del why
    assert names_asked(facts_of(tmp_path, run, files)) == (names, unread)


def test_many_files_are_not_followed(tmp_path: Path) -> None:
    files = {f"{n}.txt": f"-r {n + 1}.txt\np{n}\n" for n in range(80)}
    names, unread = names_asked(facts_of(tmp_path, "pip install -r 0.txt", files))
    assert unread == 1
    assert len(names) < len(files)


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({"pyproject.toml": '[project]\ndependencies = ["torch>=2", "vllm[x]"]\n'}, {"torch", "vllm"}),
        ({"pyproject.toml": '[project.optional-dependencies]\ngpu = ["deepspeed"]\n'}, {"deepspeed"}),
        (
            {"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.11"\ntorch = "*"\n'},
            {"python", "torch"},
        ),
        ({"pyproject.toml": "not toml ["}, set()),
        (
            {"setup.py": 'setup(install_requires=["torch", "cupy-cuda12x>=13"], name="x")'},
            {"torch", "cupy-cuda12x"},
        ),
        ({"setup.cfg": "[options]\ninstall_requires =\n    torch>=2\n    vllm\n"}, {"torch", "vllm"}),
        ({"Pipfile": '[packages]\ntorch = "*"\n'}, {"torch"}),
        (
            {"environment.yml": "dependencies:\n  - python=3.11\n  - pip:\n    - deepspeed\n"},
            {"python", "pip", "deepspeed"},
        ),
    ],
)
def test_project_files(tmp_path: Path, files: dict[str, str], names: set[str]) -> None:
    facts = facts_of(tmp_path, "pip install .", files)
    assert facts.target is not None
    (run,) = facts.runs(facts.target)
    found = of_project(facts, run, "/app")
    assert found is not None
    assert {r.name for r in found} == names


def test_a_project_without_files_is_unread(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, "pip install .", {})
    assert facts.target is not None
    (run,) = facts.runs(facts.target)
    assert of_project(facts, run, "/app") is None
    assert of_project(facts, run, None) is None


@pytest.mark.parametrize(
    ("instructions", "why"),
    [
        ("COPY requirements*.txt /app/\n", "a pattern"),
        ("RUN --mount=type=bind,source=sub,target=/app/sub true\nCOPY . /app\n", ""),
        ("COPY requirements.txt sub /app/\n", "one of several"),
    ],
)
def test_ways_into_the_image(tmp_path: Path, instructions: str, why: str) -> None:
    del why
    facts = facts_of(tmp_path, "true", {"requirements.txt": "a\n", "sub/x": ""})
    text = f"FROM debian\nWORKDIR /app\n{instructions}RUN pip install -r requirements.txt\n"
    facts = Facts(parse_dockerfile(text.encode()), facts.options)
    assert facts.target is not None
    run = facts.runs(facts.target)[-1]
    assert [r.name for r in asked(facts, run, run.operations[0]).named] == ["a"]


def test_a_bind_mount_shows_the_context(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, "true", {"sub/r.txt": "a\n"})
    text = "FROM debian\nRUN --mount=type=bind,source=sub,target=/s pip install -r /s/r.txt\n"
    facts = Facts(parse_dockerfile(text.encode()), facts.options)
    assert names_asked(facts) == (["a"], 0)
