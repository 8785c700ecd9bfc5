"""What an organisation used this month, by day, environment and key, and what is to be expected."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import Sum

from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.ingest.responses import ErrorCode
from litesoc_server.orgs.models import Organization, UsageDay, UsageRefusal
from litesoc_server.orgs.usage import counted_until_s, month_start, next_month
from litesoc_server.orgs.usage_forecast import DAYS_LOOKED_AT, Forecast, forecast
from litesoc_server.pipeline.policy import DAY_MS
from litesoc_server.store.base import EventReader, StoreUnavailable

DAYS_SHOWN = 30
_NEVER_S = 2**32 - 1  # the end of the store's clock


@dataclass(frozen=True, kw_only=True)
class DayUsage:
    """Events of one day, UTC."""

    day: date
    live: int
    test: int


@dataclass(frozen=True, kw_only=True)
class KeyUsage:
    """Events that one key sent this month."""

    key_id: str
    source: str
    environment: Environment
    events: int


@dataclass(frozen=True, kw_only=True)
class UsageReport:
    """The month so far."""

    month: date  # its first day, UTC
    next_month: date
    used: int
    limit: int | None
    days: Sequence[DayUsage]  # the last DAYS_SHOWN, those without events among them
    environments: Mapping[Environment, int]
    keys: Sequence[KeyUsage]  # most events first
    refused: Mapping[ErrorCode, int]  # requests this month, by the limit that refused them
    forecast: Forecast | None
    is_store_away: bool  # the events of the last minutes are not in it then

    @property
    def remaining(self) -> int | None:
        """How many more fit into this month; None: any number."""
        return None if self.limit is None else max(0, self.limit - self.used)

    @property
    def percent(self) -> int | None:
        """How far the month is used up, rounded down so that 100 means full."""
        return None if self.limit is None else min(100, self.used * 100 // self.limit)

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing at all, lately and this month."""
        return not self.used and not any(one.live or one.test for one in self.days)


def usage_report(reader: EventReader, org: Organization, *, limit: int | None, now_ms: int) -> UsageReport:
    """Return what ``org`` used in the calendar month (UTC) of ``now_ms``. Raises django.db.Error."""
    month, today = month_start(now_ms), datetime.fromtimestamp(now_ms // 1000, UTC).date()
    rows, is_store_away = _rows(reader, org, since=min(month, today - timedelta(days=max(DAYS_SHOWN, DAYS_LOOKED_AT))))
    by_day: Counter[tuple[date, str]] = Counter()
    by_key: Counter[tuple[str, str, str]] = Counter()
    for (day, environment, key_id, source), events in rows.items():
        by_day[day, environment] += events
        if day >= month:
            by_key[key_id, source, environment] += events
    days = [
        DayUsage(day=day, live=by_day[day, Environment.LIVE.value], test=by_day[day, Environment.TEST.value])
        for day in (today - timedelta(days=age) for age in reversed(range(DAYS_SHOWN)))
    ]
    used = by_key.total()
    return UsageReport(
        month=month,
        next_month=next_month(month),
        used=used,
        limit=limit,
        days=days,
        environments={
            one: sum(n for (_, _, environment), n in by_key.items() if environment == one.value) for one in Environment
        },
        keys=[
            KeyUsage(key_id=key_id, source=source, environment=Environment(environment), events=events)
            for (key_id, source, environment), events in by_key.most_common()
        ],
        refused=_refused(org, month),
        forecast=forecast(_whole_days(days), used=used, days_left=_days_left(now_ms, next_month(month)), limit=limit),
        is_store_away=is_store_away,
    )


_Rows = Counter[tuple[date, str, str, str]]  # events by day, environment, key and source


def _rows(reader: EventReader, org: Organization, *, since: date) -> tuple[_Rows, bool]:
    mark = counted_until_s()
    while True:
        rows: _Rows = Counter()
        for row in UsageDay.objects.filter(org=org, day__gte=since):
            rows[row.day, row.environment, row.key_id, row.source] += row.events
        try:
            rest = reader.taken_by_key(from_s=mark, to_s=_NEVER_S, org_id=OrgId(str(org.id)))
        except StoreUnavailable:
            return rows, True
        before, mark = mark, counted_until_s()
        if before == mark:  # else some of the rest has just been counted
            break
    for one in rest:
        rows[one.day, one.environment.value, one.key_id, one.source] += one.events
    return rows, False


def _refused(org: Organization, month: date) -> Mapping[ErrorCode, int]:
    days = UsageRefusal.objects.filter(org=org, day__gte=month, day__lt=next_month(month)).values("code")
    found = {row["code"]: row["total"] for row in days.annotate(total=Sum("requests"))}
    return {code: found.get(code.value, 0) for code in (ErrorCode.RATE_LIMIT_EXCEEDED, ErrorCode.QUOTA_EXCEEDED)}


def _whole_days(days: Sequence[DayUsage]) -> list[int]:
    """Return the events of the days that are over, from the first one with any: before it nothing was sent here."""
    events = [one.live + one.test for one in days[:-1]]
    first = next((at for at, count in enumerate(events) if count), len(events))
    return events[first:]


def _days_left(now_ms: int, until: date) -> float:
    end = datetime(until.year, until.month, 1, tzinfo=UTC)
    return (end.timestamp() * 1000 - now_ms) / DAY_MS
