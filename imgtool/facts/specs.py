"""What a package manager's operand names: a package with its version, a file, a URL, a repository."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from imgtool.facts.commands import Arg
from imgtool.facts.packages import Package, PackageSource
from imgtool.regex import regex
from imgtool.values import maker

_new_package = maker(Package)
_new_arg = maker(Arg)

Reader = Callable[[Arg], Package | None]


def packages(read: Reader, operands: Iterable[Arg]) -> tuple[Package, ...]:
    """What ``read`` makes of operands."""
    found: list[Package] = []
    for operand in operands:
        text, raw, start, end, _, expands = operand
        package = _known(read, text, raw, expands) if len(raw) <= _SHORT else read(operand)
        if package is not None:
            name, spec, _, _, _, extras, source, marker, channel = package
            found.append(_new_package((name, spec, raw, start, end, extras, source, marker, channel)))
    return tuple(found)


_SHORT = 100


# the same packages are installed in file after file
@lru_cache(maxsize=4096)
def _known(read: Reader, text: str, raw: str, expands: bool) -> Package | None:
    return read(_new_arg((text, raw, 0, 0, False, expands)))


_EXPANSION = regex(r"\$\{[^{}]*\}|\$\((?:[^()]|\([^()]*\))*\)|`[^`]*`")


def _fields(pattern: re.Pattern[str], text: str) -> dict[str, str] | None:
    """A pattern's groups, ``""`` for those without a match; no expansion is taken apart: ``${V/./-}``."""
    if "$" not in text and "`" not in text:
        found = pattern.fullmatch(text)
        return found and found.groupdict("")
    found = pattern.fullmatch(_EXPANSION.sub(lambda part: "$" + "x" * (len(part[0]) - 1), text))
    return found and {name: text[slice(*found.span(name))] for name in pattern.groupindex}


def _package(
    arg: Arg, name: str, spec: str | None = None, source: PackageSource = PackageSource.INDEX
) -> Package:
    return Package(name, spec or None, arg.raw, arg.start, arg.end, source=source)


def _local(arg: Arg, suffixes: tuple[str, ...], split: str) -> Package | None:
    """A package file by path or URL; its name is what stands before ``split`` in the file's name."""
    text = arg.text
    url = "://" in text
    if not url and not text.endswith(suffixes) and not text.startswith(("./", "../", "/", "~/")):
        return None
    file = text.partition("?")[0].rpartition("/")[2]
    name = re.split(split, file)[0] if file.endswith(suffixes) and "*" not in file else ""
    return _package(arg, name, None, PackageSource.URL if url else PackageSource.FILE)


# --- system packages ---------------------------------------------------------------------------------

_DEB = regex(r"(?P<name>[^=/]+?)(?::(?:[a-z0-9-]+|any|native|all))?(?P<spec>[=/].*)?")


def deb(arg: Arg) -> Package | None:
    """``name``, ``name=version``, ``name/release``, ``name:architecture``, ``./file.deb``; ``name-`` removes.

    Source: apt-get(8).
    """
    text = arg.text
    if local := _local(arg, (".deb",), "_"):
        return local
    found = _fields(_DEB, text)
    if not found or (text.endswith("-") and not arg.expands):
        return None
    name = found["name"]
    # apt takes one + off where no package has that name: g++ is a package
    if name.endswith("+") and not name.endswith("++"):
        name = name[:-1]
    return _package(arg, name, found["spec"])


_APK = regex(r"(?P<name>[^=<>~@]+)(?P<spec>(?:[=<>~]+[^@]*)?(?:@.*)?)")


def apk(arg: Arg) -> Package | None:
    """``name``, ``name=1``, ``name~1``, ``name>1``, ``name@tag``; ``!name`` conflicts. Source: apk-world(5)."""
    if local := _local(arg, (".apk",), r"-\d"):
        return local
    found = _fields(_APK, arg.text)
    if not found or arg.text.startswith("!"):
        return None
    return _package(arg, found["name"], found["spec"])


