"""Hypothesis strategies for queries, as `search.parse` may return them."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from hypothesis import strategies as st

from litesoc_server.search.fields import Field, FieldTable, Kind
from litesoc_server.search.query import Between, Compared, Exactly, InNetwork, Operator, Query, StartsWith, Term, Value
from litesoc_server.search.values import NUMBER_MAX

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
names = st.from_regex(r"[a-z_]{1,8}(\.[a-z_]{1,8})?", fullmatch=True) | texts.map(str.lower)
numbers = st.integers(0, NUMBER_MAX) | st.integers(0, 100)
addresses = (st.integers(0, 2**32 - 1).map(IPv4Address) | st.integers(2**64, 2**128 - 1).map(IPv6Address)).map(
    lambda address: Exactly(str(address))
)
networks = st.builds(
    lambda number, bits: IPv4Network((number, bits), strict=False), st.integers(0, 2**32 - 1), st.integers(0, 32)
)
networks6 = st.builds(
    lambda number, bits: IPv6Network((number, bits), strict=False), st.integers(0, 2**128 - 1), st.integers(0, 128)
)


def _values_of(field: Field) -> st.SearchStrategy[Value]:
    exactly = {
        Kind.ID: texts,
        Kind.LABEL: texts,
        Kind.NAME: names,
        Kind.CHOICE: st.sampled_from([value.text for value in field.values] or [""]),
        Kind.COUNTRY: st.sampled_from(["NO", "SE", "DE"]),
    }
    match field.kind:
        case Kind.NUMBER:
            spans = st.tuples(numbers, numbers).map(lambda pair: Between(min(pair), max(pair)))
            return st.builds(Compared, st.sampled_from(Operator), numbers) | spans
        case Kind.ADDRESS:
            in_network = (networks | networks6).map(lambda network: InNetwork(str(network)))
            return addresses | in_network | st.just(StartsWith("203.0."))
        case Kind.CHOICE | Kind.COUNTRY:
            return exactly[field.kind].map(Exactly)
        case _:
            return exactly[field.kind].map(Exactly) | exactly[field.kind].filter(bool).map(StartsWith)


@st.composite
def terms(draw: st.DrawFn, table: FieldTable) -> Term:
    """Draw one term."""
    is_negated = draw(st.booleans())
    if draw(st.integers(0, 4)) == 0:
        text = draw(texts.filter(bool) | st.sampled_from(["vpn", "OR", "-x", "a:b", "10.0.0.1", "x*", 'a"b', "a b", "\\"]))
        return Term(None, (Exactly(text),), is_negated)
    known = [*table.fields]
    if table.meta is not None:
        meta = table.find("meta.reason")
        assert meta is not None
        known.append(meta)
    field = draw(st.sampled_from(known))
    values = draw(st.lists(_values_of(field), min_size=1, max_size=3))
    return Term(field.name, tuple(values), is_negated)


def queries(table: FieldTable) -> st.SearchStrategy[Query]:
    """Return queries of a few terms."""
    return st.lists(terms(table), max_size=4).map(lambda drawn: Query(tuple(drawn)))
