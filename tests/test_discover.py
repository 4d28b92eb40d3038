from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from imgtool.discover import (
    DOCKERFILE,
    MAX_DEPTH,
    NOT_DOCKERFILE,
    STDIN,
    discover,
    is_dockerfile_name,
    real_paths,
)
from imgtool.gitignore import Patterns

ROOT = Path(__file__).resolve().parent.parent

NAMES = {
    "Dockerfile": True,
    "dockerfile": True,
    "DOCKERFILE": True,
    "Containerfile": True,
    "containerfile": True,
    "cuda.Dockerfile": True,
    "cuda.dockerfile": True,
    "cann.Containerfile": True,
    "app.gpu.Dockerfile": True,
    ".Dockerfile": True,
    "Dockerfile.cuda": True,
    "Dockerfile.a3.openEuler": True,
    "Containerfile.cann": True,
    "Dockerfile-gpu": True,
    "Dockerfile_cuda": True,
    "Dockerfile-py": True,
    "Dockerfile.gpu.old": True,
    "Dockerfile.12.4": True,
    "Dockerfile.": True,
    # not by the beginning or the end of the name
    "Dockerfiles": False,
    "MyDockerfile": False,
    "Dockerfilegpu": False,
    "dockerfile2": False,
    "docker-compose.yml": False,
    "Makefile": False,
    "Dockerfile~": False,
    # ignore files
    ".dockerignore": False,
    "Dockerfile.dockerignore": False,
    "cuda.Dockerfile.dockerignore": False,
    # backups
    "Dockerfile.orig": False,
    "Dockerfile.rej": False,
    "Dockerfile.bak": False,
    "Dockerfile.cuda~": False,
    "Dockerfile.swp": False,
    ".Dockerfile.swp": False,
    # templates
    "Dockerfile.j2": False,
    "Dockerfile.jinja2": False,
    "Dockerfile.cuda.jinja": False,
    "Dockerfile.tmpl": False,
    "Dockerfile.tpl": False,
    "Dockerfile.in": False,
    "Dockerfile.template": False,
    "Dockerfile.erb": False,
    "Dockerfile.mustache": False,
    # documents and programs
    "Dockerfile.md": False,
    "dockerfile.py": False,
    "dockerfile.go": False,
    "Dockerfile.txt": False,
    "dockerfile.test.ts": False,
    "Dockerfile.yaml": False,
}

