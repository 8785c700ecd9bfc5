"""All organisations of the server, for whoever runs it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from django.db.models import Count, Max, Sum

from litesoc_server.orgs.models import Organization, UsageDay
from litesoc_server.orgs.usage import month_start

SHOWN_MAX = 1_000


@dataclass(frozen=True)
class OrganizationLine:
    """One organisation as lists show it."""

    org: Organization
    members_count: int

    @property
    def state(self) -> Literal["active", "suspended", "deleted"]:
        """What holds for it; deleted means that it is going to be."""
        if self.org.deletion_due_at is not None:
            return "deleted"
        return "suspended" if self.org.is_suspended else "active"


def organizations_for_operator() -> Sequence[OrganizationLine]:
    """Return the organisations by name, at most SHOWN_MAX."""
    found = Organization.objects.annotate(members_count=Count("memberships")).order_by("name", "slug")[:SHOWN_MAX]
    return [OrganizationLine(org=org, members_count=org.members_count) for org in found]


@dataclass(frozen=True)
class MonthUsage:
    """What an organisation sent in a calendar month (UTC), as far as it is counted: to within half a minute."""

    events: int
    last_day: date  # UTC, on which something came


def usage_of_month(now_ms: int) -> Mapping[uuid.UUID, MonthUsage]:
    """Return the usage of the month of ``now_ms`` by organisation; who sent nothing is left out."""
    days = UsageDay.objects.filter(day__gte=month_start(now_ms), events__gt=0).values_list("org")
    found = days.annotate(total=Sum("events"), last=Max("day")).order_by()
    return {org_id: MonthUsage(events=int(total), last_day=last) for org_id, total, last in found}
