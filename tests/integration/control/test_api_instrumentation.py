"""`/health/instrumentation`, and `litesoc doctor`'s way of asking the same."""

import pytest

from control_factories import NOW_MS, OrganizationFactory, event_ids
from litesoc_server.clock import ManualClock
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.responses import iso_ms
from litesoc_server.store.base import EventStore, StoreUnavailable
from management_api import Tenant, make_event, store_events

DAY_MS = 86_400_000


def send_from_one_address(store: EventStore, tenant: Tenant, environment: Environment = Environment.LIVE) -> None:
    events = [
        make_event(
            tenant.org,
            event_id=event_id,
            environment=environment,
            key_id=str(tenant.key_id),
            occurred_at_ms=NOW_MS - DAY_MS + number,
            name="auth.login_success",
            actor=Actor(f"usr_{number % 40}"),
            network=None,
        )
        for number, event_id in enumerate(event_ids(600))
    ]
    store_events(store, *events)


def test_it_says_what_is_wrong_per_key(store: EventStore, tenant: Tenant) -> None:
    send_from_one_address(store, tenant)
    answer = tenant.get("/health/instrumentation")
    assert [(notice["problem"], notice["key_id"]) for notice in answer["data"]] == [
        ("all_users_on_one_address", str(tenant.key_id)),
        ("failures_never_sent", str(tenant.key_id)),
    ]
    assert answer["data"][0]["finding"].startswith("600 of 600 events (100%), of 40 users, come from one address")
    assert set(answer["data"][0]) == {"problem", "key_id", "finding", "fix"}


def test_organisations_and_environments_are_kept_apart(store: EventStore, tenant: Tenant) -> None:
    send_from_one_address(store, tenant)
    assert Tenant().get("/health/instrumentation")["data"] == []
    test_key = Tenant(org=tenant.org, key_changes={"environment": Environment.TEST})
    assert test_key.get("/health/instrumentation")["data"] == []


def test_the_events_are_looked_at_every_five_minutes(store: EventStore, tenant: Tenant, clock: ManualClock) -> None:
    before = tenant.get("/health/instrumentation")
    assert (before["data"], before["looked_at"]) == ([], iso_ms(NOW_MS))
    send_from_one_address(store, tenant)
    assert tenant.get("/health/instrumentation") == before
    clock.advance_ms(5 * 60_000)
    after = tenant.get("/health/instrumentation")
    assert after["data"]
    assert after["looked_at"] == iso_ms(NOW_MS + 5 * 60_000)


def test_it_takes_a_key_that_may_read(tenant: Tenant) -> None:
    may_send = Tenant(org=OrganizationFactory(), key_changes={"scopes": frozenset({Scope.INGEST})})
    assert may_send.call("GET", "/health/instrumentation").status_code == 403


def test_a_store_that_does_not_answer_is_503(store: EventStore, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(store, "sender_facts", fail)
    assert tenant.call("GET", "/health/instrumentation").status_code == 503
