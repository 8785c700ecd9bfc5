"""What changes organisations."""

import secrets
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from litesoc_server.accounts.models import User
from litesoc_server.accounts.services import create_person
from litesoc_server.audit.actions import Action
from litesoc_server.audit.by import By, Target
from litesoc_server.audit.record import record
from litesoc_server.orgs.models import Membership, Organization, Role
from litesoc_server.orgs.plans import UNLIMITED, PlanName

# A year and a month: a month can be held against the same one a year before. Backfill reaches as far, so that what is
# replayed can be seen.
SELF_HOSTED_RETENTION_DAYS = 400
_SLUG_LENGTH_MAX = 50


@dataclass(frozen=True)
class Created:
    """A new organisation and its owner."""

    organization: Organization
    owner: User


def create_organization(*, name: str, owner_email: str, password: str | None, by: By | None = None) -> Created:
    """Create an organisation without limits on the plan enterprise, and its owner.

    The first person on the server may use the admin pages. Somebody who exists already becomes the owner with the password
    they have; ``password`` must be None then. ``by`` is who creates it, None: whoever runs the server.
    Raises django.core.exceptions.ValidationError with a text for each problem.
    """
    try:
        with transaction.atomic():
            return _create(name, owner_email, password, by or By.operator())
    except IntegrityError:  # its text holds the e-mail
        raise ValidationError("the same e-mail or organisation was created by somebody else at this moment") from None


def _create(name: str, owner_email: str, password: str | None, by: By) -> Created:
    if not name.strip():
        raise ValidationError("The organisation needs a name.")
    organization = Organization(
        name=name.strip(),
        slug=_free_slug(name),
        plan=PlanName.ENTERPRISE.value,
        monthly_events_override=UNLIMITED,
        rate_per_minute_override=UNLIMITED,
        retention_days_override=SELF_HOSTED_RETENTION_DAYS,
    )
    organization.full_clean()
    owner = _owner(owner_email, password)
    organization.save(force_insert=True)
    Membership.objects.create(org=organization, user=owner, role=Role.OWNER)
    target = Target(kind="organization", id=str(organization.pk), name=organization.name)
    changes = {"owner": (None, owner.email)}
    record(org_id=organization.pk, action=Action.ORGANIZATION_CREATED, by=by, target=target, changes=changes)
    return Created(organization=organization, owner=owner)


def _owner(email: str, password: str | None) -> User:
    existing = User.objects.filter(email=email.strip()).first()
    if existing is not None:
        if password is not None:
            raise ValidationError("somebody with this e-mail exists already; leave the password out to make them the owner")
        return existing
    return create_person(email=email, password=password, is_superuser=not User.objects.exists())


def _free_slug(name: str) -> str:
    slug = slugify(name)[:_SLUG_LENGTH_MAX] or "org"
    if not Organization.objects.filter(slug=slug).exists():
        return slug
    return f"{slug}-{secrets.token_hex(3)}"
