"""Images made by hand to be shown to imgtool and to dive 0.13.1, the truth about them, and what dive says."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from archives import classic, files, layer

from imgtool.images.contents import Contents, How

MB = 1_000_000


@dataclass(frozen=True)
class Said:
    """What dive says: bytes wasted, efficiency, user bytes wasted (a share, maybe no number), whether its gate passes."""

    wasted: int
    efficiency: float
    user_wasted: float
    passes: bool


@dataclass(frozen=True)
class Example:
    """``lost`` is bytes in layers that no path of the finished image leads to, ``twice`` bytes that it holds again."""

    name: str
    layers: tuple[str, ...]
    lost: int
    twice: int
    dive: Said

    def __str__(self) -> str:
        return self.name

    def archive(self) -> bytes:
        return files(classic([layer(text) for text in self.layers]))


#: It divides by the bytes of all layers but the first.
NAN, INF = math.nan, math.inf
A, B, OTHER = f"a {MB}", f"b {MB}", f"a {MB} 755 y"

EXAMPLES = (
    # one file of two is to be seen in the end
    Example("directory removed", (f"keep {MB} 755 k, d/, d/{A}", ".wh.d"), MB, 0, Said(0, 1, NAN, passes=True)),
    Example("directory made opaque", (f"keep {MB} 755 k, d/, d/{A}", "d/, d/.wh..wh..opq"), MB, 0, Said(0, 1, NAN, passes=True)),
    Example("directory replaced by a link", (f"keep {MB} 755 k, d/, d/{A}", "d -> e"), MB, 0, Said(0, 1, NAN, passes=True)),
    Example("file removed", (f"keep {MB} 755 k, {A}", ".wh.a"), MB, 0, Said(MB, 0.5, INF, passes=False)),
    # two copies of which one is to be seen
    Example("mode changed", (A, f"{A} 600"), MB, 0, Said(2 * MB, 0.5, 2, passes=False)),
    Example("file overwritten", (A, OTHER), MB, 0, Said(2 * MB, 0.5, 2, passes=False)),
    Example("file overwritten twice", (A, OTHER, f"{A} 755 z"), 2 * MB, 0, Said(3 * MB, 1 / 3, 1.5, passes=False)),
    Example("file removed, made again", (A, ".wh.a", OTHER), MB, 0, Said(2 * MB, 0, 2, passes=False)),
    Example("directory removed, made again", (f"d/, d/{A}", ".wh.d", f"d/, d/{B} 755 y"), MB, 0, Said(0, 1, 0, passes=True)),
    # nothing is hidden: both paths need their content, which one copy could hold
    Example("same content at another path", (A, B), 0, MB, Said(0, 1, 0, passes=True)),
    Example("one layer", (A,), 0, 0, Said(0, 1, NAN, passes=True)),
    # a name goes, and the content stays for the other one
    Example("hard link, one name removed", (f"{A}, b = a", ".wh.a"), 0, 0, Said(MB, 0, INF, passes=False)),
    Example("hard link, mode changed at one name", (f"{A}, b = a", f"b {MB} 600"), 0, MB, Said(MB, 0.5, 1, passes=False)),
    Example("hard link, all names removed", (f"keep {MB} 755 k, {A}, b = a", ".wh.a, .wh.b"), MB, 0, Said(MB, 0.5, INF, passes=False)),
    Example("file overwritten over two layers of base", (f"b {MB} 755 b", f"c {MB} 755 c", A, OTHER), MB, 0, Said(2 * MB, 0.75, 2 / 3, passes=False)),
)  # fmt: skip


WORDS = {How.MODE: "copied for its mode", How.SAME: "written again"}
WORDS |= {how: how.value for how in (How.OVERWRITTEN, How.DELETED)}


def program() -> str | None:
    """The dive that is installed."""
    beside = Path(sys.executable).with_name("dive")
    return str(beside) if beside.exists() else shutil.which("dive")


def ask(dive: str, archive: Path) -> Said:
    """What dive says of an archive."""
    place, figures = f"docker-archive://{archive}", archive.with_suffix(".json")
    subprocess.run([dive, place, "--json", str(figures)], check=True, capture_output=True, timeout=60)
    gate = subprocess.run([dive, place, "--ci"], check=False, capture_output=True, text=True, timeout=60)
    found = json.loads(figures.read_text("utf-8"))["image"]
    share = re.search(r"userWastedPercent: (\S+) %", gate.stdout)
    assert share, gate.stdout
    return Said(
        found["inefficientBytes"], found["efficiencyScore"], float(share[1]) / 100, gate.returncode == 0
    )


def table(rows: Iterable[tuple[Example, Contents, Said]]) -> str:
    """A Markdown table of images: the truth, what imgtool makes of them, and what dive says."""
    lines = [
        "| image | lost | imgtool: waste | content twice | dive: wasted | efficiency | gate | |",
        "|---|--:|---|---|--:|--:|---|---|",
    ]
    for example, contents, said in rows:
        hidden = ", ".join(
            f"`{one.path}` of layer {one.layer + 1} {WORDS[one.how]} by layer {one.by + 1}"
            for one in contents.wasted()
        )
        twice = ", ".join(
            f"{shown(one.lost)}: {' = '.join(f'`{path}`' for path in one.paths)}"
            for one in contents.duplicates()
        )
        lines.append(
            f"| {example} | {shown(example.lost)} | {shown(contents.measures.waste or 0)} {hidden} | {twice} "
            f"| {shown(said.wasted)} | {said.efficiency:.0%} | {'pass' if said.passes else 'fail'} | {verdict(example, said)} |"
        )
    return "\n".join(lines) + "\n"


def verdict(example: Example, said: Said) -> str:
    """What is to be said of dive's figure: what one copy of each content to be seen would save is the truth."""
    true = example.lost + example.twice
    if said.wasted == true:
        return "" if said.passes == (true == 0) else "right figure, wrong verdict"
    if said.wasted < true:
        return "missed"
    return "counted with what is needed" if true else "nothing is lost"


def shown(size: int) -> str:
    return f"{size / MB:g} MB"
