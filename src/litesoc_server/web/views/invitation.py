"""Where the link of an invitation leads: to an account of one's own, or into the organisation with the one there is."""

from typing import Any

from allauth.account.utils import perform_login
from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from litesoc_server.accounts.models import User
from litesoc_server.accounts.request_client import address_of, user_agent_of
from litesoc_server.accounts.selectors import is_registered
from litesoc_server.orgs.invitations import (
    InvitationRefused,
    accept_invitation,
    accept_with_new_account,
    invitation_of,
)
from litesoc_server.orgs.models import Invitation
from litesoc_server.web.audit_by import by_of


class NewAccountForm(forms.Form):
    """Asks for what a new account needs beside the address."""

    name = forms.CharField(required=False, max_length=User._meta.get_field("name").max_length)  # noqa: SLF001 # Django's own interface
    password1 = forms.CharField(widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}))
    password2 = forms.CharField(widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}))

    def clean_password2(self) -> str:
        """Return the password. Raises ValidationError when it was typed differently."""
        second: str = self.cleaned_data["password2"]
        if second != self.cleaned_data.get("password1"):
            raise ValidationError("The two passwords differ.")
        return second


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show the invitation, or take it; say plainly when its link does not work (any more)."""
    found = invitation_of(token)
    if found is None or found.state != "open" or found.org.deletion_asked_at is not None:
        state = "deleted" if found is not None and found.org.deletion_asked_at is not None else found and found.state
        return render(request, "web/invitation/useless.html", {"state": state or "unknown"}, status=410)
    if isinstance(request.user, User):
        return _with_account(request, request.user, found, token)
    if is_registered(found.email):
        sign_in = f"{reverse('account_login')}?{urlencode({'next': request.path})}"
        return render(request, "web/invitation/sign_in.html", {"invitation": found, "sign_in_url": sign_in})
    return _with_new_account(request, found, token)


def _with_account(request: HttpRequest, user: User, found: Invitation, token: str) -> HttpResponse:
    shown: dict[str, Any] = {"invitation": found, "is_theirs": user.email.lower() == found.email, "error": ""}
    if request.method == "POST":
        try:
            membership = accept_invitation(token, user, by=by_of(request))
        except InvitationRefused as refusal:
            shown["error"] = str(refusal)
        else:
            messages.success(request, f"You are a member of {membership.org.name} now.", extra_tags="good")
            return redirect("overview", org=membership.org.slug, environment="live")
    return render(request, "web/invitation/accept.html", shown)


def _with_new_account(request: HttpRequest, found: Invitation, token: str) -> HttpResponse:
    form = NewAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = accept_with_new_account(
                token,
                name=form.cleaned_data["name"],
                password=form.cleaned_data["password1"],
                address=address_of(request),
                user_agent=user_agent_of(request),
            )
        except InvitationRefused as refusal:
            form.add_error(None, str(refusal))
        except ValidationError as problem:
            form.add_error("password1", problem.messages)
        else:
            to = reverse("overview", kwargs={"org": found.org.slug, "environment": "live"})
            answer: HttpResponse = perform_login(request, user, redirect_url=to)
            return answer
    return render(request, "web/invitation/new_account.html", {"invitation": found, "form": form})
