"""Actors, those seen last first: a page by cursor, so that none is skipped or shown twice while events arrive."""

import msgspec

from litesoc_server.events.ids import OrgId
from litesoc_server.store.queries import Read
from litesoc_server.store.queries.span import Span, in_days

# First who is on the page, then what is said about them: of all actors only two columns are read.
_PAGE = """
SELECT actor_id, toUnixTimestamp64Milli(max(last_seen)) AS last_ms
FROM visits_daily
WHERE <conditions> AND actor_id != ''
GROUP BY actor_id
HAVING (last_ms, actor_id) < ({last_ms:Int64}, {last_id:String})
ORDER BY last_ms DESC, actor_id DESC
LIMIT {limit:UInt64}
"""
_FACTS = """
SELECT
    actor_id, anyLast(actor_email), sum(events), sum(failures), max(risk_max),
    arraySort(arrayFilter(code -> code != '', groupUniqArray(20)(ifNull(toString(country_code), ''))))
FROM visits_daily
WHERE <conditions> AND actor_id IN {actor_ids:Array(String)}
GROUP BY actor_id
"""
_STARTS = "(startsWith(actor_id, {start:String}) OR startsWith(lower(ifNull(actor_email, '')), lower({start:String})))"
_LATEST_MS = 2**62  # later than anything


class ActorCursor(msgspec.Struct, frozen=True):
    """The last actor of a page: the next page begins after it."""

    last_seen_ms: int  # event time, Unix ms
    actor_id: str


class ActorRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One actor in a list; the figures are those of the days that overlap the span."""

    actor_id: str
    email: str | None
    last_seen_ms: int  # event time, Unix ms
    events: int
    failures: int  # logins that failed
    risk_max: int  # 0 to 100, the highest score of a login
    country_codes: tuple[str, ...]  # at most 20


def list_actors(
    read: Read, *, org_id: OrgId, span: Span, start: str = "", after: ActorCursor | None = None, limit: int
) -> list[ActorRow]:
    """Return up to ``limit`` actors whose id or e-mail begins with ``start``, the latest first. Raises StoreUnavailable."""
    conditions = in_days(org_id, span, *([(_STARTS, "start", start)] if start else []))
    cursor = after or ActorCursor(_LATEST_MS, "")
    values = conditions.values | {"last_ms": cursor.last_seen_ms, "last_id": cursor.actor_id, "limit": limit}
    page = read(_PAGE.replace("<conditions>", conditions.sql), values)
    of_span = in_days(org_id, span)
    found = read(
        _FACTS.replace("<conditions>", of_span.sql), of_span.values | {"actor_ids": [actor_id for actor_id, _ in page]}
    )
    facts = {actor_id: rest for actor_id, *rest in found}
    rows: list[ActorRow] = []
    for actor_id, last_ms in page:
        email, events, failures, risk_max, country_codes = facts[actor_id]
        rows.append(
            ActorRow(
                actor_id=actor_id,
                email=email,
                last_seen_ms=last_ms,
                events=events,
                failures=failures,
                risk_max=risk_max,
                country_codes=tuple(country_codes),
            )
        )
    return rows
