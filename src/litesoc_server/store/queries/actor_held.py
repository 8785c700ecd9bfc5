"""What is held of one actor: how many events, sums, and events of others that name them; and the events themselves."""

from collections.abc import Sequence

from litesoc_server.events.envelope import Environment
from litesoc_server.events.event import Event
from litesoc_server.events.ids import EventId, OrgId
from litesoc_server.events.mentions import ERASED
from litesoc_server.store.actors import ActorNames, HeldRows
from litesoc_server.store.base import Cursor
from litesoc_server.store.queries import Read
from litesoc_server.store.queries.actor_names import about_actor
from litesoc_server.store.rows import SELECT_LIST, event_of

_EVENTS = """
SELECT environment, count(), toUnixTimestamp64Milli(min(ts)), toUnixTimestamp64Milli(max(ts))
FROM events FINAL
WHERE org_id = {org_id:String} AND <theirs>
GROUP BY environment
ORDER BY environment
"""
_SUMS = """
SELECT environment, count(), toUnixTimestamp64Milli(min(first_seen)), toUnixTimestamp64Milli(max(last_seen))
FROM visits_daily FINAL
WHERE org_id = {org_id:String}
    AND (
        <id> IN {ids:Array(String)}
        OR <email> IN {emails:Array(String)}
    )
GROUP BY environment
ORDER BY environment
"""
_MENTIONS = """
SELECT environment, count(), toUnixTimestamp64Milli(min(ts)), toUnixTimestamp64Milli(max(ts))
FROM events FINAL
WHERE org_id = {org_id:String} AND NOT <theirs> AND (<named>)
GROUP BY environment
ORDER BY environment
"""
_PAGE = """
SELECT <columns>
FROM events FINAL
WHERE org_id = {org_id:String} AND <theirs>
    AND ts >= fromUnixTimestamp64Milli({cursor_ms:Int64}, 'UTC')
    AND (ts, toUInt128(event_id)) > (fromUnixTimestamp64Milli({cursor_ms:Int64}, 'UTC'), toUInt128({cursor_id:UUID}))
ORDER BY ts, toUInt128(event_id)
LIMIT {limit:UInt64}
"""
_NUMBERS = "numbers"  # name of the value with the pattern that finds numbers
_PARTS = r'"(?:[^"\\\\]|\\\\.)*"|[^"]+'  # texts of JSON, and what stands between them
_REPLACEMENTS = {"in_text": rf"\1{ERASED}\2", "in_place": rf'\1"{ERASED}"\2'}
_BEFORE_ALL = Cursor(0, EventId("00000000-0000-0000-0000-000000000000"))


def actor_held(read: Read, *, org_id: OrgId, names: ActorNames) -> list[HeldRows]:
    """Return how much there is of each kind. Raises StoreUnavailable."""
    values = values_of(org_id, names)
    named_sql, named_values = named(names)
    found = [("events", read(about_actor(_EVENTS), values)), ("daily_sums", read(about_actor(_SUMS), values))]
    if named_values:
        rows = read(about_actor(_MENTIONS).replace("<named>", named_sql), values | named_values)
        found.append(("events_of_others", rows))
    return [
        HeldRows(place=place, environment=Environment(environment), count=count, first_ms=first_ms, last_ms=last_ms)
        for place, rows in found
        for environment, count, first_ms, last_ms in rows
    ]


def actor_events(read: Read, *, org_id: OrgId, names: ActorNames, after: Cursor | None, limit: int) -> list[Event]:
    """Return the actor's oldest ``limit`` events after a cursor, of both environments. Raises StoreUnavailable."""
    cursor = after or _BEFORE_ALL
    values = values_of(org_id, names) | {"cursor_ms": cursor.at_ms, "cursor_id": cursor.event_id, "limit": limit}
    return [event_of(row) for row in read(about_actor(_PAGE).replace("<columns>", SELECT_LIST), values)]


def values_of(org_id: OrgId, names: ActorNames) -> dict[str, object]:
    """Return the values that `about_actor` needs."""
    return {"org_id": org_id, "ids": list(names.ids), "emails": list(names.emails)}


def named(names: ActorNames) -> tuple[str, dict[str, object]]:
    """Return the condition that an event's metadata names the actor, with its values; without any nothing can."""
    values = _patterns(names)
    if not values:
        return "", {}
    maybe = " OR ".join(f"match(metadata, {{{name}:String}})" for name in values)
    return f"({maybe}) AND metadata != {without(names)}", values | _REPLACEMENTS


def without(names: ActorNames) -> str:
    """Return the expression for metadata without the actor's names, which needs the values of `named`.

    Texts and what stands between them are taken apart, so that what is left is JSON: a number becomes a text, and true,
    false and null are no names.
    """
    patterns = _patterns(names)
    text = _replaced("part", [name for name in patterns if name != _NUMBERS], "in_text")
    between = _replaced("part", [name for name in patterns if name == _NUMBERS], "in_place")
    parts = f"extractAll(metadata, '{_PARTS}')"
    return f"arrayStringConcat(arrayMap(part -> if(startsWith(part, '\"'), {text}, {between}), {parts}))"


def _patterns(names: ActorNames) -> dict[str, object]:
    mentions = names.mentions
    values: dict[str, object] = {f"pattern_{at}": pattern for at, pattern in enumerate(mentions.re2_in_json())}
    return values if mentions.re2_numbers is None else {**values, _NUMBERS: mentions.re2_numbers}


def _replaced(expression: str, patterns: Sequence[str], replacement: str) -> str:
    for pattern in [*patterns, *patterns]:  # twice: names beside each other share what stands between
        expression = f"replaceRegexpAll({expression}, {{{pattern}:String}}, {{{replacement}:String}})"
    return expression
