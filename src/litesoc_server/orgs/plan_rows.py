"""Plans in force: the defaults with what the operator has changed; and what changes them."""

from collections.abc import Mapping
from dataclasses import fields, replace

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.record import INSTALLATION, record
from litesoc_server.orgs.models import StoredPlan
from litesoc_server.orgs.plans import (
    PLAN_DEFAULTS,
    RETENTION_DAYS_MAX,
    Feature,
    HasPlan,
    Plan,
    PlanName,
    with_own_limits,
)

TITLE_LENGTH_MAX = 40  # characters
LIMIT_MAX = 10**12  # events; more than anybody sends, and far from the end of what databases count
PAGE_LIMIT_MAX = 1_000  # rows; a page of alerts is held in memory

Plans = Mapping[PlanName, Plan]


def plans_in_force() -> Plans:
    """Return every plan as it is now, from the smallest to the largest. One query."""
    changed = {row.name: row.overrides for row in StoredPlan.objects.all()}
    return {name: _with(default, changed.get(name.value, {})) for name, default in PLAN_DEFAULTS.items()}


def plan_of(org: HasPlan, plans: Plans | None = None) -> Plan:
    """Return an organisation's plan with its own limits in place of the plan's; ``plans`` where they are read already."""
    found = plans_in_force() if plans is None else plans
    return with_own_limits(found[PlanName(org.plan)], org)


def smallest_plan_with(feature: Feature) -> Plan | None:
    """Return the plan to name when somebody lacks ``feature``; None when the operator left it out of all."""
    return next((plan for plan in plans_in_force().values() if feature in plan.features), None)


def is_changed(plan: Plan) -> bool:
    """Return whether a plan differs from its default."""
    return plan != PLAN_DEFAULTS[plan.name]


def set_plan(wanted: Plan, *, by: By) -> Plan:
    """Make ``wanted`` the plan of its name, for all organisations that have it, within 5 s. Only differences are kept.

    Raises django.core.exceptions.ValidationError with the problems by field.
    """
    check_plan(wanted)
    default = PLAN_DEFAULTS[wanted.name]
    with transaction.atomic():
        before = plans_in_force()[wanted.name]
        if before == wanted:
            return wanted
        StoredPlan.objects.update_or_create(
            name=wanted.name.value,
            defaults={"overrides": _differences(default, wanted), "changed_at": timezone.now()},
        )
        record(
            org_id=INSTALLATION,
            action=Action.PLAN_CHANGED,
            by=by,
            target=Target(kind="plan", id=wanted.name.value, name=wanted.title),
            changes={name: (was, _differences(before, wanted)[name]) for name, was in _differences(wanted, before).items()},
        )
    return wanted


def reset_plan(name: PlanName, *, by: By) -> Plan:
    """Take back all that was changed of a plan and return it."""
    return set_plan(PLAN_DEFAULTS[name], by=by)


def make_rows() -> None:
    """Have a row for every plan, for lists of rows; one that nobody has changed says nothing."""
    for name in PlanName:
        StoredPlan.objects.get_or_create(name=name.value)


def _with(default: Plan, overrides: Mapping[str, object]) -> Plan:
    known = {field.name for field in fields(Plan)} - {"name", "features"}
    plan = replace(default, **{name: value for name, value in overrides.items() if name in known})  # type: ignore[arg-type] # checked when they were stored
    switched = overrides.get("features", {})
    assert isinstance(switched, Mapping), "stored by _differences"
    return replace(plan, features=frozenset(one for one in Feature if switched.get(one.value, one in default.features)))


def _differences(default: Plan, wanted: Plan) -> dict[str, object]:
    """Return what is different. Features one by one, so that one that a later release adds comes with its default."""
    found: dict[str, object] = {
        field.name: getattr(wanted, field.name)
        for field in fields(Plan)
        if field.name not in ("name", "features") and getattr(wanted, field.name) != getattr(default, field.name)
    }
    switched = {
        one.value: one in wanted.features for one in Feature if (one in wanted.features) != (one in default.features)
    }
    return found | ({"features": switched} if switched else {})


def check_plan(plan: Plan) -> None:
    """Raise django.core.exceptions.ValidationError with the problems by field, if there are any."""
    problems: dict[str, list[str]] = {}
    if not plan.title.strip() or len(plan.title) > TITLE_LENGTH_MAX or not plan.title.isprintable():
        problems["title"] = [f"The title has 1 to {TITLE_LENGTH_MAX} printable characters."]
    for name in ("monthly_events_limit", "rate_limit_per_minute", "origins_limit"):
        value = getattr(plan, name)
        if value is not None and not 1 <= value <= LIMIT_MAX:
            problems[name] = [f"A limit is from 1 to {LIMIT_MAX}, or there is none."]
    for name, most in (("retention_days", RETENTION_DAYS_MAX), ("alerts_page_limit", PAGE_LIMIT_MAX)):
        if not 1 <= getattr(plan, name) <= most:
            problems[name] = [f"This is from 1 to {most}."]
    if problems:
        raise ValidationError(problems)
