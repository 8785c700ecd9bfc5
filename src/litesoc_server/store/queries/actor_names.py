"""How events name one actor: the ids, e-mail addresses, names and IP addresses that belong to nobody else."""

from collections.abc import Sequence

from litesoc_server.events.ids import OrgId
from litesoc_server.store.actors import ActorNames
from litesoc_server.store.queries import Read

NAMES_MAX = 1_000  # of a kind
_DISPLAY_NAME_LENGTH_MIN = 5  # characters; a shorter one is a word that others use as well

# Services take an e-mail address in any case for the same account; other ids are told apart by case (detect/subjects.py).
# Whose id was masked by the sender may be anybody.
ID = "if(position(ifNull(actor_id, ''), '@') > 0, lowerUTF8(ifNull(actor_id, '')), ifNull(actor_id, ''))"
EMAIL = "lowerUTF8(ifNull(actor_email, ''))"
_THEIRS = "((NOT actor_is_redacted AND <id> IN {ids:Array(String)}) OR <email> IN {emails:Array(String)})"

_WITH_EMAILS = """
SELECT <email> AS email, groupUniqArrayIf({limit:UInt64})(<id>, NOT actor_is_redacted AND <id> NOT IN ('', <email>)) AS ids
FROM events
WHERE org_id = {org_id:String} AND <email> != '' AND <email> IN (
    SELECT <email>
    FROM events
    WHERE org_id = {org_id:String} AND ((NOT actor_is_redacted AND <id> = {id:String}) OR <email> = {id:String})
)
GROUP BY email
ORDER BY email
LIMIT {limit:UInt64}
"""
_DISPLAY_NAMES = """
SELECT JSONExtractString(metadata, 'actor_name') AS name
FROM events
WHERE org_id = {org_id:String} AND position(metadata, '"actor_name"') > 0 AND name IN (
    SELECT JSONExtractString(metadata, 'actor_name')
    FROM events
    WHERE org_id = {org_id:String} AND position(metadata, '"actor_name"') > 0 AND <theirs>
)
GROUP BY name
HAVING countIf(NOT <theirs>) = 0 AND lengthUTF8(name) >= {length:UInt8}
LIMIT {limit:UInt64}
"""
_ADDRESSES = """
SELECT user_ip
FROM events
WHERE org_id = {org_id:String} AND user_ip IN (
    SELECT user_ip FROM events WHERE org_id = {org_id:String} AND isNotNull(user_ip) AND <theirs>
) AND user_ip NOT IN (
    SELECT server_ip
    FROM events
    WHERE org_id = {org_id:String} AND isNotNull(server_ip) AND NOT <theirs> AND server_ip IN (
        SELECT user_ip FROM events WHERE org_id = {org_id:String} AND isNotNull(user_ip) AND <theirs>
    )
)
GROUP BY user_ip
HAVING countIf(NOT <theirs>) = 0
ORDER BY user_ip
LIMIT {limit:UInt64}
"""


def about_actor(sql: str) -> str:
    """Return ``sql`` with the condition in place of <theirs>, which needs the values ``ids`` and ``emails``."""
    return sql.replace("<theirs>", _THEIRS).replace("<id>", ID).replace("<email>", EMAIL)


def actor_names(read: Read, *, org_id: OrgId, actor_id: str) -> ActorNames:
    """Return how events name the actor ``actor_id``, which may be an e-mail address. Raises StoreUnavailable.

    An e-mail address belongs to the actor when the events that carry it are of one id only (and of the address itself, as
    of logins that failed).
    """
    asked = actor_id.lower() if "@" in actor_id else actor_id
    limits: dict[str, object] = {"org_id": org_id, "limit": NAMES_MAX}
    carried = _with_emails(read, asked, limits)
    ids = {asked}
    if len(carried.get(asked, ())) == 1:  # asked by an e-mail address: the one who has it
        (owner,) = carried[asked]
        ids.add(owner)
        carried |= _with_emails(read, owner, limits)
    emails = {email for email, of_ids in carried.items() if set(of_ids) <= ids}
    ids |= emails
    theirs = limits | {"ids": sorted(ids), "emails": sorted(emails)}
    names = read(about_actor(_DISPLAY_NAMES), theirs | {"length": _DISPLAY_NAME_LENGTH_MIN})
    return ActorNames(
        ids=tuple(sorted(ids)),
        emails=tuple(sorted(emails)),
        display_names=tuple(sorted(name for (name,) in names)),
        addresses=tuple(address for (address,) in read(about_actor(_ADDRESSES), theirs)),
        others=tuple(sorted({one for of_ids in carried.values() for one in of_ids} - ids)),
    )


def _with_emails(read: Read, name: str, limits: dict[str, object]) -> dict[str, Sequence[str]]:
    """Return the e-mail addresses of events of ``name``, each with the other ids that carry it."""
    rows = read(about_actor(_WITH_EMAILS), limits | {"id": name})
    return {row[0]: row[1] for row in rows}
