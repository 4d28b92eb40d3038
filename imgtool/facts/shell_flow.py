"""How a script can end, and what must have run by then.

Commands are bits. A :data:`Trace` says of all runs that end one way which commands every one of them
executed, and which may have been executed and failed in some. Joining what may happen (``either``) and what
happens one after the other (``then``) over the shell's constructs answers for a whole script: which commands
run whenever it succeeds, and which cannot fail without failing it.
"""

from __future__ import annotations

from imgtool.values import NamedTuple, maker

Trace = tuple[int, int]
"""Bits of the commands executed in every run, bits of those that may have failed in one."""

NOTHING: Trace = (0, 0)


class Outcome(NamedTuple):
    """The ways in which a construct can end; None where it cannot.

    ``ok`` and ``fail``: with status 0, with another. ``done`` and ``dead``: the shell exits in it, with
    status 0, with another.
    """

    ok: Trace | None
    fail: Trace | None
    done: Trace | None = None
    dead: Trace | None = None


_outcome = maker(Outcome)


EMPTY = Outcome(NOTHING, None)
ANYTHING = Outcome(NOTHING, NOTHING, NOTHING, NOTHING)


def then(first: Trace | None, second: Trace | None) -> Trace | None:
    """Both, one after the other."""
    if first is None or second is None:
        return None
    return (first[0] | second[0], first[1] | second[1])


def either(one: Trace | None, other: Trace | None) -> Trace | None:
    """One of the two."""
    if one is None or other is None:
        return other if one is None else one
    return (one[0] & other[0], one[1] | other[1])


def completed(outcome: Outcome) -> Trace | None:
    """The construct ended and the shell goes on, whatever the status."""
    return either(outcome.ok, outcome.fail)


def command(bit: int) -> Outcome:
    """A program: runs, and fails or not."""
    return _outcome(((bit, 0), (bit, bit), None, None))


def _after(ran: Trace | None, first: Outcome, second: Outcome) -> Outcome:
    """``second`` after those runs of ``first`` that ``ran`` tells of; its other exits stay."""
    return _outcome(
        (
            then(ran, second.ok),
            then(ran, second.fail),
            either(first.done, then(ran, second.done)),
            either(first.dead, then(ran, second.dead)),
        )
    )


def sequence(first: Outcome, second: Outcome) -> Outcome:
    """``first ; second``."""
    return _after(completed(first), first, second)


def conjunction(first: Outcome, second: Outcome) -> Outcome:
    """``first && second``."""
    ran = first.ok
    return _outcome(
        (
            then(ran, second.ok),
            either(first.fail, then(ran, second.fail)),
            either(first.done, then(ran, second.done)),
            either(first.dead, then(ran, second.dead)),
        )
    )


def disjunction(first: Outcome, second: Outcome) -> Outcome:
    """``first || second``."""
    both = _after(first.fail, first, second)
    return both._replace(ok=either(first.ok, both.ok))


def choice(one: Outcome, other: Outcome) -> Outcome:
    """One of the two constructs, it is not known which."""
    return Outcome(*(either(a, b) for a, b in zip(one, other, strict=True)))


def branch(condition: Outcome, yes: Outcome, no: Outcome) -> Outcome:
    """``if condition; then yes; else no; fi``."""
    taken = _after(condition.ok, condition, yes)
    return choice(taken, _after(condition.fail, condition, no))


def negation(outcome: Outcome) -> Outcome:
    """``! outcome``."""
    return outcome._replace(ok=outcome.fail, fail=outcome.ok)


def subshell(outcome: Outcome) -> Outcome:
    """A construct in a shell of its own: its exits are statuses outside."""
    return Outcome(either(outcome.ok, outcome.done), either(outcome.fail, outcome.dead))


def fatal(outcome: Outcome) -> Outcome:
    """A construct whose failure ends the shell (``set -e``)."""
    return outcome._replace(fail=None, dead=either(outcome.dead, outcome.fail))


def perhaps_fatal(outcome: Outcome) -> Outcome:
    """A construct whose failure may end the shell, or not: inside a subshell both matter."""
    return outcome._replace(dead=either(outcome.dead, outcome.fail))


def pipeline(stages: list[Outcome], *, pipefail: bool) -> Outcome:
    """Stages joined by ``|``, each in a shell of its own."""
    inner = [subshell(stage) for stage in stages]
    ran: Trace | None = NOTHING
    passed: Trace | None = NOTHING
    for stage in inner[:-1]:
        ran = then(ran, completed(stage))
        passed = then(passed, stage.ok)
    last = inner[-1]
    # a failure may be that of any stage: right with and without pipefail
    failed = then(ran, completed(last))
    return Outcome(then(passed if pipefail else ran, last.ok), failed)


def unsure(outcome: Outcome, bits: int) -> Outcome:
    """The same ways to end, but nothing known of what ran: ``bits`` may have run, and failed."""
    known = (0, bits)
    return Outcome(*(None if way is None else known for way in outcome))


def background(bits: int) -> Outcome:
    """``outcome &``: starts, succeeds, is not waited for."""
    return Outcome((0, bits), None)


def loop(condition: Outcome, body: Outcome, *, at_least_once: bool) -> Outcome:
    """A loop. The condition runs at least once, the body where the caller knows it.

    Rounds before the last may have failed inside, in whatever way the loop ends.
    """
    start, round_ = completed(condition), completed(body)
    failures = (start or NOTHING)[1] | (round_ or NOTHING)[1]
    ways = then(start, round_) if at_least_once else start
    done, dead = either(condition.done, body.done), either(condition.dead, body.dead)
    return Outcome(*(way and (way[0], way[1] | failures) for way in (ways, ways, done, dead)))
