"""Taking one actor out of the store: their events, every sum that is kept by actor, and their name in events of others."""

import hashlib
import secrets
from collections.abc import Sequence

from litesoc_server.events.ids import OrgId
from litesoc_server.store.actors import ActorNames
from litesoc_server.store.queries import Change, Read
from litesoc_server.store.queries.actor_held import named, without
from litesoc_server.store.queries.actor_names import EMAIL, ID
from litesoc_server.store.removal import remove_rows

# Whatever table a later migration adds is found by its columns.
_TABLES = """
SELECT table, groupArrayIf(name, name IN ('actor_id', 'actor_email'))
FROM system.columns
WHERE database = currentDatabase() AND table IN (
    SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'
)
GROUP BY table
HAVING has(groupArray(name), 'org_id') AND has(groupArray(name), 'actor_id')
ORDER BY table = 'events' DESC, table
"""
# The engine writes a statement that rewrites rows to its disk, and keeps it there: so it holds digests, and no names.
_DIGEST = "lower(hex(SHA256(concat({salt:String}, <name>))))"
_NAME_OF = {"actor_id": ID, "actor_email": EMAIL}
_KILL = "KILL MUTATION WHERE database = currentDatabase() AND table = 'events' AND is_done SYNC"
_OLD_PARTS = "SELECT DISTINCT concat(table, '/', name) FROM system.parts WHERE database = currentDatabase() AND NOT active"


def remove_actor(read: Read, change: Change, *, org_id: OrgId, names: ActorNames) -> None:
    """Remove the actor's rows from every table, and their names from the metadata of others' events.

    Doing it again changes nothing; where there is nothing, nothing is written. Raises StoreUnavailable, then some may be
    left: to be called again.
    """
    salt = secrets.token_hex(16)
    values: dict[str, object] = {
        "org_id": org_id,
        "salt": salt,
        "actor_id": [_digest(salt, one) for one in names.ids],
        "actor_email": [_digest(salt, one) for one in names.emails],
    }
    for table, columns in read(_TABLES, {}):
        remove_rows(read, change, table, f"org_id = {{org_id:String}} AND ({_theirs(columns)})", values)
    _remove_from_others(read, change, org_id, names)


def old_parts(read: Read) -> set[str]:
    """Return the parts that were rewritten and still lie on the disk. Raises StoreUnavailable."""
    return {part for (part,) in read(_OLD_PARTS, {})}


def _theirs(columns: Sequence[str]) -> str:
    return " OR ".join(
        f"{_DIGEST.replace('<name>', _NAME_OF[column])} IN {{{column}:Array(String)}}" for column in sorted(columns)
    )


def _remove_from_others(read: Read, change: Change, org_id: OrgId, names: ActorNames) -> None:
    """Take the names out of metadata. This statement has to hold them; it is taken off the disk when it is done."""
    condition, values = named(names)
    if not values:
        return
    values["org_id"] = org_id
    condition = f"org_id = {{org_id:String}} AND ({condition})"
    ((count,),) = read(f"SELECT count() FROM events WHERE {condition}", values)  # noqa: S608 # names of the schema
    if count:
        change(f"ALTER TABLE events UPDATE metadata = {without(names)} WHERE {condition}", values)
    change(_KILL, {})  # also after a crash between the two


def _digest(salt: str, name: str) -> str:
    return hashlib.sha256(f"{salt}{name}".encode("utf-8", "surrogatepass")).hexdigest()
