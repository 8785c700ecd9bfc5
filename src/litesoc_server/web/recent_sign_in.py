"""Acts that ask once more who is there."""

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from django.http import HttpRequest


def require_recent_sign_in(request: HttpRequest) -> None:
    """Return when who is signed in gave their password or second factor within the last minutes.

    Raises allauth's ReauthenticationRequired, which its middleware turns into the page that asks for it, and back.
    """
    raise_if_reauthentication_required(request, app="account")
