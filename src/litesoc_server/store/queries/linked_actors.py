"""Who else used an actor's devices or addresses."""

import msgspec

from litesoc_server.events.ids import OrgId
from litesoc_server.store.queries import Read
from litesoc_server.store.queries.span import Span, in_days

SHARED_MAX = 100  # devices and addresses of the actor that are looked for with others
_SAMPLES_MAX = 5  # named of those shared

# Devices tell more than addresses, so they come first; addresses that many share come last (an office, a carrier).
_LINKED = """
SELECT
    actor_id,
    anyLast(actor_email),
    groupUniqArrayIf({samples:UInt8})(user_ip, user_ip IN {addresses:Array(String)}) AS addresses,
    groupUniqArrayIf({samples:UInt8})(device_id, device_id IN {devices:Array(String)}) AS devices,
    toUnixTimestamp64Milli(max(last_seen)) AS last_ms
FROM visits_daily
WHERE <conditions>
    AND actor_id NOT IN ('', {actor_id:String})
    AND (user_ip IN {addresses:Array(String)} OR device_id IN {devices:Array(String)})
GROUP BY actor_id
ORDER BY length(devices) DESC, length(addresses) DESC, last_ms DESC, actor_id
LIMIT {limit:UInt64}
"""
_OWN = """
SELECT groupUniqArray({shared:UInt16})(user_ip), groupUniqArray({shared:UInt16})(device_id)
FROM visits_daily
WHERE <conditions> AND actor_id = {actor_id:String}
"""


class LinkedActor(msgspec.Struct, frozen=True, kw_only=True):
    """Another actor with something in common."""

    actor_id: str
    email: str | None
    addresses: tuple[str, ...]  # shared, at most 5
    devices: tuple[str, ...]  # ids of shared devices, at most 5
    last_seen_ms: int  # through one of them; event time, Unix ms


def linked_actors(read: Read, *, org_id: OrgId, actor_id: str, span: Span, limit: int) -> list[LinkedActor]:
    """Return actors that share a device or an address with this one, the closest first. Raises StoreUnavailable."""
    conditions = in_days(org_id, span)
    values = conditions.values | {"actor_id": actor_id, "shared": SHARED_MAX, "samples": _SAMPLES_MAX, "limit": limit}
    ((addresses, devices),) = read(_OWN.replace("<conditions>", conditions.sql), values)
    shared = {"addresses": [ip for ip in addresses if ip], "devices": [device for device in devices if device]}
    if not any(shared.values()):
        return []
    sql = _LINKED.replace("<conditions>", conditions.sql)
    return [
        LinkedActor(
            actor_id=other,
            email=email,
            addresses=tuple(sorted(shared_addresses)),
            devices=tuple(sorted(shared_devices)),
            last_seen_ms=last_ms,
        )
        for other, email, shared_addresses, shared_devices, last_ms in read(sql, values | shared)
    ]
