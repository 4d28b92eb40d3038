"""What tests of rules share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from imgtool.facts.facts import FactOptions
from imgtool.lint import registry
from imgtool.lint.runner import LintResult, lint

LintWith = Callable[..., LintResult]


@pytest.fixture
def lint_with(tmp_path: Path) -> LintWith:
    """``lint_with(code, dockerfile, files, **FactOptions)``: the findings of one rule, or of several by selector.

    ``files`` are the build context: paths with their content. Without any, the context is unknown, as it is for
    standard input.
    """

    def run(
        code: str, dockerfile: str | bytes, files: Mapping[str, str] = MappingProxyType({}), **facts: Any
    ) -> LintResult:
        data = dockerfile.encode() if isinstance(dockerfile, str) else dockerfile
        path = plant(tmp_path, data, files) if files else None
        entries = registry.select(registry.Selection(tuple(code.split(","))))
        rules = [registry.load(entry) for entry in entries]
        result = lint(data, "Dockerfile", rules, FactOptions(dockerfile=path, **facts))
        assert not result.failures
        unneeded = {entry.code for entry in registry.needed(entries, data)[1]}
        assert unneeded.isdisjoint(finding.code for finding in result.findings), (
            "META.needs leaves a finding out"
        )
        return result

    return run


def plant(folder: Path, dockerfile: bytes, files: Mapping[str, str]) -> Path:
    """Write a build context with its Dockerfile; the Dockerfile's path."""
    for name, content in {**files, "Dockerfile": None}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(dockerfile if content is None else content.encode())
    return folder / "Dockerfile"
