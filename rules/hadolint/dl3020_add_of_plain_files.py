"""ADD where COPY would do.

## What it does
Reports an ADD whose source is neither an archive nor remote. Git repositories and URLs are remote; what a variable or a
pattern hides is left alone.

## Why is this bad
ADD unpacks what is an archive and downloads what is a URL, so its effect depends on the files. COPY does what it says.

## Bad
```dockerfile
FROM debian:bookworm-slim
ADD serve.sh /usr/local/bin/
```

## Good
```dockerfile
FROM debian:bookworm-slim
COPY serve.sh /usr/local/bin/
```

## Fix safety
Safe where every source is a folder, or has a suffix that is no archive's: COPY then does the same. Unsafe where a name tells
nothing: ADD would unpack a file that is an archive.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from imgtool.rule import (
    Applicability,
    Edit,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    Instruction,
    RuleMeta,
    Severity,
    Word,
    local_sources,
)

from ._acting import acting

META = RuleMeta(
    "DL3020",
    "add-of-plain-files",
    severity=Severity.ERROR,
    since="0.2.0",
    fix=FixAvailability.SOMETIMES,
    needs=("add",),
    on=("ADD", "ONBUILD"),
)

# what ADD unpacks, and what people take for that; it goes by the content
_ARCHIVES = tuple(".tar .gz .bz2 .xz .zst .lz .lzma .z .tgz .tbz .tbz2 .tb2 .txz .tzst .tlz .tpz .tz".split())
_FLAGS = frozenset(("chown", "chmod", "link", "exclude"))


def check(instruction: Instruction, facts: Facts) -> Iterator[Finding]:
    node = acting(instruction, "ADD")
    if node is None:
        return
    local = frozenset(local_sources(node))
    plain = [w for w in node.words[:-1] if w.text in local and _plain(_known(instruction, w, facts))]
    if plain:
        fix = _fix(node, plain) if len(plain) == len(node.args) - 1 else None
        message = f"{_known(instruction, plain[0], facts)} is no archive and not remote; COPY it"
        yield META.finding(node.word.span, message, fix=fix, related=(plain[0].span,))


def _known(instruction: Instruction, word: Word, facts: Facts) -> str:
    """The source; as written where a variable hides only a part that tells nothing, empty where it hides more."""
    found = facts.expand(instruction, word.text)
    if found is not None:
        return found
    text = word.text.strip("\"'")
    return "" if text.startswith("$") or "$" in text.rpartition(".")[2] else text


def _plain(source: str) -> bool:
    remote = "://" in source or source.startswith("git@")
    return bool(source) and not remote and not source.lower().endswith(_ARCHIVES)


def _fix(node: Instruction, sources: Sequence[Word]) -> Fix | None:
    names = [word.text.strip("\"'") for word in sources]
    if any(set(name) & set("*?[") for name in names) or any(flag.name not in _FLAGS for flag in node.flags):
        return None
    unclear = next((name for name in names if not _clear(name)), None)
    keyword = "COPY" if node.word.text.isupper() else "copy"
    edit = Edit(node.word.span.start, node.word.span.end, keyword)
    if unclear is None:
        return Fix("Use COPY", (edit,), Applicability.SAFE)
    return Fix(f"Use COPY: ADD unpacks {unclear} if it is an archive", (edit,), Applicability.UNSAFE)


def _clear(name: str) -> bool:
    """Whether the name tells that it is a folder, or no archive."""
    last = name.rpartition("/")[2]
    return last in ("", ".", "..") or "." in last.strip(".")
