"""What may come at the cursor: names of fields, values, flags."""

from collections.abc import Iterator

import msgspec

from litesoc_server.search.fields import IS, Field, FieldTable, Kind
from litesoc_server.search.format import format_value
from litesoc_server.search.query import Exactly
from litesoc_server.search.scan import COMMA, ESCAPE, FIELD, MINUS, QUOTE

SUGGESTIONS_MAX = 50


class Suggestion(msgspec.Struct, frozen=True):
    """One thing that can be put in."""

    text: str  # what is put in, quotes and the field's colon included
    help: str


class Completion(msgspec.Struct, frozen=True):
    """What may stand in place of the characters from ``start`` to ``end``."""

    start: int
    end: int
    suggestions: tuple[Suggestion, ...]
    field: str | None = None  # the field whose values are being typed
    typed: str = ""  # what of the value stands before the cursor, without its quote
    is_open: bool = False  # other values than the suggested are possible: look up what occurs, see ``value_suggestion``


def complete(text: str, cursor: int, table: FieldTable) -> Completion:
    """Return what may come where ``cursor`` (characters before it) stands in ``text``."""
    cursor = max(0, min(cursor, len(text)))
    start = _start_of_term(text, cursor)
    if text.startswith(MINUS, start) and start < cursor:
        start += 1
    match = FIELD.match(text, start, cursor)
    if match is None:
        return _names(text, start, cursor, table)
    field = table.find(match[1])
    at = _start_of_value(text, match.end(), cursor)
    if field is None:
        return Completion(at, cursor, ())
    typed = text[at:cursor].removeprefix(QUOTE)
    return Completion(
        start=at,
        end=_end_of_value(text, at, cursor),
        suggestions=tuple(_values(field, typed))[:SUGGESTIONS_MAX],
        field=field.name,
        typed=typed,
        is_open=field.kind is not Kind.CHOICE,
    )


def value_suggestion(value: str, help_text: str = "") -> Suggestion:
    """Return the suggestion of a value that occurs, in quotes where it needs them."""
    return Suggestion(format_value(Exactly(value)), help_text)


def _names(text: str, start: int, cursor: int, table: FieldTable) -> Completion:
    typed = text[start:cursor].lower()
    end = cursor
    while end < len(text) and not text[end].isspace() and text[end] != ":":
        end += 1
    end += text.startswith(":", end)
    return Completion(start, end, tuple(_starting(typed, table))[:SUGGESTIONS_MAX])


def _starting(typed: str, table: FieldTable) -> Iterator[Suggestion]:
    for field in table.fields:
        if any(name.startswith(typed) for name in (field.name, *field.aliases)):
            yield Suggestion(f"{field.name}:", field.help)
    if table.meta is not None and "meta.".startswith(typed):
        yield Suggestion("meta.", table.meta.help)
    flags = table.find(IS)
    for flag in () if flags is None else flags.values:
        if flag.text.startswith(typed):
            yield Suggestion(flag.text, flag.help)


def _values(field: Field, typed: str) -> Iterator[Suggestion]:
    for value in field.values:
        if typed.lower() in value.text:
            yield Suggestion(value.text, value.help)


def _start_of_term(text: str, cursor: int) -> int:
    """Return where the term that ``cursor`` stands in begins; blanks in quotes do not part terms."""
    start, is_quoted, at = 0, False, 0
    while at < cursor:
        if is_quoted and text[at] == ESCAPE:
            at += 1
        elif text[at] == QUOTE:
            is_quoted = not is_quoted
        elif text[at].isspace() and not is_quoted:
            start = at + 1
        at += 1
    return min(start, cursor)


def _start_of_value(text: str, at: int, cursor: int) -> int:
    start, is_quoted = at, False
    while at < cursor:
        if is_quoted and text[at] == ESCAPE:
            at += 1
        elif text[at] == QUOTE:
            is_quoted = not is_quoted
        elif text[at] == COMMA and not is_quoted:
            start = at + 1
        at += 1
    return min(start, cursor)


def _end_of_value(text: str, start: int, cursor: int) -> int:
    """Return where the value ends that begins at ``start``: what stands behind the cursor is replaced, too."""
    if text.startswith(QUOTE, start):
        closing = text.find(QUOTE, cursor)
        return cursor if closing < 0 else closing + 1
    end = cursor
    while end < len(text) and not text[end].isspace() and text[end] != COMMA:
        end += 1
    return end
