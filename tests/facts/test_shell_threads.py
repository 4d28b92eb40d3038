"""Threads may read scripts at the same time."""

from __future__ import annotations

from threading import Thread

from imgtool.facts import shell_tree


def test_threads_do_not_share_a_parser() -> None:
    """It lets others run while it calls back, and ends the process where one of them uses it."""
    parsers = [shell_tree._parser()]
    thread = Thread(target=lambda: parsers.append(shell_tree._parser()))
    thread.start()
    thread.join()
    here, there = parsers
    assert here is not there
    assert here is shell_tree._parser()
    assert here.language == there.language
