"""What rewrite makes of real Dockerfiles, as tables in markdown.

    python benchmarks/rewrite.py FOLDER [--ships] [--list]

FOLDER holds the files that ``tests/corpus/rewrite_labels.tsv`` judges. The first table counts how they end beside
what a careful engineer would do with them, the second for what reasons they are left. ``--ships`` says of every file that it is meant to ship, so that those which start no
program are looked at too. ``--list`` names each file.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import Counter
from pathlib import Path

from imgtool.rewrite import Rewrite, rewrite
from imgtool.rewrite.choices import Assumption, Choices
from imgtool.rewrite.plan import Status

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from labelled import Labelled, labelled  # noqa: E402 - it is not installed

Results = list[tuple[Labelled, Rewrite]]
GROUPS = {
    "devel": "one stage, on a devel image",
    "cann": "CANN",
    "stages": "several stages, the last on a devel image",
}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--ships", action="store_true", help="rewrite with --assume ships")
    parser.add_argument("--list", action="store_true", help="name each file")
    given = parser.parse_args()
    choices = Choices(assume=frozenset({Assumption.SHIPS} if given.ships else ()))
    found: Results = []
    seconds = []
    for row in labelled():
        data = (given.folder / row.file).read_bytes()
        start = time.process_time()
        found.append((row, rewrite(data, choices=choices)))
        seconds.append(time.process_time() - start)
    for group, title in GROUPS.items():
        show_ends(title, [pair for pair in found if pair[0].group == group])
    show_reasons(found)
    print(
        f"{statistics.median(seconds) * 1e3:.1f} ms for the median file, {max(seconds) * 1e3:.0f} for the slowest"
    )
    if given.list:
        show_files(found)
    return 0


def show_ends(title: str, found: Results) -> None:
    """How files of each label end."""
    counts = Counter((label_of(row), made.plan.status) for row, made in found)
    print(f"### {title}: {len(found)} files\n")
    print(f"| an engineer says | {' | '.join(Status)} |\n|---|{'---:|' * len(Status)}")
    for label in sorted({label for label, _ in counts}):
        print(f"| {label} | {' | '.join(str(counts[label, status]) for status in Status)} |")
    print()


def label_of(row: Labelled) -> str:
    return f"{row.label} ({', '.join(sorted(row.assume))})" if row.assume else row.label


def show_reasons(found: Results) -> None:
    """Why files are left, by code."""
    counts = Counter((made.plan.status, reason.code) for _, made in found for reason in made.plan.reasons)
    print("### Reasons\n\n| status | reason | files |\n|---|---|---:|")
    for (status, code), count in counts.most_common():
        print(f"| {status} | `{code}` | {count} |")
    print()


def show_files(found: Results) -> None:
    print("\n| file | an engineer says | rewrite | reason |\n|---|---|---|---|")
    for row, made in found:
        said = "; ".join(f"`{reason.code}` {reason.message}" for reason in made.plan.reasons)
        print(f"| {row.file} | {label_of(row)} | {made.plan.status} | {said.replace('|', '&#124;')} |")


if __name__ == "__main__":
    raise SystemExit(main())
