"""Small projects to rewrite: a Dockerfile, its build context, and what rewrite makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from imgtool.facts.facts import FactOptions
from imgtool.rewrite import Rewrite, rewrite

Rewriter = Callable[..., Rewrite]


@pytest.fixture
def rewriter(tmp_path: Path) -> Rewriter:
    """``rewriter(dockerfile, files={path: text}, target=…)`` in a folder of its own."""

    def run(dockerfile: str, files: Mapping[str, str] | None = None, target: str | None = None) -> Rewrite:
        path = tmp_path / "Dockerfile"
        path.write_text(dockerfile)
        for name, text in {"requirements.txt": "numpy\n", "main.py": "print(1)\n", **(files or {})}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return rewrite(dockerfile.encode(), target, FactOptions(dockerfile=path))

    return run
