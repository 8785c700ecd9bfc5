"""What is asked about API keys."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet
from django.utils import timezone

from litesoc_server.apikeys.models import ApiKey
from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.access import organization_for_operator
from litesoc_server.orgs.models import Organization


def keys_for_operator(org: str | None) -> Sequence[ApiKey]:
    """Return all keys of the named organisation (slug or id), or of all; for the operator's command line.

    Raises Organization.DoesNotExist with a text for people.
    """
    keys = ApiKey.objects.select_related("org").order_by("org__name", "created_at")
    return list(keys if org is None else keys.filter(org=organization_for_operator(org)))


def names_of_keys(org: Organization) -> dict[str, str]:
    """Return what each key of an organisation is called, by its id, also those that no longer work."""
    return {str(key_id): name for key_id, name in ApiKey.objects.filter(org=org).values_list("id", "name")}


def usable_keys(org: Organization, environment: Environment) -> QuerySet[ApiKey]:
    """Return the keys of an organisation that work now, newest first."""
    is_lasting = Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now())
    keys = ApiKey.objects.filter(is_lasting, org=org, environment=environment.value, revoked_at__isnull=True)
    return keys.order_by("-created_at")
