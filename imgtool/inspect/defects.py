"""What is wrong with a built image by the files that it holds: by kind, by what layers hide, by name and content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from imgtool.facts.told import read
from imgtool.families.needs import python_need
from imgtool.findings import Severity
from imgtool.images.contents import Contents, Wasted
from imgtool.images.layers import Folder
from imgtool.images.model import Image
from imgtool.images.tar import FILE, SYMLINK
from imgtool.inspect.analysis import waste_code
from imgtool.inspect.kinds import Kind, kind_of, with_twins
from imgtool.leaks import scan
from imgtool.secret_files import (
    ENVIRONMENT,
    PRIVATE_KEY,
    SecretFile,
    is_public,
    may_hold,
    secret_file,
    speaks_of_secrets,
)
from imgtool.values import NamedTuple, dataclass, field

#: Bytes of the largest file that is looked into for secrets.
MAX_SECRET = 1 << 16
#: Such files that are looked through, keys aside, and bytes of one; that takes up to 5 s a megabyte.
MOST_SECRETS, _HEAD = 500, 1 << 13
#: Bytes from which on something that only takes room is worth a finding. What does harm, or leaks, always is.
LEAST = 1_000_000

_TOOLCHAIN, _CANN_TOOLKIT, _DRIVER = "IMG101", "IMG106", "IMG102"
_BY_COPY, _BY_RUN, _HOST_KEY = "IMG303", "IMG507", "IMG510"
_HARMFUL = frozenset({_DRIVER})
_DELETED = "IMG202"
#: Of these the name alone says enough, where the file is deleted again and its content is not at hand.
_SURE = frozenset(
    {"private SSH key", "AWS credentials", "Docker credentials", "credentials", "Hugging Face token"}
)
#: Nothing in these says what they are.
_OPAQUE = frozenset({"credentials", "Hugging Face token"})
_PEM = b"PRIVATE KEY"
_HOST_KEYS = "etc/ssh/ssh_host_", "_key"
_DRIVER_LIBRARIES, _STUBS = ("libcuda.so", "libnvidia-ml.so"), "stubs"
_METADATA = ".dist-info/METADATA"
_COMPILES = frozenset({"jit", "devel"})


class Defect(NamedTuple):
    """One defect: the rule's ``code``, and what it is about.

    ``layer`` is whose it is, ``step`` the number of the entry of the image's history, where that is known rather;
    with neither it is the base image's. ``size`` is bytes that would be saved.
    """

    code: str
    about: str
    layer: int | None = None
    step: int | None = None
    size: int = 0
    severity: Severity | None = None


@dataclass(slots=True)
class _Held:
    """Files of one kind in one layer; ``path`` is the largest."""

    size: int = 0
    count: int = 0
    path: str = ""
    largest: int = -1

    def add(self, path: str, size: int) -> None:
        self.size += size
        self.count += 1
        if size > self.largest:
            self.path, self.largest = path, size

    @property
    def named(self) -> str:
        """The largest file, and how many more there are."""
        return f"{self.path} and {self.count - 1:,} more" if self.count > 1 else self.path


@dataclass(frozen=True, slots=True)
class Survey:
    """One pass over the files to be seen. ``kept`` are the layers of those whose content was kept, by path.

    ``stubs`` are the layers of links that give a stub library the name of the driver's elsewhere, by path.
    ``compilers`` are Python packages that compile for a device when they run.
    """

    kinds: dict[tuple[Kind, int], _Held] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    stubs: dict[str, int] = field(default_factory=dict)
    compilers: set[str] = field(default_factory=set)

    def sizes(self) -> Mapping[str, int]:
        """Bytes by the ``id`` of a kind."""
        sizes: dict[str, int] = {}
        for (kind, _), held in self.kinds.items():
            sizes[kind.id] = sizes.get(kind.id, 0) + held.size
        return sizes


def survey(contents: Contents) -> Survey:
    """Look at every file to be seen once."""
    found = Survey()
    for seen in contents.files():
        if seen.kind == SYMLINK and _leads_to_stub(contents.tree.root, seen.path):
            found.stubs[seen.path] = seen.layer
        if seen.kind != FILE:
            continue
        # what is empty was a place to mount at
        if seen.size:
            key = kind_of(seen.path, seen.size), seen.layer
            found.kinds.setdefault(key, _Held()).add(seen.path, seen.size)
        if seen.path in contents.kept:
            found.kept[seen.path] = seen.layer
        if seen.path.endswith(_METADATA):
            name = seen.path.removesuffix(_METADATA).rpartition("/")[2].partition("-")[0]
            need = python_need(name.replace("_", "-").lower())
            if need is not None and need.level in _COMPILES:
                found.compilers.add(need.name)
    return found


def _leads_to_stub(root: Folder, path: str) -> bool:
    """Whether a link is called like a driver library, and leads from another folder to a stub of it."""
    folder, _, name = path.rpartition("/")
    if not name.startswith(_DRIVER_LIBRARIES) or folder.endswith(_STUBS):
        return False
    node: object = root
    for part in path[1:].split("/"):
        node = node.get(part.encode("utf-8", "surrogateescape")) if isinstance(node, dict) else None
    return isinstance(node, bytes) and f"{_STUBS}/".encode() in node


def of_kinds(found: Survey) -> Iterator[Defect]:
    """Kinds of files that a rule removes, a finding for each rule and layer."""
    codes = with_twins(kind for kind, _ in found.kinds)
    grouped: dict[tuple[str, int], list[tuple[Kind, _Held]]] = {}
    for (kind, layer), held in found.kinds.items():
        code = codes[kind.id]
        if code:
            grouped.setdefault((code, layer), []).append((kind, held))
    for (code, layer), parts in grouped.items():
        size = sum(held.size for _, held in parts)
        if size >= LEAST or code in _HARMFUL:
            parts.sort(key=lambda part: -part[1].size)
            about = ", ".join(f"{kind.title} ({held.named})" for kind, held in parts)
            needed, severity = _perhaps_needed(code, found.compilers)
            yield Defect(code, about + needed, layer, size=size, severity=severity)


def _perhaps_needed(code: str, compilers: Iterable[str]) -> tuple[str, Severity | None]:
    names = ", ".join(sorted(compilers))
    if code == _TOOLCHAIN and names:
        return f"; {names} may compile with them", Severity.INFO
    if code == _CANN_TOOLKIT:
        return "; left out, no operators can be compiled", Severity.INFO
    return "", None


def of_waste(contents: Contents) -> Iterator[Defect]:
    """What layers hide of lower ones, a finding for each way and pair of layers; and secrets that they only hide."""
    hidden: dict[tuple[str, int, int], _Held] = {}
    secrets: dict[tuple[int, int], _Held] = {}
    for one in contents.wasted():
        code = waste_code(one, contents.measures.image)
        if code and one.layer != one.by:
            hidden.setdefault((code, one.layer, one.by), _Held()).add(one.path, one.size)
        if code == _DELETED and _is_secret(one):
            secrets.setdefault((one.layer, one.by), _Held()).add(one.path, one.size)
    for (code, layer, by), held in hidden.items():
        if held.size >= LEAST:
            yield Defect(code, f"of layer {layer + 1}: {held.named}", by, size=held.size)
    for (layer, by), held in secrets.items():
        about = f"{held.named}, deleted in layer {by + 1} alone"
        yield Defect(_BY_RUN, about, layer, severity=Severity.WARNING)


def _is_secret(one: Wasted) -> bool:
    """Whether a file that is gone, so that its content is not at hand, was a secret by its name."""
    file = secret_file(one.path[1:]) if 0 < one.size <= MAX_SECRET else None
    return file is not None and file.what in _SURE


# --- secrets ---------------------------------------------------------------------------------------------------


def may_be_secret(path: str, size: int) -> bool:
    """Whether a file, at a path without its first slash, is worth looking into for secrets."""
    if not 0 < size <= MAX_SECRET:
        return False
    return secret_file(path) is not None or _is_host_key(path)


def _is_host_key(path: str) -> bool:
    return path.startswith(_HOST_KEYS[0]) and path.endswith(_HOST_KEYS[1])


def of_secrets(contents: Contents, found: Survey, copied: Mapping[int, bool]) -> Iterator[Defect]:
    """Files to be seen that hold secrets. ``copied`` tells by layer whether a COPY or ADD made it."""
    left = MOST_SECRETS
    for path, layer in found.kept.items():
        data, file = contents.kept[path][:_HEAD], secret_file(path[1:])
        if _is_host_key(path[1:]) and _PEM in data:
            yield Defect(_HOST_KEY, f"{path} is the same in every container", layer)
        elif file is not None and file.what == PRIVATE_KEY:
            if _is_private(path, data):
                yield Defect(_code(layer, copied), f"{path} ({file.what})", layer)
        elif file is not None and left:
            left -= 1
            likely, severity = _holds_secret(file, data)
            if likely:
                yield Defect(_code(layer, copied), f"{path} ({file.what})", layer, severity=severity)


def _code(layer: int, copied: Mapping[int, bool]) -> str:
    return _BY_COPY if copied.get(layer) else _BY_RUN


def _is_private(path: str, data: bytes) -> bool:
    # what is no text is a store of keys, which is not readable
    store = b"\0" in data and not is_public(path.rpartition("/")[2], path)
    return _PEM in data or (store and b"BEGIN " not in data)


def _holds_secret(file: SecretFile, data: bytes) -> tuple[bool, Severity | None]:
    """Whether a file likely holds a secret, and how severe that is; what may be none is a warning."""
    if not may_hold(file, data):
        return False, None
    if _PEM in data or any(not secret.weak for secret in scan(data)):
        return True, None
    spoken = speaks_of_secrets(data) or (file.what in _OPAQUE and bool(data.strip()))
    return spoken and file.what != ENVIRONMENT, Severity.WARNING


def layers_by_copy(image: Image) -> dict[int, bool]:
    """By layer, whether the image's history says that COPY or ADD made it."""
    steps = [step for step in image.history if not step.get("empty_layer")]
    if len(steps) != len(image.layers):
        return {}
    return {layer: read(step).keyword in ("ADD", "COPY") for layer, step in enumerate(steps)}
