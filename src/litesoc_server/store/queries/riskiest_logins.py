"""The logins of one actor that weigh most today: their risk scores, halved with every half-life since."""

import msgspec

from litesoc_server.events.ids import EventId, OrgId
from litesoc_server.events.risk import Risk
from litesoc_server.store.base import RiskyLogin, RiskyLoginsFilter
from litesoc_server.store.queries import Read

_HALF_LIVES = 10  # after so many even the highest score has become nothing

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
ORDER BY risk_score * exp2(-({now_ms:Int64} - ts_ms) / {half_life_ms:Int64}) DESC, ts DESC, event_id DESC
LIMIT 1 BY event_id
LIMIT {limit:UInt64}
"""
_RISK_DECODER = msgspec.json.Decoder(Risk)


def riskiest_logins(read: Read, *, org_id: OrgId, where: RiskyLoginsFilter, limit: int) -> list[RiskyLogin]:
    """Return up to ``limit`` logins, the weightiest at ``where.now_ms`` first. Raises StoreUnavailable."""
    oldest_ms = where.now_ms - _HALF_LIVES * where.half_life_ms
    values: dict[str, object] = {
        "org_id": org_id,
        "environment": where.environment.value,
        "actor_id": where.actor_id,
        "now_ms": where.now_ms,
        "from_ms": max(oldest_ms, 0 if where.not_before_ms is None else where.not_before_ms),
        "half_life_ms": where.half_life_ms,
        "limit": limit,
    }
    return [
        RiskyLogin(event_id=EventId(event_id), at_ms=at_ms, risk=_RISK_DECODER.decode(risk))
        for event_id, at_ms, risk in read(_RISKIEST, values)
    ]
