from __future__ import annotations

import pytest

from imgtool.syntax.golang import atoi, parse_bool, parse_duration, parse_int, parse_uint, quote

MS = 10**6
SECOND = 1000 * MS


@pytest.mark.parametrize(
    "text, quoted",
    [
        ("", '""'),
        ("a b", '"a b"'),
        ('a"b\\', r'"a\"b\\"'),
        ("\n\t\r\v\f\a\b", r'"\n\t\r\v\f\a\b"'),
        ("\x00\x1b\x7f", r'"\x00\x1b\x7f"'),
        ("é☺", '"é☺"'),
        ("\u00a0\u200b\ufeff", r'"\u00a0\u200b\ufeff"'),
        ("\U000e0001", r'"\U000e0001"'),
        ("\ufffd", '"\ufffd"'),
    ],
)
def test_quote(text: str, quoted: str) -> None:
    assert quote(text) == quoted


@pytest.mark.parametrize(
    "text, value",
    [
        ("0", 0),
        ("-7", -7),
        ("+7", 7),
        ("007", 7),
        ("9" * 19, None),
        ("", None),
        ("1_0", None),
        (" 1", None),
        ("٣", None),
    ],
)
def test_atoi(text: str, value: int | None) -> None:
    assert atoi(text) == value


def test_very_long_numbers_are_out_of_range() -> None:
    with pytest.raises(ValueError, match="value out of range"):
        parse_int("9" * 100_000, bits=32)


@pytest.mark.parametrize(
    "text, base, value",
    [
        ("755", 8, 0o755),
        ("08", 8, None),
        ("08", 10, 8),
        ("-1", 10, None),
        ("", 10, None),
        (str(2**32), 10, None),
        ("²", 10, None),
        ("9" * 5000, 10, None),
    ],
)
def test_parse_uint(text: str, base: int, value: int | None) -> None:
    assert parse_uint(text, base) == value


@pytest.mark.parametrize(
    "text, value",
    [("1", True), ("T", True), ("true", True), ("False", False), ("tRUE", None), ("yes", None), ("", None)],
)
def test_parse_bool(text: str, value: bool | None) -> None:
    assert parse_bool(text) is value


@pytest.mark.parametrize(
    "text, nanoseconds",
    [
        ("0", 0),
        ("-0", 0),
        ("5s", 5 * SECOND),
        ("1.5h", 5400 * SECOND),
        ("1m30s", 90 * SECOND),
        (".5s", 500 * MS),
        ("1.s", SECOND),
        ("-1ms", -MS),
        ("+1us", 1000),
        ("1µs", 1000),
        ("1ns", 1),
        ("0.3ns", 0),
        ("2562047h", 2562047 * 3600 * SECOND),
    ],
)
def test_parse_duration(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    "text, message",
    [
        ("", 'time: invalid duration ""'),
        ("-", 'time: invalid duration "-"'),
        ("s", 'time: invalid duration "s"'),
        (".s", 'time: invalid duration ".s"'),
        ("5", 'time: missing unit in duration "5"'),
        ("1h5", 'time: missing unit in duration "1h5"'),
        ("5 s", 'time: unknown unit " s" in duration "5 s"'),
        ("5S", 'time: unknown unit "S" in duration "5S"'),
        ("2562048h", 'time: invalid duration "2562048h"'),
        ("1" + "0" * 30 + "s", f'time: invalid duration "1{"0" * 30}s"'),
    ],
)
def test_parse_duration_refuses(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="time: ") as caught:
        parse_duration(text)
    assert str(caught.value) == message
