"""What a Dockerfile does, written so that two spellings of it are equal, and what a safe fix may change of it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from imgtool.edits import Span, cut
from imgtool.facts.facts import Facts, Run
from imgtool.syntax import parse, words
from imgtool.syntax.nodes import Document, Flag, Instruction
from imgtool.transforms.runs import segments

Item = tuple[str, str]
"""What stands before a pipeline of a RUN, and the pipeline; continuations and comments are gone."""


@dataclass(frozen=True)
class Step:
    """An instruction: its keyword, flags and operands as the builder takes them; the pipelines of a RUN."""

    keyword: str
    flags: tuple[tuple[str, str | None], ...] = ()
    operands: tuple[object, ...] = ()
    items: tuple[Item, ...] = ()


class Marks(Mapping[str, str]):
    """Variables; one without a known value stands for itself."""

    def __init__(self, known: Mapping[str, str | None]) -> None:
        self.known = known

    def __getitem__(self, name: str) -> str:
        value = self.known.get(name)
        return f"<{name}>" if value is None else value

    def __iter__(self) -> Iterator[str]:
        return iter(self.known)

    def __len__(self) -> int:
        return len(self.known)


@lru_cache(maxsize=8)
def known(data: bytes) -> Facts:
    """The facts of a file: linting, judging and comparing it ask for the same ones."""
    return Facts(parse(data))


@lru_cache(maxsize=8)
def steps(data: bytes) -> list[Step]:
    """The instructions of a file in order, those that BuildKit refuses by their text."""
    facts = known(data)
    runs = {run.instruction: run for stage in facts.stages for run in facts.runs(stage)}
    return [_step(facts, i, i, runs) for i in facts.document.instructions]


def _step(facts: Facts, node: Instruction, outer: Instruction, runs: Mapping[Instruction, Run]) -> Step:
    plain = Step(node.keyword, tuple(_flag(f) for f in node.flags), (node.json, *node.args))
    if node.problem:
        return replace(plain, operands=(node.rest.data.strip(),))
    contents = tuple((h.name, h.expand, h.content) for h in outer.heredocs)
    match node.keyword:
        case "FROM":
            return _from(facts, node, plain)
        case "ONBUILD" if node.inner:
            return replace(plain, operands=(_step(facts, node.inner, outer, runs),))
        case "COPY" | "ADD":
            return replace(plain, operands=(*node.args, contents))
        case "RUN" if outer in runs:
            items = tuple(_items(facts.document, runs[outer]))
            return replace(plain, operands=() if items else (*plain.operands, contents), items=items)
    return replace(plain, operands=_values(facts, node, outer) or plain.operands)


def _values(facts: Facts, node: Instruction, outer: Instruction) -> tuple[object, ...]:
    """What an instruction sets; nothing where its operands say it."""
    match node.keyword:
        case "ENV" | "LABEL":
            values = [_value(facts, outer, text) for text in node.args]
            return tuple(zip(values[::3], values[1::3], strict=True))
        case "EXPOSE":
            return tuple(sorted({_port(_value(facts, outer, text)) for text in node.args}))
        case "WORKDIR":
            before = facts.state(outer).workdir or "?"
            return (posixpath.normpath(posixpath.join(before, _value(facts, outer, node.args[0]))),)
    return ()


def _value(facts: Facts, outer: Instruction, text: str) -> str:
    try:
        return words.expand(text, Marks(facts.state(outer).values), facts.document.escape).text or ""
    except words.WordError:
        return text


def _from(facts: Facts, node: Instruction, plain: Step) -> Step:
    stage = next(stage for stage in facts.stages if stage.from_ is node)
    base = stage.parent.index if stage.parent else _value(facts, node, stage.base)
    platform = ("$TARGETPLATFORM", "${TARGETPLATFORM}")
    flags = tuple((n, v) for n, v in plain.flags if (n, v) not in {("platform", p) for p in platform})
    return replace(plain, flags=flags, operands=(stage.name, base))


_SOURCE = re.compile(r"\bfrom=[^,\"']+")


def _flag(flag: Flag) -> tuple[str, str | None]:
    """A flag; stages are called in any case."""
    lowered = _SOURCE.sub(lambda found: found[0].lower(), flag.value or "")
    return flag.name, flag.value and (flag.value.lower() if flag.name == "from" else lowered)


def _port(text: str) -> str:
    inside, _, protocol = text.rpartition(":")[2].partition("/")
    return f"{inside}/{protocol.lower() or 'tcp'}"


def _items(document: Document, run: Run) -> Iterator[Item]:
    if not run.script.understood or (run.instruction.inner or run.instruction).json:
        return
    found = segments(run.script)
    end = 0
    for segment in found:
        gap = joined(document, Span(end, segment.span.start)).strip() if end else ""
        yield (gap or "newline" if end else ""), joined(document, segment.span)
        end = segment.span.end


def joined(document: Document, span: Span) -> str:
    """The text of a span as BuildKit gives it to a shell: on one line, without the comments between."""
    escape = re.escape(document.escape)
    return re.sub(rf"{escape}[ \t]*\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*", "", cut(document.data, span))


# --- what a safe fix may change -------------------------------------------------------------------------


@dataclass(frozen=True)
class Leeway:
    """How a fixed file may differ, beyond spelling.

    ``words``: options that commands may gain, and words that change their name. ``caches``: commands that empty package caches
    may come at the end of a RUN. ``merges``: RUNs that follow one another may become one. ``owners``: a change of owner or mode may move into COPY.
    ``adds``: ADD may become COPY.
    """

    words: tuple[tuple[str, str], ...] = ()
    caches: bool = False
    merges: bool = False
    owners: bool = False
    adds: bool = False

    def __or__(self, other: Leeway) -> Leeway:
        return Leeway(
            (*self.words, *other.words),
            self.caches or other.caches,
            self.merges or other.merges,
            self.owners or other.owners,
            self.adds or other.adds,
        )


def option(text: str) -> tuple[str, str]:
    """An option that a command may gain, in exec form too."""
    return rf'(?:, "{text}"|[ \t]+{text}(?=[\s);]|\Z))', ""


YES = Leeway((option("-y"),))
CACHES = Leeway((option("--no-cache-dir"), option("--no-cache")), caches=True, merges=True)
LEEWAY: Mapping[str, Leeway] = {
    **dict.fromkeys(("DL3014", "DL3030", "DL3034", "DL3038"), YES),
    "DL3020": Leeway(adds=True),
    "DL3027": Leeway(((r"\bapt(?= +(?:-\S+ +)*(?:update|clean|autoclean)\b)", "apt-get"),)),
    "DL3047": Leeway((option("--progress=dot:giga"),)),
    **dict.fromkeys(("DL3009", "DL3019", "DL3032", "DL3036", "DL3040", "DL3042", "DL3060"), CACHES),
    "IMG204": CACHES,
    "IMG201": Leeway(merges=True),
    "IMG202": CACHES,
    "IMG203": Leeway(merges=True, owners=True),
}
"""By rule; the safe fixes of all others change nothing but spelling."""

_CACHE_FOLDER = (
    r"(?:/var/lib/apt/lists|/var/cache/(?:apk|dnf|yum|zypp|libdnf5|tdnf)|/etc/apk/cache|/usr/local/share/\.cache/yarn"
    r"|~/\.cache/(?:pip|pipenv|uv|pypoetry/(?:cache|artifacts))|~/\.cargo/registry|/usr/local/cargo/registry)"
)
CLEANS = re.compile(
    rf"(?:sudo +)?(?:rm +-rf(?: +{_CACHE_FOLDER}/?\*?)+"
    rf"|(?:(?:\S*/)?(?:yum|dnf|microdnf|tdnf|zypper)|\$\{{PKG_CMD\}}) +clean +(?:all|--all|-a)"
    r"|\S*(?:conda|mamba|micromamba) +clean +(?:--all +--yes|-\w+)"
    r"|\S*(?:pip[\d.]*|uv) +cache +(?:purge|clean)|\S*python[\d.]* +-m +pip +cache +purge"
    # the index that --no-cache fetches by itself
    r"|apk +update"
    r"|npm +cache +clean +--force|yarn +cache +clean|pdm +cache +clear|go +clean +-cache +-modcache)"
)
# what decides that a RUN stays alone
_LEAKS = re.compile(r"(?:cd|pushd|export|set|trap|umask|source|unset|\.)\s|[A-Za-z_]\w*=\S*\Z")


def differences(before: list[Step], after: list[Step], leeway: Leeway) -> list[str]:
    """How the second file does something else than the first, beyond the leeway."""
    old = [step for step in (loosened(s, leeway) for s in before) if step]
    found = []
    for new in filter(None, (loosened(s, leeway) for s in after)):
        if not old:
            found.append(f"new: {new}")
            continue
        want, merged = old.pop(0), list[Step]()
        while want.keyword == "RUN" and leeway.merges and len(want.items) < len(new.items) and old:
            if (
                old[0].keyword != "RUN"
                or old[0].flags != want.flags
                or (old[0].operands and not old[0].items)
            ):
                break
            merged = [*(merged or [want]), old[0]]
            want = replace(want, items=_chained(want.items, old.pop(0).items))
        found += [f"merged: {step}" for step in merged if not _stands_alone(step)]
        if want != new:
            found.append(f"was: {want}\nis:  {new}")
    return [*found, *(f"gone: {step}" for step in old)]


def _chained(first: tuple[Item, ...], second: tuple[Item, ...]) -> tuple[Item, ...]:
    if not first or not second:
        return first or second
    return (*first, ("&&", second[0][1]), *second[1:])


def _stands_alone(step: Step) -> bool:
    return all(gap in ("", "&&") and not _LEAKS.match(text) for gap, text in step.items)


def loosened(step: Step, leeway: Leeway) -> Step | None:
    """The step without what the leeway lets differ; None where nothing is left of it."""
    if step.keyword == "ONBUILD" and step.operands and isinstance(step.operands[0], Step):
        return replace(step, operands=(loosened(step.operands[0], leeway),))
    if step.keyword == "ADD" and leeway.adds:
        step = replace(step, keyword="COPY")
    if step.keyword in ("COPY", "ADD") and leeway.owners:
        step = replace(step, flags=tuple(f for f in step.flags if f[0] not in ("chown", "chmod")))
    if step.keyword != "RUN":
        return step
    kept: list[Item] = []
    for gap, text in step.items:
        plain = _plain(text, leeway)
        if not (leeway.caches and CLEANS.fullmatch(plain)) and not (
            leeway.owners and re.match(r"ch(?:own|grp|mod)\s", plain)
        ):
            kept.append((gap if kept else "", plain))
    if step.items and not kept:
        return None
    texts = (_plain(o, leeway) if isinstance(o, str) else o for o in step.operands)
    return replace(step, operands=tuple(t for t in texts if t != ""), items=tuple(kept))


def _plain(text: str, leeway: Leeway) -> str:
    for pattern, new in leeway.words:
        text = re.sub(pattern, new, text)
    return text


# --- what every fix keeps -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Keeping:
    """What no fix changes, safe or not."""

    escape: str
    directives: list[tuple[str, str]]
    mark: bool
    newlines: set[bytes]
    ends: bool
    comments: list[str]
    bodies: list[bytes] = field(default_factory=list)


_NEWLINE = re.compile(rb"\r?\n")
_SHELLS = re.compile(rb"(?:\S*/)?(?:ba|da|z|k|a)?sh\b")


@lru_cache(maxsize=8)
def keeping(data: bytes) -> Keeping:
    """Layout, comments, and the here-documents that are not shell scripts."""
    document = known(data).document
    return Keeping(
        document.escape,
        [(d.name, d.value) for d in document.directives],
        data.startswith(b"\xef\xbb\xbf"),
        set(_NEWLINE.findall(data)),
        data.endswith(b"\n"),
        sorted(comment.text for comment in document.comments),
        [h.content for i in document.instructions if not _is_script(i) for h in i.heredocs],
    )


def _is_script(instruction: Instruction) -> bool:
    """Whether its here-documents go to a shell."""
    node = instruction.inner or instruction
    if node.keyword != "RUN":
        return False
    first = next((h.content for h in instruction.heredocs), b"").lstrip()
    if node.rest.data.lstrip().startswith(b"<<"):
        return not first.startswith(b"#!") or bool(re.match(rb"#!.*\bsh\b|#!.*\bbash\b", first))
    return bool(_SHELLS.match(node.rest.data.lstrip()))
