"""What each API key sends, in numbers that show whether an application is instrumented well.

Notes of the normalise step are looked for as text: they are written without spaces, and reading the JSON of every event
takes ten times as long. A sender that writes the same text itself only misleads its own notices.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from litesoc_server.events.catalog import FEEDBACK_SOURCE
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import OrgId
from litesoc_server.store.queries import Read

_WHERE = """
WHERE org_id = {org_id:String}
    AND environment = {environment:String}
    AND received_at >= fromUnixTimestamp64Milli({from_ms:Int64}, 'UTC')
    AND received_at < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')
    AND source != {our_source:String}
"""
_FACTS = """
SELECT
    key_id,
    count(),
    uniqExact(actor_id),
    uniqExact(user_ip),
    countIf(user_ip IS NULL),
    countIf(user_ip IS NULL AND position(metadata, '"user_ip_raw":"') > 0),
    countIf(match(metadata, '"user_ip_raw":"[^"]*,')),
    countIf(special IS NOT NULL),
    countIf(is_datacenter OR is_proxy),
    countIf(name = 'auth.login_success'),
    countIf(name = 'auth.login_failed'),
    countIf(position(metadata, '"timestamp_ignored":"too_') > 0),
    countIf(position(metadata, '"timestamp_ignored":"no_backfill_scope"') > 0),
    countIf(position(metadata, '"unrecognized_format":true') > 0),
    topKIf(3)(name, position(metadata, '"unrecognized_format":true') > 0)
FROM events
{conditions}
GROUP BY key_id
ORDER BY key_id
"""
# Of the address that most events of a key come from: how many, and of how many actors.
_BUSIEST_ADDRESS = """
SELECT key_id, max(events), argMax(actors, events), argMax(address, events)
FROM (
    SELECT key_id, assumeNotNull(user_ip) AS address, count() AS events, uniqExact(actor_id) AS actors
    FROM events
    {conditions}
    AND user_ip IS NOT NULL
    GROUP BY key_id, address
)
GROUP BY key_id
"""


class SenderFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What one key sent in a span of time, copies of an event included."""

    key_id: str
    events_count: int
    actors_count: int = 0
    addresses_count: int = 0
    without_address_count: int = 0
    unreadable_address_count: int = 0  # of those without: something was sent that is no address
    address_list_count: int = 0  # a whole list was sent, as X-Forwarded-For
    special_address_count: int = 0  # private, loopback and other ranges that no user of the internet has
    rented_address_count: int = 0  # of hosting networks and proxies
    logins_count: int = 0
    failures_count: int = 0
    clock_count: int = 0  # own timestamps that were too far from our clock
    no_backfill_count: int = 0  # own timestamps from a key that may not send any
    unrecognised_count: int = 0
    unrecognised_names: tuple[str, ...] = ()  # the most frequent
    busiest_address: str | None = None  # personal data
    busiest_address_count: int = 0  # events
    busiest_address_actors_count: int = 0


def sender_facts(read: Read, *, org_id: OrgId, environment: Environment, from_ms: int, to_ms: int) -> list[SenderFacts]:
    """Return the facts of each key that sent something received in [from_ms, to_ms), Unix ms. Raises StoreUnavailable."""
    values: dict[str, object] = {
        "org_id": org_id,
        "environment": environment.value,
        "from_ms": from_ms,
        "to_ms": to_ms,
        "our_source": FEEDBACK_SOURCE,
    }
    busiest = {row[0]: row[1:] for row in read(_BUSIEST_ADDRESS.replace("{conditions}", _WHERE), values)}
    return [_facts(row, busiest.get(row[0], (0, 0, None))) for row in read(_FACTS.replace("{conditions}", _WHERE), values)]


def _facts(row: Sequence[Any], busiest: Sequence[Any]) -> SenderFacts:
    key_id, *numbers, names = row
    return SenderFacts(
        key_id=key_id,
        events_count=numbers[0],
        actors_count=numbers[1],
        addresses_count=numbers[2],
        without_address_count=numbers[3],
        unreadable_address_count=numbers[4],
        address_list_count=numbers[5],
        special_address_count=numbers[6],
        rented_address_count=numbers[7],
        logins_count=numbers[8],
        failures_count=numbers[9],
        clock_count=numbers[10],
        no_backfill_count=numbers[11],
        unrecognised_count=numbers[12],
        unrecognised_names=tuple(names),
        busiest_address=busiest[2],
        busiest_address_count=busiest[0],
        busiest_address_actors_count=busiest[1],
    )
