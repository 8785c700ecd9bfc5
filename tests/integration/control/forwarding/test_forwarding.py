"""Events and alerts reach real receivers in order, once, through outages, restarts and crashes."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from control_factories import NOW_MS, OrganizationFactory
from forward_factories import BY, make_forwarder, make_keeper, many, to_http, to_syslog, uids
from forward_receivers import Authority, HttpReceiver, SyslogReceiver
from litesoc_server.alerts.lifecycle import mark_safe
from litesoc_server.alerts.models import Alert
from litesoc_server.clock import ManualClock
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Severity
from litesoc_server.forwarding import batches
from litesoc_server.forwarding.access import state_of
from litesoc_server.forwarding.changes import TEST_EVENT, change_forwarder, send_test
from litesoc_server.forwarding.kinds import SendFailed
from litesoc_server.forwarding.models import Forwarder, What
from litesoc_server.forwarding.turn import Turn
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.principals import Who
from litesoc_server.store.base import EventStore
from management_api import make_event, store_events
from notify_factories import fire

pytestmark = pytest.mark.django_db


def test_events_arrive_once_and_in_order_of_receipt(
    org: Organization, store: EventStore, clock: ManualClock, receiver: HttpReceiver, authority: Authority, monkeypatch: Any
) -> None:
    monkeypatch.setattr(batches, "EVENTS_MAX", 7)
    forwarder = make_forwarder(org, store, settings=to_http(receiver, authority, token="secret"))
    events = many(org, 20)
    store_events(store, *events)
    store_events(
        store, make_event(OrganizationFactory()), msgspec.structs.replace(make_event(org), environment=Environment.TEST)
    )
    make_keeper(store, clock).run_once()
    make_keeper(store, clock).run_once()  # a restart: nothing comes again

    assert uids(receiver) == sorted(event.event_id for event in events)
    assert [len(records) for _, records in receiver.batches] == [7, 7, 6]
    assert len({batch_id for batch_id, _ in receiver.batches}) == 3
    assert receiver.headers[0]["authorization"] == "Bearer secret"
    assert receiver.headers[0]["content-type"] == "application/x-ndjson"
    forwarder.refresh_from_db()
    assert forwarder.sent_count == 20
    assert forwarder.lease_id is None
    assert state_of(forwarder, forwarder.caught_up_at) == "working"  # type: ignore[arg-type]


def test_an_outage_is_waited_out_and_nothing_is_lost_or_doubled(
    org: Organization, store: EventStore, clock: ManualClock, receiver: HttpReceiver, authority: Authority
) -> None:
    forwarder = make_forwarder(org, store, settings=to_http(receiver, authority))
    served = make_keeper(store, clock)
    receiver.status = 503
    events = many(org, 3)
    store_events(store, *events)
    served.run_once()
    served.run_once()  # not yet: it waits
    forwarder.refresh_from_db()
    assert (forwarder.failures_count, forwarder.last_error) == (1, "the receiver answered with status 503")
    assert state_of(forwarder, forwarder.created_at) == "failing"
    assert len(receiver.headers) == 1

    for _ in range(4):
        clock.advance_ms(600_000)
        served.run_once()
    more = many(org, 2)
    store_events(store, *more)
    receiver.status = 200
    clock.advance_ms(600_000)
    served.run_once()
    assert uids(receiver) == [*sorted(event.event_id for event in events), *sorted(event.event_id for event in more)]
    forwarder.refresh_from_db()
    assert (forwarder.failures_count, forwarder.failing_since, forwarder.retry_at) == (0, None, None)


@pytest.mark.parametrize(("asked_for_s", "waits_s"), [(900, 900), (90_000, 3_600)])
def test_a_receiver_is_left_alone_for_as_long_as_it_asks_for_up_to_an_hour(
    org: Organization,
    store: EventStore,
    clock: ManualClock,
    receiver: HttpReceiver,
    authority: Authority,
    asked_for_s: int,
    waits_s: int,
) -> None:
    make_forwarder(org, store, settings=to_http(receiver, authority))
    store_events(store, make_event(org))
    receiver.status, receiver.answer_headers = 429, {"Retry-After": str(asked_for_s)}
    served = make_keeper(store, clock)
    for pause_s in (0, waits_s - 1, 2):
        clock.advance_ms(pause_s * 1_000)
        served.run_once()
    assert len(receiver.headers) == 2


def test_after_a_crash_the_one_batch_comes_again_under_its_id(
    org: Organization,
    store: EventStore,
    clock: ManualClock,
    receiver: HttpReceiver,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_forwarder(org, store, settings=to_http(receiver, authority))
    events = many(org, 3)
    store_events(store, *events)

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt  # after the receiver took it, before that was written down

    with monkeypatch.context() as patch:
        patch.setattr(Turn, "_note_success", dies)
        with pytest.raises(KeyboardInterrupt):
            make_keeper(store, clock).run_once()
    later = many(org, 2)
    store_events(store, *later)
    Forwarder.objects.update(leased_until=None)  # as after the lease's time
    make_keeper(store, clock).run_once()

    (first, again, rest) = receiver.batches
    assert again == first
    assert len(first[1]) == 3
    assert [record["metadata"]["uid"] for record in rest[1]] == sorted(event.event_id for event in later)


def test_another_worker_does_not_send_beside_the_first(
    org: Organization, store: EventStore, clock: ManualClock, receiver: HttpReceiver, authority: Authority
) -> None:
    forwarder = make_forwarder(org, store, settings=to_http(receiver, authority))
    store_events(store, make_event(org))
    until = forwarder.created_at + timedelta(days=20_000)
    Forwarder.objects.update(lease_id=forwarder.id, leased_until=until)
    make_keeper(store, clock).run_once()
    assert receiver.batches == []


def test_what_is_not_wanted_is_passed_over(
    org: Organization, store: EventStore, clock: ManualClock, receiver: HttpReceiver, authority: Authority
) -> None:
    make_forwarder(org, store, settings=to_http(receiver, authority), severities=["critical"], categories=["auth", "authz"])
    kept = msgspec.structs.replace(make_event(org, occurred_at_ms=NOW_MS + 1), severity=Severity.CRITICAL)
    other = msgspec.structs.replace(make_event(org, occurred_at_ms=NOW_MS + 2), severity=Severity.CRITICAL, category="data")
    store_events(store, make_event(org), kept, other)
    make_keeper(store, clock).run_once()
    assert uids(receiver) == [kept.event_id]


def test_the_youngest_events_wait_for_those_before_them(
    org: Organization,
    store: EventStore,
    clock: ManualClock,
    receiver: HttpReceiver,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batches, "EVENTS_SETTLE_S", 60)
    make_forwarder(org, store, settings=to_http(receiver, authority))
    store_events(store, make_event(org))
    make_keeper(store, clock).run_once()
    assert receiver.batches == []


def test_a_pause_loses_nothing(
    org: Organization, store: EventStore, clock: ManualClock, receiver: HttpReceiver, authority: Authority
) -> None:
    forwarder = make_forwarder(org, store, settings=to_http(receiver, authority))
    paused = change_forwarder(forwarder, by=BY, is_paused=True)
    event = make_event(org)
    store_events(store, event)
    make_keeper(store, clock).run_once()
    assert receiver.batches == []
    assert state_of(paused, forwarder.created_at) == "paused"
    change_forwarder(forwarder, by=BY, is_paused=False)
    make_keeper(store, clock).run_once()
    assert uids(receiver) == [event.event_id]


def test_splunk_gets_its_own_envelope(
    org: Organization, store: EventStore, clock: ManualClock, receiver: HttpReceiver, authority: Authority
) -> None:
    address = f"https://127.0.0.1:{receiver.port}"
    settings = {"url": address, "token": "hec", "host": "soc", "ca_pem": authority.pem}
    make_forwarder(org, store, "splunk_hec", settings=settings)
    event = make_event(org)
    store_events(store, event)
    make_keeper(store, clock).run_once()
    (record,) = receiver.records
    assert (record["time"], record["host"], record["sourcetype"]) == (event.occurred_at_ms / 1000, "soc", "litesoc:ocsf")
    assert record["event"]["metadata"]["uid"] == event.event_id
    assert receiver.headers[0]["authorization"] == "Splunk hec"
    assert receiver.headers[0]["path"] == "/services/collector/event"


@pytest.mark.parametrize("answers_close", [True, False])
def test_syslog_over_tls_carries_cef(
    org: Organization, store: EventStore, clock: ManualClock, authority: Authority, *, answers_close: bool
) -> None:
    syslog = SyslogReceiver(authority, answers_close=answers_close)
    try:
        make_forwarder(org, store, "syslog", settings=to_syslog(syslog, authority))
        events = many(org, 3)
        store_events(store, *events)
        make_keeper(store, clock).run_once()
        make_keeper(store, clock).run_once()
    finally:
        syslog.close()
    assert len(syslog.messages) == 3
    header = r"<108>1 \d{4}-\d\d-\d\dT[\d:.]+Z litesoc litesoc - auth\.login_failed - CEF:0\|LiteSOC\|LiteSOC\|"
    assert re.match(header, syslog.messages[0])
    assert [f"externalId={event.event_id} " in message for event, message in zip(events, syslog.messages, strict=True)]


def test_a_syslog_receiver_that_breaks_off_gets_it_again(
    org: Organization, store: EventStore, clock: ManualClock, syslog: SyslogReceiver, authority: Authority
) -> None:
    forwarder = make_forwarder(org, store, "syslog", settings=to_syslog(syslog, authority, format="ocsf"))
    event = make_event(org)
    store_events(store, event)
    syslog.breaks_off = True
    served = make_keeper(store, clock)
    served.run_once()
    forwarder.refresh_from_db()
    assert (forwarder.failures_count, forwarder.sent_count) == (1, 0)
    syslog.breaks_off = False
    clock.advance_ms(600_000)
    served.run_once()
    (message,) = syslog.messages
    assert event.event_id in message
    assert '"class_uid":3002' in message


def test_a_certificate_that_nobody_vouches_for_is_refused(
    org: Organization, store: EventStore, clock: ManualClock, syslog: SyslogReceiver, receiver: HttpReceiver, tmp_path: Path
) -> None:
    other = Authority(tmp_path)
    make_forwarder(org, store, "syslog", settings=to_syslog(syslog, other), name="syslog")
    make_forwarder(org, store, "http", settings=to_http(receiver, other), name="http")
    store_events(store, make_event(org))
    make_keeper(store, clock).run_once()
    assert (syslog.messages, receiver.batches) == ([], [])
    errors = Forwarder.objects.values_list("last_error", flat=True)
    assert all("certificate" in error.lower() for error in errors)


def test_alerts_are_told_when_they_are_made_joined_and_settled(
    org: Organization, store: EventStore, clock: ManualClock, receiver: HttpReceiver, authority: Authority
) -> None:
    fire(org)  # of before
    make_forwarder(org, store, settings=to_http(receiver, authority), what=What.ALERTS)
    served = make_keeper(store, clock)
    alert = fire(org, incident_key="account|actor:usr_9")
    fire(OrganizationFactory())
    fire(org, incident_key="account|actor:usr_t", environment=Environment.TEST)
    store_events(store, make_event(org))
    served.run_once()
    fire(org, incident_key="account|actor:usr_9", detection_id="f" * 32)
    served.run_once()
    mark_safe(Alert.objects.get(pk=alert.pk), who=Who(by="ada", principal="operator"))
    served.run_once()
    served.run_once()

    told = [(one["finding_info"]["uid"], one["activity_name"], one["status"]) for one in receiver.records]
    assert told == [
        (str(alert.id), "Create", "New"),
        (str(alert.id), "Update", "New"),
        (str(alert.id), "Close", "Suppressed"),
    ]
    assert len(set(uids(receiver))) == 3


def test_the_test_button_sends_one_event(
    org: Organization, store: EventStore, receiver: HttpReceiver, authority: Authority
) -> None:
    forwarder = make_forwarder(org, store, settings=to_http(receiver, authority))
    event_id = send_test(forwarder)
    (record,) = receiver.records
    assert (record["metadata"]["uid"], record["metadata"]["event_code"]) == (event_id, TEST_EVENT)
    receiver.status = 401
    with pytest.raises(SendFailed, match="401"):
        send_test(forwarder)
