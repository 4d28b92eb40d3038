"""Files that hold weights of models, by their names: the one list of layers, of build contexts and of images."""

from __future__ import annotations

from collections.abc import Mapping

BY_NAME = tuple(
    "safetensors gguf ggml ckpt pt pth pth.tar pdparams pdiparams onnx keras tflite engine trt om mindir nemo mar"
    " caffemodel llamafile t7 weights".split()
)
"""Endings that say it alone."""

BY_SIZE: Mapping[str, int] = {"pb": 10_000_000, "plan": 10_000_000, "h5": 10_000_000, "pdmodel": 1_000_000}
"""Endings of other things, too, each with the bytes from which on it is taken for weights.

Messages of protobuf and plans of Terraform are smaller, and so are a few rows of a table in HDF5.
"""

BIN_STARTS = ("pytorch_model", "diffusion_pytorch_model", "model", "adapter_model", "ggml-")
"""Starts of the names that say it alone of a ``.bin``."""

_LEAST: Mapping[str, int] = {**dict.fromkeys(BY_NAME, 0), **BY_SIZE}


def ending(name: str) -> str:
    """What stands behind a name's last point, and before it where both are one ending; as it is written."""
    rest, _, last = name.rpartition(".")
    return name[-7:] if last == "tar" and rest.lower().endswith(".pth") else last


def least_weights(path: str) -> int | None:
    """Bytes from which on a file is taken for weights by its name, 0 for any number; None where it is not."""
    if "." not in path:
        return None
    last = ending(path).lower()
    if last == "bin":
        return 0 if path.rpartition("/")[2].startswith(BIN_STARTS) else None
    return _LEAST.get(last)
