"""`/health/instrumentation`, and `litesoc doctor`'s way of asking the same."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from control_factories import NOW_MS, OrganizationFactory, event_ids
from litesoc_server.clock import ManualClock
from litesoc_server.config import Config
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor
from litesoc_server.inbound.models import SourceConnection, SourceCount
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.responses import iso_ms
from litesoc_server.orgs.models import Role
from litesoc_server.runtime.instrumentation_check import find_notices
from litesoc_server.servers.models import Server
from litesoc_server.store.base import EventStore, StoreUnavailable
from management_api import Tenant, make_event, store_events
from page_reader import PageReader

DAY_MS = 86_400_000
NOW = datetime.fromtimestamp(NOW_MS / 1000, UTC)


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
    assert set(answer["data"][0]) == {"problem", "key_id", "source", "finding", "fix"}


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


def heard(tenant: Tenant, hostname: str, ago: timedelta, environment: Environment = Environment.LIVE) -> None:
    server = Server(org=tenant.org, environment=environment.value, hostname=hostname, last_seen_at=NOW - ago)
    server.save()


def delivered(tenant: Tenant, source: str, *days_ago: int, is_enabled: bool = True) -> None:
    last = NOW - timedelta(days=min(days_ago))
    row = SourceConnection.objects.create(
        org=tenant.org, environment="live", source=source, last_event_at=last, is_enabled=is_enabled
    )
    for number in days_ago:
        SourceCount.objects.create(connection=row, day=(NOW - timedelta(days=number)).date(), outcome="queued", count=3)


def test_agents_and_sources_that_went_silent_are_found_each_time(tenant: Tenant) -> None:
    heard(tenant, "web-1", timedelta(minutes=5))
    heard(tenant, "web-2", timedelta(minutes=16))
    heard(tenant, "gone", timedelta(days=8))
    heard(tenant, "web-3", timedelta(days=1), Environment.TEST)
    delivered(tenant, "auth0", *range(5, 15))
    delivered(tenant, "okta", *range(5, 15), is_enabled=False)
    delivered(tenant, "clerk", *range(15))
    agents, auth0 = tenant.get("/health/instrumentation")["data"]
    assert (agents["problem"], agents["key_id"], agents["source"]) == ("agents_went_silent", None, None)
    assert agents["finding"].startswith("1 of 2 agents was not heard of: web-2 for 16 min")
    assert (auth0["problem"], auth0["key_id"], auth0["source"]) == ("source_went_silent", None, "auth0")
    Server.objects.filter(hostname="web-2").update(last_seen_at=NOW)
    SourceConnection.objects.filter(source="auth0").delete()
    assert tenant.get("/health/instrumentation")["data"] == []
    assert Tenant().get("/health/instrumentation")["data"] == []


def test_pages_show_who_went_silent(tenant: Tenant) -> None:
    heard(tenant, "web-2", timedelta(hours=2))
    reader = PageReader(tenant.org, Role.ANALYST)
    for path in ("overview/arrivals/", "setup/notices"):
        assert "web-2 for 2 h" in reader.text(path), path


def test_the_doctor_says_so_too(tenant: Tenant, tmp_path: Path) -> None:
    Server.objects.create(
        org=tenant.org, environment="live", hostname="web-9", last_seen_at=timezone.now() - timedelta(hours=3)
    )
    lines, left_undone = find_notices(Config(data_dir=tmp_path))
    assert [line.partition(";")[0] for line in lines] == [f"{tenant.org.slug}: 1 of 1 agent was not heard of: web-9 for 3 h"]
    assert left_undone == "no events yet"


def test_it_takes_a_key_that_may_read(tenant: Tenant) -> None:
    may_send = Tenant(org=OrganizationFactory(), key_changes={"scopes": frozenset({Scope.INGEST})})
    assert may_send.call("GET", "/health/instrumentation").status_code == 403


def test_a_store_that_does_not_answer_is_503(store: EventStore, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(store, "sender_facts", fail)
    assert tenant.call("GET", "/health/instrumentation").status_code == 503
