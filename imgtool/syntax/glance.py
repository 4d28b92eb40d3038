"""A glance at instructions that tells of most files that BuildKit's conversion refuses nothing in them.

It takes a sixth of the time of :mod:`~imgtool.syntax.conversion`, which follows variables and stages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from imgtool.regex import regex
from imgtool.syntax import mounts, operands, words
from imgtool.syntax.golang import atoi
from imgtool.syntax.nodes import PLATFORM_ARGS, Directive, Instruction
from imgtool.values import dataclass, field

_NAME = r"[A-Za-z_][A-Za-z0-9_]*+"
# a dollar before anything but a brace is never refused, nor are these modifiers; a key ends at its first equals sign
_VARIABLE = rf"\$(?!\{{)|\$\{{{_NAME}(?::?[-+](?:[^$'\"\\`{{}}<=\s]|\$(?!\{{)|\$\{{{_NAME}\}})*+)?\}}"
# lines of words without escapes, quoted after an equals sign or, after the first word, without one: so each word's
# quotes are paired, and those of no name. Before what is all one value an equals sign is put.
_EXPANDABLE = regex(
    rf"(?:[^$'\"\\`=\n]++|=(?:\"(?:[^$\"\\`\n]++|{_VARIABLE})*+\"|'[^'\\`\n]*+')?"
    rf"|\n(?:[A-Za-z0-9_.-]++[\t ]++\"(?:[^$\"\\`=\n]++|{_VARIABLE})*+\")?|{_VARIABLE})*+".encode()
)
# operands without quotes, and the beginning of one that is no URL whatever its variables hold
_COPIED = regex(rf"(?:[^$'\"\\`<:]++|{_VARIABLE})*+".encode())
_LOCAL = regex(r"[A-Za-z0-9_-]*+[^A-Za-z0-9_@:$-]")
_SPECIAL = regex(rb"[$'\"\\`<]")
# a word whose variables are all replaced as they are
_FILLED = regex(rf"(?:[^$'\"\\`<]++|\$(?:{_NAME}|\{{{_NAME}\}}))*+")
_FILLED_IN = regex(rf"\$\{{?({_NAME})")
_PORTS = regex(rb"[1-5]?[0-9]{1,4}(?:/tcp|/udp)?(?:[\t ]+[1-5]?[0-9]{1,4}(?:/tcp|/udp)?)*+")
_PLATFORMS = frozenset({"$BUILDPLATFORM", "$TARGETPLATFORM", "linux/amd64", "linux/arm64"})
_LITERAL = frozenset({"chown", "exclude", "link", "parents"})
_COLON, _DOLLAR = b":$"
_SCRATCH = "scratch"
# characters of a text that is kept between files
_MAX_KEPT = 1024


@dataclass(slots=True, eq=False)
class _Glance:
    """What has been seen of a file.

    ``outside`` are sources, in lower case, that no stage may be called; ``declared`` are the arguments that FROM sees.
    ``local`` are variables that what COPY takes may begin with. ``expanded`` and ``plain`` are texts that are looked at in
    the end, all at once.
    """

    stages: int = 0
    stage: str = ""
    earlier: set[str] = field(default_factory=set)
    outside: set[str] = field(default_factory=set)
    declared: set[str] = field(default_factory=lambda: {*PLATFORM_ARGS})
    local: set[str] = field(default_factory=set)
    expanded: list[bytes] = field(default_factory=list)
    plain: list[bytes] = field(default_factory=list)

    def reaches(self, source: str) -> bool:
        """Whether a source is an earlier stage, or an image as long as no stage gets its name."""
        name = source.lower()
        if name in self.earlier:
            return True
        self.outside.add(name)
        return name != self.stage and _is_image(source)


def is_accepted(instructions: Sequence[Instruction], directives: Sequence[Directive]) -> bool:
    """Whether :func:`~imgtool.syntax.conversion.document_problems` finds nothing; false where a glance cannot tell."""
    for directive in directives:
        if directive.name == "check":
            return False
    seen = _Glance()
    for node in instructions:
        look = _LOOKS.get(node.keyword)
        if not look or node.problem or not look(seen, node):
            return False
    text = b"\n".join([b"", *seen.expanded])
    plain = b"\n".join(seen.plain)
    return (
        seen.stages > 0
        and text.isascii()
        and _EXPANDABLE.fullmatch(text) is not None
        # expansion drops a byte-order mark
        and plain.isascii()
        and not _SPECIAL.search(plain)
        and (not seen.local or _begin_no_url(seen.local, instructions))
    )


def _begin_no_url(names: set[str], instructions: Sequence[Instruction]) -> bool:
    """Whether no variable of these names can hold a colon, which every URL has."""
    for node in instructions:
        if node.keyword in ("ENV", "ARG"):
            args = node.args
            pairs = zip(args[::3], args[1::3], strict=True) if node.keyword == "ENV" else map(_halves, args)
            for name, value in pairs:
                if "$" in name or (name in names and (":" in value or "$" in value)):
                    return False
    return True


def _halves(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name, value


def _from(seen: _Glance, node: Instruction) -> bool:
    if seen.stage:
        seen.earlier.add(seen.stage)
    base, *name = node.args
    # names of variables go on with letters of all scripts
    if not base.isascii():
        return False
    seen.stages += 1
    seen.stage = name[1].lower() if name else ""
    if seen.stage in seen.earlier or seen.stage in seen.outside:
        return False
    if node.flags and node.flag_value("platform") not in _PLATFORMS:
        return False
    if "$" in base:
        return _FILLED.fullmatch(base) is not None and seen.declared.issuperset(_FILLED_IN.findall(base))
    return words.is_plain(base) and (base in seen.earlier or _is_image(base))


def _is_image(name: str) -> bool:
    return name == _SCRATCH or (len(name) <= _MAX_KEPT and _is_reference(name))


@lru_cache(maxsize=256)
def _is_reference(name: str) -> bool:
    return operands.image(name) is None


def _expanded(seen: _Glance, node: Instruction) -> bool:
    seen.expanded.append(node.rest.data)
    return seen.stages > 0


def _value(seen: _Glance, node: Instruction) -> bool:
    seen.expanded.append(b"=" + node.rest.data)
    return seen.stages > 0


def _arg(seen: _Glance, node: Instruction) -> bool:
    seen.expanded.append(node.rest.data)
    if not seen.stages:
        seen.declared.update([word.partition("=")[0] for word in node.args])
    return True


def _plain(seen: _Glance, node: Instruction) -> bool:
    seen.plain.append(node.rest.data)
    return seen.stages > 0 and not node.flags


def _copy(seen: _Glance, node: Instruction) -> bool:
    data = node.rest.data
    if _DOLLAR in data:
        if not data.isascii() or not _COPIED.fullmatch(data) or not _is_local(seen, node.args[:-1]):
            return False
    elif _COLON in data:
        # it may be in a URL
        return False
    else:
        seen.plain.append(data)
    for flag in node.flags:
        name, value = flag.name, flag.value or ""
        if not words.is_plain(value) and not (name == "chown" and _is_filled(value)):
            return False
        if name == "from":
            number = atoi(value)
            sure = seen.reaches(value) if number is None else 0 <= number < seen.stages - 1
        else:
            sure = name in _LITERAL or (name == "chmod" and not operands.mode(value))
        if not sure:
            return False
    return seen.stages > 0


def _is_local(seen: _Glance, sources: Sequence[str]) -> bool:
    """Whether none can be a URL, as long as variables hold no colon."""
    for source in sources:
        if not _LOCAL.match(source):
            if ":" in source or not _is_filled(source):
                return False
            seen.local.update(_FILLED_IN.findall(source))
    return True


def _is_filled(word: str) -> bool:
    return word.isascii() and _FILLED.fullmatch(word) is not None


def _run(seen: _Glance, node: Instruction) -> bool:
    for flag in node.flags:
        if flag.name == "mount":
            value = flag.value or ""
            source = _mount_source(value) if len(value) <= _MAX_KEPT else ""
            if not source or not seen.reaches(source):
                return False
        elif flag.name == "device":
            return False
    return seen.stages > 0


@lru_cache(maxsize=256)
def _mount_source(value: str) -> str:
    """What a mount is from, ``scratch`` where it says nothing; nothing where a glance cannot tell that it is accepted."""
    mount = mounts.parse(value)
    target = mount.target
    # whatever the working directory, it is not the root
    below = ".." not in target and target.strip("./")
    if not words.is_plain(value) or mount.type == "ssh" or not (below or mount.type == "secret"):
        return ""
    try:
        mounts.check(mount, str)
    except mounts.MountError:
        return ""
    return mount.from_ or _SCRATCH


def _expose(seen: _Glance, node: Instruction) -> bool:
    return seen.stages > 0 and _PORTS.fullmatch(node.rest.data) is not None


def _nothing(seen: _Glance, _node: Instruction) -> bool:
    return seen.stages > 0


_LOOKS: dict[str, Callable[[_Glance, Instruction], bool]] = {
    "ADD": _plain,
    "ARG": _arg,
    "CMD": _nothing,
    "COPY": _copy,
    "ENTRYPOINT": _nothing,
    "ENV": _expanded,
    "EXPOSE": _expose,
    "FROM": _from,
    "HEALTHCHECK": _nothing,
    "LABEL": _expanded,
    "MAINTAINER": _nothing,
    "RUN": _run,
    "SHELL": _nothing,
    "USER": _value,
    "VOLUME": _plain,
    "WORKDIR": _value,
}
