"""Pages of alerts by keyset: each page begins after the last alert of the one before, whatever has come or changed since.

Newest goes by when an alert was made, which never changes, so nothing is skipped or shown twice. Worst goes by severity
first; an alert that gets worse while somebody pages moves up, as everything new does, and is seen from the top.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from django.db.models import Q, QuerySet

from litesoc_server.alerts.assignment import HAS_FORMER_ASSIGNEE
from litesoc_server.alerts.models import Alert

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Sort(StrEnum):
    """In which order."""

    NEWEST = "newest"
    WORST = "worst"


class CursorInvalid(Exception):
    """The text names no place in a list."""


@dataclass(frozen=True)
class Cursor:
    """A place in a list: an alert's own place, after which the next page begins."""

    severity_rank: int
    created_at: datetime
    alert_id: uuid.UUID

    def __str__(self) -> str:
        return f"{self.severity_rank}.{(self.created_at - _EPOCH) // _MICROSECOND}.{self.alert_id.hex}"


def cursor_of(alert: Alert) -> Cursor:
    """Return the place of ``alert``."""
    return Cursor(alert.severity_rank, alert.created_at, alert.id)


def read_cursor(text: str) -> Cursor:
    """Return the place that ``str(cursor)`` names. Raises CursorInvalid."""
    try:
        rank, created_us, alert_id = text.split(".")
        return Cursor(int(rank[:2]), _EPOCH + int(created_us[:20]) * _MICROSECOND, uuid.UUID(alert_id))
    except (ValueError, OverflowError) as error:
        raise CursorInvalid("this is no place in a list of alerts") from error


@dataclass(frozen=True)
class AlertPage:
    """One page of a list. The alerts come without their incidents, which lists do not show."""

    alerts: Sequence[Alert]
    next: Cursor | None  # None: it is the last page


def page_of(alerts: QuerySet[Alert], *, sort: Sort, after: Cursor | None, limit: int) -> AlertPage:
    """Return up to ``limit`` of ``alerts`` after a place."""
    wanted = ordered(alerts, sort)
    if after is not None:
        wanted = wanted.filter(_beyond(after, sort))
    wanted = wanted.annotate(has_former_assignee=HAS_FORMER_ASSIGNEE)
    found = list(wanted.select_related("assignee").defer("incident_data")[: limit + 1])
    has_more = len(found) > limit
    found = found[:limit]
    return AlertPage(alerts=found, next=cursor_of(found[-1]) if has_more else None)


def ordered(alerts: QuerySet[Alert], sort: Sort) -> QuerySet[Alert]:
    """Return ``alerts`` in the order that pages have."""
    by_age = ("-created_at", "-id")
    return alerts.order_by(*by_age) if sort is Sort.NEWEST else alerts.order_by("-severity_rank", *by_age)


def neighbours(alerts: QuerySet[Alert], alert: Alert, sort: Sort) -> tuple[uuid.UUID | None, uuid.UUID | None]:
    """Return the ids of the alerts before and after ``alert`` in the list of ``alerts``, which need not hold it."""
    place = cursor_of(alert)
    following = ordered(alerts.filter(_beyond(place, sort)), sort).values_list("id", flat=True).first()
    preceding = ordered(alerts.filter(_ahead(place, sort)), sort).reverse().values_list("id", flat=True).first()
    return preceding, following


def _beyond(place: Cursor, sort: Sort) -> Q:
    """Return the condition of everything after ``place``. Its first part is what an index can search by."""
    older = Q(created_at__lte=place.created_at) & (Q(created_at__lt=place.created_at) | Q(id__lt=place.alert_id))
    if sort is Sort.NEWEST:
        return older
    milder = Q(severity_rank__lt=place.severity_rank)
    return Q(severity_rank__lte=place.severity_rank) & (milder | older)


def _ahead(place: Cursor, sort: Sort) -> Q:
    """Return the condition of everything before ``place``."""
    newer = Q(created_at__gte=place.created_at) & (Q(created_at__gt=place.created_at) | Q(id__gt=place.alert_id))
    if sort is Sort.NEWEST:
        return newer
    graver = Q(severity_rank__gt=place.severity_rank)
    return Q(severity_rank__gte=place.severity_rank) & (graver | newer)
