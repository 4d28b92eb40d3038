"""What linting promises for any file; ``python -m fuzz`` asks the same for as long as one likes."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz import grammar, promises
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]


@settings(max_examples=25)
@given(grammar.dockerfiles())
def test_what_is_nearly_a_dockerfile(data: bytes) -> None:
    promises.dockerfile(data)


@settings(max_examples=50)
@given(grammar.configurations())
def test_what_is_nearly_a_configuration(data: bytes) -> None:
    promises.configuration(data)


@pytest.mark.corpus
@settings(max_examples=10)
@given(st.data())
def test_mutated_files_of_the_corpus(corpus: Path, data: st.DataObject) -> None:
    promises.dockerfile(data.draw(grammar.mutations(sorted((corpus / "open").iterdir()))))


# --- what once broke a promise: (file, which) ---
ONCE = [
    (
        b"FROM nvcr.io/nvidia/cuda:13.1.1-base-ubi8 AS license\nFROM debian:12\nCOPY --from=license /NGC-DL-CONTAINER-LICENSE /\n",
        "an unsafe fix brought an error",
    ),
]


@pytest.mark.parametrize("data, _which", ONCE)
def test_what_was_broken_once(data: bytes, _which: str) -> None:
    promises.dockerfile(data)
