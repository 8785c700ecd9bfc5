"""Acts of people, keys and the command line are in the audit log of their organisation, once each."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from control_factories import MembershipFactory, make_alert
from litesoc_server.accounts.models import User
from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By
from litesoc_server.audit.database_check import verify_database
from litesoc_server.audit.listing import Wanted, entries
from litesoc_server.audit.reading import ReadEntry, read_entries
from litesoc_server.audit.record import INSTALLATION
from litesoc_server.orgs.account_acts import record_account_act
from litesoc_server.orgs.models import Organization, Role
from litesoc_server.orgs.policy_changes import change_policy
from litesoc_server.orgs.principals import Who
from litesoc_server.orgs.suppression_changes import set_expiry, take_end_back
from litesoc_server.orgs.suppressions import create_suppression, end_suppression
from management_api import Tenant
from page_reader import PageReader
from people import browser, code_of, make_person, set_up_totp, sign_in, signed_in

pytestmark = pytest.mark.django_db
JO = Who(by="Jo", principal="operator")


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


def recorded(org: Organization) -> list[ReadEntry]:
    """Return what is recorded, oldest first, in a log that is sound."""
    assert verify_database(org.id).problems == []
    return read_entries(org.id, entries(org.id, Wanted()))[::-1]


def actions(org: Organization) -> list[str]:
    return [entry.action for entry in recorded(org)]


def changed(entry: ReadEntry) -> dict[str, tuple[Any, Any]]:
    return {one.field: (one.before.value, one.after.value) for one in entry.changes}


def member_who_signs_in(org: Organization) -> User:
    user = make_person()
    MembershipFactory(org=org, user=user, role=Role.ADMIN)
    return user


def test_signing_in_failing_to_and_signing_out(org: Organization) -> None:
    user = member_who_signs_in(org)
    client = browser()
    sign_in(client, password="wrong wrong wrong")
    sign_in(client, email="nobody@shop.example")
    sign_in(client)
    client.post("/accounts/logout/")
    failed, entered, left = recorded(org)
    assert (failed.action, failed.principal, failed.target.value) == (Action.LOGIN_FAILED, "anonymous", user.email)
    assert (entered.action, entered.principal, entered.name.value) == (Action.LOGIN, f"user:{user.id}", user.email)
    assert (entered.address.value, changed(entered)["methods"]) == ("127.0.0.1", (None, ["password"]))
    assert (left.action, left.principal) == (Action.LOGOUT, f"user:{user.id}")


def test_an_account_that_has_to_wait_is_recorded_once(org: Organization) -> None:
    user = member_who_signs_in(org)
    for _ in range(7):  # the last two are refused unseen
        sign_in(browser(), password="wrong wrong wrong")
    *failures, locked = recorded(org)
    assert [entry.action for entry in failures] == [Action.LOGIN_FAILED] * 5
    assert (locked.action, locked.principal, locked.target.value) == (Action.LOCKED_OUT, "anonymous", user.email)


def test_second_factors_that_fail(org: Organization) -> None:
    user = member_who_signs_in(org)
    secret = set_up_totp(signed_in())
    client = browser()
    sign_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    client.post("/accounts/2fa/authenticate/", {"credential": json.dumps({"id": "no passkey"})})
    code = code_of(secret)
    client.post("/accounts/2fa/authenticate/", {"code": code})
    client.post("/accounts/2fa/reauthenticate/", {"code": code})  # used before
    failed = [entry for entry in recorded(org) if entry.action == Action.MFA_FAILED]
    assert [(entry.principal, changed(entry)["factor"][1]) for entry in failed] == [
        ("anonymous", "totp"),
        ("anonymous", "webauthn"),
        (f"user:{user.id}", "totp"),
    ]
    assert {entry.target.value for entry in failed} == {user.email}


def test_who_is_nowhere_a_member_is_in_the_log_of_the_installation() -> None:
    user = make_person("ops@shop.example")
    record_account_act(user, Action.PASSWORD_RESET, by=By.operator())
    assert [entry.target.value for entry in read_entries(INSTALLATION, entries(INSTALLATION, Wanted()))] == [user.email]


def test_a_decision_on_a_page_says_who_where_from_and_what_was_different(org: Organization) -> None:
    alert = make_alert(org)
    reader = PageReader(org, Role.ANALYST)
    reader.client.post(
        f"/o/{org.slug}/live/alerts/{alert.id}/decide",
        {"action": "resolve", "resolution_type": "blocked_ip", "note": "done", "revision": alert.revision},
        headers={"User-Agent": "Firefox"},
    )
    reader.client.post(f"/o/{org.slug}/live/alerts/{alert.id}/undo")
    resolved, undone = recorded(org)
    assert (resolved.action, resolved.target_id, resolved.target.value) == (
        Action.ALERT_RESOLVED,
        str(alert.id),
        alert.title,
    )
    assert (resolved.address.value, resolved.user_agent.value, resolved.note.value) == ("127.0.0.1", "Firefox", "done")
    assert changed(resolved) == {"status": ("open", "resolved"), "resolution": (None, "blocked_ip")}
    assert "@" in str(resolved.name.value)
    assert (undone.action, changed(undone)) == (Action.ALERT_UNDONE, {"status": ("resolved", "open")})


def test_a_decision_over_the_api_says_which_key(tenant: Tenant) -> None:
    alert = make_alert(tenant.org)
    tenant.call("PATCH", f"/alerts/{alert.id}", {"action": "mark_safe", "resolved_by": "a tool"})
    (entry,) = recorded(tenant.org)
    assert (entry.action, entry.principal.partition(":")[0], entry.address.value) == (
        Action.ALERT_DISMISSED,
        "key",
        "127.0.0.1",
    )


def test_many_decisions_at_once_are_one_act_that_names_the_alerts(org: Organization) -> None:
    alerts = [make_alert(org) for _ in range(3)]
    PageReader(org, Role.ANALYST).client.post(
        f"/o/{org.slug}/live/alerts/bulk",
        {"action": "acknowledge", "alert": [f"{alert.id}:{alert.revision}" for alert in alerts]},
    )
    (entry,) = recorded(org)
    assert (entry.action, entry.target_kind) == (Action.ALERT_ACKNOWLEDGED, "alerts")
    assert changed(entry)["alerts_count"] == (None, 3)
    assert set(changed(entry)["alerts"][1]) == {str(alert.id) for alert in alerts}


def test_changes_of_the_policy_that_change_something(org: Organization) -> None:
    change_policy(org, {"muted_detectors": ["new_device"]}, who=JO, note="too loud")
    change_policy(org, {"muted_detectors": ["new_device"]}, who=JO)
    (entry,) = recorded(org)
    assert (entry.action, entry.name.value, entry.note.value) == (Action.POLICY_UPDATED, "Jo", "too loud")
    assert changed(entry) == {"muted_detectors": ([], ["new_device"])}


def test_the_life_of_a_suppression(org: Organization) -> None:
    ends = timezone.now() + timedelta(days=1)
    made = create_suppression(org, owner="Jo", reason="load test", expires_at=ends, actor="bot", who=JO)
    set_expiry(made, ends + timedelta(days=1), was=ends, who=JO)
    end_suppression(made, who=JO)
    end_suppression(made, who=JO)
    take_end_back(made, who=JO)
    assert actions(org) == [
        Action.SUPPRESSION_CREATED,
        Action.SUPPRESSION_CHANGED,
        Action.SUPPRESSION_ENDED,
        Action.SUPPRESSION_CHANGED,
    ]
    assert changed(recorded(org)[0])["actor"] == (None, "bot")


def test_a_list_that_leaves_as_a_file(org: Organization) -> None:
    PageReader(org, Role.ANALYST).get("alerts/export.csv", q="status:open")
    (entry,) = recorded(org)
    assert (entry.action, entry.target_id) == (Action.DATA_EXPORTED, "alerts")
    assert changed(entry) == {"environment": (None, "live"), "format": (None, "csv"), "query": (None, "q=status%3Aopen")}


def test_an_act_that_fails_is_not_recorded(org: Organization) -> None:
    alert = make_alert(org)
    reader = PageReader(org, Role.ANALYST)
    reader.client.post(f"/o/{org.slug}/live/alerts/{alert.id}/decide", {"action": "resolve", "revision": 99})
    assert actions(org) == []
