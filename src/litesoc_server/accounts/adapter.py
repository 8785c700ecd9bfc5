"""What allauth asks of us about accounts: who may sign up, where people come from, how mail goes out."""

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.app_settings import EMAIL_CONFIRMATION_EXPIRE_DAYS
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.conf import settings
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.urls import reverse

from litesoc_server.accounts.mails import confirmation_mail, notice_mail
from litesoc_server.accounts.models import User
from litesoc_server.accounts.outbox import outbox
from litesoc_server.accounts.request_client import address_of

UNKNOWN = "0.0.0.0"  # noqa: S104 # nothing listens there: it stands where an address is demanded and none is known


class AccountAdapter(DefaultAccountAdapter):
    """Accounts of people who were invited or created by an operator."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": "This account is switched off.",
        "duplicate_email": "This is your address already.",
        "email_password_mismatch": "The e-mail address or the password is wrong.",
        "incorrect_code": "This code is wrong or was used before.",
        "incorrect_password": "The password is wrong.",
        "enter_current_password": "This is not your current password.",
        "invalid_password_reset": "This link was used before, or is too old.",
        "too_many_login_attempts": "Too many attempts. Wait five minutes, then try again.",
        "rate_limited": "Too many attempts. Wait five minutes, then try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False: people come by invitation."""
        del request
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that limits count by and that the list of sessions shows."""
        return address_of(request) or UNKNOWN

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Return where people go with a new password."""
        del request
        return reverse("profile")

    def get_email_verification_redirect_url(self, email_address: EmailAddress) -> str:
        """Return where people go whose address is confirmed."""
        is_theirs = self.request.user.is_authenticated and self.request.user.pk == email_address.user_id
        return reverse("profile" if is_theirs else "account_login")

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:  # noqa: ANN401 # allauth's own signature
        """Return the name under which failures of one account are counted.

        allauth's own has the Host header in it: whoever sends another one with each attempt would never be stopped.
        """
        del request
        return str(credentials.get("email", "")).strip().lower()

    def send_confirmation_mail(
        self,
        request: HttpRequest,
        emailconfirmation: EmailConfirmationHMAC,
        signup: bool,  # noqa: FBT001 # allauth's own signature
    ) -> None:
        """Send the link soon; it starts at the public address, never where the request says it was sent."""
        del request, signup
        link = settings.PUBLIC_URL + reverse("account_confirm_email", args=[emailconfirmation.key])
        email = emailconfirmation.email_address.email
        _send(confirmation_mail(email, link=link, days=EMAIL_CONFIRMATION_EXPIRE_DAYS))

    def send_notification_mail(
        self, template_prefix: str, user: User, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """Tell ``user`` soon what was changed in their account."""
        address = self.get_client_ip(self.request)
        browser = self.get_http_user_agent(self.request)
        mail = notice_mail(
            email or user.email, notice=template_prefix, facts=context or {}, address=address, browser=browser
        )
        _send(mail)


def _send(mail: EmailMessage) -> None:
    if settings.IS_MAIL_POSSIBLE:
        outbox.put(mail.send)
