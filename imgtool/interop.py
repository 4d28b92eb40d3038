"""dockerfile-parse, the second reader: for code that is built on it, and to check what rewrite writes.

It cannot be the tree: it reads heredoc bodies as instructions and loses comments inside continuations.
"""

from __future__ import annotations

import io
from typing import Any

from dockerfile_parse import DockerfileParser

from imgtool.syntax import parse
from imgtool.syntax.nodes import Comment, Document, Instruction


class LosslessDockerfileParser(DockerfileParser):  # type: ignore[misc]
    """A ``dockerfile_parse.DockerfileParser`` whose ``structure`` comes from imgtool's tree.

    Everything that dockerfile-parse derives from ``structure`` (``baseimage``, ``labels``, ``envs``, …)
    is then right for heredocs, ``# escape`` and comments inside continuations too.
    """

    @property
    def structure(self) -> list[dict[str, Any]]:
        """Instructions and comments in dockerfile-parse's form: 0-based lines, ``content`` with its newline."""
        document = parse(self.content.encode())
        nodes: list[Instruction | Comment] = [*document.instructions]
        nodes += [c for c in document.comments if not c.in_continuation]
        nodes.sort(key=lambda node: node.span)
        return [_row(document, node) for node in nodes]


def _row(document: Document, node: Instruction | Comment) -> dict[str, Any]:
    if isinstance(node, Comment):
        name, value, first, last = "COMMENT", node.text, node.line, node.line
    else:
        flags = "".join(f"{flag.raw} " for flag in node.flags)
        name, value = node.keyword, flags + str(node.rest)
        first, last = node.start_line, node.end_line
    starts = document.source.line_starts
    end = starts[last] if last < len(starts) else len(document.data)
    content = document.data[starts[first - 1] : end].decode("utf-8", "replace")
    return {
        "instruction": name,
        "startline": first - 1,
        "endline": last - 1,
        "content": content,
        "value": value,
    }


def second_reading(data: bytes) -> list[str] | None:
    """The FROM operands as dockerfile-parse reads them; None where it cannot judge (heredocs, not UTF-8)."""
    document = parse(data)
    if any(i.heredocs for i in document.instructions):
        return None
    try:
        data.decode()
    except UnicodeDecodeError:
        return None
    rows = DockerfileParser(fileobj=io.BytesIO(data), env_replace=False).structure
    return [" ".join(row["value"].split()) for row in rows if row["instruction"] == "FROM"]


def disagreement(data: bytes) -> str | None:
    """Why the two readers do not see the same FROM lines; None where they agree or one cannot judge."""
    theirs = second_reading(data)
    if theirs is None:
        return None
    ours = [
        " ".join([*(f.raw for f in i.flags), *i.args])
        for i in parse(data).instructions
        if i.keyword == "FROM"
    ]
    return None if ours == theirs else f"imgtool reads FROM {ours}, dockerfile-parse {theirs}"
