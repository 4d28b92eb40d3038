"""What the layers of an image hold: a RUN that is passed over is one that the plain way finds nothing in."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgtool.facts import caches
from imgtool.facts import layers as module
from imgtool.facts.facts import Facts
from imgtool.facts.placed import Content, made, may_make
from imgtool.syntax import parse

# --- (script, whether it may put something into the image) ---
MAKES = [
    ("wget https://example.org/a.tar.gz", True),
    ("git clone https://example.org/a", True),
    ("tar xf /a.tar.gz -C /opt", True),
    ("true && cp -r /a /b", True),
    ("python3 -m venv /opt/env", True),
    ("apt-get update && apt-get install -y a", False),
    ("rm -rf /a", False),
    ("echo tar > /a", False),
]


@pytest.mark.parametrize("script, expected", MAKES)
def test_may_make(script: str, expected: bool) -> None:
    facts = Facts(parse(f"FROM a\nRUN {script}\n".encode()))
    (run,) = facts.runs(facts.stages[0])
    assert may_make(run) == expected


_NAMES = frozenset("wget curl git tar rm mv find cp cd true apt-get pip unlink python3 unzip".split())
_COMMANDS = st.sampled_from(
    "wget https://e.org/a.tgz|curl -o /opt/b.run https://e.org/b.run|git clone https://e.org/r /r|tar xf a.tgz|rm -rf /r|rm a.tgz"
    "|rm $X|rm -rf /|mv /r /s|find /r -delete|find . -exec rm {} +|cp -r /r /opt|cd /opt|true|apt-get install -y a"
    "|rm -rf /var/lib/apt/lists/*|apt-get clean|apt-get distclean|find /var/lib/apt/lists -delete|pip install a|pip cache purge"
    "|rm -rf ~/.cache|unlink /opt/b.run|python3 -m venv /opt/env|unzip a.zip".split("|")
)
_LINES = st.one_of(
    st.lists(_COMMANDS, min_size=1, max_size=4).map(" && ".join).map("RUN {}".format),
    st.sampled_from(
        ["COPY a.tgz /", "COPY . /r", "ADD b.run /opt/", "WORKDIR /opt", "FROM a AS b", "FROM b", "ENV X=/r"]
    ),
)
_FILES = st.lists(_LINES, max_size=8).map(lambda lines: "\n".join(("FROM a", *lines)).encode())


@given(_FILES)
def test_what_is_passed_over_changes_nothing(data: bytes) -> None:
    facts = Facts(parse(data))
    quick, emptied = module.layers(facts), caches.history(facts)
    facts.remembered.clear()
    with patch.object(module, "may_make", lambda _: True), patch.object(caches, "_EMPTIES", _NAMES):
        assert module.layers(facts) == quick
        assert caches.history(facts) == emptied


@given(_FILES)
def test_a_run_that_may_make_nothing_makes_nothing(data: bytes) -> None:
    facts = Facts(parse(data))
    for run in (run for stage in facts.stages for run in facts.runs(stage)):
        assert may_make(run) or not any(contents for _, _, contents in made(facts, run))


_PATHS = st.text("/a.[*?]", min_size=1, max_size=8)


@given(_PATHS, st.dictionaries(_PATHS, st.booleans(), max_size=8))
def test_what_is_deleted_begins_like_the_target(target: str, places: dict[str, bool]) -> None:
    node = parse(b"FROM a\nCOPY a /b\n").instructions[1]
    held = {place: Content(place, "a", node, tree=tree) for place, tree in places.items()}
    plain = {place: content for place, content in held.items() if module.holds(target, content)}
    assert module._gone(target, held) == plain
