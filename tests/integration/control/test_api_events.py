import msgspec
import pytest

from control_factories import NOW_MS, OrganizationFactory, event_ids
from litesoc_server.clock import ManualClock
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Severity
from litesoc_server.events.risk import Risk, RiskContribution
from litesoc_server.ingest.key_directory import KeyDirectory
from litesoc_server.store.base import EventStore
from management_api import Tenant, make_event, store_events

DAY_MS = 86_400_000


def test_an_event_is_shown_with_every_field(tenant: Tenant, store: EventStore) -> None:
    event = make_event(tenant.org)
    store_events(store, event)
    network = {
        "is_vpn": False,
        "is_tor": False,
        "is_proxy": True,
        "is_datacenter": False,
        "is_mobile": False,
        "asn": 64500,
        "asn_org": "Example Net",
        "isp": "Example Net",
        "threat_score": None,
    }
    location = {
        "city": "Bergen",
        "region": "Vestland",
        "country_code": "NO",
        "country_name": None,
        "timezone": "Europe/Oslo",
        "latitude": 60.39,
        "longitude": 5.32,
    }
    assert tenant.get(f"/events/{event.event_id}") == {
        "success": True,
        "data": {
            "id": event.event_id,
            "org_id": str(tenant.org.id),
            "event_name": "auth.login_failed",
            "event": "auth.login_failed",
            "actor_id": "usr_8841",
            "actor_email": "mira@shop.example",
            "actor": {"id": "usr_8841", "email": "mira@shop.example"},
            "user_ip": "198.51.100.77",
            "ip_address": "198.51.100.77",
            "server_ip": "203.0.113.4",
            "country_code": "NO",
            "city": "Bergen",
            "is_vpn": False,
            "is_tor": False,
            "is_proxy": True,
            "is_datacenter": False,
            "latitude": 60.39,
            "longitude": 5.32,
            "severity": "warning",
            "metadata": {"reason": "bad_password", "nested": {"n": [1, 2.5, None]}},
            "created_at": "2026-05-28T20:26:39.000Z",
            "received_at": "2026-05-28T20:26:39.000Z",
            "network_intelligence": network,
            "geolocation": location,
            "forensics": {"network": network, "location": location},
            "trigger_event_id": None,
            "risk": None,
        },
        "meta": {"plan": "enterprise", "retention_days": 90, "redacted": False},
    }


RISK = Risk(
    71, 3.25, (RiskContribution("network", "new country BR", 3.5), RiskContribution("idle", "last login 1 h before", -0.25))
)


def test_the_risk_of_a_login_is_shown_with_its_reasons(tenant: Tenant, store: EventStore) -> None:
    event = make_event(tenant.org, name="auth.login_success", risk=RISK)
    store_events(store, event)
    shown = tenant.get(f"/events/{event.event_id}")["data"]
    assert shown["risk"] == {
        "score": 71,
        "log_ratio": 3.25,
        "contributions": [
            {"feature": "network", "text": "new country BR", "weight": 3.5},
            {"feature": "idle", "text": "last login 1 h before", "weight": -0.25},
        ],
    }
    assert shown["forensics"]["network"]["threat_score"] == 71


def test_a_plan_without_network_intelligence_sees_the_score_alone(store: EventStore, keys: KeyDirectory) -> None:
    tenant = Tenant(OrganizationFactory(plan="free"))
    event = make_event(tenant.org, name="auth.login_success", risk=RISK)
    store_events(store, event)
    assert tenant.get(f"/events/{event.event_id}")["data"]["risk"] == {"score": 71, "log_ratio": 3.25, "contributions": []}


