"""What BuildKit accepts as an image, a platform, a port, a signal, a mode or a remote source.

Each check gives BuildKit's message, or None where it accepts the text. Sources: distribution/reference,
containerd/platforms, moby/sys/signal, ``dockerfile2llb/convert_expose.go`` and ``convert.go`` of moby/buildkit.
"""

from __future__ import annotations

import re

from imgtool.regex import regex
from imgtool.syntax.golang import atoi, parse_uint, quote

# --- images ------------------------------------------------------------------------------------------

_PATH_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*+"
_DOMAIN_PART = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_REFERENCE = regex(
    rf"(?P<name>(?:(?:{_DOMAIN_PART}(?:\.{_DOMAIN_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?/)?"
    rf"{_PATH_PART}(?:/{_PATH_PART})*+)"
    r"(?::[0-9A-Za-z_][0-9A-Za-z_.-]{0,127})?"
    r"(?:@(?P<digest>[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?",
    re.ASCII,
)
_IDENTIFIER = regex(r"[a-f0-9]{64}", re.ASCII)
_DIGEST = regex(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+", re.ASCII)
_HEX = regex(r"[0-9a-f]+", re.ASCII)
_DIGEST_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}
_MAX_REFERENCE = 4096
_MAX_NAME = 255


def image(text: str) -> str | None:
    """The name of an image, ``[domain/]path[:tag][@digest]``."""
    if _IDENTIFIER.fullmatch(text):
        return f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings"
    domain, remainder = _domain(text)
    remote = remainder.partition(":")[0]
    if remote.lower() != remote:
        return f"invalid reference format: repository name ({remote}) must be lowercase"
    found = _REFERENCE.fullmatch(f"{domain}/{remainder}") if len(text) <= _MAX_REFERENCE else None
    if not found:
        return "invalid reference format"
    if len(found["name"].removeprefix(f"{domain}/")) > _MAX_NAME:
        return f"repository name must not be more than {_MAX_NAME} characters"
    return digest(found["digest"]) if found["digest"] else None


def _domain(text: str) -> tuple[str, str]:
    """The registry and the rest; names without one belong to docker.io, bare ones to its library."""
    first, slash, rest = text.partition("/")
    if not slash or not (first == "localhost" or "." in first or ":" in first or first.lower() != first):
        first, rest = "docker.io", text
    elif first == "index.docker.io":
        first = "docker.io"
    return first, rest if first != "docker.io" or "/" in rest else f"library/{rest}"


def digest(text: str) -> str | None:
    """A digest, ``algorithm:hex``."""
    algorithm, _, digits = text.partition(":")
    length = _DIGEST_LENGTHS.get(algorithm)
    if length is None or not digits:
        formed = _DIGEST.fullmatch(text)
        return "unsupported digest algorithm" if formed else "invalid checksum digest format"
    if len(digits) != length:
        return "invalid checksum digest length"
    return None if _HEX.fullmatch(digits) else "invalid checksum digest format"


# --- platforms ---------------------------------------------------------------------------------------

_OS_PATTERN = r"^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?$"
_PART_PATTERN = r"^[A-Za-z0-9_.-]+$"
_OS = regex(_OS_PATTERN.replace("$", r"\Z"), re.ASCII)
_PART = regex(_PART_PATTERN.replace("$", r"\Z"), re.ASCII)
_KNOWN = frozenset({
    "aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js", "linux",
    "macos", "nacl", "netbsd", "openbsd", "plan9", "solaris", "windows", "zos", "386", "amd64",
    "amd64p32", "arm", "armbe", "arm64", "arm64be", "ppc64", "ppc64le", "loong64", "mips", "mipsle",
    "mips64", "mips64le", "mips64p32", "mips64p32le", "ppc", "riscv", "riscv64", "s390", "s390x",
    "sparc", "sparc64", "wasm", "i386", "x86_64", "x86-64", "aarch64", "armhf", "armel",
})  # fmt: skip


def platform(text: str) -> str | None:
    """A platform, ``os[(version)]``, ``arch`` or ``os/arch[/variant]``."""
    shown = quote(text)
    if "*" in text:
        return f"{shown}: wildcards not yet supported: invalid argument"
    first, *others = text.split("/", 3)
    system = _OS.match(first)
    if not system:
        return (
            f"{quote(first)} is an invalid OS component of {shown}: OSAndVersion specifier component "
            f"must match {quote(_OS_PATTERN)}: invalid argument"
        )
    for part in others:
        if not _PART.match(part):
            return (
                f"{quote(part)} is an invalid component of {shown}: platform specifier component "
                f"must match {quote(_PART_PATTERN)}: invalid argument"
            )
    if len(others) == 3:
        return f"{shown}: cannot parse platform specifier: invalid argument"
    if not others and system[1].lower() not in _KNOWN:
        return f"{shown}: unknown operating system or architecture: invalid argument"
    return None