Plant = Callable[..., Path]


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Files with their text, by path below the current folder."""
    monkeypatch.chdir(tmp_path)

    def plant(*names: str, **texts: str) -> Path:
        for name, text in {**dict.fromkeys(names, ""), **texts}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return plant


def found(*paths: str, **options: Any) -> list[str]:
    discovery = discover(map(Path, paths), **options)
    assert not discovery.problems
    return [path.as_posix() for path in discovery.files]


@pytest.mark.parametrize("name, expected", NAMES.items())
def test_names(name: str, expected: bool) -> None:
    assert is_dockerfile_name(name) is expected


def hooks() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    return loaded


@pytest.mark.parametrize("hook", hooks(), ids=lambda hook: hook["id"])
def test_hooks_take_the_same_names(hook: dict[str, Any]) -> None:
    assert (hook["files"], hook["exclude"]) == (DOCKERFILE, NOT_DOCKERFILE)
    for name, expected in NAMES.items():
        for path in (name, f"docker/{name}", f"dockerfile/{name}", f"Dockerfile.md/{name}"):
            assert (
                bool(re.search(hook["files"], path)) and not re.search(hook["exclude"], path)
            ) is expected, path


def test_hooks_run_on_named_files() -> None:
    entries = {hook["id"]: hook["entry"].split() for hook in hooks()}
    assert entries == {
        "imgtool-lint": ["imgtool", "lint", "--force-exclude"],
        "imgtool-fix": ["imgtool", "lint", "--fix", "--force-exclude"],
    }


@pytest.mark.corpus
def test_real_names(corpus: Path) -> None:
    rows = [line.split("\t") for line in (corpus / "open.tsv").read_text("utf-8").splitlines()[1:]]
    missed = {name for row in rows if not is_dockerfile_name(name := row[3].rpartition("/")[2])}
    assert missed == {"Qwen2VL_Dockerfile", "_Dockerfile.deploy_ws"}


def test_a_folder_is_searched_in_the_order_of_names(plant: Plant) -> None:
    plant(
        "b/Dockerfile", "Dockerfile", "a/x.Dockerfile", "a/x.dockerignore", "README.md", "a-b/Containerfile"
    )
    assert found(".") == ["Dockerfile", "a/x.Dockerfile", "a-b/Containerfile", "b/Dockerfile"]


def test_a_named_file_is_taken_whatever_its_name(plant: Plant) -> None:
    plant("build.txt", "Dockerfile.j2", ".git/Dockerfile")
    assert found("build.txt", "Dockerfile.j2", ".git/Dockerfile") == [
        "build.txt",
        "Dockerfile.j2",
        ".git/Dockerfile",
    ]


def test_no_file_twice(plant: Plant) -> None:
    root = plant("a/Dockerfile", "b/Dockerfile")
    (root / "link").symlink_to("a/Dockerfile")
    assert found("b", ".", "a/Dockerfile", "a/../b/Dockerfile", "link", str(root)) == [
        "b/Dockerfile",
        "a/Dockerfile",
    ]


def test_standard_input(plant: Plant) -> None:
    plant("Dockerfile")
    assert discover([STDIN, Path()]).files == (STDIN, Path("Dockerfile"))


@pytest.mark.parametrize("name", [".git", ".hg", "node_modules", ".venv"])
def test_some_folders_are_entered_only_when_named(plant: Plant, name: str) -> None:
    plant(f"{name}/Dockerfile", f"{name}/a/Dockerfile")
    assert found(".") == []
    assert found(name) == [f"{name}/Dockerfile", f"{name}/a/Dockerfile"]


def test_links_in_a_folder_are_not_followed(plant: Plant) -> None:
    root = plant("a/Dockerfile", "outside/secret")
    (root / "a/loop").symlink_to("../a")
    (root / "a/Dockerfile.secret").symlink_to("../outside/secret")
    (root / "link").symlink_to("a")
    assert found("a") == ["a/Dockerfile"]
    assert found("link") == ["link/Dockerfile"]


def test_deep_folders_end(plant: Plant) -> None:
    plant("/".join("d" * (MAX_DEPTH + 1)) + "/Dockerfile", "/".join("d" * MAX_DEPTH) + "/Dockerfile")
    assert len(found(".")) == 1


def test_real_paths_lead_through_no_link(plant: Plant) -> None:
    root = plant("a/Dockerfile", "b/Dockerfile")
    (root / "link").symlink_to("a")
    discovery = discover([Path("link/Dockerfile"), Path("b/../link/../b/Dockerfile"), STDIN])
    # what a key for a file is, whatever it is called
    assert discovery.real == tuple(str(file.resolve()) for file in discovery.files)
    assert discovery.real[0] == str((root / "a/Dockerfile").resolve())


def test_real_paths_are_those_of_the_system(plant: Plant) -> None:
    root = plant("a/b/Dockerfile")
    (root / "up").symlink_to("a/b")
    (root / "a/link").symlink_to("../up/Dockerfile")
    (root / "loop").symlink_to("loop")
    resolve = real_paths()
    for name in (
        "a/b/Dockerfile",
        "a/b/../link",
        "up/Dockerfile",
        "up/../link",
        "a/link",
        "loop",
        "loop/x/Dockerfile",
        "gone/x",
        "up",
        "up/Dockerfile",
        "a/../up/Dockerfile",
        "Dockerfile",
        "..",
        "",
    ):
        for path in (
            str(root / name),
            os.path.relpath(root / name),
            f"/{name}",
            name,
            f"./{name}",
            f"{name}/",
        ):
            assert resolve(path) == os.path.realpath(path)


def test_what_is_missing_or_unreadable_is_a_problem(plant: Plant) -> None:
    root = plant("a/Dockerfile", "locked/Dockerfile")
    (root / "locked").chmod(0)
    discovery = discover([Path("missing"), Path()])
    (root / "locked").chmod(0o700)
    assert discovery.problems[0] == "missing: no such file or folder"
    if os.geteuid():
        assert discovery.problems[1:] == ("locked: cannot be read: Permission denied",)
    assert Path("a/Dockerfile") in discovery.files


def test_a_folder_that_goes_away_is_a_problem(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant("a/Dockerfile", "b/Dockerfile")

    def refuse(path: Path) -> Any:
        if path.name == "a":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    scandir = os.scandir
    monkeypatch.setattr("imgtool.discover.os.scandir", refuse)
    discovery = discover([Path()])
    assert discovery.problems == ("a: cannot be read: Permission denied",)
    assert discovery.files == (Path("b/Dockerfile"),)


# files, the paths asked for, what is found
GITIGNORE: list[tuple[str, dict[str, str], list[str], list[str]]] = [
    ("at the root", {".gitignore": "build/\n", "build/Dockerfile": "", "a/build/Dockerfile": ""}, ["."], []),
    ("without a repository too", {".gitignore": "*.old.Dockerfile", "a.old.Dockerfile": ""}, ["."], []),
    (
        "nested ones come first",
        {
            ".gitignore": "Dockerfile.*",
            "a/.gitignore": "!Dockerfile.keep",
            "a/Dockerfile.keep": "",
            "a/Dockerfile.x": "",
        },
        ["."],
        ["a/Dockerfile.keep"],
    ),
    (
        "nested ones speak of their folder",
        {"a/.gitignore": "/Dockerfile", "a/Dockerfile": "", "a/b/Dockerfile": ""},
        ["."],
        ["a/b/Dockerfile"],
    ),
    (
        "an ignored folder is not entered",
        {".gitignore": "a", "a/.gitignore": "!*", "a/Dockerfile": ""},
        ["."],
        [],
    ),
    (
        "from above the folder that is named",
        {".git/HEAD": "", ".gitignore": "Dockerfile.tmp1", "a/Dockerfile.tmp1": "", "a/Dockerfile": ""},
        ["a"],
        ["a/Dockerfile"],
    ),
    (
        "not from above the repository",
        {".gitignore": "Dockerfile", "repo/.git/HEAD": "", "repo/a/Dockerfile": ""},
        ["repo", "repo/a", "."],
        ["repo/a/Dockerfile"],
    ),
    (
        "an ignored folder that is named",
        {".git/HEAD": "", ".gitignore": "a", "a/b/Dockerfile": ""},
        ["a/b"],
        ["a/b/Dockerfile"],
    ),
    (
        "an ignored file that is named",
        {".git/HEAD": "", ".gitignore": "Dockerfile", "Dockerfile": ""},
        ["Dockerfile"],
        ["Dockerfile"],
    ),
    (
        "the repository's own list",
        {
            ".git/info/exclude": "Dockerfile.a\nDockerfile.b",
            ".gitignore": "!Dockerfile.b",
            "Dockerfile.a": "",
            "Dockerfile.b": "",
        },
        ["."],
        ["Dockerfile.b"],
    ),
]


@pytest.mark.parametrize(
    "files, paths, expected", [row[1:] for row in GITIGNORE], ids=[row[0] for row in GITIGNORE]
)
def test_gitignore(plant: Plant, files: dict[str, str], paths: list[str], expected: list[str]) -> None:
    plant(**files)
    assert found(*paths) == expected


def test_gitignore_can_be_left_aside(plant: Plant) -> None:
    plant("Dockerfile", **{".gitignore": "*"})
    assert found(".", respect_gitignore=False) == ["Dockerfile"]


def test_exclude(plant: Plant) -> None:
    root = plant(
        "Dockerfile", "vendor/Dockerfile", "vendor/keep/Dockerfile", "a/Dockerfile.x", "a/Dockerfile.y"
    )
    patterns = (Patterns.of(root, ["vendor/", "*.x", "*.y"]), Patterns.of(root / "a", ["!*.y"]))
    asked: list[Path] = []

    def exclude(path: Path) -> Sequence[Patterns]:
        asked.append(path)
        return patterns

    assert found(".", exclude=exclude) == ["Dockerfile", "a/Dockerfile.y"]
    # one question a candidate, and none about what is in an excluded folder
    assert asked == [
        root / name for name in ("Dockerfile", "a", "a/Dockerfile.x", "a/Dockerfile.y", "vendor")
    ]
    # what is named is taken
    assert found("a/Dockerfile.x", exclude=exclude) == ["a/Dockerfile.x"]
    assert found("vendor/keep", exclude=exclude) == ["vendor/keep/Dockerfile"]


def test_force_exclude(plant: Plant) -> None:
    root = plant("Dockerfile", "vendor/keep/Dockerfile")
    patterns = Patterns.of(root, ["vendor/"])
    names = ("vendor/keep/Dockerfile", "vendor/../Dockerfile")
    assert found(*names, exclude=lambda _: [patterns], force_exclude=True) == ["vendor/../Dockerfile"]
    assert found("vendor", "vendor/keep", exclude=lambda _: [patterns], force_exclude=True) == []
    assert found("vendor", exclude=lambda _: [patterns]) == ["vendor/keep/Dockerfile"]
