"""How long things are kept, and what is taken out of events before they are stored."""

from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from litesoc_server import backend
from litesoc_server.alerts.expiry import expired_alerts_count
from litesoc_server.orgs.privacy import (
    PrivacyRefused,
    checked_days,
    most_days,
    privacy_of,
    set_privacy,
    set_retention,
)
from litesoc_server.orgs.roles import Permission
from litesoc_server.pipeline.policy import DAY_MS
from litesoc_server.web.audit_by import by_of
from litesoc_server.web.member import Member, PageRequest, page

_DIGITS_MAX = 6


@page()
def settings_privacy(request: PageRequest, member: Member) -> HttpResponse:
    """Show what holds."""
    return _shown(request, member)


@page(Permission.MANAGE_SECURITY, methods=("POST",))
def settings_privacy_retention(request: PageRequest, member: Member) -> HttpResponse:
    """Change how long things are kept; fewer days first say what they would delete."""
    text = str(request.POST.get("days", "")).strip()
    try:
        days = _days(text)
        checked_days(member.org, days)
        if days < member.plan.retention_days and request.POST.get("is_confirmed") != "yes":
            return _asked_again(request, member, days)
        set_retention(member.org, days, by=by_of(request))
    except PrivacyRefused as refusal:
        return _shown(request, member, days=text, error=refusal)
    messages.success(request, f"Events and alerts are kept for {days} days.", extra_tags="good")
    return redirect(member.url("settings_privacy"))


@page(Permission.MANAGE_SECURITY, methods=("POST",))
def settings_privacy_rules(request: PageRequest, member: Member) -> HttpResponse:
    """Change what is taken out of events."""
    keys, truncates = str(request.POST.get("keys", "")), request.POST.get("truncates_addresses") == "on"
    try:
        set_privacy(member.org, redacted_keys=keys.splitlines(), truncates_addresses=truncates, by=by_of(request))
    except PrivacyRefused as refusal:
        return _shown(request, member, keys=keys, truncates=truncates, error=refusal)
    messages.success(request, "Saved. It holds for events that arrive from now on.", extra_tags="good")
    return redirect(member.url("settings_privacy"))


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        raise PrivacyRefused("Write a whole number of days.", field="days")
    return int(text)


def _asked_again(request: PageRequest, member: Member, days: int) -> HttpResponse:
    before_ms = member.now_ms - days * DAY_MS
    before = datetime.fromtimestamp(before_ms / 1000, UTC)
    counts = {
        "events_count": backend.current().reader.count_before(org_id=member.org_id, before_ms=before_ms),
        "alerts_count": expired_alerts_count(member.org, before=before),
    }
    context = {"here": "settings_privacy", "days": days, "before": before, **counts}
    return render(request, "web/settings/privacy/confirm.html", context)


def _shown(
    request: PageRequest,
    member: Member,
    *,
    days: str | None = None,
    keys: str | None = None,
    truncates: bool | None = None,
    error: PrivacyRefused | None = None,
) -> HttpResponse:
    now = privacy_of(member.org)
    context = {
        "here": "settings_privacy",
        "days": str(member.plan.retention_days) if days is None else days,
        "most_days": most_days(member.org),
        "keys": "\n".join(now.redacted_keys) if keys is None else keys,
        "key_names": now.redacted_keys,
        "truncates": now.truncates_addresses if truncates is None else truncates,
        "days_error": str(error) if error is not None and error.field == "days" else "",
        "keys_error": str(error) if error is not None and error.field == "keys" else "",
    }
    return render(request, "web/settings/privacy/page.html", context)
