from __future__ import annotations

import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.facts import context as contexts
from imgtool.facts.context import ContextFile, alternatives, locate, repository_root, share_listings
from imgtool.facts.dockerignore import Ignore

Plant = Callable[..., Path]


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Files by path, each with its text; a folder ends in a slash, a link's text begins with "-> "."""

    def plant(**files: str) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name.endswith("/"):
                path.mkdir()
            elif text.startswith("-> "):
                path.symlink_to(text.removeprefix("-> "))
            else:
                path.write_text(text)
        return tmp_path

    return plant


TREE = {
    "repo/.git/HEAD": "",
    "repo/requirements.txt": "",
    "repo/src/main.py": "",
    "repo/docker/Dockerfile": "",
    "repo/docker/start.sh": "",
    "repo/docker/conf.d/a.conf": "",
    "repo/docker/loop": "-> loop",
    "repo/docker/out": "-> ../src",
    "repo/docker/in": "-> conf.d",
}

# what a Dockerfile in repo/docker copies, and the folder that is its context
LOCATED = [
    ([], "docker", "nothing says otherwise"),
    (["."], "docker", "is there in every folder"),
    (["start.sh"], "docker", ""),
    (["./start.sh", "/start.sh", "../start.sh"], "docker", "all of them the same file to the builder"),
    (["conf.d/"], "docker", ""),
    (["*.sh"], "docker", ""),
    (["conf.d/*.conf", "co*/*"], "docker", ""),
    (["in/a.conf"], "docker", "a link inside the folder"),
    (["requirements.txt"], "repo", ""),
    (["src/*.py"], "repo", ""),
    (["docker/start.sh", "src"], "repo", ""),
    (["out/main.py"], None, "a link out of the folder"),
    (["loop"], None, "a link to itself"),
    (["start.sh", "requirements.txt"], None, "one in each folder"),
    (["start.sh/x"], None, "no folder"),
    (["*.rs"], None, ""),
    (["start.sh", "*.rs"], "docker", "a wildcard may match nothing"),
    (["requirements.txt", "uv.loc[k]"], "repo", "likewise"),
    ([".", "src/*.py"], "repo", "but one that matches tells more"),
    (["start.sh", "requirements.txt", "*.rs"], None, ""),
    (["conf.d/*.conf/*"], None, ""),
    (["["], None, "a pattern that fails the build"),
    (["missing\0"], None, "no file has such a name"),
    (["x" * 5000], None, "nor such a long one"),
]


@pytest.mark.parametrize("sources, folder", [row[:2] for row in LOCATED])
def test_locate(plant: Plant, sources: list[str], folder: str | None) -> None:
    root = plant(**TREE)
    found = locate(root / "repo/docker/Dockerfile", sources)
    names = {"docker": ("docker", "dockerfile folder"), "repo": ("repo", "repository root"), None: None}
    assert (found and (found.root.name, found.how)) == names[folder]


ALTERNATIVES = [
    (["."], "p/docker/Dockerfile", ["p", "repo"]),
    (["a"], "p/docker/Dockerfile", ["p"]),
    (["a", "*.rs"], "p/docker/Dockerfile", ["p"]),
    (["b"], "p/docker/Dockerfile", []),
    (["p"], "p/docker/Dockerfile", []),
    ([], "Dockerfile", []),
]


@pytest.mark.parametrize("sources, dockerfile, others", ALTERNATIVES)
def test_alternatives(plant: Plant, sources: list[str], dockerfile: str, others: list[str]) -> None:
    files = {
        ".git/HEAD": "",
        "Dockerfile": "",
        "p/a": "",
        "p/docker/Dockerfile": "",
        "p/docker/a": "",
        "p/docker/b": "",
    }
    path = plant(**{f"repo/{name}": text for name, text in files.items()}) / "repo" / dockerfile
    found = locate(path, sources)
    assert found
    assert [other.root.name for other in alternatives(found, path, sources)] == others


def test_a_context_that_is_named_has_no_alternative(plant: Plant) -> None:
    root = plant(**TREE)
    path = root / "repo/docker/Dockerfile"
    found = locate(path, ["."], context=root / "repo/docker")
    assert found
    assert not list(alternatives(found, path, ["."]))


def test_a_folder_is_told_from_a_file(plant: Plant) -> None:
    found = locate(plant(**TREE) / "repo/docker/Dockerfile", [])
    assert found
    named = {"conf.d", "/conf.d/", ".", "in", "conf.d/a.conf", "nowhere", "../conf.d", "\0"}
    assert {source for source in named if found.is_folder(source)} == {
        "conf.d",
        "/conf.d/",
        ".",
        "in",
        "../conf.d",
    }


