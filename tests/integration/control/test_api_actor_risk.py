from datetime import timedelta
from typing import Any

import pytest

from control_factories import NOW_MS, make_alert
from litesoc_server.alerts.lifecycle import mark_safe
from litesoc_server.clock import ManualClock
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor, Event
from litesoc_server.events.risk import Risk, RiskContribution
from litesoc_server.orgs.principals import Who
from litesoc_server.store.base import EventStore
from management_api import Tenant, make_event, store_events

DAY_MS = 86_400_000


def login(tenant: Tenant, score: int, *, days_ago: float = 0, actor_id: str = "mira", **changes: Any) -> Event:
    contributions = (
        RiskContribution("agent", "known user agent", -2.5),
        RiskContribution("network", "new country BR", 2.26),
    )
    risk = Risk(score, -0.24, contributions)
    at_ms = NOW_MS - round(days_ago * DAY_MS)
    return make_event(
        tenant.org, name="auth.login_success", actor=Actor(actor_id), risk=risk, occurred_at_ms=at_ms, **changes
    )


def test_the_weightiest_login_counts_and_fades(tenant: Tenant, store: EventStore) -> None:
    old, new = login(tenant, 80, days_ago=14), login(tenant, 36, days_ago=7)
    store_events(store, old, new, login(tenant, 100, actor_id="jonas"))
    answer = tenant.get("/actors/mira/risk")
    assert answer["data"] == {
        "actor_id": "mira",
        "score": 20,
        "half_life_days": 7,
        "parts": [
            {
                "kind": "login",
                "id": old.event_id,
                "at": "2026-05-14T20:26:40.000Z",
                "score": 80,
                "weight": 20.0,
                "text": "new country BR +2.3",
            },
            {
                "kind": "login",
                "id": new.event_id,
                "at": "2026-05-21T20:26:40.000Z",
                "score": 36,
                "weight": 18.0,
                "text": "new country BR +2.3",
            },
        ],
    }
    assert answer["meta"]["plan"] == "enterprise"


def test_an_alert_counts_until_it_is_settled(tenant: Tenant) -> None:
    alert = make_alert(tenant.org, actor_id="mira", severity=AlertSeverity.CRITICAL)
    data = tenant.get("/actors/mira/risk")["data"]
    assert data["score"] == 100
    assert data["parts"][0]["text"] == f"critical alert, open: {alert.title}"
    mark_safe(alert, who=Who(by="ops", principal="user:1"), note=None)
    assert tenant.get("/actors/mira/risk")["data"]["score"] == 0


def test_an_alert_fades_as_well(tenant: Tenant) -> None:
    alert = make_alert(tenant.org, actor_id="mira", severity=AlertSeverity.HIGH)
    alert.last_seen_at -= timedelta(days=7)
    alert.save(update_fields=["last_seen_at"])
    assert tenant.get("/actors/mira/risk")["data"]["score"] == 38


def test_what_is_another_organisations_or_environments_does_not_count(tenant: Tenant, store: EventStore) -> None:
    stranger = Tenant()
    store_events(store, login(stranger, 90), login(tenant, 90, environment=Environment.TEST))
    make_alert(stranger.org, actor_id="mira")
    make_alert(tenant.org, actor_id="mira", environment=Environment.TEST)
    assert tenant.get("/actors/mira/risk")["data"] == {"actor_id": "mira", "score": 0, "half_life_days": 7, "parts": []}


def test_no_more_than_ten_parts_are_shown(tenant: Tenant, store: EventStore) -> None:
    store_events(store, *(login(tenant, 40 + n, days_ago=n / 10) for n in range(14)))
    for severity in AlertSeverity:
        make_alert(tenant.org, actor_id="mira", severity=severity)
    parts = tenant.get("/actors/mira/risk")["data"]["parts"]
    assert len(parts) == 10
    weights = [part["weight"] for part in parts]
    assert weights == sorted(weights, reverse=True)


@pytest.mark.parametrize("actor_id", ["mira@shop.example", "team/mira", "a b", "Ωμέγα"])
def test_any_actor_id_can_be_asked_for(tenant: Tenant, store: EventStore, actor_id: str) -> None:
    store_events(store, login(tenant, 50, actor_id=actor_id))
    assert tenant.get(f"/actors/{actor_id}/risk")["data"]["score"] == 50


def test_retention_ends_sight(tenant: Tenant, store: EventStore, clock: ManualClock) -> None:
    store_events(store, login(tenant, 100, days_ago=60))
    assert tenant.get("/actors/mira/risk")["data"]["parts"] != []
    clock.advance_ms(40 * DAY_MS)
    assert tenant.get("/actors/mira/risk")["data"]["parts"] == []
