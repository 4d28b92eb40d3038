"""``imgtool parse``."""

from __future__ import annotations

import enum
import sys
from pathlib import Path
from typing import Annotated

import typer

from imgtool.cli.basics import UNREADABLE
from imgtool.cli.inputs import read
from imgtool.cli.output import say
from imgtool.discover import discover
from imgtool.report import tree
from imgtool.report.style import style_for
from imgtool.syntax import parse as parse_bytes

REFUSED = 1


class TreeFormat(enum.StrEnum):
    """How a parsed file is printed."""

    TREE = "tree"
    JSONL = "jsonl"


def parse(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH...", help="Dockerfiles, folders, or - for standard input.")
    ],
    output: Annotated[TreeFormat, typer.Option("--format", help="How to print it.")] = TreeFormat.TREE,
) -> None:
    r"""Show Dockerfiles the way BuildKit reads them, and what it would refuse them for.

    \b
      tree   stages, instructions, flags and here-documents with their lines
      jsonl  one JSON object a file: file, stages, bases, escape, nodes (kw, start,
             end, args, flags, attr, heredocs); error and line where it is refused

    Continuations are joined, exec forms are JSON, heredocs have their length. Parsing goes on after what is refused.
    The tree shows secrets as *; jsonl has the file as it is.

    \b
    Examples:
      imgtool parse Dockerfile
      imgtool parse --format jsonl . | jq -r 'select(.error) | "\(.file):\(.line): \(.error)"'

    Exit code: 0 shown, 1 BuildKit would refuse one, 2 wrong usage or unreadable input.
    """
    found = discover(Path(path) for path in paths)
    refused = False
    for path in found.files:
        document = parse_bytes(read(str(path)))
        refused = refused or bool(document.problems)
        if output is TreeFormat.JSONL:
            sys.stdout.write(tree.as_jsonl(str(path), document))
        else:
            sys.stdout.write(tree.text(str(path), document, style_for(sys.stdout)))
    for problem in found.problems:
        say(problem)
    if found.problems or refused:
        raise typer.Exit(UNREADABLE if found.problems else REFUSED)
