"""Channels, who hears about what through them, what is to be said, and what became of saying it."""

import uuid

from django.db import models
from django.utils import timezone

from litesoc_server.alerts.models import Alert
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.notify.message import Occasion
from litesoc_server.orgs.models import Membership, Organization

NAME_LENGTH_MAX = 80  # characters of a channel's name
REASON_LENGTH_MAX = 500  # characters of why something failed or was switched off
_SEVERITIES = [(one.value, one.value.capitalize()) for one in AlertSeverity]


class Digest(models.TextChoices):
    """How often a route sums up instead of telling each alert."""

    NONE = "none", "At once"
    HOURLY = "hourly", "Every hour"
    DAILY = "daily", "Every day"
    WEEKLY = "weekly", "Every week"


class Channel(models.Model):
    """One way to reach people or machines, of an organisation or (``membership``) to one member's own e-mail address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="channels", verbose_name="organisation")
    membership = models.OneToOneField(Membership, on_delete=models.CASCADE, null=True, related_name="channel")
    kind = models.CharField(max_length=20)  # id of a kind in notify.channels.registry
    name = models.CharField(max_length=NAME_LENGTH_MAX)
    sealed_settings = models.TextField()  # accounts.sealing of JSON: name of field -> text; see notify.channel_settings
    is_enabled = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=REASON_LENGTH_MAX, default="")  # "" where people switched it off
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    removed_at = models.DateTimeField(null=True, editable=False)  # then it is switched off; it can be brought back
    was_enabled = models.BooleanField(default=True, db_default=True, editable=False)  # ``is_enabled`` when it was removed

    last_success_at = models.DateTimeField(null=True, editable=False)
    last_failure_at = models.DateTimeField(null=True, editable=False)
    last_failure = models.CharField(max_length=REASON_LENGTH_MAX, default="", editable=False)
    failing_since = models.DateTimeField(null=True, editable=False)  # the first failure since the last success
    failures_count = models.PositiveIntegerField(default=0, editable=False)  # attempts since the last success
    left_out_count = models.PositiveBigIntegerField(default=0, editable=False)  # notifications beyond outbox.PENDING_MAX
    paused_until = models.DateTimeField(null=True, editable=False)  # the other side asked for it (Retry-After)
    # Who delivers through it now: at most one worker does, so that order holds and a slow channel occupies one thread.
    lease_id = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                name="notify_one_channel_per_name",
                fields=["org", "name"],
                condition=models.Q(membership__isnull=True, removed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def health(self) -> str:
        """One of "off", "failing", "working" and "unused"."""
        if not self.is_enabled:
            return "off"
        if self.failing_since is not None:
            return "failing"
        return "unused" if self.last_success_at is None else "working"


class Route(models.Model):
    """Which alerts a channel hears of, and when. Empty lists mean: all."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="routes", verbose_name="organisation")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="routes")
    is_enabled = models.BooleanField(default=True)
    min_severity = models.CharField(max_length=10, choices=_SEVERITIES, default=AlertSeverity.MEDIUM.value)
    alert_types = models.JSONField(default=list)  # of AlertType
    detectors = models.JSONField(default=list)  # ids
    includes_test = models.BooleanField(default=False)  # also alerts of the test environment
    tells_settled = models.BooleanField(default=True)  # also that an alert it was told of is resolved or safe
    quiet_from = models.TimeField(null=True)  # local to time_zone; with quiet_until, which may be on the next day
    quiet_until = models.TimeField(null=True)
    is_critical_always = models.BooleanField(default=True)  # critical alerts wait neither for quiet hours nor for a digest
    time_zone = models.CharField(max_length=50, default="UTC")  # IANA
    digest = models.CharField(max_length=10, choices=Digest.choices, default=Digest.NONE)
    digest_hour = models.PositiveSmallIntegerField(default=8)  # 0 to 23, local: of daily and weekly digests
    digested_until = models.DateTimeField(null=True, editable=False)  # what came up before is in a digest, or never will be
    muted_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.CheckConstraint(
                name="notify_quiet_hours_have_both_ends",
                condition=models.Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | models.Q(quiet_from__isnull=False, quiet_until__isnull=False),
            ),
            models.CheckConstraint(name="notify_digest_hour_is_one", condition=models.Q(digest_hour__lte=23)),
        ]

    def __str__(self) -> str:
        return f"{self.min_severity} and above"


