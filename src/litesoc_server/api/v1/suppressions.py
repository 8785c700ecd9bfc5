"""`/detection/suppressions`: decisions that certain detections need no alert for a while."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from ninja import Query, Router, Schema
from pydantic import ConfigDict, Field

from litesoc_server.api.caller import ApiRequest, KeyAuth
from litesoc_server.api.errors import not_found
from litesoc_server.api.v1.detection_policy import who_calls
from litesoc_server.api.v1.metas import list_meta, one_meta
from litesoc_server.api.v1.schemas import CHANGE_ERRORS, READ_ERRORS, Limit, ListMeta, Meta, Moment, Offset, Pagination
from litesoc_server.ingest.keys import Scope
from litesoc_server.ingest.responses import ErrorCode, Refused
from litesoc_server.orgs.access import get_suppression, organization_of, visible_suppressions
from litesoc_server.orgs.models import Suppression, SuppressionState
from litesoc_server.orgs.suppressions import (
    LASTS_MAX,
    OWNER_LENGTH_MAX,
    REASON_LENGTH_MAX,
    create_suppression,
    end_suppression,
)
from litesoc_server.sources.timestamps import parse_rfc3339_ms
from litesoc_server.wire.moments import iso_utc, iso_utc_or_none

router = Router(tags=["detection"])
PAGE_LIMIT = 200  # rows
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_MATCHES = "With others that are given it must match together; at least one is needed."


class SuppressionIn(Schema):
    """What is not to become an alert."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: str = Field(min_length=1, max_length=REASON_LENGTH_MAX, examples=["load test until Friday"])
    expires_at: Moment = Field(
        description="RFC 3339 with an offset, at most 366 days ahead.", examples=["2026-12-01T00:00:00Z"]
    )
    owner: str | None = Field(
        default=None, max_length=OWNER_LENGTH_MAX, description="Who answers for it; else the name of the key."
    )
    detector: str | None = Field(default=None, description=f"A detector's id. {_MATCHES}", examples=["brute_force_address"])
    actor_id: str | None = Field(default=None, description="An actor's id.")
    address: str | None = Field(default=None, description="An address or a CIDR range.", examples=["203.0.113.0/24"])


class SuppressionOut(Schema):
    """One suppression."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    state: SuppressionState
    owner: str
    reason: str
    detector: str | None
    actor_id: str | None
    address: str | None
    created_at: Moment
    expires_at: Moment
    ended_at: Moment | None
    hit_count: int = Field(description="Detections that became no alert.")
    last_hit_at: Moment | None


class SuppressionAnswer(Schema):
    """One suppression."""

    success: Literal[True] = True
    data: SuppressionOut
    meta: Meta


class SuppressionList(Schema):
    """A page of suppressions, newest first."""

    success: Literal[True] = True
    data: list[SuppressionOut]
    pagination: Pagination
    meta: ListMeta


class SuppressionQuery(Schema):
    """What to list."""

    state: SuppressionState | None = None
    limit: Limit = PAGE_LIMIT
    offset: Offset = 0


@router.get(
    "/detection/suppressions",
    auth=KeyAuth(Scope.READ),
    response={200: SuppressionList, **READ_ERRORS},
    summary="List suppressions",
    operation_id="listSuppressions",
)
def list_suppressions(request: ApiRequest, query: Query[SuppressionQuery]) -> SuppressionList:
    """Newest first, with those that expired or were ended."""
    caller = request.caller
    limit, offset = min(query.limit, PAGE_LIMIT), query.offset
    found = visible_suppressions(organization_of(caller.record.org_id), state=query.state)
    total = found.count()
    page = list(found[offset : offset + limit])
    return SuppressionList(
        data=[_out(suppression) for suppression in page],
        pagination=Pagination(total=total, limit=limit, offset=offset, has_more=offset + len(page) < total),
        meta=list_meta(caller, max_limit=PAGE_LIMIT),
    )


@router.post(
    "/detection/suppressions",
    auth=KeyAuth(Scope.MANAGE, is_live_only=True),
    response={200: SuppressionAnswer, **CHANGE_ERRORS},
    summary="Suppress detections",
    operation_id="createSuppression",
)
def create(request: ApiRequest, wanted: SuppressionIn) -> SuppressionAnswer:
    """In force within 5 seconds, for events of before `expires_at`. What is suppressed is counted, not lost."""
    caller = request.caller
    expires_ms = parse_rfc3339_ms(wanted.expires_at.strip())
    if expires_ms is None:
        raise Refused(ErrorCode.VALIDATION_FAILED, 'expires_at must be RFC 3339 with an offset, e.g. "2026-12-01T00:00:00Z"')
    try:
        expires_at = _EPOCH + timedelta(milliseconds=expires_ms)
    except OverflowError as error:  # the offset leads out of the years 1 to 9999
        message = f"expires_at must be in the future and at most {LASTS_MAX.days} days away"
        raise Refused(ErrorCode.VALIDATION_FAILED, message) from error
    suppression = create_suppression(
        organization_of(caller.record.org_id),
        owner=wanted.owner or caller.record.key_name,
        reason=wanted.reason,
        expires_at=expires_at,
        detector=wanted.detector,
        actor=wanted.actor_id,
        address=wanted.address,
        who=who_calls(caller, wanted.owner),
    )
    return SuppressionAnswer(data=_out(suppression), meta=one_meta(caller))


@router.delete(
    "/detection/suppressions/{suppression_id}",
    auth=KeyAuth(Scope.MANAGE, is_live_only=True),
    response={200: SuppressionAnswer, **CHANGE_ERRORS},
    summary="End a suppression",
    operation_id="endSuppression",
)
def end(request: ApiRequest, suppression_id: str) -> SuppressionAnswer:
    """Stop it within 5 seconds; it stays in the list. Ending it again changes nothing."""
    caller = request.caller
    try:
        suppression = get_suppression(organization_of(caller.record.org_id), suppression_id)
    except Suppression.DoesNotExist as error:
        raise not_found() from error
    return SuppressionAnswer(data=_out(end_suppression(suppression, who=who_calls(caller, None))), meta=one_meta(caller))


def _out(suppression: Suppression) -> SuppressionOut:
    return SuppressionOut(
        id=str(suppression.id),
        state=suppression.state,
        owner=suppression.owner,
        reason=suppression.reason,
        detector=suppression.detector,
        actor_id=suppression.actor_id,
        address=suppression.address,
        created_at=iso_utc(suppression.created_at),
        expires_at=iso_utc(suppression.expires_at),
        ended_at=iso_utc_or_none(suppression.ended_at),
        hit_count=suppression.hit_count,
        last_hit_at=iso_utc_or_none(suppression.last_hit_at),
    )
