"""Every data file, held to the model: keys, kinds, sources, regular expressions, names that other rows use."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imgtool.families import model
from imgtool.families.analogues import Analogue, Chip, Recipe, ReleasePair
from imgtool.families.builds import SourceBuild
from imgtool.families.caches import CacheSize, PackageCache
from imgtool.families.commands import Program, ScriptFile
from imgtool.families.contents import ContentsRow, SavingRow
from imgtool.families.drivers import DriverFact, RetiredKey
from imgtool.families.images import Flavour, Image, Mirror, Release
from imgtool.families.inherited import ConfigRow, Default, PipApart, System
from imgtool.families.model import FamilyDataError, build, collected, load, order, rows, sources
from imgtool.families.needs import Accelerator, Compiler, Level, Need, TorchWheels
from imgtool.families.needs import Installer as InstallerSize
from imgtool.families.packages import BuildOnly, Installer, Libraries, Recommends, Toolkit
from imgtool.families.python_indexes import PythonIndex
from imgtool.families.trees import Tree
from imgtool.inspect.kinds import Kind

IMAGE_TABLES: dict[str, Any] = {
    "image": Image,
    "flavour": Flavour,
    "release": Release,
    "contents": ContentsRow,
    "config": ConfigRow,
    "saving": SavingRow,
}
IMAGE_FILES = tuple(load("index")["files"])
TABLES: dict[str, dict[str, Any]] = {
    **dict.fromkeys(IMAGE_FILES, IMAGE_TABLES),
    "index": {"mirror": Mirror},
    "systems": {"system": System, "default": Default, "pip_apart": PipApart},
    "drivers": {**dict.fromkeys(("package", "command", "path", "stub"), DriverFact), "key": RetiredKey},
    "python_needs": {"need": Need, "torch": TorchWheels},
    "accelerators": {
        "accelerator": Accelerator,
        "level": Level,
        "compiler": Compiler,
        "installer": InstallerSize,
    },
    "packages": {
        "build": BuildOnly,
        "recommends": Recommends,
        "installer": Installer,
        "toolkit": Toolkit,
        "libraries": Libraries,
    },
    "builds": {"build": SourceBuild},
    "caches": {"cache": PackageCache, "size": CacheSize},
    "commands": {"program": Program, "script": ScriptFile, "sourced": ScriptFile},
    "trees": {"tree": Tree},
    "kinds": {"kind": Kind},
    "analogues": {"analogue": Analogue, "chip": Chip},
    "python_indexes": {"index": PythonIndex},
    "recipes": {"recipe": Recipe, "release_pair": ReleasePair},
}
# keys of a file that are not tables of rows
PLAIN_KEYS = {
    "index": {"collected", "files", "system", "release", "windows"},
    "accelerators": {"no_device"},
    "builds": {"chosen"},
    "drivers": {"manager", "container", "engine"},
}


def every_row() -> Iterator[tuple[str, str, Any]]:
    for file, tables in TABLES.items():
        for table, cls in tables.items():
            for row in rows(file, table, cls):
                yield file, table, row


def every_pattern() -> Iterator[tuple[str, str, int]]:
    """Where it stands, the pattern, and the longest text it is tried on; searched, not matched, where negative."""
    for file, table, row in every_row():
        name = f"{file}.{table}.{getattr(row, 'id', getattr(row, 'name', ''))}"
        if isinstance(row, Image):
            yield f"{name}.repository", row.repository, 300
            yield from ((f"{name}.tags", tag, 128) for tag in row.tags)
        elif isinstance(row, DriverFact):
            yield name, row.regex, 200 if table == "package" else -20_000
            yield from ((f"{name}.allow", pattern, -20_000) for pattern in row.allow)
            yield from ((f"{name}.replace", pattern, 200) for pattern, _ in row.replace)
            yield f"{name}.argv0", row.argv0 or "", 200
        elif isinstance(row, Need | BuildOnly | SourceBuild | Toolkit | ScriptFile):
            yield name, row.pattern, 200
        elif isinstance(row, Flavour):
            yield from ((f"{name}.requires", pattern, 128) for pattern in row.requires.values())
        elif isinstance(row, ContentsRow | ConfigRow):
            yield f"{name}.addon", row.addon or "", 128
        elif isinstance(row, SavingRow):
            yield f"{name}.version", row.version or "", 128


def test_every_file_is_known() -> None:
    files = {path.stem for path in Path(model.__file__).parent.glob("*.toml")}
    assert files == {*TABLES, "sources"}


@pytest.mark.parametrize("file", TABLES)
def test_every_key_of_a_file_is_read(file: str) -> None:
    assert set(load(file)) <= {*TABLES[file], *PLAIN_KEYS.get(file, ())}


def test_every_row_has_sources_that_exist() -> None:
    for file, table, row in every_row():
        assert row.source, (file, table, row)
        assert set(row.source) <= set(sources()), (file, table, row)


def test_every_source_is_used() -> None:
    assert set(sources()) == {source for _, _, row in every_row() for source in row.source}


def test_every_row_has_evidence() -> None:
    found = [row.evidence for _, table, row in every_row() if table != "mirror"]
    assert set(found) == {"V", "S", "I"}


def test_config_is_never_inferred() -> None:
    # what is handed down carries no mark, so it must be read somewhere
    assert {row.evidence for file in IMAGE_FILES for row in rows(file, "config", ConfigRow)} <= {"V", "S"}


def test_only_the_files_that_can_match_are_read() -> None:
    program = """
import sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
from imgtool.families import identify, sibling
assert sibling(identify("nvidia/cuda:12.4.1-devel-ubuntu22.04"), "runtime")
print(*sorted(path.rpartition("/")[2] for path in opened if path.endswith(".toml")))
print(*sorted(name for name in ("packaging", "importlib.metadata", "yaml") if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["cuda.toml index.toml", ""]


def test_rows_speak_of_images_and_flavours_that_exist() -> None:
    for file in IMAGE_FILES:
        images = [image.id for image in rows(file, "image", Image)]
        assert len(images) == len(set(images))
        named: dict[str, set[str]] = {image: set() for image in images}
        for flavour in rows(file, "flavour", Flavour):
            for image in flavour.image:
                named[image].add(flavour.name)
        for flavour in rows(file, "flavour", Flavour):
            others = {*flavour.holds, *([flavour.instead] if flavour.instead else [])}
            assert all(others <= named[i] for i in flavour.image), flavour
        about: list[Any] = [*rows(file, "contents", ContentsRow), *rows(file, "config", ConfigRow)]
        for row in [*about, *rows(file, "release", Release)]:
            assert set(row.image) <= set(images), row
            flavours = row.flavours if isinstance(row, Release) else row.flavour
            assert all(set(flavours) <= named[image] for image in row.image), row
        for saving in rows(file, "saving", SavingRow):
            assert all({saving.from_, saving.to} <= named[image] for image in saving.image), saving


def test_a_flavour_is_named_in_its_grammar() -> None:
    for file in IMAGE_FILES:
        flavoured = {image for flavour in rows(file, "flavour", Flavour) for image in flavour.image}
        for image in rows(file, "image", Image):
            patterns = (image.repository, *image.tags)
            assert (image.id in flavoured) == any("(?P<flavour>" in p for p in patterns), image.id


def test_bounds_are_versions() -> None:
    for _, _, row in every_row():
        for name in ("since", "before"):
            value = getattr(row, name, None)
            assert value is None or order(value) is not None, row


def test_levels_of_needs_exist() -> None:
    known = {(level.accelerator, level.name) for level in rows("accelerators", "level", Level)}
    for need in rows("python_needs", "need", Need):
        named = {
            need.level,
            *need.raised.values(),
            *need.lowered.values(),
            *([need.build] if need.build else []),
        }
        assert {(need.accelerator, level) for level in named} <= known, need


def test_an_accelerator_is_described_or_brief() -> None:
    described = {row.id for row in rows("accelerators", "accelerator", Accelerator)}
    named = {image.accelerator for file in IMAGE_FILES for image in rows(file, "image", Image)} - {None}
    assert described <= named


def test_the_day_of_the_data() -> None:
    assert collected().isoformat() == "2026-11-21"
    assert all(
        row.ends is None or row.ends.year < 2040 for _, _, row in every_row() if isinstance(row, Release)
    )


def test_patterns_compile_and_are_linear() -> None:
    found = {(pattern, longest): where for where, pattern, longest in every_pattern()}
    assert len(found) > 120
    for (pattern, longest), where in found.items():
        compiled = re.compile(pattern, re.IGNORECASE)
        assert not list(ambiguous_repeats(re._parser.parse(pattern))), where  # type: ignore[attr-defined]
        run = compiled.search if longest < 0 else compiled.fullmatch
        started = time.process_time()
        for piece in (
            "a",
            "1",
            "-",
            ".",
            "_",
            "/",
            " ",
            "1.",
            "a-",
            ".1",
            "libcuda.so",
            "nvidia-",
            "cuda_1_",
        ):
            run((piece * abs(longest))[: abs(longest)] + "!")
        # a catastrophic pattern takes minutes
        assert time.process_time() - started < 5, where


@pytest.mark.parametrize(
    ("pattern", "good"),
    [
        (r"(?:-[\w.]+)*", True),
        (r"(?:\.\d+)*", True),
        (r"(?:[\w.]+-)*?", True),
        (r"(?:a+)+", False),
        (r"(?:[\w.]+\.)*", False),
        (r"(?:\d|\w+)*", False),
    ],
)
def test_the_check_of_patterns_can_fail(pattern: str, good: bool) -> None:
    assert (not list(ambiguous_repeats(re._parser.parse(pattern)))) is good  # type: ignore[attr-defined]


def ambiguous_repeats(tree: Any) -> Iterator[Any]:
    """Unbounded repeats around unbounded repeats whose turns no fixed character tells apart."""
    for op, argument in tree:
        if str(op) in ("MAX_REPEAT", "MIN_REPEAT"):
            _, most, body = argument
            if most > 1000 and list(unbounded(body)) and not separated(body):
                yield argument
            yield from ambiguous_repeats(body)
        elif str(op) == "SUBPATTERN":
            yield from ambiguous_repeats(argument[-1])
        elif str(op) == "BRANCH":
            for branch in argument[1]:
                yield from ambiguous_repeats(branch)


def unbounded(tree: Any) -> Iterator[Any]:
    for op, argument in tree:
        if str(op) in ("MAX_REPEAT", "MIN_REPEAT"):
            if argument[1] > 1000:
                yield argument[2]
            yield from unbounded(argument[2])
        elif str(op) == "SUBPATTERN":
            yield from unbounded(argument[-1])
        elif str(op) == "BRANCH":
            for branch in argument[1]:
                yield from unbounded(branch)


def separated(body: Any) -> bool:
    """Whether each turn begins or ends with a character that none of its repeats matches."""
    items = list(body)
    for op, argument in (items[0], items[-1]):
        if str(op) == "LITERAL" and not any(matches(inner, chr(argument)) for inner in unbounded(body)):
            return True
    return False


def matches(tree: Any, character: str) -> bool:
    pattern = re._compiler.compile(tree.__class__(tree.state, list(tree)))  # type: ignore[attr-defined]
    return pattern.fullmatch(character) is not None


ROW = {"id": "x", "repository": "x", "source": "A", "evidence": "V"}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({**ROW, "colour": "red"}, "t.toml: unknown key 'colour'"),
        ({"id": "x", "source": "A", "evidence": "V"}, "t.toml: 'repository' is missing"),
        ({**ROW, "evidence": "X"}, "t.toml.evidence: 'X' is not Evidence"),
        ({**ROW, "repository": 1}, "t.toml.repository: 1 is not str"),
        ({**ROW, "distribution": 1}, "t.toml.distribution: 1 is not bool"),
        ({**ROW, "tags": [1]}, "t.toml.tags: [1] is not tuple[str, ...]"),
        ({**ROW, "implied": "os"}, "t.toml.implied: 'os' is not Mapping[str, str]"),
    ],
)
def test_errors_name_file_and_key(table: dict[str, Any], message: str) -> None:
    with pytest.raises(FamilyDataError) as caught:
        build(Image, table, "t.toml")
    assert str(caught.value) == message


def test_an_absent_file_is_an_error_of_the_data() -> None:
    with pytest.raises(FamilyDataError, match=r"nowhere\.toml"):
        load("nowhere")
