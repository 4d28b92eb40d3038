"""Why there is no audit."""

from __future__ import annotations


class AuditError(Exception):
    """The audit as a whole cannot go on; the text is one clause."""
