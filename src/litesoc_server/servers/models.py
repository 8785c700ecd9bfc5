"""Servers as they are stored: one row for each host name that an agent has said."""

import uuid
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import models
from django.utils import timezone

from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.models import Organization

# Contract 7.1: an agent with nothing to tell says so every 5 minutes.
ONLINE_FOR = timedelta(minutes=6)
STALE_FOR = timedelta(minutes=15)
HOSTNAME_LENGTH_MAX = 255  # characters; RFC 1035 section 2.3.4 has 255 octets
NAME_LENGTH_MAX = 80
VERSION_LENGTH_MAX = 64
USER_AGENT_LENGTH_MAX = 200
ADDRESS_LENGTH_MAX = 64  # an IPv6 address with a zone has at most 61


class ServerStatus(StrEnum):
    """How long ago an agent was heard of."""

    ONLINE = "online"
    STALE = "stale"
    OFFLINE = "offline"

    @property
    def label(self) -> str:
        """The word that people read."""
        return self.value.capitalize()


class Server(models.Model):
    """One computer of an organisation's environment, known by the host name that its agent says."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    org = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="servers")
    environment = models.CharField(max_length=10, choices=[(name.value, name.value) for name in Environment])
    hostname = models.CharField(max_length=HOSTNAME_LENGTH_MAX)
    name = models.CharField(max_length=NAME_LENGTH_MAX, blank=True, default="")  # that people gave it
    local_address = models.CharField(max_length=ADDRESS_LENGTH_MAX, blank=True, default="")  # as the agent says
    address = models.CharField(max_length=ADDRESS_LENGTH_MAX, blank=True, default="")  # where it connects from
    agent_version = models.CharField(max_length=VERSION_LENGTH_MAX, blank=True, default="")
    user_agent = models.CharField(max_length=USER_AGENT_LENGTH_MAX, blank=True, default="")
    recent_lines = models.JSONField(default=list, blank=True)  # of its log, masked, the newest last
    lines_at = models.DateTimeField(null=True, blank=True)  # when they came
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    update_asked_at = models.DateTimeField(null=True, blank=True)  # somebody wants the next heartbeat to force an update
    update_sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["org", "environment", "hostname"], name="one_server_per_hostname")]
        indexes = [models.Index(fields=["org", "environment", "-last_seen_at"], name="servers_by_last_seen")]

    def __str__(self) -> str:
        return self.shown_name

    @property
    def shown_name(self) -> str:
        """What people call it."""
        return self.name or self.hostname

    def status_at(self, now: datetime) -> ServerStatus:
        """Return how it stands at ``now``."""
        silent_for = now - self.last_seen_at
        if silent_for <= ONLINE_FOR:
            return ServerStatus.ONLINE
        return ServerStatus.STALE if silent_for <= STALE_FOR else ServerStatus.OFFLINE
