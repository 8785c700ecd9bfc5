"""Texts of strangers, made fit for one line and for a limit: actor ids and user agents are written by attackers."""

import unicodedata

ELLIPSIS = "…"
# What turns the direction of the text around it, so that it reads as something else. Source: Unicode TR 9 section 2.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(text: str) -> str:
    """Return ``text`` without line breaks, control characters and what turns the direction of writing."""
    shown = "".join(" " if _breaks(character) else character for character in text if character not in _TURNING)
    return " ".join(shown.split())


def _breaks(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Zl", "Zp", "Cs"}


def cut(text: str, length_max: int) -> str:
    """Return at most ``length_max`` characters of ``text``; what is missing shows as an ellipsis."""
    return text if len(text) <= length_max else text[: max(length_max - 1, 0)].rstrip() + ELLIPSIS


def cut_utf16(text: str, units_max: int) -> str:
    """Do the same where characters beyond the first plane count twice, as in JavaScript."""
    encoded = text.encode("utf-16-le", "replace")
    if len(encoded) <= 2 * units_max:
        return text
    return encoded[: 2 * (units_max - 1)].decode("utf-16-le", "ignore").rstrip() + ELLIPSIS


def cut_bytes(text: str, bytes_max: int) -> str:
    """Do the same where bytes of UTF-8 count; the ellipsis is three of them."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= bytes_max:
        return text
    return encoded[: bytes_max - 3].decode("utf-8", "ignore").rstrip() + ELLIPSIS
