"""Alerts, the detections they are made of, and what people did to them."""

import uuid

from django.db import models
from django.db.models.functions import Left, Now
from django.utils import timezone

from litesoc_server.accounts.models import User
from litesoc_server.alerts.incident import Incident, read_incident
from litesoc_server.events.detection import AlertSeverity, AlertType
from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.models import Organization
from litesoc_server.pipeline.policy import HOUR_MS

ACTOR_INDEXED_LENGTH = 100  # characters


class Status(models.TextChoices):
    """Where an alert stands (contract 3.6)."""

    OPEN = "open", "Open"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    RESOLVED = "resolved", "Resolved"
    DISMISSED = "dismissed", "Marked safe"


UNSETTLED = (Status.OPEN, Status.ACKNOWLEDGED)  # further detections of the incident still join the alert
SETTLED = (Status.RESOLVED, Status.DISMISSED)


class Resolution(models.TextChoices):
    """How an alert was resolved (contract 3.7)."""

    BLOCKED_IP = "blocked_ip", "Blocked address"
    RESET_PASSWORD = "reset_password", "Reset password"  # a word on the wire
    CONTACTED_USER = "contacted_user", "Contacted user"
    FALSE_POSITIVE = "false_positive", "False positive"
    OTHER = "other", "Other"


class Action(models.TextChoices):
    """What people do to an alert, by the names that stand in its history. The first four decide its status."""

    ACKNOWLEDGE = "acknowledge", "Acknowledge"
    RESOLVE = "resolve", "Resolve"
    MARK_SAFE = "mark_safe", "Mark safe"
    REOPEN = "reopen", "Reopen"
    ASSIGN = "assign", "Assign"
    UNDO = "undo", "Undo"
    CONFIRM_LOGIN = "confirm_login", "Confirm login"
    DENY_LOGIN = "deny_login", "Deny login"
    SUPPRESS = "suppress", "Suppress"


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
    revision = models.PositiveIntegerField(default=0)  # number of changes: what a change is compared with before it is set
    assignee = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    comments_count = models.PositiveIntegerField(db_default=0)  # of those that are not deleted
    detector = models.CharField(max_length=100, db_default="")  # the headline's
    severity_rank = models.GeneratedField(  # as AlertSeverity.rank: what lists are sorted by
        expression=models.Case(
            *(models.When(severity=severity.value, then=severity.rank) for severity in AlertSeverity), default=0
        ),
        output_field=models.SmallIntegerField(),
        db_persist=True,
    )

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
            models.Index(name="alerts_newest_by_status", fields=["org", "environment", "status", "-created_at", "-id"]),
            models.Index(name="alerts_worst", fields=["org", "environment", "-severity_rank", "-created_at", "-id"]),
            models.Index(
                name="alerts_worst_by_status",
                fields=["org", "environment", "status", "-severity_rank", "-created_at", "-id"],
            ),
            # Everything that lists count by, so that counting reads this index only and no incident.
            models.Index(
                name="alerts_counted",
                fields=["org", "environment", "status", "last_seen_at", "severity", "alert_type", "detector", "assignee"],
            ),
            # By the start of the id only: an id may be longer than PostgreSQL's index rows.
            models.Index("org", "environment", Left("actor_id", ACTOR_INDEXED_LENGTH), name="alerts_of_actor"),
            models.Index(name="alerts_of_address", fields=["org", "environment", "source_ip", "-created_at"]),
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
        indexes = [
            # What alerts.detector_activity counts, without reading the rows themselves.
            models.Index(name="alerts_detections_newest", fields=["org", "-last_seen_at", "detector", "alert"]),
            # What notify.escalate asks every few seconds: which alerts became so severe lately.
            models.Index(name="alerts_detections_applied", fields=["org", "applied_at", "severity", "alert"]),
        ]

    def __str__(self) -> str:
        return self.detection_id


class BulkChange(models.Model):
    """One thing done to many alerts: what is left to do, what became of it, and until when it can be undone."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", verbose_name="organisation")
    environment = models.CharField(max_length=10, choices=[(name.value, name.value) for name in Environment])
    action = models.CharField(max_length=20, choices=Action.choices)
    resolution_type = models.CharField(max_length=20, choices=Resolution.choices, null=True)
    assignee = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    note = models.TextField(null=True)
    by = models.TextField()  # as the caller says
    principal = models.CharField(max_length=100)
    targets = models.JSONField(default=list)  # list of [alert id, revision it must have]; emptied when all were tried
    total_count = models.PositiveIntegerField()
    tried_count = models.PositiveIntegerField(default=0)
    changed_count = models.PositiveIntegerField(default=0)
    refused = models.JSONField(default=dict)  # reason (bulk.Refusal) -> number of alerts
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True)
    undo_started_at = models.DateTimeField(null=True)
    undo_tried_id = models.BigIntegerField(default=0)  # of the last transition that was tried
    undone_count = models.PositiveIntegerField(default=0)
    not_undone_count = models.PositiveIntegerField(default=0)
    undo_finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(name="alerts_bulk_changes_by_age", fields=["org", "created_at"])]

    def __str__(self) -> str:
        return f"{self.action} of {self.total_count}"


class AlertTransition(models.Model):
    """One thing that was done to an alert: its history, in order of revision."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="transitions")
    revision = models.PositiveIntegerField()  # the alert's after this transition
    action = models.CharField(max_length=20, choices=Action.choices)
    from_status = models.CharField(max_length=20, choices=Status.choices)
    to_status = models.CharField(max_length=20, choices=Status.choices)
    resolution_type = models.CharField(max_length=20, choices=Resolution.choices, null=True)
    note = models.TextField(null=True)
    subject = models.TextField(null=True)  # whom it was assigned to (None: nobody), which login, what was suppressed
    by = models.TextField()  # as the caller says
    principal = models.CharField(max_length=100)  # who it was by our own knowledge: "key:<id>" or "user:<id>"
    at = models.DateTimeField(default=timezone.now)
    bulk = models.ForeignKey(BulkChange, on_delete=models.SET_NULL, null=True, related_name="transitions")
    before = models.JSONField(null=True)  # of a bulk change that can be undone: the columns it replaced

    class Meta:
        ordering = ["revision"]
        constraints = [models.UniqueConstraint(name="alerts_one_transition_per_revision", fields=["alert", "revision"])]
        indexes = [
            models.Index(
                name="alerts_reopenings",
                fields=["at"],
                condition=models.Q(from_status__in=[status.value for status in SETTLED], to_status=Status.OPEN.value),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_status} → {self.to_status}"


class AlertComment(models.Model):
    """What somebody wrote about an alert. Deleted, its text is kept for a moment (alerts.comments), its line for good."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    by = models.TextField()  # the author's name, also when they are gone
    text = models.TextField()  # may hold personal data
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created_at", "id"]
        indexes = [
            models.Index(
                name="alerts_comments_to_empty", fields=["deleted_at"], condition=models.Q(deleted_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"comment by {self.by}"
