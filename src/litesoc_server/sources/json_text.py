"""Takes JSON text apart without decoding it: for bodies in which a parser stops at one bad item, or hides a repeated key.

Hostile bodies come this way, so the work is done on whole arrays of bytes: a mebibyte takes some 20 ms whatever is in it.
"""

import re
from bisect import bisect_left
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

CHILDREN_MAX = 4096  # of one object or array; the richest events known have 20 members

_QUOTE, _COLON, _COMMA = ord('"'), ord(":"), ord(",")
_DEPTH_STEPS = np.zeros(256, np.int8)
_DEPTH_STEPS[[ord("["), ord("{")]] = 1
_DEPTH_STEPS[[ord("]"), ord("}")]] = -1

# U+0000 as JSON writes it: after an even number of backslashes, else the backslash itself is escaped.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_TEXT_DECODER = msgspec.json.Decoder(str)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


class Child(NamedTuple):
    """One member of an object, or one element of an array (its key is None)."""

    key: str | None
    start: int  # where its value starts in the text, blanks included
    end: int  # where its value ends


class TooManyChildren(Exception):
    """An object or array has more than CHILDREN_MAX children."""


def children(text: bytes) -> list[Child]:
    """Return what stands directly inside the outermost object or array of ``text``. Raises TooManyChildren.

    Takes time linear in the text. It only looks at strings, brackets, colons and commas: on text that is not JSON it returns
    something, so the pieces must be decoded before they are trusted.
    """
    marks = _outside_strings(text)
    depths = np.cumsum(_DEPTH_STEPS[marks], dtype=np.int32)
    inside = np.flatnonzero(depths > 0)
    if not len(inside):
        return []
    opening = int(inside[0])
    closings = np.flatnonzero(depths[opening:] <= 0)
    closing = opening + int(closings[0]) if len(closings) else None
    outermost = depths[opening:closing] == 1
    commas = _positions(marks[opening:closing], _COMMA, outermost, opening)
    if len(commas) >= CHILDREN_MAX:
        raise TooManyChildren
    colons = _positions(marks[opening:closing], _COLON, outermost, opening)
    found = [_child(text, colons, start, end) for start, end in zip([opening, *commas], commas, strict=False)]
    if closing is not None:
        last = _child(text, colons, commas[-1] if commas else opening, closing)
        if found or last.key is not None or text[last.start : last.end].strip():
            found.append(last)
    return found


def count_containers(text: bytes) -> int:
    """Return how many objects and arrays begin in ``text``, brackets within strings left out."""
    return int(np.count_nonzero(_DEPTH_STEPS[_outside_strings(text)] == 1))


def _outside_strings(text: bytes) -> npt.NDArray[np.uint8]:
    """Return the bytes of ``text``, those of its strings as zero. A string that is not closed goes on to the end."""
    # Pairs of backslashes first, from left to right as JSON reads them; then a backslash before a quote escapes it.
    marks = np.frombuffer(text.replace(b"\\\\", b"__").replace(b'\\"', b"__"), np.uint8)
    is_string = np.cumsum(marks == _QUOTE, dtype=np.int32) & 1
    return np.where(is_string, np.uint8(0), marks)


def _positions(marks: npt.NDArray[np.uint8], mark: int, where: npt.NDArray[np.bool_], offset: int) -> list[int]:
    return (np.flatnonzero((marks == mark) & where) + offset).tolist()


def _child(text: bytes, colons: list[int], before: int, end: int) -> Child:
    """Return the child between two separators; of several colons, which is no JSON, the last one counts."""
    index = bisect_left(colons, end) - 1
    colon = colons[index] if index >= 0 and colons[index] > before else None
    if colon is None:
        return Child(None, before + 1, end)
    start = colons[index - 1] if index >= 1 and colons[index - 1] > before else before
    return Child(_key_text(text[start + 1 : colon]), colon + 1, end)


def _key_text(literal: bytes) -> str:
    try:
        return _TEXT_DECODER.decode(literal)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""  # not a key that anybody looks for; decoding the whole says what is wrong


def repeated_key(members: list[Child], names: frozenset[str]) -> str | None:
    """Return the first of ``names`` that is the key of more than one of an object's ``members``, or None."""
    seen: set[str] = set()
    for child in members:
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
