"""Files that a build context holds and an image seldom wants, by their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from imgtool.rule import (
    ENVIRONMENT,
    PRIVATE_KEY,
    REGISTRY,
    BuildContext,
    ContextFile,
    Listing,
    NamedTuple,
    ending,
    is_foreign,
    is_public,
    least_weights,
    may_hold,
    per_file,
    secret_file,
    speaks_of_secrets,
)

from .._patterns import compiled

HISTORY = ".git"
"""The folder of a repository's history."""

MIN_BINARY = 50_000_000
"""Bytes from which on a ``.bin`` is taken for weights."""

BIG = 10_000_000
"""Bytes from which on weights that ship are worth a warning."""

SHOWN = 3
"""How many of several names a message says."""

_GIT = r"(?:.*/)?\.git/"
_NEEDLESS = r"(?:.*/)?(\.git|__pycache__|\.pytest_cache|\.mypy_cache|\.ruff_cache|\.tox|\.nox|\.venv|\.idea|\.vscode|\.ipynb_checkpoints)/"
# endings of datasets; h5 is one of weights as well, and here both count
_DATA = frozenset("h5 hdf5 npz tfrecord tfrecords parquet arrow".split())
_FEW_BYTES = 1 << 16


# much else than datasets lies below a folder called data
_FOLDER_OF_WEIGHTS = (
    r"(?i)(?:\A|[/_-])(?:(?:models?|weights?|checkpoints?|ckpts?|pretrained)(?=/|\Z)|(?:data|datasets?)\Z)"
)
_CODE = (".py", ".ipynb", ".js", ".ts", ".go", ".rs", ".java", ".c", ".cc", ".cpp", ".cu")


def git(file: ContextFile) -> bool:
    """Whether it is a part of a repository's history."""
    return ".git/" in file.path and compiled(_GIT).match(file.path) is not None


def needless(file: ContextFile) -> str | None:
    """The folder that it is in, of those that no image needs: history, caches, environments, editors' settings."""
    path = file.path
    if "/." not in path and path[:1] != "." and "__pycache__" not in path:
        return None
    found = compiled(_NEEDLESS).match(path)
    return found and found[1]


def weights(file: ContextFile) -> bool:
    """Whether it holds weights of a model, or a dataset."""
    return _is_weights(file) and not needless(file)


def _is_weights(file: ContextFile) -> bool:
    least = least_weights(file.path)
    if least is not None and file.size >= least:
        return True
    _, dot, last = file.path.rpartition(".")
    if last == "bin" and dot:
        return file.size >= MIN_BINARY
    return bool(dot) and last.lower() in _DATA


def folder_of_weights(path: str) -> bool:
    """Whether a folder is called after what it holds, or one above after weights: copying it by name is meant."""
    return compiled(_FOLDER_OF_WEIGHTS).search(path) is not None


def endings(files: Iterable[ContextFile], folder: str = "") -> dict[str, None]:
    """The patterns that keep weights out of a folder, by how their names end."""
    within = f"{folder}/" if folder else ""
    return dict.fromkeys(f"{within}**/*.{ending(file.path)}" for file in files)


def interesting(file: ContextFile) -> bool:
    """Whether it is worth asking what it is."""
    return git(file) or weights(file) or secret_file(file.path) is not None


class Made(NamedTuple):
    """A folder of what is made: ``sign`` is what its project has, ``shows`` a file that is there where it was made.

    ``pattern`` keeps it out of a context, wherever it is or at the top alone.
    """

    name: str
    sign: str
    shows: str
    pattern: str

    @property
    def anywhere(self) -> bool:
        return self.pattern.startswith("**")

    def is_shown(self, names: str) -> bool:
        """Whether its project is among files; before and behind the path of each stands a NUL."""
        return f"\0{self.sign}\0" in names or (self.anywhere and f"/{self.sign}\0" in names)


MADE = (
    Made("node_modules", "package.json", "", "**/node_modules"),
    Made("build", "CMakeLists.txt", "build/CMakeCache.txt", "build"),
    Made("target", "Cargo.toml", "target/CACHEDIR.TAG", "target"),
)


