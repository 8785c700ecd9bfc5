"""How many events of an organisation happened before a moment: what a shorter retention would delete."""

from litesoc_server.events.ids import OrgId
from litesoc_server.store.queries import Read
from litesoc_server.store.queries.counts import count_events
from litesoc_server.store.queries.org_conditions import of_org

_BEFORE = "ts < fromUnixTimestamp64Milli({before_ms:Int64}, 'UTC')"


def count_before(read: Read, *, org_id: OrgId, before_ms: int) -> int:
    """Count the stored events of both environments from before ``before_ms``, Unix ms. Raises StoreUnavailable."""
    return count_events(read, of_org(org_id, (_BEFORE, "before_ms", before_ms))).events
