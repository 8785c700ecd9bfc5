"""What a heartbeat of an agent brings: who it is of, and the recent lines of its log, masked before anything keeps them."""

import uuid
from datetime import timedelta

import msgspec
from django.db import IntegrityError, transaction
from django.utils import timezone

from litesoc_server.events.envelope import Environment
from litesoc_server.ingest.keys import KeyRecord
from litesoc_server.orgs.models import Organization
from litesoc_server.pipeline.normalise.text import clean_text
from litesoc_server.servers.agent_update import AgentUpdate
from litesoc_server.servers.models import (
    ADDRESS_LENGTH_MAX,
    HOSTNAME_LENGTH_MAX,
    USER_AGENT_LENGTH_MAX,
    VERSION_LENGTH_MAX,
    Server,
)
from litesoc_server.sources.agent_redaction import mask_line

LINES_MAX = 10  # contract 7.2
SERVERS_MAX = 1_000  # of one organisation
# At the ceiling those that were silent for so long make room: machines that come and go all have names of their own.
FORGOTTEN_AFTER = timedelta(days=7)
UNKNOWN_HOST = "unknown"  # what the vendor's agent says where it cannot read the name
_NO_ADDRESS = frozenset({"0.0.0.0", "unknown"})  # noqa: S104 # what it says where it cannot tell


class Heartbeat(msgspec.Struct, frozen=True):
    """What an agent says of itself, and what its request shows. Every text may be anything."""

    hostname: str
    local_address: str
    agent_version: str
    recent_lines: tuple[str, ...]  # raw
    address: str | None  # of the connection
    user_agent: str | None


class Noted(msgspec.Struct, frozen=True):
    """What became of a heartbeat."""

    is_kept: bool  # False: the organisation has as many servers as it may
    update: AgentUpdate | None = None  # that the agent is told of
    is_update_forced: bool = False  # somebody asked for it


def note_heartbeat(record: KeyRecord, beat: Heartbeat, update: AgentUpdate | None) -> Noted:
    """Keep what a heartbeat says of a server of the key's organisation and environment. Raises django.db.Error."""
    org_id, environment = uuid.UUID(record.org_id), record.environment
    hostname = _hostname(beat)
    with transaction.atomic():
        server = _locked(org_id, environment, hostname) or _made(org_id, environment, hostname)
        if server is None:
            return Noted(is_kept=False)
        now = timezone.now()
        server.last_seen_at = now
        server.address = (beat.address or "")[:ADDRESS_LENGTH_MAX]
        local = clean_text(beat.local_address)[:ADDRESS_LENGTH_MAX]
        server.local_address = "" if local in _NO_ADDRESS else local
        server.agent_version = clean_text(beat.agent_version)[:VERSION_LENGTH_MAX]
        server.user_agent = clean_text(beat.user_agent or "")[:USER_AGENT_LENGTH_MAX]
        changed = ["last_seen_at", "address", "local_address", "agent_version", "user_agent"]
        if lines := [clean_text(mask_line(line)) for line in beat.recent_lines[-LINES_MAX:]]:
            server.recent_lines, server.lines_at = lines, now
            changed += ["recent_lines", "lines_at"]
        offered = update if update is not None and update.is_for(server) else None
        is_forced = offered is not None and server.update_asked_at is not None
        if is_forced:  # said once: an update that fails is not tried over and over
            server.update_asked_at, server.update_sent_at = None, now
            changed += ["update_asked_at", "update_sent_at"]
        server.save(update_fields=changed)
    return Noted(is_kept=True, update=offered, is_update_forced=is_forced)


def _hostname(beat: Heartbeat) -> str:
    """Return the name a server is known by; those that do not know theirs are told apart by where they connect from."""
    hostname = clean_text(beat.hostname).strip()[:HOSTNAME_LENGTH_MAX]
    if hostname and hostname.lower() != UNKNOWN_HOST:
        return hostname
    return f"{UNKNOWN_HOST} at {beat.address}" if beat.address else UNKNOWN_HOST


def _locked(org_id: uuid.UUID, environment: Environment, hostname: str) -> Server | None:
    servers = Server.objects.select_for_update()
    return servers.filter(org_id=org_id, environment=environment.value, hostname=hostname).first()


def _made(org_id: uuid.UUID, environment: Environment, hostname: str) -> Server | None:
    """Return a new row, None when there are as many as there may be."""
    Organization.objects.select_for_update().get(pk=org_id)  # two agents that are new at once are counted one by one
    of_org = Server.objects.filter(org_id=org_id)
    if of_org.count() >= SERVERS_MAX:
        of_org.filter(last_seen_at__lt=timezone.now() - FORGOTTEN_AFTER).delete()
        if of_org.count() >= SERVERS_MAX:
            return None
    try:
        with transaction.atomic():
            return Server.objects.create(org_id=org_id, environment=environment.value, hostname=hostname)
    except IntegrityError:  # the same agent's other heartbeat was faster
        return _locked(org_id, environment, hostname)
