"""Digests: what a route tells by the hour, the day or the week in place of single alerts, with figures from the alerts."""

import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet

from litesoc_server.alerts.models import UNSETTLED, Alert, AlertDetection
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.envelope import Environment
from litesoc_server.notify.compose import alert_url, page_url
from litesoc_server.notify.kept_message import keep_message
from litesoc_server.notify.message import Bar, Figure, Line, Message, Occasion
from litesoc_server.notify.models import Digest, Notification, Route
from litesoc_server.notify.outbox import Addressed, includes_notifications, put
from litesoc_server.notify.periods import Period, bar_starts, last_period
from litesoc_server.notify.routing import is_muted, quiet_until
from litesoc_server.orgs.models import Organization

LINES_MAX = 10
GAP_MAX = timedelta(days=31)  # after a longer time without a server the beginning is left out
COUNTED_MAX = 20_000  # alerts whose times are read for the chart
_NAMES = {Digest.HOURLY: "hour", Digest.DAILY: "day", Digest.WEEKLY: "week"}


def send_due_digests(now: datetime) -> int:
    """Put every digest into the outbox whose period is over; return how many. Raises django.db.Error."""
    routes = Route.objects.filter(is_enabled=True, channel__is_enabled=True).exclude(digest=Digest.NONE)
    return sum(_send_if_due(route, now) for route in routes.select_related("channel", "org"))


def _send_if_due(route: Route, now: datetime) -> bool:
    zone, digest = ZoneInfo(route.time_zone), Digest(route.digest)
    period = last_period(digest, hour=route.digest_hour, zone=zone, now=now)
    known_until = route.digested_until or route.created_at
    if period.end <= known_until or quiet_until(route, now) is not None:
        return False  # what quiet hours hold back is in the first digest after them
    whole = Period(max(min(period.start, known_until), period.end - GAP_MAX), period.end)
    with transaction.atomic():
        unchanged = Route.objects.filter(pk=route.pk, digested_until=route.digested_until)
        if not unchanged.update(digested_until=period.end):
            return False  # another worker does it
        if is_muted(route, now) or not includes_notifications(route.org_id):
            return False
        message = digest_message(route, whole, now)
        if message is None:
            return False
        key = f"{route.pk}:{period.end.isoformat()}"
        notification = Notification(
            id=uuid.uuid5(route.pk, key), org=route.org, occasion=Occasion.DIGEST.value, thread=message.thread
        )
        keep_message(notification, message)
        put(notification, [Addressed(channel=route.channel, due_at=now)])
    return True


def digest_message(route: Route, period: Period, now: datetime) -> Message | None:
    """Return what there is to say of a period; None for an hour or a day in which nothing happened."""
    alerts = alerts_for(route, period)
    counts, before = _by_severity(alerts), _by_severity(alerts_for(route, period.before))
    total, digest, zone = sum(counts.values()), Digest(route.digest), ZoneInfo(route.time_zone)
    if total == 0 and digest != Digest.WEEKLY:
        return None
    open_count = alerts.filter(status__in=UNSETTLED).count()
    change = total - sum(before.values())
    compared = "as many as" if change == 0 else f"{abs(change):,} {'more' if change > 0 else 'fewer'} than"
    is_longer = period.start < last_period(digest, hour=route.digest_hour, zone=zone, now=period.end).start
    since = f"since {period.start.astimezone(zone):%Y-%m-%d %H:%M}" if is_longer else f"in the last {_NAMES[digest]}"
    environment = environments_of(alerts)
    return Message(
        occasion=Occasion.DIGEST,
        title=f"{_counted(total)} {since}",
        at=now,
        org_name=route.org.name,
        environment=environment,
        severity=next((one for one in reversed(AlertSeverity) if counts[one.value]), None),
        summary=(
            f"{_counted(total)}, {compared} in the {'time' if is_longer else _NAMES[digest]} before; "
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
        bars=_bars(digest, period, zone, alerts),
        lines=tuple(lines_of(alerts)),
        url=alerts_url(route.org, environment),
        thread=f"digest-{route.pk}",
    )


def alerts_for(route: Route, period: Period) -> QuerySet[Alert]:
    """Return the alerts that came up in a period and that a route lets its channel hear of."""
    severities = [one.value for one in AlertSeverity if one.rank >= AlertSeverity(route.min_severity).rank]
    environments = [Environment.LIVE.value, *([Environment.TEST.value] if route.includes_test else [])]
    found = Alert.objects.filter(
        org_id=route.org_id,
        environment__in=environments,
        created_at__gte=period.start,
        created_at__lt=period.end,
        severity__in=severities,
    )
    if route.alert_types:
        found = found.filter(alert_type__in=route.alert_types)
    if route.detectors:
        detected = AlertDetection.objects.filter(org_id=route.org_id, detector__in=route.detectors)
        found = found.filter(pk__in=detected.values("alert"))
    return found


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


def _by_severity(alerts: QuerySet[Alert]) -> Counter[str]:
    return Counter(alerts.order_by().values_list("severity", flat=True))


def _bars(digest: Digest, period: Period, zone: ZoneInfo, alerts: QuerySet[Alert]) -> tuple[Bar, ...]:
    starts = bar_starts(digest, period, zone)
    values = [0] * len(starts)
    step = (period.end - period.start) / len(starts)
    for at in alerts.order_by().values_list("created_at", flat=True)[:COUNTED_MAX]:
        values[min(int((at - period.start) / step), len(values) - 1)] += 1
    return tuple(Bar(label, value) for (_, label), value in zip(starts, values, strict=True))


def _counted(count: int) -> str:
    return "1 alert" if count == 1 else f"{count:,} alerts"
