"""Compound commands: how each reads its parts, and how it can end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from imgtool.facts import shell_flow as flow
from imgtool.facts.commands import Redirect
from imgtool.facts.shell_flow import Outcome
from imgtool.facts.shell_place import AND_OR, Place, Shell, Simple
from imgtool.facts.shell_tree import Token, inside
from imgtool.facts.shell_words import word

if TYPE_CHECKING:
    from tree_sitter import Node

    from imgtool.facts.shell_walk import Walk


def opens_file(redirect: Redirect) -> bool:
    """Whether a redirection may fail, and what it stands at then does not run."""
    target = redirect.target
    return redirect.body is None and target is not None and not target.text.isdigit()


def _group(walk: Walk, node: Node, place: Place, redirects: tuple[Redirect, ...]) -> Outcome:
    if node.children and node.children[0].type == "((":
        if place.posix:
            # arithmetic in bash, two subshells in dash
            return walk.unread(place.source.span(node.start_byte, node.end_byte), "double parentheses")
        made = word(place.source, node.start_byte, node.end_byte, ((node.start_byte, node.end_byte),))
        span = place.source.span(node.start_byte, node.end_byte)
        words = (made,) if made else ()
        bit = walk.add("((", tuple(w.arg for w in words), Simple(words, (), redirects, span), place)
        return walk.fatal(flow.command(bit), place)
    return walk.between(node, place.within("group", redirects))


def _subshell(walk: Walk, node: Node, place: Place, redirects: tuple[Redirect, ...]) -> Outcome:
    return walk.fatal(walk.forked(lambda: walk.between(node, place.within("subshell", redirects))), place)


def _if(walk: Walk, node: Node, place: Place, redirects: tuple[Redirect, ...]) -> Outcome:
    yes, no = place.within("if", redirects), place.within("else", redirects)
    kept = walk.shell.errexit, walk.shell.pipefail
    rounds: list[tuple[Outcome, Outcome]] = []
    condition, otherwise = flow.EMPTY, flow.EMPTY
    for keyword, nodes, start, end in _sections(node):
        here = no if rounds or keyword in ("elif", "else") else yes
        if keyword in ("if", "elif"):
            condition = walk.region(nodes, here._replace(exempt=True), start, end)
        elif keyword == "then":
            rounds.append((condition, walk.region(nodes, here, start, end)))
        elif keyword == "else":
            otherwise = walk.region(nodes, here, start, end)
    walk.keep(*kept)
    for condition, body in reversed(rounds):
        otherwise = flow.branch(condition, body, otherwise)
    return otherwise


def _while(walk: Walk, node: Node, place: Place, redirects: tuple[Redirect, ...]) -> Outcome:
    return _loop(walk, node, place.within("while", redirects), at_least_once=False)


def _for(walk: Walk, node: Node, place: Place, redirects: tuple[Redirect, ...]) -> Outcome:
    words = flow.EMPTY
    literal = False
    repeats = node.children[0].type == "for"
    for keyword, nodes, start, end in _sections(node):
        if keyword == "in":
            listed = [item for item in walk.tokens(nodes, place, start, end) if item.kind == "word"]
            made = [word(place.source, i.start, i.end, inside(i, place.clean).holes) for i in listed]
            literal = repeats and bool(made) and all(w and w.arg.literal for w in made)
            for item in listed:
                for substitution, sure in inside(item, place.clean).substitutions:
                    words = flow.sequence(words, walk.substitution(substitution, place, sure=sure))
    body = _loop(walk, node, place.within("for", redirects), at_least_once=literal)
    return flow.sequence(words, body)


def _loop(walk: Walk, node: Node, place: Place, *, at_least_once: bool) -> Outcome:
    kept = walk.shell.errexit, walk.shell.pipefail
    before, walk.jumps = walk.jumps, 0
    first = len(walk.drafts)
    condition, body = flow.EMPTY, flow.EMPTY
    for keyword, nodes, start, end in _sections(node):
        if keyword in ("while", "until"):
            condition = walk.region(nodes, place._replace(exempt=True), start, end)
        elif keyword == "do":
            body = walk.region(nodes, place, start, end)
    walk.keep(*kept)
    outcome = flow.loop(condition, body, at_least_once=at_least_once)
    if walk.jumps:
        outcome = flow.unsure(
            flow.choice(outcome, flow.Outcome(flow.NOTHING, flow.NOTHING)), walk.bits(first)
        )
    walk.jumps = max(before, walk.jumps - 1)
    return outcome


def _case(walk: Walk, node: Node, place: Place, redirects: tuple[Redirect, ...]) -> Outcome:
    here = place.within("case", redirects)
    kept = walk.shell.errexit, walk.shell.pipefail
    chosen: Outcome | None = None
    whole = falls = False
    first = len(walk.drafts)
    values = flow.EMPTY
    for child in node.children:
        if child.type == "case_item":
            outcome = _case_item(walk, child, here)
            chosen = outcome if chosen is None else flow.choice(chosen, outcome)
            whole |= _catches_all(child, place.clean)
            falls |= child.children[-1].type in (";&", ";;&")
        elif child.is_missing or child.type == "ERROR":
            span = place.source.span(child.start_byte, child.end_byte)
            return walk.unread(span, "syntax error", doubtful=True)
        elif child.is_named and child.type != "comment":
            for substitution, sure in inside(Token("word", 0, 0, (child,)), place.clean).substitutions:
                values = flow.sequence(values, walk.substitution(substitution, place, sure=sure))
    walk.keep(*kept)
    outcome = chosen or flow.EMPTY
    if not whole:
        outcome = flow.choice(outcome, flow.EMPTY)
    if falls:
        anyhow = flow.choice(outcome, flow.Outcome(flow.NOTHING, flow.NOTHING))
        outcome = flow.unsure(anyhow, walk.bits(first))
    return flow.sequence(values, outcome)


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
    return walk.region(children[close + 1 : end], place, children[close].end_byte, stop)


def _function(walk: Walk, node: Node, place: Place, redirects: tuple[Redirect, ...]) -> Outcome:
    name_node = next((child for child in node.children if child.type == "word"), None)
    body = [
        child for child in node.children if child.type.endswith(("statement", "subshell", "test_command"))
    ]
    if name_node is None or len(body) != 1:
        span = place.source.span(node.start_byte, node.end_byte)
        return walk.unread(span, "syntax error", doubtful=True)
    name = place.source.data[name_node.start_byte : name_node.end_byte].decode("utf-8", "replace")
    shell, walk.shell = walk.shell, Shell(errexit=None, functions=dict(walk.shell.functions))
    jumps, returns, walk.jumps, walk.returns = walk.jumps, walk.returns, 0, False
    first = len(walk.drafts)
    here = place.within(f"function {name}", redirects)._replace(exempt=True)
    if body[0].type == "compound_statement":
        outcome = walk.between(body[0], here)
    else:
        outcome = walk.region(body, here, body[0].start_byte, body[0].end_byte)
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


def _catches_all(item: Node, data: bytes) -> bool:
    for child in item.children:
        if child.type == ")":
            return False
        if data[child.start_byte : child.end_byte] == b"*":
            return True
    return False


def _sections(node: Node) -> Iterator[tuple[str, list[Node], int, int]]:
    """A compound command cut at its keywords: each with the nodes up to the next one, and their extent."""
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
            yield keyword, nodes, start, child.start_byte
            keyword, nodes, start = name, [], child.end_byte
        else:
            nodes.append(child)
    yield keyword, nodes, start, node.end_byte


_KEYWORDS = frozenset("if then elif else fi while until for select in do done".split())


Reader = Callable[["Walk", "Node", Place, tuple[Redirect, ...]], Outcome]

READERS: dict[str, Reader] = {
    "compound_statement": _group,
    "subshell": _subshell,
    "if_statement": _if,
    "while_statement": _while,
    "for_statement": _for,
    "c_style_for_statement": _for,
    "case_statement": _case,
    "function_definition": _function,
}
