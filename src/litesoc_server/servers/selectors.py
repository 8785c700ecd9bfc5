"""The servers of one organisation and environment."""

import uuid
from collections.abc import Sequence

from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.models import Organization
from litesoc_server.servers.models import Server


def servers_of(org: Organization, environment: Environment) -> Sequence[Server]:
    """Return them, those heard of last first. There are at most SERVERS_MAX."""
    found = Server.objects.filter(org=org, environment=environment.value)
    return list(found.order_by("-last_seen_at", "hostname"))


def get_server(org: Organization, environment: Environment, server_id: str) -> Server:
    """Return one. Raises Server.DoesNotExist, also for another organisation's or environment's and for what is no id."""
    try:
        wanted = uuid.UUID(server_id)
    except ValueError as error:
        raise Server.DoesNotExist from error
    return Server.objects.get(org=org, environment=environment.value, pk=wanted)


def find_server(org: Organization, environment: Environment, wanted: str) -> Server | None:
    """Return the server with this id, host name or given name, None when there is none or several have the name."""
    found = Server.objects.filter(org=org, environment=environment.value)
    by_hostname = found.filter(hostname=wanted).first()
    if by_hostname is not None:
        return by_hostname
    named = list(found.filter(name=wanted)[:2])
    if len(named) == 1:
        return named[0]
    try:
        return get_server(org, environment, wanted)
    except Server.DoesNotExist:
        return None
