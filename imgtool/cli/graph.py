"""``imgtool graph``."""

from __future__ import annotations

import enum
import sys
from pathlib import Path
from typing import Annotated

import typer

from imgtool.cli.basics import STDIN, UNREADABLE
from imgtool.cli.inputs import BuildArgs, build_args, read
from imgtool.cli.output import say
from imgtool.facts.facts import FactOptions, Facts
from imgtool.facts.masks import masked
from imgtool.report import graph as report
from imgtool.report.style import style_for
from imgtool.syntax import parse


class GraphFormat(enum.StrEnum):
    """How the graph is printed."""

    TREE = "tree"
    MERMAID = "mermaid"
    DOT = "dot"
    JSON = "json"


def graph(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A Dockerfile, or - for standard input.")],
    output: Annotated[GraphFormat, typer.Option("--format", help="How to print it.")] = GraphFormat.TREE,
    stage: Annotated[
        str | None,
        typer.Option(
            "--stage", metavar="NAME", help="The stage that is built: name or number; else the last."
        ),
    ] = None,
    build_arg: BuildArgs = None,
) -> None:
    r"""Show which stages and images a Dockerfile's target is made of, and which it does not need.

    Variables in FROM are replaced by their defaults and by --build-arg. The ways to need something: from
    (FROM), copy (COPY --from), mount (RUN --mount=from=), onbuild (either, in a trigger of the parent stage).

    \b
    Examples:
      imgtool graph Dockerfile
      imgtool graph Dockerfile --stage test --build-arg CUDA=12.4.1
      imgtool graph Dockerfile --format dot | dot -Tsvg > stages.svg

    Exit code: 0 shown, 2 wrong usage, no such file or no such stage.
    """
    options = FactOptions(build_args(build_arg), stage, None if path == STDIN else Path(path))
    facts = Facts(parse(*masked(read(path))), options)
    if facts.target is None:
        known = ", ".join(s.title for s in facts.stages)
        say(f"{path} has no stage {stage}; it has {known}" if known and stage else f"{path} has no stage")
        raise typer.Exit(UNREADABLE)
    match output:
        case GraphFormat.TREE:
            text = report.tree(facts, style_for(sys.stdout))
        case GraphFormat.MERMAID:
            text = report.mermaid(facts)
        case GraphFormat.DOT:
            text = report.dot(facts)
        case GraphFormat.JSON:
            text = report.as_json(facts, path)
    sys.stdout.write(text)
