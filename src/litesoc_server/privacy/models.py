"""The wish that one actor be erased, and how far that has come."""

import uuid

from django.db import models
from django.utils import timezone

from litesoc_server.events.structs import converter
from litesoc_server.orgs.models import Organization
from litesoc_server.store.actors import ActorNames

read_names = converter(ActorNames)  # from what JSON decodes to


class Step(models.TextChoices):
    """What an erasure is at, in this order."""

    WAITING = "waiting", "Waiting until what came before is stored"
    COUNTING = "counting", "Waiting until its events are counted for the quota"
    REMOVING = "removing", "Removing events"
    SETTLING = "settling", "Removing alerts, settings and records"
    SCRUBBING = "scrubbing", "Waiting until the disk has let go of it"
    DONE = "done", "Erased"


class Erasure(models.Model):
    """One actor that is to be erased. When all is removed, the columns that name the actor are emptied; the rest stays."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="erasures", verbose_name="organisation")
    reference = models.CharField(max_length=32)  # keyed digest of the actor's id, see privacy.erasures.reference_of
    actor_id = models.TextField(null=True)  # as it was asked for (personal data); None once it is removed
    names = models.JSONField(null=True)  # store.actors.ActorNames (personal data); None before they are known, and after
    step = models.CharField(max_length=20, choices=Step.choices, default=Step.WAITING)
    asked_at = models.DateTimeField(default=timezone.now)
    asked_by = models.TextField()  # as the caller says
    stored_until_s = models.PositiveBigIntegerField(null=True)  # Unix s by the store's clock: when it held all from before
    removed_at = models.DateTimeField(null=True)  # the events and what detectors remembered
    finished_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)  # place -> number of what was found there

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                name="privacy_one_open_erasure_each",
                fields=["org", "reference"],
                condition=models.Q(actor_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"erasure {self.id}"

    @property
    def known_names(self) -> ActorNames:
        """How events name the actor. Only while they are known."""
        return read_names(self.names)
