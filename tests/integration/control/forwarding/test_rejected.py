"""A receiver that will not take some record gets all the others, and the record is named."""

from typing import Any

import pytest

from forward_factories import BY, make_forwarder, make_keeper, many, to_http, uids
from forward_receivers import Authority, HttpReceiver
from litesoc_server.clock import ManualClock
from litesoc_server.forwarding import turn
from litesoc_server.forwarding.access import state_of
from litesoc_server.forwarding.changes import change_forwarder
from litesoc_server.forwarding.models import Forwarder, RejectedRecord, What
from litesoc_server.orgs.models import Organization
from litesoc_server.store.base import EventStore
from management_api import store_events
from notify_factories import fire

pytestmark = pytest.mark.django_db


def rejected_ids(forwarder: Forwarder) -> list[str]:
    return list(RejectedRecord.objects.filter(forwarder=forwarder).order_by("pk").values_list("record_id", flat=True))


@pytest.mark.parametrize("rejection", [400, 422])
def test_the_rejected_ones_are_set_aside_and_the_others_arrive_once_and_in_order(
    org: Organization,
    store: EventStore,
    clock: ManualClock,
    receiver: HttpReceiver,
    authority: Authority,
    rejection: int,
) -> None:
    forwarder = make_forwarder(org, store, settings=to_http(receiver, authority))
    ids = [event.event_id for event in many_stored(org, store, 24)]
    receiver.rejected, receiver.rejection = {ids[0], ids[11], ids[12], ids[23]}, rejection
    make_keeper(store, clock).run_once()

    assert uids(receiver) == [event_id for event_id in ids if event_id not in receiver.rejected]
    assert rejected_ids(forwarder) == [ids[0], ids[11], ids[12], ids[23]]
    assert f"status {rejection}" in RejectedRecord.objects.all()[0].reason
    forwarder.refresh_from_db()
    assert (forwarder.sent_count, forwarder.rejected_count, forwarder.failures_count) == (20, 4, 0)
    assert (forwarder.pending_end, forwarder.pending_after, forwarder.failing_since) == ("", "", None)
    assert forwarder.caught_up_at is not None
    assert len(receiver.headers) < turn.REQUESTS_PER_TURN

    more = [event.event_id for event in many_stored(org, store, 3)]
    make_keeper(store, clock).run_once()
    assert uids(receiver)[-3:] == more
    assert len(uids(receiver)) == 23


def test_a_receiver_that_takes_few_at_once_gets_few_at_once(
    org: Organization, store: EventStore, clock: ManualClock, receiver: HttpReceiver, authority: Authority
) -> None:
    make_forwarder(org, store, settings=to_http(receiver, authority))
    ids = [event.event_id for event in many_stored(org, store, 20)]
    receiver.largest = 5
    make_keeper(store, clock).run_once()
    assert uids(receiver) == ids
    assert [len(records) for _, records in receiver.batches] == [5, 5, 5, 5]
    assert len({batch_id for batch_id, _ in receiver.batches}) == 4
    assert not RejectedRecord.objects.exists()


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_what_is_not_about_the_records_waits_for_a_person(
    org: Organization, store: EventStore, clock: ManualClock, receiver: HttpReceiver, authority: Authority, status: int
) -> None:
    forwarder = make_forwarder(org, store, settings=to_http(receiver, authority))
    ids = [event.event_id for event in many_stored(org, store, 3)]
    receiver.status = status
    served = make_keeper(store, clock)
    for _ in range(3):
        served.run_once()
        clock.advance_ms(600_000)
    assert len(receiver.headers) == 3  # whole, with a pause between
    forwarder.refresh_from_db()
    assert state_of(forwarder, forwarder.created_at) == "failing"
    assert f"status {status}" in forwarder.last_error
    receiver.status = 200
    served.run_once()
    assert uids(receiver) == ids
    assert not RejectedRecord.objects.exists()


