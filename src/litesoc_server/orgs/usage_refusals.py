"""Keeps how many requests were refused by limits, by day."""

import uuid
from collections.abc import Mapping
from datetime import date

from django.db import transaction
from django.db.models import F

from litesoc_server.events.ids import OrgId
from litesoc_server.ingest.responses import ErrorCode
from litesoc_server.orgs.models import Organization, UsageRefusal


@transaction.atomic
def add_refusals(day: date, counts: Mapping[tuple[OrgId, ErrorCode], int]) -> None:
    """Add ``counts`` to those of ``day``; all or none."""
    known = set(Organization.objects.filter(id__in={uuid.UUID(org_id) for org_id, _ in counts}).values_list("id", flat=True))
    for (org_id, code), requests in counts.items():
        if (parsed := uuid.UUID(org_id)) not in known:
            continue
        row, is_new = UsageRefusal.objects.get_or_create(
            org_id=parsed, day=day, code=code.value, defaults={"requests": requests}
        )
        if not is_new:
            UsageRefusal.objects.filter(id=row.id).update(requests=F("requests") + requests)
