"""One alert: what its page shows, to whom, and what can be done there."""

import re
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from control_factories import (
    NOW_MS,
    DetectionFactory,
    MembershipFactory,
    OrganizationFactory,
    UserFactory,
    apply_detections,
    make_alert,
    org_id_of,
)
from litesoc_server.alerts.lifecycle import acknowledge, mark_safe, resolve
from litesoc_server.alerts.models import Alert, AlertComment, AlertTransition, Resolution
from litesoc_server.events.detection import AlertSeverity, AlertType, Fact
from litesoc_server.events.envelope import ENVELOPE_DECODER, Environment
from litesoc_server.events.event import Actor, Event, Geo
from litesoc_server.ingest import limits
from litesoc_server.orgs.models import Organization, Role, Suppression
from litesoc_server.orgs.principals import Who
from litesoc_server.pipeline.policy import DAY_MS
from litesoc_server.store.base import EventStore, StoreUnavailable
from litesoc_server.stream.base import Stream
from litesoc_server.stream.subjects import Subject
from management_api import Tenant, make_event, store_events

MIRA = Who(by="Mira", principal="user:1")
HOSTILE = "<script>alert(1)</script> \u202eevil {{ 7*7 }}"


class Reader:
    """A signed-in member who looks at one alert."""

    def __init__(self, alert: Alert, role: Role = Role.ANALYST, *, name: str = "Jo") -> None:
        self.user = MembershipFactory(org=alert.org, role=role, user=UserFactory(name=name)).user
        self.address = f"/o/{alert.org.slug}/{alert.environment}/alerts/{alert.id}/"
        self.client = Client(headers={"Accept": "text/html"})
        self.client.force_login(self.user)

    def text(self, query: str = "") -> str:
        answer = self.client.get(self.address + query)
        assert answer.status_code == 200, answer.content
        return answer.content.decode()

    def post(self, path: str, form: dict[str, Any]) -> str:
        """Post a form and return the page that it leads back to."""
        answer = self.client.post(self.address + path, form, follow=True)
        assert answer.status_code == 200, answer.content
        assert answer.redirect_chain, "a form leads back to the page"
        return answer.content.decode()

    def status_of(self, path: str, form: dict[str, Any] | None = None) -> int:
        answer: HttpResponse = self.client.post(self.address + path, form or {})
        return answer.status_code


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


def login(org: Organization, **changes: Any) -> Event:
    return make_event(org, **{"name": "auth.login_success", **changes})


def alert_about(org: Organization, *events: Event, **changes: Any) -> Alert:
    ids = tuple(event.event_id for event in events)
    return make_alert(org, event_ids=ids, trigger_event_id=ids[-1], **changes)


def test_the_page_says_what_happened_why_and_what_to_do(org: Organization, store: EventStore) -> None:
    event = make_event(org)
    store_events(store, event)
    alert = alert_about(org, event, severity=AlertSeverity.HIGH, actor_id="usr_8841", is_entry=True)
    html = Reader(alert).text()
    for text in (
        "<h1><bdi>Brute force from 198.51.100.77</bdi></h1>",
        "5 failed logins from one address within 5 minutes.",
        "5 failed logins from 198.51.100.77 in 5 minutes (threshold 5)",
        '<th scope="row">Failures</th><td class="number"><bdi>5</bdi></td><td class="number">5</td>',
        "The address is not shared by several users.",
        "What it could also be",
        "Block the address.",
        "auth.login_failed",
        "Bergen, NO",
        "Accounts entered",
        "Brute force from one address fired",
    ):
        assert text in html, text


def test_the_headline_speaks_first_and_what_other_detectors_add_is_folded(org: Organization) -> None:
    texts = {"actions": ("Block the address.",), "ruled_out": ("A shared address.",)}
    first = make_alert(org, severity=AlertSeverity.CRITICAL, incident_key="account|actor:usr_1", **texts)
    added = {"actions": ("Block the address.", "Ask the owner."), "ruled_out": ("A forgotten client.",)}
    other = {"detector": "brute_force_account", "severity": AlertSeverity.LOW, "incident_key": "account|actor:usr_1"}
    apply_detections([DetectionFactory(org_id=org_id_of(org), **other, **added)])
    html = Reader(first).text()
    assert html.count("<bdi>Block the address.</bdi>") == 1
    assert html.count("more, from the other detectors</summary>") == 3
    own, folded = html.index("A shared address."), html.index("1 more, from the other detectors")
    assert own < folded < html.index("A forgotten client.")
    own, folded = html.index("<bdi>Block the address.</bdi>"), html.rindex("1 more, from the other detectors")
    assert own < folded < html.index("Ask the owner.")


def test_an_acknowledged_alert_can_be_given_back(org: Organization) -> None:
    alert = make_alert(org)
    acknowledge(alert, who=MIRA)
    reader = Reader(alert)
    assert 'value="reopen"' in reader.text()


