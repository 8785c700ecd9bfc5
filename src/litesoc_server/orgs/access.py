"""The only doors to organisations and to what they decided."""

import uuid
from collections.abc import Iterable, Mapping

from django.db.models import QuerySet
from django.utils import timezone

from litesoc_server.accounts.models import User
from litesoc_server.accounts.selectors import name_of
from litesoc_server.events.ids import OrgId
from litesoc_server.orgs.models import Membership, Organization, PolicyChange, Role, Suppression, SuppressionState


def organization_for_operator(slug_or_id: str | None) -> Organization:
    """Return the named organisation, or the only one there is; for the operator's command line, which sees all.

    Raises Organization.DoesNotExist or Organization.MultipleObjectsReturned, with a text for people.
    """
    if slug_or_id is None:
        found = list(Organization.objects.all()[:2])
        if len(found) > 1:
            raise Organization.MultipleObjectsReturned("there are several organisations")
        if not found:
            raise Organization.DoesNotExist("there is no organisation yet")
        return found[0]
    try:
        return Organization.objects.get(id=uuid.UUID(slug_or_id))
    except (ValueError, Organization.DoesNotExist):
        organization = Organization.objects.filter(slug=slug_or_id).first()
    if organization is None:
        msg = f"there is no organisation {slug_or_id!r}"
        raise Organization.DoesNotExist(msg)
    return organization


def organization_of(org_id: OrgId) -> Organization:
    """Return the organisation that a key belongs to. Raises Organization.DoesNotExist when it was deleted just now."""
    return Organization.objects.get(id=uuid.UUID(org_id))


def memberships_of(user: User) -> QuerySet[Membership]:
    """Return where somebody is a member, by the organisation's name."""
    return Membership.objects.filter(user=user).select_related("org").order_by("org__name", "org__slug")


def membership_of(user: User, org_slug: str) -> Membership | None:
    """Return somebody's membership in one organisation; None when they are no member or it does not exist."""
    return memberships_of(user).filter(org__slug=org_slug).first()


def owners_of(org: Organization) -> QuerySet[Membership]:
    """Return who owns an organisation, by name; those are whom its members ask."""
    return Membership.objects.filter(org=org, role=Role.OWNER).select_related("user").order_by("user__name", "user__email")


def member_for_change(org: Organization, user_id: uuid.UUID) -> Membership:
    """Return somebody's membership. Raises Membership.DoesNotExist."""
    return Membership.objects.select_related("user").get(org=org, user_id=user_id)


def member_by_email(org: Organization, email: str) -> Membership:
    """Return the membership of whoever signs in with ``email``. Raises Membership.DoesNotExist."""
    return Membership.objects.select_related("user").get(org=org, user__email=email.strip())


def names_of_principals(org: Organization, principals: Iterable[str]) -> Mapping[str, str]:
    """Return who each of ``principals`` is, for people: a member's name, else what kind of caller it is."""
    kinds = {"key": "an API key", "operator": "the operator"}
    names = {one: kinds.get(one.partition(":")[0], "a former member") for one in principals}
    ids = [one.partition(":")[2] for one in names if one.startswith("user:")]
    for membership in Membership.objects.filter(org=org, user_id__in=filter(_is_id, ids)).select_related("user"):
        names[f"user:{membership.user_id}"] = name_of(membership.user)
    return names


def policy_history(org: Organization) -> QuerySet[PolicyChange]:
    """Return the changes of an organisation's policy, newest first."""
    return PolicyChange.objects.filter(org=org).order_by("-version")


def visible_suppressions(org: Organization, *, state: SuppressionState | None = None) -> QuerySet[Suppression]:
    """Return an organisation's suppressions, newest first, with those that ended and expired, or those in one state."""
    found = Suppression.objects.filter(org=org).order_by("-created_at", "-id")
    match state:
        case None:
            return found
        case "ended":
            return found.filter(ended_at__isnull=False)
        case "expired":
            return found.filter(ended_at__isnull=True, expires_at__lte=timezone.now())
        case "active":
            return found.filter(ended_at__isnull=True, expires_at__gt=timezone.now())


def get_suppression(org: Organization, suppression_id: str) -> Suppression:
    """Return one suppression. Raises Suppression.DoesNotExist when it is unknown, another organisation's, or not an id."""
    try:
        parsed = uuid.UUID(suppression_id)
    except ValueError as error:
        raise Suppression.DoesNotExist("not an id") from error
    return Suppression.objects.get(org=org, id=parsed)


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
