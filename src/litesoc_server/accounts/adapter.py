"""What allauth asks of us about accounts: who may sign up, where people come from, how mail goes out."""

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailConfirmationHMAC
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from litesoc_server.accounts.client_address import client_address
from litesoc_server.accounts.outbox import outbox


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
        return client_address(
            peer=request.META.get("REMOTE_ADDR"),
            forwarded_for=request.headers.get("X-Forwarded-For", ""),
            trusted_proxy_count=settings.ALLAUTH_TRUSTED_PROXY_COUNT,
        )

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:  # noqa: ANN401 # allauth's own signature
        """Return the name under which failures of one account are counted.

        allauth's own has the Host header in it: whoever sends another one with each attempt would never be stopped.
        """
        del request
        return str(credentials.get("email", "")).strip().lower()

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: EmailConfirmationHMAC) -> str:
        """Return the link in the mail; it starts at the public address, never where the request says it was sent."""
        del request
        return settings.PUBLIC_URL + reverse("account_confirm_email", args=[emailconfirmation.key])

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail soon; none when there is no mail server."""
        if settings.IS_MAIL_POSSIBLE:
            message = self.render_mail(template_prefix, email, {**context, "email": email})
            outbox.put(message.send)
