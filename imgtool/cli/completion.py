"""``imgtool completion``: scripts that need no start of imgtool at every key."""

from __future__ import annotations

import enum
import shlex
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from imgtool.cli import app, packs
from imgtool.lint.registry import index
from imgtool.values import dataclass


class Shell(enum.StrEnum):
    """The shells that there are scripts for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@dataclass(frozen=True, slots=True)
class Word:
    """An option's names, and what may follow it: words, or ``None`` for nothing; no words are a file's name."""

    names: tuple[str, ...]
    values: tuple[str, ...] | None


# what may follow besides codes and names, by what typer calls the parameter
_TAKES_CODES = {"CODES": ("ALL", "SC", "shellcheck"), "[CODES]...": ("ALL",), "CODE...": ()}


def completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    r"""Print a script that completes commands, options, their values and rule codes.

    \b
    Examples:
      imgtool completion bash > ~/.local/share/bash-completion/completions/imgtool
      imgtool completion zsh > ~/.zfunc/_imgtool      # a folder of fpath, before compinit
      imgtool completion fish > ~/.config/fish/completions/imgtool.fish

    Exit code: 0 printed, 2 no such shell.
    """
    commands = dict(_commands())
    match shell:
        case Shell.BASH:
            lines = [*_bash(commands), "complete -o default -F _imgtool imgtool"]
        case Shell.ZSH:
            lines = [*_zsh(commands)]
        case Shell.FISH:
            lines = [*_fish(commands)]
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def _commands() -> Iterator[tuple[str, tuple[list[Word], tuple[str, ...]]]]:
    """Each command with its options and the words that its arguments may be."""
    packs.load()
    codes = tuple(word for entry in index() for word in (entry.code, entry.name))
    for name in app.COMMANDS:
        group: Any = typer.main.get_command(app.build(name))
        options = [Word(("--help",), None)]
        arguments: tuple[str, ...] = ()
        for parameter in group.commands[name].params:
            more = _TAKES_CODES.get(parameter.metavar)
            values = tuple(app.choices(parameter.type)) if more is None else (*codes, *more)
            if parameter.opts[0].startswith("-"):
                flag = getattr(parameter, "is_flag", False)
                options.append(Word((*parameter.opts, *parameter.secondary_opts), None if flag else values))
            else:
                arguments = values
        yield name, (options, arguments)


def _bash(commands: dict[str, tuple[list[Word], tuple[str, ...]]]) -> Iterator[str]:
    yield "# completion of imgtool; imgtool completion bash writes it"
    yield "_imgtool() {"
    yield '  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words=""'
    yield '  if [ "$COMP_CWORD" -eq 1 ]; then'
    yield f"    words={shlex.quote(' '.join([*commands, '--help', '--version']))}"
    yield "  else"
    yield '    case "${COMP_WORDS[1]} $previous" in'
    for name, (options, _) in commands.items():
        for option in options:
            if option.values is not None:
                spelt = "|".join(f'"{name} {word}"' for word in option.names)
                yield f"      {spelt}) words={shlex.quote(' '.join(option.values))} ;;"
    yield "      *)"
    yield '        case "${COMP_WORDS[1]}:$current" in'
    for name, (options, arguments) in commands.items():
        flags = " ".join(word for option in options for word in option.names)
        yield f'          "{name}:-"*) words={shlex.quote(flags)} ;;'
        if arguments:
            yield f'          "{name}:"*) words={shlex.quote(" ".join(arguments))} ;;'
    yield "        esac ;;"
    yield "    esac"
    yield "  fi"
    # several codes may stand in one word, between commas
    yield '  local before=""'
    yield '  case "$current" in *,*) before=${current%,*},; current=${current##*,} ;; esac'
    yield '  COMPREPLY=($(compgen -P "$before" -W "$words" -- "$current"))'
    yield "}"


def _zsh(commands: dict[str, tuple[list[Word], tuple[str, ...]]]) -> Iterator[str]:
    yield "#compdef imgtool"
    yield "# completion of imgtool; imgtool completion zsh writes it"
    yield "_imgtool() {"
    yield "  local -a words_here"
    yield "  if (( CURRENT == 2 )); then"
    described = " ".join(shlex.quote(f"{name}:{text}") for name, text in app.COMMANDS.items())
    yield f"    words_here=({described})"
    yield "    _describe command words_here"
    yield "    return"
    yield "  fi"
    yield '  case "$words[2] $words[CURRENT-1]" in'
    for name, (options, _) in commands.items():
        for option in options:
            if option.values is not None:
                spelt = "|".join(f'"{name} {word}"' for word in option.names)
                yield f"    {spelt}) {_added(option.values)}; return ;;"
    yield "  esac"
    yield '  case "$words[2]:$PREFIX" in'
    for name, (options, arguments) in commands.items():
        flags = " ".join(word for option in options for word in option.names)
        yield f'    "{name}:-"*) compadd -- {flags} ;;'
        yield f'    "{name}:"*) {_added(arguments)} ;;'
    yield "  esac"
    yield "}"
    yield '_imgtool "$@"'


def _added(words: tuple[str, ...]) -> str:
    return f"compadd -- {' '.join(words)}" if words else "_files"


def _fish(commands: dict[str, tuple[list[Word], tuple[str, ...]]]) -> Iterator[str]:
    yield "# completion of imgtool; imgtool completion fish writes it"
    for name, text in app.COMMANDS.items():
        yield f"complete -c imgtool -f -n __fish_use_subcommand -a {name} -d {shlex.quote(text)}"
    for name, (options, arguments) in commands.items():
        here = f"complete -c imgtool -n '__fish_seen_subcommand_from {name}'"
        if arguments:
            yield f"{here} -f -a '{' '.join(arguments)}'"
        for option in options:
            names = " ".join(f"-l {w[2:]}" if w.startswith("--") else f"-s {w[1:]}" for w in option.names)
            if option.values is None:
                yield f"{here} {names}"
            else:
                yield f"{here} {names} -r" + (f" -f -a '{' '.join(option.values)}'" if option.values else "")
