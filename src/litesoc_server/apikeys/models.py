"""API keys as they are stored: never the key, only its hash."""

import uuid
from typing import Literal

from django.db import models
from django.utils import timezone

from litesoc_server.accounts.models import User
from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.models import Organization

NAME_LENGTH_MAX = 150  # characters

KeyState = Literal["active", "revoked", "expired"]


class ApiKey(models.Model):
    """One key of one organisation."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="api_keys", verbose_name="organisation")
    name = models.CharField(max_length=NAME_LENGTH_MAX, help_text="What it is for; shown in lists and histories.")
    prefix = models.CharField(
        "begins with", max_length=20, editable=False
    )  # enough to recognise it, far too little to use it
    sha256 = models.CharField(max_length=64, unique=True, editable=False)  # hexadecimal
    scopes = models.JSONField(default=list)  # list of ingest.keys.Scope
    environment = models.CharField(
        max_length=10, choices=[(name.value, name.value) for name in Environment], default=Environment.LIVE.value
    )
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)  # start of a minute; see ingest.key_use
    last_used_from = models.CharField(max_length=50, null=True, blank=True, editable=False)  # an address (personal data)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    replaces = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+")
    rate_limit_per_minute = models.PositiveIntegerField(
        "events per minute",
        null=True,
        blank=True,
        help_text="Of this key, within the organisation's limit. Empty = only that.",
    )
    allow_list = models.TextField(
        "IP allow-list", blank=True, default="", db_default=""
    )  # as written; empty = from anywhere

    class Meta:
        verbose_name = "API key"
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def state(self) -> KeyState:
        """Whether it can be used now."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= timezone.now():
            return "expired"
        return "active"


class AccessRules(models.Model):
    """From where an organisation's keys may be used. Without a row: from any address, and from no web page of others."""

    org = models.OneToOneField(
        Organization, on_delete=models.CASCADE, related_name="access_rules", verbose_name="organisation"
    )
    is_allow_list_on = models.BooleanField(default=False)
    allow_list = models.TextField(blank=True, default="")  # as written, see ingest.allow_list
    origins = models.JSONField(default=list)  # as ingest.origins.canonical_origin returns them

    class Meta:
        verbose_name_plural = "access rules"

    def __str__(self) -> str:
        return f"access rules of {self.org}"
