"""`/sources`: how each source stands, settings, and forgetting one."""

import pytest

from litesoc_server.audit.by import By
from litesoc_server.audit.models import AuditEntry
from litesoc_server.events.envelope import Environment
from litesoc_server.inbound.change_connection import change_connection
from litesoc_server.inbound.models import SourceConnection
from litesoc_server.ingest.key_directory import KeyDirectory
from litesoc_server.ingest.keys import Scope
from management_api import Tenant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def manager(keys: KeyDirectory) -> Tenant:
    return Tenant(key_changes={"scopes": frozenset({Scope.READ, Scope.MANAGE})})


def test_webhooks_and_opentelemetry_are_listed(manager: Tenant) -> None:
    paths = {source["id"]: source["path"] for source in manager.get("/sources")["data"]}
    assert (paths["auth0"], paths["otlp"]) == ("/webhooks/auth0", "/v1/logs")


def test_opentelemetry_is_switched_off_and_has_no_types_or_secret(manager: Tenant) -> None:
    changed = manager.call("PATCH", "/sources/otlp", {"is_enabled": False}).json()["data"]
    assert (changed["status"], changed["can_be_signed"]) == ("off", False)
    refused = manager.call("PATCH", "/sources/otlp", {"keeps_unknown": True})
    assert (refused.status_code, refused.json()["error"]) == (
        400,
        "keeps_unknown: OpenTelemetry has no types of its own: each record with an event name becomes an event.",
    )
    refused = manager.call("POST", "/sources/otlp/secret", {})
    assert refused.status_code == 400
    assert "does not sign" in refused.json()["error"]


def test_forgetting_a_source_is_recorded_and_is_of_one_environment(manager: Tenant) -> None:
    for environment in Environment:
        change_connection(manager.org, environment, "auth0", by=By.operator(), keeps_unknown=True)
    forgotten = manager.call("DELETE", "/sources/auth0").json()["data"]
    assert (forgotten["status"], forgotten["keeps_unknown"], forgotten["received"]) == ("not_set_up", False, 0)
    assert manager.call("DELETE", "/sources/auth0").status_code == 200  # again: there is nothing to forget
    assert [row.environment for row in SourceConnection.objects.all()] == ["test"]
    actions = list(AuditEntry.objects.filter(org_id=manager.org.pk).order_by("seq").values_list("action", flat=True))
    assert actions.count("source.removed") == 1
    assert manager.call("DELETE", "/sources/nobody").status_code == 404
