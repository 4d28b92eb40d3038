"""Python environments that the final stage takes from the builder whole, at the same path."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from imgtool.facts.facts import Facts, Run
from imgtool.facts.packages import PackageOperation
from imgtool.rewrite.commands import operations_of
from imgtool.rewrite.environments import SYSTEM, made_by, prefix_of
from imgtool.rewrite.kinds import Kind
from imgtool.rewrite.placement import BUILDS, Work, is_system
from imgtool.rewrite.refusal import RefusedError
from imgtool.transforms.runs import Segment

MISSING = "/.missing"

# leave nothing that what ships would miss
_NOTHING = frozenset({Kind.STATE, Kind.QUERY, Kind.CLEAN})
# bring an interpreter of their own, which may lie elsewhere
_BRINGS_PYTHON = frozenset({"uv", "poetry", "pdm", "pipenv", "conda", "mamba", "micromamba"})


def prefixes(facts: Facts, works: Iterable[Work]) -> tuple[str, ...]:
    """The folders that all that is built goes to, each made by ``python -m venv`` or its like.

    Raises:
        RefusedError: something is built elsewhere, or it is not known where.
    """
    filled, made = set[str](), set[str]()
    for work in works:
        for segment, kind in work.items:
            if kind in BUILDS:
                filled.add(_filled(facts, work.run, segment, kind))
                made |= set(_made(facts, work.run, segment))
            elif kind is Kind.FILES or not (kind in _NOTHING or _is_replayed(facts, work, segment, kind)):
                raise RefusedError("strategy", "files are made beside the environment", segment.span)
            if filled - made:
                raise RefusedError("strategy", f"{min(filled - made)} is not made here", segment.span)
    return tuple(sorted(made))


def _is_replayed(facts: Facts, work: Work, segment: Segment, kind: Kind) -> bool:
    """Whether the final stage runs it: of a RUN that builds it runs what changes packages and users alone."""
    return not work.builds or is_system(facts, work.run, segment, kind)


def _filled(facts: Facts, run: Run, segment: Segment, kind: Kind) -> str:
    operation = _only_operation(run, segment)
    if kind is not Kind.PREFIX or operation is None or operation.editable or operation.project:
        raise RefusedError("strategy", "something is built outside of an environment", segment.span)
    made = tuple(_made(facts, run, segment))
    folder = made[0] if made else prefix_of(segment.commands[0], operation, run, facts)
    if folder is None or folder == SYSTEM or posixpath.dirname(folder) == "/usr":
        raise RefusedError("strategy", "it is not known which environment this fills", segment.span)
    return folder


def _only_operation(run: Run, segment: Segment) -> PackageOperation | None:
    found = operations_of(segment.commands[0], run) if len(segment.commands) == 1 else ()
    return found[0] if len(found) == 1 else None


def _made(facts: Facts, run: Run, segment: Segment) -> Iterator[str]:
    operation = _only_operation(run, segment)
    if operation is not None and operation.manager not in _BRINGS_PYTHON:
        yield from (folder for folder in made_by(segment.commands[0], operation, run, facts) if folder)


def collect(folders: Iterable[str]) -> str:
    """The builder's last instruction: the libraries that its environments do not find there either."""
    return f"# libraries that are not found here either\nRUN {{ {_unresolved(folders)} || [ $? = 1 ]; }} > {MISSING}"


def copies(builder: str, folders: Iterable[str]) -> str:
    """The instructions that take the environments over."""
    return "\n".join(f"COPY --from={builder} {folder} {folder}" for folder in folders)


def check(builder: str, folders: Iterable[str]) -> str:
    """The instruction that fails where a library is missing that was found in the builder."""
    return f"""\
# fails where a library is missing that was found in the builder
RUN --mount=type=bind,from={builder},source={MISSING},target={MISSING} \\
    missing="$({_unresolved(folders)} | grep -vxFf {MISSING} || [ $? = 1 ])" \\
 && echo "$missing" && [ -z "$missing" ]"""


def _unresolved(folders: Iterable[str]) -> str:
    return f"{{ find {' '.join(folders)} -name '*.so*' -type f -exec ldd {{}} + 2>&1 || true; }} | grep 'not found'"
