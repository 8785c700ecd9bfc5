"""Takes JSON text apart without decoding it: for bodies in which a parser stops at one bad item, or hides a repeated key."""

import re
from typing import NamedTuple

import msgspec

# A string (to the end of the text if it is not closed, so that matching stays linear), or one structural character.
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{},:]', re.DOTALL)
_QUOTE, _COLON, _COMMA = ord('"'), ord(":"), ord(",")
_OPENING, _CLOSING = b"[{", b"]}"

# U+0000 as JSON writes it: after an even number of backslashes, else the backslash itself is escaped.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_TEXT_DECODER = msgspec.json.Decoder(str)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


class Child(NamedTuple):
    """One member of an object, or one element of an array (its key is None)."""

    key: str | None
    start: int  # where its value starts in the text, blanks included
    end: int  # where its value ends


def children(text: bytes) -> list[Child]:
    """Return what stands directly inside the outermost object or array of ``text``.

    Never raises, and takes time linear in the text. It only looks at strings, brackets, colons and commas: on text that is
    not JSON it returns something, so the pieces must be decoded before they are trusted.
    """
    found: list[Child] = []
    key: str | None = None
    start = depth = 0
    for token in _TOKEN.finditer(text):
        at = token.start()
        mark = text[at]
        if mark == _QUOTE:
            continue
        if mark in _OPENING:
            depth += 1
            if depth == 1:
                start = at + 1
        elif mark in _CLOSING:
            depth -= 1
            if depth == 0:
                if found or key is not None or text[start:at].strip():
                    found.append(Child(key, start, at))
                break
        elif depth == 1 and mark == _COLON:
            key, start = _key_text(text[start:at]), at + 1
        elif depth == 1 and mark == _COMMA:
            found.append(Child(key, start, at))
            key, start = None, at + 1
    return found


def _key_text(literal: bytes) -> str:
    try:
        return _TEXT_DECODER.decode(literal)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""  # not a key that anybody looks for; decoding the whole says what is wrong


def repeated_key(text: bytes, names: frozenset[str]) -> str | None:
    """Return the first of ``names`` that is a key of the outermost object more than once, or None."""
    seen: set[str] = set()
    for child in children(text):
        if child.key in names:
            if child.key in seen:
                return child.key
            seen.add(child.key)
    return None


def has_nul(text: bytes) -> bool:
    """Return whether any string of the JSON ``text`` holds U+0000, which JSON can only write as an escape."""
    return _NUL.search(text) is not None


def repair_characters(text: bytes) -> bytes:
    """Return ``text`` with every invalid UTF-8 byte and surrogate escape replaced: only its syntax is left to judge."""
    return _SURROGATE.sub(rb"\\ufffd", text.decode("utf-8", "replace").encode())
