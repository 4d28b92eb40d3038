"""The ways out of planning: a refusal or nothing to do, each with a stable code and a place."""

from __future__ import annotations

from imgtool.edits import Span
from imgtool.rewrite.plan import Reason


class RefusedError(Exception):
    """The file is outside what can be rewritten with certainty."""

    def __init__(self, code: str, message: str, span: Span) -> None:
        super().__init__(message)
        self.reason = Reason(code, message, span)


class UnchangedError(Exception):
    """There is nothing to rewrite."""

    def __init__(self, code: str, message: str, span: Span) -> None:
        super().__init__(message)
        self.reason = Reason(code, message, span)
