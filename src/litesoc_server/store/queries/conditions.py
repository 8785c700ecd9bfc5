"""What a question is limited to: SQL with placeholders, beside the values for them."""

import msgspec

from litesoc_server.events.ids import OrgId
from litesoc_server.search.query import Query
from litesoc_server.store.base import EventFilter, EventSearch
from litesoc_server.store.queries.query_conditions import QueryConditions


class Conditions(msgspec.Struct, frozen=True):
    """A WHERE clause and its values. There is no way to build one without an organisation."""

    sql: str
    values: dict[str, object]


def of_org(org_id: OrgId, *more: tuple[str, str, object]) -> Conditions:
    """Return the conditions for one organisation; each of ``more`` is (SQL with one placeholder, its name, its value)."""
    parts = ["org_id = {org_id:String}", *(sql for sql, _, _ in more)]
    return Conditions(" AND ".join(parts), {"org_id": org_id, **{name: value for _, name, value in more}})


def of_filter(org_id: OrgId, where: EventFilter) -> Conditions:
    """Return the conditions that ``where`` sets for one organisation."""
    more: list[tuple[str, str, object]] = [("environment = {environment:String}", "environment", where.environment.value)]
    if where.event_name is not None:
        more.append(("name = {name:String}", "name", where.event_name))
    if where.actor_id is not None:
        more.append(("actor_id = {actor_id:String}", "actor_id", where.actor_id))
    if where.severity is not None:
        more.append(("severity = {severity:String}", "severity", where.severity.value))
    if where.not_before_ms is not None:
        more.append(not_before(where.not_before_ms))
    return and_query(of_org(org_id, *more), where.query)


def of_search(org_id: OrgId, where: EventSearch) -> Conditions:
    """Return the conditions that ``where`` sets for one organisation."""
    more: list[tuple[str, str, object]] = [("environment = {environment:String}", "environment", where.environment.value)]
    start_ms = where.start_ms
    if start_ms is not None:
        more.append(not_before(start_ms))
    if where.to_ms is not None:
        more.append(("ts < fromUnixTimestamp64Milli({to_ms:Int64}, 'UTC')", "to_ms", where.to_ms))
    return and_query(of_org(org_id, *more), where.query)


def and_query(conditions: Conditions, query: Query) -> Conditions:
    """Return ``conditions`` and those of ``query``."""
    of_query = QueryConditions(query)
    return Conditions(" AND ".join([conditions.sql, *of_query.sql]), conditions.values | of_query.values)


def not_before(moment_ms: int) -> tuple[str, str, object]:
    """Return the condition that the event happened at ``moment_ms`` (Unix ms) or later."""
    return ("ts >= fromUnixTimestamp64Milli({not_before_ms:Int64}, 'UTC')", "not_before_ms", moment_ms)
