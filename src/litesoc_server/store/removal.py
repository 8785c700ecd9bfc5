"""Taking out of the store all that an organisation has, or has in one environment, or all that there is: with every sum."""

from collections.abc import Mapping

from litesoc_server.events.catalog import FEEDBACK_SOURCE
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.store.queries import Change, Read

# Whatever table a later migration adds is found by its column; views have no rows of their own.
_TABLES = """
SELECT name FROM system.tables
WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND name IN (
    SELECT table FROM system.columns WHERE database = currentDatabase() AND name = 'org_id'
)
ORDER BY name = 'events' DESC, name
"""
_OF_ORG = "org_id = {org_id:String}"
_OF_ENVIRONMENT = f"{_OF_ORG} AND environment = {{environment:String}}"
# What we publish ourselves counts for no quota, so nobody has to have counted it.
_COUNTED = "(inserted_at < fromUnixTimestamp({taken_before_s:Int64}) OR source = {our_source:String})"


def remove_organization(read: Read, change: Change, *, org_id: OrgId) -> None:
    """Remove the organisation's rows from every table; where it has none nothing is written.

    Raises StoreUnavailable, then some may be left: to be called again. The parts that held its rows are written anew, which
    this waits for; what they were before leaves the disk some minutes later.
    """
    for (table,) in read(_TABLES, {}):
        remove_rows(read, change, table, _OF_ORG, {"org_id": org_id})


def remove_environment(read: Read, change: Change, *, org_id: OrgId, environment: Environment, taken_before_s: int) -> None:
    """Remove one environment's rows from every table, of events those that the store took in before ``taken_before_s``.

    That is Unix s by the store's clock. Otherwise as `remove_organization`.
    """
    of_environment = {"org_id": org_id, "environment": environment.value}
    for (table,) in read(_TABLES, {}):
        if table == "events":
            counted = {"taken_before_s": taken_before_s, "our_source": FEEDBACK_SOURCE}
            remove_rows(read, change, table, f"{_OF_ENVIRONMENT} AND {_COUNTED}", of_environment | counted)
        else:
            remove_rows(read, change, table, _OF_ENVIRONMENT, of_environment)


def remove_rows(read: Read, change: Change, table: str, condition: str, values: Mapping[str, object]) -> None:
    """Remove the rows of a table that meet a condition; where there are none nothing is written. Raises StoreUnavailable."""
    ((count,),) = read(f"SELECT count() FROM {table} WHERE {condition}", values)  # noqa: S608 # names of the schema
    if count:
        change(f"ALTER TABLE {table} DELETE WHERE {condition}", values)


def remove_everything(read: Read, change: Change) -> None:
    """Remove all rows of every table, as before a restore. Raises StoreUnavailable, then some may be left."""
    for (table,) in read(_TABLES, {}):
        change(f"TRUNCATE TABLE {table}", {})
