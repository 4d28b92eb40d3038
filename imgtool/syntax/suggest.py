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
    letters = set(wanted)
    match, nearest = "", _FAR
    for option in options:
        candidate = option.lower() if ignore_case else option
        if candidate == wanted:
            return ""
        if abs(len(candidate) - len(wanted)) < nearest and _is_near(letters, set(candidate), nearest):
            distance = _distance(wanted, candidate)
            if distance < nearest:
                match, nearest = candidate, distance
    if not match:
        return ""
    return f" (did you mean {match.upper() if ignore_case and value.isupper() else match}?)"


def _is_near(left: set[str], right: set[str], nearest: int) -> bool:
    """Whether a word of these letters may be fewer changes away from one of those: a change brings or takes one letter."""
    return len(left - right) < nearest and len(right - left) < nearest


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
