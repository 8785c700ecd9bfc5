"""Escalation: when nobody acknowledges an alert in time, one more channel is told."""

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from litesoc_server.alerts.models import Alert, Status
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.envelope import Environment
from litesoc_server.notify.message import Occasion
from litesoc_server.notify.models import EscalationRule, Notification
from litesoc_server.notify.outbox import Addressed, includes_notifications, notification_of, put

OVERDUE_MAX = timedelta(days=1)  # after a longer time without a server an alert is old news
AT_ONCE = 200  # alerts of one rule in one round


def escalate_overdue(now: datetime) -> int:
    """Put an escalation into the outbox for each live alert that is overdue by a rule, once; return how many.

    Alerts of before the rule are left alone. Raises django.db.Error.
    """
    rules = EscalationRule.objects.filter(is_enabled=True, channel__is_enabled=True)
    return sum(_escalate(rule, now) for rule in rules.select_related("channel", "org"))


def _escalate(rule: EscalationRule, now: datetime) -> int:
    after = timedelta(minutes=rule.after_minutes)
    severities = [one.value for one in AlertSeverity if one.rank >= AlertSeverity(rule.min_severity).rank]
    if not includes_notifications(rule.org_id):
        severities = [AlertSeverity.CRITICAL.value]
    overdue = Alert.objects.filter(
        org_id=rule.org_id,
        environment=Environment.LIVE.value,
        status=Status.OPEN,
        severity__in=severities,
        created_at__lte=now - after,
        created_at__gte=max(rule.created_at, now - after - OVERDUE_MAX),
    ).order_by("created_at")
    told = 0
    for alert in overdue.exclude(pk__in=_escalated(rule))[:AT_ONCE]:
        notification = notification_of(alert, Occasion.ALERT_ESCALATED, str(rule.pk))
        minutes = "a minute" if rule.after_minutes == 1 else f"{rule.after_minutes:,} minutes"
        notification.note = f"Nobody acknowledged it within {minutes}."
        notification.rule = rule
        with transaction.atomic():
            told += len(put(notification, [Addressed(channel=rule.channel, due_at=now)]))
    return told


def _escalated(rule: EscalationRule) -> "QuerySet[Notification, uuid.UUID]":
    """Return the alerts for which the rule spoke already."""
    return Notification.objects.filter(rule=rule, alert__isnull=False).values_list("alert", flat=True)
