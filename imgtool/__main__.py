"""``python -m imgtool``, and the ``imgtool`` command."""

from __future__ import annotations

import sys

from imgtool import __version__

INTERRUPTED = 130
"""The exit status after Ctrl-C, as of shells."""


def main() -> None:
    """Answer ``--version`` before anything is imported, and hand everything else to the command line."""
    if sys.argv[1:2] in (["--version"], ["-V"]):
        sys.stdout.write(f"imgtool {__version__}\n")
        return
    try:
        _run()
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None


def _run() -> None:
    from imgtool.cli.start import run  # noqa: PLC0415 - --version needs none of it

    leaves = sys.argv[1:2] == ["lint"] and _is_all()
    if leaves and not any(word.startswith("--image") for word in sys.argv):
        import gc  # noqa: PLC0415 - likewise

        # most objects stay, or go without being looked for; for the others imgtool.lint.work looks
        gc.disable()
    try:
        run(sys.argv[1:])
    except SystemExit as end:
        if leaves and isinstance(end.code, int):
            _leave(end.code)
        raise


def _is_all() -> bool:
    """Whether a process does nothing but what this command does: a profiler, debugger or test goes on after it."""
    # what is around the script that calls main
    around = sys._getframe(3).f_back  # noqa: SLF001 - as inspect does, which is slow to load
    if around is not None and around.f_code.co_name == "_run_code":
        # python -m
        around = around.f_back
        return around is not None and around.f_code.co_name == "_run_module_as_main"
    return around is None


def _leave(code: int) -> None:
    """End the process without taking all objects down one by one, which takes a tenth of what linting a file does."""
    import atexit  # noqa: PLC0415 - likewise
    import os  # noqa: PLC0415 - likewise

    # as multiprocessing ends what it has forked; standard output has been written
    atexit._run_exitfuncs()  # noqa: SLF001 - there is no other way
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
