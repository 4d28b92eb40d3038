"""What tests of the DL rules share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from imgtool.lint.fixer import fix

LintWith = Callable[..., Any]


@pytest.fixture
def found_by(lint_with: LintWith) -> Callable[..., list[str]]:
    """``found_by(code, dockerfile)``: ``line:column text`` of everything that the rule's findings are about."""

    def run(code: str, dockerfile: str) -> list[str]:
        result = lint_with(code, dockerfile)
        places = sorted(place for finding in result.findings for place in finding.places)
        return [_shown(result.source, place) for place in places]

    return run


def _shown(source: Any, span: Any) -> str:
    at = source.place(span.start)
    return f"{at.line}:{at.column} {source.text(span)}"


@pytest.fixture
def fix_with(lint_with: LintWith) -> Callable[..., str]:
    """``fix_with(code, dockerfile, unsafe=False)``: the text after all fixes, which must converge and hold still."""

    def run(code: str, dockerfile: str, *, unsafe: bool = False) -> str:
        def lint(data: bytes) -> Any:
            return lint_with(code, data)

        done = fix(dockerfile.encode(), lint, unsafe=unsafe)
        assert done.converged
        assert fix(done.data, lint, unsafe=unsafe).data == done.data
        return done.data.decode()

    return run
