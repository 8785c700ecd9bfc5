"""When each organisation last sent something, by our clock: for whoever runs the server."""

from litesoc_server.events.catalog import FEEDBACK_SOURCE
from litesoc_server.events.ids import OrgId
from litesoc_server.store.queries import Read

_LAST = """
SELECT org_id, toInt64(toUnixTimestamp64Milli(max(received_at)))
FROM events
WHERE received_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC') AND source != {our_source:String}
GROUP BY org_id
"""


def last_received(read: Read, *, from_ms: int) -> dict[OrgId, int]:
    """Return when each organisation's newest event came, Unix ms, of those that came since ``from_ms``.

    What we publish ourselves does not count. Raises StoreUnavailable.
    """
    rows = read(_LAST, {"from_ms": from_ms, "our_source": FEEDBACK_SOURCE})
    return {OrgId(org_id): last_ms for org_id, last_ms in rows}
