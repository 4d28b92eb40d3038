"""What a project says beside its Dockerfile."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from imgtool.values import dataclass, field

if TYPE_CHECKING:
    from imgtool.facts.context import How


@dataclass(frozen=True, slots=True)
class Policy:
    """What a project asks of its images.

    ``label_schema`` maps each wanted label to the type of its value (text, url, semver, hash, rfc3339, spdx, email);
    ``strict_labels``: no others. Where there are ``trusted_registries``, images come from no other; one ``*`` at
    an end stands for anything.
    """

    label_schema: Mapping[str, str] = field(default_factory=dict)
    strict_labels: bool = False
    trusted_registries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FactOptions:
    """What the user says beyond the file: build arguments, the target stage, where file and context are, the policy.

    ``context_how`` tells who names the context. ``overlay`` are files of the context that are yet to be written, by
    their paths in it.
    """

    build_args: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    stage: str | None = None
    dockerfile: Path | None = None
    context: Path | None = None
    context_how: How = "option"
    policy: Policy = field(default_factory=Policy)
    # a job goes to other processes, and no mappingproxy does
    overlay: Mapping[str, bytes] = field(default_factory=dict)
