"""What the pages of one actor and one address have in common: a chart of days, and a timeline of events and alerts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Protocol

from litesoc_server import backend
from litesoc_server.alerts.models import Alert
from litesoc_server.events.event import Event
from litesoc_server.pipeline.policy import DAY_MS
from litesoc_server.search.query import Exactly, Query, Term
from litesoc_server.store.base import EventSearch
from litesoc_server.store.queries.span import Span
from litesoc_server.web.member import Member

TIMELINE_EVENTS = 120  # read
TIMELINE_MOMENTS = 40  # shown, once what repeats is one


class Day(Protocol):
    """One day of sums."""

    @property
    def start_ms(self) -> int: ...  # noqa: D102
    @property
    def events(self) -> int: ...  # noqa: D102
    @property
    def failures(self) -> int: ...  # noqa: D102


def day_chart(days: Iterable[Day], span: Span) -> Mapping[str, Any]:
    """Return a chart of events by day, failed logins apart, as frontend/src/chart.ts reads it."""
    found = {day.start_ms: day for day in days}
    starts_ms = range(span.start_ms // DAY_MS * DAY_MS, span.to_ms, DAY_MS)
    failures = [found[start].failures if start in found else 0 for start in starts_ms]
    others = [found[start].events - found[start].failures if start in found else 0 for start in starts_ms]
    return {
        "times": [start // 1000 for start in starts_ms],
        "bucket_s": DAY_MS // 1000,
        "series": [
            {"label": "Other events", "colour": "low", "values": others},
            {"label": "Failed logins", "colour": "high", "values": failures},
        ],
    }


@dataclass(frozen=True)
class Moment:
    """One entry of a timeline: an alert, or an event with those like it right before it."""

    at_ms: int  # event time, Unix ms, of the newest
    event: Event | None = None
    alert: Alert | None = None
    times: int = 1  # how many events it stands for
    since_ms: int = 0  # event time, Unix ms, of the oldest of them

    @property
    def likeness(self) -> object:
        """What events have in common that are shown as one."""
        event = self.event
        return None if event is None else (event.name, event.actor, event.user_ip, event.geo, event.risk is None)


def timeline(member: Member, field: str, value: str, span: Span, alerts: Iterable[Alert]) -> Sequence[Moment]:
    """Return the newest events with ``field:value`` and the alerts among them, newest first. Raises StoreUnavailable.

    Events alike that follow one another are one entry: two hundred failed logins say no more than their number.
    """
    where = EventSearch(
        query=Query((Term(field, (Exactly(value),)),)),
        environment=member.environment,
        from_ms=span.from_ms,
        to_ms=span.to_ms,
        not_before_ms=member.not_before_ms,
    )
    events = backend.current().reader.search_events(org_id=member.org_id, where=where, limit=TIMELINE_EVENTS)
    moments = [Moment(event.occurred_at_ms, event=event) for event in events.events]
    oldest_ms = moments[-1].at_ms if events.has_more else span.start_ms
    for alert in alerts:
        at_ms = round(alert.last_seen_at.timestamp() * 1000)
        if oldest_ms <= at_ms < span.to_ms:
            moments.append(Moment(at_ms, alert=alert))
    moments.sort(key=lambda moment: (-moment.at_ms, moment.event is not None))
    return list(_grouped(moments))[:TIMELINE_MOMENTS]


def _grouped(moments: Iterable[Moment]) -> Iterator[Moment]:
    """Yield the entries of a timeline: each alert, and each run of like events as one."""
    for likeness, run in groupby(moments, key=lambda moment: moment.likeness):
        if likeness is None:
            yield from run
            continue
        newest, *others = run
        yield replace(newest, times=1 + len(others), since_ms=(others or [newest])[-1].at_ms)
