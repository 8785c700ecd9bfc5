"""What the operator decides about one organisation: its plan, limits of its own, whether it is suspended."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By
from litesoc_server.audit.record import record
from litesoc_server.orgs.models import Organization
from litesoc_server.orgs.plans import PlanName

_LIMITS = ("monthly_events_override", "rate_per_minute_override", "retention_days_override")
DECIDED = ("plan", *_LIMITS, "is_suspended")  # fields of an organisation


@dataclass(frozen=True, kw_only=True)
class OwnLimits:
    """An organisation's limits in place of its plan's. None: as the plan; 0: none at all, but for the retention."""

    monthly_events: int | None
    rate_per_minute: int | None
    retention_days: int | None


def assign_plan(org: Organization, name: PlanName, limits: OwnLimits, *, by: By) -> None:
    """Change ``org``, in force within 5 s. Raises django.core.exceptions.ValidationError with a text for each problem."""
    org.plan = name.value
    org.monthly_events_override = limits.monthly_events
    org.rate_per_minute_override = limits.rate_per_minute
    org.retention_days_override = limits.retention_days
    org.full_clean()
    with transaction.atomic():
        before = decided(Organization.objects.select_for_update().get(id=org.id))
        org.save(update_fields=["plan", *_LIMITS])
        record_decisions(org, before, by=by)


def decided(org: Organization) -> Mapping[str, object]:
    """Return what was decided about ``org``, by field, to compare with later."""
    return {name: getattr(org, name) for name in DECIDED}


def record_decisions(org: Organization, before: Mapping[str, object], *, by: By) -> None:
    """Record what is different from ``before``, as the last step of the transaction that changed it."""
    changes = {name: (was, getattr(org, name)) for name, was in before.items() if was != getattr(org, name)}
    if "plan" in changes:
        record(org_id=org.id, action=Action.PLAN_CHANGED, by=by, changes={"plan": changes["plan"]})
    limits = {name: changes[name] for name in _LIMITS if name in changes}
    if limits:
        record(org_id=org.id, action=Action.LIMITS_CHANGED, by=by, changes=limits)
    if "is_suspended" in changes:
        action = Action.ORGANIZATION_SUSPENDED if org.is_suspended else Action.ORGANIZATION_RESUMED
        record(org_id=org.id, action=action, by=by)
