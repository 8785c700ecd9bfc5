"""Escalation: when nobody acknowledges an alert in time, one more channel is told."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Greatest

from litesoc_server.alerts.models import Alert, AlertDetection, Status
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.envelope import Environment
from litesoc_server.notify.message import Occasion
from litesoc_server.notify.models import EscalationRule, Notification
from litesoc_server.notify.outbox import Addressed, includes_notifications, notification_of, put
from litesoc_server.notify.since import OPEN_SINCE, REOPENINGS, first_applied

OVERDUE_MAX = timedelta(days=1)  # after a longer time without a server an alert is old news
AT_ONCE = 200  # alerts of one rule in one round


def escalate_overdue(now: datetime) -> int:
    """Put an escalation into the outbox for each live alert that is overdue by a rule; return how many.

    The time begins when the alert is as severe as the rule asks, and anew where a decision was taken back; each time is
    told once. What was open and so severe before the rule is left alone. Raises django.db.Error.
    """
    rules = EscalationRule.objects.filter(is_enabled=True, channel__is_enabled=True)
    return sum(_escalate(rule, now) for rule in rules.select_related("channel", "org"))


def _escalate(rule: EscalationRule, now: datetime) -> int:
    minutes = "a minute" if rule.after_minutes == 1 else f"{rule.after_minutes:,} minutes"
    told = 0
    for alert, waits_since in _overdue(rule, now):
        notification = notification_of(alert, Occasion.ALERT_ESCALATED, f"{rule.pk}:{waits_since.isoformat()}")
        notification.note = f"Nobody acknowledged it within {minutes}."
        notification.rule = rule
        with transaction.atomic():
            deliveries = put(notification, [Addressed(channel=rule.channel, due_at=now)])
            if not deliveries:  # too many wait for the channel: it is left out, and that is counted once
                Notification.objects.bulk_create([notification], ignore_conflicts=True)
        told += len(deliveries)
    return told


def _overdue(rule: EscalationRule, now: datetime) -> Sequence[tuple[Alert, datetime]]:
    """Return alerts for which the rule is to speak, with the moment since which each waits; at most AT_ONCE."""
    until = now - timedelta(minutes=rule.after_minutes)
    since = max(rule.created_at, until - OVERDUE_MAX)
    severities = [one.value for one in AlertSeverity if one.rank >= AlertSeverity(rule.min_severity).rank]
    if not includes_notifications(rule.org_id):
        severities = [AlertSeverity.CRITICAL.value]
    open_alerts = Alert.objects.filter(environment=Environment.LIVE.value, status=Status.OPEN, severity__in=severities)
    severe = AlertDetection.objects.filter(severity__in=severities)
    waiting = open_alerts.annotate(waits_since=Greatest(OPEN_SINCE, first_applied(severe)))
    overdue = waiting.filter(waits_since__gte=since, waits_since__lte=until)
    spoken = Notification.objects.filter(rule=rule, alert=OuterRef("pk"), created_at__gte=OuterRef("waits_since"))
    unspoken = overdue.exclude(Exists(spoken)).order_by("waits_since")
    # Each by an index of its own: an organisation may have very many open alerts, and this is asked every few seconds. The
    # organisation is asked for here alone: asked for its open alerts, SQLite reads all of them.
    applied = severe.filter(org=rule.org_id, applied_at__gte=since, applied_at__lte=until)
    reopenings = REOPENINGS.filter(alert__org=rule.org_id, at__gte=since, at__lte=until)
    became, reopened = unspoken.filter(pk__in=applied.values("alert")), unspoken.filter(pk__in=reopenings.values("alert"))
    found = {alert.pk: (alert, alert.waits_since) for alerts in (became, reopened) for alert in alerts[:AT_ONCE]}
    return list(found.values())[:AT_ONCE]