class EscalationRule(models.Model):
    """Whom to tell when nobody acknowledges an alert in time."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    org = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="escalation_rules", verbose_name="organisation"
    )
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="escalation_rules")
    min_severity = models.CharField(max_length=10, choices=_SEVERITIES, default=AlertSeverity.HIGH.value)
    after_minutes = models.PositiveIntegerField(default=15)  # open and not acknowledged for so long
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["after_minutes", "created_at", "id"]

    def __str__(self) -> str:
        return f"after {self.after_minutes} minutes"


class Notification(models.Model):
    """One thing to be said, the same on all channels. Its id follows from what it is about, so it is said once."""

    id = models.UUIDField(primary_key=True, editable=False)
    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", verbose_name="organisation")
    occasion = models.CharField(max_length=20, choices=[(one.value, one.value) for one in Occasion])
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, null=True, related_name="notifications")
    rule = models.ForeignKey(  # that escalated
        EscalationRule, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    thread = models.CharField(max_length=64)  # see Message.thread
    severity = models.CharField(max_length=10, default="")  # the alert's at that moment; "" without one
    note = models.CharField(max_length=200, default="")  # a sentence of ours that comes before the others
    # What is said, without ``alert_json``. Put together when it is delivered first; then it stays the same.
    message = models.JSONField(null=True)  # notify.message.Message; names people
    alert_body = models.JSONField(null=True)  # Message.alert_json; names people
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(name="notify_notifications_by_age", fields=["org", "-created_at"]),
            models.Index(name="notify_escalated_by", fields=["rule", "alert"]),
        ]

    def __str__(self) -> str:
        return self.occasion


class DeliveryStatus(models.TextChoices):
    """Where a delivery stands."""

    PENDING = "pending", "Waiting"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class Delivery(models.Model):
    """One notification on its way through one channel: the outbox. Its id is what the other side tells repetitions by."""

    id = models.UUIDField(primary_key=True, editable=False)
    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", verbose_name="organisation")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="deliveries")
    thread = models.CharField(max_length=64)  # the notification's: what stands here is looked for together
    status = models.CharField(max_length=10, choices=DeliveryStatus.choices, default=DeliveryStatus.PENDING)
    reason = models.CharField(max_length=REASON_LENGTH_MAX, default="")  # why it failed, waits or was cancelled; for people
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField()  # not attempted before
    attempts_count = models.PositiveIntegerField(default=0)  # since it was made, or asked for again
    first_attempt_at = models.DateTimeField(null=True)  # since it was made, or asked for again
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(name="notify_each_notification_once_per_channel", fields=["channel", "notification"]),
        ]
        indexes = [
            # Of the pending alone they would be smaller, and SQLite would pass them by: it plans before it sees a parameter.
            models.Index(name="notify_due", fields=["channel", "status", "due_at"]),
            models.Index(name="notify_waiting_in_thread", fields=["channel", "thread", "status", "created_at"]),
            models.Index(name="notify_log_of_channel", fields=["channel", "-created_at", "-id"]),
            models.Index(name="notify_log", fields=["org", "-created_at", "-id"]),
        ]

    def __str__(self) -> str:
        return f"delivery {self.id}"


class ThreadStart(models.Model):
    """What a channel told first of an alert, as the other side calls it: later messages answer it."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="thread_starts")
    thread = models.CharField(max_length=64)  # the notifications'
    message_id = models.CharField(max_length=64)  # Slack's ts, Telegram's message_id
    severity = models.CharField(max_length=10)  # the alert's, when something was told of it last
    told_at = models.DateTimeField()  # when something was told of it last

    class Meta:
        constraints = [models.UniqueConstraint(name="notify_one_start_per_thread", fields=["channel", "thread"])]
        indexes = [models.Index(name="notify_thread_starts_by_age", fields=["told_at"])]

    def __str__(self) -> str:
        return self.message_id


class DeliveryAttempt(models.Model):
    """One try, with what was sent and what came back: the delivery log. No text holds a secret."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    at = models.DateTimeField(default=timezone.now)
    duration_ms = models.PositiveIntegerField()
    is_success = models.BooleanField()
    status = models.PositiveIntegerField(null=True)  # of HTTP or SMTP
    request = models.TextField(default="")  # names people
    answer = models.TextField(default="")
    error = models.CharField(max_length=REASON_LENGTH_MAX, default="")

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(name="notify_attempts_of_delivery", fields=["delivery", "-at"])]

    def __str__(self) -> str:
        return "delivered" if self.is_success else "failed"
