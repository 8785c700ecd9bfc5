"""Events leave as OCSF over the API, as the plan shows them, and the audit log says so."""

import json
from typing import Any

import pytest
from asgiref.sync import async_to_sync

from control_factories import NOW_MS
from litesoc_server.api.v1 import events_export
from litesoc_server.audit.models import AuditEntry
from litesoc_server.events.envelope import Environment
from litesoc_server.store.base import EventStore
from management_api import Tenant, call, make_event, store_down, store_events


def exported(tenant: Tenant, query: str = "") -> list[dict[str, Any]]:
    answer: Any = call("GET", f"/events/export{query}", **{"X-API-Key": tenant.secret})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/x-ndjson")

    async def pieces() -> bytes:
        return b"".join([piece async for piece in answer.streaming_content])

    return [json.loads(line) for line in async_to_sync(pieces)().splitlines()]


def test_all_pages_are_there_newest_first(tenant: Tenant, store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events_export, "PAGE_ROWS", 2)
    events = [make_event(tenant.org, occurred_at_ms=NOW_MS - 5_000 + index) for index in range(5)]
    store_events(store, *events, make_event(tenant.org, environment=Environment.TEST), make_event(Tenant().org))
    found = exported(tenant)
    assert [one["metadata"]["uid"] for one in found] == [event.event_id for event in reversed(events)]
    assert {one["class_uid"] for one in found} == {3002}
    assert found[0]["src_endpoint"]["location"]["city"] == "Bergen"
    entry = AuditEntry.objects.filter(org_id=tenant.org.id).latest("seq")
    assert (entry.action, entry.target_id) == ("data.exported", "events")


def test_a_query_and_a_span_limit_it(tenant: Tenant, store: EventStore) -> None:
    early, late = (make_event(tenant.org, occurred_at_ms=NOW_MS - ago) for ago in (7_200_000, 1_000))
    other = make_event(tenant.org, name="data.export", category="data")
    store_events(store, early, late, other)
    assert [one["metadata"]["uid"] for one in exported(tenant, "?query=event:data.export")] == [other.event_id]
    assert [one["metadata"]["uid"] for one in exported(tenant, "?until=2026-05-28T19:00:00Z")] == [early.event_id]
    answer = call("GET", "/events/export?since=yesterday", **{"X-API-Key": tenant.secret})
    assert (answer.status_code, answer.json()["message"][:7]) == (400, "since: ")


def test_a_plan_without_places_shows_the_country_alone(tenant: Tenant, store: EventStore) -> None:
    tenant.org.plan = "free"
    tenant.org.save()
    store_events(store, make_event(tenant.org))
    (found,) = exported(tenant)
    assert found["src_endpoint"] == {"ip": "198.51.100.77", "location": {"country": "NO"}}


def test_a_store_that_is_away_is_a_503(tenant: Tenant) -> None:
    with store_down():
        assert call("GET", "/events/export", **{"X-API-Key": tenant.secret}).status_code == 503