def test_the_head_of_a_file(plant: Plant) -> None:
    root = plant(**{"Dockerfile": "", "a": "hello", "l": "-> a", "d/b": ""})
    found = locate(root / "Dockerfile", [])
    assert found
    assert found.head("a", 4) == b"hell"
    assert [found.head(name, 4) for name in ("l", "d", "nowhere", "\0")] == [b"", b"", b"", b""]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_not_waited_for(plant: Plant) -> None:
    root = plant(Dockerfile="")
    os.mkfifo(root / "pipe")
    found = locate(root / "Dockerfile", [])
    assert found
    assert found.head("pipe", 4) == b""


def test_outside_a_repository_only_the_folder_of_the_dockerfile_counts(plant: Plant) -> None:
    root = plant(**{"a/b/Dockerfile": "", "a/x": ""})
    assert repository_root(root / "a/b") is None or not repository_root(root / "a/b").is_relative_to(root)  # type: ignore[union-attr]
    assert locate(root / "a/b/Dockerfile", ["x"]) is None


def test_a_worktree_has_a_git_file(plant: Plant) -> None:
    root = plant(**{"repo/.git": "gitdir: elsewhere", "repo/a/b/c": ""})
    assert repository_root(root / "repo/a/b") == root / "repo"


def test_a_folder_that_the_user_names_is_the_context(plant: Plant) -> None:
    root = plant(**TREE)
    named = locate(root / "repo/docker/Dockerfile", ["nowhere"], context=root / "repo/src", how="config")
    assert named is not None
    assert (named.root, named.how) == (root / "repo/src", "config")
    assert locate(None, ["x"], context=root / "repo") is not None
    assert locate(root / "repo/docker/Dockerfile", [], context=root / "repo/requirements.txt") is None


def test_standard_input_has_no_context() -> None:
    assert locate(None, []) is None


IGNORE_FILES = [
    ({}, None),
    ({".dockerignore": "root"}, ".dockerignore"),
    (
        {".dockerignore": "root", "docker/gpu.Dockerfile.dockerignore": "own"},
        "docker/gpu.Dockerfile.dockerignore",
    ),
    (
        {".dockerignore": "root", "docker/gpu.Dockerfile.dockerignore": ""},
        "docker/gpu.Dockerfile.dockerignore",
    ),
    ({".dockerignore": "root", "docker/Dockerfile.dockerignore": "another's"}, ".dockerignore"),
    ({"docker/.dockerignore": "not at the root"}, None),
    ({".dockerignore": "-> ignored", "ignored": "linked"}, ".dockerignore"),
    ({".dockerignore": "-> ../ignored", "../ignored": "out of the context"}, None),
    ({".dockerignore": "-> .dockerignore"}, None),
    ({".dockerignore/": ""}, None),
]


@pytest.mark.parametrize("files, expected", IGNORE_FILES)
def test_which_ignore_file(plant: Plant, files: dict[str, str], expected: str | None) -> None:
    root = plant(**{f"context/{name}": text for name, text in {**files, "docker/gpu.Dockerfile": ""}.items()})
    found = locate(root / "context/docker/gpu.Dockerfile", [], context=root / "context")
    assert found is not None
    assert found.ignore_file == (expected and root / "context" / expected)
    text = files.get(expected or "", "")
    assert [p.text for p in found.ignore.patterns] == ([files.get("ignored", text)] if text else [])


def test_an_ignore_file_without_end_is_not_read(plant: Plant) -> None:
    root = plant(**{"Dockerfile": "", ".dockerignore": "a" * (contexts.MAX_IGNORE_FILE + 1)})
    found = locate(root / "Dockerfile", [])
    assert found is not None
    assert found.ignore.errors[0].message == "file is larger than 1,048,576 bytes"


PROJECT = {
    "Dockerfile": "FROM scratch",
    ".git/HEAD": "ref",
    "app.py": "12345",
    "data/a.csv": "1",
    "data/b.csv": "22",
    "data/deep/c.csv": "333",
    "data/deep/link": "-> ../a.csv",
    "docs/index.md": "4444",
    "docs/other.md": "5",
    "empty/": "",
    "link": "-> data",
    "away": "-> /etc",
}


def listed(root: Path, ignore: str = "") -> contexts.BuildContext:
    (root / ".dockerignore").write_text(ignore)
    found = locate(root / "Dockerfile", [])
    assert found is not None
    return found


def paths(listing: contexts.Listing) -> list[str]:
    assert listing.complete
    return [file.path for file in listing.files]


