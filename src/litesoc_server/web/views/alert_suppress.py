"""Suppressing more of the same, from an alert."""

import uuid
from datetime import UTC, datetime, timedelta

from django.http import HttpResponse, QueryDict
from django.utils import timezone
from django.utils.html import format_html

from litesoc_server.alerts.suppress import LASTS, Matchers, suggested_matchers, suppress_from
from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.policy_values import PolicyInvalid
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.alerts.bulk_form import FormRefused
from litesoc_server.web.alerts.find import find_alert
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.templatetags.pages import when
from litesoc_server.web.views.alert_decide import answered

CUSTOM = "custom"
_LASTS = dict(LASTS)


@page(Permission.SUPPRESS, methods=("POST",))
def suppress(request: PageRequest, member: Member, alert_id: uuid.UUID) -> HttpResponse:
    """Create a suppression of what was ticked."""
    found = find_alert(member, alert_id)

    def carry_out() -> str:
        if member.environment is not Environment.LIVE:
            raise FormRefused("Suppressions hold for live events: open the alert there.")
        form = request.POST
        suggested = suggested_matchers(found)
        wanted = Matchers(
            detector=suggested.detector if "detector" in form else None,
            actor=suggested.actor if "actor" in form else None,
            address=suggested.address if "address" in form else None,
        )
        try:
            made = suppress_from(found, wanted, reason=form.get("reason", ""), expires_at=_ends(form), who=member.who)
        except PolicyInvalid as error:
            raise FormRefused(
                " ".join(f"{problem.text[:1].upper()}{problem.text[1:]}." for problem in error.problems)
            ) from error
        until = when(made.expires_at, "short")
        return format_html("More of the same is suppressed until {}. This alert stays as it is.", until)

    return answered(request, member, alert_id, carry_out)


def _ends(form: QueryDict) -> datetime:
    """Return the end that was chosen. Raises FormRefused."""
    lasts: timedelta | None = _LASTS.get(form.get("lasts", ""))
    if lasts is not None:
        return timezone.now() + lasts
    try:
        moment = datetime.fromisoformat(form.get("until", "").strip())
    except ValueError as error:
        raise FormRefused("Choose for how long.") from error
    return moment.replace(tzinfo=moment.tzinfo or UTC)
