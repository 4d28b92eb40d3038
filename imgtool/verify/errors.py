"""The one way in which a verification ends without a verdict."""

from __future__ import annotations


class NotEstablishedError(Exception):
    """Nothing can be said of the two images. ``reason`` is for people; it may have lines of its own."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
