"""No .dockerignore where the context is copied."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from imgtool.facts.facts import FactOptions
from imgtool.lint import registry
from imgtool.lint.runner import LintResult, lint

LintWith = Callable[..., LintResult]
FILES = {"main.py": "", "src/a.py": "", "src/deep/b.py": "", "conf/x.conf": ""}
FROM = "FROM debian:bookworm-slim\n"

MEGABYTE = 1_000_000
_HEAVY = "x" * MEGABYTE
_WEIGHTS = {
    f"{folder}{name}": text
    for folder in ("src/", "models/", "models/llama/", "src/weights/")
    for name, text in (("m.safetensors", _HEAVY), ("a.py", ""))
}
_FEW = [
    ({".dockerignore": "", "src/m.pt": _HEAVY}, "there is a .dockerignore: IMG302 says so"),
    ({"src/m.pt": "x" * (MEGABYTE - 1)}, "small weights"),
    ({"src/m.bin": _HEAVY}, "a small .bin may be anything"),
    ({"src/m.pt.txt": _HEAVY, "src/lib.so": _HEAVY}, "large, and no weights"),
    ({"m.pt": _HEAVY, "conf/m.pt": _HEAVY}, "weights elsewhere"),
]
_MEANT = [
    ("COPY models /models", "a folder of weights"),
    ("COPY models/* /app/", "likewise"),
    ("COPY models/llama /app", "a folder below"),
    ("COPY src/weights/ /app", "likewise"),
    ("COPY src /models/", "where weights go"),
    ("COPY src/m.safetensors /app/", "weights by name"),
    ("COPY src /app\nCOPY src/m.safetensors /opt/", "those of the ending are wanted"),
    ("RUN --mount=type=bind,source=src/m.safetensors,target=/m true\nCOPY src /app", "likewise"),
    ("COPY --exclude=*.safetensors src /app", "the instruction keeps them back"),
    ("COPY src /app\nFROM scratch", "not built"),
    ("ONBUILD COPY src /app", "the context of another build"),
]

# --- (instructions, more files of the context, why it is left alone) ---
LEFT_ALONE = [
    ("COPY . .", {".dockerignore": ".git\n"}, "there is one"),
    ("COPY . .", {".dockerignore": ""}, "there is one, even if it is empty"),
    ("COPY . .", {"Dockerfile.dockerignore": "*\n"}, "there is one of the Dockerfile's own"),
    ("COPY main.py /app/", {}, "a file by name"),
    ("COPY main.py src/a.py /app/", {}, "files by name"),
    ("COPY *.py /app/", {}, "files of one kind"),
    ("COPY conf/*.conf /etc/", {}, "files of one kind"),
    ("COPY s*/a.py /app/", {}, "files by name"),
    ("COPY --exclude=.git . .", {}, "the instruction keeps something back"),
    ("COPY nothing /app/", {}, "the context is not known: it has no such file"),
    ("COPY --from=busybox . .", {}, "another image's files"),
    ("ADD https://example.org/a.tar /app/", {}, "from elsewhere"),
    ("ADD https://github.com/example/a.git /app/", {}, "from elsewhere"),
    ("COPY <<EOF /etc/a\nb\nEOF", {}, "from the file itself"),
    ("COPY $SOURCE /app/", {}, "unknown"),
    ("ONBUILD COPY . .", {}, "the context of another build"),
    ("RUN --mount=type=bind,target=/src make -C /src", {}, "nothing is copied"),
    ("COPY . .\nFROM scratch", {}, "not built"),
    ("COPY .", {}, "refused"),
    ("COPY src /app", {}, "one folder by name lets little in"),
    ("COPY src/* /app/", {}, "likewise"),
    ("COPY .git /app/.git", {".git/HEAD": "x"}, "IMG303 says so"),
    *[("COPY src /app", FILES | files, reason) for files, reason in _FEW],
    *[(lines, _WEIGHTS, reason) for lines, reason in _MEANT],
]


@pytest.mark.parametrize("lines, more, reason", LEFT_ALONE)
def test_left_alone(lint_with: LintWith, lines: str, more: dict[str, str], reason: str) -> None:
    assert not lint_with("IMG301", f"{FROM}{lines}\n", FILES | more).findings, reason


def test_an_unknown_context_is_left_alone(lint_with: LintWith) -> None:
    assert not lint_with("IMG301", f"{FROM}COPY . .\n").findings


# --- (instructions, what is marked, severity) ---
FOUND = [
    ("COPY . .", ".", "warning"),
    ("COPY ./ /app", "./", "warning"),
    ("COPY / /app", "/", "warning"),
    ("COPY .. /app", "..", "warning"),
    ("COPY * /app/", "*", "warning"),
    ("COPY ./* /app/", "./*", "warning"),
    ('COPY ["." , "/my app"]', '"."', "warning"),
    ("COPY --chown=1000 --link . /app", ".", "warning"),
    ("ADD . /app", ".", "warning"),
    ("COPY main.py . /app/", ".", "warning"),
    ("ARG WHERE=.\nCOPY $WHERE /app", "$WHERE", "warning"),
    ("COPY src /app\nCOPY . /all", ".", "warning"),
    ("COPY \\\n  # all\n  . \\\n  /app", ".", "warning"),
    ("COPY . /src\nFROM scratch\nCOPY --from=0 /src /src", ".", "warning"),
]


@pytest.mark.parametrize("lines, marked, severity", FOUND)
def test_found(lint_with: LintWith, lines: str, marked: str, severity: str) -> None:
    result = lint_with("IMG301", f"{FROM}{lines}\n", FILES)
    (finding,) = result.findings
    assert result.source.text(finding.span) == marked
    assert finding.severity == severity
    assert "no .dockerignore" in finding.message


def test_what_nobody_needs_is_weighed_to_the_byte(lint_with: LintWith) -> None:
    more = {".git/HEAD": "x" * 10, ".git/objects/a": "x" * 100, "src/__pycache__/a.pyc": "x" * 1000}
    (finding,) = lint_with("IMG301", f"{FROM}COPY . .\n", FILES | more).findings
    assert finding.message == (
        "COPY takes the whole build context, 1,110 bytes of .git, __pycache__ with it, as there is no .dockerignore; "
        "write one with .git, **/__pycache__"
    )
    assert finding.saves_bytes is None


def test_a_builder_saves_nothing_of_the_image(lint_with: LintWith) -> None:
    text = f"{FROM}COPY . /src\nFROM scratch\nCOPY --from=0 /src/main.py /\n"
    (finding,) = lint_with("IMG301", text, FILES | {".git/HEAD": "x" * 10}).findings
    assert finding.saves_bytes is None


def test_a_megabyte_is_worth_a_figure(lint_with: LintWith) -> None:
    for size, saved in ((MEGABYTE, MEGABYTE), (MEGABYTE - 1, None)):
        (finding,) = lint_with("IMG301", f"{FROM}COPY . .\n", FILES | {".git/objects/a": "x" * size}).findings
        assert finding.saves_bytes == saved


# --- (instructions, more files, what is weighed, what the message and the fix leave out) ---
MADE = [
    ("RUN npm ci", {"package.json": "{}", "node_modules/a/b.js": "xx"}, "2 bytes of node_modules", "node_modules"),
    ("RUN yarn", {"web/package.json": "{}", "web/node_modules/b.js": "xx"}, "2 bytes of node_modules", "node_modules"),
    ("", {"package.json": "{}", "node_modules/a/b.js": "xx"}, "", ""),  # nothing makes it again
    ("", {"package.json": "{}"}, "", "node_modules"),
    ("", {"Cargo.toml": "", "target/CACHEDIR.TAG": "", "target/a": "x"}, "1 bytes of target", "target"),
    ("", {"Cargo.toml": "", "target/a": "x"}, "", ""),  # it may be a folder of the project
    ("", {"CMakeLists.txt": "", "build/CMakeCache.txt": "", "build/a": "x"}, "1 bytes of build", "build"),
    ("", {"CMakeLists.txt": "", "build/ci.sh": "x"}, "", ""),
    ("", {"sub/.git/HEAD": "x"}, "1 bytes of .git", "**/.git"),
]  # fmt: skip


@pytest.mark.parametrize("lines, more, weighed, left_out", MADE)
def test_what_is_made(
    lint_with: LintWith, lines: str, more: dict[str, str], weighed: str, left_out: str
) -> None:
    (finding,) = lint_with("IMG301", f"{FROM}{lines}\nCOPY . .\n", FILES | more).findings
    assert ("bytes of" in finding.message, weighed in finding.message) == (bool(weighed), True)
    assert finding.fix
    proposed = finding.fix.creates[0][1].splitlines()
    assert finding.message.endswith(f"write one with {', '.join(proposed)}")
    assert [p for p in proposed if p != "**/__pycache__"] in (
        [[f"**/{left_out}"], [left_out]] if left_out else [[]]
    )


# --- instructions that need the history ---
MOUNTS = [
    "RUN --mount=type=bind,source=.git,target=.git pip install .",
    "RUN --mount=source=.git/HEAD,target=/h make",
    "COPY .git/HEAD /h",
]


@pytest.mark.parametrize("line", MOUNTS)
def test_what_is_mounted_stays(lint_with: LintWith, line: str) -> None:
    text = f"{FROM}{line}\nCOPY . .\n"
    (finding,) = lint_with("IMG301", text, FILES | {".git/HEAD": "x", ".git/a": "x" * MEGABYTE}).findings
    assert ".git" not in finding.message
    assert finding.saves_bytes is None
    assert finding.fix
    assert ".git" not in finding.fix.creates[0][1]


FOLDERS = ["src", "./src/", "src/*", "src/deep/"]


@pytest.mark.parametrize("source", FOLDERS)
def test_a_folder_with_what_nobody_needs(lint_with: LintWith, source: str) -> None:
    more = {".git/HEAD": "x", "src/deep/__pycache__/a.pyc": "x" * 1000, "src/deep/package.json": "{}"}
    (finding,) = lint_with("IMG301", f"{FROM}COPY {source} /app/\n", FILES | more).findings
    assert finding.message == (
        f"COPY takes all of {source.rstrip('/*')}, 1,000 bytes of __pycache__ with it, as there is no .dockerignore; "
        "write one with **/__pycache__, **/node_modules"
    )
    assert (finding.severity, finding.saves_bytes) == ("info", None)


def test_git_is_named_where_there_is_one(lint_with: LintWith) -> None:
    (finding,) = lint_with("IMG301", f"{FROM}COPY . .\n", FILES).findings
    assert finding.message.endswith("write one with **/__pycache__")


# --- folders that hold a .dockerignore, and whether the rule speaks ---
MONOREPO = [
    ([], True),
    ([""], False),
    (["project"], False),
    (["other"], True),
    (["project/docker"], False),
]


@pytest.mark.parametrize("folders, speaks", MONOREPO)
def test_where_a_folder_above_may_be_the_context(tmp_path: Path, folders: list[str], speaks: bool) -> None:
    for name in (".git/HEAD", "other/a", "project/docker/Dockerfile"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    for folder in folders:
        (tmp_path / folder / ".dockerignore").write_text("x\n")
    rules = [registry.load(entry) for entry in registry.select(registry.Selection(("IMG301",)))]
    dockerfile = tmp_path / "project/docker/Dockerfile"
    found = lint(f"{FROM}COPY . .\n".encode(), "Dockerfile", rules, FactOptions(dockerfile=dockerfile))
    assert bool(found.findings) is speaks
    named = FactOptions(dockerfile=dockerfile, context=tmp_path / "other")
    found = lint(f"{FROM}COPY . .\n".encode(), "Dockerfile", rules, named)
    assert bool(found.findings) is ("other" not in folders)


# --- the context may be project or the repository: (instruction, whether its weights are named) ---
UNSURE = [
    ("COPY . /app", True),
    ("COPY ./* /app/", True),
    ("COPY src /app", False),
    ("COPY only /app", True),  # the repository's root has none
]


@pytest.mark.parametrize("line, named", UNSURE)
def test_weights_in_a_monorepo(tmp_path: Path, line: str, named: bool) -> None:
    for name in (".git/HEAD", "src/a.py", *(f"project/{each}/a.py" for each in ("src", "only"))):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    for name in ("src", "only"):
        (tmp_path / "project" / name / "w.safetensors").touch()
        os.truncate(tmp_path / "project" / name / "w.safetensors", GIGABYTE)
    rules = [registry.load(entry) for entry in registry.select(registry.Selection(("IMG301",)))]
    dockerfile = tmp_path / "project/Dockerfile"
    found = lint(f"{FROM}{line}\n".encode(), "Dockerfile", rules, FactOptions(dockerfile=dockerfile))
    assert (
        any("w.safetensors" in finding.message and finding.saves_bytes for finding in found.findings) is named
    )


# --- the fix: (more files, what the new .dockerignore says) ---
FIXES = [
    ({}, ["**/__pycache__"]),
    ({".git/HEAD": "x"}, [".git", "**/__pycache__"]),
    ({"src/.venv/a": "x", "b/__pycache__/c.pyc": "x"}, ["**/__pycache__", "**/.venv"]),
    ({"conf/.env.local": "A=1", ".env.example": "A="}, ["**/__pycache__", "**/.env*"]),
    ({"id_rsa": "PRIVATE KEY", "a/server.key": "x"}, ["**/__pycache__", "**/*.key", "**/id_*"]),
]


@pytest.mark.parametrize("more, lines", FIXES)
def test_fix(lint_with: LintWith, tmp_path: Path, more: dict[str, str], lines: list[str]) -> None:
    (finding,) = lint_with("IMG301", f"{FROM}COPY . .\n", FILES | more).findings
    assert finding.fix
    ((path, text),) = finding.fix.creates
    assert (path, sorted(text.splitlines())) == (str(tmp_path / ".dockerignore"), sorted(lines))
    assert (finding.fix.edits, finding.fix.applicability) == ((), "unsafe")


# --- contexts with nothing that a file could keep out ---
NOTHING_THERE: list[dict[str, str]] = [{}, {"README.md": "x"}, {"main.go": "x", ".env.example": "A="}]


@pytest.mark.parametrize("files", NOTHING_THERE)
def test_nothing_is_written_where_nothing_is_there(
    lint_with: LintWith, tmp_path: Path, files: dict[str, str]
) -> None:
    text = f"{FROM}COPY . .\n"
    (tmp_path / "Dockerfile").write_text(text)
    (finding,) = lint_with("IMG301", text, files, context=tmp_path).findings
    assert finding.message == "COPY takes the whole build context, as there is no .dockerignore; write one"
    assert finding.fix is None


def test_a_fix_leaves_out_nothing_that_is_named(lint_with: LintWith) -> None:
    files = FILES | {".env": "A=1", ".git/HEAD": "x"}
    (finding,) = lint_with("IMG301", f"{FROM}COPY .env .git/HEAD /a/\nCOPY . .\n", files).findings
    assert finding.fix
    assert finding.fix.creates[0][1] == "**/__pycache__\n"


def test_no_fix_where_another_folder_may_be_the_context(tmp_path: Path) -> None:
    for name in (".git/HEAD", "project/Dockerfile"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    rules = [registry.load(entry) for entry in registry.select(registry.Selection(("IMG301",)))]
    dockerfile = tmp_path / "project/Dockerfile"
    found = lint(f"{FROM}COPY . .\n".encode(), "Dockerfile", rules, FactOptions(dockerfile=dockerfile))
    assert [finding.fix for finding in found.findings] == [None]


GIGABYTE = 1_000_000_000
SHIPS = "COPY . ."
MODELS = "it takes w.safetensors, data/train.parquet, 6,400,000,000 bytes, too: add **/*.safetensors, **/*.parquet, or copy"
ONE = "it takes data/train.parquet, 1,400,000,000 bytes, too: add **/*.parquet, or copy"

# --- (instructions, what is said of 5 GB of w.safetensors and 1.4 GB of data/train.parquet, what it saves) ---
HEAVY = [
    (SHIPS, MODELS, 6_400_000_000),
    ("COPY . /src\nFROM scratch\nCOPY --from=0 /src/main.py /", MODELS, None),  # a builder's
    # those that are meant
    (f"COPY w.safetensors /models/\n{SHIPS}", ONE, 1_400_000_000),
    (f"COPY *.safetensors /models/\n{SHIPS}", ONE, 1_400_000_000),
    (f"RUN --mount=type=bind,source=w.safetensors,target=/w true\n{SHIPS}", ONE, 1_400_000_000),
    (f"COPY data /data\nCOPY w.safetensors /\n{SHIPS}", "", None),
]


@pytest.mark.parametrize("lines, said, saved", HEAVY)
def test_weights(lint_with: LintWith, tmp_path: Path, lines: str, said: str, saved: int | None) -> None:
    (tmp_path / "data").mkdir()
    for name, size in (("w.safetensors", 5 * GIGABYTE), ("data/train.parquet", 1_400_000_000)):
        # a hole: the size is what counts
        (tmp_path / name).touch()
        os.truncate(tmp_path / name, size)
    (finding,) = lint_with("IMG301", f"{FROM}{lines}\n", FILES).findings
    assert ("it takes" in finding.message, said in finding.message) == (bool(said), True)
    assert finding.saves_bytes == saved
    assert finding.fix
    assert finding.fix.creates[0][1] == "**/__pycache__\n"


# --- files that are no matter, why, and what is saved ---
LIGHT = [
    ({"w.onnx": "x" * (MEGABYTE - 1)}, "small", None),
    ({"data.csv": "x" * MEGABYTE}, "neither weights nor a dataset by its name", None),
    ({"tests/.venv/w.onnx": "x" * MEGABYTE}, "kept out with the folder", MEGABYTE),
    ({"web/package.json": "", "web/node_modules/w.onnx": "x" * MEGABYTE}, "likewise", MEGABYTE),
]


@pytest.mark.parametrize("more, reason, saved", LIGHT)
def test_no_word_of(lint_with: LintWith, more: dict[str, str], reason: str, saved: int | None) -> None:
    (finding,) = lint_with("IMG301", f"{FROM}RUN npm ci\n{SHIPS}\n", FILES | more).findings
    assert "it takes" not in finding.message, reason
    assert finding.saves_bytes == saved


def test_a_folder_of_weights_with_what_nobody_needs(lint_with: LintWith) -> None:
    files = {"src/a.pt": "x" * MEGABYTE, "src/__pycache__/a.pyc": "x"}
    (finding,) = lint_with("IMG301", f"{FROM}COPY src /src\n", FILES | files).findings
    assert "it takes src/a.pt, 1,000,000 bytes, too: add src/**/*.pt" in finding.message
    files = {f"models/{name.partition('/')[2]}": content for name, content in files.items()}
    (finding,) = lint_with("IMG301", f"{FROM}COPY models /models\n", FILES | files).findings
    assert "it takes" not in finding.message


# --- (instructions, what is said of weights among the sources, severity, what is saved) ---
AMONG_SOURCES = [
    ("COPY src /app", "src", "src/w.safetensors", "warning", 5 * GIGABYTE),
    ("ADD ./src/ /app", "./src", "src/w.safetensors", "warning", 5 * GIGABYTE),
    ("COPY src/* /app/", "src", "src/w.safetensors", "warning", 5 * GIGABYTE),
    ("COPY conf /conf\nCOPY src/deep /app", "src/deep", "src/deep/pytorch_model.bin", "warning", 60_000_000),
    ("COPY src /app\nCOPY models /models", "src", "src/w.safetensors", "warning", 5 * GIGABYTE),
    ("COPY src /app\nFROM scratch\nCOPY --from=0 /app/a /", "src", "src/w.safetensors", "info", None),
    ("COPY app /app", "app", "app/w.onnx", "info", MEGABYTE),
]


@pytest.mark.parametrize("lines, folder, name, severity, saved", AMONG_SOURCES)
def test_weights_among_sources(
    lint_with: LintWith, tmp_path: Path, lines: str, folder: str, name: str, severity: str, saved: int | None
) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).touch()
    size = {"src": 5 * GIGABYTE, "src/deep": 60_000_000, "app": MEGABYTE}[folder.removeprefix("./")]
    os.truncate(tmp_path / name, size)
    files = FILES | {"app/a.py": "", "models/w.safetensors": ""}
    (finding,) = lint_with("IMG301", f"{FROM}{lines}\n", files).findings
    pattern = f"{folder.removeprefix('./')}/**/*.{name.rpartition('.')[2]}"
    assert finding.message == (
        f"{lines[:4].strip()} takes all of {folder}, as there is no .dockerignore; write one with **/__pycache__; "
        f"it takes {name}, {size:,} bytes, too: add {pattern}, or copy them by name"
    )
    (tmp_path / ".dockerignore").write_text(f"**/__pycache__\n{pattern}\n")
    assert not lint_with("IMG302", f"{FROM}{lines}\n", files).findings
    assert (finding.severity, finding.saves_bytes, finding.fix) == (severity, saved, None)


MB = MEGABYTE
_CACHED = {"src/__pycache__/a.pyc": 2}
_BUILDER = "COPY src /a\nFROM debian\nCOPY --from=0 /a /a\n"
# --- (instructions, sizes of more files, the folder that is told of, the end of the message, severity, what is saved) ---
SEVERAL = [
    ("COPY src /a\nCOPY lib /b", _CACHED | {"lib/m.safetensors": 500 * MB}, "lib",
     "add lib/**/*.safetensors, or copy them by name; 2 bytes more of the kind come with src", "warning", 500 * MB + 2),
    ("COPY src lib /a/", {"src/m.onnx": 2 * MB, "lib/m.safetensors": 500 * MB}, "lib",
     "; 2,000,000 bytes more of the kind come with src", "warning", 502 * MB),
    ("COPY src /a\nCOPY lib /b\nCOPY app /c", {"src/m.onnx": 2 * MB, "lib/m.pt": 3 * MB, "app/m.om": 6 * MB}, "app",
     "; 5,000,000 bytes more of the kind come with lib, src", "warning", 11 * MB),
    ("COPY src /a\nCOPY src /b", {"src/m.onnx": 2 * MB}, "src", "add src/**/*.onnx, or copy them by name", "info", 2 * MB),
    # what ships before what is larger; what does not ship is neither saved nor a warning
    (_BUILDER + "COPY lib /b", {"src/m.onnx": 500 * MB, "lib/m.pt": 2 * MB}, "lib",
     "; 500,000,000 bytes more of the kind come with src", "info", 2 * MB),
    (_BUILDER + "COPY lib /b\nCOPY src /c", {"src/m.onnx": 500 * MB, "lib/m.pt": 2 * MB}, "src",
     "; 2,000,000 bytes more of the kind come with lib", "warning", 502 * MB),
    # the others keep back, or are meant
    ("COPY src /a\nCOPY lib /models", {"src/m.onnx": 2 * MB, "lib/m.pt": 500 * MB}, "src",
     "add src/**/*.onnx, or copy them by name", "info", 2 * MB),
]  # fmt: skip


@pytest.mark.parametrize("lines, sizes, folder, end, severity, saved", SEVERAL)
def test_of_several_folders_the_largest_is_told_of(
    lint_with: LintWith,
    tmp_path: Path,
    lines: str,
    sizes: dict[str, int],
    folder: str,
    end: str,
    severity: str,
    saved: int,
) -> None:
    for name, size in sizes.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
        os.truncate(tmp_path / name, size)
    result = lint_with("IMG301", f"{FROM}{lines}\n", FILES | {"lib/b.py": "", "app/c.py": ""})
    (finding,) = result.findings
    assert result.source.text(finding.span) == folder
    assert finding.message.startswith(f"COPY takes all of {folder}, as")
    assert finding.message.endswith(end)
    assert (finding.severity, finding.saves_bytes) == (severity, saved)


def test_a_folder_without_sources_is_copied_for_its_weights(lint_with: LintWith) -> None:
    files = {"bert/config.json": "{}", "bert/model.safetensors": _HEAVY}
    assert not lint_with("IMG301", f"{FROM}COPY bert /app/bert\n", FILES | files).findings
