"""`POST /agent/heartbeat`: a server agent says that it is alive (contract 7.2)."""

from typing import Annotated, Any, Literal

from ninja import Body, Router, Schema
from pydantic import ConfigDict, Field, field_validator

from litesoc_server.api.caller import ApiRequest, KeyAuth
from litesoc_server.api.v1.schemas import READ_ERRORS
from litesoc_server.ingest.keys import Scope
from litesoc_server.servers.agent_update import configured_update
from litesoc_server.servers.heartbeat import LINES_MAX, SERVERS_MAX, Heartbeat, note_heartbeat

router = Router(tags=["agent"])

_TEXT_LENGTH_MAX = 8 * 1024  # characters looked at of any text; rsyslog's lines end there


class HeartbeatIn(Schema):
    """What an agent says. Whatever is missing or of another kind counts as not said: agents of all ages call."""

    model_config = ConfigDict(extra="ignore")

    hostname: str = Field(default="", description="Name of the computer; it is known by it. `unknown` counts as none.")
    ip_address: str = Field(default="", description="Its own address, often a private one. `0.0.0.0` counts as none.")
    agent_version: str = Field(default="", description="May be what git describe says.")
    recent_logs: list[str] = Field(
        default=[],
        description=f"The last lines of its log since the heartbeat before, {LINES_MAX} at most. Masked on arrival.",
    )

    @field_validator("hostname", "ip_address", "agent_version", mode="before")
    @classmethod
    def _text_or_nothing(cls, value: Any) -> str:  # noqa: ANN401 # whatever JSON holds
        return value[:_TEXT_LENGTH_MAX] if isinstance(value, str) else ""

    @field_validator("recent_logs", mode="before")
    @classmethod
    def _lines_or_nothing(cls, value: Any) -> list[str]:  # noqa: ANN401 # same
        lines = value if isinstance(value, list) else []
        return [line[:_TEXT_LENGTH_MAX] for line in lines[-LINES_MAX:] if isinstance(line, str)]


class UpdateOut(Schema):
    """Another version of the vendor's agent."""

    available: Literal[True]
    latest_version: str
    force: bool = Field(description="True once, after somebody asked for it in the dashboard.")
    download_url: str
    checksum_url: str


class HeartbeatAnswer(Schema):
    """That the heartbeat was heard."""

    success: Literal[True] = True
    update: UpdateOut | None = Field(default=None, description="Left out unless the operator has set up an update.")
    message: str | None = Field(default=None, description="Why the server is on no list, when it is on none.")


@router.post(
    "/agent/heartbeat",
    auth=KeyAuth(Scope.INGEST),
    response={200: HeartbeatAnswer, **READ_ERRORS},
    exclude_none=True,
    summary="Send a server agent's heartbeat",
    operation_id="agentHeartbeat",
)
def agent_heartbeat(request: ApiRequest, body: Annotated[HeartbeatIn | None, Body()] = None) -> HeartbeatAnswer:
    """Note that the agent is alive. It is online for 6 minutes, stale for 15, offline after."""
    said = body or HeartbeatIn()
    beat = Heartbeat(
        hostname=said.hostname,
        local_address=said.ip_address,
        agent_version=said.agent_version,
        recent_lines=tuple(said.recent_logs),
        address=request.caller.address,
        user_agent=request.caller.user_agent,
    )
    noted = note_heartbeat(request.caller.record, beat, configured_update())
    if not noted.is_kept:
        return HeartbeatAnswer(message=f"an organisation has at most {SERVERS_MAX} servers: remove some that are gone")
    if noted.update is None:
        return HeartbeatAnswer()
    update = UpdateOut(
        available=True,
        latest_version=noted.update.latest_version,
        force=noted.is_update_forced,
        download_url=noted.update.download_url,
        checksum_url=noted.update.checksum_url,
    )
    return HeartbeatAnswer(update=update)
