"""The stage graph as a tree for people, Mermaid, DOT and JSON. Pure: facts in, a string out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from imgtool.facts.facts import Facts
from imgtool.facts.stages import Edge, Stage, Via
from imgtool.families import BaseImage
from imgtool.report.style import Style, printable

# a tree deeper than this is cut: its indentation alone grows with the square of the depth
MAX_DEPTH = 40


def tree(facts: Facts, style: Style) -> str:
    """The target with all that it is made of, then the stages that building it leaves out."""
    lines: list[str] = []
    if facts.target:
        lines = list(_branch(facts, facts.target, style))
    rest = [stage for stage in facts.stages if stage not in facts.built]
    if rest:
        lines += ["", "not needed:", *(f"  {_heading(stage, style)}" for stage in rest)]
    return "".join(f"{line}\n" for line in lines)


def _branch(facts: Facts, start: Stage, style: Style) -> Iterator[str]:
    needs: dict[Stage, list[Edge]] = {}
    for edge in facts.graph.edges:
        needs.setdefault(edge.stage, []).append(edge)
    yield f"{_heading(start, style)}  {style.paint('target', 'green')}"
    shown = {start}
    # what is still to be printed, next one last: an edge, the indentation before it, whether it ends its list
    pending = _children(needs.get(start, []), "")
    while pending:
        edge, indent, last = pending.pop()
        yield f"{indent}{'└─' if last else '├─'} {edge.via:<7} {_goal(facts, edge, style)}"
        if edge.target and edge.target not in shown:
            shown.add(edge.target)
            deeper = f"{indent}{'   ' if last else '│  '}"
            if len(deeper) < 3 * MAX_DEPTH:
                pending += _children(needs.get(edge.target, []), deeper)
            else:
                yield f"{deeper}…"


def _children(edges: list[Edge], indent: str) -> list[tuple[Edge, str, bool]]:
    return [(edge, indent, index == len(edges) - 1) for index, edge in enumerate(edges)][::-1]


def _heading(stage: Stage, style: Style) -> str:
    return f"{style.paint(printable(_title(stage)), 'bold')}  {_line(stage.from_.start_line, style)}"


def _title(stage: Stage) -> str:
    return stage.name or f"stage {stage.index}"


def _goal(facts: Facts, edge: Edge, style: Style) -> str:
    line = _line(edge.instruction.start_line, style)
    if edge.target:
        return f"{style.paint(printable(_title(edge.target)), 'bold')}  {line}"
    base = facts.base(edge.stage) if edge.via is Via.FROM else None
    about = f"  ({printable(summary(base))})" if base else ""
    return f"{style.paint(printable(_image(edge)), 'cyan')}{about}  {line}"


def _line(number: int, style: Style) -> str:
    return style.paint(f"line {number}", "dim")


def _image(edge: Edge) -> str:
    """An edge's source outside the file, FROM's with its variables replaced where they are known."""
    return (edge.stage.reference if edge.via is Via.FROM else None) or edge.source


def summary(base: BaseImage) -> str:
    """What is known of a base image in a few words: ``cuda 12.1.0 devel, ubuntu 22.04``."""
    image = " ".join(filter(None, (base.family, base.version, base.addon, base.flavour)))
    system = " ".join(filter(None, (base.os, base.os_version)))
    return image if base.family == base.os else ", ".join(filter(None, (image, system)))


def mermaid(facts: Facts) -> str:
    """A Mermaid flow chart; stages that the target does not need are dashed."""
    nodes, arrows = _drawing(facts)
    lines = ["flowchart LR"]
    for name, label, stage in nodes:
        shape = f'["{_entities(label)}"]' if stage else f'(["{_entities(label)}"])'
        unneeded = ":::unneeded" if stage and stage not in facts.built else ""
        lines.append(f"  {name}{shape}{unneeded}")
    for origin, goal, edge in arrows:
        arrow = "-->" if edge.via is Via.FROM else "-.->"
        lines.append(f'  {origin} {arrow}|"{_caption(edge)}"| {goal}')
    lines += ["  classDef unneeded stroke-dasharray: 4", ""]
    return "\n".join(lines)


def _entities(text: str) -> str:
    # Mermaid reads quotes, backticks, entities and HTML in labels
    return "".join(c if c.isalnum() or c in " ./:@_+-,()" else f"#{ord(c)};" for c in printable(text))


def dot(facts: Facts) -> str:
    """A Graphviz digraph; stages that the target does not need are dashed."""
    nodes, arrows = _drawing(facts)
    lines = ["digraph stages {", "  rankdir=LR;"]
    for name, label, stage in nodes:
        shape = "box" if stage else "ellipse"
        dashed = ", style=dashed" if stage and stage not in facts.built else ""
        lines.append(f'  {name} [label="{_quoted(label)}", shape={shape}{dashed}];')
    for origin, goal, edge in arrows:
        dashed = "" if edge.via is Via.FROM else ", style=dashed"
        lines.append(f'  {origin} -> {goal} [label="{_caption(edge)}"{dashed}];')
    return "\n".join([*lines, "}", ""])


def _quoted(text: str) -> str:
    # Graphviz reads \N and \l in labels, and HTML entities
    return printable(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")


def _caption(edge: Edge) -> str:
    return f"{edge.via} {edge.instruction.start_line}"


def _drawing(facts: Facts) -> tuple[list[tuple[str, str, Stage | None]], list[tuple[str, str, Edge]]]:
    """Nodes (id, label, its stage if it is one) and arrows (ids, edge); ids are ours, whatever the names are."""
    nodes: list[tuple[str, str, Stage | None]] = [(f"s{s.index}", _title(s), s) for s in facts.stages]
    images: dict[str, str] = {}
    arrows = []
    for edge in facts.graph.edges:
        origin = (
            f"s{edge.target.index}" if edge.target else images.setdefault(_image(edge), f"i{len(images)}")
        )
        arrows.append((origin, f"s{edge.stage.index}", edge))
    return [*((name, label, None) for label, name in images.items()), *nodes], arrows


def as_json(facts: Facts, path: str) -> str:
    """One object: stages and edges, stages named by their index."""
    rows = {
        "file": path,
        "target": facts.target.index if facts.target else None,
        "stages": [_stage(facts, stage) for stage in facts.stages],
        "edges": [_edge(edge) for edge in facts.graph.edges],
    }
    return json.dumps(rows, indent=2) + "\n"


def _stage(facts: Facts, stage: Stage) -> dict[str, Any]:
    base = facts.base(stage)
    return {
        "index": stage.index,
        "name": stage.name,
        "line": stage.from_.start_line,
        "base": stage.base,
        "reference": stage.reference,
        "parent": stage.parent.index if stage.parent else None,
        "platform": stage.from_.flag_value("platform"),
        "needed": stage in facts.built,
        "image": _base(base) if base else None,
    }


def _base(base: BaseImage) -> dict[str, Any]:
    """What is known of the image at the end of a stage's lineage."""
    names = ("family", "accelerator", "version", "flavour", "addon", "os", "os_version")
    return {name: getattr(base, name) for name in names}


def _edge(edge: Edge) -> dict[str, Any]:
    return {
        "stage": edge.stage.index,
        "via": str(edge.via),
        "line": edge.instruction.start_line,
        "target": edge.target.index if edge.target else None,
        "source": edge.source,
    }
