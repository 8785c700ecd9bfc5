"""`litesoc plans`, `litesoc privacy` and `litesoc usage`: what an organisation is allowed, keeps and uses."""

import pytest

from live_server import LiveServer
from started_before import started_before
from tenants import Tenant, TenantApi, create_tenants

ORG = ("--org", "shop-example")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> LiveServer:
    server = started_before(tmp_path_factory.mktemp("plans") / "data")
    server.init()
    return server


def refusal(live: LiveServer, *command: str, stdin: str = "") -> str:
    """Run a command that must be refused and return what it says."""
    done = live.litesoc(*command, stdin=stdin)
    assert done.returncode == 1
    return done.stderr


def test_a_plan_is_changed_and_taken_back(live: LiveServer) -> None:
    edit = ("plans", "edit", "pro", "--title", "Team", "--monthly-events", "unlimited", "--rate", "500")
    live.litesoc_json(*edit, "--enable", "sso", "--disable", "audit_log")
    free, pro, enterprise = live.litesoc_json("plans", "list")
    assert (pro["title"], pro["monthly_events_limit"], pro["rate_limit_per_minute"]) == ("Team", None, 500)
    assert ("sso" in pro["features"], "audit_log" in pro["features"]) == (True, False)
    assert [plan["is_changed"] for plan in (free, pro, enterprise)] == [False, True, False]
    assert "is no feature" in refusal(live, "plans", "edit", "pro", "--enable", "time_travel")
    assert "is not a plan" in refusal(live, "plans", "reset", "gold")
    taken_back = live.litesoc_json("plans", "reset", "pro")
    assert (taken_back["title"], taken_back["monthly_events_limit"]) == ("Pro", 50_000)


def test_an_organisation_gets_a_plan_and_limits_of_its_own(live: LiveServer) -> None:
    given = live.litesoc_json("plans", "assign", "pro", "--monthly-events", "1000", "--rate", "plan", *ORG)
    assert (given["name"], given["monthly_events_limit"], given["rate_limit_per_minute"]) == ("pro", 1_000, 300)
    own = live.litesoc("plans", "assign", "pro", "--monthly-events", "plan", "--retention-days", "60", *ORG).stdout
    assert "has the plan Pro: 50,000 events a month, 300 a minute, kept for 60 days." in " ".join(own.split())
    assert "everything has an end" in refusal(live, "plans", "assign", "pro", "--retention-days", "unlimited", *ORG)
    actions = [entry["action"] for entry in live.litesoc_json("audit", "list", *ORG)]
    assert actions[:3] == ["limits.changed", "limits.changed", "billing.plan_changed"]


def test_an_organisation_keeps_less(live: LiveServer) -> None:
    live.litesoc_json("plans", "assign", "enterprise", "--retention-days", "60", *ORG)
    set_ = ("privacy", "set", *ORG)
    assert "All events of more than 30 days ago and 0 alerts" in refusal(live, *set_, "--retention-days", "30", stdin="n\n")
    assert live.litesoc_json("privacy", "show", *ORG)["retention_days"] == 60
    rules = ("--redact", "iban", "--redact", "card", "--cut-addresses", "--retention-days", "30", "--yes")
    assert live.litesoc_json(*set_, *rules) == {
        "org": "shop-example",
        "retention_days": 30,
        "retention_days_max": 60,
        "redacted_keys": ["iban", "card"],
        "truncates_addresses": True,
    }
    assert live.litesoc_json(*set_, "--redact-nothing")["redacted_keys"] == []
    shown = live.litesoc("privacy", "show", *ORG).stdout
    assert "Kept for 30 days; the plan includes 60." in shown
    assert "Addresses: cut." in shown


def test_the_month_s_use_is_shown(shared_server: LiveServer) -> None:
    shop: TenantApi = create_tenants(shared_server, Tenant(name="Usage shop", monthly_events=10))[0]
    shop.collect(*({"event": "auth.login_failed", "actor": f"u{number}"} for number in range(3)))
    shop.wait_for_events(3)
    where = ("--url", shared_server.url, "--key", shop.key)
    found = shared_server.litesoc_json("usage", *where)
    assert (found["used"], found["limit"], found["days"][-1]["live"]) == (3, 10, 3)
    text = shared_server.litesoc("usage", *where).stdout
    assert "3 of 10 events" in text
    assert "Live" in text
    nobody = shared_server.litesoc("usage", "--url", shared_server.url, "--key", "lsoc_live_" + "x" * 32)
    assert (nobody.returncode, "Fix:" in nobody.stderr) == (1, True)
