"""The public API: what the commands do, as functions that print nothing and write nothing.

Importing this module imports the parser alone; each function imports what it needs. Everything else in the package
may change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from imgtool import syntax
from imgtool.syntax.nodes import Document
from imgtool.syntax.source import load

if TYPE_CHECKING:
    from imgtool.facts.facts import FactOptions
    from imgtool.images.measure import Measures
    from imgtool.lint.result import LintResult
    from imgtool.rewrite import Rewrite

__all__ = ["lint", "measure", "parse", "rewrite"]

Dockerfile = str | bytes | Path
"""The text of a Dockerfile, or the path of one."""


def parse(dockerfile: Dockerfile) -> Document:
    """Parse a Dockerfile into the lossless tree; what BuildKit would refuse is in ``problems``.

    Raises:
        OSError: the file cannot be read.
    """
    return syntax.parse(_data(dockerfile))


def lint(
    dockerfile: Dockerfile,
    *,
    select: Iterable[str] | None = None,
    ignore: Iterable[str] = (),
    extend_select: Iterable[str] = (),
    build_args: Mapping[str, str] | None = None,
    stage: str | None = None,
    context: Path | None = None,
) -> LintResult:
    """Lint a Dockerfile; ``findings`` are in file order. Configuration files are not read.

    Args:
        dockerfile: a path, whose folder may then be the build context, or the text.
        select: codes, prefixes, names or ``ALL``; None for the default rules.
        ignore: selectors of rules to leave out.
        extend_select: selectors of rules to run as well.
        build_args: values of ARGs, by name.
        stage: the stage that ships, by name or number; None for the last.
        context: the build context; None to find it.

    Raises:
        OSError: the file cannot be read.
        TypeError: selectors are one string, whose letters they would be.
        ValueError: a selector covers no rule.
    """
    from imgtool.lint import registry, runner  # noqa: PLC0415 - parse does not need them

    for name, selectors in {"select": select, "ignore": ignore, "extend_select": extend_select}.items():
        if isinstance(selectors, str):
            raise TypeError(f"{name} takes a list of selectors, not a string")
    chosen = registry.Selection(
        None if select is None else tuple(select), tuple(ignore), tuple(extend_select)
    )
    registry.check_selectors([*(chosen.select or ()), *chosen.ignore, *chosen.extend])
    data = _data(dockerfile)
    wanted, spared = registry.needed(registry.select(chosen), data)
    rules = [registry.load(entry) for entry in wanted]
    path = str(dockerfile) if isinstance(dockerfile, Path) else "-"
    judgement = runner.Judgement(registry.silenced(chosen))
    facts = _facts(dockerfile, build_args, stage, context)
    return runner.lint(data, path, rules, facts, judgement=judgement, spared=spared)


def rewrite(
    dockerfile: Dockerfile,
    *,
    target: str | None = None,
    build_args: Mapping[str, str] | None = None,
    stage: str | None = None,
    context: Path | None = None,
) -> Rewrite:
    """Split a Dockerfile into builder and runtime; ``data`` is the new file, ``plan`` says what was done and why.

    ``data`` is the original where ``plan.status`` is not ``converted``. ``target`` is ``cuda`` or ``cann``, None for
    that of the base image; the other arguments are those of :func:`lint`.

    Raises:
        OSError: the file cannot be read.
    """
    from imgtool.rewrite import rewrite as convert  # noqa: PLC0415 - likewise

    return convert(_data(dockerfile), target, _facts(dockerfile, build_args, stage, context))


def measure(reference: str, *, platform: str | None = None) -> Measures:
    """Weigh an image, in bytes: ``transfer`` (compressed), ``unpacked``, ``flattened`` and ``waste``.

    Args:
        reference: ``docker-archive:PATH[:NAME]``, ``docker-daemon:NAME``, ``oci:FOLDER[:NAME]``,
            ``oci-archive:PATH[:NAME]``, ``registry:[HOST/]NAME[:TAG|@DIGEST]``, or any without its kind.
        platform: ``os/architecture[/variant]`` where there are several.

    Raises:
        imgtool.images.errors.ImageError: the image cannot be measured.
        ValueError: the reference or the platform is none.
    """
    from imgtool.images.measure import measure as weigh  # noqa: PLC0415 - likewise

    return weigh(reference, platform=platform)


def _data(dockerfile: Dockerfile) -> bytes:
    if isinstance(dockerfile, Path):
        return load(dockerfile)
    return dockerfile if isinstance(dockerfile, bytes) else dockerfile.encode("utf-8", "surrogateescape")


def _facts(
    dockerfile: Dockerfile, build_args: Mapping[str, str] | None, stage: str | None, context: Path | None
) -> FactOptions:
    from imgtool.facts.facts import FactOptions  # noqa: PLC0415 - likewise

    path = dockerfile if isinstance(dockerfile, Path) else None
    return FactOptions(build_args or {}, stage, path, context)
