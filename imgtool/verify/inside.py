"""Imports modules one after another, in processes that may die. It runs inside images, on whatever Python is there:
no import of ours, and nothing that Python 3.6 does not know.

Standard input is JSON: ``modules``, ``library`` (the standard library's too), ``alone`` (a process for each) and
``seconds`` for each. The last line of standard output is ``MARK`` and a JSON object: of each module ``[true, file]``,
or ``[false, why]``.
"""

import json
import os
import select
import signal
import sys

MARK = "imgtool-imports:"
# a joke, a game, a browser window, and what is not there to be imported
_LEFT_OUT = ("antigravity", "this", "turtledemo", "idlelib", "test", "__main__")
_MAX_WHY = 300


def main() -> None:
    """Answer what standard input asks."""
    asked = json.load(sys.stdin)
    names = list(asked["modules"])
    if asked["library"]:
        names += [name for name in _library() if name not in names]
    found = {}  # type: dict[str, list[object]]
    while names:
        found.update(_batch(names[:1] if asked["alone"] else names, asked["seconds"]))
        names = [name for name in names if name not in found]
    sys.stdout.write("\n" + MARK + json.dumps(found) + "\n")


def _library() -> "list[str]":
    names = getattr(sys, "stdlib_module_names", ())
    return sorted(name for name in names if not name.startswith("_") and name not in _LEFT_OUT)


def _batch(names: "list[str]", seconds: float) -> "dict[str, list[object]]":
    """The results of as many modules as one process lives through: at least one."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(reading)
        _child(names, writing)
    os.close(writing)
    found, begun, why, rest = {}, names[0], "", b""
    while True:
        if not select.select([reading], [], [], seconds)[0]:
            why = f"it takes longer than {seconds} seconds"
            break
        data = os.read(reading, 1 << 16)
        if not data:
            break
        lines = (rest + data).split(b"\n")
        rest = lines.pop()
        for line in lines:
            begun, result = json.loads(line.decode("ascii"))
            if result is not None:
                found[begun] = result
    os.close(reading)
    os.kill(process, signal.SIGKILL)
    status = os.waitpid(process, 0)[1]
    if begun not in found:
        found[begun] = [False, why or _ending(status)]
    return found


def _ending(status: int) -> str:
    ended = os.WIFSIGNALED(status)
    how = f"signal {os.WTERMSIG(status)}" if ended else f"exit code {os.WEXITSTATUS(status)}"
    return f"it ends the process ({how})"


def _child(names: "list[str]", pipe: int) -> None:
    silence = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(silence, number)
    for name in names:
        _say(pipe, name, None)
        try:
            _say(pipe, name, [True, str(getattr(__import__(name), "__file__", None) or "")])
        except BaseException as error:  # noqa: BLE001 - SystemExit is a result as well
            _say(pipe, name, [False, f"{type(error).__name__}: {error}"[:_MAX_WHY]])
    # not through what modules registered for the end
    os._exit(0)


def _say(pipe: int, name: str, result: object) -> None:
    os.write(pipe, (json.dumps([name, result]) + "\n").encode("ascii"))


if __name__ == "__main__":
    main()
