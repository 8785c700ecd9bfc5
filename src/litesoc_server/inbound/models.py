"""Connections to webhook sources as they are stored: settings, sealed secrets, and daily counts."""

import uuid

from django.db import models
from django.utils import timezone

from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.models import Organization


class SourceConnection(models.Model):
    """One source of one environment of an organisation. It comes with the first delivery, or when somebody sets it up."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="source_connections")
    environment = models.CharField(max_length=10, choices=[(name.value, name.value) for name in Environment])
    source = models.CharField(max_length=40)  # id of a connected source
    is_enabled = models.BooleanField(default=True)
    keeps_unknown = models.BooleanField(default=False)
    sealed_secret = models.TextField(blank=True, default="")  # that signs deliveries, see accounts.sealing; empty = none
    sealed_previous = models.TextField(blank=True, default="")  # the one before, which still counts until previous_until
    previous_until = models.DateTimeField(null=True, blank=True)
    secret_set_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_event_at = models.DateTimeField(null=True, blank=True)  # of the last delivery that brought an event
    last_received_at = models.DateTimeField(null=True, blank=True)  # of the last that was taken, events or not
    last_refused_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["org", "environment", "source"], name="one_connection_per_source")]

    def __str__(self) -> str:
        return f"{self.source} ({self.environment})"

    @property
    def has_secret(self) -> bool:
        """Whether deliveries must be signed."""
        return bool(self.sealed_secret)


class SourceCount(models.Model):
    """How often something came of a connection's deliveries on one day (UTC)."""

    connection = models.ForeignKey(SourceConnection, on_delete=models.CASCADE, related_name="counts")
    day = models.DateField()
    outcome = models.CharField(max_length=60)  # of the closed set in ingest.source_counts
    count = models.PositiveBigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "day", "outcome"], name="one_source_count_per_day")]

    def __str__(self) -> str:
        return f"{self.outcome} on {self.day}"
