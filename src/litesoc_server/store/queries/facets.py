"""Of several fields the values that occur most among what a query finds, from one pass over the events."""

from collections.abc import Sequence

from litesoc_server.events.ids import OrgId
from litesoc_server.store.base import EventSearch, Facets, FacetValue
from litesoc_server.store.queries import Read
from litesoc_server.store.queries.conditions import of_search
from litesoc_server.store.queries.counts import count_events, has_copies
from litesoc_server.store.queries.event_columns import TEXT_COLUMNS

# Several groupings in one pass, and the total as a grouping by nothing; `grouping` tells which of them a row belongs to. One
# more than `top` of each, because the events without a value are among them.
_FACETS = """
SELECT {columns}, count() AS events, grouping({names}) AS grouped
FROM events {final}
WHERE {conditions}
GROUP BY GROUPING SETS ((), {sets})
ORDER BY grouped, events DESC, {names}
LIMIT {{top:UInt64}} + 1 BY grouped
"""


def facets(read: Read, *, org_id: OrgId, where: EventSearch, fields: Sequence[str], top: int) -> Facets:
    """Return the total, and of each field the ``top`` values that occur most. Raises StoreUnavailable."""
    conditions = of_search(org_id, where)
    if not fields:
        return Facets(total=count_events(read, conditions).events, values={})
    names = [f"facet_{number}" for number in range(len(fields))]
    sql = _FACETS.format(
        columns=", ".join(f"{TEXT_COLUMNS[field].sql} AS {name}" for field, name in zip(fields, names, strict=True)),
        names=", ".join(names),
        sets=", ".join(f"({name})" for name in names),
        final="FINAL" if has_copies(read, conditions) else "",
        conditions=conditions.sql,
    )
    total = 0
    found: dict[str, list[FacetValue]] = {field: [] for field in fields}
    for *values, events, grouped in read(sql, conditions.values | {"top": top}):
        number = _grouping_number(grouped, len(fields))
        if number == len(fields):
            total = events
        elif values[number] is not None:
            found[fields[number]].append(FacetValue(value=values[number], events=events))
    return Facets(total=total, values={field: tuple(values[:top]) for field, values in found.items()})


def _grouping_number(grouped: int, count: int) -> int:
    """Return which of ``count`` columns a row is grouped by: the only one whose bit is not set; the last has the lowest.

    ``count`` for the row that is grouped by none.
    """
    missing = (1 << count) - 1 - grouped
    return count - missing.bit_length()
