"""How an image cannot be measured."""

from __future__ import annotations


class ImageError(Exception):
    """An image cannot be read, measured or compared. ``reason`` is one clause for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NoImageError(ImageError):
    """There is no such image where it was looked for: it was never made, or has another name."""
