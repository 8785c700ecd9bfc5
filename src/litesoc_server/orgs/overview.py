"""All organisations of the server, for whoever runs it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.db.models import Count

from litesoc_server.orgs.models import Organization

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
