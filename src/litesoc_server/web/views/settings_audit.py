"""The audit log: who did what, whether it can be relied on, and how long it is kept."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode

from litesoc_server.audit.access import chain_of, get_entry, verification_of
from litesoc_server.audit.actions import Category, actions_in
from litesoc_server.audit.listing import entries
from litesoc_server.audit.models import AuditEntry
from litesoc_server.audit.reading import read_entries
from litesoc_server.audit.retention import DAYS_MAX, DAYS_MIN, RetentionRefused, set_retention
from litesoc_server.orgs.plan_gates import PlanRestricted
from litesoc_server.orgs.plans import Feature
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.audit.wanted import SEQ_MAX, asked_by
from litesoc_server.web.audit_by import by_of
from litesoc_server.web.member import Member, PageRequest, page

PAGE_SIZE = 50  # entries


@page(Permission.VIEW_AUDIT)
def settings_audit(request: PageRequest, member: Member) -> HttpResponse:
    """List the entries that the address asks for, newest first."""
    if not has_audit_log(member):
        return render(request, "web/settings/audit/not_in_plan.html", {"plan": required_plan(), "here": "settings_audit"})
    return _listed(request, member)


@page(Permission.VIEW_AUDIT)
def settings_audit_entry(request: PageRequest, member: Member, seq: int) -> HttpResponse:
    """Show all of one entry."""
    if not has_audit_log(member) or seq > SEQ_MAX:
        raise Http404
    try:
        row = get_entry(member.org.id, seq)
    except AuditEntry.DoesNotExist as error:
        raise Http404 from error
    chain = chain_of(member.org.id)
    context = {
        "entry": read_entries(member.org.id, [row])[0],
        "is_first": seq == chain.first_seq,
        "is_last": seq == chain.last_seq,
        "here": "settings_audit",
    }
    return render(request, "web/settings/audit/entry.html", context)


@page(Permission.MANAGE_SECURITY, methods=("POST",))
def settings_audit_retention(request: PageRequest, member: Member) -> HttpResponse:
    """Say how long the log is kept, or why not so long."""
    text = str(request.POST.get("days", "")).strip()
    try:
        set_retention(member.org.id, _days(text), by=by_of(request))
    except RetentionRefused as refusal:
        return _listed(request, member, days=text, error=str(refusal))
    messages.success(request, "How long the audit log is kept is saved.", extra_tags="good")
    return redirect(member.url("settings_audit"))


def has_audit_log(member: Member) -> bool:
    """Return whether the plan includes it. Acts are recorded on every plan."""
    return Feature.AUDIT_LOG in member.plan.features


def required_plan() -> str | None:
    """Return the title of the smallest plan that includes it; None when no plan of this server does."""
    return PlanRestricted(Feature.AUDIT_LOG).required


def _listed(request: PageRequest, member: Member, *, days: str | None = None, error: str = "") -> HttpResponse:
    asked = asked_by(request.GET)
    found = read_entries(member.org.id, entries(member.org.id, asked.wanted, before=asked.before)[: PAGE_SIZE + 1])
    chain = chain_of(member.org.id)
    return render(
        request,
        "web/settings/audit/page.html",
        {
            "entries": found[:PAGE_SIZE],
            "has_older": len(found) > PAGE_SIZE,
            "asked": asked,
            "filters": urlencode(asked.filters),
            "groups": [(category, actions_in(category)) for category in Category],
            "chain": chain,
            "verification": verification_of(member.org.id),
            "days": days if days is not None else chain.retention_days or "",
            "days_min": DAYS_MIN,
            "days_max": DAYS_MAX,
            "error": error[:1].upper() + error[1:],
            "here": "settings_audit",
        },
    )


def _days(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or len(text) > len(str(DAYS_MAX)):
        msg = f"write a number of days, {DAYS_MIN} to {DAYS_MAX:,}, or nothing"
        raise RetentionRefused(msg)
    return int(text)
