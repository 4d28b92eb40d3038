"""Images of archives in memory, as reports get them."""

from __future__ import annotations

from imgtool.images.archive import StreamStore
from imgtool.images.contents import contents_of
from imgtool.images.layers import Detail
from imgtool.images.manifests import read_image
from imgtool.images.measure import weigh
from imgtool.images.reading import Reading
from imgtool.inspect.analysis import KEEP, analyse
from imgtool.inspect.blame import blame
from imgtool.report.sizes import Subject


def looked_at(
    archive: bytes,
    reference: str = "image.tar",
    *,
    top: int = 20,
    base: str | None = None,
    marginal: int | None = None,
) -> Subject:
    """An archive's image, analysed where ``top`` is not 0."""
    store = StreamStore([archive], Reading(detail=Detail(KEEP)))
    image = read_image(store, reference=reference, source="docker-archive", name=None, platform=None)
    if not top:
        return Subject(weigh(image), blame(image), None, base, marginal)
    contents = contents_of(image)
    analysis = analyse(contents, top=top)
    return Subject(contents.measures, analysis.layers, analysis, base, marginal)
