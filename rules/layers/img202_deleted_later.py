r"""Files deleted in a later layer.

## What it does
Reports a command, in an image that ships, that deletes, uninstalls or moves what an earlier instruction put there:
a file from COPY, ADD, `curl` or `wget`, a clone, an unpacked archive, a package, the cache of a package manager.

Paths are compared as the shell and the builder see them: variables, working directories and wildcards are followed,
and what cannot be followed is not reported. Small scripts and text files are left out, except where they are secrets
by name.

## Why is this bad
A layer only adds. Deleting a file of an earlier layer hides it and frees nothing: its bytes are stored, pushed and
pulled for ever, and a secret among them can be read by everybody. Moving it stores it twice.

## Bad
```dockerfile
FROM debian:bookworm
COPY Ascend-cann-toolkit.run /tmp/
RUN /tmp/Ascend-cann-toolkit.run --install --quiet
RUN rm /tmp/Ascend-cann-toolkit.run
```
```dockerfile
FROM debian:bookworm
RUN git clone --depth 1 --branch v1.2.0 https://github.com/example/engine.git /tmp/engine && make -C /tmp/engine install
RUN rm -rf /tmp/engine
```

## Good
```dockerfile
FROM debian:bookworm
RUN --mount=type=bind,source=Ascend-cann-toolkit.run,target=/tmp/Ascend-cann-toolkit.run \
    /tmp/Ascend-cann-toolkit.run --install --quiet
```
```dockerfile
FROM debian:bookworm
RUN git clone --depth 1 --branch v1.2.0 https://github.com/example/engine.git /tmp/engine && make -C /tmp/engine install && rm -rf /tmp/engine
```

## Fix safety
Safe: where the RUN that made it stands directly before, the two become one, provided that neither holds a
top-level `||`, `;`, `&`, `cd`, `export`, `set`, `trap` or the like and their mounts are equal. A package manager's
cache is deleted in each RUN that filled it; that changes nothing but the cache, and is unsafe only where a script that
cannot be read may need apt's lists later.
Otherwise there is no fix: use a bind mount in place of COPY, or another stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from imgtool.rule import (
    Applicability,
    Cleaned,
    Content,
    Deletion,
    Facts,
    Finding,
    Fix,
    FixAvailability,
    Instruction,
    NamedTuple,
    Operation,
    Package,
    PackageOperation,
    RuleMeta,
    Run,
    Severity,
    Span,
    Stage,
    build_only,
    called,
    copy_source,
    deletions,
    history,
    is_large,
    joined,
    per_file,
    regex,
    relieved,
    weight,
)

from ._known_as import known_as
from ._sizes import kept_bytes

_REMOVE = Operation.REMOVE
_INSTALL = Operation.INSTALL
META = RuleMeta(
    "IMG202",
    "deleted-later",
    severity=Severity.WARNING,
    since="0.1.0",
    fix=FixAvailability.SOMETIMES,
    aliases=("IMG303", "DL3009", "DL3019", "DL3032", "DL3036", "DL3040", "DL3042", "DL3060"),
)

_SECRET = regex(
    r"(?:^|/)(?:id_(?:rsa|dsa|ecdsa|ed25519)|\.ssh|\.netrc|\.npmrc|\.pypirc|\.git-credentials|\.aws|credentials(?:\.json)?"
    r"|[\w.-]+\.(?:pem|p12|pfx|keystore|jks))\Z"
)
_SHOWN = 3


def check(stage: Stage, facts: Facts) -> Iterator[Finding]:
    if stage not in facts.shipped:
        return
    for deletion in deletions(facts):
        if deletion.run.stage is stage:
            yield from _of_files(facts, deletion)
    for cleaned in history(facts).cleaned:
        if cleaned.run.stage is stage:
            yield _of_cache(facts, cleaned)
    for removal in _removals(facts).get(stage, ()):
        yield _uninstalled(facts, *removal)


# --- files -------------------------------------------------------------------------------------------


def _of_files(facts: Facts, deletion: Deletion) -> Iterator[Finding]:
    secret = next((c for c in deletion.contents if _SECRET.search(c.path)), None)
    large = [c for c in deletion.contents if is_large(facts, c)]
    if secret is None and not large:
        return
    contents = [secret] if secret else large
    place = deletion.word.text
    where = _layers(c.instruction for c in contents)
    severity = Severity.ERROR if secret and secret.command is None else None
    weights = [weight(facts, c) for c in contents]
    size = sum(w for w in weights if w) if all(weights) else None
    message = _message(deletion, contents[0], place, where, secret=severity is not None)
    fix = joined(facts, deletion.run, [c.instruction for c in contents])
    yield META.finding(
        deletion.word.span,
        message,
        severity=severity,
        fix=fix,
        saves_bytes=size,
        aliases=("IMG303",) if severity else (),
        related=tuple(_sources(contents)) if severity else (),
    )


def _sources(contents: Iterable[Content]) -> Iterator[Span]:
    """The words of COPY and ADD that name where it is from."""
    for content in contents:
        yield from (w.span for w in content.instruction.words[:-1] if w.text == content.source)


def _message(deletion: Deletion, content: Content, place: str, where: str, *, secret: bool) -> str:
    if secret:
        return f"{place} can still be read in {where}; use a secret mount instead of {content.instruction.keyword}"
    if deletion.command.name == "mv":
        return f"mv stores {place} a second time, as it stays in {where}; put it in its final place there"
    if content.command is not None:
        return f"{place} stays in {where}; delete it in the RUN that made it"
    if content.path.endswith("/.git") and not copy_source(content.instruction):
        return f"{place} stays in {where}; name it in .dockerignore"
    source = "another stage" if copy_source(content.instruction) else "the context"
    instead = (
        "RUN --mount=type=bind"
        if content.instruction.keyword == "COPY" or "://" not in content.source
        else "a download in the RUN"
    )
    return f"{place} stays in {where}; use {instead} for what only the build needs from {source}"


def _layers(instructions: Iterable[Instruction]) -> str:
    """``the layer of line 3``, ``the layers of lines 3, 5 and 8``, ``the layers of lines 3, 5, 8 and 2 more``."""
    lines = [str(n) for n in sorted({i.start_line for i in instructions})]
    if len(lines) == 1:
        return f"the layer of line {lines[0]}"
    return f"the layers of lines {_listed(lines)}"


def _listed(words: Sequence[str]) -> str:
    if len(words) == 1:
        return words[0]
    if len(words) > _SHOWN + 1:
        words = [*words[:_SHOWN], f"{len(words) - _SHOWN} more"]
    return f"{', '.join(words[:-1])} and {words[-1]}"


# --- caches ------------------------------------------------------------------------------------------


def _of_cache(facts: Facts, cleaned: Cleaned) -> Finding:
    runs = [kept.run.instruction for kept in cleaned.kept]
    manager = cleaned.kept[0].fills[0].manager
    message = f"{_layers(runs)} still {'keeps' if len(runs) == 1 else 'keep'} the {cleaned.cache.what} of {manager}; clean up in the same RUN"
    # where there is an option, RUNs that are apart for a reason stay so
    alone = len(runs) == 1 or not cleaned.cache.option
    fix = (joined(facts, cleaned.run, runs) if alone else None) or _relieved(facts, cleaned)
    known = dict.fromkeys(code for kept in cleaned.kept for code in known_as(kept))
    filled = tuple(called(fill) for kept in cleaned.kept for fill in kept.fills)
    return META.finding(
        cleaned.word.span,
        message,
        fix=fix,
        aliases=tuple(known),
        related=filled,
        saves_bytes=kept_bytes(facts, cleaned.kept),
    )


def _relieved(facts: Facts, cleaned: Cleaned) -> Fix | None:
    """Each RUN that fills the cache leaves none."""
    reliefs = [relief for kept in cleaned.kept if (relief := relieved(facts, kept))]
    if len(reliefs) < len(cleaned.kept):
        return None
    doubt = next((relief.doubt for relief in reliefs if relief.doubt), "")
    edits = tuple(edit for relief in reliefs for edit in relief.edits)
    applicability = Applicability.UNSAFE if doubt else Applicability.SAFE
    return Fix(f"Leave no {cleaned.cache.what} in any RUN{doubt}", edits, applicability)


# --- packages ----------------------------------------------------------------------------------------


class _Installed(NamedTuple):
    run: Run
    operation: PackageOperation


# the RUN that removes, its command, what it removes of earlier RUNs, and those
_Removal = tuple[Run, PackageOperation, Sequence[Package], Sequence[Run]]


@per_file
def _removals(facts: Facts) -> dict[Stage, list[_Removal]]:
    """What RUNs of the image that ships remove of what earlier ones installed, by stage."""
    operations = [o for stage in facts.shipped for run in facts.runs(stage) for o in run.operations]
    if _REMOVE not in [o.operation for o in operations]:
        return {}
    installed: dict[tuple[str, str], _Installed] = {}
    found: dict[Stage, list[_Removal]] = {}
    for stage in reversed(facts.shipped):
        for run in facts.runs(stage):
            for operation in run.operations if not run.onbuild else ():
                if operation.operation is _INSTALL:
                    named = _Installed(run, operation)
                    installed |= {(operation.ecosystem, name): named for name in _names(operation)}
                elif operation.operation is _REMOVE:
                    gone = [(p, i.run) for p, i in _removed(operation, installed) if i.run is not run]
                    if gone and operation.command.unconditional:
                        removal = (run, operation, [p for p, _ in gone], [r for _, r in gone])
                        found.setdefault(stage, []).append(removal)
    return found


def _names(operation: PackageOperation) -> Iterator[str]:
    yield from (package.name for package in operation.packages if package.name)
    yield from (o.value.text for o in operation.options if o.name == "virtual" and o.value)


def _removed(
    operation: PackageOperation, installed: dict[tuple[str, str], _Installed]
) -> list[tuple[Package, _Installed]]:
    found = []
    for package in operation.packages:
        before = installed.pop((operation.ecosystem, package.name), None)
        if before is not None:
            found.append((package, before))
    return found


def _uninstalled(
    facts: Facts, run: Run, operation: PackageOperation, packages: Sequence[Package], runs: Sequence[Run]
) -> Finding:
    names = [package.raw for package in packages]
    makers = list(dict.fromkeys(r.instruction for r in runs))
    stay = "stays" if len(names) == 1 else "stay"
    message = f"{_listed(names)} {stay} in {_layers(makers)}; install and remove in one RUN, or build in another stage"
    span = Span(packages[0].span.start, packages[0].span.end)
    size = _installed_bytes(operation, packages)
    return META.finding(span, message, fix=joined(facts, run, makers), aliases=(), saves_bytes=size)


def _installed_bytes(operation: PackageOperation, packages: Sequence[Package]) -> int | None:
    """What the largest of them brings along, which the others may share."""
    if operation.ecosystem != "deb":
        return None
    found = (build_only("apt", package.name) for package in packages)
    return max((row.bytes for row in found if row and row.bytes), default=None)
