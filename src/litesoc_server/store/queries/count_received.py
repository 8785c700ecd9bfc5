"""How many events an organisation sent in a span of time, by our clock: what a monthly quota is measured by.

Counted from the events themselves: hourly or daily sums would count a copy twice and could not answer for any span.
"""

from litesoc_server.events.catalog import FEEDBACK_SOURCE
from litesoc_server.events.ids import OrgId
from litesoc_server.store.queries import Read
from litesoc_server.store.queries.counts import count_events
from litesoc_server.store.queries.org_conditions import of_org

_FROM = "received_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')"
_TO = "received_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')"
_TAKEN = "inserted_at >= fromUnixTimestamp({taken_from_s:Int64})"
_NOT_OURS = ("source != {our_source:String}", "our_source", FEEDBACK_SOURCE)  # what we publish ourselves costs nobody


def count_received(read: Read, *, org_id: OrgId, from_ms: int, to_ms: int, taken_from_s: int = 0) -> int:
    """Return the number of events of both environments that were sent to us in [from_ms, to_ms), Unix ms, by our clock.

    With ``taken_from_s`` only those that the store took in since then, Unix s by its clock. Raises StoreUnavailable.
    """
    received = ((_FROM, "from_ms", from_ms), (_TO, "to_ms", to_ms))
    return count_events(read, of_org(org_id, *received, (_TAKEN, "taken_from_s", taken_from_s), _NOT_OURS)).events
