"""What is known of one actor in a span: how much and when, with which names, devices and addresses."""

from typing import Any

import msgspec

from litesoc_server.events.ids import OrgId
from litesoc_server.store.queries import Read
from litesoc_server.store.queries.span import DAY_MS, Span, in_days

PARTS_MAX = 100  # devices, addresses and names shown of one actor

_ACTOR = ("actor_id = {actor_id:String}", "actor_id")
_DAYS = """
SELECT
    toInt64(toUnixTimestamp(day)) * 1000 AS day_ms, sum(events), sum(failures), max(risk_max),
    toUnixTimestamp64Milli(min(first_seen)), toUnixTimestamp64Milli(max(last_seen)), anyLast(actor_email)
FROM visits_daily
WHERE <conditions>
GROUP BY day_ms
ORDER BY day_ms
"""
_NAMES = """
SELECT pair.1, pair.2
FROM (SELECT arrayJoin(CAST(sumMap(names), 'Array(Tuple(String, UInt64))')) AS pair FROM visits_daily WHERE <conditions>)
ORDER BY pair.2 DESC, pair.1
LIMIT {limit:UInt64}
"""
_DEVICES = """
SELECT
    device_id, browser, os, device_kind, sum(events) AS total,
    toUnixTimestamp64Milli(min(first_seen)), toUnixTimestamp64Milli(max(last_seen)) AS last_ms
FROM visits_daily
WHERE <conditions> AND (device_id != '' OR browser != '' OR os != '')
GROUP BY device_id, browser, os, device_kind
ORDER BY last_ms DESC, total DESC
LIMIT {limit:UInt64}
"""
_ADDRESSES = """
SELECT
    user_ip, sum(events) AS total, sum(failures), toUnixTimestamp64Milli(min(first_seen)),
    toUnixTimestamp64Milli(max(last_seen)) AS last_ms, anyLast(country_code), anyLast(city), anyLast(latitude),
    anyLast(longitude), anyLast(asn), anyLast(as_org), anyLast(network_kind), anyLast(network_provider)
FROM visits_daily
WHERE <conditions> AND user_ip != ''
GROUP BY user_ip
ORDER BY last_ms DESC, user_ip
LIMIT {limit:UInt64}
"""


class ActorDay(msgspec.Struct, frozen=True, gc=False):
    """One day (UTC) of an actor."""

    start_ms: int  # Unix ms
    events: int
    failures: int  # logins that failed


class NameCount(msgspec.Struct, frozen=True, gc=False):
    """One event name and how often it came."""

    name: str
    events: int


class ActorFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One actor in the days that overlap a span."""

    email: str | None
    first_seen_ms: int  # within those days; event time, Unix ms
    last_seen_ms: int
    risk_max: int  # 0 to 100, the highest score of a login
    days: tuple[ActorDay, ...]  # those with events, oldest first
    names: tuple[NameCount, ...]  # the most frequent first, at most 100

    @property
    def events(self) -> int:
        """How many in all."""
        return sum(day.events for day in self.days)

    @property
    def failures(self) -> int:
        """How many logins failed."""
        return sum(day.failures for day in self.days)


class ActorDevice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One device that an actor used; "" = unknown."""

    device_id: str
    browser: str
    os: str
    kind: str
    events: int
    first_seen_ms: int
    last_seen_ms: int


class ActorAddress(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One address that an actor came from, with what was known of it then."""

    ip: str
    events: int
    failures: int
    first_seen_ms: int
    last_seen_ms: int
    country_code: str | None
    city: str | None
    latitude: float | None
    longitude: float | None
    asn: int | None
    as_org: str | None
    network_kind: str | None
    network_provider: str | None


def actor_facts(read: Read, *, org_id: OrgId, actor_id: str, span: Span) -> ActorFacts | None:
    """Return what is known of an actor; None when it did nothing in the days that overlap the span.

    Raises StoreUnavailable.
    """
    days = _ask(read, _DAYS, org_id, actor_id, span)
    if not days:
        return None
    return ActorFacts(
        email=next((row[6] for row in reversed(days) if row[6]), None),
        first_seen_ms=min(row[4] for row in days),
        last_seen_ms=max(row[5] for row in days),
        risk_max=max(row[3] for row in days),
        days=tuple(ActorDay(day_ms // DAY_MS * DAY_MS, events, failures) for day_ms, events, failures, *_ in days),
        names=tuple(NameCount(name, events) for name, events in _ask(read, _NAMES, org_id, actor_id, span)),
    )


def actor_devices(read: Read, *, org_id: OrgId, actor_id: str, span: Span) -> list[ActorDevice]:
    """Return the devices that an actor used, the latest first, at most PARTS_MAX. Raises StoreUnavailable."""
    return [
        ActorDevice(
            device_id=device_id,
            browser=browser,
            os=os,
            kind=kind,
            events=events,
            first_seen_ms=first_ms,
            last_seen_ms=last_ms,
        )
        for device_id, browser, os, kind, events, first_ms, last_ms in _ask(read, _DEVICES, org_id, actor_id, span)
    ]


def actor_addresses(read: Read, *, org_id: OrgId, actor_id: str, span: Span) -> list[ActorAddress]:
    """Return the addresses that an actor came from, the latest first, at most PARTS_MAX. Raises StoreUnavailable."""
    names = ActorAddress.__struct_fields__
    rows = _ask(read, _ADDRESSES, org_id, actor_id, span)
    return [ActorAddress(**dict(zip(names, row, strict=True))) for row in rows]


def _ask(read: Read, sql: str, org_id: OrgId, actor_id: str, span: Span) -> list[tuple[Any, ...]]:
    conditions = in_days(org_id, span, (*_ACTOR, actor_id))
    return [
        tuple(row) for row in read(sql.replace("<conditions>", conditions.sql), conditions.values | {"limit": PARTS_MAX})
    ]
