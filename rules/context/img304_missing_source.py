"""COPY or mount of what the build context does not have.

## What it does
Reports a source of COPY, ADD or `RUN --mount=type=bind` that is not in the build context which `--context` or the
configuration names, and one that is there, but that the `.dockerignore` keeps out: the build ends there. Where the
context is only found by its files, it has what is copied, so that only the second is reported.

Sources with wildcards may match nothing, and are left alone; so are those with variables that are not known, and those
of `ONBUILD`, which are read from another context.

## Why is this bad
The build fails at that line, after all that comes before it was built. BuildKit's own check (`CopyIgnoredFile`) looks
at the `.dockerignore` alone, and gives up where that has a line with `!`.

## Bad
```dockerfile
FROM debian:bookworm-slim
COPY serve.sh /usr/local/bin/
CMD ["serve.sh"]
```
```text file=serve.sh
echo
```
```text file=.dockerignore
*
!main.py
```

## Good
```dockerfile
FROM debian:bookworm-slim
COPY serve.sh /usr/local/bin/
CMD ["serve.sh"]
```
```text file=serve.sh
echo
```
```text file=.dockerignore
*
!serve.sh
```

## References
<https://docs.docker.com/reference/build-checks/copy-ignored-file/>
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from imgtool.rule import BuildContext, Document, Facts, Finding, RuleMeta, Severity

from .._patterns import compiled
from ._sources import Source, mounted, sources

META = RuleMeta(
    "IMG304",
    "missing-source",
    severity=Severity.ERROR,
    since="0.2.0",
    aliases=("CopyIgnoredFile",),
    needs=("copy", "add", "mount"),
)

_WILDCARD = r"[*?\[]"


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    context = facts.context
    if context is None or context.ignore.errors:
        return
    for source in chain(sources(facts), mounted(facts)):
        if compiled(_WILDCARD).search(source.text) or source.takes_all():
            continue
        if not _lacks(context, source):
            continue
        # with another context it may well be there
        if all(_lacks(other, source) for other in facts.contexts[1:]):
            yield _finding(context, source)


def _lacks(context: BuildContext, source: Source) -> bool:
    if context.reaches(source.text):
        return False
    found = context.copied([source.text])
    return found.complete and not found.files


def _finding(context: BuildContext, source: Source) -> Finding:
    decided = context.ignore.explain(source.path)
    keyword = source.instruction.keyword
    # BuildKit's own check looks at no mount
    aliases = META.aliases if keyword != "RUN" else ()
    if decided is not None and context.holds(source.path):
        ignore = context.ignore_file.name if context.ignore_file else ".dockerignore"
        why = f"line {decided.line} of {ignore} keeps {source.text} out, so {keyword} finds nothing"
        return META.finding(source.span, why, aliases=aliases)
    what = f"{source.text} is not in the build context, so {keyword} fails"
    return META.finding(source.span, what, aliases=())
