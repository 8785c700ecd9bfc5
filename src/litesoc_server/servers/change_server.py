"""What people do with a server: give it a name, have its agent updated, remove it."""

from django.db import transaction
from django.utils import timezone

from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.record import record
from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.models import Organization
from litesoc_server.servers.agent_update import AgentUpdate
from litesoc_server.servers.models import NAME_LENGTH_MAX, Server


class ServerRefused(Exception):
    """Something cannot be done; the text is a sentence for people, ``field`` the one it is about."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def rename_server(server: Server, name: str, *, by: By) -> Server:
    """Have people call it ``name``; an empty one leaves its host name. Raises ServerRefused, Server.DoesNotExist."""
    wanted = " ".join(name.split())
    if len(wanted) > NAME_LENGTH_MAX:
        raise ServerRefused("name", f"A name has at most {NAME_LENGTH_MAX} characters.")
    if not wanted.isprintable():
        raise ServerRefused("name", "A name has no control characters.")
    with transaction.atomic():
        row = Server.objects.select_for_update().get(pk=server.pk)
        if row.name != wanted:
            changes = {"name": (row.shown_name, wanted or row.hostname)}
            row.name = wanted
            row.save(update_fields=["name"])
            record(org_id=row.org_id, action=Action.SERVER_RENAMED, by=by, target=_target(row), changes=changes)
    return row


def ask_for_update(server: Server, update: AgentUpdate | None, *, by: By) -> Server:
    """Have its agent update itself with the next heartbeat, once. Raises ServerRefused, Server.DoesNotExist."""
    if update is None:
        raise ServerRefused("update", "No update is set up on this server: its operator sets LITESOC_AGENT_UPDATE_VERSION.")
    if not update.is_for(server):
        raise ServerRefused(
            "update", f"There is no newer version for this agent than the one it has ({server.agent_version})."
        )
    with transaction.atomic():
        row = Server.objects.select_for_update().get(pk=server.pk)
        if row.update_asked_at is None:
            row.update_asked_at = timezone.now()
            row.save(update_fields=["update_asked_at"])
            changes = {"agent_version": (row.agent_version, update.latest_version)}
            record(org_id=row.org_id, action=Action.AGENT_UPDATE_TRIGGERED, by=by, target=_target(row), changes=changes)
    return row


def remove_server(server: Server, *, by: By) -> None:
    """Forget it; its events stay. An agent that still runs brings it back with its next heartbeat."""
    with transaction.atomic():
        target = _target(server)
        deleted, _ = Server.objects.filter(pk=server.pk).delete()
        if deleted:
            record(org_id=server.org_id, action=Action.SERVER_REMOVED, by=by, target=target)


def forget_servers(org: Organization, environment: Environment) -> None:
    """Delete what is known of the servers of one environment."""
    Server.objects.filter(org=org, environment=environment.value).delete()


def _target(server: Server) -> Target:
    return Target(kind="server", id=str(server.pk), name=server.shown_name)
