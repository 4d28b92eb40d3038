"""hadolint's configuration is read as ours."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from imgtool.config import ConfigError
from imgtool.findings import Severity
from imgtool.lint.hadolint_config import explained, load
from imgtool.lint.settings import LintSettings, SettingsFinder, settings

# --- (YAML, the lint table beyond profile and fail-on) ---
KEYS: list[tuple[str, dict[str, Any]]] = [
    ("", {}),
    ("# nothing\n", {}),
    ("ignored: [DL3008, DL3059]\n", {"ignore": ["DL3008", "DL3059"]}),
    ("ignored:\n  - DL3008\n", {"ignore": ["DL3008"]}),
    ("strict-labels: true\n", {"strict-labels": True}),
    ("strict-labels: false\n", {}),
    ("disable-ignore-pragma: true\n", {"suppressions": False}),
    ("trustedRegistries: [docker.io, '*.gcr.io']\n", {"trusted-registries": ["docker.io", "*.gcr.io"]}),
    ("label-schema:\n  author: text\n  built: rfc3339\n  free:\n", {"label-schema": {"author": "text", "built": "rfc3339", "free": "text"}}),
    ("override:\n  error: [DL3008]\n  style: [DL3016]\n", {"severity": {"DL3008": "error", "DL3016": "style"}}),
    # in several lists: the more severe counts
    ("override:\n  info: [DL3008]\n  warning: [DL3008]\n", {"severity": {"DL3008": "warning"}}),
    ("failure-threshold: error\n", {"fail-on": "error"}),
    ("failure-threshold: ignore\n", {"fail-on": "never"}),
    ("no-fail: true\nfailure-threshold: error\n", {"fail-on": "never"}),
]  # fmt: skip


@pytest.mark.parametrize("text, expected", KEYS)
def test_keys(tmp_path: Path, text: str, expected: dict[str, Any]) -> None:
    (tmp_path / ".hadolint.yaml").write_text(text)
    table, notes = explained(tmp_path / ".hadolint.yaml")
    assert table == {"profile": "all", "fail-on": "info", **expected}
    assert not notes
    settings(load(tmp_path / ".hadolint.yaml"))


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    (tmp_path / "h.yaml").write_text("format: json\nverbose: true\nignored: [DL3999]\nno-color: true\n")
    _, notes = explained(tmp_path / "h.yaml")
    assert notes == (
        "DL3999: there is no such rule",
        "format: --format",
        "verbose: has no counterpart",
        "no-color: NO_COLOR=1 in the environment",
    )


# --- (YAML, the error) ---
WRONG = [
    ("ignored: DL3008\n", "ignored: must be a list of strings"),
    ("ignored: [DL3O08]\n", "'DL3O08' is no code of hadolint's"),
    ("override: {info: [dl3008]}\n", "'dl3008' is no code of hadolint's"),
    ("ignored: [1]\n", "ignored: must be a list of strings"),
    ("override: []\n", "override: must be a table"),
    ("override:\n  error: DL3008\n", "override.error: must be a list of strings"),
    ("strict-labels: 1\n", "strict-labels: must be true or false"),
    ("failure-threshold: bad\n", "failure-threshold: must be error, warning, info, style or none, not 'bad'"),
    ("- a\n", "must be a table"),
    ("a: [\n", ":2: is not YAML: "),
    ("a: &x [1]\nb: *x\n", "has YAML aliases"),
    ("a: " + "[" * 3000, "hadolint.yaml: is nested too deeply"),
    ("a: !!python/object:os.system x\n", "is not YAML"),
    ("label-schema:\n  a: colour\n", "lint.label-schema.a: must be one of text, url"),
    ("[" * 5000, "is nested too deeply"),
]


@pytest.mark.parametrize("text, message", WRONG)
def test_a_file_that_cannot_be_used(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / ".hadolint.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=re.escape(message)) as error:
        settings(load(path))
    assert str(error.value).startswith(str(path))


def test_which_file_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    file = tmp_path / "a/b/Dockerfile"
    assert SettingsFinder().of(file) == LintSettings()
    (tmp_path / "cwd/.hadolint.yaml").write_text("failure-threshold: error\n")
    assert SettingsFinder().of(file).fail_on is Severity.ERROR
    (tmp_path / "a/.hadolint.yml").write_text("failure-threshold: warning\n")
    assert SettingsFinder().of(file).fail_on is Severity.WARNING
    (tmp_path / "a/.hadolint.yaml").write_text("no-fail: true\n")
    assert SettingsFinder().of(file).fail_on is None
    (tmp_path / ".imgtool.toml").write_text("[lint]\nfail-on = 'style'\n")
    assert SettingsFinder().of(file).fail_on is Severity.STYLE
    assert SettingsFinder(isolated=True).of(file) == LintSettings()
