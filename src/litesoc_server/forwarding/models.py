"""Where events and alerts are passed on to, and how far each of these has come."""

import uuid

from django.db import models
from django.utils import timezone

from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.models import Organization

NAME_LENGTH_MAX = 80  # characters
ERROR_LENGTH_MAX = 500  # characters of why something was not sent
RECORD_ID_LENGTH_MAX = 100  # characters: an event's id, or an alert's with the number of a change


class What(models.TextChoices):
    """What is passed on."""

    EVENTS = "events", "Events"
    ALERTS = "alerts", "Alerts"
    BOTH = "both", "Events and alerts"


class Forwarder(models.Model):
    """One other system, what it gets, and its place in the order of events and of what happened to alerts."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="forwarders", verbose_name="organisation")
    environment = models.CharField(max_length=10, choices=[(name.value, name.value) for name in Environment])
    kind = models.CharField(max_length=20)  # id of a kind in forwarding.kinds
    name = models.CharField(max_length=NAME_LENGTH_MAX)
    what = models.CharField(max_length=10, choices=What.choices, default=What.BOTH)
    severities = models.JSONField(default=list)  # of events: Severity; empty: all
    categories = models.JSONField(default=list)  # of events; empty: all
    sealed_settings = models.TextField()  # accounts.sealing of JSON: name of field -> text
    is_paused = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    removed_at = models.DateTimeField(null=True, editable=False)  # from then on nothing is sent; it can be brought back

    # The last of each that was sent, or passed over by the filter.
    event_taken_s = models.BigIntegerField(editable=False)  # Unix s by the store's clock
    event_id = models.CharField(max_length=36, editable=False)
    detection_row = models.BigIntegerField(default=0, editable=False)  # of alerts.AlertDetection
    transition_row = models.BigIntegerField(default=0, editable=False)  # of alerts.AlertTransition

    # Where the batch that is being sent ends, as JSON of forwarding.batches.Position; "" between batches.
    pending_end = models.TextField(default="", editable=False)
    # The id of the last record of that batch which was taken or set aside, where the batch is sent in parts; "" else.
    pending_after = models.CharField(max_length=RECORD_ID_LENGTH_MAX, default="", db_default="", editable=False)

    sent_count = models.PositiveBigIntegerField(default=0, editable=False)
    last_sent_at = models.DateTimeField(null=True, editable=False)
    caught_up_at = models.DateTimeField(null=True, editable=False)  # when there was nothing more to send
    failures_count = models.PositiveIntegerField(default=0, editable=False)  # attempts since the last success
    failing_since = models.DateTimeField(null=True, editable=False)
    last_error = models.CharField(max_length=ERROR_LENGTH_MAX, default="", editable=False)
    last_error_at = models.DateTimeField(null=True, editable=False)
    retry_at = models.DateTimeField(null=True, editable=False)
    rejected_count = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)  # that it will not take
    rejected_in_row = models.PositiveIntegerField(default=0, db_default=0, editable=False)  # since it took one last
    # Who sends now: at most one worker does, so that order holds.
    lease_id = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                name="forwarding_one_per_name",
                fields=["org", "environment", "name"],
                condition=models.Q(removed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RejectedRecord(models.Model):
    """An event, or a change of an alert, that the other side will not take: passed over, so that the others go on."""

    forwarder = models.ForeignKey(Forwarder, on_delete=models.CASCADE, related_name="rejected")
    record_id = models.CharField(max_length=RECORD_ID_LENGTH_MAX)  # as the other side would have got it
    is_alert = models.BooleanField()
    at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=ERROR_LENGTH_MAX)  # for people

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(name="forwarding_rejected_once", fields=["forwarder", "record_id"]),
        ]

    def __str__(self) -> str:
        return self.record_id

    @property
    def subject_id(self) -> str:
        """The id of the event or of the alert."""
        return self.record_id.partition(".")[0] if self.is_alert else self.record_id
