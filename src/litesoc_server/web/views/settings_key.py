"""One API key: changing, rotating and revoking it."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from litesoc_server.apikeys.access import get_key
from litesoc_server.apikeys.allow_lists import WouldLockOut, set_key_allow_list
from litesoc_server.apikeys.change_key import change_key
from litesoc_server.apikeys.models import ApiKey
from litesoc_server.apikeys.revoke_key import revoke_key
from litesoc_server.apikeys.rotate_key import rotate_key
from litesoc_server.apikeys.values import KeyEnded, KeyRefused
from litesoc_server.ingest.allow_list import TEXT_LENGTH_MAX, AllowListInvalid
from litesoc_server.orgs.roles import Permission
from litesoc_server.web.audit_by import by_of
from litesoc_server.web.member import Member, PageRequest, page
from litesoc_server.web.settings_pages.key_form import (
    CUSTOM,
    EXPIRIES,
    NEVER,
    OVERLAP_DEFAULT,
    OVERLAPS,
    KeyForm,
    form_of,
    scope_choices,
    sent_form,
)
from litesoc_server.web.settings_pages.lock_out import rows_of
from litesoc_server.web.views.settings_keys import shown_keys

IN_FORCE = "In force within 5 seconds."


@page(Permission.MANAGE_KEYS)
def settings_key(request: PageRequest, member: Member, key_id: uuid.UUID) -> HttpResponse:
    """Show a key and what can be done with it."""
    return _shown(request, _key(member, key_id))


@page(Permission.MANAGE_KEYS, methods=("POST",))
def settings_key_change(request: PageRequest, member: Member, key_id: uuid.UUID) -> HttpResponse:
    """Take what was typed, or say beside each field what is wrong with it."""
    key, form = _key(member, key_id), sent_form(request.POST)
    try:
        change_key(key, form.values(timezone.now(), was=key.expires_at), by=by_of(request))
    except KeyRefused as refused:
        form.errors[refused.field] = str(refused)
        return _shown(request, key, form=form)
    except KeyEnded as ended:
        return _back(request, member, key, str(ended))
    messages.success(request, f"The key is changed. {IN_FORCE}", extra_tags="good")
    return redirect(member.url("settings_key", key_id=key.id))


@page(Permission.MANAGE_KEYS, methods=("POST",))
def settings_key_allow_list(request: PageRequest, member: Member, key_id: uuid.UUID) -> HttpResponse:
    """Set the key's own allow-list, or say which lines are wrong and whom it would lock out."""
    key = _key(member, key_id)
    text = str(request.POST.get("allow_list", ""))[: TEXT_LENGTH_MAX + 1]
    try:
        set_key_allow_list(key, text, by=by_of(request), is_insisted="insist" in request.POST)
    except AllowListInvalid as invalid:
        return _shown(request, key, allow_list=text, extra={"problems": invalid.problems})
    except WouldLockOut as error:
        return _shown(request, key, allow_list=text, extra={"locked_out": rows_of(error)})
    except KeyEnded as ended:
        return _back(request, member, key, str(ended))
    messages.success(request, f"The allow-list of the key is saved. {IN_FORCE}", extra_tags="good")
    return redirect(member.url("settings_key", key_id=key.id))


@page(Permission.MANAGE_KEYS, methods=("POST",))
def settings_key_rotate(request: PageRequest, member: Member, key_id: uuid.UUID) -> HttpResponse:
    """Make a key in its place and show it, this once."""
    key = _key(member, key_id)
    overlap = OVERLAPS.get(str(request.POST.get("overlap", "")), OVERLAPS[OVERLAP_DEFAULT])[1]
    try:
        issued = rotate_key(key, overlap=overlap, by=by_of(request), created_by=member.user)
    except (KeyEnded, KeyRefused) as refused:
        return _back(request, member, key, str(refused))
    return shown_keys(request, member, issued)


@page(Permission.MANAGE_KEYS, methods=("POST",))
def settings_key_revoke(request: PageRequest, member: Member, key_id: uuid.UUID) -> HttpResponse:
    """Make it unusable for good."""
    key = _key(member, key_id)
    revoke_key(key, by=by_of(request))
    messages.success(
        request, f"The key “{key.name}” is revoked. Servers stop taking it within 5 seconds.", extra_tags="good"
    )
    return redirect(member.url("settings_keys"))


def _back(request: PageRequest, member: Member, key: ApiKey, text: str) -> HttpResponse:
    messages.error(request, text, extra_tags="bad")
    return redirect(member.url("settings_key", key_id=key.id))


def _key(member: Member, key_id: uuid.UUID) -> ApiKey:
    """Return the key; one of the other environment is found there only, as the list says. Raises Http404."""
    try:
        key = get_key(member.org, str(key_id))
    except ApiKey.DoesNotExist as error:
        raise Http404 from error
    if key.environment != member.environment.value:
        raise Http404
    return key


def _shown(
    request: PageRequest,
    key: ApiKey,
    *,
    form: KeyForm | None = None,
    allow_list: str | None = None,
    extra: dict[str, object] | None = None,
) -> HttpResponse:
    return render(
        request,
        "web/settings/keys/key.html",
        {
            "key": key,
            "form": form or form_of(key),
            "allow_list": key.allow_list if allow_list is None else allow_list,
            "scopes": scope_choices(),
            "expiries": EXPIRIES,
            "custom": CUSTOM,
            "never": NEVER,
            "overlaps": OVERLAPS,
            "overlap": OVERLAP_DEFAULT,
            "here": "settings_keys",
            **(extra or {}),
        },
    )
