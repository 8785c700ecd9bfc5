"""`/notifications/routes`: which channel hears of what, and when."""

from dataclasses import replace
from datetime import time
from typing import Annotated, Any, Literal

from ninja import Router, Schema
from pydantic import ConfigDict, Field

from litesoc_server.api.caller import ApiRequest
from litesoc_server.api.v1.member_requests import GoneAnswer
from litesoc_server.api.v1.metas import one_meta
from litesoc_server.api.v1.notification_requests import CHANGES, READS, found, moment, org_of, who_of
from litesoc_server.api.v1.schemas import CHANGE_ERRORS, READ_ERRORS, Meta, Moment
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.notify.access import get_channel, get_route, visible_routes
from litesoc_server.notify.models import Digest, Route
from litesoc_server.notify.route_changes import (
    HOUR_LAST,
    RouteValues,
    add_route,
    change_route,
    remove_route,
    values_of,
)
from litesoc_server.wire.moments import iso_utc_or_none

router = Router(tags=["notifications"])

LocalTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["22:00"])]
SeverityText = Literal["low", "medium", "high", "critical"]
DigestText = Literal["none", "hourly", "daily", "weekly"]
Names = Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=100)]
_QUIET = "Local to time_zone; null: no quiet hours."


class RouteChangeIn(Schema):
    """What a route is to be; what is left out stays, in a new one as by default."""

    model_config = ConfigDict(extra="forbid", strict=True)

    is_enabled: bool = True
    min_severity: SeverityText = "medium"
    alert_types: Names = Field(default=[], description="Empty: all.")
    detectors: Names = Field(default=[], description="Ids; empty: all.")
    includes_test: bool = Field(default=False, description="Also alerts of the test environment.")
    tells_settled: bool = Field(default=True, description="Also that an alert it was told of is resolved or safe.")
    quiet_from: LocalTime | None = Field(default=None, description=_QUIET)
    quiet_until: LocalTime | None = Field(default=None, description=_QUIET)
    is_critical_always: bool = Field(default=True, description="Critical alerts wait for neither quiet hours nor digest.")
    time_zone: str = Field(default="UTC", max_length=50, examples=["Europe/Berlin"])
    digest: DigestText = "none"
    digest_hour: int = Field(default=8, ge=0, le=HOUR_LAST, description="Local, of daily and weekly digests.")
    muted_until: Moment | None = Field(default=None, description="RFC 3339 with an offset; null: not muted.")


class RouteIn(RouteChangeIn):
    """A route to add."""

    channel_id: str = Field(max_length=36)


class RouteOut(Schema):
    """One route."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    channel_id: str = Field(json_schema_extra={"format": "uuid"})
    is_enabled: bool
    min_severity: SeverityText
    alert_types: list[str]
    detectors: list[str]
    includes_test: bool
    tells_settled: bool
    quiet_from: str | None
    quiet_until: str | None
    is_critical_always: bool
    time_zone: str
    digest: DigestText
    digest_hour: int
    muted_until: Moment | None


class RouteAnswer(Schema):
    """One route."""

    success: Literal[True] = True
    data: RouteOut
    meta: Meta


class RouteList(Schema):
    """All routes, by channel."""

    success: Literal[True] = True
    data: list[RouteOut]
    meta: Meta


@router.get(
    "/notifications/routes",
    auth=READS,
    response={200: RouteList, **READ_ERRORS},
    summary="List routes",
    operation_id="listRoutes",
)
def list_routes(request: ApiRequest) -> RouteList:
    """By the name of their channel, without those to single members."""
    rows = [_route_out(route) for route in visible_routes(org_of(request))]
    return RouteList(data=rows, meta=one_meta(request.caller))


@router.post(
    "/notifications/routes",
    auth=CHANGES,
    response={200: RouteAnswer, **CHANGE_ERRORS},
    summary="Add a route",
    operation_id="addRoute",
)
def add(request: ApiRequest, wanted: RouteIn) -> RouteAnswer:
    """Of several routes of a channel the first to speak decides."""
    channel = found(lambda: get_channel(org_of(request), wanted.channel_id))
    route = add_route(channel, _wanted(RouteValues(), wanted), who=who_of(request))
    return RouteAnswer(data=_route_out(route), meta=one_meta(request.caller))


@router.patch(
    "/notifications/routes/{route_id}",
    auth=CHANGES,
    response={200: RouteAnswer, **CHANGE_ERRORS},
    summary="Change a route",
    operation_id="changeRoute",
)
def change(request: ApiRequest, route_id: str, wanted: RouteChangeIn) -> RouteAnswer:
    """Change what is sent; what is left out stays."""
    route = found(lambda: get_route(org_of(request), route_id))
    changed = change_route(route, _wanted(values_of(route), wanted), who=who_of(request))
    return RouteAnswer(data=_route_out(changed), meta=one_meta(request.caller))


@router.delete(
    "/notifications/routes/{route_id}",
    auth=CHANGES,
    response={200: GoneAnswer, **CHANGE_ERRORS},
    summary="Remove a route",
    operation_id="removeRoute",
)
def remove(request: ApiRequest, route_id: str) -> GoneAnswer:
    """Remove it. What waits already is delivered."""
    remove_route(found(lambda: get_route(org_of(request), route_id)), who=who_of(request))
    return GoneAnswer(meta=one_meta(request.caller))


def _wanted(before: RouteValues, wanted: RouteChangeIn) -> RouteValues:
    sent = wanted.model_fields_set - {"channel_id"}
    values: dict[str, Any] = {name: getattr(wanted, name) for name in sent}
    for name in ("quiet_from", "quiet_until"):
        if values.get(name) is not None:
            values[name] = time.fromisoformat(values[name])
    if values.get("muted_until") is not None:
        values["muted_until"] = moment("muted_until", values["muted_until"])
    if "min_severity" in values:
        values["min_severity"] = AlertSeverity(values["min_severity"])
    if "digest" in values:
        values["digest"] = Digest(values["digest"])
    return replace(before, **values)


def _route_out(route: Route) -> RouteOut:
    return RouteOut(
        id=str(route.pk),
        channel_id=str(route.channel_id),
        is_enabled=route.is_enabled,
        min_severity=AlertSeverity(route.min_severity).value,
        alert_types=list(route.alert_types),
        detectors=list(route.detectors),
        includes_test=route.includes_test,
        tells_settled=route.tells_settled,
        quiet_from=_local(route.quiet_from),
        quiet_until=_local(route.quiet_until),
        is_critical_always=route.is_critical_always,
        time_zone=route.time_zone,
        digest=_digest_text(route),
        digest_hour=route.digest_hour,
        muted_until=iso_utc_or_none(route.muted_until),
    )


def _digest_text(route: Route) -> DigestText:
    texts: dict[str, DigestText] = {"hourly": "hourly", "daily": "daily", "weekly": "weekly"}
    return texts.get(route.digest, "none")


def _local(at: time | None) -> str | None:
    return None if at is None else f"{at:%H:%M}"
