"""Files of secrets by their names."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.secret_files import _SECRETS, _may_be_secret, secret_file


@given(st.data())
@pytest.mark.parametrize("form", [file.name for file in _SECRETS])
def test_each_name_is_looked_at_closely(form: str, data: st.DataObject) -> None:
    assert _may_be_secret(data.draw(st.from_regex(re.compile(form), fullmatch=True)))


@pytest.mark.parametrize("name", ["main.py", "Dockerfile", "libssl.so.3", "keys", "token_ids", "LICENSE", ""])
def test_most_names_are_not(name: str) -> None:
    assert not _may_be_secret(name)


@pytest.mark.parametrize(
    "path, what",
    [
        ("a/.env", "environment file"),
        (".env.example", None),
        ("tests/id_rsa", None),
        (".docker/config.json", "Docker credentials"),
        ("app/config.json", None),
        ("my.kubeconfig", "Kubernetes credentials"),
        ("_netrc", "credentials"),
        ("huggingface/token", "Hugging Face token"),
        ("token", None),
        ("a.tfstate.backup", "Terraform state"),
    ],
)
def test_secret_files(path: str, what: str | None) -> None:
    found = secret_file(path)
    assert (found and found.what) == what
