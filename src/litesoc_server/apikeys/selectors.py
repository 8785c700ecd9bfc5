"""What is asked about API keys."""

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from litesoc_server.apikeys.models import AccessRules, ApiKey
from litesoc_server.events.envelope import Environment
from litesoc_server.orgs.access import organization_for_operator
from litesoc_server.orgs.models import Organization

RECENT_USE = timedelta(days=1)


def keys_for_operator(org: str | None) -> Sequence[ApiKey]:
    """Return all keys of the named organisation (slug or id), or of all; for the operator's command line.

    Raises Organization.DoesNotExist with a text for people.
    """
    keys = ApiKey.objects.select_related("org").order_by("org__name", "created_at")
    return list(keys if org is None else keys.filter(org=organization_for_operator(org)))


def names_of_keys(org: Organization) -> dict[str, str]:
    """Return what each key of an organisation is called, by its id, also those that no longer work."""
    return {str(key_id): name for key_id, name in ApiKey.objects.filter(org=org).values_list("id", "name")}


def usable_keys_of(org: Organization) -> QuerySet[ApiKey]:
    """Return the keys of an organisation that work now, newest first."""
    is_lasting = Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now())
    return ApiKey.objects.filter(is_lasting, org=org, revoked_at__isnull=True).order_by("-created_at")


def usable_keys(org: Organization, environment: Environment) -> QuerySet[ApiKey]:
    """Return the keys of one environment that work now, newest first."""
    return usable_keys_of(org).filter(environment=environment.value)


def keys_of(org: Organization, environment: Environment) -> QuerySet[ApiKey]:
    """Return all keys of one environment, also those of the past, newest first."""
    found = ApiKey.objects.filter(org=org, environment=environment.value)
    return found.select_related("created_by", "replaces").order_by("-created_at", "-id")


def lately_used_keys(org: Organization) -> QuerySet[ApiKey]:
    """Return the keys that work now and were used within RECENT_USE from a known address."""
    since = timezone.now() - RECENT_USE
    return usable_keys_of(org).filter(last_used_at__gte=since, last_used_from__isnull=False)


def access_rules_of(org: Organization) -> AccessRules:
    """Return from where an organisation's keys may be used; what holds without a row is not stored by this."""
    return AccessRules.objects.filter(org=org).first() or AccessRules(org=org)
