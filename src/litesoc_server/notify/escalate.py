"""Escalation: when nobody acknowledges an alert in time, one more channel is told."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from litesoc_server.alerts.models import SETTLED, Alert, AlertTransition, Status
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.events.envelope import Environment
from litesoc_server.notify.message import Occasion
from litesoc_server.notify.models import EscalationRule, Notification
from litesoc_server.notify.outbox import Addressed, includes_notifications, notification_of, put

OVERDUE_MAX = timedelta(days=1)  # after a longer time without a server an alert is old news
AT_ONCE = 200  # alerts of one rule in one round
_REOPENINGS = AlertTransition.objects.filter(from_status__in=SETTLED, to_status=Status.OPEN)
_LAST_REOPENING = _REOPENINGS.filter(alert=OuterRef("pk")).order_by("-revision")
_OPEN_SINCE = Coalesce(Subquery(_LAST_REOPENING.values("at")[:1]), F("created_at"))


def escalate_overdue(now: datetime) -> int:
    """Put an escalation into the outbox for each live alert that is overdue by a rule; return how many.

    Once for each time that it is open: the time begins anew where a decision was taken back. What is open since before the
    rule is left alone. Raises django.db.Error.
    """
    rules = EscalationRule.objects.filter(is_enabled=True, channel__is_enabled=True)
    return sum(_escalate(rule, now) for rule in rules.select_related("channel", "org"))


def _escalate(rule: EscalationRule, now: datetime) -> int:
    minutes = "a minute" if rule.after_minutes == 1 else f"{rule.after_minutes:,} minutes"
    told = 0
    for alert, open_since in _overdue(rule, now):
        notification = notification_of(alert, Occasion.ALERT_ESCALATED, f"{rule.pk}:{open_since.isoformat()}")
        notification.note = f"Nobody acknowledged it within {minutes}."
        notification.rule = rule
        with transaction.atomic():
            told += len(put(notification, [Addressed(channel=rule.channel, due_at=now)]))
    return told


def _overdue(rule: EscalationRule, now: datetime) -> Sequence[tuple[Alert, datetime]]:
    """Return alerts for which the rule is to speak, with the moment since which each is open; at most AT_ONCE."""
    until = now - timedelta(minutes=rule.after_minutes)
    since = max(rule.created_at, until - OVERDUE_MAX)
    severities = [one.value for one in AlertSeverity if one.rank >= AlertSeverity(rule.min_severity).rank]
    if not includes_notifications(rule.org_id):
        severities = [AlertSeverity.CRITICAL.value]
    open_alerts = Alert.objects.filter(
        org_id=rule.org_id, environment=Environment.LIVE.value, status=Status.OPEN, severity__in=severities
    )
    spoken = Notification.objects.filter(rule=rule, alert=OuterRef("pk"), created_at__gte=OuterRef("open_since"))
    overdue = open_alerts.annotate(open_since=_OPEN_SINCE).filter(open_since__gte=since, open_since__lte=until)
    unspoken = overdue.exclude(Exists(spoken)).order_by("open_since")
    # Each by an index of its own: an organisation may have very many open alerts, and this is asked every few seconds.
    made = unspoken.filter(created_at__gte=since, created_at__lte=until)
    reopened = unspoken.filter(pk__in=_REOPENINGS.filter(at__gte=since, at__lte=until).values("alert"))
    found = {alert.pk: (alert, alert.open_since) for alerts in (made, reopened) for alert in alerts[:AT_ONCE]}
    return list(found.values())[:AT_ONCE]
