"""``imgtool explain``."""

from __future__ import annotations

import re
import sys
from typing import Annotated

import typer

from imgtool.cli import packs
from imgtool.lint.registry import RuleError, find, index, load, matches
from imgtool.regex import regex
from imgtool.report.style import Style, style_for

_SHELLCHECK = regex(r"SC\d{4}", re.IGNORECASE)


def explain(
    names: Annotated[list[str], typer.Argument(metavar="CODE...", help="Codes, names or aliases of rules.")],
) -> None:
    r"""Tell all about a rule: what it finds, why that is bad, what is better, and whether its fix is safe.

    \b
    Examples:
      imgtool explain IMG101
      imgtool explain devel-final-stage StageNameCasing

    Exit code: 0 shown, 2 no such rule.
    """
    packs.load()
    style = style_for(sys.stdout)
    try:
        pages = [_page(name, style) for name in names]
    except RuleError as error:
        beginning = next((name for name in names if any(matches(name, entry) for entry in index())), None)
        more = (
            f"; {beginning} is the beginning of codes, which imgtool rules {beginning} lists"
            if beginning
            else ""
        )
        raise typer.BadParameter(f"{error}{more}") from None
    sys.stdout.write("\n\n".join(pages))


def _page(name: str, style: Style) -> str:
    if _SHELLCHECK.fullmatch(name):
        return f"{style.paint(name.upper(), 'bold')} is ShellCheck's: https://www.shellcheck.net/wiki/{name.upper()}\n"
    rule = load(find(name))
    title, _, body = rule.page.strip().partition("\n")
    meta = rule.meta
    also = f", also called {', '.join(meta.aliases)}" if meta.aliases else ""
    off = ", preview: off unless selected" if meta.preview else ""
    facts = f"{meta.severity}, fix: {meta.fix}, since {meta.since}{also}{off}"
    headed = re.sub(r"^## (.*)$", lambda heading: style.paint(heading[1], "bold"), body, flags=re.MULTILINE)
    return (
        f"{style.paint(f'{meta.code} {meta.name}', 'bold')}: {title}\n{style.paint(facts, 'dim')}\n{headed}\n"
    )
