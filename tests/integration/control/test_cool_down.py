"""What becomes of detections whose incident was settled, and of more incidents than anybody can look at."""

import random
from typing import Any

import pytest
from django.db import Error

from control_factories import NOW_MS, DetectionFactory, OrganizationFactory, apply_detections, org_id_of
from litesoc_server.alerts.lifecycle import mark_safe, reopen, resolve
from litesoc_server.alerts.models import Alert, AlertDetection, Resolution, Status
from litesoc_server.alerts.storm import STORM_KEY
from litesoc_server.events.detection import AlertSeverity, Detection
from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.principals import Who
from litesoc_server.pipeline.policy import DAY_MS, HOUR_MS, MINUTE_MS
from races import race

pytestmark = pytest.mark.django_db
WHO = Who(by="ops@shop.example", principal="user:1")


@pytest.fixture
def org() -> Organization:
    return OrganizationFactory()


def burst(org: Organization, at_ms: int = 0, **changes: Any) -> Detection:
    """A detection ``at_ms`` after NOW_MS."""
    times = {"first_seen_ms": NOW_MS + at_ms - MINUTE_MS, "last_seen_ms": NOW_MS + at_ms}
    return DetectionFactory(org_id=org_id_of(org), **{**times, **changes})


def test_more_of_the_same_joins_a_settled_alert_quietly(org: Organization) -> None:
    apply_detections([burst(org)])
    resolve(Alert.objects.get(), resolution=Resolution.BLOCKED_IP, who=WHO)
    apply_detections([burst(org, HOUR_MS), burst(org, 2 * HOUR_MS)])  # an hour after it was last seen, again and again

    alert = Alert.objects.get()
    assert (alert.status, alert.count) == ("resolved", 15)
    assert alert.last_seen_at.timestamp() * 1000 == NOW_MS + 2 * HOUR_MS
    assert AlertDetection.objects.filter(alert=alert).count() == 3


def test_after_the_cool_down_a_new_alert_opens_and_cools_for_twice_as_long(org: Organization) -> None:
    apply_detections([burst(org)])
    mark_safe(Alert.objects.get(), who=WHO)
    apply_detections([burst(org, HOUR_MS + 1)])
    second = Alert.objects.get(status=Status.OPEN)
    assert second.cool_down_ms == 2 * HOUR_MS

    mark_safe(second, who=WHO)
    apply_detections([burst(org, 3 * HOUR_MS + 1)])
    assert Alert.objects.filter(status=Status.OPEN).count() == 0
    apply_detections([burst(org, 5 * HOUR_MS + 2)])
    assert Alert.objects.get(status=Status.OPEN).cool_down_ms == 4 * HOUR_MS


def test_after_a_quiet_day_it_begins_anew(org: Organization) -> None:
    apply_detections([burst(org)])
    mark_safe(Alert.objects.get(), who=WHO)
    apply_detections([burst(org, DAY_MS + 2 * MINUTE_MS)])
    assert Alert.objects.get(status=Status.OPEN).cool_down_ms == HOUR_MS


def test_something_more_severe_opens_a_new_alert_at_once(org: Organization) -> None:
    apply_detections([burst(org)])
    mark_safe(Alert.objects.get(), who=WHO)
    worse = burst(org, MINUTE_MS, severity=AlertSeverity.CRITICAL)
    after = burst(org, 2 * MINUTE_MS)
    apply_detections([burst(org, 30_000), worse, after])

    old, new = Alert.objects.order_by("created_at")
    assert (old.status, old.count) == ("dismissed", 10)
    assert (new.status, new.severity, new.count) == ("open", "critical", 10)


def test_what_joined_quietly_is_there_when_the_alert_is_opened_again(org: Organization) -> None:
    apply_detections([burst(org)])
    mark_safe(Alert.objects.get(), who=WHO)
    apply_detections([burst(org, MINUTE_MS * 2)])
    reopen(Alert.objects.get(), who=WHO)
    apply_detections([burst(org, 40 * DAY_MS)])
    alert = Alert.objects.get()
    assert (alert.status, alert.count) == ("open", 15)


def test_the_policy_decides_how_long(org: Organization) -> None:
    apply_detections([burst(org)], cool_down_ms=1_000)
    mark_safe(Alert.objects.get(), who=WHO)
    apply_detections([burst(org, MINUTE_MS)])
    assert Alert.objects.filter(status=Status.OPEN).count() == 1


