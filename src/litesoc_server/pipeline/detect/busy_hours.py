"""How much of something somebody does in an hour, and whether that much is usual for them.

What is counted are units (records, exports) that come in events. The usual is kept as a histogram: for each day and each
power of two, whether any hour of that day reached it. So "p95 of the busiest hours is below x" is one question: did at most
5 % of the days reach x? The days of this and of the previous span of 30 days count, so habits of long ago fade.

A day's marks are set whatever the order of arrival: of all windows of an hour that contain an event, each belongs to the day
in which it begins, and whichever of its events is judged last sees all of it.
"""

from collections.abc import Iterable, Iterator

import msgspec

from litesoc_server.events.event import Event
from litesoc_server.events.ids import EventId
from litesoc_server.pipeline.detect.subjects import scope_of
from litesoc_server.pipeline.policy import DAY_MS, HOUR_MS
from litesoc_server.pipeline.state.base import LATENESS_MS, Seen, Steps, count, known, peek, seen

_SPAN_DAYS = 30
_KEPT_MS = 2 * _SPAN_DAYS * DAY_MS  # a span's marks are asked for until the next span is over


class Hour(msgspec.Struct, frozen=True):
    """The fullest hour around one event."""

    units: int  # at least; exact while the hour holds no more events than the state names (50)
    first_ms: int
    last_ms: int
    event_ids: tuple[EventId, ...]
    event_count: int
    by_day: tuple[tuple[int, int, int], ...]  # day, the most units of an hour that begins in it: before the event, with it


class Usual(msgspec.Struct, frozen=True):
    """How often somebody did that much before."""

    days_count: int  # days on which they did it at all
    busy_days_count: int  # days on which an hour reached the asked amount
    amount: int  # the asked amount, a power of two

    def is_rare(self, share: float) -> bool:
        """Return whether at most ``share`` of the days reached the amount: then the (1 - share) quantile is below it."""
        return self.busy_days_count <= share * self.days_count


def count_units(event: Event, subject: str, units: int) -> Steps[Hour]:
    """Count ``units`` of ``subject`` at the time of ``event`` and return the fullest hour that contains the event."""
    key, at_ms = f"{scope_of(event)}units|{subject}", event.occurred_at_ms
    member = f"{at_ms}|{event.event_id}|{units}"
    fullest = yield from count(key=key, window_ms=HOUR_MS, at_ms=at_ms, member=member)
    if fullest.count == 1:
        around = fullest
    else:
        around = yield from peek(key=key, window_ms=2 * HOUR_MS, at_ms=at_ms + HOUR_MS)
    hour = _fullest_hour(_entries(around.members), at_ms, event.event_id)
    if fullest.count <= hour.event_count:
        return hour
    # More events than the state names: those without a name count as one unit each.
    named = _entries(fullest.members)
    least = sum(entry.units for entry in named) + fullest.count - len(named)
    day = fullest.first_ms // DAY_MS
    return Hour(
        units=max(least, hour.units),
        first_ms=fullest.first_ms,
        last_ms=fullest.last_ms,
        event_ids=tuple(entry.event_id for entry in named),
        event_count=fullest.count,
        by_day=(*hour.by_day, (day, least - units, least)),
    )


def note_hour(event: Event, subject: str, hour: Hour, least: int) -> Steps[None]:
    """Keep in mind what an hour of ``subject`` came to. Amounts between 1 and ``least`` are of no interest."""
    for day, before, units in hour.by_day:
        for amount in _amounts(before, units, least):
            yield from seen(
                key=_usual_key(event, subject, day // _SPAN_DAYS),
                value=_label(amount, day),
                at_ms=day * DAY_MS,
                member=str(day),
                ttl_ms=_KEPT_MS,
            )


def usual_of(event: Event, subject: str, amount: float) -> Steps[Usual]:
    """Return on how many days before the event an hour of ``subject`` reached ``amount``, cut to a power of two."""
    day = (event.occurred_at_ms - LATENESS_MS) // DAY_MS
    rounded = 1 << max(0, int(amount).bit_length() - 1)
    days_count = yield from _days(event, subject, 1, day)
    busy_days_count = 0
    if days_count:
        busy_days_count = yield from _days(event, subject, rounded, day)
    return Usual(days_count, busy_days_count, rounded)


def _days(event: Event, subject: str, amount: int, day: int) -> Steps[int]:
    total = 0
    span = day // _SPAN_DAYS
    for key in (_usual_key(event, subject, span - 1), _usual_key(event, subject, span)):
        for neighbour in (day, day + 1):
            found: Seen = yield from known(key=key, value=_label(amount, neighbour), at_ms=day * DAY_MS)
            total += found.count
    return total


def _usual_key(event: Event, subject: str, span: int) -> str:
    return f"{scope_of(event)}busy hours|{span}|{subject}"


def _label(amount: int, day: int) -> str:
    """Return what a mark stands under. Even and odd days apart: so a day and the one after it are never folded together."""
    return f"{amount}|{day & 1}"


def _amounts(before: int, units: int, least: int) -> Iterator[int]:
    """Yield the powers of two above ``before`` and up to ``units``, those below ``least`` left out but for 1."""
    if before < 1 <= units:
        yield 1
    amount = 1 << max(1, before.bit_length(), (least - 1).bit_length() if least > 1 else 1)
    while amount <= units:
        yield amount
        amount *= 2


class _Entry(msgspec.Struct, frozen=True, gc=False, order=True):
    at_ms: int
    event_id: EventId
    units: int


def _entries(members: Iterable[str]) -> list[_Entry]:
    """Return what was counted, in order: time, event and units stand in a member's name."""
    entries: list[_Entry] = []
    for member in members:
        at_ms, event_id, units = member.split("|")
        entries.append(_Entry(int(at_ms), EventId(event_id), int(units)))
    return sorted(entries)


def _fullest_hour(entries: list[_Entry], at_ms: int, event_id: str) -> Hour:
    """Return the hour with the most units among those that begin with one of ``entries`` and contain the event."""
    mine = next((index for index, entry in enumerate(entries) if entry.event_id == event_id), len(entries) - 1)
    best, best_range = -1, (0, 0)
    by_day: dict[int, tuple[int, int]] = {}
    for start, first in enumerate(entries[: mine + 1]):
        if first.at_ms < at_ms - HOUR_MS:
            continue
        inside = [entry for entry in entries[start:] if entry.at_ms <= first.at_ms + HOUR_MS]
        before, units = sum(entry.units for entry in inside[: mine - start]), sum(entry.units for entry in inside)
        day = first.at_ms // DAY_MS
        known_before, known_units = by_day.get(day, (0, 0))
        by_day[day] = (max(known_before, before), max(known_units, units))
        if units > best:
            best, best_range = units, (start, start + len(inside))
    chosen = entries[slice(*best_range)]
    return Hour(
        units=best,
        first_ms=chosen[0].at_ms,
        last_ms=chosen[-1].at_ms,
        event_ids=tuple(entry.event_id for entry in chosen),
        event_count=len(chosen),
        by_day=tuple((day, before, units) for day, (before, units) in by_day.items()),
    )
