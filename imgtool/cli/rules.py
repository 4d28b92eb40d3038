"""``imgtool rules``."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from imgtool.cli import packs
from imgtool.cli.output import Format, say
from imgtool.lint.registry import IndexEntry, RuleError, check_selectors, index, is_shellcheck, load, matches
from imgtool.report.style import Style, style_for

_COLUMNS = ("code", "name", "severity", "fix", "set", "summary")


def rules(
    selectors: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CODES]...", help="Codes, prefixes of codes, names or aliases; else all."),
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="How to print them.")] = Format.TEXT,
) -> None:
    r"""List the rules: code, name, severity, whether they fix, which set they are in, and what they find.

    The sets: default (on unless something is selected), hadolint (on with --profile hadolint or all),
    preview (on with --preview, or selected by the whole code). Rules of packs that the configuration here has as
    plugins are listed with the name of their pack as the set. imgtool explain CODE tells all about one.

    \b
    Examples:
      imgtool rules
      imgtool rules IMG1 BK
      imgtool rules DL3008 --format json

    Exit code: 0 shown, 2 no such rule.
    """
    packs.load()
    wanted = selectors or ["ALL"]
    try:
        check_selectors(wanted)
    except RuleError as error:
        raise typer.BadParameter(str(error)) from None
    for selector in filter(is_shellcheck, wanted):
        say(f"{selector}: ShellCheck's own are listed at https://www.shellcheck.net/wiki/")
    rows = [_row(entry) for entry in index() if any(matches(selector, entry) for selector in wanted)]
    if output is Format.JSON:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
    else:
        sys.stdout.write(_table(rows, style_for(sys.stdout)))


def _row(entry: IndexEntry) -> dict[str, Any]:
    rule = load(entry)
    meta = rule.meta
    return {
        "code": meta.code,
        "name": meta.name,
        "aliases": list(meta.aliases),
        "severity": str(meta.severity),
        "fix": str(meta.fix),
        "preview": meta.preview,
        "set": "preview" if meta.preview else entry.pack or _set(meta.code),
        "plugin": entry.pack or None,
        "since": meta.since,
        "summary": rule.page.strip().splitlines()[0].rstrip("."),
        "page": rule.page.strip(),
    }


def _set(code: str) -> str:
    return "hadolint" if code.startswith("DL") else "default"


def _table(rows: list[dict[str, Any]], style: Style) -> str:
    widths = {name: max((len(row[name]) for row in rows), default=0) for name in _COLUMNS}
    lines = ["  ".join(row[name].ljust(widths[name]) for name in _COLUMNS).rstrip() for row in rows]
    codes = widths["code"]
    return "".join(f"{style.paint(line[:codes], 'bold')}{line[codes:]}\n" for line in lines)
