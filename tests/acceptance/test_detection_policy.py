"""Settings of detection on a running server, changed by HTTP: in force without a restart."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from http_client import Api, failed_login, wait_until
from live_server import LiveServer
from tenants import Tenant, TenantApi, create_tenants

SETTING = "brute_force_address_failures_count"
_hosts = count(1)


def fires_on(api: Api, failures_count: int) -> bool:
    """Return whether so many failed logins from an address that was never seen before raise an alert."""
    address = f"24.151.103.{next(_hosts)}"
    api.collect(*[failed_login(address, f"user-{number}") for number in range(failures_count)])
    events: Any = wait_until(
        lambda: [event for event in api.events(limit=100)["data"] if event["user_ip"] == address],
        lambda found: len(found) == failures_count,
        what="the failures",
    )
    assert events
    marker = f"{next(_hosts)}.marker"  # an instant alert behind them: when it is there, theirs would be
    api.collect({"event": "security.suspicious_activity", "actor": {"id": marker}, "user_ip": address})
    api.wait_for_alert(actor_id=marker)
    return any(row["alert_type"] == "brute_force_attack" and row["source_ip"] == address for row in api.alerts()["data"])


def test_a_change_by_http_is_in_force_without_a_restart(shared_server: LiveServer) -> None:
    shop, other = create_tenants(shared_server, Tenant(name="Tuned"), Tenant(name="Untuned"))
    assert not fires_on(shop, 3)
    answer = shop.http.patch("/api/v1/detection/policy", json={"version": 1, "settings": {SETTING: 3}})
    assert answer.status_code == 200, answer.text

    wait_until(lambda: fires_on(shop, 3), bool, what="an alert after 3 failures")
    assert not fires_on(other, 3)
    assert answer.json()["data"]["version"] == 2


def test_a_suppression_holds_alerts_back_and_counts_them(shared_server: LiveServer) -> None:
    shop = create_tenants(shared_server, Tenant(name="Quiet"))[0]
    wanted = {"detector": "brute_force_address", "reason": "load test", "expires_at": _in_an_hour(shop)}
    made = shop.http.post("/api/v1/detection/suppressions", json=wanted)
    assert made.status_code == 200, made.text

    wait_until(lambda: not fires_on(shop, 6), bool, what="the suppression to hold")
    found = wait_until(
        lambda: shop.page("/detection/suppressions").json()["data"][0], lambda one: one["hit_count"] >= 1, what="a hit"
    )
    assert found["last_hit_at"] is not None
    shop.http.delete(f"/api/v1/detection/suppressions/{found['id']}")
    wait_until(lambda: fires_on(shop, 6), bool, what="an alert after its end")


def _in_an_hour(api: TenantApi) -> str:
    now = datetime.fromisoformat(api.http.get("/health").json()["timestamp"])
    return (now + timedelta(hours=1)).isoformat()