@pytest.mark.parametrize(
    "ignore, expected",
    [
        (
            "",
            [
                ".dockerignore",
                ".git/HEAD",
                "Dockerfile",
                "app.py",
                "data/a.csv",
                "data/b.csv",
                "data/deep/c.csv",
                "docs/index.md",
                "docs/other.md",
            ],
        ),
        (".*\ndata\n", ["Dockerfile", "app.py", "docs/index.md", "docs/other.md"]),
        ("*\n!docs/index.md\n", ["docs/index.md"]),
        ("*\n!**/*.csv\n", ["data/a.csv", "data/b.csv", "data/deep/c.csv"]),
    ],
)
def test_files(plant: Plant, ignore: str, expected: list[str]) -> None:
    assert paths(listed(plant(**PROJECT), ignore).files()) == expected


def test_entries_of_caches_do_not_count(plant: Plant) -> None:
    tag, entry = "Signature: 8a477f597d28d172789f06886806bc55\n", f"v1/a0/{'b' * 38}.json"
    layer = f"layers-v1/sha256-{'c' * 64}.{'d' * 12}"
    root = plant(**{
        # the context itself is no cache
        **dict.fromkeys(["CACHEDIR.TAG", entry, "model.pt"], tag),
        **dict.fromkeys([f"kept/{name}" for name in ("CACHEDIR.TAG", ".gitignore", entry, layer)], tag),
        # whoever has marked a folder, a secret in it is one
        **dict.fromkeys([f"kept/{name}" for name in (".env", "v1/.env", "v1/a0/.env", "layers-v1/.env")], tag),
        "theirs/CACHEDIR.TAG": "", f"theirs/{entry}": "", f"none/{layer}": "",
    })  # fmt: skip
    assert paths(listed(root).files()) == sorted([
        *(".dockerignore", "CACHEDIR.TAG", entry, "model.pt", "kept/.env", "kept/v1/.env", "kept/v1/a0/.env", "kept/layers-v1/.env"),
        *("theirs/CACHEDIR.TAG", f"theirs/{entry}", f"none/{layer}"),
    ])  # fmt: skip


def test_sizes_are_those_of_the_files(plant: Plant) -> None:
    listing = listed(plant(**PROJECT), "*\n!data").files()
    assert [file.size for file in listing.files] == [1, 2, 3]
    assert listing.size == 6


