"""The API keys of one environment: what each may do and when it was last used, and new ones."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from litesoc_server.apikeys.issue_key import IssuedKey, issue_key
from litesoc_server.apikeys.selectors import keys_of
from litesoc_server.apikeys.values import KeyRefused
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.audit_by import by_of
from litesoc_server.web.member import READING, Member, PageRequest, page
from litesoc_server.web.settings_pages.key_form import CUSTOM, EXPIRIES, NEVER, KeyForm, scope_choices, sent_form

SHOWN_MAX = 200  # usable ones have a ceiling below it; of those that ended the newest


@page(Permission.MANAGE_KEYS)
def settings_keys(request: PageRequest, member: Member) -> HttpResponse:
    """Show the keys."""
    return shown_keys(request, member)


@page(Permission.MANAGE_KEYS, methods=(*READING, "POST"))
def settings_key_new(request: PageRequest, member: Member) -> HttpResponse:
    """Show the form of a new key; make it and show it, this once, or say what is wrong."""
    form = KeyForm()
    if request.method == "POST":
        form = sent_form(request.POST)
        try:
            values = form.values(timezone.now())
            issued = issue_key(
                org=member.org,
                name=values.name,
                scopes=values.scopes,
                environment=member.environment,
                expires_at=values.expires_at,
                rate_limit_per_minute=values.rate_limit_per_minute,
                created_by=member.user,
                by=by_of(request),
            )
        except KeyRefused as refused:
            form.errors[refused.field] = str(refused)
        else:
            return shown_keys(request, member, issued)
    return render(
        request,
        "web/settings/keys/new.html",
        {
            "form": form,
            "scopes": scope_choices(),
            "expiries": EXPIRIES,
            "custom": CUSTOM,
            "never": NEVER,
            "here": "settings_keys",
        },
    )


def shown_keys(request: PageRequest, member: Member, issued: IssuedKey | None = None) -> HttpResponse:
    """Return the list, with a key that was made just now: in this answer only, no other place holds it."""
    keys = list(keys_of(member.org, member.environment)[:SHOWN_MAX])
    return render(
        request,
        "web/settings/keys/page.html",
        {
            "issued": issued,
            "keys": [key for key in keys if key.state == "active"],
            "ended": [key for key in keys if key.state != "active"],
            "here": "settings_keys",
        },
    )
