"""What is verified: a Dockerfile, which is built, or an image that is there."""

from __future__ import annotations

from pathlib import Path

from imgtool.facts.facts import Facts
from imgtool.facts.given import FactOptions
from imgtool.facts.stages import Stage
from imgtool.facts.told import told
from imgtool.images import model
from imgtool.images import reference as references
from imgtool.images.reading import Progress
from imgtool.images.spool import Spool
from imgtool.images.streams import compression
from imgtool.images.tar import BLOCK
from imgtool.syntax import parse
from imgtool.syntax.source import load
from imgtool.values import dataclass, replace
from imgtool.verify.build import Recipe, Show, build, remove
from imgtool.verify.model import Image, Tree, read_image, read_tree

#: Where a tar says that it is one.
_USTAR = slice(257, 262), b"ustar"


@dataclass(frozen=True, slots=True)
class Subject:
    """One of the two things that are compared. ``base`` names the image it stands on, where that is known.

    ``stage`` is the one that ships, in a Dockerfile.
    """

    text: str
    stage: str | None = None
    base: str | None = None

    @property
    def is_file(self) -> bool:
        """Whether it is a Dockerfile; else it names an image."""
        if self.text.startswith((f"{references.ARCHIVE}:", f"{references.DAEMON}:")):
            return False
        if references.why_no_file(self.text) is not None:
            return False
        with Path(self.text).open("rb") as file:
            head = file.read(BLOCK)
        return compression(head) == "none" and head[_USTAR[0]] != _USTAR[1]


@dataclass(frozen=True, slots=True)
class Opened:
    """A subject that was read. ``base`` is the tree of its base image, None where that is not known.

    ``built`` is the name under which the engine has what was built of a Dockerfile, for :func:`close`.
    """

    image: Image
    base: Tree | None
    built: str | None = None


def opened(
    subject: Subject, recipe: Recipe, spool: Spool, show: Show, progress: Progress | None = None
) -> Opened:
    """Build a subject where it is a Dockerfile, and read its image.

    Raises:
        BuildError: it does not build.
        ImageError: the image cannot be read.
        NotEstablishedError: nothing can be built.
        OSError: the Dockerfile cannot be read.
        ValueError: the reference or the platform is none.
    """
    if not subject.is_file:
        image = read_image(subject.text, spool, platform=recipe.platform, progress=progress)
        return Opened(image, _named_base(subject, recipe, spool, progress))
    path = Path(subject.text)
    stage = _stage(load(path), recipe, subject.stage)
    name = build(path, recipe, subject.stage, show)
    try:
        image = read_image(f"{references.DAEMON}:{name}", spool, platform=recipe.platform, progress=progress)
        base = _named_base(subject, recipe, spool, progress) or _base(image.measures.image, stage, spool)
        return Opened(replace(image, reference=subject.text), base, name)
    except BaseException:
        remove(name)
        raise


def close(*there: Opened) -> None:
    """Remove what was built."""
    remove(*[one.built for one in there if one.built])


def _stage(data: bytes, recipe: Recipe, stage: str | None) -> Stage | None:
    return Facts(parse(data), FactOptions(build_args=recipe.args, stage=stage)).target


def _named_base(subject: Subject, recipe: Recipe, spool: Spool, progress: Progress | None) -> Tree | None:
    if subject.base is None:
        return None
    return read_image(subject.base, spool, platform=recipe.platform, progress=progress).tree


def _base(image: model.Image, stage: Stage | None, spool: Spool) -> Tree | None:
    """The tree below what a Dockerfile adds, by the lines that its instructions left in the image's history."""
    below = told(image.history, stage).below if stage else None
    if below is None:
        return None
    count = sum(not step.get("empty_layer") for step in image.history[:below])
    return read_tree(spool, [layer.diff_id for layer in image.layers[:count]])
