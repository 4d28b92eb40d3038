"""Build the applications of ``fixtures/projects`` and their rewrites, run both, weigh both.

    python benchmarks/projects.py [NAME…] [--write] [--keep]

Each is built on the engine at DOCKER_HOST as its author wrote it and as imgtool rewrote it; each image must write exactly
what ``project.toml`` says. ``--write`` keeps the figures in ``benchmarks/projects.json`` and makes ``docs/projects.md`` of them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import projects  # noqa: E402 - it is not installed

RESULTS = ROOT / "benchmarks" / "projects.json"
PAGE = ROOT / "docs" / "projects.md"

TEXT = """\
# Applications, before and after

Small whole applications in `fixtures/projects`, their Dockerfiles written as people write them. Each is built on a Docker
engine as its author wrote it, rewritten by `imgtool rewrite --context`, built again, and both images are run: every
container must end with 0 and write exactly what `project.toml` says. Then `imgtool verify` compares the two images; the last
column names checks that do not pass.

```console
$ make e2e                                      # all of them; needs DOCKER_HOST and the base images
$ python benchmarks/projects.py cuda-program    # one
```

Sizes are the bytes of all files in the merged tree (`imgtool size`: flattened). The base images are stand-ins, made of Debian's and NVIDIA's
packages: their userland is Debian bookworm, their CUDA is 13.0, and a devel image of {devel} GB is a fraction of the real one. Ratios on real images differ,
most of all for CANN, whose stand-in has a toolkit in its layout alone.

"""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="projects; all without one")
    parser.add_argument("--write", action="store_true", help="keep the figures and write the page")
    parser.add_argument("--keep", action="store_true", help="keep the images")
    given = parser.parse_args()
    results: dict[str, Any] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    every = {project.name: project for project in projects.every()}
    failed = False
    for name in given.names or every:
        with tempfile.TemporaryDirectory() as folder:
            try:
                outcome = projects.compared(every[name], Path(folder), keep=given.keep)
            except (projects.CannotServeError, projects.CommandError) as error:
                print(f"{name}: {error}", flush=True)
                failed = True
                continue
        results[name] = asdict(outcome)
        print(shown(every[name], results[name]), *outcome.wrong, sep="\n", flush=True)
        print(*outcome.failed or (), sep="\n", flush=True)
        failed |= bool(outcome.wrong or outcome.failed)
        if given.write:
            RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", "utf-8")
            PAGE.write_text(page(every, results), "utf-8")
    return int(failed)


def page(every: dict[str, projects.Project], results: dict[str, Any]) -> str:
    rows = [shown(project, results[name]) for name, project in every.items() if name in results]
    head = "| project | what it is | rewrite | before, MB | after, MB | ratio | smoke | verify |\n|---|---|---|---|---|---|---|---|\n"
    notes = "".join(f"* `{name}`: {project.notes}\n" for name, project in every.items())
    return TEXT.format(devel=1.2) + head + "\n".join(rows) + f"\n\n{notes}"


def shown(project: projects.Project, row: dict[str, Any]) -> str:
    """A row of the table."""
    status = row["status"] + "".join(f" `{code}`" for code in row["reasons"])
    before, after = row["before"] / 1e6, (row["after"] or 0) / 1e6
    sizes = f"{before:,.0f} | {after:,.0f} | {before / after:.2f}" if after else f"{before:,.0f} | - | -"
    smoke = "**fails**" if row["wrong"] else "same" if after else "original alone"
    return (
        f"| `{project.name}` | {project.kind} | {status} | {sizes} | {smoke} | {verdict(row.get('failed'))} |"
    )


def verdict(failed: list[str] | None) -> str:
    if failed is None:
        return "-"
    return ", ".join(text.partition(":")[0] for text in failed) or "equivalent"


if __name__ == "__main__":
    raise SystemExit(main())
