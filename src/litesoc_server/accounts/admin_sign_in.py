"""The way into the admin pages: over the sign-in page of everybody, never past a second factor or a limit."""

from allauth.account.decorators import secure_admin_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe


@require_safe
@secure_admin_login
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """Send strangers to the sign-in page, and who is signed in to the admin pages, which only staff may see (403)."""
    del request
    return redirect("admin:index")
