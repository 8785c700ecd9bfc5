"""A parsed query of events as SQL conditions. Everything that people typed is bound, never written into the statement."""

from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network
from typing import assert_never

from litesoc_server.search.fields import META_PREFIX
from litesoc_server.search.query import Between, Compared, Exactly, InNetwork, Operator, Query, StartsWith, Term, Value
from litesoc_server.store.queries.event_columns import ANYWHERE, CHOICES, NUMBER_COLUMNS, TEXT_COLUMNS, FieldColumn

_OPERATORS = {
    Operator.ABOVE: ">",
    Operator.AT_LEAST: ">=",
    Operator.BELOW: "<",
    Operator.AT_MOST: "<=",
    Operator.EQUAL: "=",
}


class QueryConditions:
    """The conditions of one query, one for each term, and the values for their placeholders."""

    def __init__(self, query: Query) -> None:
        self.values: dict[str, object] = {}
        self.sql = tuple(self._term(term) for term in query.terms)

    def _term(self, term: Term) -> str:
        # A condition on an unknown value is NULL: not true, and its negation is not true either. Where somebody negates,
        # what has no value is meant, too.
        any_of = " OR ".join(self._matches(term))
        return f"NOT ifNull({any_of}, false)" if term.is_negated else f"({any_of})"

    def _matches(self, term: Term) -> Iterator[str]:
        field = term.field
        for value in term.values:
            if field is None:
                yield self._anywhere(value)
            elif field in CHOICES and isinstance(value, Exactly):
                yield CHOICES[field][value.text]
            elif field in NUMBER_COLUMNS:
                yield self._number(NUMBER_COLUMNS[field], value)
            elif field.startswith(META_PREFIX):
                yield self._text(self._metadata(field.removeprefix(META_PREFIX)), value)
            else:
                yield self._text(TEXT_COLUMNS[field], value)

    def _anywhere(self, value: Value) -> str:
        assert isinstance(value, Exactly), "text without a field is always a whole text"
        text = self._bind("String", value.text)
        return " OR ".join(f"positionCaseInsensitiveUTF8({column}, {text}) > 0" for column in ANYWHERE)

    def _text(self, column: FieldColumn, value: Value) -> str:
        match value:
            case InNetwork(cidr=cidr):
                return self._network(column.sql, cidr)
            case Exactly(text=text) | StartsWith(text=text):
                bound, sql = self._bind("String", text), column.sql
            case Compared() | Between():
                raise AssertionError("texts are not compared")
            case _:
                assert_never(value)
        if column.ignores_case:
            bound, sql = f"lowerUTF8({bound})", f"lowerUTF8({sql})"
        return f"{sql} = {bound}" if isinstance(value, Exactly) else f"startsWith({sql}, {bound})"

    def _number(self, sql: str, value: Value) -> str:
        match value:
            case Compared(operator=operator, number=number):
                return f"{sql} {_OPERATORS[operator]} {self._bind('UInt32', number)}"
            case Between(low=low, high=high):
                return f"{sql} BETWEEN {self._bind('UInt32', low)} AND {self._bind('UInt32', high)}"
            case Exactly() | StartsWith() | InNetwork():
                raise AssertionError("numbers are no texts")
            case _:
                assert_never(value)

    def _network(self, sql: str, cidr: str) -> str:
        network = ip_network(cidr)
        first = self._bind("String", str(network.network_address))
        last = self._bind("String", str(network.broadcast_address))
        if isinstance(network, IPv4Network):
            return f"IPv4StringToNumOrNull({sql}) BETWEEN IPv4StringToNum({first}) AND IPv4StringToNum({last})"
        # The function also reads IPv4, as mapped addresses.
        number = f"IPv6StringToNumOrNull({sql})"
        return f"(position({sql}, ':') > 0 AND {number} BETWEEN IPv6StringToNum({first}) AND IPv6StringToNum({last}))"

    def _metadata(self, path: str) -> FieldColumn:
        keys = [self._bind("String", key) for key in path.split(".")]
        place = ", ".join(["metadata", *keys])
        # Texts as they are, anything else as it is written in JSON; NULL where there is no such key.
        return FieldColumn(
            f"multiIf(JSONType({place}) = 'String', JSONExtractString({place}),"
            f" JSONHas({place}), JSONExtractRaw({place}), NULL)"
        )

    def _bind(self, kind: str, value: object) -> str:
        name = f"query_{len(self.values)}"
        self.values[name] = value
        return f"{{{name}:{kind}}}"
