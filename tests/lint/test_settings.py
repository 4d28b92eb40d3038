from __future__ import annotations

import re
from pathlib import Path

import pytest

import imgtool.lint.settings as module
from imgtool.config import ConfigError, load
from imgtool.findings import Severity
from imgtool.gates.settings import GATE
from imgtool.lint.settings import LintSettings, SettingsFinder, settings

DOCS = Path(__file__).resolve().parents[2] / "docs/configuration.md"


def read(folder: Path, text: str, name: str = "imgtool.toml") -> LintSettings:
    (folder / name).write_text(text)
    return settings(load(folder / name))


def test_nothing_said() -> None:
    assert settings(None) == LintSettings()
    assert LintSettings().fail_on is Severity.STYLE
    assert LintSettings().profile == "default"


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    empty = read(tmp_path, "")
    assert not empty.exclude[0].lines
    assert (empty.select, empty.ignore, empty.context, dict(empty.rules)) == (None, (), None, {})


def test_everything_said(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    found = read(
        tmp_path,
        """
        exclude = ["vendor/"]
        force-exclude = true
        respect-gitignore = false
        context = "src"
        [build-args]
        CUDA = "12.4"
        [lint]
        select = ["IMG", "syntax-error"]
        extend-select = ["ALL"]
        ignore = ["img002"]
        fail-on = "error"
        preview = true
        profile = "all"
        [lint.per-file-ignores]
        "ci/" = ["IMG003"]
        [rules.IMG001]
        limit = 3
        """,
    )
    assert found.exclude[0].covers(tmp_path.resolve() / "vendor/Dockerfile")
    assert (found.force_exclude, found.respect_gitignore) == (True, False)
    assert found.context == tmp_path / "src"
    assert found.build_args == {"CUDA": "12.4"}
    assert (found.select, found.extend_select, found.ignore) == (
        ("IMG", "syntax-error"),
        ("ALL",),
        ("img002",),
    )
    assert (found.fail_on, found.preview, found.profile) == (Severity.ERROR, True, "all")
    assert found.rules["IMG001"].integer("limit") == 3


WRONG = [
    ("excludes = []", "1: excludes: unknown key (did you mean exclude?)"),
    ("[gates]", "1: gates: unknown key"),
    ("select = []", "1: select: unknown key (did you mean lint.select?)"),
    ("ignroe = []", "1: ignroe: unknown key (did you mean lint.ignore?)"),
    ("[lint]\nexclude = []", "2: lint.exclude: unknown key (did you mean exclude, outside of lint?)"),
    ("nothing = 1", "1: nothing: unknown key"),
    ("cache = 3", "1: cache: must be a path, true or false"),
    # the configuration is in it
    ("cache = ''", "1: cache: names no folder; false keeps nothing"),
    ("cache = '.'", "1: cache: . holds other files: it takes a folder of its own"),
    ("cache = 'imgtool.toml'", "1: cache: imgtool.toml is no folder: it takes a folder of its own"),
    ("exclude = 'a'", "1: exclude: must be a list of strings"),
    ("[tool.imgtool]", "1: tool: this file is ours alone: write its keys without tool.imgtool"),
    ("[lint]\nselct = []", "2: lint.selct: unknown key (did you mean select?)"),
    ("[lint]\nselect = ['IMG999']", "2: lint.select: no rule matches 'IMG999'"),
    (
        "[lint]\nfail-on = 'errors'",
        "2: lint.fail-on: must be one of error, warning, info, style, never, not 'errors' (did you mean error?)",
    ),
    ("[lint]\nprofile = 'x'", "2: lint.profile: must be one of default, hadolint, all, not 'x'"),
    (
        "[lint.per-file-ignores]\n'a/*' = 'IMG001'",
        '2: lint.per-file-ignores."a/*": must be a list of strings',
    ),
    ("[lint.per-file-ignores]\n'a/*' = ['X']", '2: lint.per-file-ignores."a/*": no rule matches'),
    ("[build-args]\nA = 1", "2: build-args.A: must be a string"),
    ("context = 'missing'", "1: context: "),
    ("[rules.IMG999]", "1: rules.IMG999: no rule is called 'IMG999'"),
    ("[rules]\nIMG001 = 1", "2: rules.IMG001: must be a table"),
]


@pytest.mark.parametrize("text, message", WRONG, ids=[row[0] for row in WRONG])
def test_wrong_settings(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, text)
    assert str(error.value).startswith(f"{tmp_path / 'imgtool.toml'}:{message}")


TAG = "Signature: 8a477f597d28d172789f06886806bc55\n"


@pytest.mark.parametrize(
    ("held", "taken"),
    [
        ([], True),
        (["CACHEDIR.TAG", ".gitignore", "v1/a0/b.json", "v2/"], True),
        # the tag is lost
        ([".gitignore", f"layers-v1/sha256-{'0' * 64}", f"layers-v1/sha256-{'0' * 64}.{'a' * 12}"], True),
        # other tools have one
        (["CACHEDIR.TAG", "debug/"], False),
        (["CACHEDIR.TAG", "debug/x"], False),
        (["v1/openapi.yaml"], False),
        (["layers-v1/a.tar"], False),
        (["v1"], False),
    ],
)
def test_a_cache_has_a_folder_of_its_own(held: list[str], taken: bool, tmp_path: Path) -> None:
    for name in held:
        path = tmp_path / "kept" / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_text(TAG)
    if taken:
        assert read(tmp_path, "cache = 'kept'").cache == tmp_path / "kept"
    else:
        with pytest.raises(ConfigError, match="1: cache: kept holds other files"):
            read(tmp_path, "cache = 'kept'")


def test_a_cache_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    assert read(tmp_path, "cache = '~/kept'").cache == tmp_path / "home" / "kept"
    assert read(tmp_path, "cache = 'a~b'").cache == tmp_path / "a~b"
    assert read(tmp_path, "cache = '~nobody-of-that-name/x'").cache == tmp_path / "~nobody-of-that-name" / "x"


def test_codes_by_file(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "[lint]\nignore = ['IMG001']\n[lint.per-file-ignores]\n'docker/*.cpu' = ['IMG002']\n'docker/' = ['IMG003']\n",
    )
    ignored = {
        name: found.ignored_in(tmp_path / name)
        for name in ("Dockerfile", "docker/Dockerfile", "docker/a.cpu")
    }
    assert ignored == {
        "Dockerfile": ("IMG001",),
        "docker/Dockerfile": ("IMG001", "IMG003"),
        "docker/a.cpu": ("IMG001", "IMG002", "IMG003"),
    }


def test_each_file_has_the_settings_nearest_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    read(tmp_path, "[tool.imgtool.lint]\nprofile = 'all'", "pyproject.toml")
    read(tmp_path / "a", "exclude = ['x']")
    finder = SettingsFinder()
    assert finder.of(tmp_path / "Dockerfile").profile == "all"
    assert finder.of(tmp_path / "a/Dockerfile").profile == "default"
    assert finder.exclusions(tmp_path / "a/x")[0].covers(tmp_path.resolve() / "a/x")
    monkeypatch.chdir(tmp_path)
    assert finder.of(Path("Dockerfile")) is finder.of(tmp_path / "Dockerfile")


def test_a_named_file_counts_for_all_and_isolation_for_none(tmp_path: Path) -> None:
    read(tmp_path, "[lint]\nprofile = 'all'")
    read(tmp_path, "[lint]\nprofile = 'hadolint'", "other.toml")
    named = SettingsFinder(load(tmp_path / "other.toml"))
    assert named.of(tmp_path / "Dockerfile").profile == "hadolint"
    alone = SettingsFinder(isolated=True)
    assert alone.of(tmp_path / "Dockerfile") == LintSettings()
    # made once, for every file asks
    assert alone.of(tmp_path / "Dockerfile") is alone.of(tmp_path / "other")


def test_the_documented_example(tmp_path: Path) -> None:
    page = DOCS.read_text("utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    found = read(tmp_path, example, "pyproject.toml")
    assert found.fail_on is Severity.WARNING
    assert found.exclude[0].covers(tmp_path.resolve() / "third_party/a/Dockerfile")
    assert found.ignored_in(tmp_path / "docker/ci/Dockerfile") == ("IMG002", "IMG003")
    assert found.context == tmp_path
    assert found.build_args == {"CUDA_VERSION": "12.4.1"}


def test_every_key_is_documented() -> None:
    page = DOCS.read_text("utf-8")
    keys = {*module._TOP, *(f"lint.{key}" for key in module._LINT)}
    keys |= {f"gate.{key}" for key in GATE}
    assert {f"| `{key}` |" for key in keys - {"gate", "lint", "rules"}} | {"| `rules.CODE` |"} <= set(
        re.findall(r"^\| `[^`]+` \|", page, re.MULTILINE)
    )
