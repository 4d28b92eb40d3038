"""How a RUN stops leaving a package manager's cache: by the manager's own option, or by deleting it at its end."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from imgtool.edits import Edit, Span
from imgtool.facts.caches import Kept, fills, history, is_foreign_manager
from imgtool.facts.commands import Arg, Command
from imgtool.facts.facts import Facts, Run
from imgtool.facts.lists import Later, last_use, lists_needed, may_install
from imgtool.facts.packages import Operation, PackageOperation
from imgtool.families.caches import cache_of
from imgtool.findings import Applicability
from imgtool.transforms.merge import merge_runs
from imgtool.transforms.runs import append_command, is_chain, segments, without_items
from imgtool.values import NamedTuple

_CLEAN = Operation.CLEAN
_REFRESH = Operation.REFRESH
_SWITCHES_USER = frozenset({"su", "runuser", "gosu", "su-exec", "doas", "setpriv"})


class Relief(NamedTuple):
    """Edits after which a RUN leaves no cache. ``doubt`` says why they are not safe, in a fix's message."""

    what: str
    edits: tuple[Edit, ...]
    doubt: str = ""

    @property
    def applicability(self) -> Applicability:
        return Applicability.UNSAFE if self.doubt else Applicability.SAFE


def advice(facts: Facts, kept: Kept) -> str:
    """What to do, as part of a sentence."""
    later = _later(facts, kept)
    update = f"{kept.fills[0].manager} {kept.fills[0].verb}".strip()
    if later is not None and later.sure:
        line = facts.document.source.line_of(later.command.span.start)
        if _uses_own(kept):
            return f"line {line} installs from them: run {update} there, too, and end both RUNs with {kept.cache.clean}"
        return f"run {update} in the RUN that installs, line {line}, and end that with {kept.cache.clean}"
    needless = _needless_updates(kept)
    if needless:
        return f"leave {update} out, as {kept.cache.option} fetches the index by itself"
    if not _uses_own(kept):
        return f"nothing here installs: run {update} in the RUN that does"
    if _has_option(kept):
        return f"add {kept.cache.option}"
    program = kept.fills[-1].manager
    return f"end the RUN with {emptying(kept) or kept.cache.clean.replace('{program}', program)}"


def relieved(facts: Facts, kept: Kept) -> Relief | None:
    """The edits; None where a later command needs the cache, where there is no place for them, and where the system of
    the stage does not have the manager.
    """
    if is_foreign_manager(facts, kept):
        return None
    later = _later(facts, kept)
    if (later is not None and later.sure) or not _uses_own(kept):
        # without a reader in the RUN, fetching and deleting would be all that it does
        return None
    needless = _needless_updates(kept)
    if needless:
        spans = {item.span for item in segments(kept.run.script) if set(item.commands) <= set(needless)}
        plain = is_chain(facts.document.data, kept.run)
        edits = without_items(kept.run, spans) if plain and spans else None
        return Relief("Leave it out, as installing fetches the index", edits) if edits else None
    if _has_option(kept) and kept.cache.option:
        edits = with_option(kept.run, kept.fills, kept.cache.option)
        return Relief(f"Add {kept.cache.option}", edits) if edits else None
    behind = _joined_to_cleaner(facts, kept)
    if behind is not None:
        return Relief("Join it to the RUN behind, which cleans up", behind)
    command = emptying(kept)
    use = last_use(kept.run, kept.cache)
    edit = append_command(facts.document, kept.run, command, use) if command else None
    doubt = f" (unsafe: {later.command.name or 'a later RUN'} may install from them)" if later else ""
    return Relief(f"Delete the {kept.cache.what} in the same RUN", (edit,), doubt) if edit else None


# how many RUNs behind one another are looked at
_FOLLOWED = 20


def _needless_updates(kept: Kept) -> list[Command]:
    """The commands that fetch lists which no command of the RUN reads, as those that install do without."""
    if kept.cache.option is None or [o for o in kept.fills if o.operation is not _REFRESH]:
        return []
    own = [o for o in kept.run.operations if cache_of(o.manager) == kept.cache and o not in kept.fills]
    reads = [o for o in own if o.operation is not _CLEAN]
    return [o.command for o in kept.fills] if reads and all(o.no_cache for o in reads) else []


def _joined_to_cleaner(facts: Facts, kept: Kept) -> tuple[Edit, ...] | None:
    """The RUNs directly behind made one with it, where they use the cache, too, and the last of them empties it."""
    if kept.run.stage not in facts.shipped:
        return None
    own = facts.runs(kept.run.stage)
    first = bisect_left(own, kept.run.instruction.span.start, key=lambda r: r.instruction.span.start)
    empties = history(facts).emptied
    chain = [kept.run]
    for run in own[first + 1 : first + _FOLLOWED]:
        if run.stage.next(chain[-1].instruction) is not run.instruction:
            return None
        chain.append(run)
        if kept.cache in empties.get(run, ()):
            return merge_runs(facts, chain)
        if not any(fills(o) and cache_of(o.manager) == kept.cache for o in run.operations):
            return None
    return None


def _uses_own(kept: Kept) -> bool:
    """Whether the RUN itself needs, or may need, what it fetched."""
    for operation in kept.fills:
        if operation.operation is not _REFRESH:
            return True
    return may_install(kept.run, kept.cache)


def _later(facts: Facts, kept: Kept) -> Later | None:
    return lists_needed(facts, kept.run) if kept.cache.name == "apt-lists" else None


def called(operation: PackageOperation) -> Span:
    """The program and its sub-command."""
    words = call(operation)
    return Span(words[0].start, words[-1].end)


def call(operation: PackageOperation) -> Sequence[Arg]:
    """The words of a command up to its sub-command."""
    argv = operation.command.argv
    verbs = operation.verb.split()
    texts = [word.text for word in argv]
    length = len(verbs)
    for at, text in enumerate(texts):
        if verbs and text == verbs[0] and texts[at : at + length] == verbs:
            return argv[: at + length]
    return argv[: max(length, 1)]


def _has_option(kept: Kept) -> bool:
    return kept.cache.option is not None and all(o.operation is not _REFRESH for o in kept.fills)


def with_option(run: Run, operations: Sequence[PackageOperation], option: str) -> tuple[Edit, ...]:
    """An option behind the sub-command of each; nothing where one of them has no plain place for it."""
    text = f', "{option}"' if _is_exec_form(run) else f" {option}"
    if _is_exec_form(run) and any(o.command.context for o in operations):
        return ()
    ends = [call(o)[-1].end for o in operations]
    return tuple(Edit(end, end, text) for end in ends)


def _is_exec_form(run: Run) -> bool:
    return (run.instruction.inner or run.instruction).json


def emptying(kept: Kept) -> str | None:
    """A command that empties a kept cache, its manager called as the RUN calls it; None where that is not plain."""
    command = kept.fills[-1].command
    if _SWITCHES_USER & set(command.wrappers):
        return None
    sudo = "sudo " if "sudo" in command.wrappers else ""
    if "{program}" not in kept.cache.clean:
        return sudo + kept.cache.clean
    if command.context or set(command.wrappers) - {"sudo"} or not command.argv[0].literal:
        return None
    return sudo + kept.cache.clean.replace("{program}", command.argv[0].raw)
