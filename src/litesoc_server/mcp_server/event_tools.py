"""Tools about events: the newest (the vendor's), a search in the language of the query bar, and one actor's timeline."""

from typing import Annotated, Any, Literal

from mcp_types import CallToolResult
from pydantic import Field

from litesoc_server.mcp_server.alert_tools import Offset, actor_risk
from litesoc_server.mcp_server.answers import alert_rows, answer, compact, event_rows, paging, showing
from litesoc_server.mcp_server.api import Json
from litesoc_server.mcp_server.callers import Callers, ToolContext
from litesoc_server.mcp_server.fence import cleaned, restored
from litesoc_server.mcp_server.shapes import ActorTimeline, EventPage
from litesoc_server.mcp_server.terms import term

_ID_LENGTH_MAX = 2_000  # 255 characters, each of them perhaps escaped
_QUERY_LENGTH_MAX = 1_000  # of the query language
_ALERTS_MAX = 20

ActorId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=_ID_LENGTH_MAX,
        description="The actor's id as the application sends it, or as it was shown.",
    ),
]


class EventTools:
    """The tools, asking the API with the caller's key."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers

    async def get_recent_events(
        self,
        ctx: ToolContext,
        limit: Annotated[int, Field(ge=1, le=50, description="How many at most.")] = 10,
        event_name: Annotated[
            str | None, Field(max_length=255, description="Only of this name, e.g. auth.login_failed.")
        ] = None,
        actor_id: Annotated[str | None, Field(max_length=_ID_LENGTH_MAX, description="Only of this actor.")] = None,
        severity: Annotated[
            Literal["info", "warning", "critical"] | None, Field(description="Only of this severity.")
        ] = None,
    ) -> Annotated[CallToolResult, EventPage]:
        """Return the newest security events: name, actor, address, place, network, severity, time, metadata."""
        answered = await self._callers.api_of(ctx).get(
            "/events",
            limit=limit,
            event_name=event_name,
            actor_id=None if actor_id is None else restored(actor_id),
            severity=severity,
        )
        return _page(answered, "events", is_paged=False)

    async def search_events(
        self,
        ctx: ToolContext,
        query: Annotated[
            str,
            Field(
                min_length=1,
                max_length=_QUERY_LENGTH_MAX,
                description=(
                    'Terms that must all hold: `event:auth.login_failed country:NO -vpn risk:>70 actor:"Mira Solberg"`. '
                    "`field:value`, `field:a,b` for any of them, `-` before a term for its opposite, `event:auth.*` for "
                    "beginnings, `>70` and `10..20` for numbers, `ip:203.0.113.0/24` for networks. Fields: event, "
                    "category, severity, actor, email, ip, country, city, asn, provider, network, is (vpn, tor, proxy, "
                    "relay, datacenter, mobile), browser, os, model, device, session, risk, source, has, meta.KEY. "
                    "A bare word is text anywhere."
                ),
            ),
        ],
        limit: Annotated[int, Field(ge=1, le=50, description="How many at most.")] = 20,
        offset: Offset = 0,
    ) -> Annotated[CallToolResult, EventPage]:
        """Search events in the language of the dashboard's query bar, newest first. `total` counts all that match."""
        answered = await self._callers.api_of(ctx).get("/events", query=restored(query), limit=limit, offset=offset)
        return _page(answered, "events", is_paged=True)

    async def actor_timeline(
        self,
        ctx: ToolContext,
        actor_id: ActorId,
        limit: Annotated[int, Field(ge=1, le=100, description="How many events at most.")] = 30,
        offset: Offset = 0,
    ) -> Annotated[CallToolResult, ActorTimeline]:
        """Return what one actor did, newest first, with its risk score and why, and its alerts."""
        api, actor = self._callers.api_of(ctx), restored(actor_id)
        answered = await api.get("/events", actor_id=actor, limit=limit, offset=offset)
        alerts = alert_rows(await api.get("/alerts", query=term("actor", actor), limit=_ALERTS_MAX))
        risk = await actor_risk(api, actor)
        events = event_rows(answered)
        total, next_offset = paging(answered, len(events))
        score = "unknown" if risk is None else f"{risk['score']} of 100"
        found = showing(len(events), total, "events", next_offset)
        timeline = ActorTimeline(
            summary=f"Risk of the actor today: {score}. Alerts: {len(alerts)}. {found}",
            actor_id=cleaned(actor),
            risk=risk,
            alerts=alerts,
            events=events,
            total_events=total,
            next_offset=next_offset,
        )
        lines: list[tuple[str, Any]] = [("actor", cleaned(actor)), ("risk", risk)]
        lines += [("alert", compact(row)) for row in alerts]
        lines += [("event", compact(row)) for row in events]
        return answer(timeline, lines, meta=answered["meta"])


def _page(answered: Json, what: str, *, is_paged: bool) -> CallToolResult:
    rows = event_rows(answered)
    total, next_offset = paging(answered, len(rows))
    page = EventPage(
        summary=showing(len(rows), total, what, next_offset if is_paged else None),
        events=rows,
        total=total,
        next_offset=next_offset if is_paged else None,
    )
    return answer(page, [("event", compact(row)) for row in rows], meta=answered["meta"])
