"""What a list of alerts can be narrowed to, and how many each choice would leave."""

import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import Count, Q, QuerySet

from litesoc_server.alerts.models import Alert, Status

FACETS = ("severity", "alert_type", "detector", "assignee")
NOBODY = "none"  # stands where an assignee's id would: alerts that nobody has


@dataclass(frozen=True)
class Chosen:
    """What a list is narrowed to: a status, and of each facet any of the values, where there are some."""

    status: Status | None = None
    values: Mapping[str, frozenset[str]] = field(default_factory=dict)  # facet -> values

    def allows(self, facet: str, value: str) -> bool:
        """Return whether an alert with ``value`` is wanted."""
        wanted = self.values.get(facet)
        return not wanted or value in wanted


@dataclass(frozen=True)
class Counts:
    """Numbers of alerts: by status, and by each facet's values. Each leaves its own choice out, so others can be chosen."""

    by_status: Mapping[str, int]
    by_facet: Mapping[str, Mapping[str, int]]
    total: int  # that match every choice


def narrowed(alerts: QuerySet[Alert], chosen: Chosen) -> QuerySet[Alert]:
    """Return those of ``alerts`` that were chosen."""
    if chosen.status is not None:
        alerts = alerts.filter(status=chosen.status)
    for facet, values in chosen.values.items():
        if values:
            alerts = alerts.filter(_is_assigned_to(values) if facet == "assignee" else Q(**{f"{facet}__in": values}))
    return alerts


def count_alerts(alerts: QuerySet[Alert], chosen: Chosen) -> Counts:
    """Count ``alerts``, which are not narrowed to ``chosen`` yet, in one look at an index (see Alert.Meta)."""
    rows = alerts.order_by().values_list("status", *FACETS).annotate(number=Count("*"))
    by_status: Counter[str] = Counter()
    by_facet: dict[str, Counter[str]] = {facet: Counter() for facet in FACETS}
    total = 0
    for status, *found, number in rows:
        values = [NOBODY if value is None else str(value) for value in found]
        refused = [facet for facet, value in zip(FACETS, values, strict=True) if not chosen.allows(facet, value)]
        is_of_status = chosen.status is None or status == chosen.status
        if not refused:
            by_status[status] += number
        if is_of_status:
            total += 0 if refused else number
            for facet, value in zip(FACETS, values, strict=True):
                if not refused or refused == [facet]:
                    by_facet[facet][value] += number
    return Counts(by_status=by_status, by_facet=by_facet, total=total)


def _is_assigned_to(values: frozenset[str]) -> Q:
    people = set()
    for value in values - {NOBODY}:
        try:
            people.add(uuid.UUID(value))
        except ValueError:
            continue  # nobody has it
    condition = Q(assignee__in=people)
    return condition | Q(assignee__isnull=True) if NOBODY in values else condition
