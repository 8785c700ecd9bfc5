"""Settings of detection on a running server: by HTTP and at the command line, in force without a restart."""

from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from http_client import Api, failed_login, wait_until
from live_server import LiveServer
from started_before import started_before
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


def test_the_command_line_changes_shows_and_explains(tmp_path: Path) -> None:
    live = started_before(tmp_path / "data")
    live.init()
    change = ("brute_force_address_window_ms=10m", "blocked_countries=kp,no", 'severities={"instant_alert":"low"}')
    assert live.litesoc_json("policy", "set", *change, "--note", "audit")["version"] == 2
    assert live.litesoc_json("policy", "allow", "203.0.113.0/24", "AS64500", "--note", "offices")["overrides"] == {
        "brute_force_address_window_ms": 600_000,
        "blocked_countries": ["KP", "NO"],
        "severities": {"instant_alert": "low"},
        "allowed_addresses": ["203.0.113.0/24"],
        "allowed_asns": [64500],
    }
    live.litesoc_json("policy", "allow", "--remove", "AS64500")
    live.litesoc_json("policy", "reset", "brute_force_address_window_ms", "severities")
    shown = live.litesoc_json("policy", "show", "--changed")
    assert shown["version"] == 5
    assert [row["name"] for row in shown["settings"]] == ["allowed_addresses", "blocked_countries"]
    assert [change["note"] for change in live.litesoc_json("policy", "history")] == [None, None, "offices", "audit"]

    table = live.litesoc("policy", "show", "brute_force_address")
    assert "5m" in table.stdout
    assert "203.0.113.0/24" in live.litesoc("policy", "show", "--changed").stdout
    assert "203.0.113.0/24" in live.litesoc("policy", "history").stdout


def test_mistakes_at_the_command_line_come_with_the_nearest_names(tmp_path: Path) -> None:
    live = started_before(tmp_path / "data")
    assert "litesoc init" in live.litesoc("policy", "show").stderr
    live.init()
    for arguments, said in (
        (("policy", "set", "history_cuont=5"), "did you mean history_count"),
        (("policy", "set", "history_count=0"), "from 1 to 8; 0 was sent"),
        (("policy", "set", "history_count"), "NAME=VALUE"),
        (("policy", "set", "login_memory_ms=10x"), "login_memory_ms: '10x' is no span of time such as 90s, 10m, 2h or 30d"),
        (("policy", "reset", "histry_count"), "did you mean history_count"),
        (("policy", "show", "histry_count"), "did you mean history_count"),
        (("policy", "allow", "10.0.0.300"), "no address and no CIDR range"),
        (("policy", "allow", "--remove", "10.0.0.3"), "not on the list"),
        (("suppress", "add", "--reason", "x", "--for", "soon", "--actor", "mira"), "90m, 12h or 7d"),
        (("suppress", "add", "--reason", "x", "--for", "367d", "--actor", "mira"), "at most 366 days away"),
        (("suppress", "add", "--reason", "x", "--for", "99999999d", "--actor", "mira"), "write 366d or less"),
        (("suppress", "add", "--reason", "x", "--for", "1h"), "at least one of detector, actor and address"),
        (("suppress", "add", "--reason", "x", "--for", "1h", "--detector", "brute"), "which is no detector"),
        (("suppress", "end", "nothing"), "suppress list --all"),
        (("detectors", "impossible_travl"), "did you mean impossible_travel"),
        (("policy", "show", "--org", "nobody"), "--org"),
    ):
        done = live.litesoc(*arguments)
        assert done.returncode == 1, arguments
        assert said in done.stderr, done.stderr
        assert "Fix:" in done.stderr
    assert live.litesoc_json("policy", "show", "--changed")["version"] == 1
    assert live.litesoc_json("suppress", "list", "--all") == []


def test_suppressions_and_detectors_at_the_command_line(tmp_path: Path) -> None:
    live = started_before(tmp_path / "data")
    live.init()
    made = live.litesoc_json("suppress", "add", "--reason", "load test", "--for", "7d", "--address", "203.0.113.0/24")
    assert (made["state"], made["address"]) == ("active", "203.0.113.0/24")
    assert made["id"] in live.litesoc("suppress", "list").stdout
    assert live.litesoc_json("suppress", "end", made["id"])["state"] == "ended"
    assert live.litesoc_json("suppress", "list") == []
    assert [one["state"] for one in live.litesoc_json("suppress", "list", "--all")] == ["ended"]

    catalogue = live.litesoc_json("detectors")
    assert "impossible_travel" in {one["id"] for one in catalogue}
    assert live.litesoc_json("detectors", "brute_force_address")["settings"][SETTING] == 5
    shown = live.litesoc("detectors", "brute_force_address").stdout
    assert "T1110" in shown
    assert "What to do" in shown


def test_texts_that_clients_choose_do_not_steer_the_terminal(tmp_path: Path) -> None:
    live = started_before(tmp_path / "data", env={"COLUMNS": "400"})
    live.init()
    hostile = "eve\x1b[2J\x9b31m\u202egnp\u2066"
    refused = live.litesoc("keys", "create", "--name", hostile)
    assert refused.returncode != 0
    assert (refused.stdout + refused.stderr).replace("\n", "").isprintable()
    live.litesoc_json("policy", "set", f"allowed_user_agents={hostile}", "--note", f"{hostile}\n9  forged")
    live.litesoc_json("policy", "allow", "--actor", hostile)
    live.litesoc_json("suppress", "add", "--reason", hostile, "--owner", hostile, "--for", "366d", "--actor", hostile)
    for command in (
        ("policy", "show", "--changed"),
        ("policy", "show", "allowed_user_agents"),
        ("policy", "history"),
        ("suppress", "list"),
    ):
        done = live.litesoc(*command)
        assert "eve�[2J�31m�gnp�" in done.stdout, command
        assert done.stdout.replace("\n", "").isprintable(), command
    history = live.litesoc("policy", "history").stdout
    assert "\n9" not in history
    assert "(operator)" in history
