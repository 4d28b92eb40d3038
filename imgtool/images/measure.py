"""What an image weighs, in four measures that are never mixed.

All are bytes, computed from layers and never taken from an engine:

``transfer``   compressed blobs, each once, and the configuration: what a pull of everything moves.
               None where the source keeps a layer uncompressed, and so does not know. Foreign layers,
               which registries do not keep, are left out and told apart as ``foreign``.
``unpacked``   layer tars, each as often as it is stacked: what unpacking the image writes.
``flattened``  file content to be seen in the merged tree, hard links once: what a single layer would hold.
``waste``      file content of all layers less ``flattened``: overwritten, deleted, copied to change a mode.

A fifth, ``marginal``, is about two images: what one adds to what is below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import takewhile
from pathlib import Path

from imgtool.images import reference as references
from imgtool.images.archive import open_archive
from imgtool.images.daemon import open_daemon
from imgtool.images.errors import ImageError
from imgtool.images.layers import Detail, Tree
from imgtool.images.layout import open_layout
from imgtool.images.manifests import Store, read_image
from imgtool.images.model import Image, Layer
from imgtool.images.platforms import normal_platform
from imgtool.images.reading import NO_CACHE, Access, Progress, Reading
from imgtool.images.spool import Spool
from imgtool.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class Measures:
    """An image and its weights in bytes; see the module for what each means.

    ``unpacked``, ``flattened`` and ``waste`` are None where the layers were not read. ``foreign`` is stored
    bytes of foreign layers. ``compression`` is that of all layers, or ``mixed:`` and each kind there is.
    """

    image: Image
    transfer: int | None
    unpacked: int | None
    flattened: int | None
    waste: int | None
    foreign: int = 0
    compression: str = "none"


def measure(
    reference: str,
    *,
    platform: str | None = None,
    verify: bool = False,
    progress: Progress | None = None,
    layers: bool = True,
    access: Access = NO_CACHE,
) -> Measures:
    """Read and weigh an image.

    Args:
        reference: as :func:`imgtool.images.reference.parse` reads it.
        platform: ``os/architecture[/variant]``; without it the only one there is, or this machine's.
        verify: read uncompressed layers of archives whole, and hold every blob against its digest.
        progress: is shown the chunks that are read.
        layers: without them, those whose sizes the image's manifest states are not read, which leaves
            ``transfer`` alone.
        access: how a registry is reached, and what is known of its layers from earlier.

    Raises:
        ImageError: the image cannot be measured.
        ValueError: the reference or the platform is none.
    """
    return weigh(
        load(
            references.parse(reference),
            platform=platform,
            verify=verify,
            progress=progress,
            layers=layers,
            access=access,
        )
    )


def load(
    reference: references.Reference,
    *,
    platform: str | None = None,
    verify: bool = False,
    progress: Progress | None = None,
    spool: Spool | None = None,
    detail: Detail | None = None,
    layers: bool = True,
    access: Access = NO_CACHE,
) -> Image:
    """Read an image; as :func:`measure`. ``spool`` takes what the layers hold, which is passed over otherwise.

    ``detail`` is what to note of the layers' files besides names and sizes.
    """
    wanted = platform and normal_platform(platform)
    reading = Reading(verify, progress, spool, detail, access.cache)
    with _opened(reference, reading, access) as store:
        return read_image(
            store,
            reference=reference.text,
            source=reference.source,
            name=reference.name,
            platform=wanted,
            layers=layers,
        )


@contextmanager
def _opened(reference: references.Reference, reading: Reading, access: Access) -> Iterator[Store]:
    if reference.source == references.DAEMON:
        yield open_daemon(reference.place, reading, guessed=reference.guessed)
    elif reference.source == references.REGISTRY:
        from imgtool.images.registry import open_registry  # noqa: PLC0415 - 100 ms that others need not pay

        with closing(open_registry(reference.place, reading, plain_http=access.plain_http)) as store:
            yield store
    elif reference.source == references.LAYOUT:
        yield open_layout(Path(reference.place), reading)
    else:
        yield open_archive(Path(reference.place), reading)


def weigh(image: Image, tree: Tree | None = None) -> Measures:
    """The measures of an image that was read; ``tree`` is what :func:`stacked` made of it, where that is at hand."""
    foreign = _blobs(layer for layer in image.layers if layer.foreign)
    kinds = sorted({layer.compression for layer in image.layers})
    measures = Measures(
        image=image,
        transfer=_transfer(image),
        unpacked=None,
        flattened=None,
        waste=None,
        foreign=sum(size or 0 for size in foreign.values()),
        compression=f"mixed: {', '.join(kinds)}" if len(kinds) > 1 else "".join(kinds) or "none",
    )
    if any(layer.unpacked is None for layer in image.layers):
        return measures
    flattened = (tree or stacked(image)).content()
    return replace(
        measures,
        unpacked=sum(layer.unpacked or 0 for layer in image.layers),
        flattened=flattened,
        waste=sum(layer.content or 0 for layer in image.layers) - flattened,
    )


def marginal(image: Image, base_diff_ids: Sequence[str]) -> int | None:
    """Unpacked bytes of the layers behind those that an image shares with its base.

    Shared are the first layers as far as their diff_ids are equal: digests of blobs differ where one and
    the same layer was compressed anew. None where the layers were not read.
    """
    pairs = zip(image.layers, base_diff_ids, strict=False)
    shared = sum(1 for _ in takewhile(lambda pair: pair[0].diff_id == pair[1], pairs))
    added = [layer.unpacked for layer in image.layers[shared:]]
    return None if None in added else sum(size or 0 for size in added)


def stacked(image: Image) -> Tree:
    """The merged tree of an image's layers.

    Raises:
        ImageError: no engine could unpack one of them.
    """
    tree = Tree()
    for number, layer in enumerate(image.layers, 1):
        try:
            tree.add(layer.entries)
        except ImageError as error:
            raise ImageError(f"layer {number} cannot be unpacked: {error.reason}") from None
    return tree


def _transfer(image: Image) -> int | None:
    blobs = _blobs(layer for layer in image.layers if not layer.foreign)
    sizes = [size for size in blobs.values() if size is not None]
    return sum(sizes) + image.config_size if len(sizes) == len(blobs) else None


def _blobs(layers: Iterable[Layer]) -> dict[str, int | None]:
    """Compressed bytes of each blob, one that is stacked twice once."""
    return {layer.digest or layer.diff_id: layer.transfer for layer in layers}
