"""Facts about the store itself, for `litesoc doctor`."""

from litesoc_server.store.queries import Read

_FACTS = """
SELECT version(), sum(rows), sum(bytes_on_disk), count()
FROM system.parts
WHERE active AND database = currentDatabase() AND table = 'events'
"""


def describe(read: Read) -> dict[str, object]:
    """Return the engine's version and the size of the table of events. Raises StoreUnavailable."""
    ((version, rows, size_bytes, parts),) = read(_FACTS, {})
    return {"engine_version": version, "rows": rows, "bytes_on_disk": size_bytes, "active_parts": parts}
