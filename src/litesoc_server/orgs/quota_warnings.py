"""Warns owners and admins when 80, 95 and 100 % of a month's events are used: once each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Sum
from django.template.loader import render_to_string
from django.urls import reverse

from litesoc_server.accounts.outbox import outbox
from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By
from litesoc_server.audit.record import record
from litesoc_server.events.envelope import Environment
from litesoc_server.ingest.responses import ErrorCode
from litesoc_server.orgs.models import Membership, Organization, QuotaWarning, Role, UsageDay, UsageRefusal
from litesoc_server.orgs.plan_rows import plan_of, plans_in_force
from litesoc_server.orgs.usage import month_start, next_month

PERCENTS = (80, 95, 100)
_USED_UP = 100


@dataclass(frozen=True, kw_only=True)
class QuotaState:
    """How far a month is used up, as warnings say it."""

    percent: int  # one of PERCENTS
    used: int
    limit: int
    next_month: date


def warn_of_quotas(*, now_ms: int) -> None:
    """Record each warning that is due, and mail the highest. Raises django.db.Error."""
    month, plans = month_start(now_ms), plans_in_force()
    used = _used(month)
    refused = set(
        UsageRefusal.objects.filter(
            code=ErrorCode.QUOTA_EXCEEDED.value, day__gte=month, day__lt=next_month(month)
        ).values_list("org_id", flat=True)
    )
    for org in Organization.objects.filter(id__in=used.keys() | refused, is_suspended=False):
        limit = plan_of(org, plans).monthly_events_limit
        if limit is None:
            continue
        count = used.get(org.id, 0)
        # A batch that does not fit is refused whole, so a month can be used up before its last event.
        reached = [one for one in PERCENTS if count * 100 >= one * limit]
        if org.id in refused and reached and _USED_UP not in reached:
            reached.append(_USED_UP)
        _warn(org, month, reached, used=count, limit=limit)


def quota_state(org: Organization, *, limit: int | None, now_ms: int) -> QuotaState | None:
    """Return what members are to be told about this month; None while there is nothing to tell."""
    if limit is None:
        return None
    month = month_start(now_ms)
    found = QuotaWarning.objects.filter(org=org, month=month, limit=limit).order_by("-percent").first()
    if found is None:
        return None
    return QuotaState(percent=found.percent, used=found.used, limit=limit, next_month=next_month(month))


def _warn(org: Organization, month: date, reached: list[int], *, used: int, limit: int) -> None:
    known = set(QuotaWarning.objects.filter(org=org, month=month, limit=limit).values_list("percent", flat=True))
    due = [percent for percent in reached if percent not in known]
    if not due:
        return
    with transaction.atomic():
        for percent in due:
            # Another worker may be at the same: who makes the row warns.
            _, is_new = QuotaWarning.objects.get_or_create(
                org=org, month=month, percent=percent, limit=limit, defaults={"used": used}
            )
            if not is_new:
                return
        state = QuotaState(percent=due[-1], used=used, limit=limit, next_month=next_month(month))
        note = f"{state.percent} % of the events of {month:%Y-%m} are used: {used} of {limit}"
        record(org_id=org.id, action=Action.QUOTA_WARNED, by=By.system(), note=note)
    if settings.IS_MAIL_POSSIBLE:
        for mail in _mails(org, state):
            outbox.put(mail.send)


def _mails(org: Organization, state: QuotaState) -> list[EmailMessage]:
    address = reverse("settings_usage", kwargs={"org": org.slug, "environment": Environment.LIVE.value})
    facts = {"org": org.name, "state": state, "link": settings.PUBLIC_URL + address}
    body = render_to_string("orgs/mail/quota.txt", facts)
    name = "".join(filter(str.isprintable, org.name))
    subject = (
        f"{name} has used up this month's events"
        if state.percent == _USED_UP
        else f"{name} has used {state.percent} % of this month's events"
    )
    people = Membership.objects.filter(org=org, role__in=[Role.OWNER, Role.ADMIN], user__is_active=True)
    return [EmailMessage(subject=subject, body=body, to=[one.user.email]) for one in people.select_related("user")]


def _used(month: date) -> Mapping[UUID, int]:
    days = UsageDay.objects.filter(day__gte=month, day__lt=next_month(month)).values("org_id")
    return {row["org_id"]: row["events"] for row in days.annotate(events=Sum("events"))}
