"""ShellCheck for one process: each script is asked about once, beside the work of the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from imgtool.lint.shellcheck.program import find

if TYPE_CHECKING:
    from threading import Thread

    from imgtool.lint.shellcheck.run import Remark, Remarks

ABSENT = "ShellCheck is not installed"

MAX_ANSWERS = 20_000
"""Scripts whose answers are kept; more than a thousand files have. Then it begins anew."""


class Session:
    """What ShellCheck has said so far; ``lost``: some scripts took it too long. ``problem`` says why it says nothing any more, without file names of a project."""

    def __init__(self, program: Path | None) -> None:
        self.program = program
        self.problem = "" if program else ABSENT
        self.lost = False
        self._answers: dict[bytes, tuple[Remark, ...]] = {}
        self._asking: Thread | None = None
        self._asked: set[bytes] = set()

    def begin(self, scripts: Iterable[bytes]) -> Callable[[], Remarks]:
        """Ask about those scripts that are new; what is returned waits for the answers."""
        if len(self._asked) > MAX_ANSWERS:
            self._wait(self._asking)
            self._answers, self._asked = {}, set()
        new = [script for script in dict.fromkeys(scripts) if script not in self._asked]
        if new and not self.problem:
            from threading import Thread  # noqa: PLC0415 - only where there is something to ask

            self._asked.update(new)
            self._asking = Thread(target=self._ask, args=(new, self._asking), daemon=True)
            self._asking.start()
        thread, answers = self._asking, self._answers

        def wait() -> Remarks:
            self._wait(thread)
            return answers

        return wait

    def _wait(self, thread: Thread | None) -> None:
        if thread is not None:
            thread.join()

    def _ask(self, scripts: list[bytes], before: Thread | None) -> None:
        # one process at a time: others may work on other files
        self._wait(before)
        if self.problem or self.program is None:
            return
        from imgtool.lint.shellcheck.run import ShellCheckError, check  # noqa: PLC0415 - see begin

        try:
            found = check(scripts, self.program)
            self._answers.update(found)
            self.lost = self.lost or len(found) < len(scripts)
        except ShellCheckError as error:
            self.problem = f"ShellCheck does not work: {error}"


@cache
def current() -> Session:
    """That of this process."""
    return Session(find())
