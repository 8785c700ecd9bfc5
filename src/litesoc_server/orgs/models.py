"""Organisations and who belongs to them."""

import uuid

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from litesoc_server.accounts.models import User
from litesoc_server.orgs.plans import RETENTION_DAYS_MAX, PlanName


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
    created_at = models.DateTimeField(default=timezone.now, editable=False)

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