def test_what_is_not_known_is_null(tenant: Tenant, store: EventStore) -> None:
    event = make_event(
        tenant.org, actor=None, user_ip=None, server_ip=None, geo=None, network=None, metadata=msgspec.Raw(b"{}")
    )
    store_events(store, event)
    shown = tenant.get(f"/events/{event.event_id}")["data"]
    nulls = {name for name, value in shown.items() if value is None}
    assert nulls == {
        *("actor", "actor_id", "actor_email", "user_ip", "ip_address", "server_ip", "country_code", "city"),
        *("is_vpn", "is_tor", "is_proxy", "is_datacenter", "latitude", "longitude"),
        *("network_intelligence", "geolocation", "forensics", "trigger_event_id", "risk"),
    }
    assert shown["metadata"] == {}


def test_lists_are_paged_newest_first(tenant: Tenant, store: EventStore) -> None:
    events = [make_event(tenant.org, occurred_at_ms=NOW_MS - n * 1_000) for n in range(5)]
    store_events(store, *events)

    first = tenant.get("/events", limit=2)
    last = tenant.get("/events", limit=2, offset=4)
    assert [row["id"] for row in first["data"]] == [events[0].event_id, events[1].event_id]
    assert first["pagination"] == {"total": 5, "limit": 2, "offset": 0, "has_more": True}
    assert [row["id"] for row in last["data"]] == [events[4].event_id]
    assert last["pagination"] == {"total": 5, "limit": 2, "offset": 4, "has_more": False}
    assert first["meta"] == {
        "plan": "enterprise",
        "retention_days": 90,
        "cutoff_date": "2026-02-27T20:26:40.000Z",
        "redacted": False,
        "max_limit": 100,
    }


@pytest.mark.parametrize(("asked", "used"), [("", 50), ("1", 1), ("100", 100), ("101", 100), ("99999999999999999999", 100)])
def test_too_large_a_page_is_cut(tenant: Tenant, asked: str, used: int) -> None:
    assert tenant.get("/events", limit=asked)["pagination"]["limit"] == used


def test_filters(tenant: Tenant, store: EventStore) -> None:
    login = make_event(tenant.org, name="auth.login_success", severity=Severity.INFO)
    other = make_event(tenant.org, actor=None)
    failed = make_event(tenant.org)
    store_events(store, login, other, failed)

    def ids(**query: object) -> set[str]:
        return {row["id"] for row in tenant.get("/events", **query)["data"]}

    assert ids(event_name=" AUTH.login_success ") == {login.event_id}
    assert ids(actor_id="usr_8841") == {login.event_id, failed.event_id}
    assert ids(severity="warning") == {other.event_id, failed.event_id}
    assert ids(severity="warning", actor_id="usr_8841") == {failed.event_id}
    assert ids(event_name="", actor_id="", severity="", offset="") == {login.event_id, other.event_id, failed.event_id}
    assert ids(event_name="nothing") == set()
    assert ids(actor_id="a\x00b") == set()


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("severity=high", ["severity", "info", "warning", "critical"]),
        ("limit=many", ["limit", "integer"]),
        ("limit=0", ["limit", "1"]),
        ("limit=-5", ["limit"]),
        ("offset=-1", ["offset", "0"]),
        ("offset=99999999999999999999", ["offset", "10000000"]),
        (f"event_name={'x' * 1001}", ["event_name", "1000"]),
    ],
)
def test_bad_parameters_are_named_with_what_they_must_be(tenant: Tenant, query: str, texts: list[str]) -> None:
    response = tenant.call("GET", f"/events?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_FAILED")
    for text in texts:
        assert text in response.json()["message"]


@pytest.mark.parametrize("event_id", ["1", "00000000-0000-0000-0000-000000000000", "a b", "%00", "x" * 3_000, "..", "é"])
def test_unknown_ids_are_not_found(tenant: Tenant, event_id: str) -> None:
    response = tenant.call("GET", f"/events/{event_id}")
    assert (response.status_code, response.json()["code"]) == (404, "NOT_FOUND")


def test_nothing_behind_the_retention_is_seen(tenant: Tenant, store: EventStore, clock: ManualClock) -> None:
    event = make_event(tenant.org, occurred_at_ms=NOW_MS - 90 * DAY_MS)
    store_events(store, event)
    assert tenant.get("/events")["pagination"]["total"] == 1
    clock.advance_ms(1_000)
    assert tenant.get("/events")["pagination"]["total"] == 0
    assert tenant.call("GET", f"/events/{event.event_id}").status_code == 404


