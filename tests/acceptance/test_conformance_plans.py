"""Plans as clients meet them: gates, redaction, quota, rate limit, and texts that differ (contract 2.7 to 2.10, 3.8)."""

import uuid
from typing import Any

import httpx
import pytest

from client_readings import (
    COLLECT_READERS,
    auth0_is_quota_error,
    auth0_quota,
    node_error,
    node_plan,
    php_error,
    php_retention,
    read_error_as_everybody,
    retry_after,
)
from live_server import LiveServer
from tenants import Tenant, TenantApi, create_tenants, free
from wire_types import assert_event

Json = dict[str, Any]
EVENT = {"event": "data.download", "actor": {"id": "ann"}, "user_ip": "129.240.118.130"}


@pytest.fixture(scope="module")
def tenants(shared_server: LiveServer) -> dict[str, TenantApi]:
    made = create_tenants(
        shared_server,
        free("free"),
        free("free, full minute", per_minute=0, monthly_events=20),
        Tenant(name="pro", plan="pro", monthly_events=None, per_minute=None, retention_days=None),
        Tenant(name="enterprise of the hosted service", monthly_events=None, per_minute=None, retention_days=None),
        Tenant(name="ten a month", monthly_events=10),
        Tenant(name="sixty a minute", per_minute=60),
        Tenant(name="three a minute", per_minute=3),
        Tenant(name="one day", retention_days=1),
    )
    return {api.tenant.name: api for api in made}


def _flat(answer: httpx.Response, status: int, code: str) -> Json:
    body: Json = answer.json()
    assert (answer.status_code, body["code"], body["success"]) == (status, code, False), answer.text
    assert body["error"] == body["message"]
    read_error_as_everybody(answer)
    return body


def test_free_is_told_which_plan_has_alerts(tenants: dict[str, TenantApi]) -> None:
    api = tenants["free"]
    alert_id = uuid.uuid4()
    answers = [
        api.page("/alerts"),
        api.page("/alerts/list"),
        api.page(f"/alerts/{alert_id}"),
        api.http.patch(f"/alerts/{alert_id}", json={"action": "mark_safe"}),
        api.http.post(f"/v1/alerts/{alert_id}/safe", json={}),
    ]
    for answer in answers:
        body = _flat(answer, 403, "PLAN_RESTRICTED")
        assert body["required_plan"] == "Pro"
        assert body["upgrade_url"] == body["upgrade_link"]
        assert body["upgrade_url"].startswith("http")
        assert "quota" not in body["error"]
        assert node_error(answer) == "PlanRestrictedError"
        assert php_error(answer) == "PlanRestrictedException"
        assert node_plan(answer.headers) == ("free", 7)


def test_free_sees_events_without_places_and_networks(tenants: dict[str, TenantApi]) -> None:
    api = tenants["free, full minute"]
    api.collect({**EVENT, "metadata": {"kept": True}})
    listed = api.wait_for_events(1)[0]
    single = api.page(f"/events/{listed['id']}").json()

    assert single["data"] == listed
    assert_event(listed)
    assert listed["country_code"] == "NO"
    for name in ("city", "latitude", "longitude", "is_vpn", "is_tor", "is_proxy", "is_datacenter"):
        assert listed[name] is None
    assert (listed["network_intelligence"], listed["geolocation"], listed["forensics"]) == (None, None, None)
    assert listed["metadata"] == {"kept": True}
    assert listed["user_ip"] == EVENT["user_ip"]
    assert single["meta"] == {"plan": "free", "retention_days": 7, "redacted": True}
    assert api.events()["meta"]["redacted"] is True


