"""What images weigh and why, as JSON, and what its reports share. Pure: values in, a string out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from imgtool.images.measure import Measures
from imgtool.images.model import Layer
from imgtool.leaks import hide
from imgtool.regex import regex
from imgtool.report.style import printable
from imgtool.values import dataclass

if TYPE_CHECKING:
    from imgtool.images.packages import Package
    from imgtool.inspect.analysis import Analysis, Row
    from imgtool.inspect.blame import LayerBlame

#: Columns of what made a layer, in text.
_STEP_WIDTH = 90
_MEANINGS = {
    "transfer": "compressed blobs and configuration: what a pull moves",
    "unpacked": "layer tars: what unpacking writes",
    "flattened": "file content to be seen in the end",
    "waste": "overwritten, deleted or copied by a later layer",
}
#: Why transfer is not known.
UNCOMPRESSED = "this source keeps layers uncompressed"
#: The shell, arguments and marks that builders put around the instruction in an image's history.
_WRAPPING = regex(r"^(?:RUN )?(?:\|\d+ .*?)?/bin/(?:ba)?sh -c (?:#\(nop\) +)?")
_SECRET = regex(
    r"""(\b\w*(?:token|secret|passw(?:or)?d|api_?key|access_?key|private_?key|credentials?)\w*=)("[^"]*"|'[^']*'|\S+)""",
    re.IGNORECASE,
)
_USERINFO = regex(r"(://)[^/\s@]+@")


@dataclass(frozen=True, slots=True)
class Subject:
    """An image that a report is about.

    ``analysis`` is None where only its layers were looked at. ``base`` names the image that ``marginal`` is over,
    unpacked bytes of the layers which that one does not have.
    """

    measures: Measures
    layers: tuple[LayerBlame, ...]
    analysis: Analysis | None = None
    base: str | None = None
    marginal: int | None = None

    @property
    def weights(self) -> Iterator[tuple[str, int | None, str]]:
        """Each measure that says something of this image: its bytes and what these are, or why they are not known."""
        for name, meaning in _MEANINGS.items():
            count = getattr(self.measures, name)
            yield name, count, self._unknown(name) if count is None else meaning + self._wasted(name)
        if self.measures.foreign:
            yield "foreign", self.measures.foreign, "layers that registries do not keep, not in transfer"
        if self.base is not None:
            over = f"unpacked, over {self.base}"
            yield "marginal", self.marginal, self._unknown("marginal") if self.marginal is None else over

    def _unknown(self, name: str) -> str:
        return UNCOMPRESSED if name == "transfer" else "the layers were not read"

    def _wasted(self, name: str) -> str:
        waste, flattened = self.measures.waste, self.measures.flattened
        if name != "waste" or not waste:
            return ""
        return f": {share(waste, waste + (flattened or 0))} of all file content"


def instruction(layer: LayerBlame) -> str:
    """What made a layer, in one line, or why that is not known."""
    said = layer.instruction or layer.created_by
    return _line(said) if said else f"({layer.why or 'its history does not say'})"


def place(layer: LayerBlame) -> str:
    """The file and line of a layer's instruction; empty where they are not known."""
    return f"{layer.file}:{layer.line}" if layer.file and layer.line else ""


def share(part: int, whole: int) -> str:
    """``12.3%``; empty where there is no whole."""
    return f"{part / whole:.1%}" if whole else ""


def step(created_by: str | None) -> str:
    """What made a layer, in one line: the instruction alone, no secrets, no control characters."""
    if created_by is None:
        return "(not said in the image's history)"
    line = _masked(printable(" ".join(created_by.split()))).removesuffix(" # buildkit")
    bare = _WRAPPING.sub("", line)
    return _line(f"RUN {bare}" if bare != line and "#(nop)" not in line else bare)


def _line(text: str) -> str:
    line = _masked(printable(" ".join(text.split())))
    return line if len(line) <= _STEP_WIDTH else f"{line[: _STEP_WIDTH - 3]}..."


def _masked(text: str) -> str:
    return hide(_USERINFO.sub(r"\1***@", _SECRET.sub(r"\1***", text)))


def as_json(subjects: Sequence[Subject]) -> str:
    """One array of images, all sizes in bytes, null where a source does not know one."""
    return json.dumps([_whole(subject) for subject in subjects], indent=2) + "\n"


def _whole(subject: Subject) -> dict[str, Any]:
    found = row(subject.measures, subject.layers)
    if subject.base is not None:
        found |= {"base": subject.base, "marginal": subject.marginal}
    return found | (analysed(subject.analysis) if subject.analysis else {})


def row(measures: Measures, blames: Sequence[LayerBlame] = ()) -> dict[str, Any]:
    """What an image weighs, with where its layers come from."""
    image = measures.image
    whose: Sequence[LayerBlame | None] = blames or [None] * len(image.layers)
    return {
        "reference": image.reference,
        "source": image.source,
        "platform": image.platform,
        "digest": image.digest,
        "config_digest": image.config_digest,
        "compression": measures.compression,
        "layers": [_layer_row(layer, blame) for layer, blame in zip(image.layers, whose, strict=True)],
        "transfer": measures.transfer,
        "unpacked": measures.unpacked,
        "flattened": measures.flattened,
        "waste": measures.waste,
        "foreign": measures.foreign,
    }


def _layer_row(layer: Layer, blame: LayerBlame | None) -> dict[str, Any]:
    found = {
        "digest": layer.digest,
        "diff_id": layer.diff_id,
        "media_type": layer.media_type,
        "compression": layer.compression,
        "foreign": layer.foreign,
        "transfer": layer.transfer,
        "unpacked": layer.unpacked,
        "content": layer.content,
        "created_by": None if layer.created_by is None else _masked(layer.created_by),
    }
    if blame is None:
        return found
    return found | {
        "waste": blame.waste,
        "instruction": blame.instruction and _masked(blame.instruction),
        "file": blame.file,
        "line": blame.line,
        "base": blame.base,
        "why": blame.why,
    }


def analysed(analysis: Analysis) -> dict[str, Any]:
    """What an analysis adds to a row; layers are numbers in the row's list of them."""
    return {
        "waste_by": [
            {"how": one.name, "size": one.size, "count": one.count, "code": one.code}
            for one in analysis.wasted_by
        ],
        "wasted": [
            {"path": valid(one.path), "size": one.size, "layer": one.layer, "by": one.by, "how": str(one.how)}
            for one in analysis.wasted
        ],
        "paths": [
            _row_of(one, path=valid(one.name), layer=one.layer, kind=one.kind) for one in analysis.paths
        ],
        "folders": [_row_of(one, path=valid(one.name)) for one in analysis.folders],
        "packages": [_package(one) for one in analysis.packages],
        "unowned": {"size": analysis.unowned.size, "count": analysis.unowned.count},
        "kinds": [_row_of(one, kind=one.name, title=one.kind) for one in analysis.kinds],
        "duplicates": [
            {"lost": one.lost, "size": one.size, "paths": list(map(valid, one.paths)), "layers": one.layers}
            for one in analysis.duplicates
        ],
        "duplicated": analysis.duplicated,
    }


def _row_of(one: Row, **more: Any) -> dict[str, Any]:
    return {**more, "size": one.size, "count": one.count, "code": one.code}


def _package(one: Package) -> dict[str, Any]:
    return {
        "manager": one.manager,
        "name": valid(one.name),
        "version": valid(one.version),
        "size": one.size,
        "files": one.files,
        "layer": one.layer,
    }


def valid(text: str) -> str:
    """A name in an image as valid Unicode; bytes that are not UTF-8 become U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
