"""The mapping between events and rows, without an engine; with one, tests/contract/test_store.py holds it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.store_cases import make_event, new_org
from event_strategies import YEAR_2100_MS, events, stored_events
from litesoc_server.events.event import Event
from litesoc_server.store.base import StoredEvent
from litesoc_server.store.rows import COLUMN_NAMES, COLUMNS, columns_of, event_of, has_copies


def rows_of(stored: list[StoredEvent]) -> list[list[Any]]:
    """Turn columns into rows as the engine gives them back: texts for bytes, and no expiry."""
    columns = dict(zip(COLUMN_NAMES, columns_of(stored), strict=True))
    del columns["expires_at"]
    columns["metadata"] = [metadata.decode() for metadata in columns["metadata"]]
    return [list(row) for row in zip(*columns.values(), strict=True)]


@given(st.lists(stored_events, min_size=1, max_size=4))
def test_events_survive_the_way_into_rows_and_back(stored: list[StoredEvent]) -> None:
    assert [event_of(row) for row in rows_of(stored)] == [row.event for row in stored]
    assert len(columns_of(stored)) == len(COLUMNS)


@given(events())
def test_two_rows_of_one_event_are_copies(event: Event) -> None:
    row = StoredEvent(event, YEAR_2100_MS)

    assert has_copies(rows_of([row, row]))
    assert not has_copies(rows_of([row]))


@pytest.mark.parametrize(
    ("expires_at_ms", "expires_at_s"),
    [(0, 0), (1, 1), (1_000, 1), (1_001, 2), (2**32 * 1000, 2**32 - 1), (2**62, 2**32 - 1)],
)
def test_rows_expire_not_before_their_time_and_at_the_latest_in_2106(expires_at_ms: int, expires_at_s: int) -> None:
    columns = dict(zip(COLUMN_NAMES, columns_of([StoredEvent(make_event(new_org()), expires_at_ms)]), strict=True))

    assert columns["expires_at"] == [expires_at_s]