def test_a_listing_ends_at_its_limits(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    root = plant(**PROJECT)
    monkeypatch.setattr(contexts, "MAX_ENTRIES", 9)
    few = listed(root).files()
    assert not few.complete
    assert {"app.py", "Dockerfile"} <= {file.path for file in few.files}
    monkeypatch.setattr(contexts, "MAX_ENTRIES", 9000)
    monkeypatch.setattr(contexts, "MAX_SECONDS", 0.0)
    assert not listed(root).files().complete


def test_a_folder_that_cannot_be_read_counts_as_empty(plant: Plant) -> None:
    root = plant(**{"Dockerfile": "", "locked/secret": ""})
    found = listed(root)
    (root / "locked").chmod(0)
    try:
        readable = [*(root / "locked").iterdir()]
    except PermissionError:
        readable = []
    assert len(paths(found.files())) == 2 + len(readable)
    (root / "locked").chmod(0o700)


COPIED = [
    (["."], "", "*", "everything"),
    (["app.py"], "", "app.py", ""),
    (["data"], "", "data/a.csv data/b.csv data/deep/c.csv", ""),
    (["data/"], "", "data/a.csv data/b.csv data/deep/c.csv", ""),
    (["dat"], "", "", "no prefix of a name"),
    (["missing"], "", "", ""),
    (["data/*.csv"], "", "data/a.csv data/b.csv", ""),
    (["data/*"], "", "data/a.csv data/b.csv data/deep/c.csv", "a folder that a wildcard names comes whole"),
    (["d*"], "", "data/a.csv data/b.csv data/deep/c.csv docs/index.md docs/other.md", ""),
    (["d*/[ab]*"], "", "data/a.csv data/b.csv", ""),
    (["link"], "", "data/a.csv data/b.csv data/deep/c.csv", "a link that a source names is followed"),
    (["link/*.csv"], "", "data/a.csv data/b.csv", ""),
    (["l*"], "", "data/a.csv data/b.csv data/deep/c.csv", "and one that a wildcard names"),
    (["l*/*"], "", "", "but not on the way"),
    (["away", "away/*"], "", "", "not out of the context"),
    (["../app.py", "/docs/other.md"], "", "app.py docs/other.md", ""),
    (["["], "", "", ""),
    (["."], "data", "Dockerfile app.py docs/index.md docs/other.md", "paths below the source"),
    (["."], "/data", "*", "a slash at the start is none"),
    (["data"], "*.csv", "data/deep/c.csv", "anchored"),
    (["data"], "**/*.csv", "", ""),
    (["data"], "data", "data/a.csv data/b.csv data/deep/c.csv", ""),
    (["data/*.csv"], "*.csv", "data/a.csv data/b.csv", "what a source names is never excluded"),
    (["d*"], "deep !deep/c.csv index.md", "data/a.csv data/b.csv data/deep/c.csv docs/other.md", ""),
]


@pytest.mark.parametrize("sources, exclude, expected", [row[:3] for row in COPIED])
def test_copied(plant: Plant, sources: list[str], exclude: str, expected: str) -> None:
    found = listed(plant(**PROJECT), ".*")
    everything = paths(found.files())
    copied = paths(found.copied(sources, Ignore.of(exclude.split())))
    assert copied == (everything if expected == "*" else expected.split())


@pytest.mark.engine
def test_the_engine_copies_the_same(plant: Plant, tmp_path: Path) -> None:
    root = plant(**{f"context/{name}": text for name, text in PROJECT.items()}) / "context"
    (root / ".dockerignore").write_text(".*")
    # BuildKit cannot sum up a folder that holds a link to nothing
    (root / "away").unlink()
    rows = [row for row in COPIED if row[0] not in (["missing"], ["dat"], ["away", "away/*"], ["["])]
    lines = [
        " ".join(["COPY", *(f"--exclude={e}" for e in exclude.split()), *sources, f"/{number}/"])
        for number, (sources, exclude, *_) in enumerate(rows)
    ]
    (root / "Dockerfile").write_text("\n".join(["FROM scratch", *lines]))
    command = ["docker", "build", "--quiet", "--output", f"type=tar,dest={tmp_path / 'out.tar'}", "."]
    subprocess.run(command, cwd=root, capture_output=True, check=True)
    with tarfile.open(tmp_path / "out.tar") as archive:
        arrived = [member.name for member in archive if member.isfile()]
    found = locate(root / "Dockerfile", [])
    assert found is not None
    for number, (sources, exclude, *_) in enumerate(rows):
        names = [name for name in arrived if name.startswith(f"{number}/")]
        copied = found.copied(sources, Ignore.of(exclude.split())).files
        # the engine flattens what a source names; base names are enough to tell these files apart
        assert sorted(Path(n).name for n in names) == sorted(Path(f.path).name for f in copied), (
            sources,
            exclude,
        )


REACHES = [
    ("app.py", "", True),
    ("app.py", "app.py", False),
    (".", "*", True),  # the context itself is always there
    ("docs", "docs/*", True),  # the folder arrives, empty
    ("missing", "", False),
    ("data", "data", False),
    ("data", "data !data/deep", True),
    ("data/deep/c.csv", "data !data/deep", True),
    ("data/a.csv", "data !data/deep", False),
    ("data/*.csv", "data/a.csv", True),
    ("data/*.csv", "**/*.csv", False),
    ("link", "data", False),
    ("link", "", True),
    ("away", "", False),
    ("empty", "", True),
]


@pytest.mark.parametrize("source, ignore, expected", REACHES)
def test_reaches(plant: Plant, source: str, ignore: str, expected: bool) -> None:
    assert listed(plant(**PROJECT), ignore.replace(" ", "\n")).reaches(source) is expected


def test_a_run_walks_a_folder_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    share_listings()
    try:
        first = locate(tmp_path / "Dockerfile", ["a"])
        assert first is not None
        assert [file.path for file in first.files().files] == ["a"]
        (tmp_path / "b").write_text("2")
        other = locate(tmp_path / "other.Dockerfile", ["a"])
        assert other is not None
        assert other.files() is first.files()
    finally:
        share_listings(share=False)
    again = locate(tmp_path / "Dockerfile", ["a"])
    assert again is not None
    assert [file.path for file in again.files().files] == ["a", "b"]


def test_of_many_folders_the_last_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contexts, "_MOST_SHARED", 100)
    for folder in "ab":
        (tmp_path / folder).mkdir()
        for name in range(45):
            (tmp_path / folder / f"{name}").touch()
    share_listings()
    try:
        first, second = (locate(tmp_path / folder / "Dockerfile", ["1"]) for folder in "ab")
        assert first is not None
        assert second is not None
        seen, last = first.files(), second.files()
        again = locate(tmp_path / "a" / "other.Dockerfile", ["1"])
        assert again is not None
        assert again.files() is not seen
        assert again.files().files == seen.files
        shared = contexts._shared.get()
        assert shared is not None
        assert shared.size <= 100
        assert last not in shared.found.values()
    finally:
        share_listings(share=False)


PATHS = st.text("ab/.0\u00e9", min_size=1, max_size=5)


@given(st.sets(PATHS, max_size=30), st.sets(PATHS, max_size=6))
def test_what_is_copied_is_what_is_below(paths: set[str], named: set[str]) -> None:
    files = [ContextFile(path, 1) for path in sorted(paths)]
    plain = [file for file in files if contexts._is_below(named, file.path)]
    assert list(contexts._below(files, named)) == plain
