"""What a list is limited to: SQL with placeholders, beside the values for them."""

from litesoc_server.events.ids import OrgId
from litesoc_server.search.query import Query
from litesoc_server.store.base import EventFilter, EventSearch
from litesoc_server.store.queries.org_conditions import Conditions, not_before, of_org
from litesoc_server.store.queries.query_conditions import QueryConditions


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
