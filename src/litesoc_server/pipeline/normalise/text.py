"""Texts from outside, made safe for every store: no NUL, no lone surrogate, no more than a given length."""

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"  # what Unicode 15 section 5.22 recommends for what cannot be represented


def clean_text(text: str) -> str:
    """Return ``text`` with each NUL (PostgreSQL refuses it) and lone surrogate (UTF-8 cannot hold it) replaced by U+FFFD."""
    if "\0" in text:
        text = text.replace("\0", _REPLACEMENT)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join(_REPLACEMENT if "\ud800" <= character <= "\udfff" else character for character in text)
    return text
