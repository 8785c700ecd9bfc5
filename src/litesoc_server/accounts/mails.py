"""The mails that people get about their accounts: plain and short."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

_BROWSER_LENGTH_MAX = 120
# What happened, by the names allauth has for it. The braces are filled from what allauth says of it.
_NOTICES = {
    "account/email/password_changed": "Your LiteSOC password was changed.",
    "account/email/password_set": "A password was set for your LiteSOC account.",
    "account/email/password_reset": "Your LiteSOC password was reset.",
    "account/email/email_changed": "You sign in to LiteSOC with {to_email} now, no longer with {from_email}.",
    "account/email/email_deleted": "The address {deleted_email} was removed from your LiteSOC account.",
    "mfa/email/totp_activated": "An authenticator app was added to your LiteSOC account.",
    "mfa/email/totp_deactivated": "The authenticator app was removed from your LiteSOC account.",
    "mfa/email/recovery_codes_generated": "New recovery codes were made for your LiteSOC account.",
    "mfa/email/webauthn_added": "A passkey was added to your LiteSOC account.",
    "mfa/email/webauthn_removed": "A passkey was removed from your LiteSOC account.",
}


def reset_mail(email: str, *, link: str) -> EmailMessage:
    """Return the mail with the link to choose a new password."""
    facts = {"link": link, "minutes": settings.PASSWORD_RESET_TIMEOUT // 60}
    return _mail("Your new LiteSOC password", "reset", facts, email)


def confirmation_mail(email: str, *, link: str, days: int) -> EmailMessage:
    """Return the mail with the link that confirms an address."""
    return _mail("Confirm your address for LiteSOC", "confirm", {"link": link, "days": days}, email)


def notice_mail(email: str, *, notice: str, facts: dict[str, Any], address: str, browser: str) -> EmailMessage:
    """Return the mail that says what changed in an account. Raises KeyError for a ``notice`` without words."""
    what = _NOTICES[notice].format_map(facts)
    shown = {
        "what": what,
        "at": timezone.now(),
        "address": address,
        "browser": "".join(filter(str.isprintable, browser))[:_BROWSER_LENGTH_MAX],
        "link": settings.PUBLIC_URL + reverse("account_reset_password"),
    }
    return _mail(what.rstrip("."), "notice", shown, email)


def _mail(subject: str, template: str, facts: dict[str, Any], email: str) -> EmailMessage:
    return EmailMessage(subject=subject, body=render_to_string(f"accounts/mail/{template}.txt", facts), to=[email])
