"""The control database as the source of ingest's key directory."""

from collections.abc import Iterator

from django.db import Error
from django.db.models import Q
from django.utils import timezone

from litesoc_server.apikeys.models import AccessRules, ApiKey
from litesoc_server.database import fresh_connections
from litesoc_server.events.envelope import Environment
from litesoc_server.events.ids import KeyHash, OrgId
from litesoc_server.ingest.allow_list import AllowList, stored_allow_list
from litesoc_server.ingest.keys import KeyRecord, KeysUnavailable, Scope
from litesoc_server.ingest.origins import NO_ORIGINS, compiled_origins
from litesoc_server.orgs.plan_rows import Plans, plan_of, plans_in_force


class DatabaseKeySource:
    """Implements ingest.keys.KeySource. Works in any thread; keeps no connection between calls."""

    def find(self, key_hash: KeyHash) -> KeyRecord | None:
        """Return the usable key with this hash; None when unknown, revoked or expired. Raises KeysUnavailable."""
        return self.find_many([key_hash]).get(key_hash)

    def find_many(self, key_hashes: list[KeyHash]) -> dict[KeyHash, KeyRecord]:
        """Return those of the keys that are usable, in two queries. Raises KeysUnavailable."""
        usable = ApiKey.objects.select_related("org__access_rules").filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now()),
            sha256__in=[key_hash.hex() for key_hash in key_hashes],
            revoked_at__isnull=True,
        )
        try:
            with fresh_connections():
                found = list(usable)
                plans = plans_in_force() if found else {}
                return {KeyHash(bytes.fromhex(key.sha256)): _record(key, plans) for key in found}
        except Error as error:
            # Without the driver's text: it can quote the connection string.
            msg = f"the control database does not answer ({type(error).__name__})"
            raise KeysUnavailable(msg) from error


def _record(key: ApiKey, plans: Plans) -> KeyRecord:
    plan = plan_of(key.org, plans)
    rules: AccessRules | None = getattr(key.org, "access_rules", None)
    return KeyRecord(
        key_id=str(key.id),
        key_name=key.name,
        scopes=frozenset(Scope(scope) for scope in key.scopes),
        environment=Environment(key.environment),
        org_id=OrgId(str(key.org.id)),
        org_name=key.org.name,
        is_suspended=key.org.is_refused,
        plan=plan.name.value,
        features=plan.features,
        alerts_page_limit=plan.alerts_page_limit,
        monthly_events_limit=plan.monthly_events_limit,
        rate_limit_per_minute=plan.rate_limit_per_minute,
        retention_days=plan.retention_days,
        key_rate_limit_per_minute=key.rate_limit_per_minute,
        allow_lists=tuple(_allow_lists(key, rules)),
        origins=NO_ORIGINS if rules is None else compiled_origins(tuple(rules.origins)),
    )


def _allow_lists(key: ApiKey, rules: AccessRules | None) -> Iterator[AllowList]:
    if rules is not None and rules.is_allow_list_on:
        yield stored_allow_list(rules.allow_list)
    if key.allow_list:
        yield stored_allow_list(key.allow_list)
