"""`/notifications/escalations`: who is told when nobody acknowledges an alert in time."""

from typing import Literal

from ninja import Router, Schema
from pydantic import ConfigDict, Field

from litesoc_server.api.caller import ApiRequest
from litesoc_server.api.v1.member_requests import GoneAnswer
from litesoc_server.api.v1.metas import one_meta
from litesoc_server.api.v1.notification_requests import CHANGES, READS, found, org_of, who_of
from litesoc_server.api.v1.routes import SeverityText
from litesoc_server.api.v1.schemas import CHANGE_ERRORS, READ_ERRORS, Meta, Moment
from litesoc_server.events.detection import AlertSeverity
from litesoc_server.notify.access import get_channel, get_rule, visible_rules
from litesoc_server.notify.models import EscalationRule
from litesoc_server.notify.route_changes import AFTER_MINUTES_MAX, add_rule, change_rule, remove_rule
from litesoc_server.wire.moments import iso_utc

router = Router(tags=["notifications"])


class EscalationIn(Schema):
    """An escalation to add."""

    model_config = ConfigDict(extra="forbid", strict=True)

    channel_id: str = Field(max_length=36)
    min_severity: SeverityText = "high"
    after_minutes: int = Field(
        ge=1, le=AFTER_MINUTES_MAX, description="Open and not acknowledged for so long.", examples=[15]
    )


class EscalationChangeIn(Schema):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid", strict=True)

    min_severity: SeverityText | None = None
    after_minutes: int | None = Field(default=None, ge=1, le=AFTER_MINUTES_MAX)
    is_enabled: bool | None = None


class EscalationOut(Schema):
    """One escalation."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    channel_id: str = Field(json_schema_extra={"format": "uuid"})
    min_severity: SeverityText
    after_minutes: int
    is_enabled: bool
    created_at: Moment


class EscalationAnswer(Schema):
    """One escalation."""

    success: Literal[True] = True
    data: EscalationOut
    meta: Meta


class EscalationList(Schema):
    """All escalations, the quickest first."""

    success: Literal[True] = True
    data: list[EscalationOut]
    meta: Meta


@router.get(
    "/notifications/escalations",
    auth=READS,
    response={200: EscalationList, **READ_ERRORS},
    summary="List escalations",
    operation_id="listEscalations",
)
def list_escalations(request: ApiRequest) -> EscalationList:
    """List them, the quickest first."""
    rows = [_rule_out(rule) for rule in visible_rules(org_of(request))]
    return EscalationList(data=rows, meta=one_meta(request.caller))


@router.post(
    "/notifications/escalations",
    auth=CHANGES,
    response={200: EscalationAnswer, **CHANGE_ERRORS},
    summary="Add an escalation",
    operation_id="addEscalation",
)
def add_escalation(request: ApiRequest, wanted: EscalationIn) -> EscalationAnswer:
    """Tell a channel of live alerts that nobody acknowledges in time."""
    channel = found(lambda: get_channel(org_of(request), wanted.channel_id))
    severity = AlertSeverity(wanted.min_severity)
    rule = add_rule(channel, min_severity=severity, after_minutes=wanted.after_minutes, who=who_of(request))
    return EscalationAnswer(data=_rule_out(rule), meta=one_meta(request.caller))


@router.patch(
    "/notifications/escalations/{escalation_id}",
    auth=CHANGES,
    response={200: EscalationAnswer, **CHANGE_ERRORS},
    summary="Change an escalation",
    operation_id="changeEscalation",
)
def change_escalation(request: ApiRequest, escalation_id: str, wanted: EscalationChangeIn) -> EscalationAnswer:
    """Change what is sent; what is left out stays."""
    rule = found(lambda: get_rule(org_of(request), escalation_id))
    severity = None if wanted.min_severity is None else AlertSeverity(wanted.min_severity)
    change_rule(
        rule,
        min_severity=severity,
        after_minutes=wanted.after_minutes,
        is_enabled=wanted.is_enabled,
        who=who_of(request),
    )
    return EscalationAnswer(data=_rule_out(rule), meta=one_meta(request.caller))


@router.delete(
    "/notifications/escalations/{escalation_id}",
    auth=CHANGES,
    response={200: GoneAnswer, **CHANGE_ERRORS},
    summary="Remove an escalation",
    operation_id="removeEscalation",
)
def remove_escalation(request: ApiRequest, escalation_id: str) -> GoneAnswer:
    """Escalate by it no more."""
    remove_rule(found(lambda: get_rule(org_of(request), escalation_id)), who=who_of(request))
    return GoneAnswer(meta=one_meta(request.caller))


def _rule_out(rule: EscalationRule) -> EscalationOut:
    return EscalationOut(
        id=str(rule.pk),
        channel_id=str(rule.channel_id),
        min_severity=AlertSeverity(rule.min_severity).value,
        after_minutes=rule.after_minutes,
        is_enabled=rule.is_enabled,
        created_at=iso_utc(rule.created_at),
    )
