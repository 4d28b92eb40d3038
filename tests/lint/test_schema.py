"""The JSON Schema and the settings agree on what a configuration may say."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from imgtool.config import ConfigError, load
from imgtool.gates import schema as gates
from imgtool.lint import registry
from imgtool.lint import settings as module
from imgtool.lint.schema import LINT, TOP, schema

SCHEMA = schema([registry.load(entry) for entry in registry.index()], gates.schema())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    json.dumps(SCHEMA)


def test_it_has_every_key() -> None:
    assert set(TOP) | {"gate", "lint", "rules"} == set(module._TOP)
    assert set(LINT) == set(module._LINT)
    assert all(text.endswith(".") for _, text in (TOP | LINT).values())


# --- (configuration, whether it can be used) ---
TABLE = [
    ("", True),
    ('exclude = ["a"]\nforce-exclude = true\nrespect-gitignore = false\ncontext = "."\n', True),
    ('exclude = "a"\n', False),
    ("force-exclude = 1\n", False),
    ("context = 1\n", False),
    ("nobody = 1\n", False),
    ('[build-args]\nA = "1"\n', True),
    ("[build-args]\nA = 1\n", False),
    ('[lint]\nselect = ["ALL"]\nignore = []\nextend-select = ["IMG1"]\n', True),
    ("[lint]\nselect = [1]\n", False),
    ('[lint]\nprofile = "all"\npreview = true\nfail-on = "never"\nsuppressions = false\n', True),
    ('[lint]\nprofile = "some"\n', False),
    ('[lint]\nfail-on = "bad"\n', False),
    ('[lint.severity]\nIMG101 = "info"\n', True),
    ('[lint.severity]\nIMG101 = "never"\n', False),
    ('[lint.label-schema]\na = "semver"\n', True),
    ('[lint.label-schema]\na = "number"\n', False),
    ('[lint.per-file-ignores]\n"*.x" = ["IMG101"]\n', True),
    ('[lint.per-file-ignores]\n"*.x" = "IMG101"\n', False),
    ('[lint]\ntrusted-registries = ["a"]\nstrict-labels = true\n', True),
    ("[lint]\nnobody = 1\n", False),
    ("lint = 1\n", False),
    ("rules = []\n", False),
    ("[rules.IMG206]\n", True),
]


@pytest.mark.parametrize("text, valid", TABLE)
def test_it_takes_what_settings_take(tmp_path: Path, text: str, *, valid: bool) -> None:
    (tmp_path / "imgtool.toml").write_text(text)
    try:
        module.settings(load(tmp_path / "imgtool.toml"))
        taken = True
    except ConfigError:
        taken = False
    assert (taken, VALIDATOR.is_valid(tomllib.loads(text))) == (valid, valid)
