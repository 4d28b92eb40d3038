"""A command line of ``imgtool lint``, read; knows nothing of typer, which takes longer to load than a file to lint."""

from __future__ import annotations

import enum
from pathlib import Path

from imgtool.values import dataclass


class LintFormat(enum.StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"
    SARIF = "sarif"
    GITHUB = "github"
    GITLAB = "gitlab"
    CHECKSTYLE = "checkstyle"
    JUNIT = "junit"
    RDJSON = "rdjson"
    MARKDOWN = "markdown"


class FailOn(enum.StrEnum):
    """The mildest severity that makes the exit code 1."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    STYLE = "style"
    NEVER = "never"


class Profile(enum.StrEnum):
    """The set of rules to begin with."""

    DEFAULT = "default"
    HADOLINT = "hadolint"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class LintCall:
    """The options and arguments of one call; None where nothing is said."""

    paths: list[str] | None = None
    select: list[str] | None = None
    ignore: list[str] | None = None
    extend_select: list[str] | None = None
    profile: Profile | None = None
    output: LintFormat = LintFormat.TEXT
    output_file: Path | None = None
    baseline: Path | None = None
    update_baseline: bool = False
    statistics: bool = False
    preview: bool = False
    shellcheck: bool | None = None
    fix: bool = False
    unsafe_fixes: bool = False
    diff: bool = False
    build_arg: list[str] | None = None
    stage: str | None = None
    context: Path | None = None
    fail_on: FailOn | None = None
    config: Path | None = None
    isolated: bool = False
    exclude: list[str] | None = None
    force_exclude: bool = False
    stdin_filename: Path | None = None
    jobs: int | None = None
    cache: bool = True
    image: list[str] | None = None
    dockerfile: Path | None = None
    platform: str | None = None
    plain_http: bool = False