def test_a_journey_is_shown_with_distance_time_and_speed(org: Organization, store: EventStore) -> None:
    tokyo = Geo("JP", "Tokyo", "Tokyo", 35.68, 139.69, "Asia/Tokyo")
    first = login(org, occurred_at_ms=NOW_MS - 1_800_000)
    second = login(org, occurred_at_ms=NOW_MS, geo=tokyo)
    store_events(store, first, second)
    facts = (Fact("distance_km", 7655, 300), Fact("measured_distance_km", 8405), Fact("speed_kmh", 15311, 1000))
    journey = {"detector": "impossible_travel", "alert_type": AlertType.IMPOSSIBLE_TRAVEL}
    alert = alert_about(org, first, second, facts=(*facts, Fact("gap_ms", 1_800_000)), **journey)
    html = Reader(alert).text()
    assert "<bdi>Bergen, NO</bdi> → <bdi>Tokyo, JP</bdi>" in html
    for text in ("8,405 km apart", "30 min between the logins", "15,311 km/h needed", "1,000 km/h"):
        assert text in html, text
    assert '"arcs": [{"from": [60.39, 5.32], "to": [35.68, 139.69]' in html


def test_events_that_are_no_longer_kept_are_named_as_such(org: Organization, store: EventStore) -> None:
    kept = make_event(org)
    org.retention_days_override = 30
    org.save()
    old = make_event(org, occurred_at_ms=NOW_MS - 31 * DAY_MS, received_at_ms=NOW_MS - 31 * DAY_MS)
    unwritten = make_event(org)
    store_events(store, kept, old)
    html = Reader(alert_about(org, old, unwritten, kept)).text()
    assert "1 event of this alert is older than 30 days" in html
    assert "1 event is not stored" in html
    assert html.count("auth.login_failed</bdi></code></a>") == 1