def many(org: Organization, number: int, **changes: Any) -> list[Detection]:
    return [burst(org, n * 1_000, incident_key=f"credential_attack|ip:198.51.100.{n}", **changes) for n in range(number)]


def test_more_than_twenty_incidents_in_an_hour_become_a_storm(org: Organization) -> None:
    detections = many(org, 50)
    apply_detections(detections[:30], storm_incidents_count=20)
    apply_detections(detections, storm_incidents_count=20)  # those of the first batch come again

    assert Alert.objects.exclude(incident_key=STORM_KEY).count() == 20
    storm = Alert.objects.get(incident_key=STORM_KEY)
    assert storm.title == "Storm of incidents: 30 incidents beyond the first 20"
    assert storm.detections.count() == 30
    assert {one.detections_count for one in storm.incident.swallowed} == {1}


def test_critical_incidents_and_open_alerts_are_left_out_of_a_storm(org: Organization) -> None:
    detections = many(org, 25)
    apply_detections(detections, storm_incidents_count=20)
    more_of_the_first = burst(org, 40_000, incident_key=detections[0].incident_key)
    critical = burst(org, 50_000, incident_key="account|actor:mira", severity=AlertSeverity.CRITICAL)
    swallowed_before = burst(org, 60_000, incident_key=detections[24].incident_key, severity=AlertSeverity.CRITICAL)
    apply_detections([more_of_the_first, critical, swallowed_before], storm_incidents_count=20)

    assert Alert.objects.get(incident_key=detections[0].incident_key).count == 10
    assert Alert.objects.filter(severity="critical").count() == 2
    assert len(Alert.objects.get(incident_key=STORM_KEY).incident.swallowed) == 5


def test_a_settled_storm_takes_in_more_of_the_same_quietly(org: Organization) -> None:
    apply_detections(many(org, 25), storm_incidents_count=20)
    mark_safe(Alert.objects.get(incident_key=STORM_KEY), who=WHO)
    more = [burst(org, MINUTE_MS + n, incident_key=f"credential_attack|ip:203.0.113.{n}") for n in range(3)]
    apply_detections(more, storm_incidents_count=20)
    storm = Alert.objects.get(incident_key=STORM_KEY)
    assert (storm.status, len(storm.incident.swallowed)) == ("dismissed", 8)


def test_a_storm_lasts_as_long_as_it_goes_on_and_then_alerts_open_again(org: Organization) -> None:
    waves = [
        burst(org, hour * HOUR_MS + n * 60_000, incident_key=f"credential_attack|ip:2001:db8:{hour}:{n}::/64")
        for hour in range(3)
        for n in range(50)
    ]
    apply_detections(waves, storm_incidents_count=20)
    assert Alert.objects.count() == 21
    apply_detections([burst(org, 5 * HOUR_MS, incident_key="new_place|actor:mira")], storm_incidents_count=20)
    assert Alert.objects.filter(incident_key="new_place|actor:mira").count() == 1


def test_storms_of_organisations_and_environments_are_their_own(org: Organization) -> None:
    other = OrganizationFactory()
    test_keys = many(org, 21, environment=Environment.TEST)
    apply_detections([*many(org, 21), *many(other, 20), *test_keys], storm_incidents_count=20)
    storms = Alert.objects.filter(incident_key=STORM_KEY)
    assert {(storm.org, storm.environment) for storm in storms} == {(org, "live"), (org, "test")}


@pytest.mark.django_db(transaction=True)
def test_workers_in_a_storm_count_everything_once(org: Organization) -> None:
    """Two workers at once may let one or two more alerts open; no detection is lost or counted twice."""
    detections = many(org, 60)

    def work(seed: int) -> None:
        mine = random.Random(seed).sample(detections, len(detections))
        for at in range(0, len(mine), 10):
            apply_until_done(mine[at : at + 10])

    race([lambda seed=seed: work(seed) for seed in range(3)])

    assert AlertDetection.objects.count() == 60
    storm = Alert.objects.get(incident_key=STORM_KEY)
    own = Alert.objects.exclude(incident_key=STORM_KEY).count()
    assert 20 <= own <= 23
    assert own + len(storm.incident.swallowed) == 60
    assert all(one.detections_count == 1 for one in storm.incident.swallowed)


def apply_until_done(batch: list[Detection]) -> None:
    """Apply as the consumer does: trouble of the database means again."""
    for _ in range(20):
        try:
            apply_detections(batch, storm_incidents_count=20)
        except Error:
            continue
        return
    raise AssertionError("never went through")
