"""The logins of one actor that weigh most today: their risk scores, halved with every half-life since."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import msgspec

from litesoc_server.events.ids import EventId, OrgId
from litesoc_server.events.risk import Risk
from litesoc_server.store.base import RiskyLogin, RiskyLoginsFilter
from litesoc_server.store.queries import Read
from litesoc_server.store.queries.span import DAY_MS

_HALF_LIVES = 10  # after so many even the highest score has become nothing

# A busy actor has logins in every block of ten weeks. The sums say how risky the riskiest of each day was, so only days are
# read that can hold one of those asked for.
_DAYS = """
SELECT day, max(risk_max) AS highest
FROM visits_daily
WHERE org_id = {org_id:String}
    AND environment = {environment:String}
    AND actor_id = {actor_id:String}
    AND day >= toDate(fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC'))
    AND day <= toDate(fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC'))
GROUP BY day
HAVING highest > 0
"""
_RISKIEST = """
SELECT toString(event_id), toUnixTimestamp64Milli(ts) AS ts_ms, risk
FROM events
WHERE org_id = {org_id:String}
    AND environment = {environment:String}
    AND name = 'auth.login_success'
    AND actor_id = {actor_id:String}
    AND risk_score > 0
    AND ts >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND ts <= fromUnixTimestamp64Milli({now_ms:Int64}, 'UTC')
    <of_days>
ORDER BY risk_score * exp2(-({now_ms:Int64} - ts_ms) / {half_life_ms:Int64}) DESC, ts DESC, event_id DESC
LIMIT 1 BY event_id
LIMIT {limit:UInt64}
"""
_RISK_DECODER = msgspec.json.Decoder(Risk)


def riskiest_logins(read: Read, *, org_id: OrgId, where: RiskyLoginsFilter, limit: int) -> list[RiskyLogin]:
    """Return up to ``limit`` logins, the weightiest at ``where.now_ms`` first. Raises StoreUnavailable."""
    values: dict[str, object] = {
        "org_id": org_id,
        "environment": where.environment.value,
        "actor_id": where.actor_id,
        "now_ms": where.now_ms,
        "from_ms": _from_ms(where),
        "half_life_ms": where.half_life_ms,
        "limit": limit,
    }
    days = _promising_days(read(_DAYS, values), where, limit)
    # Without any, the actor is masked, which the sums do not know, or has no such login, which the filters of ids tell fast.
    of_days = "AND toDate(ts) IN {days:Array(Date)}" if days else ""
    rows = read(_RISKIEST.replace("<of_days>", of_days), values | {"days": days} if days else values)
    return [
        RiskyLogin(event_id=EventId(event_id), at_ms=at_ms, risk=_RISK_DECODER.decode(risk))
        for event_id, at_ms, risk in rows
    ]


def _from_ms(where: RiskyLoginsFilter) -> int:
    """Return the beginning of the span that is looked at, Unix ms."""
    oldest_ms = where.now_ms - _HALF_LIVES * where.half_life_ms
    return max(oldest_ms, 0 if where.not_before_ms is None else where.not_before_ms)


def _promising_days(rows: Sequence[Sequence[Any]], where: RiskyLoginsFilter, limit: int) -> list[date]:
    """Return the days on which one of the ``limit`` weightiest logins can have been.

    The riskiest login of a day that is over and wholly within the span weighs at least as much as if it had been at the
    day's beginning, and at most as if it had been at its end.
    """
    starts: list[tuple[date, int, int]] = []
    for day, highest in rows:
        starts.append((day, round(datetime.combine(day, time(), UTC).timestamp() * 1000), highest))

    def weight(score: int, at_ms: int) -> float:
        weighed: float = score * 0.5 ** (max(0, where.now_ms - at_ms) / where.half_life_ms)
        return weighed

    from_ms = _from_ms(where)
    certain = sorted(
        (weight(highest, start) for _, start, highest in starts if from_ms <= start and start + DAY_MS <= where.now_ms),
        reverse=True,
    )
    least = certain[limit - 1] if 0 < limit <= len(certain) else 0.0
    return [day for day, start, highest in starts if weight(highest, start + DAY_MS) >= least]