_RPM_ARCH = regex(r"\.(?:x86_64|i[3-6]86|aarch64|ppc64le|s390x|noarch|src|armv7hl|riscv64)\Z")
# a version has a dot: cuda-toolkit-12-1 is a name
_RPM_VERSION = regex(r"(?P<name>.+?)-(?P<spec>(?:\d+:)?\d+\.[\w.~^+]*(?:-[\w.~^+]+)?|(?=\$).*)")


def rpm(arg: Arg) -> Package | None:
    """``name``, ``name-version[-release]``, ``name.arch``, ``file.rpm``, a URL; ``@group`` is none.

    Source: dnf(8), "specifying packages".
    """
    if arg.text.startswith("@"):
        return None
    if local := _local(arg, (".rpm",), r"-\d"):
        return local
    text = _RPM_ARCH.sub("", arg.text)
    found = _fields(_RPM_VERSION, text)
    # libfoo-$VERSION and cuda-toolkit-$VERSION look alike
    if found and "$" not in found["name"]:
        return _package(arg, found["name"], found["spec"])
    return _package(arg, text)


_CAPABILITY = regex(r"(?:[^:\s]+:)?(?P<name>[^<>=\s]+)\s*(?P<spec>[<>=].*)?")


def zypper(arg: Arg) -> Package | None:
    """``name``, ``name=1``, ``name>=1``, ``repository:name``, ``file.rpm``; ``-name`` and ``~name`` remove.

    Source: zypper(8).
    """
    if local := _local(arg, (".rpm",), r"-\d"):
        return local
    found = _fields(_CAPABILITY, arg.text.lstrip("+"))
    if not found or arg.text.startswith(("-", "~", "!")):
        return None
    return _package(arg, _RPM_ARCH.sub("", found["name"]), found["spec"])


# --- Python ------------------------------------------------------------------------------------------

_REQUIREMENT = regex(
    r"(?P<name>(?:[A-Za-z0-9]|\$\{?\w++\}?)(?:[A-Za-z0-9._-]|\$\{?\w++\}?)*+)\s*(?:\[(?P<extras>[^\]]*)\])?\s*"
    r"(?P<rest>(?:@|[<>=!~(]|\s).*)?",
    re.DOTALL,
)
_SEPARATORS = regex(r"[-_.]+")
_ARCHIVES = (".whl", ".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz", ".egg")
_BEHIND = regex(r"[?#]")
_VCS = regex(r"(?:git|hg|svn|bzr)\+|git@")
_EGG = regex(r"[#&]egg=([A-Za-z0-9._-]+)")
_EXTRAS = regex(r"(.*?)\[([\w\s,.-]*)\]\Z", re.DOTALL)


def normalise(name: str) -> str:
    """A Python package's name as :pep:`503` compares it; one with a variable stays as it is."""
    return name if "$" in name else _SEPARATORS.sub("-", name).lower()


def python(arg: Arg) -> Package | None:
    """A requirement as pip reads it: :pep:`508`, a path, a URL, a repository."""
    text, _, marker = arg.text.partition(";")
    text, marker = text.strip(), marker.strip()
    found = _fields(_REQUIREMENT, text)
    rest = (found["rest"] or "").strip() if found else ""
    if found and (rest.startswith("@") or not text.endswith(_ARCHIVES)):
        source, spec = PackageSource.INDEX, rest or None
        if rest.startswith("@"):
            source = _python_source(rest[1:].strip())
        return Package(
            normalise(found["name"]),
            spec,
            arg.raw,
            arg.start,
            arg.end,
            _extras(found["extras"]),
            source,
            marker or None,
        )
    target, extras = text, None
    if bracket := _EXTRAS.fullmatch(text):
        target, extras = bracket[1], bracket[2]
    source = _python_source(target)
    return Package(
        _python_name(target, source),
        None,
        arg.raw,
        arg.start,
        arg.end,
        _extras(extras),
        source,
        marker or None,
    )


def _extras(text: str | None) -> tuple[str, ...]:
    return tuple(normalise(part.strip()) for part in (text or "").split(",") if part.strip())


def _python_source(target: str) -> PackageSource:
    if _VCS.match(target):
        return PackageSource.VCS
    if "://" in target and not target.startswith("file:"):
        return PackageSource.URL
    return PackageSource.FILE if target.endswith(_ARCHIVES) else PackageSource.PATH


