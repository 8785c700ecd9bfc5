"""Taking all events out of a store and putting them into it again, as a backup and a restore do.

In a module of its own, because it empties the store.
"""

from collections.abc import Iterator

import pytest

from contract.store_cases import (
    DAY_MS,
    NOW_MS,
    StoreCase,
    list_all,
    make_bare_event,
    make_event,
    make_events,
    new_org,
    stored,
)
from litesoc_server.store import copies
from litesoc_server.store.base import EventFilter

ODD = "tab\tnewline\nreturn\rnul\0 back\\slash 'quote' \\N ü 🎣"
SUMS = ("events_hourly", "visits_daily", "visitors", "places_hourly")


def copied(case: StoreCase) -> Iterator[bytes]:
    columns = case.store.event_columns()
    for day in case.store.event_days():
        yield from case.store.lines_of(day, columns)


def test_what_was_taken_out_comes_back_equal_with_its_sums(case: StoreCase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "EVENTS_PER_PIECE_MAX", 5)  # so that days are read in several pieces
    org, other = new_org(), new_org()
    events = [
        *make_events(org, 20, step_ms=3_600_000),
        make_event(org, NOW_MS - 40 * DAY_MS, user_ip=None, session_id=ODD, source=ODD),
        *(make_bare_event(other, NOW_MS) for _ in range(12)),  # at one moment: more than a piece
        make_bare_event(other, NOW_MS + 1),
    ]
    case.store.insert(stored(events))
    case.store.insert(stored([make_event(org, NOW_MS)], expires_at_ms=1_000))  # about to be deleted: not copied
    taken_in = case.store._read(
        "SELECT event_id, inserted_at, expires_at FROM events WHERE expires_at > now() ORDER BY ALL", {}
    )

    columns = case.store.event_columns()
    pieces = list(copied(case))
    assert max(piece.count(b"\n") for piece in pieces) == 5
    assert sum(piece.count(b"\n") for piece in pieces) == len(events)

    case.store.remove_everything()
    assert case.store.event_days() == []
    assert all(case.store._read(f"SELECT count() FROM {table}", {}) == [(0,)] for table in SUMS)
    for piece in pieces:
        case.store.add_lines(piece, columns)

    newest_first = sorted(events[:21], key=lambda event: (event.occurred_at_ms, event.event_id), reverse=True)
    assert list_all(case.store, org, EventFilter()) == newest_first
    assert len(list_all(case.store, other, EventFilter())) == 13
    assert case.store._read("SELECT event_id, inserted_at, expires_at FROM events ORDER BY ALL", {}) == taken_in
    for table in ("events_hourly", "visits_daily"):
        assert case.store._read(f"SELECT sum(events) FROM {table}", {}) == [(len(events),)]
