"""Invitations by e-mail: who is asked to join, as what, and what their link does.

A link is good once and for a week. Its token is 256 random bits of which only the hash is kept.
"""

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from litesoc_server.accounts.models import User
from litesoc_server.accounts.services import create_person
from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.record import record
from litesoc_server.orgs.member_changes import Acting, MemberRefused, lock, require
from litesoc_server.orgs.models import Invitation, Membership, Organization, Role
from litesoc_server.orgs.roles import Permission

LASTS = timedelta(days=7)
OPEN_MAX = 100  # of one organisation; each is a mail to somebody who did not ask for it
SENT_AGAIN_AFTER = timedelta(minutes=1)
KEPT_FOR = timedelta(days=90)  # after it expired, so that an old link says what became of it
TOKEN_BYTES = 32


@dataclass(frozen=True)
class Issued:
    """An invitation, and the only moment at which its token is known."""

    invitation: Invitation
    token: str

    def __repr__(self) -> str:
        return f"Issued({self.invitation})"


class InvitationRefused(Exception):
    """The link cannot be used like this; the text is a sentence for people."""


def open_invitations(org: Organization) -> QuerySet[Invitation]:
    """Return those that were neither accepted nor withdrawn, newest first; some may have expired."""
    return Invitation.objects.open(org).select_related("invited_by").order_by("-created_at", "-id")


def get_open_invitation(org: Organization, invitation_id: uuid.UUID) -> Invitation:
    """Return one of them. Raises Invitation.DoesNotExist."""
    return open_invitations(org).get(id=invitation_id)


def invitation_of(token: str) -> Invitation | None:
    """Return the invitation whose link holds ``token``, whatever became of it; None for a token that is none (any more)."""
    return Invitation.objects.select_related("org").filter(token_sha256=_hash(token)).first()


@transaction.atomic
def invite(org: Organization, email: str, role: Role, *, acting: Acting) -> Issued:
    """Ask somebody to join. Whether they have an account makes no difference here. Raises MemberRefused."""
    _require(org, role, acting)
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise MemberRefused("This is no e-mail address.") from None
    if Membership.objects.filter(org=org, user__email=email).exists():
        raise MemberRefused("Somebody with this address is a member already.")
    Invitation.objects.filter(org=org, expires_at__lt=timezone.now() - KEPT_FOR).delete()
    found = Invitation.objects.open(org).filter(email=email).first()
    if found is not None and found.state == "open":
        raise MemberRefused("This address is invited already: send that invitation again, or withdraw it.")
    if found is not None:
        found.withdrawn_at = timezone.now()
        found.save(update_fields=["withdrawn_at"])
    if Invitation.objects.open(org).count() >= OPEN_MAX:
        msg = f"{OPEN_MAX} invitations are open: withdraw some first."
        raise MemberRefused(msg)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    invitation = Invitation.objects.create(
        org=org,
        email=email,
        role=role,
        token_sha256=_hash(token),
        invited_by_id=acting.user_id,
        expires_at=timezone.now() + LASTS,
    )
    changes = {"role": (None, role.value)}
    record(org_id=org.pk, action=Action.MEMBER_INVITED, by=acting.by, target=_target(invitation), changes=changes)
    return Issued(invitation, token)


@transaction.atomic
def renew_invitation(invitation: Invitation, *, acting: Acting) -> Issued:
    """Give an open or expired invitation a new link and another week; the link before it ends. Raises MemberRefused."""
    org = invitation.org
    _require(org, Role(invitation.role), acting)
    invitation = _still_open(invitation)
    now = timezone.now()
    if now - invitation.sent_at < SENT_AGAIN_AFTER:
        raise MemberRefused("It was sent a moment ago: wait a minute.")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    invitation.token_sha256, invitation.sent_at, invitation.expires_at = _hash(token), now, now + LASTS
    invitation.save(update_fields=["token_sha256", "sent_at", "expires_at"])
    record(org_id=org.pk, action=Action.INVITATION_RESENT, by=acting.by, target=_target(invitation))
    return Issued(invitation, token)


@transaction.atomic
def withdraw_invitation(invitation: Invitation, *, acting: Acting) -> None:
    """Make the link of an open invitation useless, at once. Raises MemberRefused."""
    org = invitation.org
    require(org, acting, Permission.MANAGE_MEMBERS)
    invitation = _still_open(invitation)
    invitation.withdrawn_at = timezone.now()
    invitation.save(update_fields=["withdrawn_at"])
    record(org_id=org.pk, action=Action.INVITATION_REVOKED, by=acting.by, target=_target(invitation))


@transaction.atomic
def accept_invitation(token: str, user: User, *, by: By) -> Membership:
    """Make who is signed in with the invited address a member. Raises InvitationRefused."""
    invitation = _usable(token)
    if user.email.lower() != invitation.email:
        raise InvitationRefused("This invitation is for another address than the one you are signed in with.")
    return _accept(invitation, user, by)


@transaction.atomic
def accept_with_new_account(token: str, *, name: str, password: str, address: str | None, user_agent: str | None) -> User:
    """Create the account of somebody invited, and make them a member.

    Their address counts as confirmed: the link came there. Raises InvitationRefused, and ValidationError with a text for
    each problem of the password.
    """
    invitation = _usable(token)
    if User.objects.filter(email=invitation.email).exists():
        raise InvitationRefused("An account with this address exists: sign in to accept the invitation.")
    try:
        user = create_person(email=invitation.email, password=password, name=name)
    except IntegrityError:  # made by somebody else at this moment; its text holds the e-mail
        raise InvitationRefused("An account with this address exists: sign in to accept the invitation.") from None
    by = By(principal=f"user:{user.pk}", name=user.email, address=address, user_agent=user_agent)
    _accept(invitation, user, by)
    return user


def _accept(invitation: Invitation, user: User, by: By) -> Membership:
    membership, is_new = Membership.objects.get_or_create(org=invitation.org, user=user, defaults={"role": invitation.role})
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at"])
    if is_new:
        target = Target(kind="member", id=str(user.pk), name=user.email)
        changes = {"role": (None, membership.role)}
        record(org_id=invitation.org_id, action=Action.MEMBER_JOINED, by=by, target=target, changes=changes)
    return membership


def _require(org: Organization, role: Role, acting: Acting) -> None:
    require(org, acting, Permission.MANAGE_MEMBERS)
    if role is Role.OWNER:
        require(org, acting, Permission.MANAGE_OWNERS)
    if lock(org).deletion_asked_at is not None:
        raise MemberRefused("This organisation is about to be deleted, so nobody can join it.")


def _still_open(invitation: Invitation) -> Invitation:
    """Return it as it is now, with its organisation locked. Raises MemberRefused."""
    found = open_invitations(invitation.org).filter(id=invitation.id).first()
    if found is None:
        raise MemberRefused("This invitation was accepted or withdrawn meanwhile.")
    return found


def _usable(token: str) -> Invitation:
    """Return the invitation of a link that works now, with its organisation locked. Raises InvitationRefused."""
    found = invitation_of(token)
    if found is None:
        raise InvitationRefused("This link no longer works.")
    org = lock(found.org)
    found.refresh_from_db()
    if found.state != "open" or found.token_sha256 != _hash(token) or org.deletion_asked_at is not None:
        raise InvitationRefused("This link no longer works.")
    return found


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _target(invitation: Invitation) -> Target:
    return Target(kind="invitation", id=str(invitation.id), name=invitation.email)
