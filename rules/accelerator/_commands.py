"""Commands of a RUN as the text that runs, and what a script's input holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from imgtool.rule import (
    Command,
    DriverFact,
    Facts,
    Run,
    Span,
    Text,
    driver_command,
    driver_program,
    per_file,
    regex,
)

COPIES = frozenset({"cp", "mv", "install"})
_VARIABLE = regex(r"\$(?:\{(\w+)\}|(\w+))")


def line(command: Command, run: Run, facts: Facts) -> str:
    """The command line with the values of ARG and ENV filled in where they are known."""
    return " ".join([known(arg.text, run, facts) if arg.expands else arg.text for arg in command.argv])


# three rules ask, one after the other
@per_file
def of_interest(facts: Facts) -> Mapping[Run, Sequence[int]]:
    """The RUNs with commands that :func:`judged` or the files they copy can make of interest, and where these stand."""
    found: dict[Run, list[int]] = {}
    names = frozenset([n for n in facts.programs if not n or n in COPIES or driver_program(n)])
    for stage in facts.stages if names else ():
        for run in facts.runs(stage):
            for position, command in enumerate(run.script.commands):
                if command.name in names and (command.name or _is_hidden(command)):
                    found.setdefault(run, []).append(position)
    return found


def _is_hidden(command: Command) -> bool:
    """Whether a program whose name a variable or a pattern hides is of interest all the same: ``$DIR/*.run``."""
    return bool(command.argv) and driver_program(command.argv[0].text)


def judged(command: Command, run: Run, facts: Facts) -> DriverFact | None:
    """What is known of a command line, of those :func:`of_interest`."""
    if command.name in COPIES:
        return None
    told = _told(facts)
    if id(command) not in told:
        told[id(command)] = driver_command(line(command, run, facts), command.argv[0].text)
    return told[id(command)]


@per_file
def _told(_facts: Facts) -> dict[int, DriverFact | None]:
    """What is known of the commands of a file, by their places in memory: three rules ask."""
    return {}


def program_file(command: Command) -> Span:
    """The word that says what is installed: the installer's file, or the program."""
    return next((arg for arg in command.argv if arg.text.endswith("run")), command.argv[0]).span


def known(text: str, run: Run, facts: Facts) -> str:
    """A shell word with the values of ARG and ENV in place; other variables stay, a shell may set them."""
    if "$" not in text:
        return text
    values = facts.state(run.instruction).values
    return _VARIABLE.sub(lambda found: values.get(found[1] or found[2]) or found[0], text)


def input_lines(commands: Sequence[Command], position: int) -> Iterator[tuple[str, Span]]:
    """The lines that a command is given on its input: a here-document's, or what the command before it prints."""
    command = commands[position]
    yield from _documents(command)
    if command.connector in ("|", "|&") and position:
        before = commands[position - 1]
        yield from _documents(before)
        yield from ((arg.text, arg.span) for arg in before.args)


def _documents(command: Command) -> Iterator[tuple[str, Span]]:
    for redirect in command.redirects:
        if redirect.body is not None:
            yield from lines(redirect.body)


def lines(text: Text) -> Iterator[tuple[str, Span]]:
    """The lines of a text with their places in the file."""
    start = 0
    for whole in text.data.splitlines(keepends=True):
        content = whole.rstrip(b"\r\n")
        yield content.decode("utf-8", "replace"), text.span(start, start + len(content))
        start += len(whole)
