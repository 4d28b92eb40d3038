"""``imgtool lint``: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imgtool.cli import linting
from imgtool.cli.basics import UsageError
from imgtool.cli.inputs import BuildArgs, Isolated
from imgtool.cli.lint_call import FailOn, LintCall, LintFormat, Profile
from imgtool.cli.lint_options import (
    BaselineOption,
    DockerfileOption,
    FormatOption,
    ImageOption,
    OutputFile,
    PlainHttpOption,
    PlatformOption,
    Statistics,
    UpdateBaseline,
)

Selectors = list[str] | None


def lint(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...", help="Dockerfiles, folders, or - for standard input; else this folder."
        ),
    ] = None,
    select: Annotated[
        Selectors, typer.Option(metavar="CODES", help="Run these rules, whatever the configuration selects.")
    ] = None,
    ignore: Annotated[Selectors, typer.Option(metavar="CODES", help="Leave these rules out.")] = None,
    extend_select: Annotated[
        Selectors, typer.Option("--extend-select", metavar="CODES", help="Run these rules as well.")
    ] = None,
    profile: Annotated[
        Profile | None,
        typer.Option(metavar="NAME", help="The set to begin with: default, hadolint (its rules), or all."),
    ] = None,
    output: FormatOption = LintFormat.TEXT,
    output_file: OutputFile = None,
    baseline: BaselineOption = None,
    image: ImageOption = None,
    dockerfile: DockerfileOption = None,
    platform: PlatformOption = None,
    *,
    plain_http: PlainHttpOption = False,
    update_baseline: UpdateBaseline = False,
    statistics: Statistics = False,
    preview: Annotated[bool, typer.Option("--preview", help="New rules, too.")] = False,
    shellcheck: Annotated[
        bool | None,
        typer.Option(
            "--shellcheck/--no-shellcheck",
            help="Have ShellCheck read shell code; else where it is installed.",
        ),
    ] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Apply safe fixes to the files.")] = False,
    unsafe_fixes: Annotated[
        bool,
        typer.Option("--unsafe-fixes", help="With --fix or --diff: fixes that may change the image, too."),
    ] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Print what --fix would change, and change nothing.")
    ] = False,
    build_arg: BuildArgs = None,
    stage: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The stage that ships: name or number; else the last."),
    ] = None,
    context: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="The build context.", exists=True, file_okay=False),
    ] = None,
    fail_on: Annotated[
        FailOn | None,
        typer.Option(
            "--fail-on", help="The mildest severity that makes the exit code 1; else any finding does."
        ),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Use this configuration for every file.")
    ] = None,
    isolated: Isolated = False,
    exclude: Annotated[
        Selectors, typer.Option(metavar="PATTERN", help="Leave out of folders, as .gitignore would.")
    ] = None,
    force_exclude: Annotated[
        bool, typer.Option("--force-exclude", help="Exclude files that are named here, too.")
    ] = False,
    stdin_filename: Annotated[
        Path | None, typer.Option("--stdin-filename", metavar="NAME", help="What standard input is called.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", metavar="N", min=1, help="Processes; else as many as pay.")
    ] = None,
    cache: Annotated[
        bool,
        typer.Option(
            "--cache/--no-cache", help="Keep findings, and find them again while nothing has changed."
        ),
    ] = True,
) -> None:
    r"""Find what makes a GPU or NPU image too big, too slow or wrong.

    A file that is named is linted whatever its name. In folders, Dockerfiles are found by name (Dockerfile,
    Containerfile, X.Dockerfile, Dockerfile.X, Dockerfile-X, Dockerfile_X, any case), and .gitignore is honoured. CODES are
    codes, prefixes of codes, names or ALL, separated by commas; an option may be repeated. The longest one
    that covers a rule decides.

    \b
    Examples:
      imgtool lint
      imgtool lint --select IMG1,driver-in-image --ignore IMG104 docker/
      imgtool lint --diff Dockerfile && imgtool lint --fix Dockerfile
      imgtool lint --format sarif --output-file imgtool.sarif
      imgtool lint --baseline known.json --update-baseline
      imgtool lint --fix - --stdin-filename docker/Dockerfile < docker/Dockerfile
      imgtool lint --image app:latest --dockerfile Dockerfile

    The settings of a file are in the nearest .imgtool.toml, imgtool.toml or pyproject.toml ([tool.imgtool])
    above it. Findings go to standard output, all else to standard error; with --fix and standard input it is
    the fixed text that goes to standard output.

    Exit code: 0 clean, or no Dockerfile found; 1 findings (with --fix, what is left or a new file; with --diff, a
    difference); 2 wrong usage, a file that cannot be read or written, or a rule that failed; 3 an image that
    cannot be read; 130 interrupted.
    """
    # the parameters are the fields
    call = LintCall(**locals())
    try:
        code = linting.run(call)
    except UsageError as error:
        raise typer.BadParameter(str(error)) from None
    raise typer.Exit(code)
