"""Secrets, history or weights copied from the context.

## What it does
Looks into the build context for what COPY and ADD really take, after `.dockerignore`, and reports

- files of secrets by name: `.env`, private keys (`id_rsa`, `*.pem`, `*.key`, `*.p12`, …), `.aws`, `.netrc`, `.npmrc`
  with a token, `kubeconfig`, `credentials*.json` and the like. A certificate is none: heads of `*.pem` and `*.key`
  are looked at. Nor is what lies in folders of tests, examples or packages. These are reported without a
  `.dockerignore`, too, and where COPY names them;
- `.git`, and weights (by the names that IMG206 knows, and any `*.bin` from 50 MB on) and datasets (`*.parquet`, `*.h5`,
  `*.npz`, …) that a `.dockerignore` lets in. Weights that COPY names, or a folder called
  `models`, `weights` or `data` that it takes or fills, are meant, and so is a folder within `models` or `weights`
  that it takes. Without a `.dockerignore`, IMG301 speaks of both where it reports the COPY.

Secrets that ship are an error, or a warning where a `.env` has no telling name in it; what else ships is a warning.
In a stage that only builds, secrets are a warning, since the build cache keeps them, and all else is information. So
are weights of less than 10 MB.

## Why is this bad
A secret in a layer belongs to everybody who has the image, even where a later layer deletes it. `.git` holds all that
was ever deleted from the sources, and changes with every commit, so that no layer below is ever found in the cache.
Weights are stored and pulled once more with every build of the code.

## Bad
```dockerfile
FROM python:3.12-slim
WORKDIR /app
COPY . .
CMD ["python", "main.py"]
```
```text file=.dockerignore
__pycache__
```
```text file=main.py
print("hello")
```
```text file=.env
API_URL=https://api.internal
```
```text file=weights/model.safetensors
0
```

## Good
```dockerfile
FROM python:3.12-slim
WORKDIR /app
COPY . .
CMD ["python", "main.py"]
```
```text file=.dockerignore
.git
**/.env*
**/*.safetensors
```
```text file=main.py
print("hello")
```
```text file=.env
API_URL=https://api.internal
```
```text file=weights/model.safetensors
0
```

## References
<https://docs.docker.com/build/building/secrets/>
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from imgtool.rule import BuildContext, ContextFile, Document, Facts, Finding, NamedTuple, RuleMeta, Severity

from ._kinds import BIG, SHOWN, endings, git, in_bytes, listed, secret, summary, weights
from ._sources import Source, sources

META = RuleMeta("IMG302", "dockerignore-lets-in", severity=Severity.WARNING, since="0.1.0")


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    context = facts.context
    if context is None or context.ignore.errors:
        return
    found = sources(facts)
    if not found:
        return
    everything = context.files()
    files = [file for file in summary(everything).interesting if _sure(file, facts.contexts)]
    # what ships counts first; a file is reported once
    for source in sorted(found if files else (), key=lambda source: source.stage not in facts.shipped):
        takes = source.takes(context)
        here = [file for file in files if takes(file.path)]
        ships = source.stage in facts.shipped
        taken = _Taken(facts, source, context, ships, measured=ships and everything.complete)
        for finding, told in (kind(taken, here) for kind in (_secrets, _history, _weights)):
            if finding:
                yield finding
                files = [file for file in files if file not in told]


def _sure(file: ContextFile, contexts: Sequence[BuildContext]) -> bool:
    """Whether every folder that may be the context has the file, and lets it in."""
    path = contexts[0].root / file.path
    return all(
        path.is_relative_to(other.root) and not other.ignore.matches(path.relative_to(other.root).as_posix())
        for other in contexts[1:]
    )


class _Taken(NamedTuple):
    """One operand of COPY with the context.

    ``ships``: what it takes is in the image; ``measured``: and its size is known.
    """

    facts: Facts
    source: Source
    context: BuildContext
    ships: bool
    measured: bool

    @property
    def words(self) -> str:
        return f"{self.source.instruction.keyword} {self.source.text}"

    @property
    def ignore(self) -> str:
        """The name of the file that lets in."""
        return self.context.ignore_file.name if self.context.ignore_file else ".dockerignore"

    def finding(
        self, message: str, severities: tuple[Severity, Severity], files: Sequence[ContextFile]
    ) -> Finding:
        """``severities``: where it ships, and where not."""
        saving = sum(file.size for file in files) if self.measured else 0
        severity = severities[0] if self.ships else severities[1]
        return META.finding(self.source.span, message, severity=severity, saves_bytes=saving or None)


_Told = tuple[Finding | None, Collection[ContextFile]]
_NOTHING: _Told = (None, ())


def _secrets(taken: _Taken, files: Sequence[ContextFile]) -> _Told:
    kinds = {file: kind for file in files if (kind := secret(file, taken.context))}
    if not kinds:
        return _NOTHING
    shown = [f"{file.path} ({kind.what})" for file, kind in kinds.items()]
    goal = "the image" if taken.ships else "a layer of the build cache"
    patterns = dict.fromkeys(kind.pattern for kind in kinds.values())
    advice = f"keep it out with {listed(patterns)} in {taken.ignore}, and pass it to a RUN with --mount=type=secret"
    message = f"{taken.words} takes {listed(shown)} into {goal}{_why(taken, list(kinds))}; {advice}"
    worst = Severity.ERROR if any(kind.sure for kind in kinds.values()) else Severity.WARNING
    return taken.finding(message, (worst, Severity.WARNING), ()), kinds.keys()


def _history(taken: _Taken, files: Sequence[ContextFile]) -> _Told:
    parts = [file for file in files if git(file)] if taken.context.ignore_file else []
    if not parts:
        return _NOTHING
    message = f"{taken.words} takes .git, {in_bytes(parts)}{_why(taken, parts)}; add .git to {taken.ignore}"
    return taken.finding(message, (Severity.WARNING, Severity.INFO), parts), set(parts)


def _weights(taken: _Taken, files: Sequence[ContextFile]) -> _Told:
    models = [file for file in files if weights(file) and file.path != taken.source.path]
    if not models or not taken.context.ignore_file or taken.source.means_weights(taken.facts):
        return _NOTHING
    message = (
        f"{taken.words} takes {listed([file.path for file in models])}, {in_bytes(models)}{_why(taken, models)}; "
        f"add {listed(endings(models))} to {taken.ignore}, or copy them by name"
    )
    big = sum(file.size for file in models) >= BIG
    return taken.finding(message, (Severity.WARNING if big else Severity.INFO, Severity.INFO), models), set(
        models
    )


def _why(taken: _Taken, files: Sequence[ContextFile]) -> str:
    """Why a line that looks as if it kept one of the files out does not."""
    ignore = taken.context.ignore
    for path in (file.path for file in files[:SHOWN] if ignore.patterns):
        decided = ignore.explain(path)
        if decided is not None:
            return f" (line {decided.line} of {taken.ignore} lets in {path})"
        name = path.rpartition("/")[2]
        near = (p for p in ignore.patterns if not p.exclusion and "/" not in p.text and p.match(name))
        if pattern := next(near, None):
            return f" (line {pattern.line} of {taken.ignore} does not match {path}: begin it with **/)"
    return ""
