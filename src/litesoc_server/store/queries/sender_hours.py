"""In which hours each API key sent something, by our clock: what its silence is measured by."""

import msgspec

from litesoc_server.events.catalog import FEEDBACK_SOURCE
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.store.queries import Read

_HOURS = """
SELECT
    key_id,
    arraySort(groupUniqArray(toInt64(toUnixTimestamp(toStartOfHour(received_at))) * 1000)),
    toInt64(toUnixTimestamp64Milli(max(received_at)))
FROM events
WHERE org_id = {org_id:String}
    AND environment = {environment:String}
    AND received_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND received_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    AND source != {our_source:String}
GROUP BY key_id
ORDER BY key_id
"""


class SenderHours(msgspec.Struct, frozen=True, gc=False):
    """When one key sent."""

    key_id: str
    hours_ms: tuple[int, ...]  # the beginning of each hour in which something was received, Unix ms, oldest first
    last_ms: int  # when the last event was received, Unix ms


def sender_hours(read: Read, *, org_id: OrgId, environment: Environment, from_ms: int, to_ms: int) -> list[SenderHours]:
    """Return the hours of each key that sent something received in [from_ms, to_ms), Unix ms. Raises StoreUnavailable."""
    values: dict[str, object] = {
        "org_id": org_id,
        "environment": environment.value,
        "from_ms": from_ms,
        "to_ms": to_ms,
        "our_source": FEEDBACK_SOURCE,
    }
    return [SenderHours(key_id, tuple(hours_ms), last_ms) for key_id, hours_ms, last_ms in read(_HOURS, values)]
