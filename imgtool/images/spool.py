"""Where the layers of images that are compared lie while they are read again: one file without a name."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from typing import IO

from imgtool.images.blobs import LayerTar
from imgtool.images.errors import ImageError
from imgtool.images.streams import Region


class Spool:
    """Layer tars, unpacked, one behind the other; a layer that several images share lies there once.

    The file is the system's to remove when it is closed, or the process dies. It takes the disk that the
    layers unpack to. What several threads give is taken one by one.
    """

    def __init__(self, file: IO[bytes] | None = None) -> None:
        # closed by close()
        self.file = file or tempfile.TemporaryFile(prefix="imgtool-", buffering=0)  # noqa: SIM115
        self._places: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def take(self, read: Callable[[Callable[[bytes], object]], LayerTar]) -> LayerTar:
        """Keep what ``read`` shows to the tap that it is given.

        Raises:
            ImageError: the disk is full.
        """
        with self._lock:
            start = self.file.seek(0, 2)
            try:
                tar = read(self.file.write)
                end = self.file.tell()
                if tar.diff_id is None or tar.diff_id in self._places:
                    self.file.truncate(start)
                else:
                    self._places[tar.diff_id] = (start, end)
                self.file.flush()
            except OSError as error:
                raise ImageError(f"it cannot be kept in {tempfile.gettempdir()} ({error.strerror})") from None
            return tar

    def region(self, diff_id: str) -> Region:
        """The tar of a layer.

        Raises:
            ImageError: it was not taken.
        """
        try:
            start, end = self._places[diff_id]
        except KeyError:
            raise ImageError(f"layer {diff_id} was not read") from None
        return Region(self.file, start, end)

    def close(self) -> None:
        """Give the disk back."""
        self.file.close()
