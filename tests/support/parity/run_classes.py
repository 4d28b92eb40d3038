"""The classes of differences about what a RUN does; see :mod:`parity.classes`."""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.facts.facts import DEFAULT_SHELL
from imgtool.facts.packages import Operation, PackageOperation
from imgtool.facts.shell import Command
from imgtool.facts.stages import mounts_of
from parity.classes import Difference

_INSIDE = {"bash -c", "heredoc", "eval"}
_PIP = ("pip",)


def _commands(found: Difference) -> tuple[Command, ...]:
    return found.run.script.commands if found.run else ()


def _operations(found: Difference, *managers: str) -> Iterator[PackageOperation]:
    for operation in found.run.operations if found.run else ():
        if not managers or operation.manager in managers:
            yield operation


def _text(found: Difference) -> str:
    return found.node.rest.data.decode("utf-8", "replace") if found.node else ""


# --- what is read ---


def seen_through(found: Difference) -> bool:
    """imgtool alone reports it, of a command that another one starts, that has a path, or that a variable names."""
    return found.ours and any(
        c.wrappers or _INSIDE & set(c.context) or (c.argv and ("/" in c.argv[0].text or c.argv[0].expands))
        for c in _commands(found)
    )


def other_shell(found: Difference) -> bool:
    """hadolint alone reports it, of a RUN in a shell of Windows."""
    shell = (found.facts.state(found.instruction).shell if found.instruction else None) or DEFAULT_SHELL
    windows = any(name in shell[0].lower() for name in ("powershell", "pwsh", "cmd"))
    return not found.ours and (
        windows or any(c.name.lower().startswith("powershell") for c in _commands(found))
    )


def not_understood(found: Difference) -> bool:
    """hadolint alone reports it, of a RUN or one after a RUN of which a part is not known."""
    if found.ours or found.run is None:
        return False
    runs = found.facts.runs(found.run.stage)
    position = runs.index(found.run)
    return any(not run.script.understood for run in runs[max(position - 1, 0) : position + 1])


def program_in_a_variable(found: Difference) -> bool:
    """hadolint alone reports it, of a RUN or one after a RUN that calls programs that a variable names."""
    if found.ours or found.run is None:
        return False
    runs = found.facts.runs(found.run.stage)
    position = runs.index(found.run)
    near = runs[max(position - 1, 0) : position + 1]
    return any(c.argv and "$" in c.argv[0].raw for run in near for c in run.script.commands)


# --- packages ---


def apt_like_apt_get(found: Difference) -> bool:
    """imgtool alone reports it, of ``apt install``."""
    return found.ours and any(o.verb == "install" for o in _operations(found, "apt"))


def hidden_packages(found: Difference) -> bool:
    """hadolint alone reports it, of packages or versions that a variable holds."""
    hidden = (not o.complete or any("$" in p.raw for p in o.packages) for o in _operations(found))
    return not found.ours and any(hidden)


def variable_in_a_name(found: Difference) -> bool:
    """imgtool alone reports it, of packages with a variable in their names."""
    return found.ours and any("$" in p.name for o in _operations(found) for p in o.packages)


def value_of_an_option(found: Difference) -> bool:
    """hadolint alone reports it, of the word behind an option that takes a value."""
    options = (o for operation in _operations(found, *_PIP) for o in operation.options)
    return not found.ours and any(
        o.value and o.value is not o.arg and o.name.startswith("--") for o in options
    )


def folder_with_extras(found: Difference) -> bool:
    """hadolint alone reports it, of a folder with extras."""
    packages = (p for operation in _operations(found, *_PIP) for p in operation.packages)
    return not found.ours and any(p.extras and p.source == "path" for p in packages)


def package_files(found: Difference) -> bool:
    """hadolint alone reports it, of files and URLs."""
    packages = (p for operation in _operations(found) for p in operation.packages)
    return not found.ours and any(p.source in ("file", "url") for p in packages)


def no_revision(found: Difference) -> bool:
    """imgtool alone reports it, of a repository without a revision."""
    packages = (p for operation in _operations(found, *_PIP) for p in operation.packages)
    return found.ours and any(p.source == "vcs" for p in packages)


def option_before_install(found: Difference) -> bool:
    """imgtool alone reports it, of ``python -m pip`` with an option before its sub-command."""
    return found.ours and any("-m pip -" in text for text in map(_line, _commands(found)))


def _line(command: Command) -> str:
    return " ".join(word.text for word in command.argv)


# --- caches ---


def emptied(found: Difference) -> bool:
    """hadolint alone reports it, of a RUN that deletes or empties the cache."""
    deletes = any(c.name in ("rm", "find") for c in _commands(found))
    cleans = any(o.operation is Operation.CLEAN for o in _operations(found))
    return not found.ours and (deletes or cleans)


def cache_elsewhere(found: Difference) -> bool:
    """hadolint alone reports it, of a RUN whose cache a mount, a variable, a configuration or an option keeps away."""
    if found.ours or found.run is None or found.node is None:
        return False
    mounted = any(mount.type in ("cache", "tmpfs") for mount in mounts_of(found.node))
    above = (
        i.rest.data for s in found.run.stage.lineage() for i in s.instructions if i.start_line <= found.line
    )
    configured = any(
        word in data.lower() for data in above for word in (b"no-cache", b"no_cache", b"pip.conf")
    )
    return mounted or configured


def nothing_fetched(found: Difference) -> bool:
    """hadolint alone reports it, of an installation of what is there already."""
    options = ("--no-deps", "--no-index")
    return not found.ours and any(o.has(*options) for o in _operations(found, *_PIP))


def deletes_something_else(found: Difference) -> bool:
    """imgtool alone reports it, of a RUN that deletes something else recursively."""
    return found.ours and any(c.name == "rm" for c in _commands(found))


def fills_it_too(found: Difference) -> bool:
    """imgtool alone reports it, of another program or sub-command that leaves the same cache."""
    other = (
        o.verb not in ("install", "in") or o.manager in ("tdnf", "dnf5", "dnf-3") for o in _operations(found)
    )
    return found.ours and any(other)


# --- other commands ---


def number_in_a_variable(found: Difference) -> bool:
    """hadolint alone reports it, of a user number that a variable holds."""
    return not found.ours and any(
        "$" in a.text for c in _commands(found) if c.name == "useradd" for a in c.args
    )


def pipefail_in_the_script(found: Difference) -> bool:
    """hadolint alone reports it, of a script or shell with the option."""
    shell = found.facts.state(found.instruction).shell if found.instruction else None
    return not found.ours and ("pipefail" in _text(found) or "pipefail" in (shell or ()) or _in_body(found))


def _in_body(found: Difference) -> bool:
    bodies = found.instruction.heredocs if found.instruction else ()
    return any(b"pipefail" in heredoc.content for heredoc in bodies)
