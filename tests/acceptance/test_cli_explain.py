"""`litesoc explain` against a server's data: while it runs, and after."""

from pathlib import Path

import pytest

from http_client import Api
from started_before import started_before

UNKNOWN = "0197c9a0-0000-7000-8000-000000000001"


def _login(address: str) -> dict[str, object]:
    return {"event": "auth.login_success", "actor": {"id": "mira"}, "user_ip": address}


def test_a_login_is_explained_while_the_server_runs_and_computed_again_after(tmp_path: Path) -> None:
    live = started_before(tmp_path / "data")
    account = live.init()
    live.start()
    api = Api(live.url, account["api_key"])
    for _ in range(6):
        api.collect({"event": "auth.login_failed", "actor": {"id": "mira"}, "user_ip": "203.0.113.9"})
    api.collect(_login("203.0.113.9"))
    login = api.wait_for_events(7, actor_id="mira")[0]
    api.wait_for_alert(source_ip="203.0.113.9")

    access = ("--url", live.url, "--key", account["api_key"])
    running = live.litesoc_json("explain", login["id"], *access)
    assert running["risk"] == login["risk"]
    assert running["recomputed"] is None
    assert "Stop it" in running["note"]
    assert any(alert["is_trigger"] for alert in running["alerts"])
    unreachable = live.litesoc("explain", login["id"])
    assert unreachable.returncode == 1
    assert "--url" in unreachable.stderr
    assert live.litesoc("explain", UNKNOWN, *access).returncode == 1
    live.stop()

    stopped = live.litesoc_json("explain", login["id"].upper())
    assert stopped["risk"] == login["risk"]
    assert stopped["recomputed"]["agrees"]
    assert stopped["recomputed"]["earlier_events"] == 6
    shown = live.litesoc("explain", login["id"]).stdout
    assert "Both agree" in shown
    assert "6 failed logins on the account shortly before" in shown


@pytest.mark.parametrize(("event_id", "problem"), [("no-id", "no event id"), (UNKNOWN, "has no event")])
def test_ids_that_are_none_or_unknown_are_named(tmp_path: Path, event_id: str, problem: str) -> None:
    live = started_before(tmp_path / "data")
    live.init()
    done = live.litesoc("explain", event_id)
    assert done.returncode == 1
    assert problem in done.stderr
    assert "Fix:" in done.stderr