def test_test_events_are_for_test_keys(tenant: Tenant, store: EventStore) -> None:
    tests = Tenant(tenant.org, {"environment": Environment.TEST})
    live, test = make_event(tenant.org), make_event(tenant.org, environment=Environment.TEST)
    store_events(store, live, test)
    assert [row["id"] for row in tenant.get("/events")["data"]] == [live.event_id]
    assert [row["id"] for row in tests.get("/events")["data"]] == [test.event_id]
    assert tenant.call("GET", f"/events/{test.event_id}").status_code == 404
    assert tests.get(f"/events/{test.event_id}")["data"]["id"] == test.event_id


def test_the_free_plan_sees_the_country_and_no_more(keys: object, store: EventStore) -> None:
    free = Tenant(OrganizationFactory(plan="free"))
    event = make_event(free.org)
    store_events(store, event)
    answer = free.get(f"/events/{event.event_id}")
    assert answer["meta"] == {"plan": "free", "retention_days": 7, "redacted": True}
    assert answer["data"]["country_code"] == "NO"
    withheld = {"city", "is_vpn", "is_tor", "is_proxy", "is_datacenter", "latitude", "longitude"}
    assert {answer["data"][name] for name in (*withheld, "forensics", "geolocation", "network_intelligence")} == {None}
    assert free.get("/events")["data"] == [answer["data"]]


def test_any_spelling_of_an_id_finds_the_event(tenant: Tenant, store: EventStore) -> None:
    event = make_event(tenant.org, event_id=event_ids(1)[0])
    store_events(store, event)
    assert tenant.get(f"/events/{event.event_id.upper()}")["data"]["id"] == event.event_id


def test_a_query_is_combined_with_the_other_filters(tenant: Tenant, store: EventStore) -> None:
    failed = make_event(tenant.org)
    success = make_event(tenant.org, name="auth.login_success", severity=Severity.INFO)
    elsewhere = make_event(tenant.org, user_ip="203.0.113.9")
    store_events(store, failed, success, elsewhere)

    def ids(**query: object) -> set[str]:
        return {row["id"] for row in tenant.get("/events", **query)["data"]}

    assert ids(query="ip:198.51.100.0/24") == {failed.event_id, success.event_id}
    assert ids(query="event:auth.* -ip:198.51.100.77") == {elsewhere.event_id}
    assert ids(query="ip:198.51.100.0/24", severity="info") == {success.event_id}
    assert ids(query="") == {failed.event_id, success.event_id, elsewhere.event_id}
    assert tenant.get("/events", query="ip:198.51.100.0/24", limit=1)["pagination"]["total"] == 2


def test_a_mistake_in_a_query_is_named_with_its_place_and_fix(tenant: Tenant) -> None:
    response = tenant.call("GET", "/events?query=-vpn%20contry:NO")
    body = response.json()
    assert (response.status_code, body["code"]) == (400, "VALIDATION_FAILED")
    assert body["message"] == "query: there is no field `contry`; did you mean `country`? (at character 6)"
    assert (body["position"], body["length"]) == (5, 6)
    assert tenant.call("GET", f"/events?query={'x' * 1001}").status_code == 400


def test_what_a_plan_withholds_cannot_be_searched_for(store: EventStore, keys: KeyDirectory) -> None:
    tenant = Tenant(OrganizationFactory(plan="free"))
    for query in ("vpn", "-city:Oslo", "asn:64500", "network:tor", "provider:x"):
        response = tenant.call("GET", f"/events?query={query}")
        assert (response.status_code, response.json()["code"]) == (403, "PLAN_RESTRICTED")
        assert response.json()["required_plan"] == "Pro"
    assert tenant.get("/events", query="country:NO risk:>70")["data"] == []
