"""Who and what stands out in a span: the addresses, actors and event names with most events."""

from typing import Any

import msgspec

from litesoc_server.events.ids import OrgId
from litesoc_server.store.queries import Read
from litesoc_server.store.queries.org_conditions import Conditions
from litesoc_server.store.queries.span import DAY_MS, SPAN_OF_EVENTS_MS, Span, in_days, in_events, in_hours

TOP_MAX = 100

# Ranked first, by nothing but the numbers; what else is known is then read of the few that are shown: with all columns in
# one question, a month of 10 million events takes twice as long.
_ADDRESSES = """
SELECT user_ip, sum(events) AS total, sum(failures)
FROM visits_daily
WHERE <conditions> AND user_ip != ''
GROUP BY user_ip
ORDER BY total DESC, user_ip
LIMIT {limit:UInt64}
"""
_ADDRESSES_OF_EVENTS = """
SELECT assumeNotNull(user_ip) AS ip, count() AS total, countIf(name = 'auth.login_failed')
FROM events
WHERE <conditions> AND user_ip IS NOT NULL
GROUP BY ip
ORDER BY total DESC, ip
LIMIT {limit:UInt64}
"""
_NETWORKS = """
SELECT user_ip, anyLast(country_code), anyLast(as_org), anyLast(network_kind)
FROM visits_daily
WHERE <conditions> AND user_ip IN {found:Array(String)}
GROUP BY user_ip
"""
_ACTORS = """
SELECT actor_id, sum(events) AS total, sum(failures)
FROM visits_daily
WHERE <conditions> AND actor_id != ''
GROUP BY actor_id
ORDER BY total DESC, actor_id
LIMIT {limit:UInt64}
"""
_ACTORS_OF_EVENTS = """
SELECT assumeNotNull(actor_id) AS id, count() AS total, countIf(name = 'auth.login_failed')
FROM events
WHERE <conditions> AND actor_id IS NOT NULL AND NOT actor_is_redacted
GROUP BY id
ORDER BY total DESC, id
LIMIT {limit:UInt64}
"""
_EMAILS = """
SELECT actor_id, anyLast(actor_email)
FROM visits_daily
WHERE <conditions> AND actor_id IN {found:Array(String)}
GROUP BY actor_id
"""
_NAMES = """
SELECT name, sum(events) AS total
FROM events_hourly
WHERE <conditions>
GROUP BY name
ORDER BY total DESC, name
LIMIT {limit:UInt64}
"""


class TopAddress(msgspec.Struct, frozen=True, gc=False):
    """One address and what came from it."""

    ip: str
    events: int
    failures: int  # logins that failed
    country_code: str | None
    as_org: str | None
    network_kind: str | None


class TopActor(msgspec.Struct, frozen=True, gc=False):
    """One actor and what it did."""

    actor_id: str
    events: int
    failures: int  # logins that failed
    email: str | None


class TopName(msgspec.Struct, frozen=True, gc=False):
    """One event name and how often it was sent."""

    name: str
    events: int


def top_addresses(read: Read, *, org_id: OrgId, span: Span, limit: int) -> list[TopAddress]:
    """Return the addresses with most events; more than two days are counted in whole days. Raises StoreUnavailable."""
    is_short = span.length_ms <= SPAN_OF_EVENTS_MS
    rows = _ask(read, _ADDRESSES_OF_EVENTS if is_short else _ADDRESSES, _of(org_id, span, is_short=is_short), limit)
    networks = _details(read, _NETWORKS, org_id, span, [row[0] for row in rows])
    return [TopAddress(*row, *networks.get(row[0], (None, None, None))) for row in rows]


def top_actors(read: Read, *, org_id: OrgId, span: Span, limit: int) -> list[TopActor]:
    """Return the actors with most events; more than two days are counted in whole days. Raises StoreUnavailable."""
    is_short = span.length_ms <= SPAN_OF_EVENTS_MS
    rows = _ask(read, _ACTORS_OF_EVENTS if is_short else _ACTORS, _of(org_id, span, is_short=is_short), limit)
    emails = _details(read, _EMAILS, org_id, span, [row[0] for row in rows])
    return [TopActor(*row, *emails.get(row[0], (None,))) for row in rows]


def top_names(read: Read, *, org_id: OrgId, span: Span, limit: int) -> list[TopName]:
    """Return the names with most events in the hours that overlap the span. Raises StoreUnavailable."""
    return [TopName(*row) for row in _ask(read, _NAMES, in_hours(org_id, span), limit)]


def _of(org_id: OrgId, span: Span, *, is_short: bool) -> Conditions:
    return in_events(org_id, span) if is_short else in_days(org_id, span)


def _details(read: Read, sql: str, org_id: OrgId, span: Span, found: list[str]) -> dict[str, tuple[Any, ...]]:
    """Return what is known of each of ``found``: what its last day says; for those without events then, all days."""
    details: dict[str, tuple[Any, ...]] = {}
    last_day = msgspec.structs.replace(span, from_ms=max(span.from_ms, span.to_ms - DAY_MS))
    for part in (last_day, span):
        missing = [name for name in found if name not in details]
        if missing:
            conditions = in_days(org_id, part)
            rows = read(sql.replace("<conditions>", conditions.sql), conditions.values | {"found": missing})
            details |= {name: tuple(rest) for name, *rest in rows}
    return details


def _ask(read: Read, sql: str, conditions: Conditions, limit: int) -> list[tuple[Any, ...]]:
    values = conditions.values | {"limit": min(limit, TOP_MAX)}
    return [tuple(row) for row in read(sql.replace("<conditions>", conditions.sql), values)]
