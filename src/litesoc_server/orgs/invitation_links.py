"""How the link of an invitation reaches whoever is invited: by mail, or by whoever invites where this server sends none."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse

from litesoc_server.accounts.outbox import outbox
from litesoc_server.orgs.invitations import LASTS, Issued


def send_link(issued: Issued, *, inviter: str, base_url: str) -> str | None:
    """Mail the link soon and return None; where no mail server is configured return it, to be shown this once."""
    link = link_of(issued, base_url=base_url)
    if not settings.IS_MAIL_POSSIBLE:
        return link
    outbox.put(mail_of(issued, inviter=inviter, link=link).send)
    return None


def link_of(issued: Issued, *, base_url: str) -> str:
    """Return the link, which starts at ``base_url``."""
    return base_url.rstrip("/") + reverse("invitation", kwargs={"token": issued.token})


def mail_of(issued: Issued, *, inviter: str, link: str) -> EmailMessage:
    """Return the mail with the link."""
    invitation = issued.invitation
    org = " ".join(invitation.org.name.split())
    facts = {
        "inviter": " ".join(inviter.split()),
        "org": org,
        "role": invitation.get_role_display().lower(),
        "days": LASTS.days,
        "link": link,
    }
    body = render_to_string("orgs/mail/invitation.txt", facts)
    return EmailMessage(subject=f"Invitation to {org} on LiteSOC", body=body, to=[invitation.email])
