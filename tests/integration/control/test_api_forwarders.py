"""Forwarders over the API: added, tested, paused, removed; each environment and organisation sees its own."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forward_receivers import Authority, HttpReceiver
from litesoc_server.forwarding.models import Forwarder
from litesoc_server.ingest.key_directory import KeyDirectory
from management_api import Tenant
from notify_factories import LOOPBACK


@pytest.fixture
def receiver(settings: Any, tmp_path: Path) -> Iterator[HttpReceiver]:
    settings.EGRESS_POLICY = LOOPBACK
    authority = Authority(tmp_path)
    opened = HttpReceiver(authority)
    opened.authority = authority  # type: ignore[attr-defined] # for the tests below
    yield opened
    opened.close()


def wanted(receiver: Any, **more: Any) -> dict[str, Any]:
    settings = {"url": receiver.url, "token": "very secret", "ca_pem": receiver.authority.pem}
    return {"kind": "http", "name": "SIEM", "settings": settings, **more}


def test_a_forwarder_is_added_read_changed_tested_and_removed(tenant: Tenant, receiver: HttpReceiver) -> None:
    made = tenant.call("POST", "/forwarders", wanted(receiver, what="events", severities=["critical"])).json()["data"]
    assert (made["state"], made["sent_count"], made["last_error"]) == ("working", 0, "")
    assert (made["what"], made["severities"], made["categories"]) == ("events", ["critical"], [])
    assert made["settings"]["token"] is None
    assert "very secret" not in str(tenant.get("/forwarders"))

    path = f"/forwarders/{made['id']}"
    tested = tenant.call("POST", f"{path}/test").json()["data"]
    assert tested["is_sent"]
    assert receiver.records[0]["metadata"]["uid"] == tested["event_id"]
    assert receiver.headers[0]["authorization"] == "Bearer very secret"
    receiver.status = 500
    tested = tenant.call("POST", f"{path}/test").json()["data"]
    assert (tested["is_sent"], tested["error"]) == (False, "the receiver answered with status 500")

    changed = tenant.call("PATCH", path, {"is_paused": True, "name": "Other"}).json()["data"]
    assert (changed["state"], changed["name"]) == ("paused", "Other")
    assert tenant.call("PATCH", path, {"unset": ["token"]}).json()["data"]["settings"]["token"] == ""
    assert tenant.call("PATCH", path, {"unset": ["url"]}).json()["message"] == "url: Address is missing."
    assert tenant.call("POST", f"{path}/restore").status_code == 404  # it is there
    assert tenant.call("DELETE", path).status_code == 200
    assert tenant.call("GET", path).status_code == 404
    assert tenant.get("/forwarders")["data"] == []
    assert tenant.call("POST", f"{path}/restore").json()["data"]["name"] == "Other"
    assert tenant.call("GET", path).status_code == 200


def test_what_the_receiver_rejected_is_listed(keys: KeyDirectory, receiver: HttpReceiver) -> None:
    owner, stranger = Tenant(), Tenant()
    made = owner.call("POST", "/forwarders", wanted(receiver)).json()["data"]
    forwarder, alert_id = Forwarder.objects.get(), uuid.uuid4()
    forwarder.rejected.create(record_id="3d0c6f5e-7d0e-7a0b-9a33-0c8a5f1d2b10", is_alert=False, reason="status 400")
    forwarder.rejected.create(record_id=f"{alert_id}.d7", is_alert=True, reason="status 422")
    Forwarder.objects.update(rejected_count=2)
    path = f"/forwarders/{made['id']}"
    assert owner.get(path)["data"]["rejected_count"] == 2
    listed = [(one["event_id"], one["alert_id"], one["reason"]) for one in owner.get(f"{path}/rejected")["data"]]
    assert listed == [(None, str(alert_id), "status 422"), ("3d0c6f5e-7d0e-7a0b-9a33-0c8a5f1d2b10", None, "status 400")]
    assert stranger.call("GET", f"{path}/rejected").status_code == 404


def test_what_cannot_work_is_refused_with_its_field(tenant: Tenant, receiver: HttpReceiver) -> None:
    for body, field in [
        (wanted(receiver, kind="kafka"), "kind"),
        (wanted(receiver, name=" "), "name"),
        (wanted(receiver, what="all"), "what"),
        (wanted(receiver, severities=["high"]), "severities"),
        (wanted(receiver, settings={"url": "http://siem.example"}), "url"),
        (wanted(receiver, settings={"url": receiver.url, "nonsense": "1"}), "nonsense"),
    ]:
        answer = tenant.call("POST", "/forwarders", body)
        assert answer.status_code == 400, body
        assert answer.json()["message"].startswith(f"{field}: ")
    tenant.call("POST", "/forwarders", wanted(receiver))
    again = tenant.call("POST", "/forwarders", wanted(receiver))
    assert "already" in again.json()["message"]


def test_others_see_and_reach_nothing_of_it(keys: KeyDirectory, receiver: HttpReceiver) -> None:
    owner, stranger = Tenant(), Tenant()
    made = owner.call("POST", "/forwarders", wanted(receiver)).json()["data"]
    path = f"/forwarders/{made['id']}"
    assert stranger.get("/forwarders")["data"] == []
    for method, at, body in [
        ("GET", path, None),
        ("PATCH", path, {"is_paused": True}),
        ("DELETE", path, None),
        ("POST", f"{path}/test", None),
        ("POST", f"{path}/restore", None),
        ("GET", "/forwarders/nonsense", None),
    ]:
        assert stranger.call(method, at, body).status_code == 404
    assert Forwarder.objects.get().is_paused is False
    assert receiver.headers == []


def test_removing_the_organisation_removes_it(tenant: Tenant, receiver: HttpReceiver) -> None:
    tenant.call("POST", "/forwarders", wanted(receiver))
    tenant.org.delete()
    assert not Forwarder.objects.exists()
