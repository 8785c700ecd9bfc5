import json
from typing import Any

import pytest
from django.test import Client

from litesoc_server.api.app import api
from litesoc_server.api.ninja_schema import ApiSchema
from litesoc_server.api.openapi import document
from litesoc_server.ingest.responses import ErrorCode
from litesoc_server.runtime.asgi import API_RESOURCES

METHODS = {"get", "post", "patch", "put", "delete", "options", "head"}


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, item in document()["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def test_everybody_may_read_it() -> None:
    response = Client().get("/openapi.json")
    assert response.status_code == 200
    assert response.json() == json.loads(json.dumps(document()))
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response.json()["openapi"] == "3.1.0"


def test_describing_each_answer_once_changes_nothing() -> None:
    assert ApiSchema(api) == api.get_openapi_schema(path_prefix="")


def test_everything_that_a_key_can_call_is_in_it() -> None:
    assert {(path, method) for path, method, _ in operations() if method not in ("options", "head")} == {
        ("/collect", "post"),
        ("/collect/batch", "post"),
        ("/health", "get"),
        ("/webhooks/{source}", "post"),
        ("/logs", "post"),
        ("/sources", "get"),
        ("/sources/{source_id}", "get"),
        ("/sources/{source_id}", "patch"),
        ("/sources/{source_id}", "delete"),
        ("/sources/{source_id}/secret", "post"),
        ("/sources/{source_id}/secret", "delete"),
        ("/agent/heartbeat", "post"),
        ("/servers", "get"),
        ("/servers/{server_id}", "get"),
        ("/servers/{server_id}", "patch"),
        ("/servers/{server_id}", "delete"),
        ("/events", "get"),
        ("/events/{event_id}", "get"),
        ("/actors/{actor_id}/risk", "get"),
        ("/alerts", "get"),
        ("/alerts/list", "get"),
        ("/alerts/{alert_id}", "get"),
        ("/alerts/{alert_id}", "patch"),
        ("/alerts/resolve", "post"),
        ("/alerts/safe", "post"),
        ("/alerts/{alert_id}/resolve", "post"),
        ("/alerts/{alert_id}/safe", "post"),
        ("/events/{event_id}/feedback", "post"),
        ("/detection/policy", "get"),
        ("/detection/policy", "patch"),
        ("/detection/policy/history", "get"),
        ("/detection/suppressions", "get"),
        ("/detection/suppressions", "post"),
        ("/detection/suppressions/{suppression_id}", "delete"),
        ("/audit", "get"),
        ("/usage", "get"),
        ("/privacy", "get"),
        ("/privacy", "patch"),
        ("/privacy/actors", "get"),
        ("/privacy/actors/export", "get"),
        ("/privacy/erasures", "get"),
        ("/privacy/erasures", "post"),
        ("/test-environment", "get"),
        ("/test-environment", "delete"),
        ("/organization", "get"),
        ("/organization", "patch"),
        ("/members", "get"),
        ("/members/{member_id}", "patch"),
        ("/members/{member_id}", "delete"),
        ("/members/invitations", "get"),
        ("/members/invitations", "post"),
        ("/members/invitations/{invitation_id}/resend", "post"),
        ("/members/invitations/{invitation_id}", "delete"),
        ("/detectors", "get"),
        ("/health/instrumentation", "get"),
        ("/ip-data", "get"),
        ("/keys", "get"),
        ("/keys", "post"),
        ("/keys/{key_id}", "patch"),
        ("/keys/{key_id}", "delete"),
        ("/keys/{key_id}/rotate", "post"),
        ("/access", "get"),
        ("/access/allow-list", "patch"),
        ("/access/origins", "patch"),
        ("/notifications/kinds", "get"),
        ("/notifications/channels", "get"),
        ("/notifications/channels", "post"),
        ("/notifications/channels/{channel_id}", "get"),
        ("/notifications/channels/{channel_id}", "patch"),
        ("/notifications/channels/{channel_id}", "delete"),
        ("/notifications/channels/{channel_id}/test", "post"),
        ("/notifications/channels/{channel_id}/rotate-secret", "post"),
        ("/notifications/channels/{channel_id}/replay", "post"),
        ("/notifications/routes", "get"),
        ("/notifications/routes", "post"),
        ("/notifications/routes/{route_id}", "patch"),
        ("/notifications/routes/{route_id}", "delete"),
        ("/notifications/escalations", "get"),
        ("/notifications/escalations", "post"),
        ("/notifications/escalations/{escalation_id}", "patch"),
        ("/notifications/escalations/{escalation_id}", "delete"),
        ("/notifications/deliveries", "get"),
        ("/notifications/deliveries/{delivery_id}", "get"),
        ("/notifications/deliveries/{delivery_id}/replay", "post"),
        ("/events/export", "get"),
        ("/forwarders", "get"),
        ("/forwarders", "post"),
        ("/forwarders/{forwarder_id}", "get"),
        ("/forwarders/{forwarder_id}", "patch"),
        ("/forwarders/{forwarder_id}", "delete"),
        ("/forwarders/{forwarder_id}/test", "post"),
        ("/forwarders/{forwarder_id}/rejected", "get"),
        ("/forwarders/{forwarder_id}/restore", "post"),
        ("/notifications/channels/{channel_id}/restore", "post"),
    }


def test_the_server_leads_to_all_of_it() -> None:
    assert {path.split("/")[1] for path, _, _ in operations()} <= API_RESOURCES | {"collect", "webhooks", "logs"}


def test_operations_have_names_of_their_own_and_say_what_they_answer() -> None:
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len(set(ids))
    for path, method, operation in operations():
        assert operation["summary"], (path, method)
        if path.startswith(("/events", "/alerts", "/detect", "/keys", "/access", "/notifications", "/sources")):
            wanted = {"200", "400", "401", "403", "404", "429", "500", "503"}
            wanted |= set() if method == "get" else {"408", "409", "413"}
            wanted |= {"202"} if operation["operationId"] == "testChannel" else set()  # the answer comes later
            assert set(operation["responses"]) == wanted
            assert operation["security"] == [{"ApiKey": []}, {"Bearer": []}]
            (content,) = operation["responses"]["200"]["content"].values()
            assert content["schema"]
            assert "Retry-After" in operation["responses"]["503"]["headers"]
            assert "X-LiteSOC-Plan" in operation["responses"]["404"]["headers"]


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(document())
    schemas = document()["components"]["schemas"]
    for part in text.split('"#/components/schemas/')[1:]:
        assert part.split('"', 1)[0] in schemas
    assert set(document()["components"]["securitySchemes"]) == {"ApiKey", "Bearer", "KeyInAddress"}


@pytest.mark.parametrize("code", ErrorCode)
def test_every_error_code_is_known_to_the_document(code: ErrorCode) -> None:
    assert code in document()["components"]["schemas"]["ErrorCode"]["enum"]


@pytest.mark.parametrize("name", ["event_name", "severity", "limit", "start_date"])
def test_parameters_say_only_what_may_be_sent(name: str) -> None:
    found = [
        parameter["schema"]
        for _, _, operation in operations()
        for parameter in operation.get("parameters", [])
        if parameter["name"] == name
    ]
    assert found
    assert '"null"' not in json.dumps(found)
