"""Queries with a value more or less: what a click on a facet does."""

import msgspec

from litesoc_server.search.query import Exactly, Query, Term


def has_value(query: Query, field: str, text: str) -> bool:
    """Return whether ``query`` asks for this value of ``field``."""
    return any(Exactly(text) in term.values for term in query.terms if _asks_for(term, field))


def values_of(query: Query, field: str) -> list[str]:
    """Return the values of ``field`` that ``query`` asks for exactly, each once."""
    values = (value for term in query.terms if _asks_for(term, field) for value in term.values)
    return list(dict.fromkeys(value.text for value in values if isinstance(value, Exactly)))


def toggle_value(query: Query, field: str, text: str) -> Query:
    """Return ``query`` without this value of ``field`` where it has it, else with it as one of any."""
    value = Exactly(text)
    if has_value(query, field, text):
        changed = (_without(term, value) if _asks_for(term, field) else term for term in query.terms)
        return Query(tuple(term for term in changed if term.values))
    terms = list(query.terms)
    for number, term in enumerate(terms):
        if _asks_for(term, field):
            terms[number] = msgspec.structs.replace(term, values=(*term.values, value))
            return Query(tuple(terms))
    return Query((*terms, Term(field, (value,))))


def without_field(query: Query, field: str) -> Query:
    """Return ``query`` without the terms that ask for values of ``field``; those that rule some out stay."""
    return Query(tuple(term for term in query.terms if not _asks_for(term, field)))


def asks_for(query: Query, field: str) -> bool:
    """Return whether ``query`` asks for values of ``field``."""
    return any(_asks_for(term, field) for term in query.terms)


def _asks_for(term: Term, field: str) -> bool:
    return term.field == field and not term.is_negated


def _without(term: Term, value: Exactly) -> Term:
    return msgspec.structs.replace(term, values=tuple(one for one in term.values if one != value))
