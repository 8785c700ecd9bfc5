"""`/servers`: the computers whose agents say that they are alive."""

from typing import Annotated, Literal

from django.utils import timezone
from ninja import Path, Router, Schema
from pydantic import Field

from litesoc_server.api.caller import ApiRequest, KeyAuth
from litesoc_server.api.errors import not_found
from litesoc_server.api.v1.metas import one_meta
from litesoc_server.api.v1.schemas import READ_ERRORS, Meta, Moment
from litesoc_server.ingest.keys import Scope
from litesoc_server.orgs.access import organization_of
from litesoc_server.servers.models import Server, ServerStatus
from litesoc_server.servers.selectors import get_server, servers_of
from litesoc_server.wire.moments import iso_utc, iso_utc_or_none

router = Router(tags=["servers"])


class ServerOut(Schema):
    """One server."""

    id: str
    hostname: str = Field(description="As its agent says it; events from it have it as `metadata.source_hostname`.")
    name: str = Field(description="What people call it; the host name unless somebody gave it another.")
    status: ServerStatus = Field(description="online: heard of within 6 minutes; stale: within 15; offline after.")
    local_address: str | None
    address: str | None = Field(description="Where its agent connects from.")
    agent_version: str | None
    user_agent: str | None
    first_seen_at: Moment
    last_seen_at: Moment
    recent_lines: list[str] = Field(description="The last lines of its log, masked.")
    lines_at: Moment | None = Field(description="When these came.")


class ServersAnswer(Schema):
    """All servers of the key's environment."""

    success: Literal[True] = True
    data: list[ServerOut]
    meta: Meta


class ServerAnswer(Schema):
    """One server."""

    success: Literal[True] = True
    data: ServerOut
    meta: Meta


@router.get(
    "/servers",
    auth=KeyAuth(Scope.READ),
    response={200: ServersAnswer, **READ_ERRORS},
    summary="List servers",
    operation_id="listServers",
)
def list_servers(request: ApiRequest) -> ServersAnswer:
    """Answer the servers of the key's environment, those heard of last first."""
    caller = request.caller
    found = servers_of(organization_of(caller.record.org_id), caller.record.environment)
    return ServersAnswer(data=[_shown(server) for server in found], meta=one_meta(caller))


@router.get(
    "/servers/{server_id}",
    auth=KeyAuth(Scope.READ),
    response={200: ServerAnswer, **READ_ERRORS},
    summary="Get one server",
    operation_id="getServer",
)
def get_one_server(
    request: ApiRequest, server_id: Annotated[str, Path(max_length=64, description="Id of a server, as the list has it.")]
) -> ServerAnswer:
    """Answer one server."""
    caller = request.caller
    try:
        server = get_server(organization_of(caller.record.org_id), caller.record.environment, server_id)
    except Server.DoesNotExist as error:
        raise not_found() from error
    return ServerAnswer(data=_shown(server), meta=one_meta(caller))


def _shown(server: Server) -> ServerOut:
    return ServerOut(
        id=str(server.pk),
        hostname=server.hostname,
        name=server.shown_name,
        status=server.status_at(timezone.now()),
        local_address=server.local_address or None,
        address=server.address or None,
        agent_version=server.agent_version or None,
        user_agent=server.user_agent or None,
        first_seen_at=iso_utc(server.first_seen_at),
        last_seen_at=iso_utc(server.last_seen_at),
        recent_lines=server.recent_lines,
        lines_at=iso_utc_or_none(server.lines_at),
    )