class Summary(NamedTuple):
    """What the files of a listing are.

    ``folders`` are the bytes of the files by the folders they are in: one that no image needs, or ``""``, then those
    of :data:`MADE`; the first files' first. ``signs`` are the names of :data:`MADE` whose project is there, ``code`` is
    whether there are sources of any program.
    """

    interesting: tuple[ContextFile, ...]
    folders: Mapping[tuple[str, ...], int]
    signs: frozenset[str]
    python: bool
    code: bool
    nested_history: bool


# many Dockerfiles have one context, and it has many files
@per_file
def summary(listing: Listing) -> Summary:
    """What is to be known of a listing, whichever Dockerfile asks."""
    within = [needless(file) for file in listing.files]
    names = "\0".join(["", *[file.path for file in listing.files], ""])
    pairs = list(zip(listing.files, within, strict=True))
    return Summary(
        interesting=tuple([file for file in listing.files if interesting(file)]),
        folders=_folders(pairs),
        signs=frozenset([made.name for made in MADE if made.is_shown(names)]),
        python=".py\0" in names,
        code=any(file.path.endswith(_CODE) for file in listing.files),
        nested_history=any(name == HISTORY and not file.path.startswith(".git/") for file, name in pairs),
    )


def _folders(files: Iterable[tuple[ContextFile, str | None]]) -> dict[tuple[str, ...], int]:
    """Bytes by the folders that files are in; with each file the one that no image needs."""
    folders: dict[tuple[str, ...], int] = {}
    for file, within in files:
        path = file.path
        key = (within or "", *[made.name for made in MADE if made.name in path and _is_in(path, made)])
        folders[key] = folders.get(key, 0) + file.size
    return folders


def _is_in(path: str, made: Made) -> bool:
    return path.startswith(f"{made.name}/") or (made.anywhere and f"/{made.name}/" in path)


class SecretFile(NamedTuple):
    """What a file of secrets is, the pattern that keeps it out, and whether it is ``sure`` to hold any."""

    what: str
    pattern: str
    sure: bool


def secret(file: ContextFile, context: BuildContext) -> SecretFile | None:
    """What a file of secrets is; None where there are none in it.

    Certificates and settings without a token share names with secrets, so the heads of some files are read.
    """
    found = secret_file(file.path)
    head = context.head(file.path, _FEW_BYTES) if found else b""
    if found is None or not may_hold(found, head):
        return None
    *_, parent, name = ("", *file.path.split("/"))
    pattern = found.pattern.format(name=name, parent=parent, ending=name.rpartition(".")[2])
    return SecretFile(found.what, pattern, found.what != ENVIRONMENT or speaks_of_secrets(head))


# folders of secrets, by their names
_FOLDERS = {
    ".ssh": "keys of SSH",
    ".aws": "AWS credentials",
    ".docker": "Docker credentials",
    ".kube": "Kubernetes credentials",
    ".gnupg": "keys of GnuPG",
    ".azure": "Azure credentials",
    "gcloud": "Google credentials",
}
# what may as well hold settings alone
_PERHAPS = frozenset((ENVIRONMENT, REGISTRY))


def named_secret(path: str, goal: str) -> SecretFile | None:
    """What a file or folder of secrets is by its name alone, where ``goal`` does not say that it is public."""
    name = path.rpartition("/")[2]
    if name in _FOLDERS and not is_foreign(path):
        return SecretFile(_FOLDERS[name], f"**/{name}", sure=True)
    found = secret_file(path)
    if found is None or (found.what == PRIVATE_KEY and is_public(name, goal)):
        return None
    return SecretFile(found.what, "", found.what not in _PERHAPS)


def listed(names: Iterable[str]) -> str:
    """The first of them in words, and how many more there are."""
    shown = list(names)
    more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    return ", ".join(shown[:SHOWN]) + more


def in_bytes(files: Iterable[ContextFile]) -> str:
    """How large they are, in words."""
    return f"{sum(file.size for file in files):,} bytes"
