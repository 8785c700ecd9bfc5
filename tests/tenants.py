"""Organisations with plans, limits and keys that no command makes, put into a running test server's control database.

Run as a script it reads a JSON list of Tenant fields from stdin and prints the list of what was made: Django can be set up
once per process only, and the test process has settings of its own.
"""

import json
import sys
import uuid
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx

from forked_processes import run_forked
from http_client import Api
from live_server import LiveServer

if TYPE_CHECKING:
    from litesoc_server.orgs.models import Organization

ALL_SCOPES = "ingest,read,manage"


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """One organisation and one key of it. Limits are those of Organization: 0 = unlimited, None = as the plan."""

    name: str
    org_id: str | None = None  # an existing organisation: it is changed, and gets a further key
    plan: str = "enterprise"
    monthly_events: int | None = 0
    per_minute: int | None = 0
    retention_days: int | None = 400
    is_suspended: bool = False
    scopes: str = ALL_SCOPES
    environment: str = "live"
    key_is_expired: bool = False
    key_is_revoked: bool = False
    key_allow_list: str = ""


class TenantApi(Api):
    """The HTTP calls of one tenant."""

    def __init__(self, server: LiveServer, tenant: Tenant, *, org_id: str, key: str) -> None:
        super().__init__(server.url, key)
        self.tenant = tenant
        self.org_id = org_id
        self.key = key

    def page(self, path: str, **params: Any) -> httpx.Response:
        """GET a path of the management API."""
        return self.http.get(f"/api/v1{path}", params=params)


def free(name: str, **more: Any) -> Tenant:
    """An organisation on the plan free with the plan's own limits."""
    return Tenant(name=name, plan="free", **{"monthly_events": None, "per_minute": None, "retention_days": None, **more})


def create_tenants(server: LiveServer, *tenants: Tenant) -> list[TenantApi]:
    """Make (or change) organisations in one go. Each gets a new key, and a new key is never answered from a cache."""
    done = run_forked(
        "tenants",
        env={**server.env, "DJANGO_SETTINGS_MODULE": "litesoc_server.settings"},
        stdin=json.dumps([asdict(tenant) for tenant in tenants]),
    )
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    return [TenantApi(server, tenant, **answer) for tenant, answer in zip(tenants, made, strict=True)]


def _make(tenant: Tenant) -> dict[str, str]:
    from django.utils import timezone  # noqa: PLC0415 # needs Django set up

    from litesoc_server.apikeys.issue_key import issue_key  # noqa: PLC0415 # needs Django set up
    from litesoc_server.apikeys.revoke_key import revoke_key  # noqa: PLC0415 # needs Django set up
    from litesoc_server.audit.by import By  # noqa: PLC0415 # needs Django set up
    from litesoc_server.events.envelope import Environment  # noqa: PLC0415 # needs Django set up
    from litesoc_server.ingest.keys import Scope  # noqa: PLC0415 # needs Django set up

    organization = _organization(tenant)
    issued = issue_key(
        org=organization,
        name=f"key of {tenant.name}",
        scopes=frozenset(Scope(scope) for scope in tenant.scopes.split(",")),
        environment=Environment(tenant.environment),
        by=By.operator(),
    )
    if tenant.key_allow_list:
        issued.record.allow_list = tenant.key_allow_list
        issued.record.save(update_fields=["allow_list"])
    if tenant.key_is_expired:
        issued.record.expires_at = timezone.now() - timedelta(seconds=1)
        issued.record.save(update_fields=["expires_at"])
    if tenant.key_is_revoked:
        revoke_key(issued.record, by=By.operator())
    return {"org_id": str(organization.id), "key": issued.secret}


def _organization(tenant: Tenant) -> "Organization":
    from litesoc_server.orgs.models import Organization  # noqa: PLC0415 # needs Django set up
    from litesoc_server.orgs.services import create_organization  # noqa: PLC0415 # needs Django set up

    if tenant.org_id is None:
        email = f"owner-{uuid.uuid4().hex}@example.org"
        organization = create_organization(name=tenant.name, owner_email=email, password=None).organization
    else:
        organization = Organization.objects.get(id=tenant.org_id)
    organization.plan = tenant.plan
    organization.monthly_events_override = tenant.monthly_events
    organization.rate_per_minute_override = tenant.per_minute
    organization.retention_days_override = tenant.retention_days
    organization.is_suspended = tenant.is_suspended
    organization.full_clean()
    organization.save()
    return organization


def _main() -> None:
    import django  # noqa: PLC0415 # only this process needs it

    django.setup()
    print(json.dumps([_make(Tenant(**fields)) for fields in json.load(sys.stdin)]))


if __name__ == "__main__":
    _main()
