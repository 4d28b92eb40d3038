"""Stage that is called like an image.

## What it does
Reports a FROM of a bare name that reads like a well-known image (`FROM ubuntu`) and is an earlier stage of that name,
where that stage stands on something else. Where it is made of the image of its name (`FROM python:3.12 AS python`),
nothing is lost. `COPY --from` and mounts of such a stage are clear enough.

## Why is this bad
BuildKit takes the stage, the reader the image. Whoever moves the line, or renames the stage, gets another base without
an error.

## Bad
```dockerfile
FROM nvidia/cuda:12.6.3-devel-ubuntu24.04 AS ubuntu
RUN nvcc --version

FROM ubuntu
CMD ["bash"]
```

## Good
```dockerfile
FROM nvidia/cuda:12.6.3-base-ubuntu24.04 AS base
COPY serve.sh /usr/local/bin/

FROM base
CMD ["serve.sh"]
```

## References
<https://docs.docker.com/build/building/multi-stage/#name-your-build-stages>
"""

from __future__ import annotations

from collections.abc import Iterator

from imgtool.rule import Document, Facts, Finding, RuleMeta, Severity, Stage, identify

META = RuleMeta(
    "IMG403", "stage-shadows-image", severity=Severity.WARNING, since="0.2.0", needs=(" as ", "\tas ")
)

# images of Docker's library that people name without more; those of known families are known there
_LIBRARY = frozenset(
    """almalinux alpine amazonlinux archlinux bash busybox caddy centos debian eclipse-temurin elasticsearch fedora golang
    gradle haproxy httpd mariadb maven memcached mongo mysql nginx node openjdk oraclelinux perl php postgres python
    rabbitmq redis registry rockylinux ruby rust swift tomcat traefik ubuntu""".split()
)


def check(_document: Document, facts: Facts) -> Iterator[Finding]:
    for stage in facts.stages:
        parent = stage.parent
        if (
            parent is None
            or parent.name is None
            or not _is_image(parent.name)
            or _made_of(parent, parent.name)
        ):
            continue
        message = (
            f"this is the stage {parent.name}, which stands on {parent.root.base}, not the image {parent.name}; "
            "give the stage another name"
        )
        yield META.finding(stage.base_span, message)


def _is_image(name: str) -> bool:
    return name in _LIBRARY or identify(name) is not None


def _made_of(stage: Stage, name: str) -> bool:
    """Whether a stage stands on the image of its name, or on one that is not known."""
    reference = stage.root.reference
    return reference is None or name in reference.rpartition("/")[2].partition("@")[0].partition(":")[0]