@pytest.mark.parametrize(
    ("name", "plan", "retention_days", "events_a_month", "events_a_minute", "alerts_page"),
    [
        ("free", "free", 7, 5_000, 60, None),
        ("pro", "pro", 30, 50_000, 300, 200),
        ("enterprise of the hosted service", "enterprise", 90, None, 1_200, 500),
    ],
)
def test_the_figures_of_the_plans(
    tenants: dict[str, TenantApi],
    name: str,
    plan: str,
    retention_days: int,
    events_a_month: int | None,
    events_a_minute: int,
    alerts_page: int | None,
) -> None:
    api = tenants[name]
    answer = api.collect(EVENT, EVENT)
    used = auth0_quota(answer.headers)

    assert node_plan(answer.headers) == (plan, retention_days)
    assert php_retention(answer.headers) == retention_days
    assert used.get("limit") == events_a_month
    assert answer.json()["quota"] == {"limit": events_a_month, "remaining": used.get("remaining")}
    if events_a_month is not None:
        assert used == {"limit": events_a_month, "remaining": events_a_month - 2, "used": 2}
    assert int(answer.headers["X-RateLimit-Limit"]) == events_a_minute
    assert 0 <= int(answer.headers["X-RateLimit-Remaining"]) <= events_a_minute - 2
    listed = api.page("/events")
    assert listed.json()["meta"]["retention_days"] == retention_days
    assert node_plan(listed.headers) == (plan, retention_days)
    assert int(listed.headers["X-RateLimit-Limit"]) == events_a_minute
    assert auth0_quota(listed.headers) == used
    alerts = api.page("/alerts", limit=10_000)
    if alerts_page is None:
        assert alerts.status_code == 403
    else:
        assert alerts.json()["meta"]["max_limit"] == alerts.json()["pagination"]["limit"] == alerts_page


def test_one_day_is_written_in_the_plural(tenants: dict[str, TenantApi]) -> None:
    answer = tenants["one day"].page("/events")

    assert answer.headers["X-LiteSOC-Retention"] == "1 days"
    assert php_retention(answer.headers) == 1


def test_the_quota_is_reserved_for_the_whole_batch(tenants: dict[str, TenantApi]) -> None:
    api = tenants["ten a month"]
    first = api.collect(*[EVENT] * 8)
    too_many = api.collect(EVENT, EVENT, EVENT)
    partly_bad = api.collect(EVENT, {"event": ""})
    last = api.collect(EVENT)
    over = api.collect(EVENT)

    assert first.json()["quota"] == {"remaining": 2, "limit": 10}
    assert partly_bad.json()["quota"] == {"remaining": 1, "limit": 10}
    assert last.json()["quota"] == {"remaining": 0, "limit": 10}
    for read in COLLECT_READERS.values():
        assert (read(first), read(partly_bad), read(last)) == (8, 1, 1)
    for answer in (too_many, over):
        body = _flat(answer, 403, "QUOTA_EXCEEDED")
        assert "quota" in body["error"]
        assert auth0_is_quota_error(answer)
        assert node_error(answer) == "LiteSOCError"
    assert auth0_quota(over.headers) == {"limit": 10, "remaining": 0, "used": 10}
    assert len(api.wait_for_events(10)) == 10
    assert api.page("/events").json()["pagination"]["total"] == 10


def test_a_batch_larger_than_the_window_passes_once_and_counts_in_full(
    shared_server: LiveServer, tenants: dict[str, TenantApi]
) -> None:
    api = tenants["sixty a minute"]
    answers = [api.collect(*[EVENT] * 100) for _ in range(3)]  # the third one, if a minute began in between
    refused = [answer for answer in answers if answer.status_code == 429]

    assert answers[0].status_code == 202
    assert answers[0].headers["X-RateLimit-Remaining"] == "0"
    assert refused
    for answer in refused:
        _flat(answer, 429, "RATE_LIMIT_EXCEEDED")
        assert answer.headers["X-RateLimit-Remaining"] == "0"
    taken = 100 * (len(answers) - len(refused))
    reader = create_tenants(shared_server, Tenant(name="without a limit", org_id=api.org_id))[0]
    assert len(reader.wait_for_events(taken, limit=100)) == 100
    assert reader.events()["pagination"]["total"] == taken


def test_the_rate_limit_tells_when_to_come_back_and_is_no_quota_error(tenants: dict[str, TenantApi]) -> None:
    api = tenants["three a minute"]
    calls = [lambda: api.collect(EVENT), lambda: api.page("/events"), lambda: api.page("/alerts")]
    answers = [call() for _ in range(3) for call in calls]
    refused = [answer for answer in answers if not answer.is_success]

    assert len(refused) >= 3
    for answer in refused:
        body = _flat(answer, 429, "RATE_LIMIT_EXCEEDED")
        assert "quota" not in body["error"]
        assert not auth0_is_quota_error(answer)
        assert 1 <= retry_after(answer.headers) <= 60
        assert body["retry_after"] == retry_after(answer.headers)
        assert node_error(answer) == "RateLimitError"
        assert int(answer.headers["X-RateLimit-Limit"]) == 3


def test_one_organisations_limits_do_not_touch_another(tenants: dict[str, TenantApi]) -> None:
    assert tenants["pro"].collect(EVENT).status_code == 202
    assert "X-RateLimit-Limit" not in tenants["one day"].collect(EVENT).headers
