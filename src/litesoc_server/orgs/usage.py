"""How much organisations use: counted by day and key, from what the store took in, before events can expire."""

import uuid
from datetime import UTC, date, datetime, timedelta

from django.db import transaction
from django.db.models import F, Sum

from litesoc_server.events.ids import OrgId
from litesoc_server.orgs.models import Organization, UsageDay, UsageMark
from litesoc_server.store.base import EventReader
from litesoc_server.store.queries.taken_by_key import TakenByKey

SETTLE_S = 60  # an insert becomes visible up to some seconds after the moment that it bears
STEP_S = 3_600  # counted in one transaction; after a long pause there are many
DAYS_KEPT = 800  # two years and two months


class CountedMeanwhile(Exception):
    """Another worker has counted the same stretch."""


def used_in_month(reader: EventReader, org_id: OrgId, *, now_ms: int) -> int:
    """Return how many events an organisation has sent in the calendar month (UTC) of ``now_ms``, as far as they are stored.

    Exact also where the first of them have expired. Raises StoreUnavailable and django.db.Error.
    """
    start = month_start(now_ms)
    mark = counted_until_s()
    while True:
        counted = _counted(org_id, start)
        since_ms = int(datetime(start.year, start.month, 1, tzinfo=UTC).timestamp()) * 1000
        rest = reader.count_received(org_id=org_id, from_ms=since_ms, to_ms=now_ms + 1, taken_from_s=mark)
        found, mark = mark, counted_until_s()
        if found == mark:
            return counted + rest


def month_start(now_ms: int) -> date:
    """Return the first day of the calendar month (UTC) of a moment, Unix ms."""
    return day_of(now_ms).replace(day=1)


def day_of(now_ms: int) -> date:
    """Return the day (UTC) of a moment, Unix ms."""
    return datetime.fromtimestamp(now_ms // 1000, UTC).date()


def next_month(month: date) -> date:
    """Return the first day of the month after that of ``month``."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def count_usage(reader: EventReader) -> int:
    """Count what the store took in since the last time, but for the last SETTLE_S, and return how many events that were.

    Raises StoreUnavailable and django.db.Error; what was counted until then stays counted.
    """
    total = 0
    while True:
        from_s = counted_until_s()
        span = reader.taken_span(since_s=from_s)
        until_s = span.now_s - SETTLE_S
        if span.first_s is None or span.first_s >= until_s:
            return total
        to_s = min(span.first_s - span.first_s % STEP_S + STEP_S, until_s)
        taken = reader.taken_by_key(from_s=from_s, to_s=to_s)
        try:
            _add(taken, from_s=from_s, to_s=to_s)
        except CountedMeanwhile:
            return total
        total += sum(one.events for one in taken)


def forget_old_usage(now_ms: int) -> None:
    """Delete the counts of more than DAYS_KEPT days ago."""
    oldest = day_of(now_ms) - timedelta(days=DAYS_KEPT)
    UsageDay.objects.filter(day__lt=oldest).delete()


def counted_until_s() -> int:
    """Return up to when, Unix s by the store's clock, what it took in is counted in UsageDay."""
    row = UsageMark.objects.first()
    return 0 if row is None else row.counted_until_s


def _counted(org_id: OrgId, start: date) -> int:
    days = UsageDay.objects.filter(org_id=uuid.UUID(org_id), day__gte=start, day__lt=next_month(start))
    return int(days.aggregate(events=Sum("events", default=0))["events"])


@transaction.atomic
def _add(taken: list[TakenByKey], *, from_s: int, to_s: int) -> None:
    """Add counts and move the mark from ``from_s`` to ``to_s``; both or neither. Raises CountedMeanwhile."""
    mark, _ = UsageMark.objects.get_or_create(id=1, defaults={"counted_until_s": 0})
    if not UsageMark.objects.filter(id=mark.id, counted_until_s=from_s).update(counted_until_s=to_s):
        raise CountedMeanwhile
    known = set(Organization.objects.filter(id__in={uuid.UUID(one.org_id) for one in taken}).values_list("id", flat=True))
    for one in taken:
        org_id = uuid.UUID(one.org_id)
        if org_id not in known:
            continue
        place = {"org_id": org_id, "day": one.day, "environment": one.environment.value}
        row, is_new = UsageDay.objects.get_or_create(
            **place, key_id=one.key_id, source=one.source, defaults={"events": one.events}
        )
        if not is_new:
            UsageDay.objects.filter(id=row.id).update(events=F("events") + one.events)
