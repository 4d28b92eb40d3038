"""Safe fixes of BuildKit's checks on real Dockerfiles change the form alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from imgtool.facts.facts import Facts
from imgtool.lint import registry
from imgtool.lint.fixer import fix
from imgtool.lint.runner import lint
from imgtool.syntax import parse

pytestmark = pytest.mark.corpus


def meaning(data: bytes) -> dict[str, Any]:
    """What the builder makes of a file, as far as the fixes could change it."""
    document = parse(data)
    facts = Facts(document)
    comments = sorted(comment.text for comment in document.comments)
    return {
        "problems": [problem.message for problem in document.problems],
        "stages": [(s.name, s.parent and s.parent.index, s.reference) for s in facts.stages],
        "edges": [(e.stage.index, e.via, e.target and e.target.index) for e in facts.graph.edges],
        "env": [dict(facts.final_state(stage).env) for stage in facts.stages],
        "runs": [
            i.rest.data for i in document.instructions if i.keyword in ("RUN", "CMD", "ENTRYPOINT", "COPY")
        ],
        "labels": [_labels(facts, i) for i in document.instructions if i.keyword == "LABEL"],
        "bodies": [h.content for i in document.instructions for h in i.heredocs],
        "comments": comments,
    }


def _labels(facts: Facts, node: Any) -> list[tuple[str | None, str | None]]:
    pairs = zip(node.args[::3], node.args[1::3], strict=True)
    return [(facts.expand(node, key), facts.expand(node, value)) for key, value in pairs]


def test_fixes_keep_the_meaning(corpus: Path) -> None:
    rules = [registry.load(entry) for entry in registry.index() if entry.code.startswith("BK")]
    fixed = 0
    for path in sorted((corpus / "open").iterdir()):
        data = path.read_bytes()
        done = fix(data, lambda d: lint(d, "Dockerfile", rules), unsafe=False)
        assert done.converged, path.name
        if done.data != data:
            fixed += 1
            assert meaning(done.data) == meaning(data), path.name
    assert fixed > 100
