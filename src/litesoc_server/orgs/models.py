"""Organisations and who belongs to them."""

import uuid
from typing import Literal, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from litesoc_server.accounts.fields import LowerCaseEmailField
from litesoc_server.accounts.models import User
from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.plans import RETENTION_DAYS_MAX, PlanName

InvitationState = Literal["open", "expired", "accepted", "withdrawn"]
SuppressionState = Literal["active", "expired", "ended"]


class StoredPlan(models.Model):
    """What the operator changed of one plan: only what differs from the defaults (see orgs.plan_rows)."""

    name = models.CharField(
        max_length=20, primary_key=True, choices=[(name.value, name.value.capitalize()) for name in PlanName], editable=False
    )
    overrides = models.JSONField(default=dict)  # field of orgs.plans.Plan -> value; features -> {feature: whether it is on}
    changed_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "plan"

    def __str__(self) -> str:
        return str(self.name).capitalize()


class Role(models.TextChoices):
    """What a member may do, most first."""

    OWNER = "owner", "Owner"
    ADMIN = "admin", "Admin"
    ANALYST = "analyst", "Analyst"
    VIEWER = "viewer", "Viewer"


class Organization(models.Model):
    """One tenant: its own keys, events and alerts."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=150)
    slug = models.SlugField(max_length=60, unique=True)
    plan = models.CharField(
        max_length=20,
        choices=[(name.value, name.value.capitalize()) for name in PlanName],
        default=PlanName.ENTERPRISE.value,
    )
    is_suspended = models.BooleanField("suspended", default=False, help_text="Its keys are answered 403 everywhere.")
    monthly_events_override = models.PositiveIntegerField(
        "monthly events", null=True, blank=True, help_text="Instead of the plan's limit. 0 = unlimited, empty = as the plan."
    )
    rate_per_minute_override = models.PositiveIntegerField(
        "events per minute",
        null=True,
        blank=True,
        help_text="Instead of the plan's limit. 0 = unlimited, empty = as the plan.",
    )
    retention_days_override = models.PositiveIntegerField(
        "retention, days",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(RETENTION_DAYS_MAX)],
        help_text="Instead of the plan's. Empty = as the plan.",
    )
    retention_days_chosen = models.PositiveIntegerField(null=True, editable=False)  # by the organisation: shorter than both
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    deletion_asked_at = models.DateTimeField(null=True, editable=False)  # its keys are refused from then on
    deletion_due_at = models.DateTimeField(null=True, editable=False)  # then everything of it is removed
    emptying_asked_at = models.DateTimeField(null=True, editable=False)  # of its test environment, until nothing is left

    class Meta:
        verbose_name = "organisation"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="orgs_plan_is_known", condition=models.Q(plan__in=list(PlanName))),
            models.CheckConstraint(
                name="orgs_retention_in_range",
                condition=models.Q(retention_days_override__isnull=True)
                | models.Q(retention_days_override__range=(1, RETENTION_DAYS_MAX)),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_refused(self) -> bool:
        """Whether its keys are answered 403."""
        return self.is_suspended or self.deletion_asked_at is not None


class Membership(models.Model):
    """One person in one organisation."""

    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships", verbose_name="organisation")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.VIEWER)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(name="orgs_one_membership_each", fields=["org", "user"])]

    def __str__(self) -> str:
        return f"{self.user} ({self.role}) in {self.org}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Questions about invitations."""

    def open(self, org: Organization) -> Self:
        """Return those of an organisation that were neither accepted nor withdrawn; some may have expired."""
        return self.filter(org=org, accepted_at__isnull=True, withdrawn_at__isnull=True)

    def withdraw(self) -> int:
        """Make these unusable. Returns how many there were."""
        return self.update(withdrawn_at=timezone.now())


