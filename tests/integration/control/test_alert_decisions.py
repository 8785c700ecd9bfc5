"""What a member decides on the page of an alert, and how it is taken back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from alert_reader import Reader
from control_factories import (
    NOW_MS,
    DetectionFactory,
    MembershipFactory,
    UserFactory,
    apply_detections,
    make_alert,
    org_id_of,
)
from litesoc_server.alerts.lifecycle import mark_safe, resolve
from litesoc_server.alerts.models import AlertTransition, BulkChange, Resolution
from litesoc_server.orgs.models import Organization, Role
from litesoc_server.orgs.principals import Who
from litesoc_server.pipeline.policy import DAY_MS
from management_api import Tenant

MIRA = Who(by="Mira", principal="user:1")


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"action": "acknowledge"}, "acknowledged", "acknowledged it"),
        (
            {"action": "resolve", "resolution_type": "blocked_ip", "note": "at the edge"},
            "resolved",
            "resolved it: blocked address",
        ),
        ({"action": "mark_safe", "note": "a test"}, "dismissed", "marked it safe"),
    ],
)
def test_a_decision_is_made_and_told(org: Organization, form: dict[str, str], status: str, said: str) -> None:
    alert = make_alert(org)
    html = Reader(alert).post("decide", {**form, "revision": "0"})
    alert.refresh_from_db()
    assert (alert.status, alert.internal_notes) == (status, form.get("note"))
    assert said in html
    assert "<strong><bdi>Jo</bdi></strong>" in html


def test_a_decision_can_be_taken_back(org: Organization) -> None:
    alert = resolve(make_alert(org), resolution=Resolution.OTHER, who=MIRA)
    html = Reader(alert).post("decide", {"action": "reopen", "revision": "1"})
    assert "The alert is open again." in html


def test_who_was_slower_is_told_what_the_other_did(org: Organization) -> None:
    alert = make_alert(org)
    resolve(alert, resolution=Resolution.CONTACTED_USER, who=MIRA)
    html = Reader(alert).post("decide", {"action": "mark_safe", "revision": "0"})
    assert "Meanwhile Mira resolved it: contacted user. Nothing else was changed" in html
    alert.refresh_from_db()
    assert alert.status == "resolved"


def test_an_alert_with_a_newer_one_stays_closed(org: Organization) -> None:
    alert = mark_safe(make_alert(org), who=MIRA)
    later = {"incident_key": alert.incident_key, "last_seen_ms": NOW_MS + DAY_MS}
    apply_detections([DetectionFactory(org_id=org_id_of(org), **later)])
    html = Reader(alert).post("decide", {"action": "reopen", "revision": "1"})
    assert "newer open alert" in html


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"action": "nonsense"}, "Choose what to do"),
        ({"action": "assign"}, "Choose what to do"),
        ({"action": "resolve"}, "Choose how"),
        ({"action": "resolve", "resolution_type": "other", "note": "x" * 2001}, "2,001"),
    ],
)
def test_a_form_that_makes_no_sense_changes_nothing(org: Organization, form: dict[str, str], said: str) -> None:
    alert = make_alert(org)
    assert said in Reader(alert).post("decide", {**form, "revision": "0"})
    assert not AlertTransition.objects.exists()


def test_an_alert_is_given_and_taken(org: Organization) -> None:
    alert = make_alert(org)
    reader, kim = Reader(alert), MembershipFactory(org=org, user=UserFactory(name="Kim")).user
    assert "The alert is yours." in reader.post("assign", {"assignee": str(reader.user.id)})
    assert "assigned it to Kim" in reader.post("assign", {"assignee": str(kim.id)})
    assert "gave it back" in reader.post("assign", {"assignee": ""})
    viewer = MembershipFactory(org=org, role=Role.VIEWER).user
    assert "member who may triage" in reader.post("assign", {"assignee": str(viewer.id)})
    alert.refresh_from_db()
    assert alert.assignee is None


@pytest.mark.parametrize(
    "form",
    [
        {"action": "acknowledge"},
        {"action": "resolve", "resolution_type": "blocked_ip", "note": "at the edge"},
        {"action": "mark_safe", "note": "a test"},
    ],
)
def test_a_decision_is_undone_with_one_press(org: Organization, form: dict[str, str]) -> None:
    alert = make_alert(org)
    reader = Reader(alert)
    assert 'id="undo-decision"' not in reader.text()
    assert 'id="undo-decision"' in reader.post("decide", {**form, "revision": "0"})
    html = reader.post("undo", {})
    assert "Undone: the alert is as it was before." in html
    assert 'id="undo-decision"' not in html
    alert.refresh_from_db()
    assert (alert.status, alert.resolved_by, alert.internal_notes) == ("open", None, None)


def test_what_an_undo_leaves_is_said_before_and_after(org: Organization) -> None:
    reader = Reader(make_alert(org))
    html = reader.post("decide", {"action": "mark_safe", "revision": "0"})
    assert "its logins stay confirmed" in html
    assert "Its logins stay confirmed" in reader.post("undo", {})


def test_a_reopening_is_undone_too(org: Organization) -> None:
    alert = resolve(make_alert(org), resolution=Resolution.BLOCKED_IP, who=MIRA)
    reader = Reader(alert)
    reader.post("decide", {"action": "reopen", "revision": "1"})
    reader.post("undo", {})
    alert.refresh_from_db()
    assert (alert.status, alert.resolution_type, alert.resolved_by) == ("resolved", "blocked_ip", "Mira")


def test_only_the_last_thing_that_happened_can_be_undone_and_only_for_a_while(org: Organization) -> None:
    alert = make_alert(org)
    reader = Reader(alert)
    assert "Nothing was undone" in reader.post("undo", {})
    reader.post("decide", {"action": "acknowledge", "revision": "0"})
    resolve(alert, resolution=Resolution.OTHER, who=MIRA)
    assert 'id="undo-decision"' not in reader.text()
    assert "Nothing was undone" in reader.post("undo", {})
    reader.post("decide", {"action": "reopen", "revision": "2"})
    BulkChange.objects.update(finished_at=timezone.now() - timedelta(minutes=16))
    assert 'id="undo-decision"' not in reader.text()
    assert "Nothing was undone" in reader.post("undo", {})
