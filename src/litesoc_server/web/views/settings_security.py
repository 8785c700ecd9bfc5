"""From which addresses and web pages the organisation's keys may be used."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from litesoc_server.apikeys.allow_lists import WouldLockOut, set_org_allow_list
from litesoc_server.apikeys.authorise_origins import OriginsRefused, set_origins
from litesoc_server.apikeys.selectors import access_rules_of
from litesoc_server.ingest.allow_list import ENTRIES_MAX, TEXT_LENGTH_MAX, AllowListInvalid
from litesoc_server.ingest.origins import ALWAYS_ALLOWED, ORIGIN_LENGTH_MAX, ORIGINS_MAX
from litesoc_server.orgs.plan_gates import PlanRestricted
from litesoc_server.orgs.plans import Feature
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.audit_by import by_of
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.settings_pages.lock_out import rows_of

IN_FORCE = "In force within 5 seconds."


@page(Permission.MANAGE_SECURITY)
def settings_security(request: PageRequest, member: Member) -> HttpResponse:
    """Show the allow-list and the origins."""
    return _shown(request, member)


@page(Permission.MANAGE_SECURITY, methods=("POST",))
def settings_allow_list(request: PageRequest, member: Member) -> HttpResponse:
    """Set the list, or say which lines are wrong and whom it would lock out."""
    text = str(request.POST.get("allow_list", ""))[: TEXT_LENGTH_MAX + 1]
    is_on = "is_on" in request.POST
    typed = {"allow_list": text, "is_on": is_on}
    try:
        set_org_allow_list(member.org, text, is_on=is_on, by=by_of(request), is_insisted="insist" in request.POST)
    except AllowListInvalid as invalid:
        return _shown(request, member, **typed, problems=invalid.problems)
    except WouldLockOut as error:
        return _shown(request, member, **typed, locked_out=rows_of(error))
    except PlanRestricted as restricted:
        return _shown(request, member, **typed, refused=str(restricted))
    messages.success(request, f"The IP allow-list is {'on' if is_on else 'saved, and off'}. {IN_FORCE}", extra_tags="good")
    return redirect(member.url("settings_security"))


@page(Permission.MANAGE_SECURITY, methods=("POST",))
def settings_origins(request: PageRequest, member: Member) -> HttpResponse:
    """Authorise the origins, or say which lines are wrong."""
    text = str(request.POST.get("origins", ""))[: ORIGINS_MAX * (ORIGIN_LENGTH_MAX + 2)]
    try:
        set_origins(member.org, text.splitlines(), by=by_of(request))
    except OriginsRefused as refused:
        return _shown(request, member, origins=text, origin_problems=refused.problems)
    except PlanRestricted as restricted:
        return _shown(request, member, origins=text, origins_refused=str(restricted))
    messages.success(request, f"The authorised origins are saved. {IN_FORCE}", extra_tags="good")
    return redirect(member.url("settings_security"))


def _shown(request: PageRequest, member: Member, **typed: object) -> HttpResponse:
    rules = access_rules_of(member.org)
    return render(
        request,
        "web/settings/security/page.html",
        {
            "allow_list": rules.allow_list,
            "is_on": rules.is_allow_list_on,
            "is_in_force": rules.is_allow_list_on,
            "has_allow_list": Feature.IP_ALLOW_LIST in member.plan.features,
            "has_wildcards": Feature.WILDCARD_ORIGINS in member.plan.features,
            "origins": "\n".join(rules.origins),
            "origins_limit": member.plan.origins_limit,
            "always_allowed": sorted(ALWAYS_ALLOWED),
            "entries_max": ENTRIES_MAX,
            "address": by_of(request).address,
            "here": "settings_security",
            **typed,
        },
    )
