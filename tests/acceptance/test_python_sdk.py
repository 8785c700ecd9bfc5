"""The vendor's Python SDK, unmodified, sends events; every way of sending is checked by what the server stored."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from litesoc import Actor, LiteSOC, PlanRestrictedError, SecurityEvents
from litesoc import Event as SdkEvent

from http_client import wait_until
from live_server import LiveServer
from tenants import Tenant, TenantApi, create_tenants, free

PREFIXES = ("", "/v1", "/api/v1")
MIRA = {"id": "usr_8841", "email": "mira@shop.example"}


@pytest.fixture(scope="module")
def everybody(shared_server: LiveServer) -> dict[str, TenantApi]:
    """Two organisations per base path, so that each path is judged by its own events: one without limits, one on free.

    And one whose key is not allowed to come from here.
    """
    made = create_tenants(
        shared_server,
        *(Tenant(name=f"shop{prefix}") for prefix in PREFIXES),
        *(free(f"small{prefix}") for prefix in PREFIXES),
        Tenant(name="elsewhere", key_allow_list="203.0.113.7"),
    )
    return {api.tenant.name: api for api in made}


@pytest.fixture(params=PREFIXES, ids=lambda prefix: prefix or "bare")
def prefix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def tenant(everybody: dict[str, TenantApi], prefix: str) -> TenantApi:
    return everybody[f"shop{prefix}"]


@pytest.fixture
def sdk(shared_server: LiveServer, tenant: TenantApi, prefix: str) -> Iterator[LiteSOC]:
    with LiteSOC(tenant.key, base_url=shared_server.url + prefix, batching=False, silent=False) as client:
        yield client


def stored(client: LiteSOC, count: int, **filters: Any) -> list[dict[str, Any]]:
    """Return what ``get_events`` shows once that many events match, and check that there are no more."""
    answer = wait_until(
        lambda: client.get_events(limit=100, **filters),
        lambda answer: answer["pagination"]["total"] >= count,
        what=f"{count} events with {filters}",
    )
    assert answer["pagination"]["total"] == count
    return list(answer["data"])


# What the caller passes, and the actor that must come out of it.
ACTOR_FORMS: list[tuple[dict[str, Any], str | None, str | None]] = [
    ({}, None, None),
    ({"actor_id": "form-1"}, "form-1", None),
    ({"actor_id": "form-2", "actor_email": "two@shop.example"}, "form-2", "two@shop.example"),
    ({"actor_email": "three@shop.example"}, "three@shop.example", "three@shop.example"),
    ({"actor": Actor(id="form-4", email="four@shop.example")}, "form-4", "four@shop.example"),
    ({"actor": Actor(id="form-5")}, "form-5", None),
    ({"actor": "form-6"}, "form-6", None),
    ({"actor": "form-7", "actor_email": "seven@shop.example"}, "form-7", "seven@shop.example"),
    ({"actor": {"id": "form-8", "email": "eight@shop.example"}}, "form-8", "eight@shop.example"),
    ({"actor": {"id": "form-9"}, "actor_email": "nine@shop.example"}, "form-9", "nine@shop.example"),
    ({"actor": {"email": "ten@shop.example"}}, "ten@shop.example", "ten@shop.example"),
]


@pytest.mark.parametrize("sends_batch", [False, True], ids=["track", "track_batch"])
def test_every_way_to_name_the_actor(sdk: LiteSOC, sends_batch: bool) -> None:
    name = f"data.{'batch' if sends_batch else 'single'}_actor_form"
    events = [{"event_name": name, "metadata": {"case": case}, **form} for case, (form, *_) in enumerate(ACTOR_FORMS)]
    if sends_batch:
        assert sdk.track_batch(events) == len(ACTOR_FORMS)
    else:
        for event in events:
            assert sdk.track(**event)

    by_case = {row["metadata"]["case"]: row for row in stored(sdk, len(ACTOR_FORMS), event_name=name)}
    for case, (_, actor_id, actor_email) in enumerate(ACTOR_FORMS):
        assert (by_case[case]["actor_id"], by_case[case]["actor_email"]) == (actor_id, actor_email)


def test_track_keeps_address_and_metadata_and_leaves_severity_and_time_to_the_server(sdk: LiteSOC) -> None:
    before = datetime.now(UTC)
    assert sdk.track(
        "auth.password_reset",
        actor=MIRA,
        user_ip="129.240.118.130",
        severity="critical",
        timestamp=datetime(2001, 1, 1, tzinfo=UTC),
        metadata={"form": "checkout", "nested": {"list": [1, 2.5, None, True]}, "text": "größer ☃ 🙂"},
        timeout=10,
    )
    row = stored(sdk, 1, actor_id=MIRA["id"])[0]

    assert row["user_ip"] == "129.240.118.130"
    assert row["severity"] == "info"
    assert row["metadata"] == {
        "form": "checkout",
        "nested": {"list": [1, 2.5, None, True]},
        "text": "größer ☃ 🙂",
        "_sdk": "litesoc-python",
        "_sdk_version": "2.6.0",
    }
    created_at = datetime.fromisoformat(row["created_at"])
    assert before.replace(microsecond=0) <= created_at <= datetime.now(UTC)
    event = SdkEvent.from_dict(sdk.get_event(row["id"])["data"])
    assert event.country_code == "NO"
    assert event.has_forensics()


def test_every_helper(sdk: LiteSOC) -> None:
    common: dict[str, Any] = {"actor_email": "helper@shop.example", "user_ip": "129.240.118.130", "metadata": {"a": 1}}
    sdk.track_login_failed("helper", **common)
    sdk.track_login_success("helper", **common)
    sdk.track_privilege_escalation("helper", **common)
    sdk.track_sensitive_access("helper", "payroll", **common)
    sdk.track_bulk_delete("helper", 900, **common)
    sdk.track_role_changed("helper", "viewer", "owner", **common)
    sdk.track_access_denied("helper", "/admin", **common)

    rows = {row["event_name"]: row for row in stored(sdk, 7, actor_id="helper")}
    sent = {"a": 1, "_sdk": "litesoc-python", "_sdk_version": "2.6.0"}
    assert {name: (row["severity"], row["metadata"]) for name, row in rows.items()} == {
        "auth.login_failed": ("warning", sent),
        "auth.login_success": ("info", sent),
        "admin.privilege_escalation": ("critical", sent),
        "data.sensitive_access": ("critical", {**sent, "resource": "payroll"}),
        "data.bulk_delete": ("critical", {**sent, "records_deleted": 900}),
        "authz.role_changed": ("critical", {**sent, "old_role": "viewer", "new_role": "owner"}),
        "authz.access_denied": ("critical", {**sent, "resource": "/admin"}),
    }
    assert {row["actor_email"] for row in rows.values()} == {"helper@shop.example"}
    assert {row["user_ip"] for row in rows.values()} == {"129.240.118.130"}


def test_every_standard_event_keeps_its_name(sdk: LiteSOC) -> None:
    sdk.track_batch([{"event": name, "actor_id": "standard"} for name in SecurityEvents])

    rows = stored(sdk, len(SecurityEvents), actor_id="standard")
    assert {row["event_name"] for row in rows} == {name.value for name in SecurityEvents}
    assert not [row for row in rows if "unrecognized_format" in row["metadata"] or "original_event" in row["metadata"]]


@pytest.mark.parametrize("count", [1, 2, 100])
def test_track_batch(sdk: LiteSOC, count: int) -> None:
    name = f"data.batch_of_{count}"
    assert sdk.track_batch([{"event_name": name, "metadata": {"row": row}} for row in range(count)], timeout=10) == count

    rows = stored(sdk, count, event_name=name)
    assert sorted(row["metadata"]["row"] for row in rows) == list(range(count))


def test_a_full_queue_is_sent_and_the_answer_is_understood(
    shared_server: LiveServer, tenant: TenantApi, prefix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with LiteSOC(
        tenant.key, base_url=shared_server.url + prefix, batch_size=3, flush_interval=600, silent=False, debug=True
    ) as client:
        for number in range(3):
            assert client.get_queue_size() == number
            assert client.track("data.queue_is_full", actor_id="queue")
        assert client.get_queue_size() == 0
        assert "Successfully sent 3 event(s)" in capsys.readouterr().out
        stored(client, 3, event_name="data.queue_is_full")


def test_a_waiting_queue_is_sent_after_the_interval(shared_server: LiveServer, tenant: TenantApi, prefix: str) -> None:
    with LiteSOC(tenant.key, base_url=shared_server.url + prefix, flush_interval=0.05, silent=False) as client:
        client.track("data.flushed_by_the_clock")
        stored(client, 1, event_name="data.flushed_by_the_clock")
        assert client.get_queue_size() == 0


def test_flush_sends_and_a_cleared_queue_is_never_sent(shared_server: LiveServer, tenant: TenantApi, prefix: str) -> None:
    with LiteSOC(tenant.key, base_url=shared_server.url + prefix, flush_interval=600, silent=False) as client:
        client.track("data.cleared")
        client.clear_queue()
        assert client.get_queue_size() == 0
        assert client.flush()
        client.track("data.flushed")
        assert client.flush(timeout=10)
        assert client.get_queue_size() == 0
        stored(client, 1, event_name="data.flushed")
        stored(client, 0, event_name="data.cleared")


def test_leaving_the_context_and_shutdown_send_what_waits(shared_server: LiveServer, tenant: TenantApi, prefix: str) -> None:
    with LiteSOC(tenant.key, base_url=shared_server.url + prefix, flush_interval=600) as client:
        client.track("data.sent_at_the_end")
    other = LiteSOC(tenant.key, base_url=shared_server.url + prefix, flush_interval=600)
    other.track("data.sent_at_the_end")
    other.shutdown()

    tenant.wait_for_events(2, event_name="data.sent_at_the_end")


def test_the_legacy_endpoint_setting(shared_server: LiveServer, tenant: TenantApi, prefix: str) -> None:
    endpoint = f"{shared_server.url}{prefix}/collect"
    with LiteSOC(tenant.key, endpoint=endpoint, batching=False, silent=False) as client:
        client.track("data.legacy_endpoint")
        stored(client, 1, event_name="data.legacy_endpoint")


def test_refused_events_are_kept_for_a_retry(shared_server: LiveServer, prefix: str) -> None:
    with LiteSOC("lsoc_live_unknown", base_url=shared_server.url + prefix, flush_interval=600) as client:
        client.track("data.export")
        assert not client.flush()
        assert client.get_queue_size() == 1
        client.clear_queue()
        assert client.track_batch([{"event": "data.export"}, {"event": "data.export"}]) == 0
        client.clear_queue()


def test_refusals_are_raised_when_not_silent(shared_server: LiveServer, sdk: LiteSOC, prefix: str) -> None:
    with LiteSOC("lsoc_live_unknown", base_url=shared_server.url + prefix, batching=False, silent=False) as client:
        with pytest.raises(Exception, match="401"):
            client.track("data.export")
        with pytest.raises(Exception, match="401"):
            client.track_batch([{"event": "data.export"}])
    with pytest.raises(Exception, match="400"):
        sdk.track("")


def test_a_key_that_may_not_come_from_here(shared_server: LiveServer, everybody: dict[str, TenantApi], prefix: str) -> None:
    key, base_url = everybody["elsewhere"].key, shared_server.url + prefix
    with LiteSOC(key, base_url=base_url, batching=False, silent=False) as client:
        # The SDK takes every 403 for a matter of the plan; what the server said comes first, and its code is there.
        with pytest.raises(PlanRestrictedError, match=r"^this API key cannot be used from 127\.0\.0\.1") as refusal:
            client.get_events()
        assert (refusal.value.status_code, refusal.value.error_code) == (403, "IP_NOT_ALLOWED")
        for send in (lambda: client.track("data.export"), lambda: client.track_batch([{"event": "data.export"}])):
            with pytest.raises(Exception, match="403"):
                send()
        with pytest.raises(PlanRestrictedError, match="127"):
            client.get_health()
    with LiteSOC(key, base_url=base_url, flush_interval=600) as client:
        client.track("data.export")
        assert not client.flush()
        assert client.get_queue_size() == 1, "kept for when the list is right"
        client.clear_queue()


def test_health(shared_server: LiveServer, sdk: LiteSOC, tenant: TenantApi) -> None:
    health = sdk.get_health()

    assert health["status"] == "ok"
    assert health["authenticated"] is True
    assert health["organization"] == {"id": tenant.org_id, "name": tenant.tenant.name}
    assert {"service", "version", "timestamp"} <= health.keys()


def test_plan_information_of_an_unlimited_organisation(sdk: LiteSOC) -> None:
    assert sdk.get_plan_info() is None
    assert not sdk.has_plan_info()
    sdk.get_events()
    plan = sdk.get_plan_info()

    assert sdk.has_plan_info()
    assert plan is not None
    assert plan.plan == "enterprise"
    assert plan.retention_days == 400
    assert plan.has_retention_info()
    assert datetime.fromisoformat(plan.cutoff_date or "").tzinfo is not None
    assert (plan.quota_limit, plan.quota_remaining, plan.quota_used) == (None, None, None)


def test_plan_and_quota_information_after_sending(
    shared_server: LiveServer, everybody: dict[str, TenantApi], prefix: str
) -> None:
    with LiteSOC(
        everybody[f"small{prefix}"].key, base_url=shared_server.url + prefix, batching=False, silent=False
    ) as client:
        client.track_batch([{"event": "auth.logout"}] * 7)
        plan = client.get_plan_info()

    assert plan is not None
    assert (plan.plan, plan.retention_days) == ("free", 7)
    assert (plan.quota_limit, plan.quota_remaining, plan.quota_used) == (5000, 4993, 7)
