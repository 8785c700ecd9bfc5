"""Taking all that one organisation has out of the store: its events and every sum that is kept of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from litesoc_server.events.ids import OrgId

Read = Callable[[str, Mapping[str, object]], Sequence[Sequence[Any]]]
Change = Callable[[str, Mapping[str, object]], None]

# Whatever table a later migration adds is found by its column; views have no rows of their own.
_TABLES = """
SELECT name FROM system.tables
WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND name IN (
    SELECT table FROM system.columns WHERE database = currentDatabase() AND name = 'org_id'
)
ORDER BY name = 'events' DESC, name
"""


def remove_organization(read: Read, change: Change, *, org_id: OrgId) -> None:
    """Remove the organisation's rows from every table; where it has none nothing is written.

    Raises StoreUnavailable, then some may be left: to be called again. The parts that held its rows are written anew, which
    this waits for; what they were before leaves the disk some minutes later.
    """
    values = {"org_id": org_id}
    for (table,) in read(_TABLES, {}):
        ((count,),) = read(f"SELECT count() FROM {table} WHERE org_id = {{org_id:String}}", values)  # noqa: S608 # a name of the schema
        if count:
            change(f"ALTER TABLE {table} DELETE WHERE org_id = {{org_id:String}}", values)