def test_an_outage_in_the_middle_of_halving_doubles_nothing(
    org: Organization,
    store: EventStore,
    clock: ManualClock,
    receiver: HttpReceiver,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forwarder = make_forwarder(org, store, settings=to_http(receiver, authority))
    ids = [event.event_id for event in many_stored(org, store, 16)]
    receiver.rejected = {ids[9]}
    answer_to = receiver.answer_to

    def fails_after_the_first_half(records: list[dict[str, Any]]) -> int:
        return 503 if receiver.batches else answer_to(records)

    with monkeypatch.context() as patch:
        patch.setattr(receiver, "answer_to", fails_after_the_first_half)
        make_keeper(store, clock).run_once()
    forwarder.refresh_from_db()
    assert (forwarder.sent_count, forwarder.pending_after, forwarder.failures_count) == (8, ids[7], 1)
    clock.advance_ms(600_000)
    make_keeper(store, clock).run_once()
    assert uids(receiver) == [event_id for event_id in ids if event_id != ids[9]]
    assert rejected_ids(forwarder) == [ids[9]]


def test_a_long_search_goes_on_in_the_next_turn(
    org: Organization,
    store: EventStore,
    clock: ManualClock,
    receiver: HttpReceiver,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turn, "REQUESTS_PER_TURN", 8)
    forwarder = make_forwarder(org, store, settings=to_http(receiver, authority))
    ids = [event.event_id for event in many_stored(org, store, 16)]
    receiver.rejected = set(ids[::4])
    served = make_keeper(store, clock)
    for _ in range(8):
        served.run_once()
    assert uids(receiver) == [event_id for event_id in ids if event_id not in receiver.rejected]
    assert rejected_ids(forwarder) == ids[::4]


def test_a_receiver_that_rejects_everything_is_a_matter_for_a_person(
    org: Organization,
    store: EventStore,
    clock: ManualClock,
    receiver: HttpReceiver,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turn, "REJECTED_IN_ROW_MAX", 3)
    monkeypatch.setattr(turn, "REJECTED_KEPT_MAX", 3)
    forwarder = make_forwarder(org, store, settings=to_http(receiver, authority))
    ids = [event.event_id for event in many_stored(org, store, 8)]
    receiver.status = 400
    served = make_keeper(store, clock)
    for _ in range(3):
        served.run_once()
        clock.advance_ms(600_000)
    forwarder.refresh_from_db()
    assert rejected_ids(forwarder) == ids[:3]
    assert state_of(forwarder, forwarder.created_at) == "failing"
    assert "rejected 3 records one after the other" in forwarder.last_error

    receiver.status, receiver.rejected = 200, {ids[5]}  # mended over there: what is left arrives
    served.run_once()
    assert uids(receiver) == [ids[3], ids[4], ids[6], ids[7]]
    forwarder.refresh_from_db()
    assert (forwarder.rejected_count, forwarder.rejected_in_row) == (4, 0)
    assert rejected_ids(forwarder) == [ids[1], ids[2], ids[5]]  # the newest are kept


def test_a_person_lets_it_go_on(
    org: Organization,
    store: EventStore,
    clock: ManualClock,
    receiver: HttpReceiver,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turn, "REJECTED_IN_ROW_MAX", 2)
    forwarder = make_forwarder(org, store, settings=to_http(receiver, authority))
    ids = [event.event_id for event in many_stored(org, store, 4)]
    receiver.rejected = set(ids[:3])
    served = make_keeper(store, clock)
    served.run_once()
    assert rejected_ids(forwarder) == ids[:2]
    forwarder.refresh_from_db()
    change_forwarder(forwarder, by=BY, is_paused=True)
    change_forwarder(forwarder, by=BY, is_paused=False)
    served.run_once()
    assert rejected_ids(forwarder) == ids[:3]
    assert uids(receiver) == ids[3:]


def test_a_change_of_an_alert_is_set_aside_like_an_event(
    org: Organization, store: EventStore, clock: ManualClock, receiver: HttpReceiver, authority: Authority
) -> None:
    forwarder = make_forwarder(org, store, settings=to_http(receiver, authority), what=What.ALERTS)
    alert = fire(org)
    receiver.status = 422
    make_keeper(store, clock).run_once()
    (one,) = RejectedRecord.objects.filter(forwarder=forwarder)
    assert (one.is_alert, one.subject_id) == (True, str(alert.id))
    assert receiver.records == []


def many_stored(org: Organization, store: EventStore, count: int) -> list[Any]:
    events = sorted(many(org, count), key=lambda event: event.event_id)
    store_events(store, *events)
    return events
