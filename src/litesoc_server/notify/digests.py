"""Digests: what a route tells by the hour, the day or the week in place of single alerts, with figures from the alerts."""

import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Greatest

from litesoc_server.alerts.models import SETTLED, UNSETTLED, Alert, AlertDetection, AlertTransition
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.envelope import Environment
from litesoc_server.notify.compose import alert_url, page_url
from litesoc_server.notify.kept_message import keep_message
from litesoc_server.notify.message import Bar, Figure, Line, Message, Occasion
from litesoc_server.notify.models import Digest, Notification, Route
from litesoc_server.notify.outbox import Addressed, includes_notifications, put
from litesoc_server.notify.periods import Period, bar_starts, last_period
from litesoc_server.notify.routing import is_muted, quiet_until
from litesoc_server.notify.since import REOPENINGS, first_applied
from litesoc_server.orgs.models import Organization
from litesoc_server.pipeline.detect.registry import DETECTORS

# A row becomes visible some seconds after the moment that it bears, as forwarding.batches has it: so much later a period is
# counted, and what came up at its very end is in it.
SETTLES_WITHIN = timedelta(seconds=15)
LINES_MAX = 10
GAP_MAX = timedelta(days=31)  # after a longer time without a server the beginning is left out
_NAMES = {Digest.HOURLY: "hour", Digest.DAILY: "day", Digest.WEEKLY: "week"}


def send_due_digests(now: datetime) -> int:
    """Put every digest into the outbox whose period ended SETTLES_WITHIN ago; return how many. Raises django.db.Error."""
    routes = Route.objects.filter(is_enabled=True, channel__is_enabled=True).exclude(digest=Digest.NONE)
    return sum(_send_if_due(route, now) for route in routes.select_related("channel", "org"))


def _send_if_due(route: Route, now: datetime) -> bool:
    zone, digest = ZoneInfo(route.time_zone), Digest(route.digest)
    settled = now - SETTLES_WITHIN
    end = last_period(digest, hour=route.digest_hour, zone=zone, now=settled).end
    known_until = route.digested_until or route.created_at
    if end <= known_until or quiet_until(route, settled) is not None:
        return False  # what quiet hours hold back is in the first digest after them
    # Before the transaction: this may read thousands of alerts, and on SQLite nobody else could write meanwhile.
    is_silent = is_muted(route, now) or not includes_notifications(route.org_id)
    message = None if is_silent else digest_message(route, Period(max(known_until, end - GAP_MAX), end), now)
    with transaction.atomic():
        unchanged = Route.objects.filter(pk=route.pk, digested_until=route.digested_until)
        if not unchanged.update(digested_until=end) or message is None:
            return False  # another worker did it, or there is nothing to say
        key = f"{route.pk}:{end.isoformat()}"
        notification = Notification(
            id=uuid.uuid5(route.pk, key), org=route.org, occasion=Occasion.DIGEST.value, thread=message.thread
        )
        keep_message(notification, message)
        put(notification, [Addressed(channel=route.channel, due_at=now)])
    return True


def digest_message(route: Route, period: Period, now: datetime) -> Message | None:
    """Return what there is to say of a period; None for an hour or a day in which nothing happened."""
    alerts = alerts_for(route, period)
    came_up = list(alerts.order_by().values_list("severity", "status", F("came_up_at")))
    counts = Counter(severity for severity, _, _ in came_up)
    before = Counter(alerts_for(route, period.before).order_by().values_list("severity", flat=True))
    total, digest, zone = sum(counts.values()), Digest(route.digest), ZoneInfo(route.time_zone)
    if total == 0 and digest != Digest.WEEKLY:
        return None
    open_count = sum(status in UNSETTLED for _, status, _ in came_up)
    change = total - sum(before.values())
    compared = "as many as" if change == 0 else f"{abs(change):,} {'more' if change > 0 else 'fewer'} than"
    is_whole = period == last_period(digest, hour=route.digest_hour, zone=zone, now=period.end)
    since = f"in the last {_NAMES[digest]}" if is_whole else f"since {period.start.astimezone(zone):%Y-%m-%d %H:%M}"
    environment = environments_of(alerts)
    return Message(
        occasion=Occasion.DIGEST,
        title=f"{_counted(total)} {since}",
        at=now,
        org_name=route.org.name,
        environment=environment,
        severity=next((one for one in reversed(AlertSeverity) if counts[one.value]), None),
        summary=(
            f"{_counted(total)}, {compared} in the {_NAMES[digest] if is_whole else 'time'} before; "
            f"{open_count:,} not settled yet."
        ),
        figures=(
            Figure("Alerts", total, sum(before.values())),
            *(
                Figure(one.value.capitalize(), counts[one.value], before[one.value])
                for one in reversed(AlertSeverity)
                if counts[one.value] or before[one.value]
            ),
            Figure("Not settled", open_count),
        ),
        bars=_bars(digest, period, zone, [at for _, _, at in came_up]),
        lines=tuple(lines_of(alerts)),
        url=alerts_url(route.org, environment),
        thread=f"digest-{route.pk}",
    )


