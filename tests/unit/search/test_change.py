"""What a click on a facet does to a query."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litesoc_server.search.change import asks_for, has_value, toggle_value, without_field
from litesoc_server.search.event_fields import EVENT_FIELDS
from litesoc_server.search.format import format_query
from litesoc_server.search.parse import parse
from litesoc_server.search.query import Query
from query_strategies import queries


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "country:NO"),
        ("vpn", "vpn country:NO"),
        ("country:SE vpn", "country:SE,NO vpn"),
        ("country:SE,NO vpn", "country:SE vpn"),
        ("country:NO vpn", "vpn"),
        ("-country:NO", "-country:NO country:NO"),
    ],
)
def test_a_value_is_put_in_or_taken_out(before: str, after: str) -> None:
    changed = toggle_value(parse(before, EVENT_FIELDS), "country", "NO")
    assert format_query(changed, EVENT_FIELDS) == after


@given(queries(EVENT_FIELDS), st.sampled_from(["NO", "SE"]))
def test_a_second_click_takes_back_the_first(query: Query, value: str) -> None:
    if not has_value(query, "country", value):
        once = toggle_value(query, "country", value)
        assert has_value(once, "country", value)
        assert toggle_value(once, "country", value) == query


@given(queries(EVENT_FIELDS))
def test_a_query_without_a_field_does_not_ask_for_it(query: Query) -> None:
    assert not asks_for(without_field(query, "event"), "event")
