"""Consecutive RUN instructions made one."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise, takewhile

from imgtool.edits import Edit, Span, cut
from imgtool.facts.facts import DEFAULT_SHELL, Facts, Run
from imgtool.facts.remembered import per_part
from imgtool.facts.stages import mounts_of
from imgtool.facts.wrappers import SHELLS
from imgtool.regex import regex
from imgtool.syntax.nodes import Comment, Document
from imgtool.transforms.runs import connector, is_stateful, items

# a comment that tells a tool about the instruction below it
PRAGMA = regex(r"\s*(?:imgtool|hadolint|check\s*=|shellcheck|tally|checkov|trivy)\b", re.IGNORECASE)

# Linux, MAX_ARG_STRLEN: the shell gets its script as one argument
_MAX_SCRIPT = 128 * 1024 - 1
# files that the builder mounts anew for each RUN
_EPHEMERAL = regex(rb"/etc/(?:hosts|resolv\.conf)|/dev/shm|/proc/|/sys/")
# programs that leave others running, which end with the RUN
_DAEMONS = frozenset(
    {"service", "systemctl", "start-stop-daemon", "dbus-daemon", "Xvfb", "ssh-agent", "gpg-agent"}
)
_JOINED = frozenset({"&&", "|", "|&"})


def merge_runs(facts: Facts, runs: Sequence[Run]) -> tuple[Edit, ...] | None:
    """One RUN in the place of several that follow one another in a stage; None where that may change what they do.

    The rule: each is in shell form and understood, joined by ``&&`` and pipes alone at its top level, and leaves
    no state to the next (directory, variables, options, processes, files that live as long as the RUN); flags
    are equal, and the shell reads no files when it starts. Comments between them move into the continuation.
    Files, config and exit status stay equal.
    """
    if obstacle(facts, runs) is not None:
        return None
    return tuple(_joint(facts.document, first, second) for first, second in pairwise(runs))


def obstacle(facts: Facts, runs: Sequence[Run]) -> str | None:
    """Why RUNs in a row cannot be one with certainty; None where they can."""
    if len(runs) < 2:
        return "there is nothing to merge it with"
    for run in runs:
        if why := _kept_apart(facts, run):
            return f"line {run.instruction.start_line} {why}"
    if _reads_files(facts, runs[0]):
        return "the shell may read files when it starts, which an earlier RUN has changed"
    if any(_replaces_pip(first, runs[position + 1 :]) for position, first in enumerate(runs)):
        return "pip is replaced in between"
    if sum(len(run.script.text.data) + len("&&  ") for run in runs) > _MAX_SCRIPT:
        return "the script would be too long"
    if not all(_neighbours(first, second) for first, second in pairwise(runs)):
        return "their flags differ, or something stands between them"
    return None


# what begins a group, and which of it can be one, are questions about the same RUNs
@per_part
def _kept_apart(facts: Facts, run: Run) -> str | None:
    document, node = facts.document, run.instruction
    if run.onbuild or node.json or node.heredocs:
        return "is no plain command for the shell"
    if any(PRAGMA.match(comment.text) for comment in (*node.comments, *_comments(document, node.span))):
        return "has a comment that tells a tool about it alone"
    if not run.script.understood or not run.script.commands:
        return "is not understood"
    if not run.script.operators <= _JOINED:
        return "has more than && at its top level"
    if is_stateful(run):
        return "changes the shell (cd, export, set, a variable)"
    if _EPHEMERAL.search(run.script.text.data):
        return "works on files that the builder makes anew for each RUN"
    if [c for c in run.script.commands if c.argv and _starts_daemon(c.name, c.argv[0].text)]:
        return "starts a program that ends with its RUN"
    if any(m.type == "tmpfs" or (m.type == "bind" and not m.readonly) for m in mounts_of(node)):
        return "may write to a mount that ends with its RUN"
    return None if _ends_with_items(document.data, run) else "ends with a comment"


# options of a shell that say how the script runs, not what is read before it
_SHELL_OPTIONS = regex(r"-[ceux]++(?:o[ceux]*+)?|-o|pipefail|errexit|nounset|xtrace")


def _reads_files(facts: Facts, run: Run) -> bool:
    """Whether a new shell would see what an earlier RUN wrote to its start-up files (``bash -lc``, ``BASH_ENV``)."""
    state = facts.state(run.instruction)
    program, *options = state.shell or DEFAULT_SHELL
    plain = program.rpartition("/")[2] in SHELLS and all(_SHELL_OPTIONS.fullmatch(o) for o in options)
    return not plain or "BASH_ENV" in state.values


def _replaces_pip(run: Run, later: Sequence[Run]) -> bool:
    """Whether it installs pip itself: a shell that has found one pip goes on using it beside a newer one."""
    own = [p.name for o in run.operations if o.manager == "pip" for p in o.packages]
    return "pip" in own and any(o.command.name.startswith("pip") for r in later for o in r.operations)


def _starts_daemon(name: str, program: str) -> bool:
    return name in _DAEMONS or program.startswith("/etc/init.d/")


def _ends_with_items(data: bytes, run: Run) -> bool:
    """Whether nothing, above all no comment, stands behind the last item."""
    return not data[items(run)[-1].span.end : run.instruction.span.end].strip()


def _neighbours(first: Run, second: Run) -> bool:
    return first.stage.next(first.instruction) is second.instruction and [
        f.raw for f in first.instruction.flags
    ] == [f.raw for f in second.instruction.flags]


def _between(first: Run, second: Run) -> Span:
    return Span(items(first)[-1].span.end, items(second)[0].span.start)


def _comments(document: Document, span: Span) -> Iterator[Comment]:
    first = bisect_left(document.comments, span.start, key=lambda comment: comment.span.start)
    return takewhile(lambda comment: span.holds(comment.span), islice(document.comments, first, None))


def _joint(document: Document, first: Run, second: Run) -> Edit:
    """What goes between the two scripts: a continued line, with the comments that stood there."""
    span = _between(first, second)
    before, newline, after = connector(document, first, second).partition("\n")
    indent = after[: len(after) - len(after.lstrip())]
    comments = (cut(document.data, comment.span) for comment in _comments(document, span))
    lines = "".join(f"{indent}{comment}{document.source.newline}" for comment in comments)
    return Edit(span.start, span.end, f"{before}{newline}{lines}{after}")
