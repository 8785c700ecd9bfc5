"""Alerts, the detections they are made of, and what people did to them."""

import uuid

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from litesoc_server.alerts.incident import Incident, read_incident
from litesoc_server.events.detection import AlertSeverity, AlertType
from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.models import Organization
from litesoc_server.pipeline.policy import HOUR_MS


class Status(models.TextChoices):
    """Where an alert stands (contract 3.6)."""

    OPEN = "open", "Open"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    RESOLVED = "resolved", "Resolved"
    DISMISSED = "dismissed", "Dismissed (safe)"


UNSETTLED = (Status.OPEN, Status.ACKNOWLEDGED)  # further detections of the incident still join the alert


class Resolution(models.TextChoices):
    """How an alert was resolved (contract 3.7)."""

    BLOCKED_IP = "blocked_ip", "Blocked address"
    RESET_PASSWORD = "reset_password", "Reset password"  # a word on the wire
    CONTACTED_USER = "contacted_user", "Contacted user"
    FALSE_POSITIVE = "false_positive", "False positive"
    OTHER = "other", "Other"


class Action(models.TextChoices):
    """What people do to an alert."""

    ACKNOWLEDGE = "acknowledge", "Acknowledge"
    RESOLVE = "resolve", "Resolve"
    MARK_SAFE = "mark_safe", "Mark safe"
    REOPEN = "reopen", "Reopen"


class Alert(models.Model):
    """One incident as people triage it. Its text columns follow from ``incident``, which holds what the detectors said."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="alerts", verbose_name="organisation")
    environment = models.CharField(max_length=10, choices=[(name.value, name.value) for name in Environment])
    incident_key = models.TextField()  # may hold personal data: an address or an actor

    alert_type = models.CharField(max_length=40, choices=[(name.value, name.value) for name in AlertType])
    severity = models.CharField(max_length=10, choices=[(name.value, name.value) for name in AlertSeverity])
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.OPEN)
    title = models.TextField()
    description = models.TextField(null=True)
    source_ip = models.TextField(null=True)  # personal data
    actor_id = models.TextField(null=True)  # personal data
    trigger_event_id = models.CharField(max_length=36, null=True)
    count = models.PositiveBigIntegerField(default=0)  # events of the incident, see alerts.counting
    first_seen_at = models.DateTimeField()  # event time
    last_seen_at = models.DateTimeField()  # event time
    incident_data = models.JSONField()  # alerts.incident.Incident
    opened_at = models.DateTimeField(db_default=Now())  # event time: when what opened it was last seen
    cool_down_ms = models.PositiveBigIntegerField(db_default=HOUR_MS)  # see alerts.grouping

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.TextField(null=True)  # as the caller says: a name, an e-mail, a tool
    resolution_type = models.CharField(max_length=20, choices=Resolution.choices, null=True)
    internal_notes = models.TextField(null=True)
    revision = models.PositiveIntegerField(
        default=0
    )  # number of transitions: what a change is compared with before it is set

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                name="alerts_one_unsettled_per_incident",
                fields=["org", "environment", "incident_key"],
                condition=models.Q(status__in=[status.value for status in UNSETTLED]),
            ),
        ]
        indexes = [
            models.Index(name="alerts_newest", fields=["org", "environment", "-created_at", "-id"]),
            models.Index(name="alerts_by_status", fields=["org", "environment", "status", "-created_at"]),
            models.Index(name="alerts_of_incident", fields=["org", "environment", "incident_key", "-created_at"]),
            models.Index(name="alerts_opened", fields=["org", "environment", "opened_at"]),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def incident(self) -> Incident:
        """What the detectors said, put together."""
        return read_incident(self.incident_data)


class AlertDetection(models.Model):
    """The record that a detection was applied. One row per detection is what makes redelivery change nothing."""

    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    detection_id = models.CharField(max_length=64)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="detections")
    detector = models.CharField(max_length=100)
    severity = models.CharField(max_length=10)
    event_count = models.PositiveBigIntegerField()
    first_seen_at = models.DateTimeField()  # event time
    last_seen_at = models.DateTimeField()  # event time
    applied_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(name="alerts_each_detection_once", fields=["org", "detection_id"])]

    def __str__(self) -> str:
        return self.detection_id


class AlertTransition(models.Model):
    """One thing that was done to an alert: its history, in order of revision."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="transitions")
    revision = models.PositiveIntegerField()  # the alert's after this transition
    action = models.CharField(max_length=20, choices=Action.choices)
    from_status = models.CharField(max_length=20, choices=Status.choices)
    to_status = models.CharField(max_length=20, choices=Status.choices)
    resolution_type = models.CharField(max_length=20, choices=Resolution.choices, null=True)
    note = models.TextField(null=True)
    by = models.TextField()  # as the caller says
    principal = models.CharField(max_length=100)  # who it was by our own knowledge: "key:<id>" or "user:<id>"
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["revision"]
        constraints = [models.UniqueConstraint(name="alerts_one_transition_per_revision", fields=["alert", "revision"])]

    def __str__(self) -> str:
        return f"{self.from_status} → {self.to_status}"
