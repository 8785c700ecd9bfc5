"""A query as text again: parsing what is written here gives the same query."""

import re
from typing import assert_never

from litesoc_server.search.fields import FieldTable
from litesoc_server.search.parse import CONNECTIVES
from litesoc_server.search.query import Between, Compared, Exactly, InNetwork, Operator, Query, StartsWith, Term, Value
from litesoc_server.search.scan import ESCAPE, FIELD, MINUS, QUOTE, STAR
from litesoc_server.search.values import read_address

_PLAIN = re.compile(r'[^\s",*]+')


def format_query(query: Query, table: FieldTable) -> str:
    """Return the text of ``query`` in its plainest form."""
    return " ".join(format_term(term, table) for term in query.terms)


def format_term(term: Term, table: FieldTable) -> str:
    """Return the text of one term."""
    sign = MINUS if term.is_negated else ""
    match term:
        case Term(field=None, values=(Exactly(text=text), *_)):
            return sign + _free_text(text, table)
        case Term(field="is", values=(Exactly(text=text),)) if text in table.flags:
            return sign + text
        case _:
            return f"{sign}{term.field}:{','.join(format_value(value) for value in term.values)}"


def format_value(value: Value) -> str:
    """Return one value as it stands behind a field's colon."""
    match value:
        case Exactly(text=text):
            return _in_quotes_if_needed(text)
        case StartsWith(text=text):
            return _in_quotes_if_needed(text) + STAR
        case InNetwork(cidr=cidr):
            return cidr
        case Compared(operator=Operator.EQUAL, number=number):
            return str(number)
        case Compared(operator=operator, number=number):
            return f"{operator.value}{number}"
        case Between(low=low, high=high):
            return f"{low}..{high}"
        case _:
            assert_never(value)


def _in_quotes_if_needed(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else _in_quotes(text)


def _in_quotes(text: str) -> str:
    escaped = text.replace(ESCAPE, ESCAPE * 2).replace(QUOTE, ESCAPE + QUOTE)
    return f"{QUOTE}{escaped}{QUOTE}"


def _free_text(text: str, table: FieldTable) -> str:
    means_more = (
        text.startswith(MINUS)
        or FIELD.match(text) is not None
        or text in CONNECTIVES
        or text.lower() in table.flags
        or read_address(text) is not None
    )
    return _in_quotes(text) if means_more else _in_quotes_if_needed(text)
