"""All organisations of the server, for whoever runs it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from django.db.models import Count, Max, Sum

from litesoc_server.orgs.models import Organization, UsageDay, UsageRefusal
from litesoc_server.orgs.plan_rows import plan_of, plans_in_force
from litesoc_server.orgs.usage import day_of, month_start

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


@dataclass(frozen=True, kw_only=True)
class OrganizationUse:
    """What an organisation sent and what limits did to it, as far as it is counted: within about a minute."""

    events: int = 0  # of the calendar month (UTC)
    events_limit: int | None = None  # of a month; None: there is none
    last_day: date | None = None  # UTC, on which something came; None: not within two years
    refused_count: int = 0  # requests refused by limits, today and yesterday (UTC)

    @property
    def is_over_quota(self) -> bool:
        """Whether the month has nothing left."""
        return self.events_limit is not None and self.events >= self.events_limit


def use_by_organization(lines: Sequence[OrganizationLine], now_ms: int) -> Mapping[uuid.UUID, OrganizationUse]:
    """Return the use of each of ``lines`` as of ``now_ms``, Unix ms."""
    month, today, plans = month_start(now_ms), day_of(now_ms), plans_in_force()
    days = UsageDay.objects.filter(events__gt=0).order_by().values_list("org")
    events = dict(days.filter(day__gte=month).annotate(Sum("events")))
    last_days = dict(days.annotate(Max("day")))
    refusals = UsageRefusal.objects.filter(day__gte=today - timedelta(days=1)).order_by().values_list("org")
    refused = dict(refusals.annotate(Sum("requests")))
    return {
        org.pk: OrganizationUse(
            events=events.get(org.pk, 0),
            events_limit=plan_of(org, plans).monthly_events_limit,
            last_day=last_days.get(org.pk),
            refused_count=refused.get(org.pk, 0),
        )
        for org in (line.org for line in lines)
    }
