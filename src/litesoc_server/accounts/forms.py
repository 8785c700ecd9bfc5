"""Forms of allauth's with more care: answers that tell nothing, codes that work once."""

from typing import Any

from allauth.account.forms import AddEmailForm as AllauthAddEmailForm
from allauth.account.forms import ResetPasswordForm as AllauthResetPasswordForm
from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm as AllauthAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as AllauthReauthenticateForm
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from litesoc_server.accounts.outbox import outbox
from litesoc_server.accounts.reset_links import mail_reset_link


class ResetPasswordForm(AllauthResetPasswordForm):
    """Asks for an address; whether it has an account is looked up later, so not even the time of the answer tells."""

    def clean_email(self) -> str:
        """Return the address. Raises ValidationError when this server cannot send mail."""
        _check_mail_is_possible()
        return str(self.cleaned_data["email"]).strip().lower()

    def save(self, request: HttpRequest, **kwargs: Any) -> str:  # noqa: ANN401 # allauth's own signature
        """Send the link soon."""
        del request, kwargs
        email: str = self.cleaned_data["email"]
        outbox.put(lambda: mail_reset_link(email))
        return email


class AddEmailForm(AllauthAddEmailForm):
    """Asks for the address to sign in with from now on."""

    def clean_email(self) -> str:
        """Return the address. Raises ValidationError when it cannot be confirmed, or is theirs already."""
        _check_mail_is_possible()
        return str(super().clean_email())


def _check_mail_is_possible() -> None:
    if not settings.IS_MAIL_POSSIBLE:
        raise ValidationError("This server cannot send mail.")


class _CodeWorksOnce:
    """A mixin that refuses a code for as long as it could be valid again.

    allauth remembers a code for one period, which is too short once codes of the neighbouring periods are taken as well.
    """

    user: Any
    authenticator: Any

    def clean_code(self) -> str:
        """Return the code. Raises ValidationError when it is wrong or was used before."""
        code: str = super().clean_code()  # type: ignore[misc] # of the form that this is mixed into
        periods_count = 2 * mfa_settings.TOTP_TOLERANCE + 1
        digits = "".join(filter(str.isdecimal, code))  # people may write "123 456", or the same code as "123-456"
        name = f"code-used:{self.user.pk}:{digits}"
        if not cache.add(name, 1, timeout=mfa_settings.TOTP_PERIOD * periods_count):
            self._emit_authentication_failed(self.authenticator)  # type: ignore[attr-defined] # as above
            raise get_adapter().validation_error("incorrect_code")
        return code


class AuthenticateForm(_CodeWorksOnce, AllauthAuthenticateForm):
    """Asks for the code at sign-in."""


class ReauthenticateForm(_CodeWorksOnce, AllauthReauthenticateForm):
    """Asks for the code before something that matters."""
