"""Go's ways of writing and reading values, as far as BuildKit's messages and checks show them."""

from __future__ import annotations

import re

from imgtool.regex import regex

# unicode.IsSpace
SPACES = frozenset(
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)

_ESCAPES = {
    "\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v",
    '"': r"\"", "\\": r"\\",
}  # fmt: skip
_BOOLS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}
_INTEGER = regex(r"[+-]?[0-9]+", re.ASCII)
_DURATION_PART = regex(r"([0-9]*)(\.[0-9]*)?([^0-9.]*)", re.ASCII | re.DOTALL)
_NANOSECONDS = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip
_INT64_MAX = 2**63 - 1


def quote(text: str) -> str:
    """``strconv.Quote``, which is ``%q``."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return f'"{"".join(_quoted(char) for char in text)}"'


def _quoted(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def parse_bool(text: str) -> bool | None:
    """``strconv.ParseBool``; None where it refuses."""
    return _BOOLS.get(text)


def parse_int(text: str, *, bits: int) -> int:
    """``strconv.ParseInt`` in base 10.

    Raises:
        ValueError: not a number, or out of the range of ``bits``; the text is Go's.
    """
    failure = f"strconv.ParseInt: parsing {quote(text)}"
    if not _INTEGER.fullmatch(text):
        raise ValueError(f"{failure}: invalid syntax")
    # Python refuses to convert very long digit strings; they are out of range anyway
    value = int(text) if len(text) < 1000 else 1 << bits
    if not -(1 << bits - 1) <= value < 1 << bits - 1:
        raise ValueError(f"{failure}: value out of range")
    return value


def atoi(text: str) -> int | None:
    """``strconv.Atoi``; None where it refuses."""
    if not _INTEGER.fullmatch(text):
        # the common answer, without a message that nobody reads
        return None
    try:
        return parse_int(text, bits=64)
    except ValueError:
        return None


def parse_uint(text: str, base: int, *, bits: int = 32) -> int | None:
    """``strconv.ParseUint`` in base 8 or 10; None where it refuses."""
    digits = text.isascii() and text.isdigit() and not (base == 8 and re.search("[89]", text))
    if not digits or len(text) > 1000:
        return None
    value = int(text, base)
    return value if value < 1 << bits else None


def parse_duration(text: str) -> int:
    """``time.ParseDuration`` in nanoseconds.

    Raises:
        ValueError: it is none; the text is Go's.
    """
    shown = quote(text)
    unsigned = text[1:] if text[:1] in ("-", "+") else text
    if unsigned == "0":
        return 0
    total = 0
    at = 0
    while at < len(unsigned) or not at:
        found = _DURATION_PART.match(unsigned, at)
        whole, fraction, unit = found.groups(default="") if found else ("", "", "")
        if not whole and fraction in ("", "."):
            raise ValueError(f"time: invalid duration {shown}")
        if not unit:
            raise ValueError(f"time: missing unit in duration {shown}")
        scale = _NANOSECONDS.get(unit)
        if scale is None:
            raise ValueError(f"time: unknown unit {quote(unit)} in duration {shown}")
        digits = fraction[1:19]
        # more digits than an int64 holds are an overflow whatever they say
        total += int(whole[:20] or 0) * scale + int(digits or 0) * scale // 10 ** len(digits)
        if total > _INT64_MAX:
            raise ValueError(f"time: invalid duration {shown}")
        at = found.end() if found else len(unsigned)
    return -total if text.startswith("-") else total
