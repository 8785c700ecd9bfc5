"""The tool that proposes a suppression: what would be kept from becoming an alert, for how long, and why."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, cast
from urllib.parse import quote

from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult
from pydantic import Field

from litesoc_server.mcp_server.alert_tools import READ_ONLY
from litesoc_server.mcp_server.answers import answer
from litesoc_server.mcp_server.api import Api, Json
from litesoc_server.mcp_server.callers import Callers, ToolContext
from litesoc_server.mcp_server.fence import cleaned, restored
from litesoc_server.mcp_server.shapes import SuppressionProposal
from litesoc_server.mcp_server.terms import term

_HOURS_MAX = 366 * 24  # as long as a suppression may last
_OWNER = "litesoc-mcp-agent"


class SuppressionTools:
    """The tool, asking the API with the caller's key."""

    def __init__(self, callers: Callers, *, allow_write: bool) -> None:
        self._callers = callers
        self._allow_write = allow_write

    async def propose_suppression(
        self,
        ctx: ToolContext,
        reason: Annotated[str, Field(min_length=1, max_length=500, description="Why, for those who read it later.")],
        expires_in_hours: Annotated[int, Field(ge=1, le=_HOURS_MAX, description="How long it lasts.")] = 24,
        alert_id: Annotated[
            str | None,
            Field(
                max_length=64, description="Take detector and address (or else the actor) from this alert, where not given."
            ),
        ] = None,
        detector: Annotated[
            str | None, Field(max_length=100, description="A detector's id, e.g. brute_force_address.")
        ] = None,
        actor_id: Annotated[str | None, Field(max_length=2_000, description="An actor's id.")] = None,
        address: Annotated[str | None, Field(max_length=64, description="An address or a CIDR range.")] = None,
        apply: Annotated[  # noqa: FBT002 # the model names its arguments
            bool, Field(description="Make it, instead of proposing it. Only when your user asked for it.")
        ] = False,
    ) -> Annotated[CallToolResult, SuppressionProposal]:
        """Propose to keep certain detections from becoming alerts for a while. Makes nothing unless `apply` is true.

        What matches all of detector, actor and address that are given is suppressed; at least one is needed.
        """
        if apply and not self._allow_write:
            raise ToolError(READ_ONLY)
        api = self._callers.api_of(ctx)
        given = {
            "detector": detector,
            "actor_id": None if actor_id is None else restored(actor_id),
            "address": address,
        }
        criteria = {name: value for name, value in (await _with_alert(api, alert_id, given)).items() if value}
        if not criteria:
            raise ToolError("Say what to suppress: give alert_id, detector, actor_id or address.")
        expires_at = datetime.now(UTC) + timedelta(hours=expires_in_hours)
        body: Json = {**criteria, "reason": reason, "expires_at": expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"), "owner": _OWNER}
        matching = await _open_alerts(api, criteria)
        is_broad = criteria.keys() == {"detector"}
        made = cast("Json", (await api.post("/detection/suppressions", body))["data"]) if apply else None
        proposal = SuppressionProposal(
            summary=_summary(made, expires_in_hours, matching),
            is_created=made is not None,
            id=None if made is None else str(made["id"]),
            suppression=cast("Json", cleaned(body)),
            open_alerts_matching=matching,
            is_broad=is_broad,
        )
        warning = (
            "Careful: it names neither an actor nor an address, so it blinds the detector for everybody." if is_broad else ""
        )
        return answer(proposal, [("suppression", proposal.suppression)], ours="\n".join(filter(None, (warning, _how(made)))))


async def _with_alert(api: Api, alert_id: str | None, given: dict[str, str | None]) -> dict[str, str | None]:
    if alert_id is None:
        return given
    alert = cast("Json", (await api.get(f"/alerts/{quote(restored(alert_id), safe='')}"))["data"])
    detectors = cast("list[str]", alert["metadata"]["detectors"])
    filled = {**given, "detector": given["detector"] or (detectors[0] if detectors else None)}
    if not given["address"] and not given["actor_id"]:
        # One of the two: both together would match hardly anything more than this very alert.
        filled["address"] = alert["source_ip"]
        filled["actor_id"] = None if alert["source_ip"] else alert["actor_id"]
    return filled


async def _open_alerts(api: Api, criteria: dict[str, str]) -> int:
    fields = {"detector": "detector", "actor_id": "actor", "address": "ip"}
    terms = [term(fields[name], value) for name, value in criteria.items()]
    answered = await api.get("/alerts", status="open", query=" ".join(terms), limit=1)
    return int(answered["pagination"]["total"])


def _summary(made: Json | None, hours: int, matching: int) -> str:
    begin = (
        "A proposal; nothing was suppressed." if made is None else f"Suppression {made['id']} is in force within 5 seconds."
    )
    return f"{begin} It lasts {hours} hours. Open alerts about the same now, which stay open: {matching}."


def _how(made: Json | None) -> str:
    if made is not None:
        return "A person can end it in Detections > Suppressions, or with `litesoc suppress end`."
    return (
        "A person can make it in Detections > Suppressions, or with POST /api/v1/detection/suppressions and the body below. "
        "Where this server may write, call again with apply=true, once your user agreed."
    )
