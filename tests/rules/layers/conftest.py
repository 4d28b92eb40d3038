"""What tests of the rules about layers share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from imgtool.lint.fixer import fix

LintWith = Callable[..., Any]
FixWith = Callable[..., str]


@pytest.fixture
def fix_with(lint_with: LintWith) -> FixWith:
    """``fix_with(codes, dockerfile, unsafe=False)``: the text after all fixes, which must converge and hold still."""

    def run(code: str, dockerfile: str, *, unsafe: bool = False) -> str:
        def lint(data: bytes) -> Any:
            return lint_with(code, data)

        done = fix(dockerfile.encode(), lint, unsafe=unsafe)
        assert done.converged
        assert fix(done.data, lint, unsafe=unsafe).data == done.data
        return done.data.decode()

    return run
