"""What is asked about sources: how each one stands, and what came of its deliveries."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from django.utils import timezone

from litesoc_server.events.envelope import Environment
from litesoc_server.inbound.models import SourceConnection, SourceCount
from litesoc_server.ingest.source_counts import DELIVERED, IGNORED, KEPT_UNKNOWN, QUEUED, RECEIVED, REFUSED
from litesoc_server.orgs.models import Organization
from litesoc_server.sources.base import ConnectedSource, WebhookSource
from litesoc_server.sources.registry import connected_sources

COUNTED_DAYS = 7  # today included


class SourceStatus(StrEnum):
    """How a source stands."""

    NOT_SET_UP = "not_set_up"
    WAITING = "waiting"  # set up, or delivered to, and no event has come yet
    RECEIVING = "receiving"
    ERRORS = "errors"  # the last delivery was refused
    OFF = "off"

    @property
    def label(self) -> str:
        """The status as people read it."""
        return _LABELS[self]


_LABELS = {
    SourceStatus.NOT_SET_UP: "Not set up",
    SourceStatus.WAITING: "Waiting for the first event",
    SourceStatus.RECEIVING: "Receiving",
    SourceStatus.ERRORS: "Errors",
    SourceStatus.OFF: "Switched off",
}


@dataclass(frozen=True, kw_only=True)
class SourceState:
    """One source of one environment, with the counts of the last COUNTED_DAYS days."""

    source: ConnectedSource
    connection: SourceConnection | None
    totals: Counter[str] = field(default_factory=Counter[str])  # by outcome
    days: tuple[tuple[date, int], ...] = ()  # events of each of these days, oldest first

    @property
    def status(self) -> SourceStatus:
        """How it stands."""
        row = self.connection
        if row is None:
            return SourceStatus.NOT_SET_UP
        if not row.is_enabled:
            return SourceStatus.OFF
        if row.last_refused_at is not None and (row.last_received_at is None or row.last_refused_at > row.last_received_at):
            return SourceStatus.ERRORS
        return SourceStatus.WAITING if row.last_event_at is None else SourceStatus.RECEIVING

    @property
    def last_event_at(self) -> datetime | None:
        """When a delivery last brought an event."""
        return None if self.connection is None else self.connection.last_event_at

    @property
    def received(self) -> int:
        """Records that were delivered."""
        return self.totals[RECEIVED]

    @property
    def queued(self) -> int:
        """Records that became events."""
        return self.totals[QUEUED]

    @property
    def kept_unknown(self) -> int:
        """Records that became events although their type, or their event name, is not a known one."""
        return self.totals[KEPT_UNKNOWN]

    @property
    def has_types(self) -> bool:
        """Whether its records have types, of which unknown ones can be kept; else they name the event themselves."""
        return isinstance(self.source, WebhookSource)

    @property
    def ignored(self) -> dict[str, int]:
        """Records that became none, by reason."""
        return _by_reason(self.totals, IGNORED)

    @property
    def refused(self) -> dict[str, int]:
        """Deliveries that were refused, by reason."""
        return _by_reason(self.totals, REFUSED)

    @property
    def error_rate(self) -> float | None:
        """The share of deliveries that were refused, 0 to 1; None when there were none."""
        refused = sum(self.refused.values())
        deliveries = self.totals[DELIVERED] + refused
        return refused / deliveries if deliveries else None


def source_states(org: Organization, environment: Environment) -> list[SourceState]:
    """Return how every source there is stands, in the order of the registry."""
    rows = {row.source: row for row in SourceConnection.objects.filter(org=org, environment=environment.value)}
    counts = list(SourceCount.objects.filter(connection__in=[row.pk for row in rows.values()], day__gte=_first_day()))
    return [_state(source, rows.get(source.id), counts) for source in connected_sources().values()]


def source_state(org: Organization, environment: Environment, source_id: str) -> SourceState | None:
    """Return how one source stands, None when there is no such source."""
    source = connected_sources().get(source_id)
    if source is None:
        return None
    row = SourceConnection.objects.filter(org=org, environment=environment.value, source=source.id).first()
    counts = [] if row is None else SourceCount.objects.filter(connection=row, day__gte=_first_day())
    return _state(source, row, counts)


def _first_day() -> date:
    return timezone.now().date() - timedelta(days=COUNTED_DAYS - 1)


def _state(source: ConnectedSource, row: SourceConnection | None, counts: Iterable[SourceCount]) -> SourceState:
    totals: Counter[str] = Counter()
    events: Counter[date] = Counter()
    for one in counts:
        if row is not None and one.connection_id == row.pk:
            totals[one.outcome] += one.count
            if one.outcome == QUEUED:
                events[one.day] += one.count
    first = _first_day()
    days = tuple((first + timedelta(days=number), events[first + timedelta(days=number)]) for number in range(COUNTED_DAYS))
    return SourceState(source=source, connection=row, totals=totals, days=days)


def _by_reason(totals: Counter[str], prefix: str) -> dict[str, int]:
    found = {name.removeprefix(prefix): count for name, count in totals.items() if name.startswith(prefix)}
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))