def _python_name(target: str, source: PackageSource) -> str:
    """The package that a path, file, URL or repository holds, as far as its name says it."""
    if egg := _EGG.search(target):
        return normalise(egg[1])
    last = _BEHIND.split(target)[0].rstrip("/").rpartition("/")[2]
    archive = next((suffix for suffix in _ARCHIVES if last.endswith(suffix)), "")
    if source is PackageSource.VCS:
        name = re.split(r"@|\.git", last)[0]
    elif archive in (".whl", ".egg"):
        # name-version-…: a pattern after the first dash leaves the name
        name = last.partition("-")[0]
    else:
        name = re.split(r"-v?\d", last.removesuffix(archive))[0] if archive and "-" in last else ""
    return "" if set(name) & set("*?[]${}") else normalise(name)


_CONDA = regex(r"(?:(?P<channel>[^:]+)::)?(?P<name>[A-Za-z0-9_][\w.-]*)\s*(?P<spec>[<>=!~\[ ].*)?", re.DOTALL)


def conda(arg: Arg) -> Package | None:
    """``channel::name=version=build``, ``name>=1``, ``name[version='1']``, a package file. Source: conda's MatchSpec."""
    text = arg.text
    if text.endswith((".conda", ".tar.bz2")):
        url = "://" in text
        name = re.split(r"-[^-]+-[^-]+\Z", text.rpartition("/")[2])[0]
        return _package(arg, name, None, PackageSource.URL if url else PackageSource.FILE)
    found = _fields(_CONDA, text)
    if not found:
        return _package(arg, text)
    spec = (found["spec"] or "").strip()
    return Package(
        found["name"].lower(), spec or None, arg.raw, arg.start, arg.end, channel=found["channel"] or None
    )


# --- other languages ---------------------------------------------------------------------------------

_NODE = regex(r"(?P<name>(?:@[^/@]+/)?[^/@:]+)(?:@(?P<spec>.*))?")
_GIT_URL = regex(r"git(?:\+|@|:)|(?:github|gitlab|bitbucket|gist):|https?://[^#]*\.git(?:#|\Z)")


def node(arg: Arg) -> Package | None:
    """``name@range``, ``@scope/name@range``, ``alias@npm:name@range``, a folder, tarball or repository.

    Source: npm-package-spec(7).
    """
    text = arg.text
    found = None if text.endswith((".tgz", ".tar.gz")) else _NODE.fullmatch(text)
    target = (found["spec"] or "") if found else text
    if _GIT_URL.match(target) or (not found and re.fullmatch(r"[\w-][\w.-]*/[\w.-]+(?:#.*)?", target)):
        source = PackageSource.VCS
    elif "://" in target:
        source = PackageSource.URL
    elif target.startswith((".", "/", "~/", "file:", "link:")) or target.endswith((".tgz", ".tar.gz")):
        source = PackageSource.FILE if target.endswith((".tgz", ".tar.gz")) else PackageSource.PATH
    else:
        source = PackageSource.INDEX
    if found and source is PackageSource.INDEX:
        alias = re.fullmatch(r"npm:((?:@[^/@]+/)?[^@]+)(?:@(.*))?", target)
        return _package(arg, alias[1], alias[2]) if alias else _package(arg, found["name"], found["spec"])
    named = found and found["spec"] is not None
    return _package(arg, found["name"] if found and named else "", target if named else None, source)


def gem(arg: Arg) -> Package | None:
    """``name``, ``name:version``, ``file.gem``. Source: ``gem help install``."""
    if local := _local(arg, (".gem",), r"-\d"):
        return local
    name, _, spec = arg.text.partition(":")
    return _package(arg, name, spec)


def go(arg: Arg) -> Package | None:
    """``path@version``, ``./...``. Source: ``go help install``."""
    path, _, version = arg.text.partition("@")
    local = path.startswith((".", "/")) or path.endswith(".go")
    return _package(arg, path, version, PackageSource.PATH if local else PackageSource.INDEX)


def cargo(arg: Arg) -> Package | None:
    """``crate``, ``crate@version``. Source: cargo-install(1)."""
    name, _, version = arg.text.partition("@")
    return _package(arg, name, version)