class Invitation(models.Model):
    """One e-mail address that was asked to join. The token in its link is not kept, only its hash."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="invitations", verbose_name="organisation")
    email = LowerCaseEmailField("e-mail")  # personal data
    role = models.CharField(max_length=20, choices=Role.choices)
    token_sha256 = models.CharField(max_length=64, unique=True)  # hexadecimal
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")  # None: no member
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_at = models.DateTimeField(default=timezone.now)  # the last time
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                name="orgs_one_open_invitation_each",
                fields=["org", "email"],
                condition=models.Q(accepted_at__isnull=True, withdrawn_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"invitation {self.id}"

    @property
    def state(self) -> InvitationState:
        """What its link does now."""
        if self.accepted_at is not None:
            return "accepted"
        if self.withdrawn_at is not None:
            return "withdrawn"
        return "expired" if self.expires_at <= timezone.now() else "open"


class StoredPolicy(models.Model):
    """What an organisation decided about detection: only what differs from the defaults (see orgs.policy_values)."""

    org = models.OneToOneField(Organization, on_delete=models.CASCADE, related_name="policy", verbose_name="organisation")
    version = models.PositiveIntegerField()  # of the last change: what a change is compared with before it is set
    overrides = models.JSONField(default=dict)  # setting -> value; lists may hold personal data
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "detection policy"
        verbose_name_plural = "detection policies"

    def __str__(self) -> str:
        return f"policy of {self.org}, version {self.version}"


class PolicyChange(models.Model):
    """One change of a detection policy: its history, by version."""

    org = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="policy_changes", verbose_name="organisation"
    )
    version = models.PositiveIntegerField()  # the policy's after this change
    changes = models.JSONField()  # list of {"setting", "before", "after"}, the values that were in force
    note = models.TextField(null=True)
    by = models.TextField()  # as the caller says
    principal = models.CharField(max_length=100)  # who it was by our own knowledge: "key:<id>", "user:<id>", "operator"
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-version"]
        constraints = [models.UniqueConstraint(name="orgs_one_policy_change_per_version", fields=["org", "version"])]

    def __str__(self) -> str:
        return f"version {self.version}"


class Suppression(models.Model):
    """Somebody's decision that certain detections need no alert, until a day. Ended or expired it is history."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="suppressions", verbose_name="organisation")
    owner = models.CharField(max_length=255)  # who answers for it
    reason = models.TextField()
    detector = models.CharField(max_length=100, null=True)
    actor_id = models.CharField(max_length=255, null=True)  # personal data
    address = models.CharField(max_length=50, null=True)  # an address or a CIDR range, canonical (personal data)
    expires_at = models.DateTimeField()  # event time
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=100)  # principal, as in PolicyChange
    ended_at = models.DateTimeField(null=True)  # before its expiry, by somebody
    ended_by = models.CharField(max_length=100, null=True)
    changed_at = models.DateTimeField(null=True)  # the last time that its expiry was changed, or its end taken back
    changed_by = models.CharField(max_length=100, null=True)
    hit_count = models.PositiveBigIntegerField(default=0)  # detections that became no alert
    last_hit_at = models.DateTimeField(null=True)  # event time

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="orgs_suppression_matches_something",
                condition=~models.Q(detector__isnull=True, actor_id__isnull=True, address__isnull=True),
            ),
        ]
        indexes = [models.Index(name="orgs_suppressions_in_force", fields=["ended_at", "expires_at"])]

    def __str__(self) -> str:
        return f"suppression {self.id}"

    @property
    def state(self) -> SuppressionState:
        """Whether it is in force now."""
        if self.ended_at is not None:
            return "ended"
        return "expired" if self.expires_at <= timezone.now() else "active"


class SuppressionHit(models.Model):
    """The record that a suppressed detection was counted. One row per detection is what makes redelivery change nothing."""

    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    detection_id = models.CharField(max_length=64)
    suppression = models.ForeignKey(Suppression, on_delete=models.CASCADE, related_name="hits")
    at = models.DateTimeField()  # event time

    class Meta:
        constraints = [models.UniqueConstraint(name="orgs_each_suppressed_detection_once", fields=["org", "detection_id"])]

    def __str__(self) -> str:
        return self.detection_id


class ListedPage(models.TextChoices):
    """A list whose searches can be saved."""

    EVENTS = "events", "Events"
    ALERTS = "alerts", "Alerts"


class StoredPrivacy(models.Model):
    """What an organisation decided about personal data in its events (pipeline.privacy)."""

    org = models.OneToOneField(Organization, on_delete=models.CASCADE, related_name="privacy", verbose_name="organisation")
    redacted_keys = models.JSONField(default=list)  # of the metadata, as they were typed
    truncates_addresses = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"privacy of {self.org}"


class UsageDay(models.Model):
    """How many events one key sent on one day. Kept apart from the events, which may expire within the month."""

    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", verbose_name="organisation")
    day = models.DateField()  # UTC, our clock
    environment = models.CharField(max_length=10, choices=[(name.value, name.value) for name in Environment])
    key_id = models.CharField(max_length=36)  # the key may be gone
    source = models.CharField(max_length=40)
    events = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="orgs_usage_one_row_per_key_and_day", fields=["org", "day", "environment", "key_id", "source"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.events} events on {self.day}"


class UsageMark(models.Model):
    """Up to where events are counted in UsageDay: one row, or none before the first count."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    counted_until_s = models.PositiveBigIntegerField()  # Unix s by the store's clock: what it took in before is counted

    def __str__(self) -> str:
        return f"counted until {self.counted_until_s}"


class UsageRefusal(models.Model):
    """How many requests were refused on one day, for one reason."""

    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", verbose_name="organisation")
    day = models.DateField()  # UTC, our clock
    code = models.CharField(max_length=40)  # ingest.responses.ErrorCode
    requests = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(name="orgs_usage_one_row_per_reason", fields=["org", "day", "code"])]

    def __str__(self) -> str:
        return f"{self.requests} times {self.code} on {self.day}"


class QuotaWarning(models.Model):
    """The record that an organisation was warned of a limit of a month, so that it is warned once."""

    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", verbose_name="organisation")
    month = models.DateField()  # its first day, UTC
    percent = models.PositiveSmallIntegerField()
    limit = models.PositiveBigIntegerField()  # events, as it was then
    used = models.PositiveBigIntegerField()  # events, as it was then
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(name="orgs_each_warning_once", fields=["org", "month", "percent", "limit"])]

    def __str__(self) -> str:
        return f"{self.percent} % of {self.limit}"


class SavedView(models.Model):
    """One search of a list under a name: its member's own, or shared with the organisation."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="saved_views", verbose_name="organisation")
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=20, choices=ListedPage.choices)
    name = models.CharField(max_length=60)
    parameters = models.TextField()  # of the page's address: "q=…&range=7d"; may hold personal data
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [models.UniqueConstraint(name="orgs_one_saved_view_per_name", fields=["org", "owner", "page", "name"])]
        indexes = [models.Index(name="orgs_saved_views_of_page", fields=["org", "page", "created_at"])]

    def __str__(self) -> str:
        return self.name
