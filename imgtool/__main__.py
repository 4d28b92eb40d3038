"""``python -m imgtool``, and the ``imgtool`` command."""

from __future__ import annotations

import sys

from imgtool import __version__


def main() -> None:
    """Answer ``--version`` before anything is imported, and hand everything else to the command line."""
    if sys.argv[1:2] in (["--version"], ["-V"]):
        sys.stdout.write(f"imgtool {__version__}\n")
        return
    from imgtool.cli.start import run  # noqa: PLC0415 - --version needs none of it

    run(sys.argv[1:])


if __name__ == "__main__":
    main()
