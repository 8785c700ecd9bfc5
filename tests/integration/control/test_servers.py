"""Servers: heartbeats of agents of all kinds, what is kept of them, the pages, and what people do with them."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from control_factories import OrganizationFactory
from litesoc_server.audit.by import By
from litesoc_server.audit.models import AuditEntry
from litesoc_server.events.envelope import Environment
from litesoc_server.events.mentions import Mentions
from litesoc_server.ingest.keys import Scope
from litesoc_server.orgs.models import Role
from litesoc_server.privacy.texts import erase_texts, text_tables
from litesoc_server.servers import heartbeat
from litesoc_server.servers.change_server import ServerRefused, forget_servers, remove_server, rename_server
from litesoc_server.servers.models import NAME_LENGTH_MAX, Server, ServerStatus
from litesoc_server.servers.selectors import find_server
from litesoc_server.store.base import EventStore
from management_api import Tenant, call, make_event, store_down, store_events
from page_reader import PageReader
from people import visible_text

BY = By.operator()
LINE = "Aug  9 07:12:40 web-3 sshd[811]: Failed password for root from 198.51.100.9 port 40022 ssh2"
BEAT = {"hostname": "web-3", "ip_address": "10.4.0.12", "agent_version": "1.3.0", "recent_logs": [LINE]}
UPDATE = (
    "1.4.0",
    "https://soc.shop.example/agent/1.4.0/litesoc-agent_linux_amd64.tar.gz",
    "https://soc.shop.example/agent/1.4.0/checksums.sha256",
)
VENDOR = {"User-Agent": "litesoc-agent/1.3.0"}


def beat(tenant: Tenant, body: object = None, **headers: str) -> dict[str, Any]:
    """Send a heartbeat that must be answered with exactly 200."""
    answer = tenant.call("POST", "/agent/heartbeat", BEAT if body is None else body, **headers)
    assert answer.status_code == 200, answer.content
    return dict(json.loads(answer.content))


def post(reader: PageReader, page: str, form: dict[str, str] | None = None) -> Any:
    return reader.client.post(f"/o/{reader.org.slug}/live/{page}", form or {})


def only() -> Server:
    return Server.objects.get()


def actions(tenant: Tenant) -> list[str]:
    return list(AuditEntry.objects.filter(org_id=tenant.org.pk).order_by("seq").values_list("action", flat=True))


def test_a_heartbeat_is_kept_and_answered_as_the_contract_says(tenant: Tenant) -> None:
    assert beat(tenant, **VENDOR) == {"success": True}
    server = only()
    assert (server.org_id, server.environment, server.hostname) == (tenant.org.pk, "live", "web-3")
    assert (server.local_address, server.agent_version, server.user_agent) == ("10.4.0.12", "1.3.0", "litesoc-agent/1.3.0")
    assert server.address == "127.0.0.1"
    assert server.recent_lines == [LINE]


def test_the_next_one_changes_the_same_server_and_lines_stay_until_new_ones_come(tenant: Tenant) -> None:
    beat(tenant)
    first = only()
    beat(tenant, {"hostname": "web-3", "agent_version": "v1.4.0-2-gabc1234"})
    second = only()
    assert (second.pk, second.agent_version) == (first.pk, "v1.4.0-2-gabc1234")
    assert second.last_seen_at > first.last_seen_at
    assert second.first_seen_at == first.first_seen_at
    assert (second.recent_lines, second.lines_at) == (first.recent_lines, first.lines_at)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"hostname": "unknown", "ip_address": "0.0.0.0", "agent_version": "dev"},
        {"hostname": None, "ip_address": 7, "agent_version": ["1"], "recent_logs": "one line"},
        {"hostname": "  ", "recent_logs": [None, 3, {"a": 1}], "further": {"members": []}},
    ],
)
def test_nothing_that_an_agent_leaves_out_or_says_oddly_is_an_error(tenant: Tenant, body: object) -> None:
    assert beat(tenant, body) == {"success": True}
    server = only()
    assert (server.hostname, server.local_address, server.recent_lines) == ("unknown at 127.0.0.1", "", [])


@pytest.mark.parametrize("body", [b"", b"{", b"[]"])
def test_what_is_no_json_object_is_an_error_unless_it_is_nothing(tenant: Tenant, body: bytes) -> None:
    answer = tenant.call("POST", "/agent/heartbeat", body)
    assert answer.status_code == (200 if body == b"" else 400)


def test_lines_are_masked_before_they_are_kept(tenant: Tenant) -> None:
    raw = [
        "sshd[1]: Failed password for invalid user P@ssw0rd! from 10.1.2.3 port 4 ssh2",
        "sshd[1]: Failed password for mira@shop.example from 198.51.100.9 port 4 ssh2",
        "app: token=abcdef password: hunter2 key lsoc_live_0123456789abcdef",
    ]
    beat(tenant, BEAT | {"recent_logs": raw})
    kept = "\n".join(only().recent_lines)
    assert not any(secret in kept for secret in ("P@ss", "10.1.2.3", "mira@", "abcdef", "hunter2"))
    assert "198.51.100.9" in kept


def test_an_actor_who_is_erased_is_taken_out_of_the_lines_and_of_nothing_else(tenant: Tenant) -> None:
    line = "sshd[1]: Accepted publickey for mira-kjaer from 198.51.100.9 port 4 ssh2"
    beat(tenant, BEAT | {"hostname": "mira-kjaer-laptop", "recent_logs": [line, LINE]})
    beat(Tenant(), BEAT | {"recent_logs": [line]})
    (table,) = (table for table in text_tables() if table.model is Server)
    assert (table.place, table.fields) == ("server_log_lines", ("recent_lines",))
    erase_texts(table, tenant.org, Mentions(["mira-kjaer"]))
    ours, theirs = (Server.objects.get(hostname=name) for name in ("mira-kjaer-laptop", "web-3"))
    assert ours.recent_lines == [line.replace("mira-kjaer", "[erased]"), LINE]
    assert theirs.recent_lines == [line]


def test_at_most_ten_lines_of_bounded_length_are_kept(tenant: Tenant) -> None:
    beat(tenant, BEAT | {"recent_logs": [f"{number} " + "x" * 9_000 for number in range(40)]})
    kept = only().recent_lines
    assert [line.split()[0] for line in kept] == [str(number) for number in range(30, 40)]
    assert max(map(len, kept)) <= 500


def test_every_text_is_bounded(tenant: Tenant) -> None:
    beat(tenant, dict.fromkeys(("hostname", "ip_address", "agent_version"), "x" * 20000), **{"User-Agent": "y" * 9_000})
    server = only()
    longest = [len(text) for text in (server.hostname, server.local_address, server.agent_version, server.user_agent)]
    assert longest == [255, 64, 64, 200]


def test_a_heartbeat_needs_a_key_that_may_send(tenant: Tenant) -> None:
    reader = Tenant(org=tenant.org, key_changes={"scopes": frozenset({Scope.READ})})
    assert reader.call("POST", "/agent/heartbeat", BEAT).status_code == 403
    assert call("POST", "/agent/heartbeat", BEAT).status_code == 401
    assert tenant.call("GET", "/agent/heartbeat").status_code == 405
    assert not Server.objects.exists()


def test_servers_of_a_test_key_are_kept_apart_and_go_when_the_environment_is_emptied(tenant: Tenant) -> None:
    tester = Tenant(org=tenant.org, key_changes={"environment": Environment.TEST})
    beat(tenant)
    beat(tester)
    assert [row["hostname"] for row in tester.get("/servers")["data"]] == ["web-3"]
    assert Server.objects.count() == 2
    forget_servers(tenant.org, Environment.TEST)
    assert only().environment == "live"


def test_at_the_ceiling_servers_that_are_gone_make_room_and_then_none_is_added(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "SERVERS_MAX", 2)
    for hostname in ("a", "b"):
        beat(tenant, {"hostname": hostname})
    assert "at most" in beat(tenant, {"hostname": "c"})["message"]
    assert beat(tenant, {"hostname": "a"}) == {"success": True}
    Server.objects.filter(hostname="b").update(last_seen_at=timezone.now() - timedelta(days=8))
    assert beat(tenant, {"hostname": "c"}) == {"success": True}
    assert set(Server.objects.values_list("hostname", flat=True)) == {"a", "c"}


@pytest.mark.parametrize(
    ("minutes", "status"),
    [(0, "online"), (6, "online"), (6.1, "stale"), (15, "stale"), (15.1, "offline"), (10_000, "offline")],
)
def test_how_a_server_stands_follows_from_when_it_was_heard_of(minutes: float, status: str) -> None:
    now = timezone.now()
    assert Server(last_seen_at=now - timedelta(minutes=minutes)).status_at(now) is ServerStatus(status)


def test_without_an_update_that_the_operator_set_agents_hear_of_none(tenant: Tenant) -> None:
    assert beat(tenant, **VENDOR) == {"success": True}


@pytest.mark.parametrize(
    ("version", "agent", "is_told"),
    [
        ("1.3.0", "litesoc-agent/1.3.0", True),
        ("v1.3.9-4-gabc1234", "litesoc-agent/v1.3.9", True),
        ("1.4.0", "litesoc-agent/1.4.0", False),
        ("v1.10.0", "litesoc-agent/1.10.0", False),
        ("dev", "litesoc-agent/dev", True),
        ("0.1.0", "litesoc-server-agent/0.1.0", False),  # ours, which that archive would not replace
    ],
)
def test_only_older_agents_of_the_vendor_hear_of_an_update(
    tenant: Tenant, settings: Any, version: str, agent: str, is_told: bool
) -> None:
    settings.AGENT_UPDATE = UPDATE
    answer = beat(tenant, BEAT | {"agent_version": version}, **{"User-Agent": agent})
    expected = dict(zip(("latest_version", "download_url", "checksum_url"), UPDATE, strict=True))
    assert answer.get("update") == (expected | {"available": True, "force": False} if is_told else None)


def test_an_update_is_forced_once_after_somebody_asked(owner: PageReader, tenant: Tenant, settings: Any) -> None:
    settings.AGENT_UPDATE = UPDATE
    beat(tenant, **VENDOR)
    assert "Trigger the update" in visible_text(owner.get(f"servers/{only().pk}/"))
    assert post(owner, f"servers/{only().pk}/update").status_code == 302
    assert "Trigger the update" not in visible_text(owner.get(f"servers/{only().pk}/"))
    assert [beat(tenant, **VENDOR)["update"]["force"] for _ in range(2)] == [True, False]
    assert actions(tenant)[-1] == "agent.update_triggered"


def test_without_an_update_none_can_be_triggered(owner: PageReader, tenant: Tenant) -> None:
    beat(tenant, **VENDOR)
    post(owner, f"servers/{only().pk}/update")
    assert only().update_asked_at is None
    assert "agent.update_triggered" not in actions(tenant)


def test_the_api_lists_and_shows_servers_of_its_own_organisation_only(tenant: Tenant) -> None:
    beat(tenant)
    stranger = Tenant()
    (listed,) = tenant.get("/servers")["data"]
    assert listed == tenant.get(f"/servers/{listed['id']}")["data"]
    assert (listed["hostname"], listed["name"], listed["status"]) == ("web-3", "web-3", "online")
    assert listed["recent_lines"] == [LINE]
    assert stranger.get("/servers")["data"] == []
    for wanted in (listed["id"], "x", "0" * 32):
        assert stranger.call("GET", f"/servers/{wanted}").status_code == 404


def test_the_api_names_and_removes_servers_of_its_own_organisation_only(tenant: Tenant) -> None:
    beat(tenant)
    path = f"/servers/{only().pk}"
    manager, stranger = Tenant(tenant.org, {"scopes": {Scope.MANAGE}}), Tenant(key_changes={"scopes": {Scope.MANAGE}})
    assert manager.call("PATCH", path, {"name": " the  shop"}).json()["data"]["name"] == "the shop"
    refused = manager.call("PATCH", path, {"name": "a\u202eb"})
    assert (refused.status_code, refused.json()["error"]) == (400, "name: A name has no control characters.")
    assert manager.call("PATCH", path, {"nick": "x"}).status_code == 400
    for method, body in (("PATCH", {"name": "mine"}), ("DELETE", None)):
        assert stranger.call(method, path, body).status_code == 404
    assert manager.call("DELETE", path).status_code == 200
    assert not Server.objects.exists()
    assert actions(tenant)[-2:] == ["server.renamed", "server.removed"]


def test_a_name_is_what_people_see_and_is_in_the_audit_log(tenant: Tenant) -> None:
    beat(tenant)
    assert rename_server(only(), "  the  shop ", by=BY).shown_name == "the shop"
    assert tenant.get("/servers")["data"][0]["name"] == "the shop"
    assert find_server(tenant.org, Environment.LIVE, "the shop") == only()
    assert find_server(tenant.org, Environment.LIVE, "web-3") == only()
    assert rename_server(only(), "", by=BY).shown_name == "web-3"
    for name in ("x" * (NAME_LENGTH_MAX + 1), "a\u202eb"):
        with pytest.raises(ServerRefused, match="A name has"):
            rename_server(only(), name, by=BY)
    assert actions(tenant)[-2:] == ["server.renamed", "server.renamed"]


def test_a_removed_server_comes_back_when_its_agent_still_runs(tenant: Tenant) -> None:
    beat(tenant)
    remove_server(only(), by=BY)
    assert not Server.objects.exists()
    assert actions(tenant)[-1] == "server.removed"
    beat(tenant)
    assert only().hostname == "web-3"


@pytest.fixture
def owner(tenant: Tenant) -> PageReader:
    return PageReader(tenant.org, Role.OWNER)


@pytest.fixture
def viewer(tenant: Tenant) -> PageReader:
    return PageReader(tenant.org)


def test_the_list_is_empty_with_the_way_to_add_one(viewer: PageReader) -> None:
    text = visible_text(viewer.get("servers/"))
    assert "No server yet" in text
    assert "litesoc agent print-unit --server http://testserver" in text
    assert "api_endpoint: http://testserver" in text


def test_the_list_shows_servers_and_then_how_many_events_came_from_each(
    viewer: PageReader, tenant: Tenant, store: EventStore
) -> None:
    beat(tenant)
    metadata = b'{"source":"sshd","source_hostname":"web-3"}'
    store_events(store, *(make_event(tenant.org, metadata=metadata) for _ in range(3)))
    assert "web-3 Online" in visible_text(viewer.get("servers/"))
    answer = viewer.get("servers/table")
    assert "3 events from web-3 in 24 hours" in answer.content.decode()
    assert "meta.source_hostname" in answer.content.decode()


def test_without_the_store_the_list_is_there_without_counts(viewer: PageReader, tenant: Tenant) -> None:
    beat(tenant)
    with store_down():
        text = visible_text(viewer.get("servers/table"))
    assert "web-3" in text
    assert "not to be had now" in text


def test_texts_of_agents_are_shown_as_they_are(viewer: PageReader, tenant: Tenant) -> None:
    hostile = "<script>alert(1)</script>"
    beat(tenant, {"hostname": hostile, "agent_version": hostile, "recent_logs": [hostile]})
    page = viewer.get(f"servers/{only().pk}/").content.decode()
    assert hostile not in page
    assert page.count("&lt;script&gt;") >= 3


def test_who_may_not_manage_keys_sees_a_server_without_forms(viewer: PageReader, owner: PageReader, tenant: Tenant) -> None:
    beat(tenant)
    address = f"servers/{only().pk}/"
    assert "Remove the server" not in visible_text(viewer.get(address))
    assert post(viewer, f"{address}remove").status_code == 403
    assert "A name has" in visible_text(post(owner, f"{address}rename", {"name": "x" * 81}))
    assert post(owner, f"{address}rename", {"name": "shop"}).status_code == 302
    assert only().name == "shop"
    assert post(owner, f"{address}remove").status_code == 302
    assert not Server.objects.exists()


def test_a_server_of_the_other_environment_is_found_there_only(owner: PageReader, tenant: Tenant) -> None:
    beat(Tenant(org=tenant.org, key_changes={"environment": Environment.TEST}))
    beat(Tenant(org=OrganizationFactory()))
    for server in Server.objects.all():
        assert owner.get(f"servers/{server.pk}/").status_code == 404
