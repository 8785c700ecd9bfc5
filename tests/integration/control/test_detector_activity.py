from datetime import datetime, timedelta
from typing import Any

import pytest

from control_factories import NOW_MS, WHO, DetectionFactory, OrganizationFactory, apply_detections, make_alert, org_id_of
from litesoc_server.alerts.apply import at_from_ms
from litesoc_server.alerts.detector_activity import DetectorActivity, detector_activity, recent_alerts
from litesoc_server.alerts.lifecycle import mark_safe, resolve
from litesoc_server.alerts.models import Alert, Resolution
from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.models import Organization
from litesoc_server.pipeline.policy import DAY_MS

pytestmark = pytest.mark.django_db
BRUTE, SPRAY = "brute_force_address", "password_spray"


@pytest.fixture
def org() -> Organization:
    return OrganizationFactory()


def activity(org: Organization, **changes: Any) -> dict[str, DetectorActivity]:
    now = at_from_ms(NOW_MS)
    asked = {"environment": Environment.LIVE, "now": now, "not_before": now - timedelta(days=400), **changes}
    return dict(detector_activity(org_id=org_id_of(org), **asked))


def days_ago(days: float) -> dict[str, int]:
    at_ms = NOW_MS - round(days * DAY_MS)
    return {"first_seen_ms": at_ms, "last_seen_ms": at_ms}


def test_hits_are_counted_by_day_and_alerts_by_what_became_of_them(org: Organization) -> None:
    make_alert(org, **days_ago(0.1))
    mark_safe(make_alert(org, **days_ago(0.2)), who=WHO)
    resolve(make_alert(org, **days_ago(6.5)), resolution=Resolution.FALSE_POSITIVE, who=WHO)
    resolve(make_alert(org, **days_ago(20)), resolution=Resolution.BLOCKED_IP, who=WHO)
    make_alert(org, detector=SPRAY, **days_ago(31))
    found = activity(org)
    assert found.keys() == {BRUTE}
    assert found[BRUTE] == DetectorActivity(
        hits_per_day=(1, 0, 0, 0, 0, 0, 2),
        last_hit_at=at_from_ms(NOW_MS - round(0.1 * DAY_MS)),
        alerts_count=4,
        settled_count=3,
        false_count=2,
    )
    assert (found[BRUTE].hits_count, found[BRUTE].noise_percent) == (3, 67)
    assert DetectorActivity().noise_percent is None


def test_environments_and_organisations_are_apart(org: Organization) -> None:
    make_alert(org)
    make_alert(org, environment=Environment.TEST, detector=SPRAY)
    make_alert(OrganizationFactory(), detector="new_device")
    assert activity(org).keys() == {BRUTE}
    assert activity(org, environment=Environment.TEST).keys() == {SPRAY}
    asked = {"now": at_from_ms(NOW_MS), "not_before": at_from_ms(0), "org_id": org_id_of(org)}
    assert len(recent_alerts(detector=SPRAY, environment=Environment.TEST, **asked)) == 1
    assert recent_alerts(detector=SPRAY, environment=Environment.LIVE, **asked) == []
    assert recent_alerts(detector="new_device", environment=Environment.LIVE, **asked) == []


def test_nothing_of_before_the_retention_is_counted(org: Organization) -> None:
    make_alert(org, **days_ago(2))
    not_before: datetime = at_from_ms(NOW_MS) - timedelta(days=1)
    assert activity(org, not_before=not_before) == {}


def test_recent_alerts_are_each_named_once_the_latest_first(org: Organization) -> None:
    keys = ("a|x", "b|x")
    for key, days in ((keys[0], 3), (keys[1], 2), (keys[0], 1), (keys[0], 0.5)):
        apply_detections([DetectionFactory(org_id=org_id_of(org), incident_key=key, **days_ago(days))])
    now = at_from_ms(NOW_MS)
    found: list[Alert] = recent_alerts(
        org_id=org_id_of(org), environment=Environment.LIVE, now=now, not_before=now - timedelta(days=90), detector=BRUTE
    )
    assert [alert.incident_key for alert in found] == ["a|x", "b|x"]
