"""Answers about alerts (contract 4.2)."""

from collections.abc import Mapping
from typing import Literal

from ninja import Schema
from pydantic import Field

from litesoc_server.alerts.models import Action, Alert, Resolution, Status
from litesoc_server.api.v1.schemas import ChangeMeta, ListMeta, Meta, Pagination
from litesoc_server.wire.alert import AlertOut
from litesoc_server.wire.moments import iso_utc, iso_utc_or_none

Decided = Literal["acknowledge", "resolve", "mark_safe", "reopen"]
_WORDS: Mapping[Action, Decided] = {
    Action.ACKNOWLEDGE: "acknowledge",
    Action.RESOLVE: "resolve",
    Action.MARK_SAFE: "mark_safe",
    Action.REOPEN: "reopen",
}


class AlertList(Schema):
    """A page of alerts, newest first."""

    success: Literal[True] = True
    data: list[AlertOut]
    pagination: Pagination
    meta: ListMeta


class AlertAnswer(Schema):
    """One alert."""

    success: Literal[True] = True
    data: AlertOut
    meta: Meta


class AlertChanged(Schema):
    """What an alert is after a change."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    status: Status
    action: Decided
    resolution_type: Resolution | None
    resolved_at: str | None = Field(json_schema_extra={"format": "date-time"})
    resolved_by: str | None
    updated_at: str = Field(json_schema_extra={"format": "date-time"})


class AlertChangeAnswer(Schema):
    """Confirms a change."""

    success: Literal[True] = True
    data: AlertChanged
    meta: ChangeMeta


def alert_changed(alert: Alert, action: Action) -> AlertChanged:
    """Return the confirmation of ``action``, a decision (contract 2.5)."""
    return AlertChanged(
        id=str(alert.id),
        status=Status(alert.status),
        action=_WORDS[action],
        resolution_type=None if alert.resolution_type is None else Resolution(alert.resolution_type),
        resolved_at=iso_utc_or_none(alert.resolved_at),
        resolved_by=alert.resolved_by,
        updated_at=iso_utc(alert.updated_at),
    )
