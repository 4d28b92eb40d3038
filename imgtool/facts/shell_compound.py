"""Compound commands: how each reads its parts, and how it can end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from imgtool.edits import Span
from imgtool.facts import shell_flow as flow
from imgtool.facts import shell_plain
from imgtool.facts.commands import Redirect
from imgtool.facts.shell_flow import Outcome
from imgtool.facts.shell_place import AND_OR, Construct, Nodes, Part, Parts, Place, Shell, Simple
from imgtool.facts.shell_tree import Token, inside
from imgtool.facts.shell_words import Word, word
from imgtool.values import NamedTuple

if TYPE_CHECKING:
    from tree_sitter import Node

    from imgtool.facts.shell_walk import Walk

    Compound = Construct | Node


def opens_file(redirect: Redirect) -> bool:
    """Whether a redirection may fail, and what it stands at then does not run."""
    target = redirect.target
    return redirect.body is None and target is not None and not target.text.isdigit()


def _group(walk: Walk, node: Compound, place: Place, redirects: tuple[Redirect, ...]) -> Outcome:
    if not isinstance(node, Construct) and node.children and node.children[0].type == "((":
        made = word(place.source, node.start_byte, node.end_byte, ((node.start_byte, node.end_byte),))
        span = place.source.span(node.start_byte, node.end_byte)
        return _summed(walk, (made,) if made else (), span, place, redirects)
    return walk.between(node, place.within("group", redirects))


def _sum(walk: Walk, node: Compound, place: Place, redirects: tuple[Redirect, ...]) -> Outcome:
    assert isinstance(node, Construct)  # noqa: S101  the grammar has it for a group
    parts = _words(walk, node.parts[0][1], place)[0]
    outcome = flow.EMPTY
    for substitution, sure, _ in parts.expansions:
        outcome = flow.sequence(outcome, walk.substitution(substitution, place, sure=sure))
    return flow.sequence(
        outcome, _summed(walk, tuple(parts.words), parts.words[0].arg.span, place, redirects)
    )


def _summed(
    walk: Walk, words: tuple[Word, ...], span: Span, place: Place, redirects: tuple[Redirect, ...]
) -> Outcome:
    if place.posix:
        # arithmetic in bash, two subshells in dash
        return walk.unread(span, "double parentheses")
    bit = walk.add("((", tuple(w.arg for w in words), Simple(words, (), redirects, span), place)
    return walk.fatal(flow.command(bit), exempt=place.exempt)


def _subshell(walk: Walk, node: Compound, place: Place, redirects: tuple[Redirect, ...]) -> Outcome:
    inside = place.within("subshell", redirects)
    return walk.fatal(walk.forked(lambda: walk.between(node, inside)), exempt=place.exempt)


def _if(walk: Walk, node: Compound, place: Place, redirects: tuple[Redirect, ...]) -> Outcome:
    yes, no = place.within("if", redirects), place.within("else", redirects)
    kept = walk.shell.errexit, walk.shell.pipefail
    rounds: list[tuple[Outcome, Outcome]] = []
    condition, otherwise = flow.EMPTY, flow.EMPTY
    for keyword, part in _sections(node):
        here = no if rounds or keyword in ("elif", "else") else yes
        if keyword in ("if", "elif"):
            condition = walk.region(part, here.exempted())
        elif keyword == "then":
            rounds.append((condition, walk.region(part, here)))
        elif keyword == "else":
            otherwise = walk.region(part, here)
    walk.keep(*kept)
    for condition, body in reversed(rounds):
        otherwise = flow.branch(condition, body, otherwise)
    return otherwise


def _while(walk: Walk, node: Compound, place: Place, redirects: tuple[Redirect, ...]) -> Outcome:
    return _loop(walk, node, place.within("while", redirects), at_least_once=False)


def _for(walk: Walk, node: Compound, place: Place, redirects: tuple[Redirect, ...]) -> Outcome:
    words = flow.EMPTY
    literal = False
    repeats = isinstance(node, Construct) or node.children[0].type == "for"
    for keyword, part in _sections(node):
        if keyword == "in":
            listed, whole = _words(walk, part, place)
            literal = repeats and whole and bool(listed.words) and all(w.arg.literal for w in listed.words)
            for substitution, sure, _ in listed.expansions:
                words = flow.sequence(words, walk.substitution(substitution, place, sure=sure))
    body = _loop(walk, node, place.within("for", redirects), at_least_once=literal)
    return flow.sequence(words, body)


def _words(walk: Walk, part: Part, place: Place) -> tuple[Parts, bool]:
    """The words of a list, and whether all of them are read."""
    found, whole = Parts(), True
    for item in walk.items(part, place):
        if (known := shell_plain.known(item, place.source)) is not None:
            return known, True
        if item.kind == "word":
            made = found.word(item, place)
            whole &= made is not None
            if made:
                found.words.append(made)
    return found, whole


def _loop(walk: Walk, node: Compound, place: Place, *, at_least_once: bool) -> Outcome:
    kept = walk.shell.errexit, walk.shell.pipefail
    before, walk.jumps = walk.jumps, 0
    first = len(walk.drafts)
    condition, body = flow.EMPTY, flow.EMPTY
    for keyword, part in _sections(node):
        if keyword in ("while", "until"):
            condition = walk.region(part, place.exempted())
        elif keyword == "do":
            body = walk.region(part, place)
    walk.keep(*kept)
    outcome = flow.loop(condition, body, at_least_once=at_least_once)
    if walk.jumps:
        outcome = flow.unsure(
            flow.choice(outcome, flow.Outcome(flow.NOTHING, flow.NOTHING)), walk.bits(first)
        )
    walk.jumps = max(before, walk.jumps - 1)
    return outcome


class _Items(NamedTuple):
    """What a case holds. ``whole``: one of the items is always chosen; ``falls``: one may go on to the next."""

    values: Outcome
    chosen: Outcome | None
    whole: bool
    falls: bool


def _items(walk: Walk, node: Construct, place: Place, here: Place) -> _Items:
    """The items of a case that was read without the grammar: the catch-all behind ``*``, ``;&`` where one goes on."""
    values = flow.EMPTY
    chosen: Outcome | None = None
    for keyword, part in node.parts:
        if keyword == "case":
            for substitution, sure, _ in _words(walk, part, place)[0].expansions:
                values = flow.sequence(values, walk.substitution(substitution, place, sure=sure))
        elif keyword != ";&":
            outcome = walk.region(part, here)
            chosen = outcome if chosen is None else flow.choice(chosen, outcome)
    keywords = {keyword for keyword, _ in node.parts}
    return _Items(values, chosen, "*" in keywords, ";&" in keywords)


def _items_in_tree(walk: Walk, node: Node, place: Place, here: Place) -> _Items | None:
    """The items of a case; None where it is not understood."""
    values = flow.EMPTY
    chosen: Outcome | None = None
    whole = falls = False
    for child in node.children:
        if child.type == "case_item":
            outcome = _case_item(walk, child, here)
            chosen = outcome if chosen is None else flow.choice(chosen, outcome)
            whole |= _catches_all(child, place.clean)
            falls |= child.children[-1].type in (";&", ";;&")
        elif child.is_missing or child.type == "ERROR":
            walk.unread(place.source.span(child.start_byte, child.end_byte), "syntax error", doubtful=True)
            return None
        elif child.is_named and child.type != "comment":
            for substitution, sure in inside(Token("word", 0, 0, (child,)), place.clean).substitutions:
                values = flow.sequence(values, walk.substitution(substitution, place, sure=sure))
    return _Items(values, chosen, whole, falls)


def _case(walk: Walk, node: Compound, place: Place, redirects: tuple[Redirect, ...]) -> Outcome:
    here = place.within("case", redirects)
    kept = walk.shell.errexit, walk.shell.pipefail
    first = len(walk.drafts)
    if isinstance(node, Construct):
        items: _Items | None = _items(walk, node, place, here)
    else:
        items = _items_in_tree(walk, node, place, here)
    if items is None:
        return flow.ANYTHING
    walk.keep(*kept)
    outcome = items.chosen or flow.EMPTY
    if not items.whole:
        outcome = flow.choice(outcome, flow.EMPTY)
    if items.falls:
        anyhow = flow.choice(outcome, flow.Outcome(flow.NOTHING, flow.NOTHING))
        outcome = flow.unsure(anyhow, walk.bits(first))
    return flow.sequence(items.values, outcome)


def _case_item(walk: Walk, item: Node, place: Place) -> Outcome:
    children = item.children
    close = next((n for n, child in enumerate(children) if child.type == ")"), None)
    if close is None:
        span = place.source.span(item.start_byte, item.end_byte)
        return walk.unread(span, "syntax error", doubtful=True)
    end = len(children)
    if children[-1].type in (";;", ";&", ";;&"):
        end -= 1
    stop = children[end].start_byte if end < len(children) else item.end_byte
    return walk.region(Nodes(children[close + 1 : end], children[close].end_byte, stop), place)


def _function(walk: Walk, node: Compound, place: Place, redirects: tuple[Redirect, ...]) -> Outcome:
    if isinstance(node, Construct):
        name, body = node.parts[0]
    else:
        named = _function_in_tree(node, place)
        if named is None:
            span = place.source.span(node.start_byte, node.end_byte)
            return walk.unread(span, "syntax error", doubtful=True)
        name, body = named
    shell, walk.shell = walk.shell, Shell(errexit=None, functions=dict(walk.shell.functions))
    jumps, returns, walk.jumps, walk.returns = walk.jumps, walk.returns, 0, False
    first = len(walk.drafts)
    here = place.within(f"function {name}", redirects)._replace(exempt=True)
    group = _only(body)
    outcome = walk.region(body, here) if group is None else walk.between(group, here)
    bits = walk.bits(first)
    if walk.returns or walk.jumps:
        outcome = flow.unsure(flow.choice(outcome, flow.Outcome(flow.NOTHING, flow.NOTHING)), bits)
    walk.shell, walk.jumps, walk.returns = shell, jumps, returns
    known = walk.shell.functions.get(name)
    if known is not None or place.context or place.connector in AND_OR:
        # which definition holds at a call is not known
        outcome = flow.unsure(flow.choice(known or flow.ANYTHING, outcome), bits | walk.uncalled.get(name, 0))
    walk.shell.functions[name] = outcome
    walk.uncalled[name] = bits | walk.uncalled.get(name, 0)
    return flow.EMPTY


def _function_in_tree(node: Node, place: Place) -> tuple[str, Nodes] | None:
    """A function's name and body; None where it is not understood."""
    name = next((child for child in node.children if child.type == "word"), None)
    body = [
        child for child in node.children if child.type.endswith(("statement", "subshell", "test_command"))
    ]
    if name is None or len(body) != 1:
        return None
    text = place.source.data[name.start_byte : name.end_byte].decode("utf-8", "replace")
    return text, Nodes(body, body[0].start_byte, body[0].end_byte)


