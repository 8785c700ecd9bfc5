"""`litesoc policy`, `litesoc suppress` and `litesoc detectors`: what they change and show, and what they say to mistakes."""

import json
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from control_factories import OrganizationFactory
from litesoc_server.cli.app import app
from litesoc_server.cli.console import out
from litesoc_server.orgs.models import Organization

pytestmark = pytest.mark.django_db


@pytest.fixture
def org() -> Organization:
    return OrganizationFactory()


@pytest.fixture(autouse=True)
def one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITESOC_LOG_LEVEL", "WARNING")  # commands set it for their process, which is this one here
    for side in ("_width", "_height"):  # COLUMNS does not count on every terminal that tests may run in
        monkeypatch.setattr(out, side, 400)  # no text is broken


def litesoc(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def answer(*arguments: str) -> Any:
    """Return the JSON of a command that must succeed."""
    done = litesoc(*arguments, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_settings_are_changed_shown_and_explained(org: Organization) -> None:
    change = ("brute_force_address_window_ms=10m", "blocked_countries=kp,no", 'severities={"instant_alert":"low"}')
    assert answer("policy", "set", *change, "--note", "audit")["version"] == 2
    assert answer("policy", "allow", "203.0.113.0/24", "AS64500", "--note", "offices")["overrides"] == {
        "brute_force_address_window_ms": 600_000,
        "blocked_countries": ["KP", "NO"],
        "severities": {"instant_alert": "low"},
        "allowed_addresses": ["203.0.113.0/24"],
        "allowed_asns": [64500],
    }
    answer("policy", "allow", "--remove", "AS64500")
    answer("policy", "reset", "brute_force_address_window_ms", "severities")
    shown = answer("policy", "show", "--changed")
    assert shown["version"] == 5
    assert [row["name"] for row in shown["settings"]] == ["allowed_addresses", "blocked_countries"]
    assert [change["note"] for change in answer("policy", "history")] == [None, None, "offices", "audit"]

    table = litesoc("policy", "show", "brute_force_address")
    assert "5m" in table.stdout
    assert "203.0.113.0/24" in litesoc("policy", "show", "--changed").stdout
    assert "203.0.113.0/24" in litesoc("policy", "history").stdout


def test_before_there_is_an_organisation_the_first_command_is_named() -> None:
    assert "litesoc init" in litesoc("policy", "show").stderr


def test_mistakes_come_with_the_nearest_names(org: Organization) -> None:
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
        done = litesoc(*arguments)
        assert done.exit_code == 1, arguments
        assert said in done.stderr, done.stderr
        assert "Fix:" in done.stderr
    assert answer("policy", "show", "--changed")["version"] == 1
    assert answer("suppress", "list", "--all") == []


def test_suppressions_and_detectors(org: Organization) -> None:
    made = answer("suppress", "add", "--reason", "load test", "--for", "7d", "--address", "203.0.113.0/24")
    assert (made["state"], made["address"]) == ("active", "203.0.113.0/24")
    assert made["id"] in litesoc("suppress", "list").stdout
    assert answer("suppress", "end", made["id"])["state"] == "ended"
    assert answer("suppress", "list") == []
    assert [one["state"] for one in answer("suppress", "list", "--all")] == ["ended"]

    catalogue = answer("detectors")
    assert "impossible_travel" in {one["id"] for one in catalogue}
    assert answer("detectors", "brute_force_address")["settings"]["brute_force_address_failures_count"] == 5
    shown = litesoc("detectors", "brute_force_address").stdout
    assert "T1110" in shown
    assert "What to do" in shown


def test_texts_that_clients_choose_do_not_steer_the_terminal(org: Organization) -> None:
    hostile = "eve\x1b[2J\x9b31m\u202egnp\u2066"
    refused = litesoc("keys", "create", "--name", hostile)
    assert refused.exit_code != 0
    assert (refused.stdout + refused.stderr).replace("\n", "").isprintable()
    answer("policy", "set", f"allowed_user_agents={hostile}", "--note", f"{hostile}\n9  forged")
    answer("policy", "allow", "--actor", hostile)
    answer("suppress", "add", "--reason", hostile, "--owner", hostile, "--for", "366d", "--actor", hostile)
    for command in (
        ("policy", "show", "--changed"),
        ("policy", "show", "allowed_user_agents"),
        ("policy", "history"),
        ("suppress", "list"),
    ):
        done = litesoc(*command)
        assert "eve�[2J�31m�gnp�" in done.stdout, command
        assert done.stdout.replace("\n", "").isprintable(), command
    history = litesoc("policy", "history").stdout
    assert "\n9" not in history
    assert "(operator)" in history
