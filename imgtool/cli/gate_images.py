"""Reading the images of ``imgtool gate``, and building them where they are Dockerfiles."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from imgtool.cli.output import say
from imgtool.cli.progress import Counter, clean_up_when_ended, line
from imgtool.facts.facts import FactOptions, Facts
from imgtool.gates.model import Judged, Weighed
from imgtool.gates.settings import Target
from imgtool.images import packages
from imgtool.images import reference as references
from imgtool.images.contents import read_contents
from imgtool.images.errors import ImageError
from imgtool.images.measure import measure
from imgtool.images.reading import NO_CACHE, Access
from imgtool.inspect.blame import blame
from imgtool.leaks import hide
from imgtool.report.style import printable
from imgtool.syntax import parse
from imgtool.syntax.source import load as read_file
from imgtool.values import dataclass, field, replace
from imgtool.verify.build import BuildError, Recipe, build, remove
from imgtool.verify.errors import NotEstablishedError


@dataclass(frozen=True, slots=True)
class Files:
    """Dockerfiles that are built: ``head``, and ``base`` where the baseline is one too, in a context of its own."""

    head: Path
    recipe: Recipe
    base: Path | None = None
    base_context: Path | None = None


def read(reference: str, platform: str | None, *, layers: bool, access: Access = NO_CACHE) -> Weighed:
    """Read an image, with what is in it where its layers are read; long work is shown.

    Raises:
        ImageError: it cannot be read.
        ValueError: the reference or the platform is none.
    """
    with line() as show:
        progress = Counter(reference, show)
        if not layers:
            found = measure(reference, platform=platform, progress=progress, layers=False, access=access)
            return Weighed(found)
        contents = read_contents(
            reference, platform=platform, progress=progress, keep=packages.KEEP, digests=False, access=access
        )
        return Weighed(contents.measures, contents, tuple(packages.read(contents)))


def say_guesses(targets: Iterable[Target]) -> None:
    """Say what references are taken for that leave it open.

    Raises:
        ValueError: one is none.
    """
    named = [text for target in targets for text in (target.image, target.baseline)]
    for text in dict.fromkeys(named):
        if text and not text.endswith(".json"):
            parsed = references.parse(text)
            if parsed.guessed:
                say(f"reading {text} as {parsed.source}:{text}")


@dataclass(slots=True)
class Built:
    """Images that were built for targets: their names in the engine, and why others were not, by what people call them."""

    access: Access = NO_CACHE
    names: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def add(self, shown: str, dockerfile: Path, recipe: Recipe, stage: str | None) -> None:
        """Build a Dockerfile, once; why it does not build is told when the image is read."""
        if shown in self.names or shown in self.failed:
            return
        try:
            with line() as show:
                self.names[shown] = build(
                    dockerfile, recipe, stage, lambda step: show(f"{shown}: {hide(step)}")
                )
        except BuildError as error:
            sys.stderr.write("".join(f"  {printable(hide(text))}\n" for text in error.log))
            self.failed[shown] = f"it does not build: {hide(error.reason)}"
        except NotEstablishedError as error:
            self.failed[shown] = hide(error.reason)

    def read(self, reference: str, platform: str | None, *, layers: bool) -> Weighed:
        """As :func:`read`, for what was built too."""
        if reference in self.failed:
            raise ImageError(self.failed[reference])
        if reference not in self.names:
            return read(reference, platform, layers=layers, access=self.access)
        found = read(f"{references.DAEMON}:{self.names[reference]}", platform, layers=layers)
        image = replace(found.measures.image, reference=reference)
        return replace(found, measures=replace(found.measures, image=image))


@contextmanager
def built(
    targets: Sequence[Target], files: Files, access: Access = NO_CACHE
) -> Iterator[tuple[Built, tuple[Target, ...]]]:
    """Build what targets are made of, each stage once; nothing of it stays in the engine."""
    say("this builds the project's own code")
    there = Built(access)
    with clean_up_when_ended():
        try:
            yield there, tuple([_built(target, files, there) for target in targets])
        finally:
            remove(*there.names.values())


def with_lines(judged: Judged, target: Target, files: Files) -> Judged:
    """With the lines of the instructions that made the layers of what was built."""
    if judged.head is None:
        return judged
    options = FactOptions(files.recipe.args, target.stage, files.head, files.recipe.context)
    facts = Facts(parse(read_file(files.head)), options)
    image = judged.head.image
    told = zip(image.layers, blame(image, facts), strict=True)
    lines = {layer.created_by: one.line for layer, one in told if layer.created_by and one.line}
    return replace(judged, lines=lines)


def _built(target: Target, files: Files, there: Built) -> Target:
    stage = f":{target.stage}" if target.stage else ""
    recipe = replace(files.recipe, platform=target.platform)
    head = f"{files.head}{stage}"
    there.add(head, files.head, recipe, target.stage)
    if files.base is None:
        return replace(target, image=head)
    base = f"{files.base}{stage}"
    context = files.base_context or files.base.parent
    there.add(base, files.base, replace(recipe, context=context), target.stage)
    return replace(target, image=head, baseline=base, required=True)
