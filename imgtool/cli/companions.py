"""What ``imgtool rewrite --output-dir`` writes: a Dockerfile for each target, and what is asked for beside them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer

from imgtool.cli.output import say
from imgtool.edits import write_atomic
from imgtool.facts.facts import FactOptions, Facts
from imgtool.facts.stages import Stage
from imgtool.families import BaseImage
from imgtool.families.analogues import Recipe
from imgtool.families.model import rows
from imgtool.rewrite.companions import bake, fat, kubernetes
from imgtool.rewrite.companions.product import Product, tag_of
from imgtool.rewrite.plan import Status
from imgtool.rewrite.targets import Targeted
from imgtool.syntax import parse
from imgtool.values import dataclass, replace

_BOTH = frozenset({"cuda", "cann"})


@dataclass(frozen=True, slots=True)
class Beside:
    """Which companions are wanted. ``name`` and ``version`` make the images' tags."""

    bake: bool = False
    dockerignore: bool = False
    kubernetes: bool = False
    fat: bool = False
    name: str | None = None
    version: str | None = None

    @property
    def wanted(self) -> bool:
        return self.bake or self.dockerignore or self.kubernetes or self.fat


def files_of(
    path: str, made: Sequence[Targeted], options: FactOptions, folder: Path, beside: Beside
) -> dict[Path, bytes]:
    """Every file to be written, by its path: Dockerfiles, files of the context, companions. Refused targets have none.

    Raises:
        typer.BadParameter: name and version make no tag, or the fat image cannot be made of what there is.
    """
    root = _root(path, made[0].original.data, options)
    good = [one for one in made if one.rewrite.plan.status is not Status.REFUSED]
    files = {folder / f"Dockerfile.{one.rewrite.plan.target}": one.rewrite.data for one in good}
    files |= {root / name: content for one in good for name, content in one.files.items()}
    if not beside.wanted or not good:
        return files
    products = [_product(one, options, folder, root, beside) for one in good]
    texts = dict(_companions(good, products, options, folder, root, beside))
    return files | {at: text.encode() for at, text in texts.items()}


def write(files: dict[Path, bytes]) -> bool:
    """Write them, each whole or not at all; False where one cannot be."""
    for path, data in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(path, data)
        except OSError as error:
            say(f"{path} cannot be written: {error.strerror}")
            return False
        say(f"{path} written")
    return True


def _companions(
    good: Sequence[Targeted],
    products: Sequence[Product],
    options: FactOptions,
    folder: Path,
    root: Path,
    beside: Beside,
) -> Iterator[tuple[Path, str]]:
    combined = None
    if beside.fat:
        combined = _fat_product(products, folder, root, beside)
        _refuse_systems([_base(one, options) for one in good])
        cuda = next(one for one in good if one.rewrite.plan.target == "cuda")
        yield folder / fat.FILE, fat.fat(_start(cuda, options), _packages())
        say(f"warning: {fat.WARNING}")
    if beside.bake or beside.fat:
        yield folder / bake.FILE, bake.bake(products, _relative(root, folder), combined)
    if beside.kubernetes:
        for product in products:
            yield folder / f"kubernetes-{product.target}.yaml", kubernetes.patch(product)
    ignore = _dockerignore(good[0], options) if beside.dockerignore else None
    if ignore is not None:
        yield root / ".dockerignore", ignore


def _root(path: str, data: bytes, options: FactOptions) -> Path:
    """The build context's folder, as far as it can be told."""
    if options.context is not None:
        return options.context
    found = Facts(parse(data), options).context
    return found.root if found else Path(path).parent


def _relative(path: Path, start: Path) -> str:
    return Path(os.path.relpath(path, start)).as_posix()


# --- the image of each target --------------------------------------------------------------------------


def _product(one: Targeted, options: FactOptions, folder: Path, root: Path, beside: Beside) -> Product:
    target = one.rewrite.plan.target
    base = _base(one, options)
    if base is None:
        raise typer.BadParameter(f"the base image of Dockerfile.{target} is not known, so neither is its tag")
    name = beside.name or _plain(root.resolve().name)
    tag = tag_of(name, beside.version or "latest", base)
    if tag is None:
        raise typer.BadParameter(f"--name {name} and --version {beside.version} make no image reference")
    return Product(target, _relative(folder / f"Dockerfile.{target}", root), tag, base.chip)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "app"


def _facts(one: Targeted, options: FactOptions) -> Facts:
    return Facts(parse(one.rewrite.data), replace(options, stage=None))


def _base(one: Targeted, options: FactOptions) -> BaseImage | None:
    """The first image of the accelerator that the file stands on."""
    facts = _facts(one, options)
    bases = (facts.base(stage) for stage in facts.stages if stage.parent is None)
    return next((b for b in bases if b and b.accelerator == one.rewrite.plan.target), None)


# --- the fat image -------------------------------------------------------------------------------------


def _fat_product(products: Sequence[Product], folder: Path, root: Path, beside: Beside) -> Product:
    if {product.target for product in products} != _BOTH:
        raise typer.BadParameter("--fat needs both images: --target cuda --target cann, and neither refused")
    name = products[0].tag.rpartition(":")[0]
    return Product(fat.TARGET, _relative(folder / fat.FILE, root), f"{name}:{beside.version or 'latest'}-fat")


def _refuse_systems(bases: Sequence[BaseImage | None]) -> None:
    """Programs of one image run in the other only on the same system."""
    systems = {f"{base.os} {base.os_version}" for base in bases if base}
    if len(systems) > 1:
        raise typer.BadParameter(
            f"--fat: the images stand on different systems ({', '.join(sorted(systems))})"
        )


def _start(one: Targeted, options: FactOptions) -> fat.Start:
    """How the image starts, from the last ENTRYPOINT and CMD that it has."""
    facts = _facts(one, options)
    stages = tuple(facts.target.lineage()) if facts.target else ()
    entrypoint, command = (_words(stages, keyword) for keyword in ("ENTRYPOINT", "CMD"))
    program = (*entrypoint, *command, "")[0]
    if program.startswith("/") and "python" in program:
        message = (
            f"--fat: the image starts {program}, and each accelerator has a Python of its own (start python3)"
        )
        raise typer.BadParameter(message)
    return fat.Start(entrypoint, command)


def _words(stages: Sequence[Stage], keyword: str) -> tuple[str, ...]:
    for stage in stages:
        for instruction in reversed(stage.instructions):
            if instruction.keyword == keyword:
                return (
                    instruction.args if instruction.json else ("/bin/sh", "-c", str(instruction.rest).strip())
                )
    return ()


def _packages() -> tuple[str, ...]:
    """What the Python and the toolkit of a CANN image take from Ubuntu."""
    return next(recipe.deb for recipe in rows("recipes", "recipe", Recipe) if recipe.id == "copy")


# --- .dockerignore -------------------------------------------------------------------------------------


def _dockerignore(one: Targeted, options: FactOptions) -> str | None:
    """What the fix of IMG301 writes for this context; None where there is a file, or nothing to keep out."""
    from imgtool.lint import registry, runner

    selection = registry.Selection(("IMG301",), (), ())
    rules = [registry.load(entry) for entry in registry.select(selection)]
    judgement = runner.Judgement(registry.silenced(selection))
    result = runner.lint(one.original.data, "-", rules, options, judgement=judgement, spared=[])
    fixes = (finding.fix for finding in result.findings if finding.fix)
    text = next((text for fix in fixes for _, text in fix.creates), None)
    if text is None:
        say("no .dockerignore is written: there is one, or nothing to keep out, or the context is not known")
    return text
