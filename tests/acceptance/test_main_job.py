"""From POST /collect to an explained alert, on a real server."""

from http_client import failed_login
from live_server import LiveServer
from tenants import Tenant, TenantApi, create_tenants

ATTACKER = "185.220.101.34"


def test_health_needs_no_key(shared_server: LiveServer, shop: TenantApi) -> None:
    answer = shop.http.get("/health", headers={"X-API-Key": ""}).json()

    assert answer["status"] == "ok"
    assert "organization" not in answer


def test_an_accepted_event_is_shown_normalised_and_enriched(shop: TenantApi) -> None:
    answer = shop.collect(
        {
            "event": "user.login.failed",
            "actor": {"id": "usr_8841", "email": "mira@shop.example"},
            "user_ip": "129.240.118.130",
            "metadata": {"reason": "bad_password", "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Firefox/143.0"},
        }
    )
    assert answer.status_code == 202
    assert answer.json()["status"] == "queued"
    assert answer.json()["quota"] == {"remaining": None, "limit": None}

    event = shop.wait_for_events(1, actor_id="usr_8841")[0]
    assert event["event_name"] == "auth.login_failed"
    assert event["severity"] == "warning"
    assert event["country_code"] == "NO"
    assert event["city"] == "Oslo"
    assert event["metadata"]["original_event"] == "user.login.failed"


def test_a_burst_that_ends_in_a_success_is_one_critical_alert_that_names_both(shop: TenantApi) -> None:
    for _ in range(6):
        assert shop.collect(failed_login(ATTACKER, "victim")).status_code == 202
    assert shop.collect({"event": "auth.login_success", "actor": {"id": "victim"}, "user_ip": ATTACKER}).status_code == 202

    alert = shop.wait_for_alert(source_ip=ATTACKER, severity="critical")
    assert alert["alert_type"] == "brute_force_attack"
    assert "6" in alert["description"]
    assert ATTACKER in alert["description"]
    assert len(alert["metadata"]["reasons"]) >= 1
    assert alert["trigger_event_id"]
    same_source = [row for row in shop.alerts()["data"] if row["source_ip"] == ATTACKER]
    assert len(same_source) == 1


def test_resolving_closes_the_alert_and_a_new_attack_opens_another(shop: TenantApi) -> None:
    address = "45.155.205.10"
    shop.collect(*[failed_login(address, f"user-{n}") for n in range(6)])
    first = shop.wait_for_alert(source_ip=address)

    body = {"action": "resolve", "resolution_type": "blocked_ip", "internal_notes": "blocked at the edge"}
    answer = shop.http.patch(f"/api/v1/alerts/{first['id']}", json=body).json()["data"]
    assert answer["status"] == "resolved"

    shop.collect(*[failed_login(address, f"user-{n}") for n in range(60)])
    second = shop.wait_for_alert(source_ip=address, status="open")
    assert second["id"] != first["id"]


def test_a_repeat_with_the_same_idempotency_key_is_stored_once(shop: TenantApi) -> None:
    event = {"event": "data.export", "actor": {"id": "exporter"}, "metadata": {"rows": 10}}
    answers = [shop.collect(event, **{"Idempotency-Key": "export-1"}) for _ in range(3)]
    conflict = shop.collect({**event, "metadata": {"rows": 11}}, **{"Idempotency-Key": "export-1"})
    shop.collect({**event, "actor": {"id": "marker"}})

    assert {answer.text for answer in answers} == {answers[0].text}
    assert conflict.status_code == 409
    assert conflict.json()["code"] == "IDEMPOTENCY_CONFLICT"
    shop.wait_for_events(1, actor_id="marker")
    assert shop.events(actor_id="exporter")["pagination"]["total"] == 1


def test_a_batch_with_bad_items_keeps_their_neighbours(shop: TenantApi) -> None:
    good = {"event": "data.upload", "actor": {"id": "neighbour"}}
    answer = shop.collect(good, {"event": ""}, good, {"actor": {"id": "x"}}, good)

    assert answer.status_code == 202
    assert answer.json()["queued"] == 3
    assert [error["index"] for error in answer.json()["errors"]] == [1, 3]
    assert len(shop.wait_for_events(3, actor_id="neighbour")) == 3


def test_one_organisation_sees_nothing_of_another(shared_server: LiveServer, shop: TenantApi) -> None:
    [other] = create_tenants(shared_server, Tenant(name="Other"))
    shop.collect(*[failed_login("91.240.118.172", "secret-user") for _ in range(6)])
    alert = shop.wait_for_alert(source_ip="91.240.118.172")
    event = shop.wait_for_events(6, actor_id="secret-user")[0]

    assert other.events()["pagination"]["total"] == 0
    assert other.alerts()["pagination"]["total"] == 0
    assert other.http.get(f"/events/{event['id']}").status_code == 404
    assert other.http.get(f"/alerts/{alert['id']}").status_code == 404
    assert other.http.patch(f"/alerts/{alert['id']}", json={"action": "mark_safe"}).status_code == 404
    assert shop.http.get(f"/alerts/{alert['id']}").json()["data"]["status"] == "open"
