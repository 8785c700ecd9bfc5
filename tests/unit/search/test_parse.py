"""The language of queries: what each form means, and what is said about mistakes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.search.alert_fields import ALERT_FIELDS
from litesoc_server.search.errors import QueryError
from litesoc_server.search.event_fields import EVENT_FIELDS
from litesoc_server.search.fields import FieldTable
from litesoc_server.search.format import format_query
from litesoc_server.search.parse import TERMS_MAX, TEXT_LENGTH_MAX, parse
from litesoc_server.search.query import (
    EVERYTHING,
    Between,
    Compared,
    Exactly,
    InNetwork,
    Operator,
    Query,
    StartsWith,
    Term,
    Value,
)
from query_strategies import queries

TABLES = (EVENT_FIELDS, ALERT_FIELDS)


def one(field: str | None, *values: Value, is_negated: bool = False) -> Query:
    return Query((Term(field, values, is_negated),))


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", EVERYTHING),
        (" \t\n", EVERYTHING),
        ("event:auth.login_failed", one("event", Exactly("auth.login_failed"))),
        ("Event:AUTH.Login_Failed", one("event", Exactly("auth.login_failed"))),
        ("event:auth.*", one("event", StartsWith("auth."))),
        ("country:no,SE", one("country", Exactly("NO"), Exactly("SE"))),
        ("-vpn", one("is", Exactly("vpn"), is_negated=True)),
        ("Tor", one("is", Exactly("tor"))),
        ("is:vpn,tor", one("is", Exactly("vpn"), Exactly("tor"))),
        ('"vpn"', one(None, Exactly("vpn"))),
        ("risk:>70", one("risk", Compared(Operator.ABOVE, 70))),
        ("risk:<=70", one("risk", Compared(Operator.AT_MOST, 70))),
        ("risk:=7", one("risk", Compared(Operator.EQUAL, 7))),
        ("risk:10..20,90", one("risk", Between(10, 20), Compared(Operator.EQUAL, 90))),
        ("asn:AS64500", one("asn", Compared(Operator.EQUAL, 64500))),
        ("asn:>as64500", one("asn", Compared(Operator.ABOVE, 64500))),
        ('actor:"a \\"b\\" \\\\ \\n"', one("actor", Exactly('a "b" \\ \\n'))),
        ('actor:"a,b",c', one("actor", Exactly("a,b"), Exactly("c"))),
        ('actor:""', one("actor", Exactly(""))),
        ('actor:"*"', one("actor", Exactly("*"))),
        ('actor:"a b"*', one("actor", StartsWith("a b"))),
        ("actor:DOMAIN\\mira", one("actor", Exactly("DOMAIN\\mira"))),
        ("user:Mira", one("actor", Exactly("Mira"))),
        ("actor:auth0|a:b", one("actor", Exactly("auth0|a:b"))),
        ("ip:2001:DB8::0:1", one("ip", Exactly("2001:db8::1"))),
        ("ip:::ffff:203.0.113.9", one("ip", Exactly("203.0.113.9"))),
        ("ip:203.0.113.77/24", one("ip", InNetwork("203.0.113.0/24"))),
        ("ip:203.0.*", one("ip", StartsWith("203.0."))),
        ("203.0.113.9", one("ip", Exactly("203.0.113.9"))),
        ("2001:db8::/32", one("ip", InNetwork("2001:db8::/32"))),
        ("203.0.113", one(None, Exactly("203.0.113"))),
        ("-mira,ann", one(None, Exactly("mira,ann"), is_negated=True)),
        ("meta.reason:bad_password", one("meta.reason", Exactly("bad_password"))),
        ("meta.User.Plan:Pro*", one("meta.User.Plan", StartsWith("Pro"))),
        ("-has:actor", one("has", Exactly("actor"), is_negated=True)),
        ("mira -vpn", Query((Term(None, (Exactly("mira"),)), Term("is", (Exactly("vpn"),), is_negated=True)))),
    ],
)
def test_what_is_written_and_what_it_means(text: str, query: Query) -> None:
    assert parse(text, EVENT_FIELDS) == query


@pytest.mark.parametrize(
    ("text", "marked", "says", "suggestion"),
    [
        ("contry:NO", "contry", "there is no field `contry`; did you mean `country`?", "country"),
        ("vpn usr:mira", "usr", "did you mean `actor`?", "actor"),
        ("https://shop.example", "https", "put it in quotes", None),
        ("event:", ":", "`event:` needs a value, for example `event:auth.login_failed`", None),
        ("country:NO,", ",", "needs a value", None),
        ("severity:crit", "crit", "did you mean `critical`?", "critical"),
        ("severity:x", "x", "it is one of info, warning, critical", None),
        ("severity:crit*", "crit*", "takes no `*`", None),
        ("country:Norway", "Norway", "two letters", None),
        ("risk:high", "high", "`risk:>70`", None),
        ("risk:20..10", "20..10", "did you mean `10..20`?", "10..20"),
        ("risk:99999999999", "99999999999", "whole number", None),
        ("asn:4294967296", "4294967296", "never larger", None),
        ("ip:203.0.113.999", "203.0.113.999", "is no address", None),
        ("event:*", "*", "before the `*`", None),
        ("actor:a*b", "*", "at the end of a value", None),
        ("mira*", "*", "leave out the `*`", None),
        ('actor:"mira', '"mira', "never closed", None),
        ('actor:mi"ra', '"', "beginning of a value", None),
        ('"mira"x', "x", "put a blank behind", None),
        ('actor:"mira"x', "x", "put a blank behind", None),
        ('""', '""', "nothing between", None),
        ("vpn - tor", "-", "right behind", None),
        ("a OR b", "OR", "country:NO,SE", None),
        ("a AND b", "AND", "leave out", None),
        ("NOT b", "NOT", "write `-`", None),
        ("actor:a\0", "\0", "cannot be stored", None),
        ("actor:\ud800", "\ud800", "cannot be stored", None),
    ],
)
def test_a_mistake_is_named_with_its_place_and_its_fix(text: str, marked: str, says: str, suggestion: str | None) -> None:
    with pytest.raises(QueryError) as mistake:
        parse(text, EVENT_FIELDS)

    error = mistake.value
    assert says in error.message
    assert error.message == str(error)
    if suggestion is not None:
        assert error.suggestion == suggestion
    place = text[error.position : error.position + error.length]
    assert place == marked or (place == "" and error.position == len(text))


def test_alerts_are_asked_in_the_same_language_by_fields_of_their_own() -> None:
    query = parse("status:open severity:high,critical -actor:mira travel", ALERT_FIELDS)
    assert [term.field for term in query.terms] == ["status", "severity", "actor", None]
    assert query.fields() == {"status", "severity", "actor"}
    with pytest.raises(QueryError, match=r"no field `meta\.reason`"):
        parse("meta.reason:x", ALERT_FIELDS)


def test_a_query_has_an_end() -> None:
    parse("x" * TEXT_LENGTH_MAX, EVENT_FIELDS)
    with pytest.raises(QueryError, match="at most 1,000 characters, this one has 1,001"):
        parse("x" * (TEXT_LENGTH_MAX + 1), EVENT_FIELDS)
    parse(" ".join(["x"] * TERMS_MAX), EVENT_FIELDS)
    with pytest.raises(QueryError, match="at most 20 terms") as mistake:
        parse(" ".join(["x"] * (TERMS_MAX + 1)), EVENT_FIELDS)
    assert mistake.value.position == 2 * TERMS_MAX


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.of_what)
@given(data=st.data())
def test_a_query_written_as_text_and_read_again_is_the_same(table: FieldTable, data: st.DataObject) -> None:
    query = data.draw(queries(table))
    text = format_query(query, table)
    if len(text) <= TEXT_LENGTH_MAX:
        assert parse(text, table) == query


@given(st.text(max_size=60) | st.text(alphabet='ab:-"\\*,.. <>=/1event', max_size=60))
def test_any_text_is_a_query_or_a_mistake_within_it(text: str) -> None:
    outcome = query_or_mistake(text)
    if isinstance(outcome, QueryError):
        assert 0 <= outcome.position <= len(text)
        assert outcome.message
    else:
        assert parse(format_query(outcome, EVENT_FIELDS), EVENT_FIELDS) == outcome


def query_or_mistake(text: str) -> Query | QueryError:
    try:
        return parse(text, EVENT_FIELDS)
    except QueryError as error:
        return error
