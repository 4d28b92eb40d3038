from __future__ import annotations

import pytest

from imgtool.weights import BIN_STARTS, BY_NAME, BY_SIZE, ending, least_weights

# --- (path, its ending, bytes from which on it is taken for weights) ---
NAMES = [
    ("", "", None),
    ("pt", "pt", None),
    ("a.pt/b", "pt/b", None),
    ("a.txt", "txt", None),
    ("a.PT", "PT", 0),
    ("m/a.pth.tar", "pth.tar", 0),
    ("m/a.PTH.tar", "PTH.tar", 0),
    ("m/a.tar", "tar", None),
    ("m/pth.tar", "tar", None),
    ("m/model-1.bin", "bin", 0),
    ("model/a.bin", "bin", None),
    ("*.onnx", "onnx", 0),
    ("a.pb", "pb", 10_000_000),
]


@pytest.mark.parametrize("path, last, least", NAMES)
def test_names(path: str, last: str, least: int | None) -> None:
    assert (ending(path), least_weights(path)) == (last, least)


def test_each_name_is_there_once() -> None:
    assert len({*BY_NAME, *BY_SIZE, *BIN_STARTS}) == len(BY_NAME) + len(BY_SIZE) + len(BIN_STARTS)
