"""Links that let somebody choose a new password, once and within an hour."""

from allauth.account.app_settings import PASSWORD_RESET_TOKEN_GENERATOR
from allauth.account.internal.userkit import filter_users_by_email
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse

from litesoc_server.accounts.mails import reset_mail
from litesoc_server.accounts.models import User


def reset_link(user: User, *, base_url: str) -> str:
    """Return a link for ``user`` that starts at ``base_url``. It dies with its use, a sign-in, or another password."""
    token = PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
    arguments = {"uidb36": user_pk_to_url_str(user), "key": token}
    return base_url.rstrip("/") + reverse("account_reset_password_from_key", kwargs=arguments)


def mail_reset_link(email: str) -> None:
    """Send a link to whoever signs in with ``email``; nothing when nobody does, or may not.

    Raises smtplib.SMTPException and OSError when the mail server does not take it.
    """
    for user in filter_users_by_email(email, is_active=True, prefer_verified=True, for_login=True):
        reset_mail(email, link=reset_link(user, base_url=settings.PUBLIC_URL)).send()
