"""``imgtool lsp``."""

from __future__ import annotations

from typing import Annotated

import typer

from imgtool import config as configs
from imgtool.cli.basics import UNREADABLE
from imgtool.cli.inputs import Config, Isolated, ShellCheck
from imgtool.cli.output import say
from imgtool.config import ConfigError
from imgtool.lint.batch import Request


def lsp(
    config: Config = None,
    isolated: Isolated = False,
    shellcheck: ShellCheck = None,
    _stdio: Annotated[bool, typer.Option("--stdio", help="Does nothing: editors that give it may.")] = False,
) -> None:
    r"""Serve an editor: findings while typing, fixes, and what a rule, an instruction or a base image is.

    The protocol is LSP over standard input and output; the editor starts this command for files of the language
    dockerfile. It needs the extra lsp: pip install "imgtool-containers[lsp]". Nothing is written, nothing of the
    project is run, no network is asked.

    \b
    Neovim 0.11, in init.lua:
      vim.lsp.config("imgtool", { cmd = { "imgtool", "lsp" }, filetypes = { "dockerfile" } })
      vim.lsp.enable("imgtool")
    \b
    Helix, in languages.toml:
      [language-server.imgtool]
      command = "imgtool"
      args = ["lsp"]
      [[language]]
      name = "dockerfile"
      language-servers = ["docker-langserver", "imgtool"]
    \b
    Emacs 29 with eglot:
      (add-to-list 'eglot-server-programs '(dockerfile-ts-mode . ("imgtool" "lsp")))

    VS Code takes any extension for generic language servers; docs/editors.md has the settings.

    Exit code: 0 the editor ended it, 1 the editor went away, 2 the extra is not installed or the configuration
    cannot be read.
    """
    if config and isolated:
        raise typer.BadParameter("--isolated reads no configuration, --config one")
    try:
        request = Request(
            config=configs.load(config) if config else None, isolated=isolated, shellcheck=shellcheck
        )
    except ConfigError as error:
        say(str(error))
        raise typer.Exit(UNREADABLE) from None
    try:
        from imgtool.lsp.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"pygls", "lsprotocol"}:
            raise
        say('the language server is an extra: pip install "imgtool-containers[lsp]"')
        raise typer.Exit(UNREADABLE) from None
    raise typer.Exit(serve(request))
