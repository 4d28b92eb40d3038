r"""The command line: one module a command, imported only when that command is invoked.

To add a command ``foo``: write ``imgtool/cli/foo.py`` with a function ``foo`` whose parameters are
typer's and whose docstring is the help page (``\b`` before an indented block keeps its lines), and
add one line to :data:`COMMANDS`. The function prints, and ends with ``raise typer.Exit(code)`` where
the exit code is not 0. The codes: 0 clean or within budget, 1 findings or over budget, 2 usage or
unreadable input, 3 an image that cannot be built, measured or compared.

The list below is all that ``imgtool --help`` reads, so help costs no command's imports either.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import typer

COMMANDS = {
    "lint": "Find what makes a GPU or NPU image too big, too slow or wrong.",
    "graph": "Show which stages and images a Dockerfile's target is made of.",
    "rules": "List the rules.",
    "explain": "Tell all about a rule.",
    "init": "Write a configuration, also from hadolint's.",
    "size": "Say what images weigh and why, in exact bytes.",
    "compare": "Say what was added, removed and grown from one image to another.",
    "gate": "Hold images against budgets of size, growth, waste and content.",
    "audit": "Lint and measure a whole estate into Parquet tables.",
    "rewrite": "Split a Dockerfile that ships its toolchain into builder and runtime.",
    "verify": "Build two Dockerfiles, and prove that the second image does what the first one does.",
    "lsp": "Serve an editor: findings while typing, fixes, explanations.",
    "completion": "Print a script that completes command lines.",
    "parse": "Show Dockerfiles the way BuildKit reads them.",
}


def build(invoked: str | None) -> typer.Typer:
    """The application with every command listed and the invoked one imported."""
    app = typer.Typer(
        rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False, no_args_is_help=True
    )
    app.callback(help="Lint, rewrite and size-gate Dockerfiles for GPU and NPU images.")(_options)
    for name, summary in COMMANDS.items():
        command = _load(name) if name == invoked else _elsewhere
        # a raw docstring spells the mark of an indented block with two characters
        page = (command.__doc__ or "").replace("\\b", "\b")
        app.command(name, help=page, short_help=summary, no_args_is_help=False)(command)
    return app


def run(argv: Sequence[str]) -> None:
    """Run one command line, without the program's name; always ends in :class:`SystemExit`."""
    invoked = next((word for word in argv if not word.startswith("-")), None)
    group: Any = typer.main.get_command(build(invoked))
    if invoked in COMMANDS:
        for kind in (parameter.type for parameter in group.commands[invoked].params):
            if choices(kind):
                kind.convert = partial(_converted, kind.convert, choices(kind))
    group(args=list(argv), prog_name="imgtool")


def choices(kind: Any) -> list[str]:
    """The words of a parameter's type; none where it takes others."""
    return [str(getattr(choice, "value", choice)) for choice in getattr(kind, "choices", ())]


def _converted(
    convert: Callable[..., Any], known: Sequence[str], value: object, *where: Any, **more: Any
) -> Any:
    """What typer makes of a word; where it is none of those that are known, the nearest one is named."""
    try:
        return convert(value, *where, **more)
    except typer.BadParameter as error:
        from imgtool.config import nearest

        error.message = error.message.removesuffix(".") + nearest(str(value).lower(), known)
        raise


def _load(name: str) -> Callable[..., Any]:
    return getattr(importlib.import_module(f"imgtool.cli.{name}"), name)  # type: ignore[no-any-return]


def _elsewhere() -> None:
    """Stand in the list for a command that this run does not invoke."""


def _options(*, version: bool = typer.Option(False, "--version", help="Show the version and exit.")) -> None:
    # listed for --help; __main__ answers it before typer is there
    del version