def _only(body: Part) -> Compound | None:
    """The group that is a function's body."""
    found: Compound = body.nodes[0] if isinstance(body, Nodes) else body[0].value  # type: ignore[assignment]
    return found if found.type == "compound_statement" else None


def _catches_all(item: Node, data: bytes) -> bool:
    for child in item.children:
        if child.type == ")":
            return False
        if data[child.start_byte : child.end_byte] == b"*":
            return True
    return False


def _sections(node: Compound) -> Iterable[tuple[str, Part]]:
    """A compound command cut at its keywords: each with what stands before the next one."""
    return node.parts if isinstance(node, Construct) else _cut(node)


def _cut(node: Node) -> Iterator[tuple[str, Nodes]]:
    flat: list[Node] = []
    waiting = list(reversed(node.children))
    while waiting:
        child = waiting.pop()
        if child.type in ("elif_clause", "else_clause", "do_group"):
            waiting += reversed(child.children)
        elif child.type == "compound_statement" and node.type.endswith("for_statement"):
            # for x in a; { …; }
            flat.append(child.children[0])
            flat += child.children[1:]
        else:
            flat.append(child)
    keyword, start = "", node.start_byte
    nodes: list[Node] = []
    for child in flat:
        name = {"{": "do", "}": "done"}.get(child.type, child.type)
        if not child.is_named and name in _KEYWORDS and not child.is_missing:
            yield keyword, Nodes(nodes, start, child.start_byte)
            keyword, nodes, start = name, [], child.end_byte
        else:
            nodes.append(child)
    yield keyword, Nodes(nodes, start, node.end_byte)


_KEYWORDS = frozenset("if then elif else fi while until for select in do done".split())


Reader = Callable[["Walk", "Compound", Place, tuple[Redirect, ...]], Outcome]

READERS: dict[str, Reader] = {
    "((": _sum,
    "compound_statement": _group,
    "subshell": _subshell,
    "if_statement": _if,
    "while_statement": _while,
    "for_statement": _for,
    "c_style_for_statement": _for,
    "case_statement": _case,
    "function_definition": _function,
}
