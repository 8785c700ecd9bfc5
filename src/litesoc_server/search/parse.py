"""The text of a query, read against a table of fields."""

from difflib import get_close_matches

from litesoc_server.search.errors import QueryError
from litesoc_server.search.fields import IS, Field, FieldTable
from litesoc_server.search.query import Exactly, Query, Term
from litesoc_server.search.scan import ScannedTerm, ScannedValue, scan
from litesoc_server.search.values import read_address, read_value

TEXT_LENGTH_MAX = 1_000  # characters
TERMS_MAX = 20
CONNECTIVES = {
    "AND": "terms are joined by blanks: leave out `AND`",
    "OR": "`OR` is not needed: give one field several values, for example `country:NO,SE`",
    "NOT": "write `-` right before a term in place of `NOT`, for example `-country:NO`",
}


def parse(text: str, table: FieldTable) -> Query:
    """Return the query that ``text`` stands for. Raises QueryError, which says where and how to mend it."""
    if len(text) > TEXT_LENGTH_MAX:
        message = f"a query has at most {TEXT_LENGTH_MAX:,} characters, this one has {len(text):,}"
        raise QueryError(message, position=TEXT_LENGTH_MAX, length=len(text) - TEXT_LENGTH_MAX)
    _check_characters(text)
    terms: list[Term] = []
    for scanned in scan(text):
        if len(terms) == TERMS_MAX:
            message = f"a query has at most {TERMS_MAX} terms"
            raise QueryError(message, position=scanned.start, length=len(text) - scanned.start)
        terms.append(_term(scanned, table))
    return Query(tuple(terms))


def _check_characters(text: str) -> None:
    for position, character in enumerate(text):
        if character == "\0" or "\ud800" <= character <= "\udfff":
            raise QueryError("this character cannot be stored, so nothing has it", position=position, length=1)


def _term(scanned: ScannedTerm, table: FieldTable) -> Term:
    if scanned.field is None:
        return _free_text(scanned, table)
    field = table.find(scanned.field)
    if field is None:
        raise _unknown_field(scanned, table)
    values = tuple(read_value(field, typed) for typed in scanned.values)
    return Term(field.name, values, scanned.is_negated)


def _free_text(scanned: ScannedTerm, table: FieldTable) -> Term:
    (typed,) = scanned.values
    if typed.is_quoted:
        return _anywhere(typed, is_negated=scanned.is_negated)
    if typed.text in CONNECTIVES:
        raise QueryError(CONNECTIVES[typed.text], position=typed.start, length=typed.length)
    if typed.text.lower() in table.flags:
        return Term(IS, (Exactly(typed.text.lower()),), scanned.is_negated)
    address = read_address(typed.text)
    if address is not None and not typed.is_prefix:
        return Term(_address_field(table).name, (address,), scanned.is_negated)
    return _anywhere(typed, is_negated=scanned.is_negated)


def _anywhere(typed: ScannedValue, *, is_negated: bool) -> Term:
    if typed.is_prefix:
        raise QueryError("text without a field is found anywhere: leave out the `*`", position=typed.end - 1, length=1)
    if not typed.text:
        raise QueryError("there is nothing between these quotes", position=typed.start, length=typed.length)
    return Term(None, (Exactly(typed.text),), is_negated)


def _address_field(table: FieldTable) -> Field:
    field = table.find("ip")
    assert field is not None, "every table has addresses"
    return field


def _unknown_field(scanned: ScannedTerm, table: FieldTable) -> QueryError:
    name = scanned.field or ""
    close = get_close_matches(name.lower(), list(table.names()), n=1)
    if close:
        field = table.find(close[0])
        suggestion = close[0] if field is None else field.name
        message = f"there is no field `{name}`; did you mean `{suggestion}`?"
    else:
        suggestion = None
        message = f"there is no field `{name}`; to look for text with a colon, put it in quotes"
    return QueryError(message, position=scanned.field_start, length=len(name), suggestion=suggestion)
