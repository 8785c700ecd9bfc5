"""A text cut into terms, without knowing what they mean: signs, names of fields, values and quotes, each with its place."""

import re
from collections.abc import Iterator

import msgspec

from litesoc_server.search.errors import QueryError

FIELD = re.compile(r'([A-Za-z][A-Za-z0-9_]*(?:\.[^\s:"]+)?):')
QUOTE, ESCAPE, STAR, COMMA, MINUS = '"', "\\", "*", ",", "-"
_BARE_IN_LIST = re.compile(r"[^\s,]*")
_BARE = re.compile(r"\S*")


class ScannedValue(msgspec.Struct, frozen=True):
    """One value as typed, quotes and a star at its end taken off."""

    text: str
    start: int
    end: int  # behind its last character, quotes and star included
    is_quoted: bool
    is_prefix: bool

    @property
    def length(self) -> int:
        """How many characters were typed for it."""
        return self.end - self.start


class ScannedTerm(msgspec.Struct, frozen=True):
    """One term as typed."""

    field: str | None
    field_start: int
    values: tuple[ScannedValue, ...]
    start: int
    end: int
    is_negated: bool


def scan(text: str) -> Iterator[ScannedTerm]:
    """Yield the terms of ``text``. Raises QueryError for quotes and stars out of place."""
    at = _past_blanks(text, 0)
    while at < len(text):
        term = _term(text, at)
        yield term
        at = _past_blanks(text, term.end)


def _past_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _term(text: str, start: int) -> ScannedTerm:
    is_negated = text[start] == MINUS
    at = start + is_negated
    if at == len(text) or text[at].isspace():
        raise QueryError("`-` needs something right behind it, for example `-country:NO`", position=start, length=1)
    match = FIELD.match(text, at)
    values = (_value(text, at, _BARE),) if match is None else tuple(_list(text, match.end()))
    return ScannedTerm(
        field=None if match is None else match[1],
        field_start=at,
        values=values,
        start=start,
        end=values[-1].end,
        is_negated=is_negated,
    )


def _list(text: str, at: int) -> Iterator[ScannedValue]:
    value = _value(text, at, _BARE_IN_LIST)
    yield value
    while text.startswith(COMMA, value.end):
        value = _value(text, value.end + 1, _BARE_IN_LIST)
        yield value


def _value(text: str, start: int, bare: re.Pattern[str]) -> ScannedValue:
    if text.startswith(QUOTE, start):
        return _quoted(text, start, is_in_list=bare is _BARE_IN_LIST)
    match = bare.match(text, start)
    assert match is not None, "the pattern matches nothing, too"
    word, end = match[0], match.end()
    if QUOTE in word:
        message = 'a quote may only stand at the beginning of a value; inside quotes write it as \\"'
        raise QueryError(message, position=start + word.index(QUOTE), length=1)
    is_prefix = word.endswith(STAR)
    if STAR in word[:-1]:
        message = "`*` may only stand at the end of a value; put the value in quotes to look for the character"
        raise QueryError(message, position=start + word.index(STAR), length=1)
    return ScannedValue(word.removesuffix(STAR), start, end, is_quoted=False, is_prefix=is_prefix)


def _quoted(text: str, start: int, *, is_in_list: bool) -> ScannedValue:
    characters: list[str] = []
    at = start + 1
    while at < len(text) and text[at] != QUOTE:
        if text[at] == ESCAPE and text[at + 1 : at + 2] in {QUOTE, ESCAPE}:
            at += 1
        characters.append(text[at])
        at += 1
    if at == len(text):
        raise QueryError("this quote is never closed", position=start, length=len(text) - start)
    is_prefix = text.startswith(STAR, at + 1)
    end = at + 1 + is_prefix
    follows = text[end : end + 1]
    if follows and not follows.isspace() and not (is_in_list and follows == COMMA):
        raise QueryError("put a blank behind the closing quote", position=end, length=1)
    return ScannedValue("".join(characters), start, end, is_quoted=True, is_prefix=is_prefix)
