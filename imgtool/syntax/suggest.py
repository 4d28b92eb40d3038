"""BuildKit's "did you mean"."""

from __future__ import annotations

from collections.abc import Iterable

# BuildKit suggests what is fewer changes than this away
_FAR = 3


def suggest(value: str, options: Iterable[str], *, ignore_case: bool = False) -> str:
    """`` (did you mean X?)`` for the nearest option, or nothing.

    BuildKit asks in random order; here the first of several equally near ones is taken.
    """
    wanted = value.lower() if ignore_case else value
    match, nearest = "", _FAR
    for option in options:
        candidate = option.lower() if ignore_case else option
        if candidate == wanted:
            return ""
        if abs(len(candidate) - len(wanted)) < nearest:
            distance = _distance(wanted, candidate)
            if distance < nearest:
                match, nearest = candidate, distance
    if not match:
        return ""
    return f" (did you mean {match.upper() if ignore_case and value.isupper() else match}?)"


def _distance(left: str, right: str) -> int:
    """Levenshtein's."""
    row = list(range(len(right) + 1))
    for index, char in enumerate(left, 1):
        previous, row[0] = row[0], index
        for column, other in enumerate(right, 1):
            previous, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, previous + (char != other)),
            )
    return row[-1]