def test_without_the_store_everything_else_is_shown(
    org: Organization, store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = make_alert(org)

    def fail(**_: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(store, "get_events", fail)
    html = Reader(alert).text()
    assert "The events cannot be shown just now" in html
    assert "Why this is an alert" in html


def test_a_storm_lists_its_incidents(org: Organization) -> None:
    keys = ["credential_attack|ip:203.0.113.1", "account|actor:usr_<b>", "privilege|organisation", "odd"]
    for number, key in enumerate(keys):
        apply_detections(
            [DetectionFactory(org_id=org_id_of(org), incident_key=key, last_seen_ms=NOW_MS + number)],
            storm_incidents_count=1,
            storm_window_ms=DAY_MS,
        )
    storm = Alert.objects.get(detector="storm")
    html = Reader(storm).text()
    assert "Incidents in this storm" in html
    assert "usr_&lt;b&gt;" in html
    assert "there is no one thing to suppress" in html


def test_previous_and_next_go_by_the_list_it_was_opened_from(org: Organization) -> None:
    oldest, middle, newest = (make_alert(org) for _ in range(3))
    mark_safe(middle, who=MIRA)
    html = Reader(newest).text("?status=open")
    assert f'href="/o/{org.slug}/live/alerts/{oldest.id}/?status=open" data-shortcut="j"' in html
    assert 'data-shortcut="k"' not in html


def test_hostile_text_stays_text(org: Organization, store: EventStore) -> None:
    event = login(org, name="custom.<script>", actor=Actor(HOSTILE + "🦊" * 400, HOSTILE))
    store_events(store, event)
    texts = dict.fromkeys(("reasons", "ruled_out", "actions"), (HOSTILE,))
    facts = (Fact("country", HOSTILE), Fact("failures_count", float("inf"), 5))
    alert = alert_about(org, event, title=HOSTILE, description=HOSTILE, facts=facts, actor_id=HOSTILE, **texts)
    acknowledge(alert, who=Who(by=HOSTILE, principal="key:1"), note=HOSTILE)
    reader = Reader(alert, name=HOSTILE)
    html = reader.post("comments", {"text": HOSTILE})
    assert "<script>alert" not in html
    assert "<script>" not in html.replace('<script type="', "")
    assert html.count("&lt;script&gt;") > 10


def test_strangers_and_other_environments_find_nothing(org: Organization) -> None:
    alert = make_alert(OrganizationFactory())
    reader = Reader(make_alert(org))
    test_alert = make_alert(org, environment=Environment.TEST)
    for hidden in (alert, test_alert):
        address = f"/o/{org.slug}/live/alerts/{hidden.id}/"
        assert reader.client.get(address).status_code == 404
        for path in ("decide", "assign", "comments", "suppress", f"logins/{hidden.id}", f"comments/{hidden.id}"):
            assert reader.client.post(address + path, {"action": "acknowledge"}).status_code == 404, path


def test_a_viewer_reads_and_changes_nothing(org: Organization, store: EventStore) -> None:
    event = login(org)
    store_events(store, event)
    alert = alert_about(org, event)
    viewer = Reader(alert, Role.VIEWER)
    html = viewer.text()
    assert "Why this is an alert" in html
    main = html[html.index("<main") : html.index("</main>")]
    assert "<form" not in main
    for path in ("decide", "assign", "comments", "suppress", f"logins/{event.event_id}"):
        assert viewer.status_of(path, {"action": "acknowledge"}) == 403


# --- decisions


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


# --- comments


def test_comments_are_written_changed_deleted_and_restored_by_their_author(org: Organization) -> None:
    alert = make_alert(org)
    jo, kim = Reader(alert), Reader(alert, name="Kim")
    assert "look at this" in jo.post("comments", {"text": "look at this\nplease"})
    comment = AlertComment.objects.get()
    path = f"comments/{comment.id}"
    assert "look again" in jo.post(path, {"do": "edit", "text": "look again"})
    assert "edited" in kim.text()
    assert "only its author" in kim.post(path, {"do": "edit", "text": "mine"}).lower()
    assert "only its author" in kim.post(path, {"do": "delete"}).lower()
    html = jo.post(path, {"do": "delete"})
    assert "look again" not in html
    assert "Restore" in html
    assert "Restore" not in kim.text()
    assert "look again" in jo.post(path, {"do": "restore"})
    assert "Write something first" in jo.post("comments", {"text": "  "})
    AlertComment.objects.update(deleted_at=timezone.now() - timedelta(hours=1))
    assert "15 minutes" in jo.post(path, {"do": "restore"})
    assert jo.status_of(f"comments/{alert.id}", {"do": "delete"}) == 404


# --- logins and suppressions


def test_a_login_is_said_to_be_its_owners_or_not(org: Organization, store: EventStore, stream: Stream) -> None:
    mine, failed = login(org), make_event(org)
    store_events(store, mine, failed)
    alert = alert_about(org, failed, mine)
    reader = Reader(alert)
    assert reader.text().count("Yes, this login") == 1
    assert "It was not" in reader.post(f"logins/{mine.event_id}", {"verdict": "denied"})
    html = reader.post(f"logins/{mine.event_id}", {"verdict": "confirmed"})
    assert "said that a login was its owner&#x27;s" in html
    said = [ENVELOPE_DECODER.decode(message.payload) for message in stream.consumer(Subject.RAW).fetch(9, 0)]
    assert [envelope.key_id for envelope in said] == [f"user:{reader.user.id}"] * 2
    assert msgspec.json.decode(said[0].body)["about"]["by"] == "Jo"
    assert "Only of a login" in reader.post(f"logins/{failed.event_id}", {"verdict": "denied"})
    assert "Say whether" in reader.post(f"logins/{mine.event_id}", {"verdict": "perhaps"})


def test_only_events_of_the_alert_get_a_verdict(org: Organization, store: EventStore) -> None:
    other = login(org)
    store_events(store, other)
    assert Reader(make_alert(org)).status_of(f"logins/{other.event_id}", {"verdict": "denied"}) == 404


def test_too_much_feedback_is_explained(org: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FEEDBACK_PER_HOUR_MAX", 0)
    alert = make_alert(org)
    html = Reader(alert).post("decide", {"action": "mark_safe", "revision": "0"})
    assert "as much feedback as it may" in html
    alert.refresh_from_db()
    assert alert.status == "open"


def test_more_of_the_same_is_suppressed_for_a_while(org: Organization) -> None:
    alert = make_alert(org, actor_id="usr_1")
    html = Reader(alert).post("suppress", {"detector": "1", "actor": "1", "lasts": "7d", "reason": "load test"})
    made = Suppression.objects.get()
    assert (made.detector, made.actor_id, made.address) == ("brute_force_address", "usr_1", None)
    assert (made.owner, made.reason) == ("Jo", "load test")
    assert timedelta(days=6.9) < made.expires_at - timezone.now() < timedelta(days=7.1)
    assert "suppressed more of the same" in html
    assert re.search(r"suppressed until \d{4}", html)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"lasts": "1d", "reason": "x"}, "give at least one"),
        ({"detector": "1", "lasts": "1d", "reason": " "}, "Reason must be"),
        ({"detector": "1", "lasts": "custom", "until": "", "reason": "x"}, "Choose for how long"),
        ({"detector": "1", "lasts": "custom", "until": "2020-01-01T00:00", "reason": "x"}, "must be in the future"),
        ({"detector": "1", "lasts": "nonsense", "reason": "x"}, "Choose for how long"),
    ],
)
def test_a_suppression_that_cannot_be_is_explained(org: Organization, form: dict[str, str], said: str) -> None:
    assert said.lower() in Reader(make_alert(org)).post("suppress", form).lower()
    assert not Suppression.objects.exists()


def test_test_events_suppress_nothing(org: Organization) -> None:
    alert = make_alert(org, environment=Environment.TEST)
    reader = Reader(alert)
    assert "Suppress…" not in reader.text()
    assert "hold for live events" in reader.post("suppress", {"detector": "1", "lasts": "1d", "reason": "x"})
