"""imgtool's DL rules beside hadolint's, over the same files.

    python benchmarks/parity.py FOLDER [--record] [--left [RULE]]

Findings agree where file, rule and the instruction's first line do. Precision is the share of imgtool's findings that
hadolint has, recall the share of hadolint's that imgtool has; "after" leaves out what a class of
``tests/parity/hadolint_divergences.toml`` explains. Files that hadolint cannot parse are left out. What hadolint says
is read from ``tests/parity/recorded.tsv``, which ``--record`` writes by running it (minutes for a thousand files).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from parity import measure, peer  # noqa: E402 - it is not installed


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--record", action="store_true", help="run hadolint, and keep what it says")
    parser.add_argument(
        "--left", nargs="?", const="DL", metavar="RULE", help="list differences that no class explains"
    )
    given = parser.parse_args()
    files = {p.name: p.read_bytes() for p in sorted(given.folder.iterdir()) if p.is_file()}
    if given.record:
        record(files)
    said = measure.recorded()
    missing = [name for name, data in files.items() if measure.digest(data) not in said]
    if missing:
        print(f"{len(missing)} files are not in the record; use --record", file=sys.stderr)
        return 2
    found = measure.compare((name, data, said[measure.digest(data)]) for name, data in files.items())
    show(found, len(files))
    for name, place, ours in found.left:
        if given.left and place.code.startswith(given.left):
            print(f"{place.code} {'imgtool' if ours else 'hadolint'} {given.folder / name}:{place.line}")
    return 0


def record(files: dict[str, bytes]) -> None:
    words = [peer.program() or "hadolint", "--version"]
    version = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    said = zip(map(measure.digest, files.values()), peer.report(list(files.values())), strict=True)
    measure.RECORD.write_text(measure.record(version, dict(said)), "utf-8")


def show(found: measure.Comparison, files: int) -> None:
    print(f"{found.files} of {files} files; hadolint reads the others not at all")
    print(
        f"{'rule':<8}{'both':>7}{'imgtool':>9}{'hadolint':>9}{'precision':>11}{'recall':>8}{'after':>11}{'after':>8}"
    )
    for code, score in [*found.rules.items(), ("total", found.total)]:
        shares = (score.precision, score.recall, score.settled_precision, score.settled_recall)
        figures = "".join(f"{share:>{width}.1%}" for share, width in zip(shares, (11, 8, 11, 8), strict=True))
        print(f"{code:<8}{score.both:>7}{score.ours:>9}{score.theirs:>9}{figures}")
    print(f"total: without {' and '.join(peer.OFF)}, which are off by default")
    for name, count in found.kinds.most_common():
        print(f"{count:>6} {name}")


if __name__ == "__main__":
    raise SystemExit(main())
