"""``imgtool rules``."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from imgtool.cli.output import Format
from imgtool.lint.registry import Rule, RuleError, find, index, load
from imgtool.report.style import Style, style_for

_COLUMNS = ("code", "name", "severity", "fix", "summary")


def rules(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[RULE]...", help="Codes, names or aliases; else all.")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TEXT,
) -> None:
    r"""List the rules, or explain some.

    \b
    Examples:
      imgtool rules
      imgtool rules IMG101
      imgtool rules devel-final-stage --format json

    Exit code: 0 shown, 2 no such rule.
    """
    try:
        chosen = [load(entry) for entry in (map(find, names) if names else index())]
    except RuleError as error:
        raise typer.BadParameter(str(error)) from None
    if output is Format.JSON:
        sys.stdout.write(json.dumps([_row(rule) for rule in chosen], indent=2) + "\n")
    elif names:
        sys.stdout.write("\n\n".join(_page(rule, style_for(sys.stdout)) for rule in chosen))
    else:
        sys.stdout.write(_table([_row(rule) for rule in chosen], style_for(sys.stdout)))


def _row(rule: Rule) -> dict[str, Any]:
    meta = rule.meta
    return {
        "code": meta.code,
        "name": meta.name,
        "aliases": list(meta.aliases),
        "severity": str(meta.severity),
        "fix": str(meta.fix),
        "preview": meta.preview,
        "since": meta.since,
        "summary": rule.page.strip().splitlines()[0].rstrip("."),
        "page": rule.page.strip(),
    }


def _page(rule: Rule, style: Style) -> str:
    title, _, body = rule.page.strip().partition("\n")
    meta = rule.meta
    also = f", also called {', '.join(meta.aliases)}" if meta.aliases else ""
    facts = f"{meta.severity}, fix: {meta.fix}, since {meta.since}{also}"
    return (
        f"{style.paint(f'{meta.code} {meta.name}', 'bold')}: {title}\n{style.paint(facts, 'dim')}\n{body}\n"
    )


def _table(rows: list[dict[str, Any]], style: Style) -> str:
    widths = {name: max(len(row[name]) for row in rows) for name in _COLUMNS}
    lines = ["  ".join(row[name].ljust(widths[name]) for name in _COLUMNS).rstrip() for row in rows]
    codes = widths["code"]
    return "".join(f"{style.paint(line[:codes], 'bold')}{line[codes:]}\n" for line in lines)
