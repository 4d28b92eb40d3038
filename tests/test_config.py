from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from imgtool.config import MAX_FILE, ConfigError, ConfigFile, Section, for_file, load

Plant = Callable[[dict[str, str]], Path]


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    def plant(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return plant


OURS = "[tool.imgtool]\n"

# files, and the one that counts for a/b/Dockerfile
NEAREST: list[tuple[str, dict[str, str], str | None]] = [
    ("none", {}, None),
    ("in the folder", {"a/b/imgtool.toml": ""}, "a/b/imgtool.toml"),
    ("above", {"imgtool.toml": ""}, "imgtool.toml"),
    ("the nearest", {"imgtool.toml": "", "a/pyproject.toml": OURS}, "a/pyproject.toml"),
    ("not below", {"a/b/c/imgtool.toml": ""}, None),
    (
        "the dot file first",
        {"a/.imgtool.toml": "", "a/imgtool.toml": "", "a/pyproject.toml": OURS},
        "a/.imgtool.toml",
    ),
    ("then the other", {"a/imgtool.toml": "", "a/pyproject.toml": OURS}, "a/imgtool.toml"),
    ("a table below ours is enough", {"pyproject.toml": "[tool.imgtool.lint]"}, "pyproject.toml"),
    (
        "a pyproject without our table",
        {"imgtool.toml": "", "a/pyproject.toml": "[tool.ruff]"},
        "imgtool.toml",
    ),
    ("one that only speaks of us", {"imgtool.toml": "", "a/pyproject.toml": 'x = "imgtool"'}, "imgtool.toml"),
    ("another's broken pyproject", {"a/pyproject.toml": "[[[", "imgtool.toml": ""}, "imgtool.toml"),
    ("a folder of that name", {"a/imgtool.toml/x": "", "imgtool.toml": ""}, "imgtool.toml"),
]


@pytest.mark.parametrize("files, expected", [row[1:] for row in NEAREST], ids=[row[0] for row in NEAREST])
def test_the_nearest_file_wins(plant: Plant, files: dict[str, str], expected: str | None) -> None:
    root = plant({**files, "a/b/Dockerfile": ""})
    found = for_file(root / "a/b/Dockerfile", {})
    assert (found and found.path) == (expected and root / expected)


def test_each_folder_is_looked_at_once(plant: Plant) -> None:
    root = plant({"imgtool.toml": "", "a/b/x": "", "a/c/imgtool.toml": "", "a/c/d/x": ""})
    cache: dict[Path, ConfigFile | None] = {}
    first = for_file(root / "a/b/Dockerfile", cache)
    assert {root, root / "a", root / "a/b"} <= cache.keys()
    (root / "a/imgtool.toml").write_text("")
    assert for_file(root / "a/Dockerfile", cache) is first
    other = for_file(root / "a/c/d/Dockerfile", cache)
    assert other is not None
    assert other.path == root / "a/c/imgtool.toml"


def test_tables(plant: Plant) -> None:
    root = plant(
        {
            "pyproject.toml": OURS + 'exclude = ["a"]',
            "imgtool.toml": 'exclude = ["b"]',
            "x.toml": "exclude = []",
        }
    )
    tables = [load(root / name).table for name in ("pyproject.toml", "imgtool.toml", "x.toml")]
    assert tables == [{"exclude": ["a"]}, {"exclude": ["b"]}, {"exclude": []}]


def test_a_named_pyproject_without_our_table_is_empty(plant: Plant) -> None:
    assert load(plant({"pyproject.toml": "[tool.ruff]"}) / "pyproject.toml").table == {}


@pytest.mark.parametrize(
    "data, table",
    [
        (b"\xef\xbb\xbfa = 1\n", {"a": 1}),  # what Windows writes
        (b"[lint]\r\na = 1\r\n", {"lint": {"a": 1}}),
    ],
)
def test_files_from_elsewhere(tmp_path: Path, data: bytes, table: dict[str, Any]) -> None:
    (tmp_path / "imgtool.toml").write_bytes(data)
    assert load(tmp_path / "imgtool.toml").table == table


BROKEN = [
    ("imgtool.toml", b"a = 1\nb =\n", ":2: is not TOML: "),
    ("imgtool.toml", b"a = 1\r\n\r\nb = [\r\n", ":3: is not TOML: "),
    ("imgtool.toml", b"a = 1\na = 2\n", ":2: is not TOML: "),
    ("imgtool.toml", b"a = 1\n\n# \xff\n", ":3: is not UTF-8"),
    ("imgtool.toml", b"a = " + b"[" * 10_000, ": is nested too deeply"),
    ("imgtool.toml", b"\n" + b"a . " * 100_000 + b"a = 1", ":2: is nested too deeply"),
    ("imgtool.toml", b"#" * (MAX_FILE + 1), ": is larger than 1,048,576 bytes"),
    ("pyproject.toml", b"[tool]\nimgtool = 1\n", ": tool.imgtool: must be a table"),
    ("pyproject.toml", b"[tool.imgtool]\n[", ":2: is not TOML: "),
]


@pytest.mark.parametrize("name, data, message", BROKEN)
def test_broken_files(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    for read in (load, lambda path: for_file(path.parent / "Dockerfile", {})):
        with pytest.raises(ConfigError) as error:
            read(tmp_path / name)
        assert str(error.value).startswith(f"{tmp_path / name}{message}")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        load(tmp_path / "imgtool.toml")


TEXT = """\
# a comment
exclude = ["a"]
number = 3
flag = true
empty = ""

[lint]
select = ["IMG1"]
mixed = ["a", 1]

[lint.per-file-ignores]
"docker/*.cpu" = ["IMG101"]
[rules.IMG101]
allow = { a = 1 }
"""

WRONG: list[tuple[Callable[[Section], Any], str]] = [
    (lambda s: s.string("number"), "3: number: must be a string"),
    (lambda s: s.strings("number"), "3: number: must be a list of strings"),
    (lambda s: s.integer("flag"), "4: flag: must be a whole number"),
    (lambda s: s.boolean("number"), "3: number: must be true or false"),
    (lambda s: s.table_of("flag"), "4: flag: must be a table"),
    (lambda s: s.table_of("lint").strings("mixed"), "9: lint.mixed: must be a list of strings"),
    (lambda s: s.table_of("lint").string("select"), "8: lint.select: must be a string"),
    (lambda s: s.string("empty", ("a", "b")), "5: empty: must be one of a, b, not ''"),
    (lambda s: s.only(("exclude", "number", "flags")), "4: flag: unknown key (did you mean flags?)"),
    (lambda s: s.only(()), "2: exclude: unknown key"),
    (
        lambda s: s.table_of("lint").table_of("per-file-ignores").string("docker/*.cpu"),
        '12: lint.per-file-ignores."docker/*.cpu": must be a string',
    ),
    (
        lambda s: s.file.section("rules", "IMG101", "allow").string("a"),
        "14: rules.IMG101.allow.a: must be a string",
    ),
]


@pytest.mark.parametrize("look, message", WRONG, ids=[row[1] for row in WRONG])
def test_wrong_values_name_file_line_and_key(
    plant: Plant, look: Callable[[Section], Any], message: str
) -> None:
    path = plant({"imgtool.toml": TEXT}) / "imgtool.toml"
    with pytest.raises(ConfigError) as error:
        look(load(path).section())
    assert str(error.value) == f"{path}:{message}"


def test_keys_are_named_as_in_the_file(plant: Plant) -> None:
    path = plant({"pyproject.toml": "[tool.imgtool.lint]\nx = 1\n"}) / "pyproject.toml"
    with pytest.raises(ConfigError) as error:
        load(path).section("lint").only(())
    assert str(error.value) == f"{path}:2: tool.imgtool.lint.x: unknown key"
    assert error.value.line == 2


def test_getters(plant: Plant) -> None:
    root = plant({"imgtool.toml": TEXT})
    top = load(root / "imgtool.toml").section()
    assert top.strings("exclude") == ("a",)
    assert top.integer("number") == 3
    assert top.boolean("flag") is True
    assert top.string("empty") == ""
    assert top.path("empty") == root
    missing = [get("missing") for get in (top.strings, top.integer, top.boolean, top.string, top.path)]
    assert missing == [None] * 5
    assert load(root / "imgtool.toml").section("nothing", "here").table == {}


@dataclass(frozen=True, slots=True)
class Options:
    allow_base: tuple[str, ...] = ("a",)
    limit: int = 1
    strict: bool = False
    name: str = "x"


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", Options()),
        ("limit = 2\nstrict = true", Options(limit=2, strict=True)),
        ('allow-base = []\nname = "y"', Options(allow_base=(), name="y")),
    ],
)
def test_options_from_a_table(plant: Plant, text: str, expected: Options) -> None:
    assert load(plant({"imgtool.toml": text}) / "imgtool.toml").section().build(Options) == expected


@pytest.mark.parametrize(
    "text, message",
    [("allow_base = []", "unknown key .did you mean allow-base"), ("limit = '2'", "must be a whole number")],
)
def test_wrong_options(plant: Plant, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(plant({"imgtool.toml": text}) / "imgtool.toml").section().build(Options)
