"""How busy and how noisy each detector was lately."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from litesoc_server.alerts.access import visible_alerts
from litesoc_server.alerts.models import Alert, AlertDetection, Resolution, Status
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId

HITS_DAYS = 7
LOOKS_BACK = timedelta(days=30)  # for alerts, noise and the last hit
RECENT_MAX = 8
_DETECTIONS_LOOKED_AT_MAX = 500  # newest ones in which recent alerts are looked for: an attack makes many of one alert
_SETTLED = Q(status__in=(Status.RESOLVED, Status.DISMISSED))
_FALSE = Q(status=Status.DISMISSED) | Q(status=Status.RESOLVED, resolution_type=Resolution.FALSE_POSITIVE)


@dataclass(frozen=True, kw_only=True)
class DetectorActivity:
    """What one detector did within LOOKS_BACK."""

    hits_per_day: tuple[int, ...] = (0,) * HITS_DAYS  # detections in each of the latest spans of 24 hours, oldest first
    last_hit_at: datetime | None = None  # event time
    alerts_count: int = 0  # that are named after what it found
    settled_count: int = 0  # of those: resolved or dismissed
    false_count: int = 0  # of the settled ones: marked safe, or resolved as a false positive

    @property
    def hits_count(self) -> int:
        """Detections within HITS_DAYS."""
        return sum(self.hits_per_day)

    @property
    def noise_percent(self) -> int | None:
        """The share of its settled alerts that were none; None while nobody has settled any."""
        return round(100 * self.false_count / self.settled_count) if self.settled_count else None


def detector_activity(
    *, org_id: OrgId, environment: Environment, now: datetime, not_before: datetime, detector: str | None = None
) -> Mapping[str, DetectorActivity]:
    """Return the activity of every detector that did anything, or of ``detector`` alone, by its id.

    Nothing of before ``not_before`` is counted.
    """
    since = max(now - LOOKS_BACK, not_before)
    days = [now - timedelta(days=back) for back in range(HITS_DAYS, -1, -1)]
    hits = {
        f"day_{index}": Count("pk", filter=Q(last_seen_at__gt=max(start, since), last_seen_at__lte=end))
        for index, (start, end) in enumerate(pairwise(days))
    }
    seen = _detections(org_id, environment).filter(last_seen_at__gt=since, last_seen_at__lte=now)
    alerts = visible_alerts(org_id=org_id, environment=environment, not_before=since)
    if detector is not None:
        seen, alerts = seen.filter(detector=detector), alerts.filter(detector=detector)
    rows = seen.values("detector").annotate(**hits, last_hit_at=Max("last_seen_at")).order_by()
    found = {row["detector"]: _activity(row) for row in rows}
    counts = alerts.values("detector").annotate(
        alerts_count=Count("pk"),
        settled_count=Count("pk", filter=_SETTLED),
        false_count=Count("pk", filter=_FALSE),
    )
    for row in counts.order_by():
        found[row["detector"]] = replace(
            found.get(row["detector"], DetectorActivity()),
            alerts_count=row["alerts_count"],
            settled_count=row["settled_count"],
            false_count=row["false_count"],
        )
    return found


def recent_alerts(
    *, org_id: OrgId, environment: Environment, now: datetime, not_before: datetime, detector: str
) -> list[Alert]:
    """Return the RECENT_MAX alerts that ``detector`` last took part in within LOOKS_BACK, the latest first."""
    since = max(now - LOOKS_BACK, not_before)
    latest = _detections(org_id, environment).filter(last_seen_at__gt=since, detector=detector).order_by("-last_seen_at")
    ids = _first_different(latest.values_list("alert_id", flat=True)[:_DETECTIONS_LOOKED_AT_MAX])
    alerts = visible_alerts(org_id=org_id, environment=environment, not_before=not_before).in_bulk(ids)
    return [alerts[one] for one in ids if one in alerts]


def _detections(org_id: OrgId, environment: Environment) -> QuerySet[AlertDetection]:
    """Return what was detected in one environment.

    Which one, only the alert knows. Test alerts are few, so they are left out, or looked for: joining every detection with
    its alert takes tens of times as long.
    """
    test_alerts = Alert.objects.filter(org_id=uuid.UUID(org_id), environment=Environment.TEST.value).values("pk")
    is_test = Q(alert_id__in=test_alerts)
    return AlertDetection.objects.filter(is_test if environment is Environment.TEST else ~is_test, org_id=uuid.UUID(org_id))


def _first_different(ids: Iterable[uuid.UUID]) -> list[uuid.UUID]:
    return list(dict.fromkeys(ids))[:RECENT_MAX]


def _activity(row: Mapping[str, Any]) -> DetectorActivity:
    return DetectorActivity(
        hits_per_day=tuple(row[f"day_{index}"] for index in range(HITS_DAYS)), last_hit_at=row["last_hit_at"]
    )
