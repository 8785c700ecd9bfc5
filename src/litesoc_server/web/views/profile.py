"""One's own profile: name, address, password, second factors and sessions on one page."""

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from litesoc_server.accounts.factors import factors_of
from litesoc_server.accounts.models import User
from litesoc_server.accounts.services import rename_person
from litesoc_server.accounts.sessions import sessions_of
from litesoc_server.orgs.access import memberships_of


class NameForm(forms.Form):
    """Asks for the name that others see."""

    name = forms.CharField(required=False, max_length=User._meta.get_field("name").max_length)  # noqa: SLF001 # Django's own interface


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def profile(request: HttpRequest) -> HttpResponse:
    """Show the profile, or save the name."""
    user = request.user
    assert isinstance(user, User)
    form = NameForm(request.POST or None, initial={"name": user.name})
    if request.method == "POST" and form.is_valid():
        rename_person(user, form.cleaned_data["name"])
        messages.success(request, "Your name is saved.")
        return redirect("profile")
    pending = EmailAddress.objects.filter(user=user, verified=False).last()
    shown = {
        "form": form,
        "pending_email": pending.email if pending else "",
        "memberships": memberships_of(user),
        "has_password": user.has_usable_password(),
        "factors": factors_of(user),
        "sessions": sessions_of(user, current_key=request.session.session_key),
    }
    return render(request, "web/profile/page.html", shown)
