"""The page of one alert: what it shows."""

import pytest

from alert_reader import Reader, alert_about, login
from control_factories import (
    NOW_MS,
    DetectionFactory,
    apply_detections,
    make_alert,
    org_id_of,
)
from litesoc_server.alerts.lifecycle import acknowledge, mark_safe
from litesoc_server.alerts.models import Alert
from litesoc_server.events.detection import AlertSeverity, AlertType, Fact
from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Actor, Geo
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.principals import Who
from litesoc_server.pipeline.policy import DAY_MS
from litesoc_server.store.base import EventStore, StoreUnavailable
from management_api import Tenant, make_event, store_events

MIRA = Who(by="Mira", principal="user:1")
HOSTILE = "<script>alert(1)</script> \u202eevil {{ 7*7 }}"


@pytest.fixture
def org(tenant: Tenant) -> Organization:
    return tenant.org


def test_the_page_says_what_happened_why_and_what_to_do(org: Organization, store: EventStore) -> None:
    event = make_event(org)
    store_events(store, event)
    alert = alert_about(org, event, severity=AlertSeverity.HIGH, actor_id="usr_8841", is_entry=True)
    html = Reader(alert).text()
    for text in (
        '<h1 id="alert-title" tabindex="-1"><bdi>Brute force from 198.51.100.77</bdi></h1>',
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


def test_what_other_detectors_found_is_folded_under_a_line_that_names_it(org: Organization) -> None:
    first = make_alert(org, severity=AlertSeverity.CRITICAL, incident_key="account|actor:usr_1")
    other = {"detector": "brute_force_account", "severity": AlertSeverity.LOW, "incident_key": "account|actor:usr_1"}
    apply_detections([DetectionFactory(org_id=org_id_of(org), **other, title="Many tries", reasons=("a lot of tries",))])
    html = Reader(first).text()
    folded = html[html.index('<details class="finding">') :]
    summary = folded[: folded.index("</summary>")]
    assert "Brute force on one account" in summary
    assert "Many tries" in summary
    assert "a lot of tries" in folded[: folded.index("</section>")]
    assert html.count('class="finding"') == 2


def test_the_timeline_comes_first_and_the_list_of_events_leads_to_what_set_it_off(
    org: Organization, store: EventStore
) -> None:
    events = [make_event(org, occurred_at_ms=NOW_MS + number * 1000) for number in range(3)]
    store_events(store, *events)
    html = Reader(alert_about(org, *events)).text()
    assert html.index("When it happened") < html.index("Why this is an alert")
    assert 'href="#set-it-off"' in html
    row = html[html.index('id="set-it-off"') :]
    assert events[2].event_id in row[: row.index("</tr>")]
    assert "Set it off" in row[: row.index("</tr>")]
    assert f'/events/{events[2].event_id}/">The event that set it off</a>' in html


def test_other_alerts_about_the_same_are_counted_and_linked(org: Organization) -> None:
    about = {"actor_id": 'usr "7"', "source_ip": "198.51.100.77", "incident_key": 'account|actor:usr "7"'}
    alert = make_alert(org, **about)
    assert "None open about this actor" in Reader(alert).text()
    make_alert(org, **{**about, "incident_key": 'a|actor:usr "7"'})
    mark_safe(make_alert(org, **{**about, "incident_key": 'b|actor:usr "7"'}), who=MIRA)
    make_alert(org, environment=Environment.TEST, **{**about, "incident_key": 'c|actor:usr "7"'})
    html = Reader(alert).text()
    link = f"/o/{org.slug}/live/alerts/?q=actor%3A%22usr+%5C%227%5C%22%22"
    assert f'<a href="{link}">1 open about this actor</a>' in html
    assert "1 open about this address" in html
    assert html.count("and 1 earlier</a>") == 2
