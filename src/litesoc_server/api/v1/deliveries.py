"""`/notifications/deliveries`: the log of what was sent, what came back, and sending it again."""

from typing import Any, Literal

from ninja import Query, Router, Schema
from pydantic import Field

from litesoc_server.api.caller import ApiRequest
from litesoc_server.api.v1.metas import list_meta, one_meta
from litesoc_server.api.v1.notification_requests import CHANGES, PAGE_LIMIT, READS, found, moment, org_of, who_of
from litesoc_server.api.v1.schemas import (
    CHANGE_ERRORS,
    READ_ERRORS,
    FilterText,
    Limit,
    ListMeta,
    Meta,
    Moment,
    Offset,
    Pagination,
)
from litesoc_server.notify.access import get_channel, get_delivery, visible_deliveries
from litesoc_server.notify.models import Delivery, DeliveryAttempt, DeliveryStatus
from litesoc_server.notify.replay import replay
from litesoc_server.wire.moments import iso_utc, iso_utc_or_none

router = Router(tags=["notifications"])
ATTEMPTS_MAX = 100  # shown of one delivery, the newest


class AttemptOut(Schema):
    """One try."""

    at: Moment
    is_success: bool
    status: int | None = Field(description="Of HTTP or SMTP.")
    duration_ms: int
    request: str = Field(description="As it was sent, without secrets.")
    answer: str = Field(description="Its beginning.")
    error: str


class DeliveryOut(Schema):
    """One notification on its way through one channel."""

    id: str = Field(description="Also the `webhook-id` of each attempt.", json_schema_extra={"format": "uuid"})
    channel_id: str = Field(json_schema_extra={"format": "uuid"})
    occasion: str = Field(examples=["alert.created"])
    alert_id: str | None = Field(json_schema_extra={"format": "uuid"})
    status: DeliveryStatus
    reason: str = Field(description="Why it failed, waits or was cancelled.")
    created_at: Moment
    due_at: Moment
    finished_at: Moment | None
    attempts_count: int = Field(description="Since it was made, or asked for again.")


class DeliveryDetailOut(DeliveryOut):
    """The same with its attempts."""

    attempts: list[AttemptOut] = Field(description="Newest first, at most 100.")


class DeliveryAnswer(Schema):
    """One delivery."""

    success: Literal[True] = True
    data: DeliveryDetailOut
    meta: Meta


class DeliveryList(Schema):
    """A page of deliveries, newest first."""

    success: Literal[True] = True
    data: list[DeliveryOut]
    pagination: Pagination
    meta: ListMeta


class DeliveryQuery(Schema):
    """What to list."""

    channel_id: FilterText | None = None
    status: DeliveryStatus | None = None
    since: FilterText | None = Field(default=None, description="RFC 3339 with an offset.")
    limit: Limit = PAGE_LIMIT
    offset: Offset = 0


@router.get(
    "/notifications/deliveries",
    auth=READS,
    response={200: DeliveryList, **READ_ERRORS},
    summary="List deliveries",
    operation_id="listDeliveries",
)
def list_deliveries(request: ApiRequest, query: Query[DeliveryQuery]) -> DeliveryList:
    """Newest first. They are kept for 30 days."""
    org, wanted_channel = org_of(request), query.channel_id
    channel = None if wanted_channel is None else found(lambda: get_channel(org, wanted_channel))
    since = None if query.since is None else moment("since", query.since)
    rows = visible_deliveries(org, channel=channel, status=query.status, since=since)
    limit, offset, total = min(query.limit, PAGE_LIMIT), query.offset, rows.count()
    page = list(rows[offset : offset + limit])
    return DeliveryList(
        data=[DeliveryOut(**_fields(delivery)) for delivery in page],
        pagination=Pagination(total=total, limit=limit, offset=offset, has_more=offset + len(page) < total),
        meta=list_meta(request.caller, max_limit=PAGE_LIMIT),
    )


@router.get(
    "/notifications/deliveries/{delivery_id}",
    auth=READS,
    response={200: DeliveryAnswer, **READ_ERRORS},
    summary="Read a delivery",
    operation_id="getDelivery",
)
def read(request: ApiRequest, delivery_id: str) -> DeliveryAnswer:
    """With what was sent at each attempt, and what came back."""
    return delivery_answer(request, found(lambda: get_delivery(org_of(request), delivery_id)))


@router.post(
    "/notifications/deliveries/{delivery_id}/replay",
    auth=CHANGES,
    response={200: DeliveryAnswer, **CHANGE_ERRORS},
    summary="Send a delivery again",
    operation_id="replayDelivery",
)
def send_again(request: ApiRequest, delivery_id: str) -> DeliveryAnswer:
    """With the same id and body, also one that was delivered."""
    delivery = found(lambda: get_delivery(org_of(request), delivery_id))
    return delivery_answer(request, replay(delivery, who=who_of(request)))


def delivery_answer(request: ApiRequest, delivery: Delivery) -> DeliveryAnswer:
    """Return a delivery with its attempts as clients see it."""
    attempts = [attempt_out(row) for row in delivery.attempts.all()[:ATTEMPTS_MAX]]
    return DeliveryAnswer(data=DeliveryDetailOut(**_fields(delivery), attempts=attempts), meta=one_meta(request.caller))


def attempt_out(row: DeliveryAttempt) -> AttemptOut:
    """Return one try as clients see it."""
    return AttemptOut(
        at=iso_utc(row.at),
        is_success=row.is_success,
        status=row.status,
        duration_ms=row.duration_ms,
        request=row.request,
        answer=row.answer,
        error=row.error,
    )


def _fields(delivery: Delivery) -> dict[str, Any]:
    alert_id = delivery.notification.alert_id
    return {
        "id": str(delivery.pk),
        "channel_id": str(delivery.channel_id),
        "occasion": delivery.notification.occasion,
        "alert_id": None if alert_id is None else str(alert_id),
        "status": DeliveryStatus(delivery.status),
        "reason": delivery.reason,
        "created_at": iso_utc(delivery.created_at),
        "due_at": iso_utc(delivery.due_at),
        "finished_at": iso_utc_or_none(delivery.finished_at),
        "attempts_count": delivery.attempts_count,
    }
