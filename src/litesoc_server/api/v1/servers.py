"""`/servers`: the computers whose agents say that they are alive."""

from typing import Annotated, Literal

from django.utils import timezone
from ninja import Path, Router, Schema
from pydantic import ConfigDict, Field

from litesoc_server.api.audit_by import by_of
from litesoc_server.api.caller import ApiRequest, KeyAuth
from litesoc_server.api.errors import not_found
from litesoc_server.api.v1.metas import one_meta
from litesoc_server.api.v1.schemas import CHANGE_ERRORS, READ_ERRORS, Meta, Moment
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.responses import ErrorCode, Refused
from litesoc_server.orgs.access import organization_of
from litesoc_server.servers.change_server import ServerRefused, remove_server, rename_server
from litesoc_server.servers.models import NAME_LENGTH_MAX, Server, ServerStatus
from litesoc_server.servers.selectors import get_server, servers_of
from litesoc_server.wire.moments import iso_utc, iso_utc_or_none

router = Router(tags=["servers"])

_ServerId = Annotated[str, Path(max_length=64, description="Id of a server, as the list has it.")]


class ServerIn(Schema):
    """What is to be changed."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(max_length=NAME_LENGTH_MAX, description="What people call it; empty: its host name.")


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


class ServerGoneAnswer(Schema):
    """It is on the list no more."""

    success: Literal[True] = True
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
def get_one_server(request: ApiRequest, server_id: _ServerId) -> ServerAnswer:
    """Answer one server."""
    return ServerAnswer(data=_shown(_found(request, server_id)), meta=one_meta(request.caller))


@router.patch(
    "/servers/{server_id}",
    auth=KeyAuth(Scope.MANAGE),
    response={200: ServerAnswer, **CHANGE_ERRORS},
    summary="Give a server a name",
    operation_id="renameServer",
)
def change_server(request: ApiRequest, server_id: _ServerId, wanted: ServerIn) -> ServerAnswer:
    """Have people see it under another name; events keep its host name."""
    try:
        server = rename_server(_found(request, server_id), wanted.name, by=by_of(request))
    except Server.DoesNotExist as error:  # removed this moment
        raise not_found() from error
    except ServerRefused as refused:
        raise Refused(ErrorCode.VALIDATION_FAILED, f"{refused.field}: {refused}") from refused
    return ServerAnswer(data=_shown(server), meta=one_meta(request.caller))


@router.delete(
    "/servers/{server_id}",
    auth=KeyAuth(Scope.MANAGE),
    response={200: ServerGoneAnswer, **CHANGE_ERRORS},
    summary="Remove a server",
    operation_id="removeServer",
)
def forget_server(request: ApiRequest, server_id: _ServerId) -> ServerGoneAnswer:
    """Take it off the list; its events stay. An agent that still runs brings it back with its next heartbeat."""
    remove_server(_found(request, server_id), by=by_of(request))
    return ServerGoneAnswer(meta=one_meta(request.caller))


def _found(request: ApiRequest, server_id: str) -> Server:
    caller = request.caller
    try:
        return get_server(organization_of(caller.record.org_id), caller.record.environment, server_id)
    except Server.DoesNotExist as error:
        raise not_found() from error


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
