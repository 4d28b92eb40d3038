"""Rules that tests make for themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from imgtool.lint.registry import Rule, from_module
from imgtool.rule import RuleMeta, Severity


@pytest.fixture(scope="session")
def make_rule() -> Callable[..., Rule]:
    """``make_rule(code, check, **meta)``: the rule of a module with that META and check."""

    def make(
        code: str, check: Callable[..., Iterator[Any]], options: type | None = None, **meta: Any
    ) -> Rule:
        module = ModuleType(code.lower())
        module.__doc__ = "Made for a test."
        settings = {"name": f"rule-{code.lower()}", "severity": Severity.WARNING, "since": "0", **meta}
        parts: dict[str, Any] = {"META": RuleMeta(code, **settings), "check": check}
        if options:
            parts["Options"] = options
        vars(module).update(parts)
        return from_module(module)

    return make