def alerts_for(route: Route, period: Period) -> QuerySet[Alert]:
    """Return the alerts that came up in a period, with ``came_up_at``, of those that a route lets its channel hear of.

    An alert comes up when it begins to be one of those: when it opens, or later when it becomes severe enough or a detector
    that the route names joins. It comes up once more when it is opened again after it was settled in an earlier period.
    """
    severities = [one.value for one in AlertSeverity if one.rank >= AlertSeverity(route.min_severity).rank]
    environments = [Environment.LIVE.value, *([Environment.TEST.value] if route.includes_test else [])]
    found = Alert.objects.filter(environment__in=environments, severity__in=severities)
    detections = AlertDetection.objects.order_by()
    needed = [detections.filter(severity__in=severities)]
    if route.alert_types:
        found = found.filter(alert_type__in=route.alert_types)
        of_type = [detector.id for detector in DETECTORS if detector.alert_type.value in route.alert_types]
        needed.append(detections.filter(detector__in=of_type))
    if route.detectors:
        watched = detections.filter(detector__in=route.detectors)
        found = found.filter(Exists(watched.filter(alert=OuterRef("pk"))))
        needed.append(watched)
    until_then = AlertTransition.objects.filter(alert=OuterRef("alert"), at__lt=period.start).order_by("-revision")
    reopenings = REOPENINGS.filter(at__gte=period.start, at__lt=period.end).order_by("revision")
    of_settled = reopenings.alias(status_before=Subquery(until_then.values("to_status")[:1])).filter(
        status_before__in=SETTLED
    )
    reopened_at = Coalesce(Subquery(of_settled.filter(alert=OuterRef("pk")).values("at")[:1]), F("created_at"))
    # The organisation is asked for here alone: asked for its alerts, SQLite reads all of them, and there may be very many.
    grown = detections.filter(org=route.org_id, applied_at__gte=period.start, applied_at__lt=period.end)
    of_org = grown.values("alert").union(reopenings.filter(alert__org=route.org_id).order_by().values("alert"))
    came_up = found.filter(pk__in=of_org).annotate(came_up_at=Greatest(reopened_at, *map(first_applied, needed)))
    return came_up.filter(came_up_at__gte=period.start, came_up_at__lt=period.end)


def lines_of(alerts: QuerySet[Alert]) -> Sequence[Line]:
    """Return the weightiest of ``alerts``, one line each."""
    weightiest = alerts.select_related("org").defer("incident_data").order_by("-severity_rank", "-last_seen_at")
    return [
        Line(
            title=f"{alert.title} (test)" if alert.environment == Environment.TEST.value else alert.title,
            severity=AlertSeverity(alert.severity),
            url=alert_url(alert),
        )
        for alert in weightiest[:LINES_MAX]
    ]


def environments_of(alerts: QuerySet[Alert]) -> str:
    """Return where ``alerts`` come from: "live", "test", or "live and test"; "live" where there are none."""
    found = set(alerts.order_by().values_list("environment", flat=True).distinct())
    return " and ".join(one.value for one in Environment if one.value in found) or Environment.LIVE.value


def alerts_url(org: Organization, environments: str) -> str:
    """Return the address of the list of alerts; of both environments, of the live ones."""
    shown = Environment.TEST if environments == Environment.TEST.value else Environment.LIVE
    return page_url("alerts", org=org.slug, environment=shown.value)


def _bars(digest: Digest, period: Period, zone: ZoneInfo, moments: Sequence[datetime]) -> tuple[Bar, ...]:
    starts = bar_starts(digest, period, zone)
    values = [0] * len(starts)
    step = (period.end - period.start) / len(starts)
    for at in moments:
        values[min(int((at - period.start) / step), len(values) - 1)] += 1
    return tuple(Bar(label, value) for (_, label), value in zip(starts, values, strict=True))


def _counted(count: int) -> str:
    return "1 alert" if count == 1 else f"{count:,} alerts"