_ARCHITECTURES = {
    "i386": "386", "x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "armel": "arm",
}  # fmt: skip
_SYSTEMS = frozenset({
    "aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js", "linux", "macos", "nacl", "netbsd",
    "openbsd", "plan9", "solaris", "windows", "zos",
})  # fmt: skip


def platform_parts(text: str) -> tuple[str, str] | None:
    """Operating system and architecture of a platform under their common names; None where it is none.

    What it leaves out is that of the machine that most images are built on, linux and amd64.
    """
    if platform(text):
        return None
    first, *others = text.lower().split("/")
    system = first.partition("(")[0]
    if not others and system not in _SYSTEMS:
        system, others = "linux", [first]
    architecture = others[0] if others else "amd64"
    return "darwin" if system == "macos" else system, _ARCHITECTURES.get(architecture, architecture)


# --- ports and signals -------------------------------------------------------------------------------


def port(text: str) -> str | None:
    """A port of EXPOSE, ``[[ip:]host:]container[/protocol]``; ports may be ranges."""
    *outer, container = text.rsplit(":", 2)
    host = outer.pop() if outer else ""
    address = outer.pop() if outer else ""
    number, _, protocol = container.partition("/")
    if not number:
        return f"invalid port: {quote(text)}: no port specified"
    if protocol.lower() not in ("", "tcp", "udp", "sctp"):
        return f"invalid port: {quote(text)}: invalid proto: {protocol}"
    bare = address[1:-1] if address.startswith("[") and address.endswith("]") else address
    if bare and not _is_address(bare):
        return f"invalid IP address: {bare}"
    inside = _ports(number)
    if inside is None:
        return f"invalid containerPort: {number}"
    outside = _ports(host) if host else inside
    if outside is None:
        return f"invalid hostPort: {host}"
    if inside > 1 and inside != outside:
        return f"invalid ranges specified for container and host Ports: {number} and {host}"
    return None


def _is_address(text: str) -> bool:
    import ipaddress  # noqa: PLC0415  an EXPOSE with an address is rare

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    # Go's net.ParseIP knows no zones
    return "%" not in text


def _ports(text: str) -> int | None:
    """How many ports a range holds; None where it is none."""
    start, dash, end = text.partition("-")
    first = _port_number(start)
    last = _port_number(end) if dash else first
    return None if first is None or last is None or last < first else last - first + 1


def _port_number(text: str) -> int | None:
    number = atoi(text)
    return number if number is not None and 0 <= number <= 65535 else None


_SIGNALS = frozenset({
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL",
    "PIPE", "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP",
    "TTIN", "TTOU", "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN", "RTMAX",
    *(f"RTMIN+{n}" for n in range(1, 16)),
    *(f"RTMAX-{n}" for n in range(1, 15)),
})  # fmt: skip


def signal(text: str) -> str | None:
    """A signal of STOPSIGNAL: any number but 0, or a name of Linux with or without SIG."""
    number = atoi(text)
    known = number != 0 if number is not None else text.upper().removeprefix("SIG") in _SIGNALS
    return None if known else f"invalid signal: {text}"


# --- COPY and ADD ------------------------------------------------------------------------------------

_SYMBOLIC_MODE = regex(r"[augo]*(?:[+=-][rstwXxugo]*)+(?:,[augo]*(?:[+=-][rstwXxugo]*)+)*", re.ASCII)
_SCHEME = regex(r"([a-zA-Z0-9]+)://", re.ASCII)
_SCP = regex(r"[a-zA-Z0-9_-]++@[a-zA-Z0-9.-]++:", re.ASCII)


def mode(text: str) -> str | None:
    """A mode of ``--chmod``: octal up to 07777, or symbolic as chmod(1) takes it."""
    octal = parse_uint(text, 8)
    if octal is not None:
        valid = octal <= 0o7777
    elif text[:1].isascii() and text[:1].isdigit():
        valid = False
    else:
        return None if _SYMBOLIC_MODE.fullmatch(text) else "invalid syntax"
    return (
        None
        if valid
        else f"invalid chmod parameter: '{text}'. it should be octal string and between 0 and 07777"
    )


def is_git(source: str) -> bool:
    """Whether ADD would clone it: a git or ssh URL, ``user@host:path``, or an HTTP URL whose path ends in ``.git``."""
    if ":" not in source:
        return False
    found = _SCHEME.match(source)
    if not found:
        return bool(_SCP.match(source))
    scheme = found[1].lower()
    path = re.split("[?#]", source[found.end() :], maxsplit=1)[0]
    return scheme in ("git", "ssh") or (scheme in ("http", "https") and path.endswith(".git"))


def is_http(source: str) -> bool:
    """Whether ADD would download it."""
    return source.startswith(("http://", "https://")) and not is_git(source)
