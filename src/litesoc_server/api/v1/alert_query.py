"""What a list of alerts is asked by (contract 1.7)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from django.db.models import QuerySet
from ninja import Schema
from pydantic import BeforeValidator, Field

from litesoc_server.alerts.models import Alert, Status
from litesoc_server.alerts.search import search_alerts
from litesoc_server.api.v1.schemas import Limit, Offset, QueryText
from litesoc_server.events.detection import AlertSeverity, AlertType
from litesoc_server.orgs.plans import ALERTS_PAGE_DEFAULT
from litesoc_server.search.alert_fields import ALERT_FIELDS
from litesoc_server.search.parse import parse

# Spellings of older documents, still sent by clients written after them.
_OLD_STATUSES = {"active": "open", "safe": "dismissed"}
_OLD_TYPES = {"brute_force": "brute_force_attack"}

# What the databases and their drivers can compare with, a day away from the ends so that a change of zone stays inside.
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 12, 30, tzinfo=UTC)


def _spelled(old: Mapping[str, str]) -> BeforeValidator:
    def canonical(value: object) -> object:
        return old.get(value.strip().lower(), value.strip().lower()) if isinstance(value, str) else value

    return BeforeValidator(canonical)


def _start(value: object) -> object:
    return _moment(value)[0] if isinstance(value, str) else value


def _end(value: object) -> object:
    """Return the first moment that is no longer included: times are shown in milliseconds, so one of them is whole."""
    if not isinstance(value, str):
        return value
    moment, length = _moment(value)
    return _LATEST if moment == _LATEST else moment + length


def _moment(text: str) -> tuple[datetime, timedelta]:
    """Read an ISO 8601 date or time, and how long what it names lasts. Times without a zone are UTC."""
    text = text.strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError("must be an ISO 8601 date or time, e.g. 2026-08-09 or 2026-08-09T07:12:44Z") from error
    is_date = len(text) <= len("2026-08-09")
    moment = _in_range(moment.replace(tzinfo=moment.tzinfo or UTC, microsecond=moment.microsecond // 1000 * 1000))
    return moment, timedelta(days=1) if is_date else timedelta(milliseconds=1)


def _in_range(moment: datetime) -> datetime:
    offset = moment.utcoffset() or timedelta()
    at = moment.replace(tzinfo=UTC)
    if at <= _EARLIEST + offset:
        return _EARLIEST
    return _LATEST if at >= _LATEST + offset else moment.astimezone(UTC)


_FORMATS: dict[str, Any] = {
    "anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}],
    "examples": ["2026-08-09", "2026-08-09T07:12:44Z"],
}


StartDate = Annotated[
    datetime | None,
    BeforeValidator(_start),
    Field(description="Created at or after this date or time (UTC).", json_schema_extra=_FORMATS),
]
EndDate = Annotated[
    datetime | None,
    BeforeValidator(_end),
    Field(description="Created at or before this date or time (UTC); a date is included whole.", json_schema_extra=_FORMATS),
]


class AlertQuery(Schema):
    """What to list."""

    status: Annotated[Status | None, _spelled(_OLD_STATUSES)] = Field(
        default=None, description="`active` and `safe` are read as `open` and `dismissed`."
    )
    severity: Annotated[AlertSeverity | None, _spelled({})] = None
    alert_type: Annotated[AlertType | None, _spelled(_OLD_TYPES)] = None
    start_date: StartDate = None
    end_date: EndDate = None
    query: QueryText | None = Field(
        default=None,
        description="Terms that must all hold, beside the other filters: docs/reference/search.md.",
        examples=["status:open severity:high,critical -actor:usr_8841"],
    )
    limit: Limit = ALERTS_PAGE_DEFAULT
    offset: Offset = 0


def matching(alerts: QuerySet[Alert], query: AlertQuery) -> QuerySet[Alert]:
    """Return those of ``alerts`` that match every given filter. Raises QueryError."""
    wanted = {
        "status": query.status,
        "severity": query.severity,
        "alert_type": query.alert_type,
        "created_at__gte": query.start_date,
        "created_at__lt": query.end_date,
    }
    filtered = alerts.filter(**{field: value for field, value in wanted.items() if value is not None})
    return search_alerts(filtered, parse(query.query or "", ALERT_FIELDS))
